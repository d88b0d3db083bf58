//! `poll_oneoff`: wasi-common's list of subscriptions as what the timeline waits for, and what it chose as wasi-common's list again.
//!
//! wasi-common shows a scheduler the files of a list and the earliest deadline, not the other deadlines, and nothing of what the guest
//! calls its subscriptions. It has no place for an answer either: what is due it finds itself, by reading the clock again once the
//! scheduler has returned. So:
//!
//! 1. When it is known until when the wait lasts, wasi-common is asked what is due then. The clock shows that instant meanwhile.
//!    That gives all events, with what the guest calls them.
//! 2. The policy chooses among them.
//! 3. A new list takes the place of the old one, of those events alone, each of which wasi-common finds due.

use std::time::Duration;

use cap_std::time::Instant as HostInstant;
use deterministic_core::{Event, EventKind, Instant};
use deterministic_wasi::{HostCall, Waiting};
use wasi_common::clocks::WasiMonotonicClock;
use wasi_common::sched::{RwEventFlags, Subscription, SubscriptionResult, Userdata};
use wasi_common::{Poll, WasiFile};

use crate::failure::{Failure, FailureKind};
use crate::instants;
use crate::shared::{Shared, lock};

/// Waits for what `poll` lists, and leaves what the guest is told in its place.
pub(crate) fn wait(shared: &Shared, poll: &mut Poll<'_>) -> Result<(), Failure> {
    let mut list = List::new(shared, std::mem::replace(poll, Poll::new()));
    shared.answer(HostCall::poll_oneoff, |state| {
        let deliver = state.time.wait(&mut list, HostCall::poll_oneoff, &state.calls)?;
        for event in state.time.ready().iter().take(deliver) {
            if let Some(found) = list.found.get(event.subscription() as usize) {
                found.tell(poll);
            }
        }
        complete(poll);
        state.time.forget_ready();
        Ok(())
    })
}

/// Every file is ready, whatever the host says: see the crate's front page. How many bytes, as wasi-common has it where it cannot say.
fn complete(poll: &mut Poll<'_>) {
    for subscription in poll.rw_subscriptions() {
        match subscription {
            Subscription::Read(read) => read.complete(1, RwEventFlags::empty()),
            Subscription::Write(write) => write.complete(0, RwEventFlags::empty()),
            Subscription::MonotonicClock(_) => {}
        }
    }
}

/// Something that is due.
struct Found<'a> {
    userdata: Userdata,
    what: What<'a>,
}

enum What<'a> {
    Timer,
    Read(&'a dyn WasiFile),
    Write(&'a dyn WasiFile),
}

impl<'a> Found<'a> {
    fn event(&self, place: u32, earliest: Instant) -> Event {
        let kind = match self.what {
            // Of several the others are due no earlier.
            What::Timer => EventKind::Timer { deadline: earliest },
            What::Read(_) => EventKind::Readable,
            What::Write(_) => EventKind::Writable,
        };
        Event::new(place, self.userdata.into(), kind)
    }

    fn tell(&self, poll: &mut Poll<'a>) {
        let (due, deadline) = (&AlwaysDue as &dyn WasiMonotonicClock, instants::beginning());
        match self.what {
            What::Timer => poll.subscribe_monotonic_clock(due, deadline, Duration::ZERO, self.userdata),
            What::Read(file) => poll.subscribe_read(file, self.userdata),
            What::Write(file) => poll.subscribe_write(file, self.userdata),
        }
    }
}

/// The clock of timers that were chosen.
struct AlwaysDue;

impl WasiMonotonicClock for AlwaysDue {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self, _precision: Duration) -> HostInstant {
        instants::beginning()
    }
}

/// What a guest waits for.
struct List<'s, 'a> {
    shared: &'s Shared,
    /// As wasi-common gave it, until it is asked what is due.
    poll: Option<Poll<'a>>,
    /// The files in it, in its order.
    files: Vec<&'a dyn WasiFile>,
    earliest: Option<Instant>,
    found: Vec<Found<'a>>,
}

impl<'s, 'a> List<'s, 'a> {
    fn new(shared: &'s Shared, mut poll: Poll<'a>) -> Self {
        let file = |subscription: &mut Subscription<'a>| match subscription {
            Subscription::Read(read) => Some(read.file),
            Subscription::Write(write) => Some(write.file),
            Subscription::MonotonicClock(_) => None,
        };
        let files = poll.rw_subscriptions().filter_map(file).collect();
        let earliest = poll.earliest_clock_deadline().map(|timer| instants::of_timeline(timer.deadline));
        List { shared, poll: Some(poll), files, earliest, found: Vec::new() }
    }

    /// Finds what is due at `at`.
    fn find(&mut self, at: Instant, ready: &mut Vec<Event>) {
        let Some(mut poll) = self.poll.take() else { return };
        complete(&mut poll);
        // A deadline behind the end of time counts as one at it.
        let shown = if at == Instant::MAX { instants::never() } else { instants::of_host(at) };
        *lock(&self.shared.shown) = Some(shown);
        let results = poll.results();
        *lock(&self.shared.shown) = None;
        let mut files = self.files.iter().copied();
        self.found = results
            .into_iter()
            .filter_map(|(result, userdata)| {
                let what = match result {
                    SubscriptionResult::MonotonicClock(_) => What::Timer,
                    SubscriptionResult::Read(_) => What::Read(files.next()?),
                    SubscriptionResult::Write(_) => What::Write(files.next()?),
                };
                Some(Found { userdata, what })
            })
            .collect();
        let earliest = self.earliest.unwrap_or(Instant::ZERO);
        ready.extend((0..).zip(&self.found).map(|(place, found)| found.event(place, earliest)));
    }
}

impl Waiting for List<'_, '_> {
    type Error = FailureKind;

    fn count(&self) -> usize {
        self.files.len() + usize::from(self.earliest.is_some())
    }

    fn look(&mut self, now: Instant, all_due: bool, ready: &mut Vec<Event>) -> Result<Option<Instant>, FailureKind> {
        let is_due = |earliest| all_due || earliest <= now;
        if self.files.is_empty() && !self.earliest.is_some_and(is_due) {
            return Ok(self.earliest);
        }
        self.find(if all_due { Instant::MAX } else { now }, ready);
        Ok(None)
    }

    fn look_again(&mut self, over: Instant, ready: &mut Vec<Event>) {
        self.find(over, ready);
    }

    fn describe(&self) -> String {
        "nothing".to_owned()
    }
}
