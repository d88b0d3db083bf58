//! `wasi:cli`: what the embedder gave to the builder.

mod captured;

use wasmtime::StoreContextMut;
use wasmtime::component::Access;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p3::bindings::cli as bindings;

use bindings::terminal_input::TerminalInput;
use bindings::terminal_output::TerminalOutput;
use captured::capture;
use deterministic_wasi::{HostCall, StandardOutput};

use crate::DeterministicView;
use crate::component::{linked, p3_name};
use crate::held::counted;
use crate::p2::{exit_with, exit_with_code};

/// The store as the functions want it that start a stream.
fn access<T: DeterministicView + 'static>(store: StoreContextMut<'_, T>) -> Access<'_, T, WasiCli> {
    Access::<'_, T, WasiCli>::new(store, T::cli)
}

linked! {
    /// `wasi:cli/environment`: arguments, variables and the first directory, as the builder has them.
    environment, p3_name!("wasi:cli/environment"), |cli| {
        use bindings::environment::Host;
        cli.func_of_data(HostCall::get_environment, |data, ()| Host::get_environment(&mut data.cli()))?;
        cli.func_of_data(HostCall::get_arguments, |data, ()| Host::get_arguments(&mut data.cli()))?;
        cli.func_of_data(HostCall::get_initial_cwd, |data, ()| Host::get_initial_cwd(&mut data.cli()))?;
    }
}

linked! {
    /// `wasi:cli/exit`: the end of the guest, as a [`wasmtime_wasi::I32Exit`].
    exit, p3_name!("wasi:cli/exit"), |cli| {
        cli.func_of_store(HostCall::exit, |_, (status,)| exit_with(status))?;
        cli.func_of_store(HostCall::exit_with_code, |_, (code,)| exit_with_code(code))?;
    }
}

linked! {
    /// `wasi:cli/stdin`: the builder's stream.
    stdin, p3_name!("wasi:cli/stdin"), |cli| {
        cli.func_of_store(HostCall::stdin_read_via_stream, |store, ()| {
            Ok((<WasiCli as bindings::stdin::HostWithStore<T>>::read_via_stream(access(store))?,))
        })?;
    }
}

linked! {
    /// `wasi:cli/stdout`: the builder's stream, or the context itself.
    stdout, p3_name!("wasi:cli/stdout"), |cli| {
        cli.func_of_store(HostCall::stdout_write_via_stream, |mut store, (data,)| {
            if store.data_mut().deterministic_view().ctx.streams.captured.is_some() {
                return Ok((capture(store, data, StandardOutput::Stdout)?,));
            }
            Ok((<WasiCli as bindings::stdout::HostWithStore<T>>::write_via_stream(access(store), data)?,))
        })?;
    }
}

linked! {
    /// `wasi:cli/stderr`: the builder's stream, or the context itself.
    stderr, p3_name!("wasi:cli/stderr"), |cli| {
        cli.func_of_store(HostCall::stderr_write_via_stream, |mut store, (data,)| {
            if store.data_mut().deterministic_view().ctx.streams.captured.is_some() {
                return Ok((capture(store, data, StandardOutput::Stderr)?,));
            }
            Ok((<WasiCli as bindings::stderr::HostWithStore<T>>::write_via_stream(access(store), data)?,))
        })?;
    }
}

linked! {
    /// `wasi:cli/terminal-input`: a standard input that is a terminal.
    terminal_input, p3_name!("wasi:cli/terminal-input"), |cli| {
        cli.resource_taken::<TerminalInput>(HostCall::terminal_input_drop)?;
    }
}

linked! {
    /// `wasi:cli/terminal-output`: a standard output that is a terminal.
    terminal_output, p3_name!("wasi:cli/terminal-output"), |cli| {
        cli.resource_taken::<TerminalOutput>(HostCall::terminal_output_drop)?;
    }
}

linked! {
    /// `wasi:cli/terminal-stdin`: whether the builder's stream is one.
    terminal_stdin, p3_name!("wasi:cli/terminal-stdin"), |cli| {
        use bindings::terminal_stdin::Host;
        cli.func_of_data(HostCall::get_terminal_stdin, |data, ()| {
            let made = Host::get_terminal_stdin(&mut data.cli())?;
            counted(data, made)
        })?;
    }
}

linked! {
    /// `wasi:cli/terminal-stdout`: whether the builder's stream is one.
    terminal_stdout, p3_name!("wasi:cli/terminal-stdout"), |cli| {
        use bindings::terminal_stdout::Host;
        cli.func_of_data(HostCall::get_terminal_stdout, |data, ()| {
            if data.deterministic_view().ctx.streams.captured.is_some() {
                return Ok(None);
            }
            let made = Host::get_terminal_stdout(&mut data.cli())?;
            counted(data, made)
        })?;
    }
}

linked! {
    /// `wasi:cli/terminal-stderr`: whether the builder's stream is one.
    terminal_stderr, p3_name!("wasi:cli/terminal-stderr"), |cli| {
        use bindings::terminal_stderr::Host;
        cli.func_of_data(HostCall::get_terminal_stderr, |data, ()| {
            if data.deterministic_view().ctx.streams.captured.is_some() {
                return Ok(None);
            }
            let made = Host::get_terminal_stderr(&mut data.cli())?;
            counted(data, made)
        })?;
    }
}
