use std::io::{Error as HostError, ErrorKind};

use rustix::io::Errno;

use super::*;

#[test]
fn each_row_of_the_table() {
    use ErrorCode::*;

    for (number, code) in [
        (Errno::ACCESS, Access),
        (Errno::PERM, NotPermitted),
        (Errno::ROFS, NotPermitted),
        (Errno::NOENT, NoEntry),
        (Errno::EXIST, Exist),
        (Errno::NOTDIR, NotDirectory),
        (Errno::ISDIR, IsDirectory),
        (Errno::NOTEMPTY, NotEmpty),
        (Errno::LOOP, Loop),
        (Errno::MLINK, TooManyLinks),
        (Errno::NAMETOOLONG, NameTooLong),
        (Errno::ILSEQ, IllegalByteSequence),
        (Errno::INVAL, Invalid),
        (Errno::SPIPE, Invalid),
        (Errno::BADF, BadDescriptor),
        (Errno::OVERFLOW, Overflow),
        (Errno::FBIG, FileTooLarge),
        (Errno::NOSPC, InsufficientSpace),
        (Errno::DQUOT, InsufficientSpace),
        (Errno::XDEV, CrossDevice),
        (Errno::BUSY, Busy),
        (Errno::TXTBSY, Busy),
        (Errno::AGAIN, Busy),
        (Errno::NOTSUP, Unsupported),
        (Errno::OPNOTSUPP, Unsupported),
        (Errno::NOSYS, Unsupported),
        (Errno::NXIO, Unsupported),
        (Errno::NODEV, Unsupported),
        (Errno::IO, Io),
        (Errno::NOMEM, Io),
        (Errno::MFILE, Io),
        (Errno::NFILE, Io),
        (Errno::STALE, Io),
        (Errno::PIPE, Io),
        (Errno::TIMEDOUT, Io),
    ] {
        assert_eq!(ErrorCode::from_host(&number.into()), code, "{number}");
    }
    // Without a number: cap-std's own, and the standard library's.
    for (kind, code) in [
        (ErrorKind::PermissionDenied, NotPermitted),
        (ErrorKind::InvalidInput, Invalid),
        (ErrorKind::InvalidData, IllegalByteSequence),
        (ErrorKind::NotFound, NoEntry),
        (ErrorKind::Other, Io),
    ] {
        assert_eq!(ErrorCode::from_host(&HostError::from(kind)), code, "{kind}");
    }
    // No number that there is makes it panic.
    for number in -1..5000 {
        ErrorCode::from_host(&HostError::from_raw_os_error(number));
    }
}
