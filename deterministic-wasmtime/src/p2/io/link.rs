//! Linking `wasi:io/streams`.

use deterministic_wasi::HostCall;

use super::asynchronous::{HostInputStream as AsyncInput, HostOutputStream as AsyncOutput};
use super::synchronous::{HostInputStream as SyncInput, HostOutputStream as SyncOutput};
use crate::component::{Answer as _, Interface};
use crate::{DeterministicCtxView, DeterministicView};

/// `wasi:io/streams`: streams of files do their work when asked, up to 64 KiB with each call. All others are the embedder's.
pub mod streams {
    use wasmtime::Result;
    use wasmtime::component::Linker;

    use super::{alone, common, with_executor};
    use crate::DeterministicView;
    use crate::component::{Interface, p2_name};

    const NAME: &str = p2_name!("wasi:io/streams");

    /// Defines this interface in `linker`, for synchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_sync<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        let mut streams = Interface::new(linker, NAME)?;
        common(&mut streams)?;
        alone(&mut streams)
    }

    /// Defines this interface in `linker`, for asynchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_async<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        let mut streams = Interface::new(linker, NAME)?;
        common(&mut streams)?;
        with_executor(&mut streams)
    }
}

type Result = wasmtime::Result<()>;

/// What never waits.
fn common<T: DeterministicView + 'static>(streams: &mut Interface<'_, T>) -> Result {
    streams.func(HostCall::input_stream_read, |view, (stream, len)| AsyncInput::read(view, stream, len))?;
    streams.func(HostCall::input_stream_skip, |view, (stream, len)| AsyncInput::skip(view, stream, len))?;
    streams.func(HostCall::input_stream_subscribe, |view, (stream,)| AsyncInput::subscribe(view, stream))?;
    streams.func(HostCall::output_stream_check_write, |view, (stream,)| AsyncOutput::check_write(view, stream))?;
    streams.func(HostCall::output_stream_write, |view, (stream, bytes)| AsyncOutput::write(view, stream, bytes))?;
    streams.func(HostCall::output_stream_flush, |view, (stream,)| AsyncOutput::flush(view, stream))?;
    streams.func(HostCall::output_stream_subscribe, |view, (stream,)| AsyncOutput::subscribe(view, stream))?;
    streams.func(HostCall::output_stream_write_zeroes, |view, (stream, len)| {
        AsyncOutput::write_zeroes(view, stream, len)
    })?;
    streams.func(HostCall::output_stream_splice, |view, (to, from, len)| AsyncOutput::splice(view, to, from, len))
}

/// What may wait, on a thread of the host's.
fn alone<T: DeterministicView + 'static>(streams: &mut Interface<'_, T>) -> Result {
    streams.resource(HostCall::input_stream_drop, |mut store, stream| {
        SyncInput::drop(&mut store.data_mut().deterministic_view(), stream)
    })?;
    streams.resource(HostCall::output_stream_drop, |mut store, stream| {
        SyncOutput::drop(&mut store.data_mut().deterministic_view(), stream)
    })?;
    streams.func(HostCall::input_stream_blocking_read, |view, (stream, len)| {
        SyncInput::blocking_read(view, stream, len)
    })?;
    streams.func(HostCall::input_stream_blocking_skip, |view, (stream, len)| {
        SyncInput::blocking_skip(view, stream, len)
    })?;
    streams.func(HostCall::output_stream_blocking_write_and_flush, |view, (stream, bytes)| {
        SyncOutput::blocking_write_and_flush(view, stream, bytes)
    })?;
    streams.func(HostCall::output_stream_blocking_flush, |view, (stream,)| SyncOutput::blocking_flush(view, stream))?;
    streams.func(HostCall::output_stream_blocking_write_zeroes_and_flush, |view, (stream, len)| {
        SyncOutput::blocking_write_zeroes_and_flush(view, stream, len)
    })?;
    streams.func(HostCall::output_stream_blocking_splice, |view, (to, from, len)| {
        SyncOutput::blocking_splice(view, to, from, len)
    })
}

/// Links a function that may wait for an executor.
macro_rules! waiting {
    ($streams:ident, $call:ident($($param:ident),*) = $work:expr) => {
        $streams.func_async(HostCall::$call, |data, ($($param,)*)| {
            Box::new(async move {
                let mut view: DeterministicCtxView<'_> = data.deterministic_view();
                let answer = $work(&mut view, $($param),*).await;
                Ok((answer.lowered(&mut view)?,))
            })
        })
    };
}

/// What may wait, for an executor of the embedder's.
fn with_executor<T: DeterministicView + 'static>(streams: &mut Interface<'_, T>) -> Result {
    streams.resource_async(HostCall::input_stream_drop, |data, stream| {
        Box::new(async move { AsyncInput::drop(&mut data.deterministic_view(), stream).await })
    })?;
    streams.resource_async(HostCall::output_stream_drop, |data, stream| {
        Box::new(async move { AsyncOutput::drop(&mut data.deterministic_view(), stream).await })
    })?;
    waiting!(streams, input_stream_blocking_read(stream, len) = AsyncInput::blocking_read)?;
    waiting!(streams, input_stream_blocking_skip(stream, len) = AsyncInput::blocking_skip)?;
    waiting!(streams, output_stream_blocking_write_and_flush(stream, bytes) = AsyncOutput::blocking_write_and_flush)?;
    waiting!(streams, output_stream_blocking_flush(stream) = AsyncOutput::blocking_flush)?;
    waiting!(
        streams,
        output_stream_blocking_write_zeroes_and_flush(stream, len) = AsyncOutput::blocking_write_zeroes_and_flush
    )?;
    waiting!(streams, output_stream_blocking_splice(to, from, len) = AsyncOutput::blocking_splice)
}
