//! What the host says, in the guest's words.

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
    /// | `EIO`, `ENOMEM`, `EMFILE`, `ENFILE`, `ESTALE` and all others | `Io` | the host's trouble, not the guest's doing |
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

/// The host's error for the guest.
pub(super) fn host(error: HostError) -> Error {
    ErrorCode::from_host(&error).into()
}

/// The same where a directory was to go: file systems disagree on which of the two codes says that it has entries.
pub(super) fn directory_in_the_way(error: HostError) -> Error {
    match ErrorCode::from_host(&error) {
        ErrorCode::Exist => ErrorCode::NotEmpty,
        code => code,
    }
    .into()
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
