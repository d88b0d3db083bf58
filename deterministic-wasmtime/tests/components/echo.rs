//! The standard streams of WASI 0.3.

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p3};
use wasmtime::Store;
use wasmtime::component::Component;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p3::bindings::Command;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::host::{async_linker, engine};

/// The guest.
pub(crate) fn component() -> Component {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("echo.wit", include_str!("echo.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("echo")).unwrap();
    let mut module = wat::parse_str(include_str!("echo.wat")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let bytes = ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
    Component::new(&engine(), bytes).unwrap()
}

fn echo(input: Vec<u8>) -> (Vec<u8>, Result<(), ()>) {
    let component = component();
    let engine = component.engine().clone();
    let stdout = MemoryOutputPipe::new(64 << 20);
    let mut builder = WasiCtxBuilder::new();
    builder.stdin(MemoryInputPipe::new(input)).stdout(stdout.clone());
    let mut store = Store::new(&engine, builder.build_deterministic(Policies::default()));
    let waits = store.data().deterministic().waits();
    let linker = async_linker(&engine);
    let ended = p3::block_on(&waits, async {
        let command = Command::instantiate_async(&mut store, &component, &linker).await?;
        store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await?
    });
    (stdout.contents().to_vec(), ended.unwrap().unwrap())
}

#[test]
fn what_comes_in_goes_out_however_much_it_is() {
    // The last one is more chunks than tokio lets a task use at once.
    for length in [0, 1, 8191, 8192, 8193, 5 << 20] {
        let input: Vec<u8> = (0..length).map(|i: u32| (i % 251) as u8).collect();
        let (output, ended) = echo(input.clone());
        assert_eq!(ended, Ok(()), "{length}");
        assert!(output == input, "{length}: {} bytes came out", output.len());
    }
}
