//! Two copies of a tree are one tree to the guest, whatever the host did to them.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::fs::{Access, Contents, Tree};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use test_programs::Guest;
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

const FILES: &[&str] =
    &["zeta", "Alpha", "alpha", "a b", "\u{e4}", "d/inner", "d/e/f/deep", "d/e/empty", "d-e", "large"];

fn contents(name: &str) -> Vec<u8> {
    match name {
        "large" => (0..300_000u32).flat_map(u32::to_le_bytes).collect(),
        "d/e/empty" => Vec::new(),
        _ => name.as_bytes().to_vec(),
    }
}

/// The tree in another order, with another history, other times, other owners.
fn make(root: &Path, copy: u32) {
    let mut files = FILES.to_vec();
    if copy % 2 == 1 {
        files.reverse();
    }
    for name in files {
        // Inodes and places in directories that are free again, and used otherwise.
        for other in 0..copy * 3 {
            fs::write(root.join(format!("gone{other}")), "gone").unwrap();
        }
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents(name)).unwrap();
        for other in 0..copy * 3 {
            fs::remove_file(root.join(format!("gone{other}"))).unwrap();
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000 + u64::from(copy) * 1000);
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_times(fs::FileTimes::new().set_accessed(time).set_modified(time)).unwrap();
        // Where this may be done.
        let _ = chown(&path, Some(copy + 1), Some(copy + 2));
    }
    symlink("d/inner", root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    fs::create_dir_all(root.join("empty directory")).unwrap();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mount {
    Live,
    Hermetic(Contents),
}

fn run(engine: &Engine, guest: Guest, root: &Path, mount: Mount) -> Vec<u8> {
    let module = Module::new(engine, guest.wasm).unwrap();
    let mut linker = Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
    let stdout = MemoryOutputPipe::new(1 << 20);
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(stdout.clone());
    if mount == Mount::Live {
        builder.preopened_dir(root, "/", FsPerms::ReadOnly).unwrap();
    }
    let mut ctx = builder.build_deterministic_p1(Preset::Simulation.policies(&Seed::from_u64(1)));
    if let Mount::Hermetic(contents) = mount {
        let dir = cap_std::fs::Dir::open_ambient_dir(root, cap_std::ambient_authority()).unwrap();
        let tree = Arc::new(Tree::read(&dir, contents).unwrap());
        ctx.deterministic_mut().files().mount_hermetic(&tree, "/", Access::ReadOnly).unwrap();
    }
    let mut store = Store::new(engine, ctx);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap().call(&mut store, ()).unwrap();
    drop(store);
    stdout.contents().to_vec()
}

#[test]
fn copies_of_a_tree_are_equal_in_every_kind_of_mount() {
    let engine = Engine::new(configure(&mut Config::new())).unwrap();
    let roots: Vec<_> = (0..3)
        .map(|copy| {
            let root = tempfile::tempdir().unwrap();
            make(root.path(), copy);
            root
        })
        .collect();
    for guest in [test_programs::RUST_WALK_TREE, test_programs::C_STAT_TREE, test_programs::RUST_LIST_DIR] {
        let expected = run(&engine, guest, roots[0].path(), Mount::Live);
        let text = String::from_utf8_lossy(&expected).into_owned();
        assert!(FILES.iter().all(|name| text.contains(name.rsplit('/').next().unwrap())), "{}: {text}", guest.name);
        for root in &roots {
            let hermetic = [Contents::AtStart, Contents::WhenNeeded].map(Mount::Hermetic);
            for mount in [Mount::Live, hermetic[0], hermetic[1]] {
                let shown = run(&engine, guest, root.path(), mount);
                assert_eq!(String::from_utf8_lossy(&shown), text, "{} in {mount:?}", guest.name);
            }
        }
    }
}
