//! How a stream ended: known to the stream, and told to a future.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The end of a stream, which may be an error `E` of an interface. A clone is the same end.
pub(crate) struct Outcome<E>(Arc<Mutex<State<E>>>);

struct State<E> {
    ended: Option<Result<(), E>>,
    waker: Option<Waker>,
}

impl<E> Clone for Outcome<E> {
    fn clone(&self) -> Self {
        Outcome(self.0.clone())
    }
}

impl<E> Default for Outcome<E> {
    fn default() -> Self {
        Outcome(Arc::new(Mutex::new(State { ended: None, waker: None })))
    }
}

impl<E> Outcome<E> {
    /// Says how it ended, unless that was said before.
    pub(crate) fn set(&self, ended: Result<(), E>) {
        let waker = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended.get_or_insert(ended);
            state.waker.take()
        };
        // Outside of the lock: a waker may run anything.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<E: Clone> Future for Outcome<E> {
    type Output = wasmtime::Result<Result<(), E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.ended {
            Some(ended) => Poll::Ready(Ok(ended.clone())),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
