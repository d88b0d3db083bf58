//! What all versions of WASI share in one store.

use std::collections::BTreeMap;

use deterministic_core::{ByteStream, InsecureSeed, Instant, Policies, PolicyError, Snapshot, VirtualClock, WallTime};
use deterministic_fs::FileSystem;
use deterministic_policies::Until;

use crate::Error;
use crate::calls::HostCalls;
use crate::files::Files;
use crate::held::{Charge, Held};
use crate::keyvalue::KeyValue;
use crate::log::Log;
use crate::on_demand::OnDemand;
use crate::timeline::Timeline;

/// What all versions of WASI share in one store: each guest of it reads this one timeline, draws from these streams, has these
/// files, and is counted here. It holds the concerns and knows none of them; an adapter keeps one in each store.
#[derive(Debug)]
pub struct Wasi {
    /// Time, and waiting.
    pub time: Timeline,
    /// What secure random bytes are drawn from.
    pub secure_random: ByteStream,
    /// What insecure ones are drawn from.
    pub insecure_random: ByteStream,
    /// The value of `wasi:random/insecure-seed`.
    pub insecure_seed: InsecureSeed,
    /// The directories.
    pub files: Files,
    /// How often each function was called.
    pub calls: HostCalls,
    /// What the guests make the host hold.
    pub held: Held,
    /// The settings of `wasi:config`.
    pub config: OnDemand<BTreeMap<String, String>>,
    /// The data of `wasi:keyvalue`.
    pub keyvalue: OnDemand<KeyValue>,
    /// What of that the guests made, if they made any.
    keyvalue_held: Option<Charge>,
    /// Who is told of each call, and before which the run is to be stopped.
    pub(crate) log: Option<Box<Log>>,
    /// Whether the clock observes fuel or there is a log or a stop: one flag, so that a call that needs none looks once.
    pub(crate) attended: bool,
}

impl Wasi {
    /// The state at the beginning of a run under `policies`.
    // Inlined, all that it makes is made where it stays: it is large, and a context is made for each run.
    #[inline]
    pub fn new(policies: Policies) -> Self {
        let Policies { epoch, clock, secure_random, insecure_random, insecure_seed, scheduler, rules } = policies;
        let time = Timeline::new(epoch, clock, scheduler, rules);
        Wasi {
            attended: time.observes_fuel(),
            time,
            secure_random: ByteStream::new(secure_random),
            insecure_random: ByteStream::new(insecure_random),
            insecure_seed,
            files: Files::new(epoch.as_unix_nanos()),
            calls: HostCalls::default(),
            held: Held::default(),
            config: OnDemand::default(),
            keyvalue: OnDemand::default(),
            keyvalue_held: None,
            log: None,
        }
    }

    /// Where the timeline stands.
    #[inline]
    pub fn now(&self) -> Instant {
        self.time.now()
    }

    /// What the wall clock shows there.
    #[inline]
    pub fn wall_now(&self) -> WallTime {
        self.time.wall_now()
    }

    /// Lets time pass until `deadline`, as a sleep of the guest's does: for an embedder between two calls into the guest, or in
    /// a host function of its own that takes time. The clock policy decides where the timeline then stands: one that does
    /// not move (`frozen`) stays, one that is late by policy goes further. A deadline that has passed moves nothing.
    ///
    /// The guest's timers that are due by then are so when it next waits.
    ///
    /// ```
    /// use deterministic_core::{Instant, Policies};
    /// use deterministic_wasi::Wasi;
    ///
    /// let mut wasi = Wasi::new(Policies::default());
    /// let tomorrow = wasi.now().saturating_add(86_400_000_000_000);
    /// wasi.advance_to(tomorrow)?;
    /// assert_eq!(wasi.now(), tomorrow);
    /// wasi.advance_to(Instant::ZERO)?;
    /// assert_eq!(wasi.now(), tomorrow, "time does not go back");
    /// # Ok::<(), deterministic_core::PolicyError>(())
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
    /// use deterministic_core::{Policies, PolicyError};
    /// use deterministic_wasi::Wasi;
    ///
    /// let mut wasi = Wasi::new(Policies::default());
    /// let in_a_minute = wasi.now().saturating_add(60_000_000_000);
    /// wasi.set_until_time(in_a_minute);
    /// let hours_later = wasi.advance_to(in_a_minute.saturating_add(3_600_000_000_000));
    /// assert!(matches!(hours_later, Err(PolicyError::TimeIsUp { limit }) if limit == in_a_minute));
    /// assert_eq!(wasi.now(), in_a_minute);
    /// ```
    pub fn set_until_time(&mut self, limit: Instant) {
        let clock = std::mem::replace(&mut self.time.clock, Box::new(VirtualClock::new()));
        self.time.clock = Box::new(Until::new(clock, limit));
    }

    /// How often each host function was called, by name, those never called left out; in a fixed order.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.calls.iter()
    }

    /// Tells a clock that observes fuel that the store now has `fuel`: call it after each `Store::set_fuel`. Without it the
    /// clock counts from the guest's first call of a host function, and fuel added later hides as much that was
    /// consumed.
    pub fn fuel_was_set(&mut self, fuel: u64) {
        self.time.fuel_was_set(fuel);
    }

    /// The directories of the run. Mount hermetic trees here before the guest starts, and look here afterwards for what it
    /// changed.
    pub fn files(&mut self) -> &mut FileSystem {
        self.files.system()
    }

    /// The settings that the guest sees through `wasi:config/store`; none unless inserted here.
    pub fn config_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.config
    }

    /// What `wasi:keyvalue` holds, to fill it before a run and look at it after.
    pub fn keyvalue_mut(&mut self) -> &mut KeyValue {
        &mut self.keyvalue
    }

    /// The same for an adapter, and what of it the guests made.
    pub fn keyvalue_and_held(&mut self) -> (&mut KeyValue, &mut Charge) {
        let held = self.keyvalue_held.get_or_insert_with(|| self.held.account().nothing());
        (&mut self.keyvalue, held)
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
            scheduler: self.time.scheduler.save()?,
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
        self.time.scheduler.restore(&state.scheduler)?;
        self.time.fuel_left = state.fuel_left;
        Ok(())
    }

    /// The file system as of now.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] if the host did not give a directory that the guest is to have.
    #[inline]
    pub fn files_now(&mut self) -> Result<&mut FileSystem, Error> {
        self.files_and_held().map(|(files, _)| files)
    }

    /// The same, and what the guest holds.
    ///
    /// # Errors
    ///
    /// As [`files_now`](Self::files_now).
    #[inline]
    pub fn files_and_held(&mut self) -> Result<(&mut FileSystem, &mut Held), Error> {
        self.files_held_and_random().map(|(files, held, _)| (files, held))
    }

    /// The same, and what fills in the reads of random devices: see [`random_bytes`](crate::random_bytes).
    ///
    /// # Errors
    ///
    /// As [`files_now`](Self::files_now).
    #[inline]
    pub fn files_held_and_random(&mut self) -> Result<(&mut FileSystem, &mut Held, &mut ByteStream), Error> {
        let now = self.wall_now().as_unix_nanos();
        let files = self.files.as_they_are()?;
        files.set_now(now);
        Ok((files, &mut self.held, &mut self.secure_random))
    }
}
