//! A store's policies at work: the part of its state that answers for every WASI version.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use deterministic_core::{
    ByteStream, Clock, ClockId, Event, EventKind, Instant, Policies, PolicyError, Rules, Scheduler, Snapshot,
    VirtualClock, WallTime,
};
use deterministic_policies::Until;

use crate::Error;
use crate::calls::{HostCall, HostCalls};
use crate::files::Files;
use crate::held::{Charge, Held};
use crate::keyvalue::KeyValue;
use crate::p2::{FileStreams, Timers};
use crate::p3::Waits;
use crate::standstill::{self, Vain, Witness};

/// The state of one store's policies. Every WASI version that the store's guests use reads this one timeline, draws from
/// these streams and asks this scheduler.
#[derive(Debug)]
pub struct DeterministicCtx {
    pub(crate) time: Timeline,
    pub(crate) secure_random: ByteStream,
    pub(crate) insecure_random: ByteStream,
    pub(crate) insecure_seed: u128,
    /// Whether neither the clock nor the scheduler wants to hear of them.
    pub(crate) yields_are_only_counted: bool,
    pub(crate) scheduling: Scheduling,
    pub(crate) files: Files,
    pub(crate) file_streams: FileStreams,
    pub(crate) timers: Timers,
    pub(crate) waits: Waits,
    pub(crate) calls: HostCalls,
    pub(crate) held: Held,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) keyvalue: KeyValue,
    /// What of it the guest made.
    pub(crate) keyvalue_held: Charge,
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::Http,
}

impl DeterministicCtx {
    /// The state at the beginning of a run under `policies`.
    pub fn new(policies: Policies) -> Self {
        let Policies { epoch, clock, secure_random, insecure_random, insecure_seed, mut scheduler, rules } = policies;
        let time = Timeline::new(epoch, clock, &rules);
        let held = Held::default();
        DeterministicCtx {
            yields_are_only_counted: !time.observes_fuel && scheduler.yield_observer().is_none(),
            time,
            secure_random: ByteStream::new(secure_random),
            insecure_random: ByteStream::new(insecure_random),
            insecure_seed,
            scheduling: Scheduling { scheduler, timers_are_due: rules.timers_are_due, ready: Vec::new() },
            files: Files::new(epoch.as_unix_nanos()),
            file_streams: FileStreams::default(),
            timers: Timers::default(),
            waits: Waits::default(),
            calls: HostCalls::default(),
            config: BTreeMap::new(),
            keyvalue: KeyValue::default(),
            keyvalue_held: held.account().nothing(),
            held,
            #[cfg(feature = "http")]
            http: crate::http::Http::default(),
        }
    }

    /// Where the timeline stands.
    pub fn now(&self) -> Instant {
        self.time.clock.now()
    }

    /// What the wall clock shows there.
    pub fn wall_now(&self) -> WallTime {
        self.time.epoch.at(self.now())
    }

