//! When time may pass: the queue of a store's waits, and the executor that notices that nothing else can go on.
//!
//! 1. A guest's task waits: its future takes a place in the queue, and is pending.
//! 2. [`drive`] polls the call into the guest until it is pending and no waker was called meanwhile. No task can go on.
//! 3. It wakes the first in the queue as the leader. That one has access to the store: it moves the timeline to the earliest
//!    deadline, and asks the scheduler which of the waits that are then due end, and in which order.
//! 4. Those end one by one, the next when again nothing else can go on: woken together, a guest would see them in the order
//!    of their handles.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use deterministic_core::{Event, EventKind, Instant};
use wasmtime_wasi::runtime::with_ambient_tokio_runtime;

use crate::Error;

/// The queue of a store's waits. A clone is another handle to the same queue; get one from
/// [`DeterministicCtx::waits`](crate::DeterministicCtx::waits) before the store is lent to the call.
#[derive(Clone, Debug, Default)]
pub struct Waits(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    /// How many [`drive`] calls are under way.
    drivers: usize,
    /// The next place's number, which also orders places with equal deadlines.
    next: u64,
    /// Places by deadline, then by age.
    waiting: BTreeMap<(Instant, u64), State>,
    /// The places that the scheduler ended and that do not know yet, in its order.
    ending: VecDeque<(Instant, u64)>,
    /// The places of calls that wait on the stack of the host, the innermost last: see [`beside`].
    stacked: Vec<(Instant, u64)>,
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Leading,
    Over,
}

/// What a wait learns when it is woken.
pub(crate) enum Turn {
    /// Its time has come.
    Over,
    /// It is the first in the queue or waits on the host's stack, and nothing else can go on.
    Lead,
}

/// A place in the queue, given up when dropped.
pub(crate) struct Place {
    waits: Waits,
    key: (Instant, u64),
}

impl Waits {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enqueue(&self, deadline: Instant) -> Result<Place, Error> {
        let mut queue = self.queue();
        if queue.drivers == 0 {
            return Err(Error::NotDriven);
        }
        let key = (deadline, queue.next);
        queue.next += 1;
        queue.waiting.insert(key, State::Waiting(None));
        Ok(Place { waits: self.clone(), key })
    }

    /// Whether a call on the host's stack can wait [`beside`] what else there is in the store.
    pub(crate) fn may_wait_beside(&self) -> bool {
        let queue = self.queue();
        queue.drivers > 0 && queue.stacked.len() < MAX_STACKED
    }

    /// The first deadline in the queue, of the waits that were not told that they are over.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        let queue = self.queue();
        let mut waiting = queue.waiting.iter().filter(|(_, state)| !matches!(state, State::Over));
        waiting.next().map(|((deadline, _), _)| *deadline)
    }

    /// The waits that are over at `now`, in the order of their deadlines, then of their age. Those that were told so
    /// already are not among them.
    pub(crate) fn due(&self, now: Instant) -> Vec<Event> {
        let queue = self.queue();
        let due = queue.waiting.range(..=(now, u64::MAX)).filter(|(_, state)| !matches!(state, State::Over));
        (0..)
            .zip(due)
            .map(|(position, ((deadline, number), _))| {
                Event::new(position, *number, EventKind::Timer { deadline: *deadline })
            })
            .collect()
    }

    /// Ends the waits, in this order. The others stay in the queue, due.
    pub(crate) fn end<'a>(&self, events: impl Iterator<Item = &'a Event>) {
        let keys = events.filter_map(|event| match event.kind() {
            EventKind::Timer { deadline } => Some((deadline, event.id())),
            _ => None,
        });
        self.queue().ending.extend(keys);
        self.end_next();
    }

    /// Tells the next of the waits that were ended; `false` if there is none.
    fn end_next(&self) -> bool {
        loop {
            let waker = {
                let mut queue = self.queue();
                let Some(key) = queue.ending.pop_front() else { return false };
                // One that was given up meanwhile is not there any more.
                let Some(state) = queue.waiting.get_mut(&key) else { continue };
                match std::mem::replace(state, State::Over) {
                    State::Waiting(waker) => waker,
                    // The leader looks for itself when it has ended its peers.
                    State::Leading | State::Over => None,
                }
            };
            // Outside of the lock: a waker may run anything.
            if let Some(waker) = waker {
                waker.wake();
            }
            return true;
        }
    }

    /// Wakes the leader; `false` if there is none. It is the innermost call that waits on the host's stack, since nothing below
    /// is looked at until that is over, or else the first in the queue.
    fn lead(&self) -> bool {
        let waker = {
            let mut queue = self.queue();
            let leader = queue.stacked.last().or_else(|| queue.waiting.keys().next()).copied();
            let Some(state) = leader.and_then(|leader| queue.waiting.get_mut(&leader)) else { return false };
            match std::mem::replace(state, State::Leading) {
                State::Waiting(waker) => waker,
                // It was told already and has not looked: nothing will make it.
                State::Leading | State::Over => return false,
            }
        };
        waker.map(Waker::wake).is_some()
    }
}

