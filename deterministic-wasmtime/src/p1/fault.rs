//! What keeps a call from succeeding: an errno for the guest, or an error that ends it.

use deterministic_fs::ErrorCode;
use wasmtime::Result;
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p2::StreamError;
use wiggle::GuestError;

use crate::Error;
use crate::held::Exceeded;

#[derive(Debug)]
pub(super) enum Fault {
    Errno(Errno),
    Trap(wasmtime::Error),
}

pub(super) type Answer<T = ()> = std::result::Result<T, Fault>;

/// What the guest gets.
#[inline]
pub(super) fn lower(answer: Answer) -> Result<i32> {
    match answer {
        Ok(()) => Ok(Errno::Success as i32),
        Err(Fault::Errno(errno)) => Ok(errno as i32),
        Err(Fault::Trap(error)) => Err(error),
    }
}

/// An argument that its type does not have traps, as on stock.
pub(super) fn argument<T, E: Into<GuestError>>(converted: std::result::Result<T, E>) -> Answer<T> {
    converted.map_err(|error| Fault::Trap(error.into().into()))
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Fault::Errno(errno)
    }
}

/// The source of the division is `impl From<GuestError> for types::Error` in wasmtime-wasi's `p1.rs`: a pointer outside of
/// the memory or misaligned traps, a value that the type does not have is an errno.
impl From<GuestError> for Fault {
    fn from(error: GuestError) -> Self {
        match error {
            GuestError::InvalidFlagValue(_) | GuestError::InvalidEnumValue(_) => Errno::Inval.into(),
            GuestError::InvalidUtf8(_) => Errno::Ilseq.into(),
            GuestError::TryFromIntError(_) => Errno::Overflow.into(),
            GuestError::SliceLengthsDiffer => Errno::Fault.into(),
            GuestError::InFunc { err, .. } => (*err).into(),
            trap => Fault::Trap(trap.into()),
        }
    }
}

/// What the guest holds is too much.
impl From<Exceeded> for Fault {
    fn from(_: Exceeded) -> Self {
        Errno::Nomem.into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Trap(error.into())
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

/// An error of a standard stream. A host's own error has the code that a file would have.
impl From<StreamError> for Fault {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed => Errno::Io.into(),
            StreamError::LastOperationFailed(error) => match error.downcast_ref::<std::io::Error>() {
                Some(error) => ErrorCode::from_host(error).into(),
                None => Errno::Io.into(),
            },
            StreamError::Trap(error) => Fault::Trap(error),
        }
    }
}
