//! What keeps a call from succeeding: an errno for the guest, or something that ends it.

use deterministic_core::PolicyError;
use deterministic_fs::ErrorCode;

use crate::Error;
use crate::held::Exceeded;
use crate::p1::GuestError;

pub use crate::p1::Errno;

/// What keeps a call from succeeding.
#[derive(Debug)]
pub enum Fault {
    /// The guest is told so, and goes on.
    Errno(Errno),
    /// The guest ends.
    Trap(Trap),
}

/// What a call gives.
pub type Answer<T = ()> = Result<T, Fault>;

/// What ends a guest. One word, since every call may give it and hardly any does.
#[derive(Debug)]
pub struct Trap(Box<TrapKind>);

/// The kinds of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrapKind {
    /// The guest exits, with this status.
    #[error("the guest exits with status {0}")]
    Exit(i32),
    /// WASI ends it.
    #[error(transparent)]
    Error(Error),
    /// A policy cannot answer.
    #[error(transparent)]
    Policy(PolicyError),
    /// An argument or a pointer of the guest's is not valid.
    #[error(transparent)]
    Guest(GuestError),
    /// What the embedder's own stream says.
    #[error(transparent)]
    Embedder(Box<dyn std::error::Error + Send + Sync>),
}

impl Trap {
    /// What it is.
    pub fn kind(&self) -> &TrapKind {
        &self.0
    }

    /// The same, to be kept.
    pub fn into_kind(self) -> TrapKind {
        *self.0
    }
}

impl From<TrapKind> for Trap {
    #[cold]
    fn from(kind: TrapKind) -> Self {
        Trap(Box::new(kind))
    }
}

impl From<Trap> for Fault {
    fn from(trap: Trap) -> Self {
        Fault::Trap(trap)
    }
}

impl From<TrapKind> for Fault {
    #[cold]
    fn from(kind: TrapKind) -> Self {
        Fault::Trap(kind.into())
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Fault::Errno(errno)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        TrapKind::Error(error).into()
    }
}

impl From<PolicyError> for Fault {
    fn from(error: PolicyError) -> Self {
        TrapKind::Policy(error).into()
    }
}

/// A pointer outside of the memory or misaligned traps, as on stock, where `impl From<GuestError> for types::Error` in
/// wasmtime-wasi's `p1.rs` says so; and so does an argument that its type does not have. A value within a record that its type does
/// not have is `EINVAL` there: whoever reads one says so instead of passing on this error.
impl From<GuestError> for Fault {
    fn from(error: GuestError) -> Self {
        TrapKind::Guest(error).into()
    }
}

/// What the guest holds is too much.
impl From<Exceeded> for Fault {
    fn from(_: Exceeded) -> Self {
        Errno::Nomem.into()
    }
}

impl From<deterministic_fs::Error> for Fault {
    fn from(error: deterministic_fs::Error) -> Self {
        match error {
            deterministic_fs::Error::Code(code) => code.into(),
            other => Error::Files(other).into(),
        }
    }
}

impl From<ErrorCode> for Fault {
    fn from(code: ErrorCode) -> Self {
        Fault::Errno(match code {
            ErrorCode::Access => Errno::Acces,
            ErrorCode::BadDescriptor => Errno::Badf,
            ErrorCode::Busy => Errno::Busy,
            ErrorCode::CrossDevice => Errno::Xdev,
            ErrorCode::Exist => Errno::Exist,
            ErrorCode::FileTooLarge => Errno::Fbig,
            ErrorCode::IllegalByteSequence => Errno::Ilseq,
            ErrorCode::InsufficientSpace => Errno::Nospc,
            ErrorCode::Invalid => Errno::Inval,
            ErrorCode::IsDirectory => Errno::Isdir,
            ErrorCode::Loop => Errno::Loop,
            ErrorCode::NameTooLong => Errno::Nametoolong,
            ErrorCode::NoEntry => Errno::Noent,
            ErrorCode::NotDirectory => Errno::Notdir,
            ErrorCode::NotEmpty => Errno::Notempty,
            ErrorCode::NotPermitted => Errno::Perm,
            ErrorCode::Overflow => Errno::Overflow,
            ErrorCode::TooManyLinks => Errno::Mlink,
            ErrorCode::Unsupported => Errno::Notsup,
            _ => Errno::Io,
        })
    }
}
