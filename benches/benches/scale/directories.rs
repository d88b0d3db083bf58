//! Directories with many entries, in memory.

use std::sync::Arc;

use benches::{Line, core_engine, repeat};
use criterion::Criterion;
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::{Access, Tree};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;

const ENTRIES: &[u32] = &[10, 100, 1_000, 10_000, 100_000];

/// Reads the whole directory, and counts the entries.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "list") (result i32) (local $cookie i64) (local $at i32) (local $end i32) (local $next i32)
        (loop $more
            (if (call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 65536) (local.get $cookie) (i32.const 0))
                (then (return (i32.const -1))))
            (local.set $at (i32.const 1024))
            (local.set $end (i32.add (i32.const 1024) (i32.load (i32.const 0))))
            (block $cut
                (loop $entry
                    (br_if $cut (i32.gt_u (i32.add (local.get $at) (i32.const 24)) (local.get $end)))
                    (local.set $next (i32.add (i32.add (local.get $at) (i32.const 24))
                        (i32.load offset=16 (local.get $at))))
                    (br_if $cut (i32.gt_u (local.get $next) (local.get $end)))
                    (local.set $cookie (i64.load (local.get $at)))
                    (local.set $at (local.get $next))
                    (br $entry)))
            (br_if $more (i32.eq (i32.load (i32.const 0)) (i32.const 65536))))
        (i32.wrap_i64 (local.get $cookie))))"#;

fn tree(entries: u32) -> Arc<Tree> {
    let mut tree = Tree::new();
    for number in 0..entries {
        tree.insert_file(&format!("file{number:07}"), []).expect("a free name");
    }
    Arc::new(tree)
}

/// A context with the tree as its only directory.
fn mounted(tree: &Arc<Tree>) -> p1::P1Ctx {
    let mut ctx = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    ctx.deterministic_mut().files().mount_hermetic(tree, "/", Access::ReadWrite).expect("there is room");
    ctx
}

pub(super) fn trees(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale/directory");
    let mut built = Line::new("entries, building a tree");
    let mut mount = Line::new("entries, mounting it");
    for &entries in ENTRIES {
        built.point(&mut group, entries.into(), |times| {
            repeat(times, || assert_eq!(tree(entries).entries().count(), entries as usize))
        });
        let tree = tree(entries);
        mount.point(&mut group, entries.into(), |times| {
            repeat(times, || assert_eq!(mounted(&tree).deterministic_mut().files().preopens().len(), 1))
        });
    }
}

pub(super) fn listing(criterion: &mut Criterion) {
    let engine = core_engine();
    let module = Module::new(&engine, GUEST).expect("a valid guest");
    let program =
        p1::instantiate_pre_sync(&Linker::new(&engine), &module, |ctx: &mut p1::P1Ctx| ctx).expect("it links");
    let mut group = criterion.benchmark_group("scale/directory");
    let mut line = Line::new("entries, all read");
    for &entries in ENTRIES {
        let mut store = Store::new(&engine, mounted(&tree(entries)));
        let instance = program.instantiate(&mut store).expect("it starts");
        let list = instance.get_typed_func::<(), i32>(&mut store, "list").expect("it exports `list`");
        line.point(&mut group, entries.into(), |times| {
            // And the two dots.
            repeat(times, || assert_eq!(list.call(&mut store, ()).expect("it ends well"), entries as i32 + 2))
        });
    }
}
