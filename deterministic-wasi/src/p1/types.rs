//! The types of WASI 0.1, as its specification (`wasi_snapshot_preview1.witx`) has them.
//!
//! An argument that its type does not have traps, as on stock.

use super::guest::GuestError;

/// What a call of WASI 0.1 says. `wasi_unstable` has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
#[expect(missing_docs, reason = "the names are POSIX's")]
#[rustfmt::skip]
pub enum Errno {
    Success, TooBig, Acces, Addrinuse, Addrnotavail, Afnosupport, Again, Already, Badf, Badmsg, Busy, Canceled, Child, Connaborted,
    Connrefused, Connreset, Deadlk, Destaddrreq, Dom, Dquot, Exist, Fault, Fbig, Hostunreach, Idrm, Ilseq, Inprogress, Intr, Inval,
    Io, Isconn, Isdir, Loop, Mfile, Mlink, Msgsize, Multihop, Nametoolong, Netdown, Netreset, Netunreach, Nfile, Nobufs, Nodev,
    Noent, Noexec, Nolck, Nolink, Nomem, Nomsg, Noprotoopt, Nospc, Nosys, Notconn, Notdir, Notempty, Notrecoverable, Notsock,
    Notsup, Notty, Nxio, Overflow, Ownerdead, Perm, Pipe, Proto, Protonosupport, Prototype, Range, Rofs, Spipe, Srch, Stale,
    Timedout, Txtbsy, Xdev, Notcapable,
}

/// What kind of object a descriptor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SymbolicLink = 7,
}

/// Where a seek counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whence {
    Set,
    Cur,
    End,
}

/// A value of an enumeration with `count` members, which is numbered from 0.
pub(super) fn member(value: i32, count: u32, of: &'static str) -> Result<u32, GuestError> {
    Some(value as u32).filter(|value| *value < count).ok_or(GuestError::InvalidEnumValue(of))
}

pub(super) const ADVICE: (u32, &str) = (6, "advice");
pub(super) const SIGNAL: (u32, &str) = (31, "signal");

/// Flags with their checked conversion from an argument of the guest's.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident($bits:ty) from $argument:ty, $text:literal { $($flag:ident = $value:expr;)* })*) => {$(
        bitflags::bitflags! {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(super) struct $name: $bits { $(const $flag = $value;)* }
        }

        impl TryFrom<$argument> for $name {
            type Error = GuestError;

            fn try_from(argument: $argument) -> Result<Self, GuestError> {
                let bits = <$bits>::try_from(argument).ok();
                bits.and_then($name::from_bits).ok_or(GuestError::InvalidFlagValue($text))
            }
        }
    )*};
}

flags! {
    /// Of a descriptor.
    Fdflags(u16) from i32, "fdflags" { APPEND = 1; DSYNC = 2; NONBLOCK = 4; RSYNC = 8; SYNC = 16; }
    /// How a file is opened.
    Oflags(u16) from i32, "oflags" { CREAT = 1; DIRECTORY = 2; EXCL = 4; TRUNC = 8; }
    /// How a path is followed.
    Lookupflags(u32) from i32, "lookupflags" { SYMLINK_FOLLOW = 1; }
    /// Which times are set.
    Fstflags(u16) from i32, "fstflags" { ATIM = 1; ATIM_NOW = 2; MTIM = 4; MTIM_NOW = 8; }
    /// How is received.
    Riflags(u16) from i32, "riflags" { RECV_PEEK = 1; RECV_WAITALL = 2; }
    /// What is shut down.
    Sdflags(u8) from i32, "sdflags" { RD = 1; WR = 2; }
    /// What may be done with a descriptor.
    Rights(u64) from i64, "rights" {
        FD_DATASYNC = 1; FD_READ = 1 << 1; FD_SEEK = 1 << 2; FD_FDSTAT_SET_FLAGS = 1 << 3; FD_SYNC = 1 << 4; FD_TELL = 1 << 5;
        FD_WRITE = 1 << 6; FD_ADVISE = 1 << 7; FD_ALLOCATE = 1 << 8; PATH_CREATE_DIRECTORY = 1 << 9;
        PATH_CREATE_FILE = 1 << 10; PATH_LINK_SOURCE = 1 << 11; PATH_LINK_TARGET = 1 << 12; PATH_OPEN = 1 << 13;
        FD_READDIR = 1 << 14; PATH_READLINK = 1 << 15; PATH_RENAME_SOURCE = 1 << 16; PATH_RENAME_TARGET = 1 << 17;
        PATH_FILESTAT_GET = 1 << 18; PATH_FILESTAT_SET_SIZE = 1 << 19; PATH_FILESTAT_SET_TIMES = 1 << 20;
        FD_FILESTAT_GET = 1 << 21; FD_FILESTAT_SET_SIZE = 1 << 22; FD_FILESTAT_SET_TIMES = 1 << 23; PATH_SYMLINK = 1 << 24;
        PATH_REMOVE_DIRECTORY = 1 << 25; PATH_UNLINK_FILE = 1 << 26; POLL_FD_READWRITE = 1 << 27; SOCK_SHUTDOWN = 1 << 28;
        SOCK_ACCEPT = 1 << 29;
    }
}

impl Rights {
    /// Those that `wasi_unstable` has.
    pub(super) const UNSTABLE: Rights = Rights::all().difference(Rights::SOCK_ACCEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers at the ends of the specification's lists, and some in between.
    #[test]
    fn numbers_are_those_of_the_specification() {
        let errnos = [
            (Errno::TooBig, 1),
            (Errno::Badf, 8),
            (Errno::Exist, 20),
            (Errno::Ilseq, 25),
            (Errno::Inval, 28),
            (Errno::Io, 29),
            (Errno::Noent, 44),
            (Errno::Nomem, 48),
            (Errno::Notsup, 58),
            (Errno::Overflow, 61),
            (Errno::Perm, 63),
            (Errno::Spipe, 70),
            (Errno::Xdev, 75),
            (Errno::Notcapable, 76),
        ];
        for (errno, number) in errnos {
            assert_eq!(errno as u16, number, "{errno:?}");
        }
        assert_eq!(Rights::all().bits(), (1 << 30) - 1);
        assert_eq!(Fdflags::all().bits(), 31);
        assert!(Fdflags::try_from(32).is_err() && Fdflags::try_from(-1).is_err() && Fdflags::try_from(65536).is_err());
        assert!(member(5, ADVICE.0, ADVICE.1).is_ok() && member(6, ADVICE.0, ADVICE.1).is_err());
        assert!(member(-1, SIGNAL.0, SIGNAL.1).is_err());
    }
}
