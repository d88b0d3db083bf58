//! What a guest writes to a standard stream that the context keeps.

use std::pin::Pin;
use std::task::{Context, Poll};

use deterministic_wasi::{Captured, Charge, HANDLE, StandardOutput};
use wasmtime::component::{FutureReader, Source, StreamConsumer, StreamReader, StreamResult};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::p3::bindings::cli::types::ErrorCode;

use crate::p3::Outcome;
use crate::{DeterministicView, Error};

type Ended = Result<(), ErrorCode>;

/// Takes what comes, at once.
struct Writing {
    which: StandardOutput,
    outcome: Outcome<ErrorCode>,
    _held: Charge,
}

/// Has the context keep `data`.
pub(super) fn capture<T: DeterministicView + 'static>(
    mut store: StoreContextMut<'_, T>,
    data: StreamReader<u8>,
    which: StandardOutput,
) -> Result<FutureReader<Ended>> {
    let outcome = Outcome::default();
    let held = store.data_mut().deterministic_view().ctx.held.account().charge(HANDLE).map_err(Error::from)?;
    data.pipe(&mut store, Writing { which, outcome: outcome.clone(), _held: held })?;
    FutureReader::new(&mut store, outcome)
}

impl<T: DeterministicView + 'static> StreamConsumer<T> for Writing {
    type Item = u8;

    fn poll_consume(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'_, T>,
        source: Source<'_, u8>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        // The guest's memory is borrowed from the store, too.
        let place = |store: &mut StoreContextMut<'_, T>, captured: Option<Captured>| {
            std::mem::replace(&mut store.data_mut().deterministic_view().ctx.streams.captured, captured)
        };
        let Some(mut captured) = place(&mut store, None) else { return Poll::Ready(Ok(StreamResult::Dropped)) };
        let mut source = source.as_direct(store.as_context_mut());
        let bytes = source.remaining();
        let (asked, taken) = (bytes.len(), captured.take(self.which, bytes));
        if let Ok(taken) = &taken {
            source.mark_read(*taken);
        }
        place(&mut store, Some(captured));
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => return Poll::Ready(Err(error.into())),
        };
        Poll::Ready(Ok(if taken < asked {
            self.outcome.set(Err(ErrorCode::Io));
            StreamResult::Dropped
        } else {
            StreamResult::Completed
        }))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.outcome.set(Ok(()));
    }
}
