//! Every policy of the catalogue through the suites that are published for policies of other people; and the suites against
//! policies that break their contract.

mod catalogue;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use deterministic_core::{
    Clock, ClockId, Described, Description, Event, FuelObserver, Instant, Policy, PolicyError, Rng, Scheduler,
    Selection, Undescribed, VirtualClock, YieldObserver, next_bytes_as_u64,
};
use deterministic_policies::testing::{self, Has};

/// The three policies of the core save themselves; all others need the feature.
fn complete(name: &str, has: Has) {
    let of_the_core = catalogue::OF_THE_CORE;
    assert!(has.description, "{name}");
    assert_eq!(has.snapshots, cfg!(feature = "serde") || of_the_core.contains(&name), "{name}");
}

#[test]
fn every_clock_keeps_the_contract() {
    for (name, make) in catalogue::clocks() {
        complete(name, testing::clock(|| make(3)));
    }
}

#[test]
fn every_generator_keeps_the_contract() {
    for (name, make) in catalogue::rngs() {
        // That crate's numbers of 64 bits are no eight bytes of its stream, and ours are its.
        let has = match name {
            "DeterministicWasiCtxRng" => testing::rng_with_numbers_of_its_own(|| make(3)),
            _ => testing::rng(|| make(3)),
        };
        complete(name, has);
    }
}

#[test]
fn every_scheduler_keeps_the_contract() {
    for (name, make) in catalogue::schedulers() {
        complete(name, testing::scheduler(|| make(3)));
    }
}

#[test]
fn what_a_policy_does_not_have_is_no_fault() {
    let has = testing::rng(|| <rand_pcg::Pcg64Mcg as rand_core::SeedableRng>::seed_from_u64(7));
    assert!(!has.description && !has.snapshots);
    let described = || Described::new(VirtualClock::with_tick(5), Description::new("mine", 1));
    let has = testing::clock(described);
    assert!(has.description && has.snapshots);
    testing::rng(|| deterministic_policies::Refusing);
}

/// What a suite says of a policy that breaks its contract.
fn fault(suite: impl FnOnce() -> Has) -> String {
    let panic = catch_unwind(AssertUnwindSafe(suite)).expect_err("the suite found nothing");
    panic.downcast_ref::<String>().expect("a message").clone()
}

/// A clock with one fault.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    GoesBack,
    PassedDeadlinesMove,
    FuelNowAndThen,
    MovedByBeingAsked,
    ShortDescription,
    HalfSnapshot,
    TakesAnything,
}

struct Faulty(Fault, u64);

impl Clock for Faulty {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.1)
    }
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.1 = match self.0 {
            Fault::GoesBack if deadline.as_nanos() > self.1 && deadline.as_nanos().is_multiple_of(2) => 1,
            Fault::PassedDeadlinesMove => self.1.saturating_add(1).max(deadline.as_nanos()),
            _ => self.1.max(deadline.as_nanos()),
        };
        Ok(())
    }
    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        self.1 = self.1.saturating_add(1);
        Ok(self.now())
    }
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        match self.0 {
            Fault::FuelNowAndThen if self.1.is_multiple_of(2) => Some(self),
            Fault::MovedByBeingAsked => {
                self.1 = self.1.saturating_add(1);
                None
            }
            _ => None,
        }
    }
}

impl FuelObserver for Faulty {
    fn elapse(&mut self, fuel: u64) {
        self.1 = self.1.saturating_add(fuel);
    }
}

impl Policy for Faulty {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("Faulty", 1);
        Ok(if self.0 == Fault::ShortDescription { description } else { description.number("now", self.1) })
    }
    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        let bytes = self.1.to_le_bytes();
        Ok(if self.0 == Fault::HalfSnapshot { bytes[..1].to_vec() } else { bytes.to_vec() })
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let mut bytes = [0; 8];
        let wanted = if self.0 == Fault::HalfSnapshot { 1 } else { 8 };
        if state.len() != wanted && self.0 != Fault::TakesAnything {
            return Err(PolicyError::BadSnapshot { policy: "Faulty", reason: "its length".into() });
        }
        let len = state.len().min(8);
        bytes[..len].copy_from_slice(&state[..len]);
        self.1 = u64::from_le_bytes(bytes);
        Ok(())
    }
}

#[test]
fn each_fault_of_a_clock_is_found() {
    for (kind, said) in [
        (Fault::GoesBack, "time went back"),
        (Fault::PassedDeadlinesMove, "a deadline that has passed"),
        (Fault::FuelNowAndThen, "it changed whether it observes fuel"),
        (Fault::MovedByBeingAsked, "asking whether it observes fuel moved time"),
        (Fault::ShortDescription, "both described as Faulty v1"),
        (Fault::HalfSnapshot, "a restored copy"),
        (Fault::TakesAnything, "it takes 0 bytes for its 8"),
    ] {
        let message = fault(|| testing::clock(|| Faulty(kind, 1)));
        assert!(message.contains("Faulty breaks its contract") && message.contains(said), "{message}");
    }
}

/// Gives a number for each read, whatever its length.
struct Torn(u8);

impl Rng for Torn {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.0 = self.0.wrapping_add(1);
        buf.fill(self.0);
        Ok(())
    }
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }
    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for Torn {}

/// Has one fault.
struct Liar {
    lie: Lie,
    asked: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Lie {
    /// Keeps an event and makes another of it.
    Invents,
    /// Counts in secret how often it is asked whether it observes yields.
    CountsQuestions,
    /// Observes yields now and then.
    ChangesItsMind,
    /// Lets a yield take another time for each that is made.
    YieldsOtherwise(u64),
}

impl Scheduler for Liar {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        if self.lie == Lie::Invents {
            ready[0] = Event::new(0, 99, ready[0].kind());
        }
        Ok(Selection { deliver: ready.len(), delay: if self.lie == Lie::CountsQuestions { self.asked } else { 0 } })
    }
    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        self.asked += 1;
        match self.lie {
            Lie::ChangesItsMind => (self.asked > 5).then_some(self as _),
            Lie::YieldsOtherwise(_) => Some(self),
            Lie::Invents | Lie::CountsQuestions => None,
        }
    }
}

impl YieldObserver for Liar {
    fn yielded(&mut self, _: Instant) -> Result<u64, PolicyError> {
        Ok(if let Lie::YieldsOtherwise(passed) = self.lie { passed } else { 0 })
    }
}

impl Policy for Liar {}

#[test]
fn faults_of_generators_and_schedulers_are_found() {
    assert!(fault(|| testing::rng(|| Torn(0))).contains("depend on how a read is cut"));
    let made = Cell::new(0);
    let other = || Lie::YieldsOtherwise(made.replace(made.get() + 1));
    for (lie, said) in [
        (&(|| Lie::Invents) as &dyn Fn() -> Lie, "what came back is not what went in"),
        (&|| Lie::CountsQuestions, "choose otherwise"),
        (&|| Lie::ChangesItsMind, "it changed whether it observes yields"),
        (&other, "two made alike yield otherwise"),
    ] {
        let message = fault(|| testing::scheduler(|| Liar { lie: lie(), asked: 0 }));
        assert!(message.contains(said), "{message}");
    }
}
