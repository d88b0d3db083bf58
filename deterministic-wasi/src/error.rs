//! Why WASI ended a guest.

use std::fmt;

use deterministic_core::Instant;

/// An error that ends the guest: what a call into the guest returns, inside the runtime's own error.
///
/// A policy that cannot answer ends the guest with a [`PolicyError`](deterministic_core::PolicyError) instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The guest waits for something that can never come.
    #[error(
        "deadlock at {at} of the guest's time: it waits for {waiting_for}, and no timer could wake it; give it that \
         input, or a timeout"
    )]
    Deadlock {
        /// What the guest waits for.
        waiting_for: String,
        /// Where the timeline stood.
        at: Instant,
    },
    /// The guest sleeps until an instant that never comes, on a clock that sleeping does not move. It is ended when it has done
    /// so [`MAX_SLEEPS_IN_VAIN`](crate::MAX_SLEEPS_IN_VAIN) times in a row and nothing else.
    #[error(
        "time stands still at {at} of the guest's time: the guest slept {times} times in a row until {until} (`{function}`), and \
         its clock ({clock}) does not move when it sleeps; give it one that does: the preset `simulation` (`--preset simulation` \
         of detwasi)"
    )]
    TimeStandsStill {
        /// What the clock policy calls itself; what it is wrapped in comes first.
        clock: String,
        /// Where the timeline stands.
        at: Instant,
        /// What the guest waits for.
        until: Instant,
        /// The function in which it waits.
        function: &'static str,
        /// How often it did.
        times: u32,
    },
    /// The guest sleeps at the end of time, 2^64 nanoseconds (584 years) after its beginning.
    #[error(
        "the guest sleeps (`{function}`) at the end of time, {end} after its beginning, where nothing can move; have it end, \
         or end it sooner: `DeterministicCtx::set_until_time`, `--until-time` of detwasi",
        end = Instant::MAX
    )]
    EndOfTime {
        /// The function in which it waits.
        function: &'static str,
    },
    /// The guest exits with a status that WASI 0.1 does not have.
    #[error("exit with invalid exit status outside of [0..126): {status}; it traps on stock WASI too")]
    InvalidExitStatus {
        /// The status.
        status: u32,
    },
    /// The guest writes more into a stream than the stream permitted.
    #[error("the guest wrote more than {permitted} bytes into a stream at once, which traps on stock WASI too")]
    WriteNotPermitted {
        /// How much it may write, in bytes.
        permitted: u64,
    },
    /// The guest polls a list of no pollables, which would never end.
    #[error("the guest polls an empty list, which traps on stock WASI too")]
    EmptyPollList,
    /// The host did not give a directory that the guest is to have.
    #[error("the directory `{guest}` of the guest cannot be opened: {reason}; check what limits the process")]
    Directory {
        /// The guest's name for it.
        guest: String,
        /// What the host said.
        reason: String,
    },
    /// The host could not give the contents of a file that the embedder vouched for.
    #[error(transparent)]
    Files(#[from] deterministic_fs::Error),
    /// A guest of WASI 0.3 waits, and nothing would let time pass.
    #[error(
        "the guest waits for a time, and its call is not driven; call it through `deterministic_wasmtime::p3::drive`, \
         which lets time pass when nothing else can go on"
    )]
    NotDriven,
    /// A linker was given to `p1::instantiate_pre_sync` that has WASI 0.1 already, whose
    /// functions would stay.
    #[error(
        "the linker has all of WASI 0.1 already, which would stay as it is; give `p1::instantiate_pre_sync` or \
         `p1::instantiate_pre_async` one without it, or call `Linker::instantiate_pre`"
    )]
    WasiAlreadyLinked,
    /// The guest exports no memory, and asked for something to be written into it.
    // The first four words are what stock and deterministic-wasi-ctx say, and people's tests look for.
    #[error(
        "missing required memory export: the guest exports no memory called `memory`, and WASI 0.1 hands over everything in it"
    )]
    NoMemory,
    /// The guest's memory is shared between threads, so what it holds depends on their timing.
    #[error(
        "the guest's memory is shared; build the guest without threads, and the engine with \
         `deterministic_wasmtime::configure`"
    )]
    SharedMemory,
    /// The clock policy measures consumed fuel, and the store counts none.
    #[error("the clock policy measures fuel, and the engine counts none; enable `Config::consume_fuel`")]
    NoFuel,
    /// A request for more random bytes at once than the limit.
    #[error("the guest asked for {len} random bytes at once; the limit is {max}, wasmtime-wasi's default")]
    RandomTooLong {
        /// What was asked for, in bytes.
        len: u64,
        /// The limit, in bytes.
        max: u64,
    },
    /// The guest makes the host hold more than it may, through an interface that has no error for that.
    #[error(
        "the guest makes the host hold more than {limit} bytes for it (handles, fields, messages, listings); have it drop \
         what it does not need, or raise the limit: `DeterministicCtx::set_max_held_bytes`, `--max-held` of detwasi"
    )]
    HeldTooMuch {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The run was stopped, as whoever runs it asked by [`Wasi::set_stop`](crate::Wasi::set_stop). It is no end of the guest's.
    #[error("the run was stopped before call {call}, `{function}`, at {at} of the guest's time, as it was to be")]
    Stopped {
        /// The number of the call.
        call: u64,
        /// What is called, with its interface as it is linked.
        function: String,
        /// Where the timeline stood.
        at: Instant,
    },
    /// The host could not give what the policy allows: see `engine::Limits` of the adapter.
    #[error(
        "the host could not give more {resource}, which the limits allow: {reason}; give the process more, or lower \
         `Limits` to what every machine has"
    )]
    HostExhausted {
        /// What was asked for.
        resource: Resource,
        /// What the host said.
        reason: String,
    },
}

impl Error {
    /// Whether the guest itself is at fault, under its policies: every machine would end it so. Otherwise it is this machine, or
    /// a mistake of the embedder's, and another one might go on.
    pub fn is_the_guests(&self) -> bool {
        match self {
            Error::Deadlock { .. }
            | Error::TimeStandsStill { .. }
            | Error::EndOfTime { .. }
            | Error::InvalidExitStatus { .. }
            | Error::WriteNotPermitted { .. }
            | Error::EmptyPollList
            | Error::NoMemory
            | Error::RandomTooLong { .. }
            | Error::HeldTooMuch { .. } => true,
            // The last four are mistakes of the embedder's.
            Error::HostExhausted { .. }
            | Error::Stopped { .. }
            | Error::Directory { .. }
            | Error::Files(_)
            | Error::NotDriven
            | Error::NoFuel
            | Error::WasiAlreadyLinked
            | Error::SharedMemory => false,
        }
    }
}

/// What a guest takes of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// Bytes of linear memories and of the heap for garbage-collected objects.
    MemoryBytes,
    /// Elements of tables.
    TableElements,
    /// Instances of core modules.
    Instances,
    /// Linear memories.
    Memories,
    /// Tables.
    Tables,
    /// The host's own memory for what the guest reads, writes and asks for. No limit is about it.
    Buffers,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::MemoryBytes => "bytes of memory",
            Resource::TableElements => "elements of tables",
            Resource::Instances => "instances",
            Resource::Memories => "memories",
            Resource::Tables => "tables",
            Resource::Buffers => "memory for what the guest reads and writes",
        })
    }
}
