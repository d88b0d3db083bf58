//! Streams of the embedder's own, and what a guest may make the host hold.

use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use deterministic_wasmi::core::Policies;
use deterministic_wasmi::engine::{Fault, fault_of};
use deterministic_wasmi::wasi::TrapKind;
use deterministic_wasmi::wasi::p1::{InMemory, Input, Output, Pending, StreamError, StreamResult};
use deterministic_wasmi::{Ended, P1Ctx};

use crate::sides::Engines;

/// Has nothing until it is waited for; then another thread wakes who waits.
struct Late(Option<Bytes>);

/// Pending once, and woken by another thread.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        std::thread::spawn(move || waker.wake());
        Poll::Pending
    }
}

impl Input for Late {
    fn read(&mut self, _: usize) -> StreamResult<Bytes> {
        if self.0.is_some() { Ok(Bytes::new()) } else { Err(StreamError::Closed) }
    }

    fn blocking_read(&mut self, _: usize) -> Pending<'_, StreamResult<Bytes>> {
        Box::pin(async {
            Once(false).await;
            self.0.take().ok_or(StreamError::Closed)
        })
    }

    fn is_ready(&mut self) -> bool {
        false
    }
}

/// Keeps what is written where others see it, or ends the guest.
#[derive(Clone)]
struct Shared(Arc<Mutex<Vec<u8>>>, bool);

impl Output for Shared {
    fn write(&mut self, bytes: Bytes) -> StreamResult<Option<Bytes>> {
        if self.1 {
            return Err(StreamError::Trap("the embedder has enough".into()));
        }
        self.0.lock().unwrap().extend_from_slice(&bytes);
        Ok(None)
    }

    fn blocking_write_and_flush(&mut self, _: Bytes) -> Pending<'_, StreamResult<()>> {
        Box::pin(ready(Ok(())))
    }

    fn is_ready(&mut self) -> bool {
        true
    }
}

fn echo(ctx: P1Ctx) -> Result<(), wasmi::Error> {
    let engines = Engines::new();
    let module = wasmi::Module::new(engines.wasmi.engine(), test_programs::RUST_STDIN_ECHO.wasm).unwrap();
    let mut store = wasmi::Store::new(engines.wasmi.engine(), ctx);
    let instance = engines.wasmi.instantiate_and_start(&mut store, &module).unwrap();
    instance.get_typed_func::<(), ()>(&store, "_start").unwrap().call(&mut store, ())
}

#[test]
fn a_stream_that_makes_one_wait_is_waited_for() {
    let written = Shared(Arc::default(), false);
    let late = Late(Some("late input".into()));
    echo(P1Ctx::new(Policies::default()).stdin_from(late).stdout_to(written.clone())).unwrap();
    let expected = Shared(Arc::default(), false);
    echo(P1Ctx::new(Policies::default()).stdin_from(InMemory::new("late input")).stdout_to(expected.clone())).unwrap();
    assert_eq!(*written.0.lock().unwrap(), *expected.0.lock().unwrap());
    assert!(!written.0.lock().unwrap().is_empty());
}

#[test]
fn an_embedder_ends_a_guest_with_its_own_error() {
    let error = echo(P1Ctx::new(Policies::default()).stdin("x").stdout_to(Shared(Arc::default(), true))).unwrap_err();
    let ended: &Ended = error.downcast_ref().unwrap();
    assert!(matches!(ended.kind(), TrapKind::Embedder(error) if error.to_string() == "the embedder has enough"));
    assert_eq!(fault_of(&error), Fault::Machine);
}
