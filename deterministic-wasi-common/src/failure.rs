//! Why a guest was ended.

use std::fmt;
use std::sync::Arc;

use deterministic_core::PolicyError;
use deterministic_wasi::Error;

/// Why the context ended its guest, or no longer answers it. A clone is the same one.
///
/// wasi-common hands it on inside its own error, of which wasmi_wasi keeps the text only: [`Handle::failure`](crate::Handle::failure)
/// has it in any case.
#[derive(Clone, Debug)]
pub struct Failure(Arc<FailureKind>);

/// The kinds of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FailureKind {
    /// WASI ends it: it waits for ever, in most cases. The error says what to do.
    #[error(transparent)]
    Wasi(#[from] Error),
    /// A policy cannot answer, or refuses to. The error says what to do.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Failure {
    /// What it is.
    pub fn kind(&self) -> &FailureKind {
        &self.0
    }

    /// The same as wasi-common hands it on: it ends the guest.
    pub(crate) fn trap(&self) -> wasi_common::Error {
        wasi_common::Error::trap(anyhow::Error::new(self.clone()))
    }
}

impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Self {
        Failure(Arc::new(kind))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
