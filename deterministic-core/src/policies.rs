//! The bundle: one of each policy.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::{ChaCha8, Clock, InOrder, Rng, Scheduler, Seed, VirtualClock, WallTime};

/// All that decides how a run's non-deterministic questions are answered.
///
/// Change one answer and keep the rest with `..`:
///
/// ```
/// use deterministic_core::{Policies, VirtualClock};
///
/// let policies = Policies { clock: Box::new(VirtualClock::with_tick(1_000)), ..Policies::default() };
/// # let _ = policies;
/// ```
pub struct Policies {
    /// What the wall clock shows at the beginning of the timeline.
    pub epoch: WallTime,
    /// Where the timeline stands and how it moves.
    pub clock: Box<dyn Clock>,
    /// Random bytes for WASI 0.1's `random_get` and `wasi:random/random`.
    pub secure_random: Box<dyn Rng>,
    /// Random bytes for `wasi:random/insecure`.
    pub insecure_random: Box<dyn Rng>,
    /// The value of `wasi:random/insecure-seed`.
    pub insecure_seed: u128,
    /// Which events a waiting guest gets.
    pub scheduler: Box<dyn Scheduler>,
}

impl Policies {
    /// The deterministic defaults under `seed`: virtual time that only sleeping moves, from 2025-01-01T00:00:00Z;
    /// ChaCha8 streams; events in order.
    pub fn new(seed: Seed) -> Self {
        Policies {
            epoch: WallTime::DEFAULT_EPOCH,
            clock: Box::new(VirtualClock::new()),
            secure_random: Box::new(ChaCha8::new(&seed, "secure")),
            insecure_random: Box::new(ChaCha8::new(&seed, "insecure")),
            insecure_seed: seed.insecure_seed(),
            scheduler: Box::new(InOrder),
        }
    }
}

/// The deterministic defaults under seed 0.
impl Default for Policies {
    fn default() -> Self {
        Policies::new(Seed::default())
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").field("epoch", &self.epoch).field("now", &self.clock.now()).finish_non_exhaustive()
    }
}

/// The saved state of a run's policies; see `save` and `restore` of each policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The clock's state.
    pub clock: Vec<u8>,
    /// The state of the secure stream.
    pub secure_random: Vec<u8>,
    /// The state of the insecure stream.
    pub insecure_random: Vec<u8>,
    /// The scheduler's state.
    pub scheduler: Vec<u8>,
    /// How much fuel the store had left when the clock last heard of it, if the clock observes fuel. The store of a
    /// continued run begins with the fuel that the original had.
    pub fuel_left: Option<u64>,
}
