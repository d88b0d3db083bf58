//! How often each host function was called.

/// The functions of WASI 0.1, in the order of its specification (`wasi_unstable` has the same but `sock_accept`), then those
/// of components that the policies answer.
macro_rules! host_calls {
    ($($name:ident)*; $($component_name:ident $text:literal)*) => {
        /// A host function.
        #[derive(Clone, Copy, Debug)]
        #[expect(non_camel_case_types, reason = "the names are WASI's")]
        #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "those of wasi:http are counted with it only"))]
        pub(crate) enum HostCall { $($name,)* $($component_name),* }

        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)* $($text),*];
    };
}

host_calls! {
    args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get fd_advise fd_allocate fd_close
    fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size
    fd_filestat_set_times fd_pread fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir fd_renumber fd_seek
    fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open
    path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise
    sched_yield random_get sock_accept sock_recv sock_send sock_shutdown;
    // Components: what the policies answer, in every version by one name.
    wall_clock_now "wasi:clocks/wall-clock.now"
    wall_clock_resolution "wasi:clocks/wall-clock.resolution"
    monotonic_clock_now "wasi:clocks/monotonic-clock.now"
    monotonic_clock_resolution "wasi:clocks/monotonic-clock.resolution"
    monotonic_clock_subscribe_instant "wasi:clocks/monotonic-clock.subscribe-instant"
    monotonic_clock_subscribe_duration "wasi:clocks/monotonic-clock.subscribe-duration"
    monotonic_clock_wait_until "wasi:clocks/monotonic-clock.wait-until"
    monotonic_clock_wait_for "wasi:clocks/monotonic-clock.wait-for"
    get_random_bytes "wasi:random/random.get-random-bytes"
    get_random_u64 "wasi:random/random.get-random-u64"
    get_insecure_random_bytes "wasi:random/insecure.get-insecure-random-bytes"
    get_insecure_random_u64 "wasi:random/insecure.get-insecure-random-u64"
    insecure_seed "wasi:random/insecure-seed.insecure-seed"
    poll "wasi:io/poll.poll"
    pollable_block "wasi:io/poll.[method]pollable.block"
    pollable_ready "wasi:io/poll.[method]pollable.ready"
    http_handle "wasi:http/outgoing-handler.handle"
    http_send "wasi:http/client.send"
}

impl HostCall {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

/// A counter for each function.
#[derive(Debug, Default)]
pub(crate) struct HostCalls {
    pub(crate) counts: Counts,
    /// How often a component used files and streams, which have no counters of their own.
    unnamed: u64,
}

/// Those that change nothing, for the guest or for anybody else: they tell the time, yield and wait.
const WITHOUT_CHANGE: [HostCall; 15] = [
    HostCall::clock_res_get,
    HostCall::clock_time_get,
    HostCall::poll_oneoff,
    HostCall::sched_yield,
    HostCall::wall_clock_now,
    HostCall::wall_clock_resolution,
    HostCall::monotonic_clock_now,
    HostCall::monotonic_clock_resolution,
    HostCall::monotonic_clock_subscribe_instant,
    HostCall::monotonic_clock_subscribe_duration,
    HostCall::monotonic_clock_wait_until,
    HostCall::monotonic_clock_wait_for,
    HostCall::poll,
    HostCall::pollable_block,
    HostCall::pollable_ready,
];

impl HostCalls {
    #[inline]
    pub(crate) fn count(&mut self, call: HostCall) {
        self.counts.add(call);
    }

    /// Counts one that has no counter of its own.
    #[inline]
    pub(crate) fn count_unnamed(&mut self) {
        self.unnamed += 1;
    }

    /// How many calls there were but those that tell the time, yield and wait.
    pub(crate) fn that_change(&self) -> u64 {
        let all = self.counts.iter().sum::<u64>() + self.unnamed;
        all - WITHOUT_CHANGE.iter().map(|&call| self.counts.of(call)).sum::<u64>()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.iter().copied().zip(self.counts.iter()).filter(|(_, count)| *count > 0)
    }
}

#[cfg(feature = "watch")]
use crate::watch::Counts;

/// The counters, which nobody else sees.
#[cfg(not(feature = "watch"))]
#[derive(Debug)]
pub(crate) struct Counts([u64; NAMES.len()]);

#[cfg(not(feature = "watch"))]
impl Counts {
    #[inline]
    fn add(&mut self, call: HostCall) {
        self.0[call as usize] += 1;
    }

    fn of(&self, call: HostCall) -> u64 {
        self.0[call as usize]
    }

    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(not(feature = "watch"))]
impl Default for Counts {
    fn default() -> Self {
        Counts([0; NAMES.len()])
    }
}
