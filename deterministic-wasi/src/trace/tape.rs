//! One handle for a run that is recorded, replayed, or neither.

use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deterministic_core::{Clock, ClockId, Instant, Policies, Rng, Rules, Scheduler, WallTime};

use super::call::Source;
use super::clock::TapedClock;
use super::error::TraceError;
use super::input::TapedRead;
use super::onward::Parting;
use super::random::{ExactRng, SeededRng};
use super::read::Reader;
use super::record::Record;
use super::recording::Recording;
use super::replaying::Replaying;
use super::scheduler;
use super::wire::{Cursor, put};
use super::write::{Writer, Written};

/// Through which the sources of a run are asked: recording, replaying, or off. A clone is the same tape.
///
/// Whoever makes a run asks the same sources in the same order in both, each by one line:
///
/// ```
/// use deterministic_core::{ClockId, VirtualClock};
/// use deterministic_wasi::trace::{Tape, TraceError, WhenFull};
/// # use std::sync::{Arc, Mutex};
/// # #[derive(Clone, Default)]
/// # struct File(Arc<Mutex<Vec<u8>>>);
/// # impl std::io::Write for File {
/// #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> { self.0.lock().unwrap().write(bytes) }
/// #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
/// # }
///
/// fn run(tape: &Tape) -> Result<(u64, String), Box<dyn std::error::Error>> {
///     let mut clock = tape.clock(|| Box::new(VirtualClock::with_tick(5)))?;
///     let names = tape.source("names")?;
///     let reading = clock.read(ClockId::Monotonic)?.as_nanos();
///     Ok((reading, names.answer(&7, || format!("the host's name of {}", 7))?))
/// }
///
/// let file = File::default();
/// let tape = Tape::record(b"what this run was given", Box::new(file.clone()), u64::MAX, WhenFull::EndRun)?;
/// let recorded = run(&tape)?;
/// tape.finish(b"it ended well")?;
///
/// let bytes = file.0.lock().unwrap().clone();
/// let (tape, given) = Tape::replay(Box::new(std::io::Cursor::new(bytes)))?;
/// assert_eq!(given, b"what this run was given");
/// assert_eq!(run(&tape)?, recorded);
/// assert_eq!(tape.recorded_outcome()?, b"it ended well");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Tape(Option<Arc<Mutex<State>>>);

pub(super) enum State {
    Recording(Recording),
    Replaying(Replaying),
}

/// Who is asked for random bytes while a run is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entropy {
    /// A generator that is seeded once by the source. The seed is all that is recorded.
    #[default]
    Seeded,
    /// The source itself, whose bytes are recorded.
    Exact,
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.0 {
            None => "off",
            Some(state) => match *lock(state) {
                State::Recording(_) => "recording",
                State::Replaying(_) => "replaying",
            },
        };
        f.debug_tuple("Tape").field(&what).finish()
    }
}

impl Tape {
    /// A tape on which nothing is.
    pub fn off() -> Self {
        Tape(None)
    }

    /// Records a run that is given what `header` says, as a trace of up to `max` bytes.
    ///
    /// # Errors
    ///
    /// [`TraceError::Unwritable`], [`TraceError::Full`].
    pub fn record(
        header: &[u8],
        sink: Box<dyn Write + Send>,
        max: u64,
        when_full: super::WhenFull,
    ) -> Result<Self, TraceError> {
        let mut writer = Writer::new(sink, max, when_full)?;
        writer.record(&Record::Header(header.to_vec()))?;
        writer.flush()?;
        Ok(Self::recording(writer))
    }

    /// The same with a writer that has the header and what it speaks of.
    pub fn recording(writer: Writer) -> Self {
        Tape(Some(Arc::new(Mutex::new(State::Recording(Recording::new(writer))))))
    }

    /// Replays a trace, and gives its header.
    ///
    /// # Errors
    ///
    /// [`TraceError`] if it is none, or ends before its header does.
    pub fn replay(trace: Box<dyn Read + Send>) -> Result<(Self, Vec<u8>), TraceError> {
        let mut reader = Reader::new(trace)?;
        match reader.next_record()? {
            Some(Record::Header(header)) => Ok((Self::replaying(reader), header)),
            Some(_) => Err(TraceError::NotATrace),
            None => Err(TraceError::Ended { answers: 0 }),
        }
    }

