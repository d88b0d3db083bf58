//! The standard streams: whatever the embedder gave to the builder.
//!
//! What does not wait is called without a runtime around it, as wasmtime-wasi's synchronous WASI 0.2 does: entering one costs
//! more than writing to memory, and a stream that needs one enters it by wasmtime-wasi's `runtime::spawn`.

use std::pin::pin;

use bytes::Bytes;
use deterministic_fs::ErrorCode;
use deterministic_wasi::p1::{Input, Output, Pending, Stdio, StreamError, StreamResult};
use wasmtime::Result;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::WasiCliCtxView;
use wasmtime_wasi::p2::bindings::cli::environment::Host as _;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdin, stdout, terminal_stderr, terminal_stdin, terminal_stdout};
use wasmtime_wasi::p2::{self, DynInputStream, DynOutputStream, Pollable};
use wasmtime_wasi::runtime::{poll_noop, with_ambient_tokio_runtime};

use super::P1Ctx;
use crate::end::Carried;

/// A stream of the embedder's.
struct Stream<S>(S);

/// Why it gives or takes nothing.
fn why(error: p2::StreamError) -> StreamError {
    match error {
        p2::StreamError::Closed => StreamError::Closed,
        p2::StreamError::LastOperationFailed(error) => {
            StreamError::Failed(error.downcast_ref::<std::io::Error>().map(ErrorCode::from_host))
        }
        p2::StreamError::Trap(error) => StreamError::Trap(Box::new(Carried(error))),
    }
}

/// Whether a stream is ready now.
fn is_ready(stream: &mut impl Pollable) -> bool {
    with_ambient_tokio_runtime(|| poll_noop(pin!(stream.ready()))).is_some()
}

impl Input for Stream<DynInputStream> {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.read(size).map_err(why)
    }

    fn blocking_read(&mut self, size: usize) -> Pending<'_, StreamResult<Bytes>> {
        Box::pin(async move { self.0.blocking_read(size).await.map_err(why) })
    }

    fn is_ready(&mut self) -> bool {
        is_ready(&mut self.0)
    }
}

impl Output for Stream<DynOutputStream> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<Option<Bytes>> {
        let stream = &mut self.0;
        if stream.check_write().map_err(why)? < bytes.len().max(1) {
            return Ok(Some(bytes));
        }
        stream.write(bytes).map_err(why)?;
        match stream.flush().and_then(|()| stream.check_write()) {
            Ok(0) => Ok(Some(Bytes::new())),
            // That it is closed is for the next write to say.
            Ok(_) | Err(p2::StreamError::Closed) => Ok(None),
            Err(error) => Err(why(error)),
        }
    }

    fn blocking_write_and_flush(&mut self, bytes: Bytes) -> Pending<'_, StreamResult<()>> {
        Box::pin(async move { self.0.blocking_write_and_flush(bytes).await.map_err(why) })
    }

    fn is_ready(&mut self) -> bool {
        is_ready(&mut self.0)
    }
}

impl P1Ctx {
    /// Gives the guest what was set on the builder.
    #[cold]
    pub(super) fn start(&mut self) -> Result<()> {
        self.mount();
        let mut table = ResourceTable::new();
        let mut cli = WasiCliCtxView { ctx: self.wasi.cli(), table: &mut table };
        let (arguments, environment) = (cli.get_arguments()?, cli.get_environment()?);
        let input = stdin::Host::get_stdin(&mut cli)?;
        let output = stdout::Host::get_stdout(&mut cli)?;
        let error = stderr::Host::get_stderr(&mut cli)?;
        let terminals = [
            terminal_stdin::Host::get_terminal_stdin(&mut cli)?.is_some(),
            terminal_stdout::Host::get_terminal_stdout(&mut cli)?.is_some(),
            terminal_stderr::Host::get_terminal_stderr(&mut cli)?.is_some(),
        ];
        let stdio = Stdio {
            input: Box::new(Stream(table.delete(input)?)),
            output: Box::new(Stream(table.delete(output)?)),
            error: Box::new(Stream(table.delete(error)?)),
            terminals,
        };
        self.state.start(&mut self.deterministic.wasi, stdio, arguments, environment);
        Ok(())
    }
}
