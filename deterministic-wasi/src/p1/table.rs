//! The 46 functions of WASI 0.1, and the 45 of `wasi_unstable`, in one table.
//!
//! Linking, counting, coverage and the tests are made from it; so a function cannot be linked and not counted, or have other
//! types here than there.

use crate::Label;

/// Hands the table to another macro: `p1_functions!(with! { tokens })` is `with! { tokens; rows }`. A row is
///
/// ```text
/// KIND MODULES NAME(ARGUMENT: TYPE points_to, …) -> RESULT, LABEL POLICY;
/// ```
///
/// - the kind: `asks` (answered by a policy, without state of 0.1), `yields` (the same without the guest's memory), `copies` (it
///   may copy strings and lists of the guest's), `waits` (it may wait for a standard stream of the embedder's, too);
/// - `both`, or `new` for what only `wasi_snapshot_preview1` has;
/// - behind the type of an argument, what it points to: see [`Points`](crate::p1::Points);
/// - the label of its coverage, and the policies that answer it.
///
/// In the order of the specification.
#[macro_export]
macro_rules! p1_functions {
    ($with:ident! { $($tokens:tt)* }) => {
        $with! { $($tokens)*;
            copies both args_get(argv: i32 [Writes], argv_buf: i32 [Writes]) -> i32, Assumed [];
            copies both args_sizes_get(count: i32 [Writes], size: i32 [Writes]) -> i32, Assumed [];
            copies both environ_get(environ: i32 [Writes], environ_buf: i32 [Writes]) -> i32, Assumed [];
            copies both environ_sizes_get(count: i32 [Writes], size: i32 [Writes]) -> i32, Assumed [];
            asks both clock_res_get(id: i32 [Value], out: i32 [Writes]) -> i32, Virtual ["clock"];
            asks both clock_time_get(id: i32 [Value], precision: i64 [Value], out: i32 [Writes]) -> i32, Virtual ["clock"];
            copies both fd_advise(
                fd: i32 [Value], offset: i64 [Value], len: i64 [Value], advice: i32 [Value]
            ) -> i32, Eliminated [];
            copies both fd_allocate(fd: i32 [Value], offset: i64 [Value], len: i64 [Value]) -> i32, Eliminated [];
            copies both fd_close(fd: i32 [Value]) -> i32, Virtual [];
            copies both fd_datasync(fd: i32 [Value]) -> i32, Normalised [];
            copies both fd_fdstat_get(fd: i32 [Value], out: i32 [Writes]) -> i32, Normalised [];
            copies both fd_fdstat_set_flags(fd: i32 [Value], flags: i32 [Value]) -> i32, Virtual [];
            copies both fd_fdstat_set_rights(
                fd: i32 [Value], base: i64 [Value], inheriting: i64 [Value]
            ) -> i32, Eliminated [];
            copies both fd_filestat_get(fd: i32 [Value], out: i32 [Writes]) -> i32, Normalised [];
            copies both fd_filestat_set_size(fd: i32 [Value], size: i64 [Value]) -> i32, Normalised [];
            copies both fd_filestat_set_times(
                fd: i32 [Value], atim: i64 [Value], mtim: i64 [Value], flags: i32 [Value]
            ) -> i32, Normalised [];
            copies both fd_pread(
                fd: i32 [Value], iovs: i32 [WritesBuffers], iovs_len: i32 [Length], offset: i64 [Value], out: i32 [Writes]
            ) -> i32, Assumed [];
            copies both fd_prestat_get(fd: i32 [Value], out: i32 [Writes]) -> i32, Assumed [];
            copies both fd_prestat_dir_name(
                fd: i32 [Value], path: i32 [Writes], path_len: i32 [Length]
            ) -> i32, Assumed [];
            copies both fd_pwrite(
                fd: i32 [Value], iovs: i32 [ReadsBuffers], iovs_len: i32 [Length], offset: i64 [Value], out: i32 [Writes]
            ) -> i32, Normalised [];
            waits both fd_read(
                fd: i32 [Value], iovs: i32 [WritesBuffers], iovs_len: i32 [Length], out: i32 [Writes]
            ) -> i32, Assumed [];
            copies both fd_readdir(
                fd: i32 [Value], buf: i32 [Writes], buf_len: i32 [Length], cookie: i64 [Value], out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both fd_renumber(fd: i32 [Value], to: i32 [Value]) -> i32, Virtual [];
            copies both fd_seek(
                fd: i32 [Value], offset: i64 [Value], whence: i32 [Value], out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both fd_sync(fd: i32 [Value]) -> i32, Normalised [];
            copies both fd_tell(fd: i32 [Value], out: i32 [Writes]) -> i32, Virtual [];
            waits both fd_write(
                fd: i32 [Value], iovs: i32 [ReadsBuffers], iovs_len: i32 [Length], out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both path_create_directory(
                fd: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both path_filestat_get(
                fd: i32 [Value], flags: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both path_filestat_set_times(
                fd: i32 [Value], flags: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], atim: i64 [Value],
                mtim: i64 [Value], fst_flags: i32 [Value]
            ) -> i32, Normalised [];
            copies both path_link(
                fd: i32 [Value], flags: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], new_fd: i32 [Value],
                new_path: i32 [ReadsText], new_path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both path_open(
                fd: i32 [Value], dirflags: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], oflags: i32 [Value],
                base: i64 [Value], inheriting: i64 [Value], fdflags: i32 [Value], out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both path_readlink(
                fd: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], buf: i32 [Writes], buf_len: i32 [Length],
                out: i32 [Writes]
            ) -> i32, Normalised [];
            copies both path_remove_directory(
                fd: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both path_rename(
                fd: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length], new_fd: i32 [Value],
                new_path: i32 [ReadsText], new_path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both path_symlink(
                target: i32 [ReadsText], target_len: i32 [Length], fd: i32 [Value], path: i32 [ReadsText],
                path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both path_unlink_file(
                fd: i32 [Value], path: i32 [ReadsText], path_len: i32 [Length]
            ) -> i32, Normalised [];
            copies both poll_oneoff(
                subscriptions: i32 [ReadsRecords], events: i32 [Writes], count: i32 [Length], count_out: i32 [Writes]
            ) -> i32, Virtual ["clock, scheduler"];
            copies both proc_exit(status: i32 [Value]) -> (), Virtual [];
            copies both proc_raise(signal: i32 [Value]) -> i32, Eliminated [];
            yields both sched_yield() -> i32, Virtual ["scheduler"];
            asks both random_get(buf: i32 [Writes], len: i32 [Length]) -> i32, Virtual ["secure_random"];
            copies new sock_accept(fd: i32 [Value], flags: i32 [Value], out: i32 [Writes]) -> i32, Eliminated [];
            copies both sock_recv(
                fd: i32 [Value], data: i32 [WritesBuffers], data_len: i32 [Length], flags: i32 [Value],
                out_len: i32 [Writes], out_flags: i32 [Writes]
            ) -> i32, Eliminated [];
            copies both sock_send(
                fd: i32 [Value], data: i32 [ReadsBuffers], data_len: i32 [Length], flags: i32 [Value], out: i32 [Writes]
            ) -> i32, Eliminated [];
            copies both sock_shutdown(fd: i32 [Value], how: i32 [Value]) -> i32, Eliminated [];
        }
    };
}

/// A function of WASI 0.1.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// Whether `wasi_unstable` has it, too.
    pub in_unstable: bool,
    /// Its arguments.
    pub parameters: &'static [Parameter],
    /// Whether it gives an errno, or never returns.
    pub returns: bool,
    /// How it is answered. One with several sources has the label of the weakest: `fd_read` reads the embedder's input, too.
    pub label: Label,
    /// The policies that answer it, if any do.
    pub policy: Option<&'static str>,
}

/// An argument of a function.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// What it is called.
    pub name: &'static str,
    /// Its type in WebAssembly, `i32` or `i64`.
    pub ty: &'static str,
    /// What it points to.
    pub points: Points,
}

/// What an argument points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Points {
    /// Nothing: a value of its own.
    Value,
    /// Nothing: how many bytes or records there are where the argument before it points to (of `poll_oneoff`, both of them).
    Length,
    /// Text that the function reads.
    ReadsText,
    /// Records that the function reads.
    ReadsRecords,
    /// A list of buffers that the function reads.
    ReadsBuffers,
    /// A list of buffers that the function writes to.
    WritesBuffers,
    /// What the function writes.
    Writes,
}

macro_rules! rows {
    (; $($kind:ident $modules:ident $name:ident($($arg:ident: $ty:ident [$points:ident]),*)
        -> $ret:tt, $label:ident [$($policy:literal)?];)*) => {
        /// All functions, in the order of the specification.
        pub const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            in_unstable: rows!(@ in_unstable $modules),
            parameters: &[$(Parameter { name: stringify!($arg), ty: stringify!($ty), points: Points::$points }),*],
            returns: rows!(@ returns $ret),
            label: Label::$label,
            policy: rows!(@ policy $($policy)?),
        }),*];
    };
    (@ in_unstable both) => { true };
    (@ in_unstable new) => { false };
    (@ returns i32) => { true };
    (@ returns ()) => { false };
    (@ policy) => { None };
    (@ policy $policy:literal) => { Some($policy) };
}

p1_functions!(rows! {});

/// The function of `module` that is called `name`.
pub fn function(module: &str, name: &str) -> Option<&'static Function> {
    let found = FUNCTIONS.iter().find(|function| function.name == name)?;
    match module {
        "wasi_snapshot_preview1" => Some(found),
        "wasi_unstable" if found.in_unstable => Some(found),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there_once() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), FUNCTIONS.len()), (46, 46));
        assert!(function("wasi_unstable", "fd_read").is_some() && function("wasi_unstable", "sock_accept").is_none());
        assert!(function("wasi_snapshot_preview1", "sock_accept").is_some() && function("env", "fd_read").is_none());
    }

    /// A length follows what it is the length of.
    #[test]
    fn lengths_stand_behind_pointers() {
        for Function { name, parameters, .. } in FUNCTIONS {
            for pair in parameters.windows(2) {
                let points = !matches!(pair[0].points, Points::Value | Points::Length);
                assert!(pair[1].points != Points::Length || points, "{name}({})", pair[1].name);
            }
        }
    }
}
