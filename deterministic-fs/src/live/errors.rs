//! The host's errors, as the guest's codes.

use std::io::{Error as HostError, ErrorKind};

use crate::error::{Error, ErrorCode};

impl ErrorCode {
    /// The code for what the host said. [`ErrorKind`] already has one name for what hosts number differently; numbers
    /// are looked at where it has none, or one for two situations.
    ///
    /// | host | code | why |
    /// |---|---|---|
    /// | `EACCES`, Windows' denials | `Access` | the host's permissions |
    /// | `EPERM`, a refusal without a number | `NotPermitted` | the sandbox refuses without a number; both say "never", not "not you" |
    /// | `EROFS` | `NotPermitted` | a read-only mount looks the same whoever enforces it |
    /// | `ENOENT`, Windows' invalid name | `NoEntry` | a name that cannot be has no object |
    /// | `EEXIST` | `Exist` | |
    /// | `ENOTDIR` | `NotDirectory` | |
    /// | `EISDIR` | `IsDirectory` | |
    /// | `ENOTEMPTY` | `NotEmpty` | some file systems say `EEXIST` when a directory is removed or replaced: the same there |
    /// | `ELOOP`, `EFTYPE`, Windows' stop on a link | `Loop` | BSDs have other numbers for a link where none may be followed, `EMLINK` too when it is opened |
    /// | `EMLINK` | `TooManyLinks` | |
    /// | `ENAMETOOLONG` | `NameTooLong` | |
    /// | `EILSEQ`, text that is not UTF-8 | `IllegalByteSequence` | |
    /// | `EINVAL`, a NUL byte, `ESPIPE` | `Invalid` | |
    /// | `EBADF` | `BadDescriptor` | |
    /// | `EOVERFLOW` | `Overflow` | |
    /// | `EFBIG` | `FileTooLarge` | |
    /// | `ENOSPC`, `EDQUOT` | `InsufficientSpace` | whose limit it is, is the host's affair |
    /// | `EXDEV` | `CrossDevice` | |
    /// | `EBUSY`, `ETXTBSY`, `EAGAIN` | `Busy` | somebody else has it; who, differs between hosts |
    /// | `ENOTSUP`, `EOPNOTSUPP`, `ENOSYS`, `ENXIO`, `ENODEV` | `Unsupported` | nothing that the guest could do differently; sockets and devices without a driver |
    /// | `EIO`, `ESTALE` and all others | `Io` | the host's trouble, not the guest's doing |
    /// | `ENOMEM`, `EMFILE`, `ENFILE` | `Io` | no guest is told: the operations give [`Error::Exhausted`] |
    ///
    /// `EINTR` is never seen: the call is made again.
    pub fn from_host(error: &HostError) -> ErrorCode {
        by_number(error).unwrap_or_else(|| match error.kind() {
            ErrorKind::NotFound => ErrorCode::NoEntry,
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => ErrorCode::NotPermitted,
            ErrorKind::PermissionDenied => ErrorCode::Access,
            ErrorKind::ReadOnlyFilesystem => ErrorCode::NotPermitted,
            ErrorKind::AlreadyExists => ErrorCode::Exist,
            ErrorKind::NotADirectory => ErrorCode::NotDirectory,
            ErrorKind::IsADirectory => ErrorCode::IsDirectory,
            ErrorKind::DirectoryNotEmpty => ErrorCode::NotEmpty,
            ErrorKind::TooManyLinks => ErrorCode::TooManyLinks,
            ErrorKind::InvalidFilename => ErrorCode::NameTooLong,
            ErrorKind::InvalidData => ErrorCode::IllegalByteSequence,
            ErrorKind::InvalidInput | ErrorKind::NotSeekable => ErrorCode::Invalid,
            ErrorKind::FileTooLarge => ErrorCode::FileTooLarge,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::InsufficientSpace,
            ErrorKind::CrossesDevices => ErrorCode::CrossDevice,
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy | ErrorKind::WouldBlock => ErrorCode::Busy,
            ErrorKind::Unsupported => ErrorCode::Unsupported,
            _ => ErrorCode::Io,
        })
    }
}

#[cfg(unix)]
fn by_number(error: &HostError) -> Option<ErrorCode> {
    use rustix::io::Errno;

    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd"))]
    if Errno::from_io_error(error) == Some(Errno::FTYPE) {
        return Some(ErrorCode::Loop);
    }
    Some(match Errno::from_io_error(error)? {
        Errno::PERM => ErrorCode::NotPermitted,
        Errno::LOOP => ErrorCode::Loop,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::ILSEQ => ErrorCode::IllegalByteSequence,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::OVERFLOW => ErrorCode::Overflow,
        Errno::DQUOT => ErrorCode::InsufficientSpace,
        Errno::NXIO | Errno::NODEV | Errno::NOTSUP => ErrorCode::Unsupported,
        _ => return None,
    })
}

#[cfg(windows)]
fn by_number(error: &HostError) -> Option<ErrorCode> {
    Some(match error.raw_os_error()? {
        6 => ErrorCode::BadDescriptor,   // ERROR_INVALID_HANDLE
        32 => ErrorCode::Access,         // ERROR_SHARING_VIOLATION, as wasmtime-wasi
        111 => ErrorCode::NameTooLong,   // ERROR_BUFFER_OVERFLOW
        123 => ErrorCode::NoEntry,       // ERROR_INVALID_NAME
        681 => ErrorCode::Loop,          // ERROR_STOPPED_ON_SYMLINK
        1314 => ErrorCode::NotPermitted, // ERROR_PRIVILEGE_NOT_HELD
        4390 => ErrorCode::Invalid,      // ERROR_NOT_A_REPARSE_POINT
        _ => return None,
    })
}

/// The host's error for the guest, or for the embedder if the host has run out of something.
pub(super) fn host(error: HostError) -> Error {
    let code = ErrorCode::from_host(&error);
    code_or(error, |_| code)
}

/// The same with another code.
pub(super) fn code_or(error: HostError, code: impl FnOnce(ErrorCode) -> ErrorCode) -> Error {
    match exhausted(&error) {
        Some(what) => Error::Exhausted { what, reason: error.to_string() },
        None => code(ErrorCode::from_host(&error)).into(),
    }
}

/// What the host has no more of. The room for files is not among it: that is the guest's affair.
fn exhausted(error: &HostError) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use rustix::io::Errno;

        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE) => return Some("file descriptors"),
            Some(Errno::NOMEM) => return Some("memory"),
            _ => {}
        }
    }
    #[cfg(windows)]
    match error.raw_os_error() {
        Some(4) => return Some("file descriptors"),   // ERROR_TOO_MANY_OPEN_FILES
        Some(8 | 14 | 1450) => return Some("memory"), // ERROR_NOT_ENOUGH_MEMORY, _OUTOFMEMORY, _NO_SYSTEM_RESOURCES
        _ => {}
    }
    (error.kind() == ErrorKind::OutOfMemory).then_some("memory")
}

/// What the host gave; `None` where a code says that it has none, whatever code.
pub(super) fn if_any<T>(result: std::io::Result<T>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match host(error) {
            Error::Code(_) => Ok(None),
            exhausted => Err(exhausted),
        },
    }
}

/// The same where a directory was to go: file systems disagree on which of the two codes says that it has entries.
pub(super) fn directory_in_the_way(error: HostError) -> Error {
    code_or(error, |code| if code == ErrorCode::Exist { ErrorCode::NotEmpty } else { code })
}

/// Makes a call of the host again for as long as a signal interrupts it.
pub(super) fn retry<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
