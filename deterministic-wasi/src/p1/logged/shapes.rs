//! What each argument of WASI 0.1 is, as its specification (`wasi_snapshot_preview1.witx`) says.

use std::borrow::Cow;

use bitflags::Flags;

use super::super::abi::Version;
use super::super::types::{Fdflags, Fstflags, Lookupflags, Oflags, Riflags, Rights, Sdflags};
use super::read::Memory;
use crate::log::Value;

/// What an argument is.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Number,
    Difference,
    Member(&'static [&'static str]),
    Whence,
    Flags(fn(u64) -> Value),
    /// A pointer to a result, by the specification's name for it.
    Out(&'static str, Out),
    /// A pointer to what is told with another one.
    Elsewhere,
}

/// What a pointer to a result points to.
#[derive(Clone, Copy)]
pub(super) enum Out {
    U32,
    U64,
    Flags(fn(u64) -> Value),
    /// Text as long as there is room for.
    Room,
    /// Text as long as the call says.
    Text,
    /// Bytes as many as there is room for.
    Bytes,
    Strings,
    Prestat,
    Fdstat,
    Filestat,
    Entries,
    Events,
}

const CLOCKS: &[&str] = &["realtime", "monotonic", "process_cputime_id", "thread_cputime_id"];
const ADVICES: &[&str] = &["normal", "sequential", "random", "willneed", "dontneed", "noreuse"];
const SIGNALS: &[&str] = &[
    "none", "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2", "pipe", "alrm",
    "term", "chld", "cont", "stop", "tstp", "ttin", "ttou", "urg", "xcpu", "xfsz", "vtalrm", "prof", "winch", "poll",
    "pwr", "sys",
];
const FILETYPES: &[&str] = &[
    "unknown",
    "block_device",
    "character_device",
    "directory",
    "regular_file",
    "socket_dgram",
    "socket_stream",
    "symbolic_link",
];
const WHENCES: &[&str] = &["set", "cur", "end"];
const WHENCES_UNSTABLE: &[&str] = &["cur", "end", "set"];

/// That of an argument of a function.
pub(super) fn shape(function: &str, argument: &str) -> Shape {
    use Shape::{Difference, Elsewhere, Member, Number, Whence};
    match (function, argument) {
        ("clock_time_get" | "clock_res_get", "id") => Member(CLOCKS),
        (_, "advice") => Member(ADVICES),
        (_, "signal") => Member(SIGNALS),
        (_, "whence") => Whence,
        ("fd_seek", "offset") => Difference,
        ("fd_fdstat_set_flags" | "sock_accept", "flags") | (_, "fdflags") => Shape::Flags(flags::<Fdflags>),
        ("fd_filestat_set_times", "flags") | (_, "fst_flags") => Shape::Flags(flags::<Fstflags>),
        ("path_filestat_get" | "path_filestat_set_times" | "path_link", "flags") | (_, "dirflags") => {
            Shape::Flags(flags::<Lookupflags>)
        }
        (_, "oflags") => Shape::Flags(flags::<Oflags>),
        (_, "base" | "inheriting") => Shape::Flags(flags::<Rights>),
        ("sock_recv", "flags") => Shape::Flags(flags::<Riflags>),
        (_, "how") => Shape::Flags(flags::<Sdflags>),

        ("args_get" | "environ_get", "argv_buf" | "environ_buf") => Elsewhere,
        ("args_get", _) => Shape::Out("argv", Out::Strings),
        ("environ_get", _) => Shape::Out("environ", Out::Strings),
        ("args_sizes_get" | "environ_sizes_get", "count") => Shape::Out("count", Out::U32),
        ("args_sizes_get" | "environ_sizes_get", "size") => Shape::Out("size", Out::U32),
        ("clock_res_get", "out") => Shape::Out("resolution", Out::U64),
        ("clock_time_get", "out") => Shape::Out("time", Out::U64),
        ("fd_fdstat_get", "out") => Shape::Out("stat", Out::Fdstat),
        ("fd_filestat_get" | "path_filestat_get", "out") => Shape::Out("stat", Out::Filestat),
        ("fd_prestat_get", "out") => Shape::Out("prestat", Out::Prestat),
        ("fd_prestat_dir_name", "path") => Shape::Out("path", Out::Room),
        ("fd_pread" | "fd_read", "out") => Shape::Out("nread", Out::U32),
        ("fd_pwrite" | "fd_write", "out") => Shape::Out("nwritten", Out::U32),
        ("fd_readdir", "buf") => Shape::Out("entries", Out::Entries),
        ("fd_readdir" | "path_readlink", "out") => Shape::Out("bufused", Out::U32),
        ("fd_seek" | "fd_tell", "out") => Shape::Out("offset", Out::U64),
        ("path_open" | "sock_accept", "out") => Shape::Out("fd", Out::U32),
        ("path_readlink", "buf") => Shape::Out("target", Out::Text),
        ("poll_oneoff", "events") => Shape::Out("events", Out::Events),
        ("poll_oneoff", "count_out") => Shape::Out("nevents", Out::U32),
        ("random_get", "buf") => Shape::Out("data", Out::Bytes),
        ("sock_recv", "out_len") => Shape::Out("nread", Out::U32),
        ("sock_recv", "out_flags") => Shape::Out("roflags", Out::Flags(number)),
        ("sock_send", "out") => Shape::Out("nwritten", Out::U32),
        _ => Number,
    }
}

