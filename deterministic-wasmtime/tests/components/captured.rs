//! Standard output kept in the context: a guest sees no difference.

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::{ComponentCtx, Error, WasiCtxBuilderExt as _, p3};
use wasmtime::Store;
use wasmtime::component::{Component, Instance};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::sync;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p3::bindings::Command;

use crate::adapted::componentise;
use crate::door::{component, interfaces};
use crate::echo;
use crate::host::{async_linker, engine, sync_linker};

#[test]
fn a_guest_of_0_2_prints_the_same_bytes() {
    let engine = engine();
    for guest in [test_programs::RUST_ARGS_ENV, test_programs::RUST_TRAP_PANIC] {
        let component = componentise(&engine, guest);
        let run = |store: &mut Store<ComponentCtx>| {
            let command = sync::Command::instantiate(&mut *store, &component, &sync_linker(&engine)).unwrap();
            command.wasi_cli_run().call_run(store).is_ok()
        };
        let pipes = [(); 2].map(|()| MemoryOutputPipe::new(1 << 20));
        let mut builder = WasiCtxBuilder::new();
        builder.arg(guest.name).stdout(pipes[0].clone()).stderr(pipes[1].clone());
        let mut passed = Store::new(&engine, builder.build_deterministic(Policies::default()));
        let context = WasiCtxBuilder::new().arg(guest.name).build_deterministic(Policies::default());
        let mut kept = Store::new(&engine, context.capture_output(1 << 20));
        assert_eq!(run(&mut passed), run(&mut kept), "{}", guest.name);
        let printed = pipes.map(|pipe| pipe.contents());
        assert!(!printed[0].is_empty() || !printed[1].is_empty(), "{}", guest.name);
        assert_eq!(kept.data().captured_stdout(), printed[0], "{}", guest.name);
        assert_eq!(kept.data().captured_stderr(), printed[1], "{}", guest.name);
        kept.data_mut().clear_captured();
        assert_eq!(kept.data().captured_stdout(), b"");
    }
}

/// A component that writes as it is told: what it gets is 0, or 256 and the error. `check` gives what is permitted.
fn writer() -> Component {
    let world = "world writer {
        import wasi:io/streams@0.2.12;
        import wasi:cli/stdout@0.2.12;
        export check: func() -> u64;
        export write: func(length: u32) -> u32;
        export blocking: func(length: u32) -> u32;
        export zeroes: func(length: u32) -> u32;
    }";
    let module = r#"(module
        (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.check-write" (func $check (param i32 i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
            (func $blocking (param i32 i32 i32 i32)))
        (memory (export "memory") 4)
        (data (i32.const 1024) "0123456789")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func $told (result i32)
            (i32.add (i32.mul (i32.load8_u (i32.const 16)) (i32.const 256)) (i32.load8_u (i32.const 20))))
        (func (export "check") (result i64)
            (call $check (call $stdout) (i32.const 16))
            (if (i32.load8_u (i32.const 16)) (then (return (i64.const -1))))
            (i64.load (i32.const 24)))
        (func (export "write") (param i32) (result i32)
            (call $write (call $stdout) (i32.const 1024) (local.get 0) (i32.const 16)) (call $told))
        (func (export "blocking") (param i32) (result i32)
            (call $blocking (call $stdout) (i32.const 1024) (local.get 0) (i32.const 16)) (call $told))
        (func (export "zeroes") (param i32) (result i32)
            (call $zeroes (call $stdout) (i64.extend_i32_u (local.get 0)) (i32.const 16)) (call $told)))"#;
    component(&engine(), interfaces(), world, module)
}

struct Writer(Store<ComponentCtx>, Instance);

impl Writer {
    fn new(limit: usize) -> Self {
        let component = writer();
        let context = WasiCtxBuilder::new().build_deterministic(Policies::default()).capture_output(limit);
        let mut store = Store::new(component.engine(), context);
        let instance = sync_linker(component.engine()).instantiate(&mut store, &component).unwrap();
        Writer(store, instance)
    }

    fn call(&mut self, name: &str, length: u32) -> wasmtime::Result<u32> {
        let function = self.1.get_typed_func::<(u32,), (u32,)>(&mut self.0, name)?;
        Ok(function.call(&mut self.0, (length,))?.0)
    }

    fn check(&mut self) -> u64 {
        let function = self.1.get_typed_func::<(), (u64,)>(&mut self.0, "check").unwrap();
        function.call(&mut self.0, ()).unwrap().0
    }
}

/// The second case of the interface's error.
const CLOSED: u32 = 256 + 1;

#[test]
fn what_is_full_is_closed() {
    let mut guest = Writer::new(10);
    assert_eq!((guest.check(), guest.call("write", 4).unwrap(), guest.check()), (10, 0, 6));
    assert_eq!((guest.call("zeroes", 2).unwrap(), guest.check()), (0, 4));
    assert_eq!(guest.call("blocking", 10).unwrap(), CLOSED, "no room for all of it");
    assert_eq!(guest.0.data().captured_stdout(), b"0123\0\x000123");
    assert_eq!((guest.check(), guest.call("blocking", 1).unwrap()), (u64::MAX, CLOSED));
    guest.0.data_mut().clear_captured();
    assert_eq!(guest.check(), 10);
    let error = guest.call("write", 11).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::WriteNotPermitted { permitted: 10 })), "{error:?}");
}

#[test]
fn more_zeroes_than_a_chunk_are_written() {
    let mut guest = Writer::new(1 << 20);
    assert_eq!(guest.call("zeroes", 200_000).unwrap(), 0);
    assert_eq!(guest.0.data().captured_stdout(), vec![0; 200_000]);
}

#[test]
fn a_guest_of_0_3_prints_the_same_bytes_and_hears_of_an_end() {
    let component = echo::component();
    let run = |input: &[u8], limit| {
        let mut builder = WasiCtxBuilder::new();
        builder.stdin(MemoryInputPipe::new(input.to_vec()));
        let context = builder.build_deterministic(Policies::default()).capture_output(limit);
        let mut store = Store::new(component.engine(), context);
        let (waits, linker) = (store.data().deterministic().waits(), async_linker(component.engine()));
        let ended = p3::block_on(&waits, async {
            let command = Command::instantiate_async(&mut store, &component, &linker).await?;
            store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await?
        });
        (store.data().captured_stdout().to_vec(), ended.unwrap().unwrap())
    };
    let input: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(run(&input, 1 << 20), (input.clone(), Ok(())));
    let (output, ended) = run(&input, 1_000);
    assert_eq!((&output[..], ended), (&input[..1_000], Err(())));
}
