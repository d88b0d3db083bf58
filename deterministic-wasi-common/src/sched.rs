//! wasi-common's scheduler: what its guest waits for goes to the timeline's one wait.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deterministic_core::{Event, EventKind, Instant};
use deterministic_wasi::{HostCall, Waiting, after};
use wasi_common::{Error, Poll, WasiSched};

use crate::failure::FailureKind;
use crate::poll;
use crate::shared::Shared;

pub(crate) struct Sched(pub(crate) Arc<Shared>);

#[async_trait]
impl WasiSched for Sched {
    async fn poll_oneoff<'a>(&self, poll: &mut Poll<'a>) -> Result<(), Error> {
        poll::wait(&self.0, poll).map_err(|failure| failure.trap())
    }

    async fn sched_yield(&self) -> Result<(), Error> {
        let yielded = self.0.answer(HostCall::sched_yield, |state| Ok(state.time.yielded()?));
        yielded.map_err(|failure| failure.trap())
    }

    /// wasi-common calls this for a list of one timeout.
    async fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let mut sleep = Sleep { nanos: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), start: Instant::ZERO };
        let slept = self.0.answer(HostCall::poll_oneoff, |state| {
            state.time.wait(&mut sleep, HostCall::poll_oneoff, &state.calls)?;
            state.time.forget_ready();
            Ok(())
        });
        slept.map_err(|failure| failure.trap())
    }
}

/// One timeout, of which wasi-common keeps what the guest calls it.
struct Sleep {
    nanos: u64,
    /// What it counts from.
    start: Instant,
}

impl Sleep {
    fn event(&self, start: Instant) -> Event {
        Event::new(0, 0, EventKind::Timer { deadline: after(start, self.nanos) })
    }
}

impl Waiting for Sleep {
    type Error = FailureKind;

    fn count(&self) -> usize {
        1
    }

    fn look(&mut self, now: Instant, all_due: bool, ready: &mut Vec<Event>) -> Result<Option<Instant>, FailureKind> {
        self.start = now;
        let deadline = after(now, self.nanos);
        if deadline > now && !all_due {
            return Ok(Some(deadline));
        }
        ready.push(self.event(now));
        Ok(None)
    }

    fn look_again(&mut self, _over: Instant, ready: &mut Vec<Event>) {
        ready.push(self.event(self.start));
    }

    fn describe(&self) -> String {
        "a timeout".to_owned()
    }

    /// At the end of time a timeout of nothing has the same deadline as any other, unless it is counted from a little before.
    fn kind_before(&self, _event: &Event, before: Instant) -> EventKind {
        self.event(self.start.min(before)).kind()
    }
}
