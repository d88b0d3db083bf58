//! A clock on a tape.

use std::sync::{Arc, Mutex};

use deterministic_core::{Clock, ClockId, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use super::error::{TraceError, policy_error, written};
use super::record::{ClockRecord, Record};
use super::tape::{State, lock};

/// A clock that stands still between two questions, whatever the one inside does.
pub(super) struct TapedClock {
    state: Arc<Mutex<State>>,
    /// `None` where it is replayed.
    inner: Option<Box<dyn Clock>>,
    /// Who is asked what a replay does not know.
    onward: Option<Box<dyn Clock>>,
    stands: Instant,
    observes_fuel: bool,
    /// Whether the clock inside runs by itself: then it stands where a reading shows, and need not be asked once more.
    runs: bool,
    /// What [`elapse`](FuelObserver::elapse) could not say.
    failed: Option<TraceError>,
}

impl TapedClock {
    /// With `clock` as far as it is needed.
    pub(super) fn new(state: Arc<Mutex<State>>, clock: Option<Box<dyn Clock>>) -> Result<Self, TraceError> {
        let replays = matches!(&*lock(&state), State::Replaying(_));
        let (mut inner, onward) = if replays { (None, clock) } else { (clock, None) };
        let (stands, observes_fuel) = match (&mut *lock(&state), &mut inner) {
            (State::Recording(recording), Some(clock)) => {
                let (now, observes_fuel) = (clock.now(), clock.fuel_observer().is_some());
                recording.clock(ClockRecord::Begin { now: now.as_nanos(), observes_fuel }, now)?;
                (now, observes_fuel)
            }
            (State::Replaying(replaying), _) => {
                let asked = ClockRecord::Begin { now: 0, observes_fuel: false };
                match replaying.clock(asked, |record| matches!(record, ClockRecord::Begin { .. }))? {
                    Some(Ok(ClockRecord::Begin { now, observes_fuel })) => (Instant::from_nanos(now), observes_fuel),
                    _ => (Instant::ZERO, false),
                }
            }
            (State::Recording(_), None) => (Instant::ZERO, false),
        };
        let described = inner.as_ref().map(|clock| clock.describe());
        let runs = matches!(described, Some(Err(Undescribed::TouchesHost { .. })));
        Ok(TapedClock { state, inner, onward, stands, observes_fuel, runs, failed: None })
    }

    /// Asks the clock inside, or the tape. `ask` gives what is shown, if that is a reading, and `made` the record, from how far the
    /// timeline went before that, and after it.
    #[inline]
    fn ask(
        &mut self,
        asked: ClockRecord,
        ask: impl FnOnce(&mut dyn Clock) -> Result<Option<Instant>, PolicyError>,
        made: impl FnOnce(u64, u64) -> ClockRecord,
    ) -> Result<ClockRecord, PolicyError> {
        // Looked at before it is taken, since taking writes.
        if self.failed.is_some()
            && let Some(failed) = self.failed.take()
        {
            return Err(failed.into());
        }
        let Some(inner) = &mut self.inner else {
            return match self.replay(asked)? {
                Some(record) => Ok(record),
                None => self.go_on(asked, ask, made),
            };
        };
        let answer = ask(&mut **inner);
        let now = match answer {
            Ok(Some(shown)) if self.runs => shown,
            _ => inner.now(),
        };
        let now = now.max(self.stands);
        let mut state = lock(&self.state);
        let State::Recording(recording) = &mut *state else { return answer.map(|_| asked) };
        match answer {
            Ok(shown) => {
                let since = |instant: Instant| instant.saturating_since(self.stands);
                let record = made(since(shown.unwrap_or(now)), since(now));
                self.stands = now;
                recording.clock(record, now)?;
                Ok(record)
            }
            Err(error) => {
                recording.record(&Record::ClockFailed { asked, error: written(&error) })?;
                Err(error)
            }
        }
    }

    #[inline]
    fn replay(&mut self, asked: ClockRecord) -> Result<Option<ClockRecord>, PolicyError> {
        let mut state = lock(&self.state);
        let State::Replaying(replaying) = &mut *state else { return Ok(Some(asked)) };
        let answer = replaying.clock(asked, |record| match (asked, record) {
            (ClockRecord::Read { clock: asked, .. }, ClockRecord::Read { clock, .. }) => asked == *clock,
            (ClockRecord::Advance { deadline: asked, .. }, ClockRecord::Advance { deadline, .. }) => asked == *deadline,
            (ClockRecord::CatchUp { .. }, ClockRecord::CatchUp { .. }) => true,
            // Engines count fuel by their own measure.
            (ClockRecord::Elapse { .. }, ClockRecord::Elapse { .. }) => true,
            _ => false,
        })?;
        let Some(answer) = answer else { return Ok(None) };
        let record = answer.map_err(|error| policy_error(&error))?;
        self.stands = self.stands.saturating_add(record.stands());
        Ok(Some(record))
    }

    /// Asks who is there for what the tape does not know.
    #[cold]
    fn go_on(
        &mut self,
        asked: ClockRecord,
        ask: impl FnOnce(&mut dyn Clock) -> Result<Option<Instant>, PolicyError>,
        made: impl FnOnce(u64, u64) -> ClockRecord,
    ) -> Result<ClockRecord, PolicyError> {
        let Some(clock) = &mut self.onward else { return Ok(asked) };
        if clock.now() < self.stands {
            clock.advance_to(self.stands)?;
        }
        let shown = ask(&mut **clock)?;
        let now = clock.now().max(self.stands);
        let since = |instant: Instant| instant.saturating_since(self.stands);
        let record = made(since(shown.unwrap_or(now)), since(now));
        self.stands = now;
        if let State::Replaying(replaying) = &mut *lock(&self.state) {
            replaying.now = now;
        }
        Ok(record)
    }
}

impl Clock for TapedClock {
    fn now(&self) -> Instant {
        self.stands
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        let asked = ClockRecord::CatchUp { stands: 0 };
        let made = |_, stands| ClockRecord::CatchUp { stands };
        self.ask(asked, |clock| clock.catch_up().map(Some), made)?;
        Ok(self.stands)
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        let left = deadline.saturating_since(self.stands);
        if left > 0
            && let State::Recording(recording) = &mut *lock(&self.state)
        {
            recording.waits()?;
        }
        let asked = ClockRecord::Advance { deadline: left, stands: 0 };
        let made = |_, stands| ClockRecord::Advance { deadline: left, stands };
        self.ask(asked, |clock| clock.advance_to(deadline).map(|()| None), made).map(drop)
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        let before = self.stands;
        let asked = ClockRecord::Read { clock, shown: 0, stands: 0 };
        let made = |shown, stands| ClockRecord::Read { clock, shown, stands };
        match self.ask(asked, |inner| inner.read(clock).map(Some), made)? {
            ClockRecord::Read { shown, .. } => Ok(before.saturating_add(shown)),
            _ => Ok(self.stands),
        }
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        if self.observes_fuel { Some(self) } else { None }
    }
}

impl FuelObserver for TapedClock {
    fn elapse(&mut self, fuel: u64) {
        let asked = ClockRecord::Elapse { fuel, stands: 0 };
        let told = |clock: &mut dyn Clock| {
            if let Some(observer) = clock.fuel_observer() {
                observer.elapse(fuel);
            }
            Ok(None)
        };
        if let Err(error) = self.ask(asked, told, |_, stands| ClockRecord::Elapse { fuel, stands }) {
            // The next question to the clock says so: nothing is answered between the two.
            self.failed = Some(match error {
                PolicyError::Other(error) => match error.downcast() {
                    Ok(error) => *error,
                    Err(error) => TraceError::Unreadable(std::io::Error::other(error)),
                },
                other => TraceError::Unreadable(std::io::Error::other(other)),
            });
        }
    }
}

impl Policy for TapedClock {}
