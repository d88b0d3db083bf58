//! WASI 0.1 (`wasi_snapshot_preview1`) and the version before it (`wasi_unstable`), over a guest's memory as bytes.
//!
//! An adapter links what [`p1_functions!`](crate::p1_functions) lists to [`functions`], which are called by the same names. Before
//! the first that needs it, it [starts](State::start) the state; with each call it finds the memory, and passes the
//! [`Version`].
//!
//! Where stock wasmtime-wasi gives an errno or traps, so do these, but where POSIX says otherwise: `fd_read`, `fd_write`,
//! `fd_pread` and `fd_pwrite` fill or take all buffers of a call, where stock stops after the first; a path with a slash behind
//! it leads to a directory, also where no symbolic link is followed; and `poll_oneoff` finds regular files always ready.

mod abi;
mod capture;
mod context;
mod descriptors;
mod environment;
mod guest;
mod in_memory;
mod io;
mod listing;
mod logged;
mod paths;
mod poll;
mod readiness;
mod records;
mod sources;
mod status;
mod streams;
mod table;
mod types;

use bytes::BytesMut;
use deterministic_core::ByteStream;
use deterministic_fs::FileSystem;

use self::abi::Allowance;
use self::descriptors::Table;
use self::environment::Strings;
use crate::Wasi;
use crate::captured::Captured;
use crate::fault::Answer;

pub use abi::Version;
pub use context::{DEFAULT_ALLOWANCE, P1Ctx};
pub use guest::{GuestError, GuestMemory, Region};
pub use in_memory::{Discarded, InMemory};
pub use logged::Logged;
pub use poll::poll_without_descriptors;
pub use sources::MAX_RANDOM;
pub use streams::{Input, Output, Pending, Stdio, StreamError, StreamResult, Wait};
pub use table::{FUNCTIONS, Function, Parameter, Points, function};
pub use types::Errno;

/// The functions by name, one for each row of [`p1_functions!`](crate::p1_functions).
///
/// Those that `ask` take the [`Wasi`], those that `copy` and `wait` a [`P1`]; then the memory, the version, and the arguments as
/// one tuple. Those that `wait` may give a [`Wait`] that has to be finished. `sched_yield` takes the [`Wasi`] alone.
pub mod functions {
    pub use super::environment::*;
    pub use super::io::*;
    pub use super::listing::*;
    pub use super::paths::*;
    pub use super::poll::poll_oneoff;
    pub use super::sources::{clock_res_get, clock_time_get, random_get, sched_yield};
    pub use super::status::*;
}

/// What a store keeps for WASI 0.1 in addition to what all versions share.
#[derive(Default)]
pub struct State {
    started: Option<Started>,
    allowance: Allowance,
    captured: Option<Captured>,
}

/// What there is from the start of the guest: directories can be mounted until then, and a context that is made takes less time.
struct Started {
    descriptors: Table,
    arguments: Strings,
    environment: Strings,
    /// What is written to a standard stream, kept from call to call.
    scratch: BytesMut,
}

impl State {
    /// Whether it was [started](State::start).
    #[inline]
    pub fn is_started(&self) -> bool {
        self.started.is_some()
    }

    /// Gives the guest its standard streams, the directories that are mounted in `wasi`, its arguments, and its environment.
    pub fn start(&mut self, wasi: &mut Wasi, stdio: Stdio, arguments: Vec<String>, environment: Vec<(String, String)>) {
        let captured = self.captured.is_some();
        self.started = Some(Started {
            descriptors: Table::new(stdio, wasi.files.system(), wasi.held.account(), captured),
            arguments: Strings::arguments(arguments),
            environment: Strings::environment(environment),
            scratch: BytesMut::new(),
        });
    }

    /// How many bytes of strings and lists the next call may make the host copy: to be set before each that copies.
    #[inline]
    pub fn set_allowance(&mut self, bytes: usize) {
        self.allowance = Allowance(bytes);
    }

    /// The descriptors. There are none before the start.
    #[inline]
    fn table(&mut self) -> Answer<&mut Table> {
        Ok(&mut self.started.as_mut().ok_or(Errno::Badf)?.descriptors)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("captured", &self.captured).finish_non_exhaustive()
    }
}

/// What a function works on.
#[derive(Debug)]
pub struct P1<'a> {
    /// What only 0.1 has.
    pub state: &'a mut State,
    /// What all versions share.
    pub wasi: &'a mut Wasi,
}

impl P1<'_> {
    /// The descriptors, and the files behind them as of now.
    #[inline]
    fn open(&mut self) -> Answer<(&mut Table, &mut FileSystem)> {
        let files = self.wasi.files_now()?;
        Ok((self.state.table()?, files))
    }

    /// The same, and the secure random stream, which reads of some devices draw from.
    #[inline]
    fn open_to_read(&mut self) -> Answer<(&mut Table, &mut FileSystem, &mut ByteStream)> {
        let (files, _, random) = self.wasi.files_held_and_random()?;
        Ok((self.state.table()?, files, random))
    }

    /// The descriptors.
    #[inline]
    fn table(&mut self) -> Answer<&mut Table> {
        self.state.table()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use deterministic_core::Policies;
    use deterministic_fs::{Access, Tree};

    use super::*;

    /// A stream that is at its end.
    struct Nothing;

    impl Input for Nothing {
        fn read(&mut self, _: usize) -> StreamResult<Bytes> {
            Err(StreamError::Closed)
        }

        fn blocking_read(&mut self, _: usize) -> Pending<'_, StreamResult<Bytes>> {
            Box::pin(async { Err(StreamError::Closed) })
        }

        fn is_ready(&mut self) -> bool {
            true
        }
    }

    impl Output for Nothing {
        fn write(&mut self, _: Bytes) -> StreamResult<Option<Bytes>> {
            Ok(None)
        }

        fn blocking_write_and_flush(&mut self, _: Bytes) -> Pending<'_, StreamResult<()>> {
            Box::pin(async { Ok(()) })
        }

        fn is_ready(&mut self) -> bool {
            true
        }
    }

    /// One guest after another in one store: what the first left open is not held for the next.
    #[test]
    fn what_a_guest_left_open_is_held_no_longer_than_the_guest() {
        let mut wasi = Wasi::new(Policies::default());
        wasi.files().mount_hermetic(&Tree::new().into(), "/", Access::ReadWrite).unwrap();
        for _ in 0..2 {
            let mut state = State::default();
            let stdio = Stdio {
                input: Box::new(Nothing),
                output: Box::new(Nothing),
                error: Box::new(Nothing),
                terminals: [false; 3],
            };
            state.start(&mut wasi, stdio, Vec::new(), Vec::new());
            state.set_allowance(1 << 10);
            let mut bytes = *b"new file at byte 32:____________\0\0\0\0";
            let mut guest = P1 { state: &mut state, wasi: &mut wasi };
            // `new` is made and opened.
            let arguments = (3, 0, 0, 3, 1, 2, 0, 0, 32);
            functions::path_open(
                &mut guest,
                &mut GuestMemory::new(&mut bytes),
                Version::wasi_snapshot_preview1,
                arguments,
            )
            .unwrap();
            assert_eq!((bytes[32], wasi.held_bytes()), (4, crate::HANDLE));
            drop(state);
            assert_eq!(wasi.held_bytes(), 0);
        }
    }
}
