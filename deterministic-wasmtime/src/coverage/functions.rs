//! How each function of WASI 0.1 is answered; `wasi_unstable` has the same but `sock_accept`.

use super::Label;
use super::Label::{Assumed, Eliminated, Normalised, Virtual};

/// A function, its label, and the policy that answers it if one does.
type Row = (&'static str, Label, Option<&'static str>);

/// By name. A function with several sources has the label of the weakest: `fd_read` reads the embedder's input, too.
const FUNCTIONS: &[Row] = &[
    ("args_get", Assumed, None),
    ("args_sizes_get", Assumed, None),
    ("clock_res_get", Virtual, Some("clock")),
    ("clock_time_get", Virtual, Some("clock")),
    ("environ_get", Assumed, None),
    ("environ_sizes_get", Assumed, None),
    ("fd_advise", Eliminated, None),
    ("fd_allocate", Eliminated, None),
    ("fd_close", Virtual, None),
    ("fd_datasync", Normalised, None),
    ("fd_fdstat_get", Normalised, None),
    ("fd_fdstat_set_flags", Virtual, None),
    ("fd_fdstat_set_rights", Eliminated, None),
    ("fd_filestat_get", Normalised, None),
    ("fd_filestat_set_size", Normalised, None),
    ("fd_filestat_set_times", Normalised, None),
    ("fd_pread", Assumed, None),
    ("fd_prestat_dir_name", Assumed, None),
    ("fd_prestat_get", Assumed, None),
    ("fd_pwrite", Normalised, None),
    ("fd_read", Assumed, None),
    ("fd_readdir", Normalised, None),
    ("fd_renumber", Virtual, None),
    ("fd_seek", Normalised, None),
    ("fd_sync", Normalised, None),
    ("fd_tell", Virtual, None),
    ("fd_write", Normalised, None),
    ("path_create_directory", Normalised, None),
    ("path_filestat_get", Normalised, None),
    ("path_filestat_set_times", Normalised, None),
    ("path_link", Normalised, None),
    ("path_open", Normalised, None),
    ("path_readlink", Normalised, None),
    ("path_remove_directory", Normalised, None),
    ("path_rename", Normalised, None),
    ("path_symlink", Normalised, None),
    ("path_unlink_file", Normalised, None),
    ("poll_oneoff", Virtual, Some("clock, scheduler")),
    ("proc_exit", Virtual, None),
    ("proc_raise", Eliminated, None),
    ("random_get", Virtual, Some("secure_random")),
    ("sched_yield", Virtual, Some("scheduler")),
    ("sock_accept", Eliminated, None),
    ("sock_recv", Eliminated, None),
    ("sock_send", Eliminated, None),
    ("sock_shutdown", Eliminated, None),
];

/// The row of a function of `module`. `None` if this crate does not link it.
pub(super) fn row(module: &str, name: &str) -> Option<&'static Row> {
    match module {
        "wasi_snapshot_preview1" => {}
        "wasi_unstable" if name != "sock_accept" => {}
        _ => return None,
    }
    let index = FUNCTIONS.binary_search_by_key(&name, |(name, ..)| name).ok()?;
    FUNCTIONS.get(index)
}