    /// The same with a reader that has read the header and what it speaks of.
    pub fn replaying(reader: Reader) -> Self {
        Tape(Some(Arc::new(Mutex::new(State::Replaying(Replaying::new(reader))))))
    }

    /// The same, which goes on where the run asks something else than the recorded one: a question that comes soon in the trace has the
    /// answer that it has there, and what is before that is left out; the source is asked what the trace does not answer, and where
    /// that ended. So sources are made as for a run without a tape, and it is whoever makes them who decides what they are: a clock is
    /// moved on to where the tape stands before it is asked, and live directories, which a replay has not got, fail as
    /// input and output does. `told` hears of each [`Parting`], of which there may be as many as the guest asks questions.
    pub fn replaying_onward(reader: Reader, told: impl FnMut(&Parting) + Send + 'static) -> Self {
        Tape(Some(Arc::new(Mutex::new(State::Replaying(Replaying::going_on(reader, Box::new(told)))))))
    }

    /// How often it parted from the recorded run and [went on](Self::replaying_onward).
    pub fn partings(&self) -> u64 {
        match self.0.as_ref().map(|state| lock(state)).as_deref() {
            Some(State::Replaying(replaying)) => replaying.partings(),
            _ => 0,
        }
    }

    /// Whether sources may be asked: always, but in a replay that does not [go on](Self::replaying_onward).
    pub fn asks(&self) -> bool {
        match self.0.as_ref().map(|state| lock(state)).as_deref() {
            Some(State::Replaying(replaying)) => replaying.goes_on(),
            _ => true,
        }
    }

    /// Whether it replays, so that no source is asked unless it [goes on](Self::replaying_onward).
    pub fn replays(&self) -> bool {
        self.0.as_ref().is_some_and(|state| matches!(*lock(state), State::Replaying(_)))
    }

