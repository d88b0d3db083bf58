//! The contracts of the traits as tests, for policies of your own. Behind the feature `testing`.
//!
//! Each function makes many policies with `make`, gives them generated calls, and panics where one breaks what its trait
//! promises, with the fewest calls that show it. `make` must make the same policy each time.
//!
//! ```
//! # // What a dev-dependency with the feature `testing` allows in a test of your own:
//! use deterministic_policies::testing;
//! use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};
//!
//! struct Coarse(u64); // a clock that stands at whole milliseconds
//!
//! impl Clock for Coarse {
//!     fn now(&self) -> Instant { Instant::from_nanos(self.0) }
//!     fn catch_up(&mut self) -> Result<Instant, PolicyError> { Ok(self.now()) }
//!     fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
//!         self.0 = self.0.max(deadline.as_nanos().div_ceil(1_000_000).saturating_mul(1_000_000));
//!         Ok(())
//!     }
//!     fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> { Ok(self.now()) }
//!     fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> { None }
//! }
//!
//! impl Policy for Coarse {
//!     fn describe(&self) -> Result<Description, Undescribed> {
//!         Ok(Description::new("Coarse", 1).number("now", self.0))
//!     }
//! }
//!
//! // #[test]
//! fn coarse_keeps_the_contract() {
//!     let has = testing::clock(|| Coarse(1_000_000));
//!     assert!(has.description, "runs under it have a fingerprint");
//! }
//! # coarse_keeps_the_contract();
//! ```
//!
//! # What is tested
//!
//! * Of every policy: two that are made alike and asked alike answer alike. If it describes itself: equal descriptions come with
//!   equal answers, whatever happened before. If it saves its state: a restored copy continues as the original, with its
//!   description; a state that is cut short, too long or damaged is a [`BadSnapshot`](deterministic_core::PolicyError) that
//!   changes nothing, or is taken without a panic.
//! * Of a [`clock`]: it never goes back, a deadline that has passed moves nothing, looking moves nothing, nor does asking whether it
//!   observes fuel, of which the answer is always the same.
//! * Of an [`rng`]: how a read is cut never changes the bytes, and no word is larger than a stream can keep.
//! * Of a [`scheduler`]: it gives back the events it was given, each once, and delivers no more of them than there are; asking
//!   whether it observes yields decides nothing, and the answer is always the same.
//!
//! The number of generated cases is [proptest](https://docs.rs/proptest)'s, which its variable `PROPTEST_CASES` changes.
//!
//! # What is not
//!
//! That a policy asks nothing of the host: only that it did not show. Promises that one policy makes and another does not:
//! that a sleep ends at its deadline, that time moves.

mod clock;
mod rng;
mod scheduler;
mod steps;
mod suite;

pub use clock::clock;
pub use rng::{rng, rng_with_numbers_of_its_own};
pub use scheduler::scheduler;
pub use steps::Steps;

/// Which of the optional parts of its trait a policy has; those were tested too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Has {
    /// It describes itself, so that a run under it has a fingerprint.
    pub description: bool,
    /// It saves and restores its state, so that a run under it can be continued.
    pub snapshots: bool,
}
