//! The compiled guests of WASI 0.1 as components, under every preset, twice.

use deterministic_wasmtime::core::{PolicyError, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _, p3};
use test_programs::Guest;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::{Command, sync};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

use crate::host::{async_linker, engine, sync_linker};

#[derive(Debug, PartialEq)]
struct Run {
    stdout: String,
    stderr: String,
    end: Result<i32, String>,
    now: u64,
    calls: Vec<(&'static str, u64)>,
}

pub(crate) fn componentise(engine: &Engine, guest: Guest) -> Component {
    let bytes = wit_component::ComponentEncoder::default()
        .module(guest.wasm)
        .unwrap()
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
        .unwrap()
        .encode()
        .unwrap();
    Component::new(engine, bytes).unwrap()
}

/// A tree to read, and one to write that is fresh for each run.
fn builder(guest: Guest, args: &[&str], tree: &std::path::Path, own: &std::path::Path) -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder.allow_blocking_current_thread(true).arg(guest.name).args(args).env("LANG", "C");
    builder.stdin(MemoryInputPipe::new("line one\nline two"));
    if guest.name == "rust_files" {
        builder.preopened_dir(own, "/", FsPerms::ReadWrite).unwrap();
    } else if ["rust_list_dir", "rust_walk_tree", "c_stat_tree"].contains(&guest.name) {
        builder.preopened_dir(tree, "/", FsPerms::ReadOnly).unwrap();
    }
    builder
}

fn finish(
    store: &Store<ComponentCtx>,
    result: wasmtime::Result<Result<(), ()>>,
    (stdout, stderr): (MemoryOutputPipe, MemoryOutputPipe),
) -> Run {
    let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
    let end = match result {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None if matches!(error.downcast_ref(), Some(PolicyError::RandomRefused)) => Err("refused".to_owned()),
            None => Err(error.root_cause().to_string()),
        },
    };
    let policies = store.data().deterministic();
    let (now, calls) = (policies.now().as_nanos(), policies.host_calls().collect());
    Run { stdout: text(stdout), stderr: text(stderr), end, now, calls }
}

fn run(
    linkers: &Linkers,
    component: &Component,
    mut builder: WasiCtxBuilder,
    preset: Preset,
    asynchronous: bool,
) -> Run {
    let pipes = (MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 20));
    builder.stdout(pipes.0.clone()).stderr(pipes.1.clone());
    let ctx = builder.build_deterministic(preset.policies(&Seed::from_u64(11)));
    let mut store = Store::new(linkers.sync.engine(), ctx);
    let result = if asynchronous {
        let waits = store.data().deterministic().waits();
        p3::block_on(&waits, async {
            let command = Command::instantiate_async(&mut store, component, &linkers.asynchronous).await?;
            command.wasi_cli_run().call_run(&mut store).await
        })
        .unwrap()
    } else {
        sync::Command::instantiate(&mut store, component, &linkers.sync)
            .and_then(|command| command.wasi_cli_run().call_run(&mut store))
    };
    finish(&store, result, pipes)
}

struct Linkers {
    sync: Linker<ComponentCtx>,
    asynchronous: Linker<ComponentCtx>,
}

#[test]
fn every_compiled_guest_runs_the_same_twice_and_in_both_flavours() {
    let engine = engine();
    let linkers = Linkers { sync: sync_linker(&engine), asynchronous: async_linker(&engine) };
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("directory")).unwrap();
    for name in ["zeta", "alpha", "directory/inner"] {
        std::fs::write(tree.path().join(name), name).unwrap();
    }
    let mut ran = 0;
    // The adapter itself, whatever the host, refuses an absolute deadline of the wall clock that has passed, which
    // `c_nanosleep` sets, and fails an assertion of its own beside an allocator that grows the memory, as that of
    // `rust_alloc_grow` does.
    let left_out = |name: &str| name.starts_with("wat_") || ["c_nanosleep", "rust_alloc_grow"].contains(&name);
    for guest in test_programs::ALL.iter().copied().filter(|guest| !left_out(guest.name)) {
        let args: &[&str] = match guest.name {
            "rust_spin" => &["2000"],
            "c_entropy_chunks" => &["7"],
            // The adapter refuses processor clocks, as stock does.
            "c_clock" => &["stock"],
            _ => &[],
        };
        let component = componentise(&engine, guest);
        for preset in Preset::ALL.iter().copied().filter(|preset| preset.name() != "host") {
            let run = |asynchronous| {
                let own = tempfile::tempdir().unwrap();
                run(&linkers, &component, builder(guest, args, tree.path(), own.path()), preset, asynchronous)
            };
            let first = run(false);
            let context = format!("{} under {preset}", guest.name);
            assert_eq!(first, run(false), "{context}");
            assert_eq!(first, run(true), "{context}, asynchronously");
            match &first.end {
                Ok(code) => {
                    assert_eq!((*code, guest.must_trap()), (0, false), "{context}: {}{}", first.stdout, first.stderr)
                }
                Err(trap) if trap == "refused" => assert_eq!(preset, Preset::Strict, "{context}"),
                Err(trap) => assert!(guest.must_trap(), "{context}: {trap}: {}{}", first.stdout, first.stderr),
            }
            ran += 1;
        }
    }
    assert!(ran > 100, "{ran}");
}

#[test]
fn an_hour_of_sleep_is_an_hour_on_the_guest_s_clock() {
    let engine = engine();
    let linkers = Linkers { sync: sync_linker(&engine), asynchronous: async_linker(&engine) };
    let component = componentise(&engine, test_programs::RUST_SLEEP);
    let path = std::path::Path::new(".");
    let builder = builder(test_programs::RUST_SLEEP, &["3600000000000"], path, path);
    let run = run(&linkers, &component, builder, Preset::Simulation, false);
    assert_eq!(run.end, Ok(0), "{}", run.stderr);
    assert!(run.now >= 3_600_000_000_000);
}