    /// Whether a run on it is one without any tape.
    pub fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// A source of the embedder's, such as a host function, by its name.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn source(&self, name: &str) -> Result<Source, TraceError> {
        let Some(state) = &self.0 else { return Ok(Source::off()) };
        let number = match &mut *lock(state) {
            State::Recording(recording) => recording.source(name)?,
            State::Replaying(replaying) => replaying.source(name)?,
        };
        Ok(Source::new(state.clone(), number, name))
    }

    /// The clock that `make` makes, if it is needed.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn clock(&self, make: impl FnOnce() -> Box<dyn Clock>) -> Result<Box<dyn Clock>, TraceError> {
        match &self.0 {
            None => Ok(make()),
            Some(state) => Ok(Box::new(TapedClock::new(state.clone(), self.asks().then(make))?)),
        }
    }

    /// The generator that `make` makes, if it is needed, as the source called `name`.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn rng(
        &self,
        name: &str,
        entropy: Entropy,
        make: impl FnOnce() -> Box<dyn Rng>,
    ) -> Result<Box<dyn Rng>, TraceError> {
        if self.is_off() {
            return Ok(make());
        }
        rng(self.source(name)?, entropy, self.asks().then(make))
    }

    /// The scheduler that `make` makes, if it is needed.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn scheduler(&self, make: impl FnOnce() -> Box<dyn Scheduler>) -> Result<Box<dyn Scheduler>, TraceError> {
        if self.is_off() {
            return Ok(make());
        }
        scheduler::taped(self.source("scheduler")?, self.asks().then(make))
    }

    /// The policies that `make` makes, if they are needed: all that they say is on the tape.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn policies(&self, entropy: Entropy, make: impl FnOnce() -> Policies) -> Result<Policies, TraceError> {
        let Some(state) = &self.0 else { return Ok(make()) };
        let mut made = self.asks().then(make);
        let constants = self.source("policies")?;
        let said = constants.bytes(b"", || made.as_ref().map(written).ok_or("no policies"))??;
        let (epoch, insecure_seed, rules) =
            constants_of(&said).ok_or_else(|| constants.misunderstood("what the run begins with"))?;
        let (clock, secure, insecure, events) = match made.take() {
            Some(Policies { clock, secure_random, insecure_random, scheduler, .. }) => {
                (Some(clock), Some(secure_random), Some(insecure_random), Some(scheduler))
            }
            None => (None, None, None, None),
        };
        Ok(Policies {
            epoch,
            clock: Box::new(TapedClock::new(state.clone(), clock)?),
            secure_random: rng(self.source("secure-random")?, entropy, secure)?,
            insecure_random: rng(self.source("insecure-random")?, entropy, insecure)?,
            insecure_seed: insecure_seed.into(),
            scheduler: scheduler::taped(self.source("scheduler")?, events)?,
            rules,
        })
    }

    /// What `reader` gives, which `make` makes unless this replays, as the source called `name`. A replay that goes on has nothing more
    /// where the tape has nothing.
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn reader<R: Read>(&self, name: &str, make: impl FnOnce() -> R) -> Result<TapedRead<R>, TraceError> {
        Ok(TapedRead::new(self.source(name)?, (!self.replays()).then(make)))
    }

    /// Where the clock stands by the tape.
    pub fn now(&self) -> Instant {
        match &self.0 {
            None => Instant::ZERO,
            Some(state) => match &*lock(state) {
                State::Recording(recording) => recording.now,
                State::Replaying(replaying) => replaying.now,
            },
        }
    }

    /// What ended the run, if that was the tape: it could not be written, or not be followed.
    pub fn failure(&self) -> Option<TraceError> {
        match &*lock(self.0.as_ref()?) {
            State::Recording(recording) => recording.failure(),
            State::Replaying(replaying) => replaying.failure(),
        }
    }

    /// The recorded run has ended so. `None` unless this records.
    ///
    /// # Errors
    ///
    /// [`TraceError::Unwritable`], [`TraceError::Full`].
    pub fn finish(&self, outcome: &[u8]) -> Result<Option<Written>, TraceError> {
        let Some(state) = &self.0 else { return Ok(None) };
        match &mut *lock(state) {
            State::Recording(recording) => recording.finish(outcome).map(Some),
            State::Replaying(_) => Ok(None),
        }
    }

    /// The run was stopped before its end, so that there is none to tell. As [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub fn leave(&self) -> Result<Option<Written>, TraceError> {
        let Some(state) = &self.0 else { return Ok(None) };
        match &mut *lock(state) {
            State::Recording(recording) => recording.leave().map(Some),
            State::Replaying(_) => Ok(None),
        }
    }

    /// The replayed run has ended: how the recorded one did. Empty unless this replays.
    ///
    /// # Errors
    ///
    /// [`TraceError::Diverged`] if that went on, [`TraceError::Ended`] if it is not known how it ended.
    pub fn recorded_outcome(&self) -> Result<Vec<u8>, TraceError> {
        let Some(state) = &self.0 else { return Ok(Vec::new()) };
        match &mut *lock(state) {
            State::Recording(_) => Ok(Vec::new()),
            State::Replaying(replaying) => replaying.finish(),
        }
    }
}

fn rng(source: Source, entropy: Entropy, inner: Option<Box<dyn Rng>>) -> Result<Box<dyn Rng>, TraceError> {
    Ok(match entropy {
        Entropy::Seeded => Box::new(SeededRng::new(source, inner)),
        Entropy::Exact => Box::new(ExactRng::new(source, inner)?),
    })
}

/// What policies say without being asked.
fn written(policies: &Policies) -> Vec<u8> {
    let Rules { resolution, refused_clocks, timers_are_due, .. } = &policies.rules;
    let mut out = Vec::new();
    put(&mut out, policies.epoch.as_unix_nanos());
    out.extend(policies.insecure_seed.value().to_le_bytes());
    put(&mut out, resolution.get());
    out.push(u8::from(*timers_are_due));
    out.push(refused_clocks.iter().fold(0, |bits, clock| bits | 1 << *clock as u8));
    out
}

fn constants_of(said: &[u8]) -> Option<(WallTime, u128, Rules)> {
    let mut cursor = Cursor(said);
    let epoch = WallTime::from_unix_nanos(cursor.number()?);
    let (seed, rest) = cursor.0.split_first_chunk()?;
    let mut cursor = Cursor(rest);
    let resolution = cursor.number()?.try_into().ok()?;
    let timers_are_due = cursor.byte()? != 0;
    let refused = cursor.byte()?;
    let refused_clocks = ClockId::ALL.into_iter().filter(|clock| refused & 1 << *clock as u8 != 0).collect();
    let rules = Rules { resolution, refused_clocks, timers_are_due };
    cursor.is_at_end().then_some((epoch, u128::from_le_bytes(*seed), rules))
}