    /// Lets time pass until `deadline`, as a sleep of the guest's does: for an embedder between two calls into the guest, or in
    /// a host function of its own that takes time. The clock policy decides where the timeline then stands: one that does
    /// not move (`frozen`) stays, one that is late by policy goes further. A deadline that has passed moves nothing.
    ///
    /// The guest's timers that are due by then are so when it next waits.
    ///
    /// ```
    /// use deterministic_wasmtime::DeterministicCtx;
    /// use deterministic_wasmtime::core::{Instant, Policies};
    ///
    /// let mut ctx = DeterministicCtx::new(Policies::default());
    /// let tomorrow = ctx.now().saturating_add(86_400_000_000_000);
    /// ctx.advance_to(tomorrow)?;
    /// assert_eq!(ctx.now(), tomorrow);
    /// ctx.advance_to(Instant::ZERO)?;
    /// assert_eq!(ctx.now(), tomorrow, "time does not go back");
    /// # Ok::<(), deterministic_wasmtime::core::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the clock policy says that cannot move: a script that is at its end, for one.
    pub fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        if deadline > self.now() { self.time.clock.advance_to(deadline) } else { Ok(()) }
    }

    /// Limits the guest's time, from now on: a reading or a sleep that goes beyond `limit` ends it with
    /// [`PolicyError::TimeIsUp`], at the same point in every run. Of two limits the earlier one counts.
    ///
    /// The clock is then an [`Until`], which is what to give to [`Policies`] instead for a run that is to have a fingerprint.
    /// One that stands still (`frozen`) never comes to the limit.
    ///
    /// ```
    /// use deterministic_wasmtime::DeterministicCtx;
    /// use deterministic_wasmtime::core::{Policies, PolicyError};
    ///
    /// let mut ctx = DeterministicCtx::new(Policies::default());
    /// let in_a_minute = ctx.now().saturating_add(60_000_000_000);
    /// ctx.set_until_time(in_a_minute);
    /// let hours_later = ctx.advance_to(in_a_minute.saturating_add(3_600_000_000_000));
    /// assert!(matches!(hours_later, Err(PolicyError::TimeIsUp { limit }) if limit == in_a_minute));
    /// assert_eq!(ctx.now(), in_a_minute);
    /// ```
    pub fn set_until_time(&mut self, limit: Instant) {
        let clock = std::mem::replace(&mut self.time.clock, Box::new(VirtualClock::new()));
        self.time.clock = Box::new(Until::new(clock, limit));
    }

    /// Lets time pass for a guest that waits in `function`, and says where the clock then stands.
    pub(crate) fn sleep(&mut self, until: Instant, function: HostCall) -> wasmtime::Result<Instant> {
        let witness = Witness { vain: &mut self.time.vain, calls: &self.calls };
        standstill::sleep(&mut *self.time.clock, until, Some(witness), function.name())
    }

    /// What a wait is in `function` for which `ready` is ready where every timer is due, or time is at its end: it
    /// may be a sleep that moves nothing.
    #[cold]
    pub(crate) fn may_be_in_vain(
        &mut self,
        ready: impl IntoIterator<Item = EventKind>,
        function: HostCall,
    ) -> wasmtime::Result<()> {
        let witness = Witness { vain: &mut self.time.vain, calls: &self.calls };
        standstill::ready_at_once(&*self.time.clock, ready, Some(witness), function.name())
    }

    /// How often each host function was called, by name, those never called left out; in a fixed order.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.calls.iter()
    }

    /// Tells a clock that observes fuel that the store now has `fuel`: call it after each `Store::set_fuel`. Without it the
    /// clock counts from the guest's first call of a host function, and fuel added later hides as much that was
    /// consumed.
    pub fn fuel_was_set(&mut self, fuel: u64) {
        self.time.fuel_left = Some(fuel);
    }

    /// A handle to the queue of the guest's waits, for [`p3::drive`](crate::p3::drive).
    pub fn waits(&self) -> Waits {
        self.waits.clone()
    }

    /// Saves the policies' state, so that a run can be continued twice. What the guest learned of files (their numbers,
    /// the times it set) and its timers are not the policies' and not in it.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSnapshot`] from a policy that cannot.
    pub fn save(&self) -> Result<Snapshot, PolicyError> {
        Ok(Snapshot {
            clock: self.time.clock.save()?,
            secure_random: self.secure_random.save()?,
            insecure_random: self.insecure_random.save()?,
            scheduler: self.scheduling.scheduler.save()?,
            fuel_left: self.time.fuel_left,
        })
    }

    /// Continues from the state of a run under the same kinds of policies.
    ///
    /// # Errors
    ///
    /// What the first policy says that cannot; those before it are then restored, so do not go on with this state.
    pub fn restore(&mut self, state: &Snapshot) -> Result<(), PolicyError> {
        self.time.clock.restore(&state.clock)?;
        self.secure_random.restore(&state.secure_random)?;
        self.insecure_random.restore(&state.insecure_random)?;
        self.scheduling.scheduler.restore(&state.scheduler)?;
        self.time.fuel_left = state.fuel_left;
        Ok(())
    }
}

/// The clock policy and what it is fed with.
pub(crate) struct Timeline {
    pub(crate) epoch: WallTime,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) observes_fuel: bool,
    /// What the guest is told, in nanoseconds.
    pub(crate) resolution: NonZeroU64,
    /// The store's fuel when the clock last heard of it.
    fuel_left: Option<u64>,
    pub(crate) vain: Vain,
}

impl Timeline {
    pub(crate) fn new(epoch: WallTime, clock: Box<dyn Clock>, rules: &Rules) -> Self {
        let mut clock = rules.enforce(clock);
        let observes_fuel = clock.fuel_observer().is_some();
        Timeline { epoch, observes_fuel, resolution: rules.resolution, fuel_left: None, vain: Vain::default(), clock }
    }

    /// What the guest's clock `id` shows, in the nanoseconds of that clock.
    #[inline(always)]
    pub(crate) fn read(&mut self, id: ClockId) -> Result<u64, PolicyError> {
        let instant = self.clock.read(id)?;
        Ok(match id {
            ClockId::Realtime => self.epoch.at(instant).as_unix_nanos(),
            ClockId::Monotonic | ClockId::ProcessCpuTime | ClockId::ThreadCpuTime => instant.as_nanos(),
        })
    }

    /// Tells the clock how much fuel went since it last heard.
    pub(crate) fn fuel_left(&mut self, fuel: wasmtime::Result<u64>) -> Result<(), Error> {
        let fuel = fuel.map_err(|_| Error::NoFuel)?;
        let before = self.fuel_left.replace(fuel).unwrap_or(fuel);
        if let Some(observer) = self.clock.fuel_observer() {
            observer.elapse(before.saturating_sub(fuel));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timeline").field("epoch", &self.epoch).field("now", &self.clock.now()).finish_non_exhaustive()
    }
}

/// The scheduler policy, and room for the events it is shown, kept from wait to wait.
pub(crate) struct Scheduling {
    pub(crate) scheduler: Box<dyn Scheduler>,
    /// Whether timers count as due at once.
    pub(crate) timers_are_due: bool,
    pub(crate) ready: Vec<Event>,
}

impl std::fmt::Debug for Scheduling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduling").finish_non_exhaustive()
    }
}
