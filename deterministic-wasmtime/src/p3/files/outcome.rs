//! How a stream ended: known to the stream, and told to a future.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use wasmtime_wasi::p3::bindings::filesystem::types::ErrorCode;

/// What a future of the interface resolves to.
pub(super) type Ended = Result<(), ErrorCode>;

/// The end of a stream. A clone is the same end.
#[derive(Clone, Default)]
pub(super) struct Outcome(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ended: Option<Ended>,
    waker: Option<Waker>,
}

impl Outcome {
    /// Says how it ended, unless that was said before.
    pub(super) fn set(&self, ended: Ended) {
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

impl Future for Outcome {
    type Output = wasmtime::Result<Ended>;

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