impl Shape {
    /// An argument that points to nothing.
    pub(super) fn value(self, version: Version, bits: u64) -> Value {
        match self {
            Shape::Difference => Value::Signed(bits as i64),
            Shape::Member(names) => member(names, bits),
            Shape::Whence => match version {
                Version::wasi_snapshot_preview1 => member(WHENCES, bits),
                Version::wasi_unstable => member(WHENCES_UNSTABLE, bits),
            },
            Shape::Flags(of) => of(bits),
            Shape::Number | Shape::Out(..) | Shape::Elsewhere => Value::Unsigned(bits),
        }
    }
}

impl Out {
    /// What lies at `at`. There is room for `room`, and the call says that it wrote `written`.
    pub(super) fn read(
        self,
        memory: Memory<'_>,
        version: Version,
        at: u32,
        room: impl FnOnce() -> u32,
        written: impl FnOnce() -> Option<u32>,
    ) -> Value {
        let known = |value: Option<Value>| value.unwrap_or(Value::Unreadable);
        match self {
            Out::U32 => known(memory.u32(at).map(Value::from)),
            Out::U64 => known(memory.u64(at).map(Value::from)),
            Out::Flags(of) => known(memory.u16(at).map(|bits| of(bits.into()))),
            Out::Room => memory.text(at, room()),
            Out::Text => known(written().map(|len| memory.text(at, len))),
            Out::Bytes => memory.data(at, room()),
            Out::Strings => memory.strings(at),
            Out::Prestat => known(memory.prestat(at)),
            Out::Fdstat => known(memory.fdstat(at)),
            Out::Filestat => known(memory.filestat(version, at)),
            Out::Entries => known(written().map(|len| memory.entries(at, len))),
            Out::Events => known(written().map(|count| memory.events(at, count))),
        }
    }
}

/// The name of a member, or its number if there is none.
pub(super) fn member(names: &'static [&'static str], bits: u64) -> Value {
    let name = usize::try_from(bits).ok().and_then(|bits| names.get(bits));
    name.map_or(Value::Unsigned(bits), |name| Value::Name((*name).into()))
}

/// A kind of object.
pub(super) fn filetype(bits: u8) -> Value {
    member(FILETYPES, bits.into())
}

/// A clock.
pub(super) fn clock(bits: u32) -> Value {
    member(CLOCKS, bits.into())
}

/// The names of flags, and the number of all if one of them does not exist.
pub(super) fn flags<F>(bits: u64) -> Value
where
    F: Flags<Bits: TryFrom<u64>>,
{
    match F::Bits::try_from(bits).ok().and_then(F::from_bits) {
        Some(flags) => {
            let names = flags.iter_names().map(|(name, _)| Cow::Owned(name.to_ascii_lowercase()));
            Value::Flags(names.collect())
        }
        None => Value::Unsigned(bits),
    }
}

fn number(bits: u64) -> Value {
    Value::Unsigned(bits)
}

#[cfg(test)]
mod tests {
    use super::super::super::table::{FUNCTIONS, Points};
    use super::*;

    /// What is written is either named or told elsewhere, in all functions.
    #[test]
    fn every_result_has_a_shape() {
        for function in FUNCTIONS {
            for parameter in function.parameters.iter().filter(|it| it.points == Points::Writes) {
                let shape = shape(function.name, parameter.name);
                assert!(matches!(shape, Shape::Out(..) | Shape::Elsewhere), "{} {}", function.name, parameter.name);
            }
        }
    }

    #[test]
    fn values_have_names() {
        let version = Version::wasi_snapshot_preview1;
        let value = |function, argument, bits| shape(function, argument).value(version, bits);
        assert_eq!(value("clock_time_get", "id", 1), Value::Name("monotonic".into()));
        assert_eq!(value("clock_time_get", "id", 9), Value::Unsigned(9));
        assert_eq!(value("path_open", "oflags", 9), Value::Flags(vec!["creat".into(), "trunc".into()]));
        assert_eq!(value("path_open", "oflags", 1 << 40), Value::Unsigned(1 << 40));
        assert_eq!(value("fd_seek", "whence", 2), Value::Name("end".into()));
        assert_eq!(Shape::Whence.value(Version::wasi_unstable, 2), Value::Name("set".into()));
        assert_eq!(value("fd_seek", "offset", u64::MAX), Value::Signed(-1));
        assert_eq!(value("fd_seek", "fd", 3), Value::Unsigned(3));
    }
}
