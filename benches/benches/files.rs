//! Files through WASI 0.1: stock wasmtime-wasi on a real directory, ours on the same one live, and on a hermetic tree of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use benches::{configure, core_engine, looping, time};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use criterion::{Criterion, criterion_group, criterion_main};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::{Access, Contents, Tree};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

const ENTRIES: usize = 100;

/// The calls that are timed, and what they need: `prepare` opens `file` and `many`.
const BEFORE: &str = r#"
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_pread" (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_filestat_get"
        (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
    (data (i32.const 0) "file")
    (data (i32.const 8) "many")
    (data (i32.const 16) "\00\10\00\00\00\10\00\00")
    (func $open (param $path i32) (param $out i32) (result i32)
        (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (i32.const 4) (i32.const 0)
            (i64.const 2) (i64.const 2) (i32.const 0) (local.get $out)))
    (func (export "prepare") (result i32)
        (i32.or (call $open (i32.const 0) (i32.const 64)) (call $open (i32.const 8) (i32.const 68))))
    (func $file (result i32) (i32.load (i32.const 64)))
    (func $many (result i32) (i32.load (i32.const 68)))
    (func $expect (param $errno i32) (param $at i32) (param $value i32) (result i32)
        (i32.or (local.get $errno) (i32.ne (i32.load (local.get $at)) (local.get $value))))"#;

const CALLS: &[(&str, &str)] = &[
    ("open and close", "(i32.or (call $open (i32.const 0) (i32.const 72)) (call $fd_close (i32.load (i32.const 72))))"),
    (
        "read 4 KiB",
        "(i32.or (call $fd_seek (call $file) (i64.const 0) (i32.const 0) (i32.const 80))
            (call $expect (call $fd_read (call $file) (i32.const 16) (i32.const 1) (i32.const 72))
                (i32.const 72) (i32.const 4096)))",
    ),
    (
        "pread 4 KiB",
        "(call $expect (call $fd_pread (call $file) (i32.const 16) (i32.const 1) (i64.const 0) (i32.const 72))
            (i32.const 72) (i32.const 4096))",
    ),
    (
        "stat of a descriptor",
        "(call $expect (call $fd_filestat_get (call $file) (i32.const 128)) (i32.const 160) (i32.const 4096))",
    ),
    (
        "stat of a path",
        "(call $expect (call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 128))
            (i32.const 160) (i32.const 4096))",
    ),
    // 100 entries of 24 bytes with names of 4, and the two dots.
    (
        "list 100",
        "(call $expect (call $fd_readdir (call $many) (i32.const 8192) (i32.const 65536) (i64.const 0) (i32.const 72))
            (i32.const 72) (i32.const 2851))",
    ),
];

fn make(root: &Path) {
    fs::write(root.join("file"), [7; 4096]).expect("a file");
    fs::create_dir(root.join("many")).expect("a directory");
    for number in 0..ENTRIES {
        fs::write(root.join(format!("many/f{number:03}")), "").expect("a file");
    }
}

fn files(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a directory");
    make(root.path());
    let dir = Dir::open_ambient_dir(root.path(), ambient_authority()).expect("a directory");
    let tree = Arc::new(Tree::read(&dir, Contents::AtStart).expect("a tree"));
    let engine = core_engine();
    let mut stock = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut stock, |ctx: &mut WasiP1Ctx| ctx).expect("a fresh linker");
    let linker = Linker::new(&engine);

    for (name, body) in CALLS {
        let module = Module::new(&engine, looping(BEFORE, body)).expect("a valid guest");
        let mut group = criterion.benchmark_group(format!("p1/{name}"));
        let builder = || {
            let mut builder = WasiCtxBuilder::new();
            // The faster way of stock's.
            builder.allow_blocking_current_thread(true);
            builder.preopened_dir(root.path(), "/", FsPerms::ReadWrite).expect("a directory");
            builder
        };
        let mut store = Store::new(&engine, builder().build_p1());
        let instance = stock.instantiate(&mut store, &module).expect("it links");
        time(&mut group, "stock", &mut store, instance);
        let program = p1::instantiate_pre_sync(&linker, &module, |ctx: &mut p1::P1Ctx| ctx).expect("it links");
        let mut ours = |name: &str, ctx| {
            let mut store = Store::new(&engine, ctx);
            let instance = program.instantiate(&mut store).expect("it starts");
            time(&mut group, name, &mut store, instance);
        };
        ours("live", builder().build_deterministic_p1(Policies::default()));
        let mut hermetic = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
        hermetic.deterministic_mut().files().mount_hermetic(&tree, "/", Access::ReadWrite).expect("room");
        ours("hermetic", hermetic);
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = configure();
    targets = files
}
criterion_main!(benches);
