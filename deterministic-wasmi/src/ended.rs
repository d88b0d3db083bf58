//! What ends a guest, as wasmi's error.

use deterministic_wasi::{Error, Trap, TrapKind};
use wasmi::errors::HostError;

/// Why a function of WASI ended the guest, but for its exit: that is wasmi's own, `wasmi::Error::i32_exit_status`.
///
/// ```
/// use deterministic_wasmi::wasi::TrapKind;
/// use deterministic_wasmi::{Ended, Error};
///
/// # let error = wasmi::Error::host(Ended::from(Error::NoMemory));
/// // What a call into the guest gave:
/// let ended: &Ended = error.downcast_ref().expect("WASI ended it");
/// assert!(matches!(ended.kind(), TrapKind::Error(Error::NoMemory)));
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Ended(#[from] TrapKind);

impl Ended {
    /// What it is.
    pub fn kind(&self) -> &TrapKind {
        &self.0
    }

    /// The same, to be kept.
    pub fn into_kind(self) -> TrapKind {
        self.0
    }
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended(TrapKind::Error(error))
    }
}

impl HostError for Ended {}

/// The error with which a call into the guest then returns.
#[cold]
pub(crate) fn end(trap: Trap) -> wasmi::Error {
    match trap.into_kind() {
        TrapKind::Exit(status) => wasmi::Error::i32_exit(status),
        kind => wasmi::Error::host(Ended(kind)),
    }
}
