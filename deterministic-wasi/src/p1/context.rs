//! All that a store has for WASI 0.1, with what its guest is given.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_core::Policies;
use deterministic_fs::{Access, Tree, TreeError};

use super::in_memory::{Discarded, InMemory};
use super::streams::{Input, Output, Stdio};
use super::{P1, State};
use crate::Wasi;
use crate::calls::HostCall;

/// How many bytes of strings and lists one call may make the host copy: 128 MiB, as many as on stock.
pub const DEFAULT_ALLOWANCE: usize = 128 << 20;

/// What a store has for WASI 0.1 under an adapter whose engine has no WASI of its own: the policies at work, and what the guest
/// is given. Nothing of the host's is given unasked.
///
/// ```
/// use deterministic_core::Policies;
/// use deterministic_wasi::p1::P1Ctx;
///
/// let ctx = P1Ctx::new(Policies::default())
///     .args(["program", "--help"])
///     .env("LANG", "C")
///     .stdin("some input")
///     .capture_output(1 << 20);
/// // ... run a guest in a store with `ctx`, and then, of the store's data:
/// assert_eq!(ctx.captured_stdout(), b"");
/// ```
#[derive(Debug)]
pub struct P1Ctx {
    wasi: Wasi,
    state: State,
    /// Until the guest makes its first call.
    given: Option<Box<Given>>,
}

#[derive(Debug)]
struct Given {
    stdio: Stdio,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl P1Ctx {
    /// No arguments, no environment, an input that is at its end, outputs that nobody sees, no directories.
    pub fn new(policies: Policies) -> Self {
        let stdio = Stdio {
            input: Box::new(InMemory::default()),
            output: Box::new(Discarded),
            error: Box::new(Discarded),
            terminals: [false; 3],
        };
        let given = Given { stdio, arguments: Vec::new(), environment: Vec::new() };
        P1Ctx { wasi: Wasi::new(policies), state: State::default(), given: Some(Box::new(given)) }
    }

    /// One argument more. The first is the program's name, by convention.
    #[must_use]
    pub fn arg(self, argument: impl Into<String>) -> Self {
        self.args([argument])
    }

    /// These arguments, behind those that there are.
    #[must_use]
    pub fn args(self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.giving(|given| given.arguments.extend(arguments.into_iter().map(Into::into)))
    }

    /// One variable of the environment more.
    #[must_use]
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.giving(|given| given.environment.push((name.into(), value.into())))
    }

    /// What the guest reads from standard input.
    #[must_use]
    pub fn stdin(self, bytes: impl Into<Bytes>) -> Self {
        self.stdin_from(InMemory::new(bytes))
    }

    /// Standard input from a stream of your own. One that is not always ready makes the outcome depend on when it is.
    #[must_use]
    pub fn stdin_from(self, stream: impl Input + 'static) -> Self {
        self.giving(|given| given.stdio.input = Box::new(stream))
    }

    /// Standard output into a stream of your own.
    #[must_use]
    pub fn stdout_to(self, stream: impl Output + 'static) -> Self {
        self.giving(|given| given.stdio.output = Box::new(stream))
    }

    /// Standard error into a stream of your own.
    #[must_use]
    pub fn stderr_to(self, stream: impl Output + 'static) -> Self {
        self.giving(|given| given.stdio.error = Box::new(stream))
    }

    /// Keeps what the guest writes to standard output and error in this context, up to `limit` bytes of each, instead of
    /// passing it on. A guest that writes more is told `EIO`.
    #[must_use]
    pub fn capture_output(mut self, limit: usize) -> Self {
        self.state.capture_output(limit);
        self
    }

    /// Gives the guest the host's directory `path` as `guest`, live: its contents are the host's, and what the guest writes is
    /// written there.
    ///
    /// # Errors
    ///
    /// What the host says that does not open it.
    pub fn live_dir(mut self, path: impl AsRef<Path>, guest: &str, access: Access) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        self.wasi.files().mount_live(dir, guest, access);
        Ok(self)
    }

    /// Gives the guest `tree` as `guest`: what it changes stays in memory, and `files().changes(…)` lists it.
    ///
    /// # Errors
    ///
    /// If the tree is larger than the files of one store may be.
    pub fn hermetic_dir(mut self, tree: &Arc<Tree>, guest: &str, access: Access) -> Result<Self, TreeError> {
        self.wasi.files().mount_hermetic(tree, guest, access)?;
        Ok(self)
    }

    /// What the guest wrote to standard output; nothing unless it is [captured](P1Ctx::capture_output).
    pub fn captured_stdout(&self) -> &[u8] {
        self.state.captured_stdout()
    }

    /// What the guest wrote to standard error; nothing unless it is [captured](P1Ctx::capture_output).
    pub fn captured_stderr(&self) -> &[u8] {
        self.state.captured_stderr()
    }

    /// Forgets what was captured, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear_captured(&mut self) {
        self.state.clear_captured();
    }

    /// The state of the policies: where the timeline stands, what was called.
    pub fn deterministic(&self) -> &Wasi {
        &self.wasi
    }

    /// The same, to restore a saved state, to mount directories before the guest starts, to set limits, or to let time pass.
    pub fn deterministic_mut(&mut self) -> &mut Wasi {
        &mut self.wasi
    }

    /// For an adapter: counts a call that is answered by policies alone, a row of [`p1_functions!`](crate::p1_functions) that `asks`
    /// or `yields`.
    #[inline]
    pub fn asked(&mut self, call: HostCall) -> &mut Wasi {
        self.wasi.calls.count(call);
        &mut self.wasi
    }

    /// For an adapter: counts any other call, before whose first the guest gets what it is given.
    #[inline]
    pub fn called(&mut self, call: HostCall) -> P1<'_> {
        self.wasi.calls.count(call);
        if let Some(given) = self.given.take() {
            self.state.start(&mut self.wasi, given.stdio, given.arguments, given.environment);
        }
        self.state.set_allowance(DEFAULT_ALLOWANCE);
        P1 { state: &mut self.state, wasi: &mut self.wasi }
    }

    /// What is given after the start, nobody gets.
    fn giving(mut self, give: impl FnOnce(&mut Given)) -> Self {
        if let Some(given) = &mut self.given {
            give(given);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::p1::{GuestMemory, Version, functions};

    #[test]
    fn a_guest_reads_what_it_is_given() {
        let mut ctx = P1Ctx::new(Policies::default()).stdin("some input").capture_output(8);
        let mut bytes = [0; 64];
        // One buffer: eight bytes at 32.
        bytes[..8].copy_from_slice(&[32, 0, 0, 0, 8, 0, 0, 0]);
        let mut memory = GuestMemory::new(&mut bytes);
        let version = Version::wasi_snapshot_preview1;
        let read = functions::fd_read(&mut ctx.called(HostCall::fd_read), &mut memory, version, (0, 0, 1, 16));
        assert!(read.unwrap().is_none(), "nothing to wait for");
        let written = functions::fd_write(&mut ctx.called(HostCall::fd_write), &mut memory, version, (1, 0, 1, 16));
        assert!(written.unwrap().is_none(), "nothing to wait for");
        assert_eq!(ctx.captured_stdout(), b"some inp");
        assert_eq!(ctx.deterministic().host_calls().collect::<Vec<_>>(), [("fd_read", 1), ("fd_write", 1)]);
    }
}