impl Place {
    /// Whether the event is that of this place.
    pub(crate) fn is(&self, event: &Event) -> bool {
        (event.kind(), event.id()) == (EventKind::Timer { deadline: self.key.0 }, self.key.1)
    }

    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Turn> {
        let mut queue = self.waits.queue();
        match queue.waiting.get_mut(&self.key) {
            Some(State::Over) | None => Poll::Ready(Turn::Over),
            Some(state @ State::Leading) => {
                *state = State::Waiting(None);
                Poll::Ready(Turn::Lead)
            }
            Some(State::Waiting(waker)) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waits.queue().waiting.remove(&self.key);
    }
}

/// Notes that something was woken.
#[derive(Default)]
struct Notice(AtomicBool);

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Counts as a driver while it lives.
struct Driver<'a>(&'a Waits);

impl<'a> Driver<'a> {
    fn new(waits: &'a Waits) -> Self {
        waits.queue().drivers += 1;
        Driver(waits)
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.0.queue().drivers -= 1;
    }
}

/// Runs a call into a store's guests to its end, letting time pass whenever nothing else can go on.
///
/// `future` is the call: `store.run_concurrent(…)`, `func.call_async(…)`, `linker.instantiate_async(…)`. It needs no
/// particular executor. Everything that it waits for must be in the store: a host function of the embedder's own that
/// is woken from elsewhere would decide an order by the host's timing, and counts as a deadlock.
///
/// ```no_run
/// # async fn run<T: deterministic_wasmtime::DeterministicView>(
/// #     mut store: wasmtime::Store<T>, function: wasmtime::component::TypedFunc<(), ()>,
/// # ) -> wasmtime::Result<()> {
/// use deterministic_wasmtime::p3;
///
/// let waits = store.data_mut().deterministic_view().ctx.waits();
/// p3::drive(&waits, function.call_async(&mut store, ())).await??;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Deadlock`] if the call can never end.
pub async fn drive<F: Future>(waits: &Waits, future: F) -> Result<F::Output, Error> {
    run(waits, future)
}

/// [`drive`], from a synchronous function. It blocks on nothing: what a call waits for is in its store, so that the call
/// goes on, and time passes, until it ends. So this may be called anywhere, within an asynchronous function too.
///
/// # Errors
///
/// As [`drive`].
pub fn block_on<F: Future>(waits: &Waits, future: F) -> Result<F::Output, Error> {
    // Streams of the embedder's that start tasks look for a runtime.
    with_ambient_tokio_runtime(|| run(waits, future))
}

/// How many calls may wait on the host's stack at a time. Each keeps a stack of the guest's; one more waits alone, as if nothing
/// else could go on.
const MAX_STACKED: usize = 256;

/// Runs to its end what goes on in a store at the same time as a call of the guest's that waits at `place`: a function that is not
/// asynchronous to the guest cannot give the store away while it waits, but can run what else there is in it meanwhile.
///
/// `future` is a `run_concurrent` that is over when the place is. What is started in it and not over goes on after it. Of several
/// that wait so, the last one ends first, even if it is due later.
pub(crate) fn beside<F: Future>(place: &Place, future: F) -> Result<F::Output, Error> {
    /// Takes the place from the stack again.
    struct Stacked<'a>(&'a Waits);

    impl Drop for Stacked<'_> {
        fn drop(&mut self) {
            self.0.queue().stacked.pop();
        }
    }

    let waits = &place.waits;
    waits.queue().stacked.push(place.key);
    let _stacked = Stacked(waits);
    run(waits, future)
}

fn run<F: Future>(waits: &Waits, future: F) -> Result<F::Output, Error> {
    let _driver = Driver::new(waits);
    let notice = Arc::new(Notice::default());
    let waker = Waker::from(notice.clone());
    // tokio makes its channels pretend to be pending once a task has used them much; that is not a standstill.
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        notice.0.store(false, Ordering::Release);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(output);
        }
        // One that is woken sets the notice, too.
        if notice.0.load(Ordering::Acquire) || waits.end_next() || waits.lead() {
            continue;
        }
        let waiting_for = "something that no task of it and no timer can bring about".to_owned();
        let at = waits.earliest().unwrap_or_default();
        return Err(Error::Deadlock { waiting_for, at });
    }
}
