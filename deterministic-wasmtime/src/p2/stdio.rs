//! `wasi:cli/stdin`, `stdout` and `stderr`: wasmtime-wasi's, each stream that a guest asks for counted.

use wasmtime::component::Linker;
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdin, stdout};

use crate::DeterministicView;

pub(super) fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.instance("wasi:cli/stdin@0.2.12")?.func_wrap("get-stdin", |mut store: StoreContextMut<'_, T>, (): ()| {
        let stream = stdin::Host::get_stdin(&mut store.data_mut().cli())?;
        Ok((store.data_mut().deterministic_view().held(stream)?,))
    })?;
    linker.instance("wasi:cli/stdout@0.2.12")?.func_wrap(
        "get-stdout",
        |mut store: StoreContextMut<'_, T>, (): ()| {
            let stream = stdout::Host::get_stdout(&mut store.data_mut().cli())?;
            Ok((store.data_mut().deterministic_view().held(stream)?,))
        },
    )?;
    linker.instance("wasi:cli/stderr@0.2.12")?.func_wrap("get-stderr", |mut store: StoreContextMut<'_, T>, (): ()| {
        let stream = stderr::Host::get_stderr(&mut store.data_mut().cli())?;
        Ok((store.data_mut().deterministic_view().held(stream)?,))
    })
}
