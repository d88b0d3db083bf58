//! Waiting: which events are ready, when time moves, what the scheduler chooses.
//!
//! 1. [`look`](Timeline::look): what is ready now is found. Time stands still.
//! 2. [`pass`](Timeline::pass): if nothing is, time moves to the earliest deadline; if there is none, that is a deadlock.
//! 3. [`look_again`](Timeline::look_again): the timers that are then due are found. On a clock that does not move the wait is
//!    over all the same.
//! 4. [`choose`](Timeline::choose): the scheduler is told where the timeline stands, orders what is ready, and cuts.
//!
//! [`wait`](Timeline::wait) is all four. A wait at the same time as others of its store does the second step together with those.

use deterministic_core::{Event, EventKind, Instant, PolicyError};

use super::Timeline;
use super::standstill::{Sleep, in_vain, ready_at_once};
use crate::calls::{HostCall, HostCalls};
use crate::{Error, reserve};

/// For how many events there is room from wait to wait.
const KEPT: usize = 1 << 14;

/// What a guest waits for in one call.
pub trait Waiting {
    /// What ends the call.
    type Error: From<Error> + From<PolicyError>;

    /// How many things these are, at most.
    fn count(&self) -> usize;

    /// Puts what is ready at `now` into `ready`, in the order in which the guest lists it, and says when the first of the
    /// timers is due that are not. If `all_due`, each is due now.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the list.
    fn look(&mut self, now: Instant, all_due: bool, ready: &mut Vec<Event>) -> Result<Option<Instant>, Self::Error>;

    /// Puts the timers that are due at `over` into `ready`, in the same order. [`look`](Waiting::look) found nothing wrong.
    fn look_again(&mut self, over: Instant, ready: &mut Vec<Event>);

    /// What the guest waits for, as text, for those who read that nothing can wake it.
    fn describe(&self) -> String;

    /// What kind of event it is for a guest that listed it a little before the end of time, `before`: timers whose deadline
    /// is counted from now are later than those that have none.
    fn kind_before(&self, event: &Event, before: Instant) -> EventKind {
        let _ = before;
        event.kind()
    }
}

impl Timeline {
    /// Waits for what `waiting` lists, in `function`, and says how many of the [`ready`](Timeline::ready) events the guest is
    /// told of, which are the first; at least one.
    ///
    /// # Errors
    ///
    /// Those of `waiting` and of the policies; [`Error::Deadlock`] if nothing can come, [`Error::TimeStandsStill`] and
    /// [`Error::EndOfTime`] if time cannot pass.
    #[inline]
    pub fn wait<W: Waiting>(
        &mut self,
        waiting: &mut W,
        function: HostCall,
        calls: &HostCalls,
    ) -> Result<usize, W::Error> {
        if let Some(earliest) = self.look(waiting, function, calls)? {
            self.pass::<W::Error>(earliest, function, calls)?;
            self.look_again(waiting, earliest);
        }
        Ok(self.choose()?)
    }

    /// Finds what is ready now; if nothing is, the deadline of the first that will be.
    ///
    /// # Errors
    ///
    /// Those of `waiting`; [`Error::Deadlock`] if nothing can come. Where every timer is due, or at the end of time, also the
    /// errors of [`pass`](Timeline::pass).
    #[inline]
    pub fn look<W: Waiting>(
        &mut self,
        waiting: &mut W,
        function: HostCall,
        calls: &HostCalls,
    ) -> Result<Option<Instant>, W::Error> {
        self.ready.clear();
        let count = waiting.count();
        if count > self.ready.capacity() {
            self.ready.try_reserve_exact(count).map_err(reserve::exhausted)?;
        }
        let now = self.clock.catch_up()?;
        let all_due = self.timers_are_due;
        let earliest = waiting.look(now, all_due, &mut self.ready)?;
        if self.ready.is_empty() {
            return match earliest {
                Some(earliest) => Ok(Some(earliest)),
                None => Err(Error::Deadlock { waiting_for: waiting.describe(), at: now }.into()),
            };
        }
        if all_due || now == Instant::MAX {
            let kinds = self.ready.iter().map(|event| waiting.kind_before(event, super::standstill::LAST_DUE));
            ready_at_once(&*self.clock, kinds, &mut self.vain, calls, function)?;
        }
        Ok(None)
    }

    /// Whether a timer that is due at `deadline` is so now, for a guest that waits for nothing else; looking twice may be a
    /// sleep that moves nothing.
    ///
    /// # Errors
    ///
    /// As [`pass`](Timeline::pass).
    pub fn is_due<E: From<Error> + From<PolicyError>>(
        &mut self,
        deadline: Instant,
        function: HostCall,
        calls: &HostCalls,
    ) -> Result<bool, E> {
        let now = self.clock.catch_up()?;
        let all_due = self.timers_are_due;
        if deadline > now && !all_due {
            return Ok(false);
        }
        if all_due || now == Instant::MAX {
            ready_at_once(&*self.clock, [EventKind::Timer { deadline }], &mut self.vain, calls, function)?;
        }
        Ok(true)
    }

    /// Lets time pass until `until`, for a guest that waits in `function`.
    ///
    /// # Errors
    ///
    /// Those of the clock policy; [`Error::TimeStandsStill`] for the last of too many sleeps that moved nothing.
    #[inline]
    pub fn pass<E: From<Error> + From<PolicyError>>(
        &mut self,
        until: Instant,
        function: HostCall,
        calls: &HostCalls,
    ) -> Result<(), E> {
        let before = self.clock.now();
        self.clock.advance_to(until)?;
        let now = self.clock.now();
        if now == before && until > before {
            in_vain(&*self.clock, Sleep::new(now, until, calls), &mut self.vain, function)?;
        }
        Ok(())
    }

    /// Finds which timers are due after a wait until `earliest`.
    #[inline]
    pub fn look_again<W: Waiting>(&mut self, waiting: &mut W, earliest: Instant) {
        self.ready.clear();
        // A clock that does not move has not come there, and the wait is over nevertheless.
        waiting.look_again(self.clock.now().max(earliest), &mut self.ready);
    }

    /// Has the scheduler choose among what is ready, and says how many of those the guest is told of: the first, and at least
    /// one if there is any.
    ///
    /// # Errors
    ///
    /// Those of the policies.
    #[inline]
    pub fn choose(&mut self) -> Result<usize, PolicyError> {
        let now = self.clock.now();
        let selection = self.scheduler.select(now, &mut self.ready)?;
        if selection.delay > 0 {
            self.clock.advance_to(now.saturating_add(selection.delay))?;
        }
        Ok(selection.deliver.max(1).min(self.ready.len()))
    }

    /// What the last wait found, those that were chosen first.
    #[inline]
    pub fn ready(&self) -> &[Event] {
        &self.ready
    }

    /// Forgets what the last wait found. One long list is not a reason to keep its room for ever.
    #[inline]
    pub fn forget_ready(&mut self) {
        self.ready.clear();
        self.ready.shrink_to(KEPT);
    }
}
