//! The timeline of a store, and the one place where time passes and the scheduler chooses.

mod standstill;
mod wait;

use deterministic_core::{Clock, ClockId, Event, Instant, PolicyError, Rules, Scheduler, WallTime};

use self::standstill::Vain;
use crate::Error;

pub use standstill::{MAX_SLEEPS_IN_VAIN, after};
pub use wait::Waiting;

/// The clock policy and the scheduler policy of a store at work.
pub struct Timeline {
    /// What the wall clock shows at the beginning.
    pub epoch: WallTime,
    /// Where the timeline stands and how it moves.
    pub clock: Box<dyn Clock>,
    /// Which events a waiting guest gets.
    pub scheduler: Box<dyn Scheduler>,
    /// What the guest is told, in nanoseconds.
    resolution: u64,
    /// Whether timers count as due at once.
    timers_are_due: bool,
    observes_fuel: bool,
    /// Whether the clock or the scheduler wants to hear of yields.
    observes_yields: bool,
    /// The store's fuel when the clock last heard of it.
    pub(crate) fuel_left: Option<u64>,
    /// Room for the events that the scheduler is shown, kept from wait to wait.
    ready: Vec<Event>,
    vain: Vain,
}

impl Timeline {
    /// A timeline at its beginning.
    #[inline]
    pub fn new(epoch: WallTime, clock: Box<dyn Clock>, mut scheduler: Box<dyn Scheduler>, rules: Rules) -> Self {
        let mut clock = rules.enforce(clock);
        let (resolution, timers_are_due) = (rules.resolution.get(), rules.timers_are_due);
        drop(rules);
        let observes_fuel = clock.fuel_observer().is_some();
        Timeline {
            epoch,
            resolution,
            timers_are_due,
            observes_fuel,
            observes_yields: observes_fuel || scheduler.yield_observer().is_some(),
            fuel_left: None,
            ready: Vec::new(),
            vain: Vain::default(),
            clock,
            scheduler,
        }
    }

    /// Where the timeline stands.
    #[inline]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Where the timeline stands for a guest that begins to wait, or asks whether it still has to: from here its durations count.
    ///
    /// # Errors
    ///
    /// What the clock policy says that cannot answer.
    #[inline]
    pub fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.clock.catch_up()
    }

    /// What the wall clock shows there.
    #[inline]
    pub fn wall_now(&self) -> WallTime {
        self.epoch.at(self.now())
    }

    /// What the guest's clock `id` shows, in the nanoseconds of that clock.
    ///
    /// # Errors
    ///
    /// What the clock policy says that cannot answer.
    // Once in each adapter, and the call would cost more than what it does.
    #[inline(always)]
    pub fn read(&mut self, id: ClockId) -> Result<u64, PolicyError> {
        let instant = self.clock.read(id)?;
        Ok(match id {
            ClockId::Realtime => self.epoch.at(instant).as_unix_nanos(),
            ClockId::Monotonic | ClockId::ProcessCpuTime | ClockId::ThreadCpuTime => instant.as_nanos(),
        })
    }

    /// The resolution that the guest is told of each clock, in nanoseconds.
    #[inline]
    pub fn resolution(&self) -> u64 {
        self.resolution
    }

    /// Whether timers count as due at once, whatever their deadline.
    #[inline]
    pub fn all_timers_are_due(&self) -> bool {
        self.timers_are_due
    }

    /// Whether the clock wants to hear of consumed fuel with each call.
    #[inline]
    pub fn observes_fuel(&self) -> bool {
        self.observes_fuel
    }

    /// Tells the clock how much fuel went since it last heard; `fuel` is what is left, or `None` if the store counts none.
    ///
    /// # Errors
    ///
    /// [`Error::NoFuel`] then.
    pub fn fuel_left(&mut self, fuel: Option<u64>) -> Result<(), Error> {
        let fuel = fuel.ok_or(Error::NoFuel)?;
        let before = self.fuel_left.replace(fuel).unwrap_or(fuel);
        if let Some(observer) = self.clock.fuel_observer() {
            observer.elapse(before.saturating_sub(fuel));
        }
        Ok(())
    }

    /// The store was given other `fuel`, none of which was consumed yet.
    pub fn fuel_was_set(&mut self, fuel: u64) {
        self.fuel_left = Some(fuel);
    }

    /// Whether a yield is no more than counted: neither the clock nor the scheduler wants to hear of it.
    #[inline]
    pub fn yields_are_only_counted(&self) -> bool {
        !self.observes_yields
    }

    /// Lets pass what the scheduler says when the guest yields.
    ///
    /// # Errors
    ///
    /// What the policies say that cannot answer.
    pub fn yielded(&mut self) -> Result<(), PolicyError> {
        let Some(observer) = self.scheduler.yield_observer() else { return Ok(()) };
        let now = self.clock.now();
        let passes = observer.yielded(now)?;
        if passes > 0 { self.clock.advance_to(now.saturating_add(passes)) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timeline").field("epoch", &self.epoch).field("now", &self.now()).finish_non_exhaustive()
    }
}
