//! What ends a guest, as Wasmtime's error.

use deterministic_wasi::{Trap, TrapKind};
use wasmtime::Error;
use wasmtime_wasi::I32Exit;

/// The error with which a call into the guest then returns.
#[cold]
pub(crate) fn end(trap: Trap) -> Error {
    match trap.into_kind() {
        TrapKind::Exit(status) => I32Exit(status).into(),
        TrapKind::Error(error) => error.into(),
        TrapKind::Policy(error) => error.into(),
        TrapKind::Guest(error) => error.into(),
        TrapKind::Embedder(error) => match error.downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(error) => Error::from_boxed(error),
        },
        other => Error::msg(format!("{other:?}")),
    }
}

/// An error of Wasmtime's on its way through what knows no runtime.
#[derive(Debug)]
pub(crate) struct Carried(pub(crate) Error);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Carried {}
