//! `wasi:cli`: what the embedder gave to the builder.

use wasmtime_wasi::I32Exit;
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::p2::bindings::cli as bindings;

use bindings::terminal_input::TerminalInput;
use bindings::terminal_output::TerminalOutput;
use deterministic_wasi::{HostCall, StandardOutput};

use crate::component::{linked, p2_name};
use crate::held::counted;

linked! {
    /// `wasi:cli/environment`: arguments, variables and the first directory, as the builder has them.
    environment, p2_name!("wasi:cli/environment"), |cli| {
        use bindings::environment::Host;
        cli.func_of_data(HostCall::get_environment, |data, ()| Host::get_environment(&mut data.cli()))?;
        cli.func_of_data(HostCall::get_arguments, |data, ()| Host::get_arguments(&mut data.cli()))?;
        cli.func_of_data(HostCall::initial_cwd, |data, ()| Host::initial_cwd(&mut data.cli()))?;
    }
}

linked! {
    /// `wasi:cli/exit`: the end of the guest, as an [`I32Exit`].
    exit, p2_name!("wasi:cli/exit"), |cli| {
        cli.func_of_store(HostCall::exit, |_, (status,)| exit_with(status))?;
        cli.func_of_store(HostCall::exit_with_code, |_, (code,)| exit_with_code(code))?;
    }
}

pub(crate) fn exit_with(status: Result<(), ()>) -> wasmtime::Result<()> {
    exit_with_code(status.is_err().into())
}

pub(crate) fn exit_with_code(code: u8) -> wasmtime::Result<()> {
    Err(I32Exit(code.into()).into())
}

linked! {
    /// `wasi:cli/stdin`: the builder's stream. Needs [`streams`](super::streams) as well.
    stdin, p2_name!("wasi:cli/stdin"), |cli| {
        cli.func_of_data(HostCall::get_stdin, |data, ()| {
            let stream = bindings::stdin::Host::get_stdin(&mut data.cli())?;
            data.deterministic_view().held(stream)
        })?;
    }
}

linked! {
    /// `wasi:cli/stdout`: the builder's stream, or the context itself. Needs [`streams`](super::streams) as well.
    stdout, p2_name!("wasi:cli/stdout"), |cli| {
        cli.func_of_data(HostCall::get_stdout, |data, ()| {
            if let Some(captured) = data.deterministic_view().push_captured(StandardOutput::Stdout) {
                return captured;
            }
            let stream = bindings::stdout::Host::get_stdout(&mut data.cli())?;
            data.deterministic_view().held(stream)
        })?;
    }
}

linked! {
    /// `wasi:cli/stderr`: the builder's stream, or the context itself. Needs [`streams`](super::streams) as well.
    stderr, p2_name!("wasi:cli/stderr"), |cli| {
        cli.func_of_data(HostCall::get_stderr, |data, ()| {
            if let Some(captured) = data.deterministic_view().push_captured(StandardOutput::Stderr) {
                return captured;
            }
            let stream = bindings::stderr::Host::get_stderr(&mut data.cli())?;
            data.deterministic_view().held(stream)
        })?;
    }
}

linked! {
    /// `wasi:cli/terminal-input`: a standard input that is a terminal.
    terminal_input, p2_name!("wasi:cli/terminal-input"), |cli| {
        cli.resource_taken::<TerminalInput>(HostCall::terminal_input_drop)?;
    }
}

linked! {
    /// `wasi:cli/terminal-output`: a standard output that is a terminal.
    terminal_output, p2_name!("wasi:cli/terminal-output"), |cli| {
        cli.resource_taken::<TerminalOutput>(HostCall::terminal_output_drop)?;
    }
}

linked! {
    /// `wasi:cli/terminal-stdin`: whether the builder's stream is one.
    terminal_stdin, p2_name!("wasi:cli/terminal-stdin"), |cli| {
        use bindings::terminal_stdin::Host;
        cli.func_of_data(HostCall::get_terminal_stdin, |data, ()| {
            let made = Host::get_terminal_stdin(&mut data.cli())?;
            counted(data, made)
        })?;
    }
}

linked! {
    /// `wasi:cli/terminal-stdout`: whether the builder's stream is one.
    terminal_stdout, p2_name!("wasi:cli/terminal-stdout"), |cli| {
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
    terminal_stderr, p2_name!("wasi:cli/terminal-stderr"), |cli| {
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
