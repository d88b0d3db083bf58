//! Guests that are linked as any other.

use std::sync::Arc;

use deterministic_wasmtime::fs::{Access, Tree};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p3};
use wasmtime::Store;
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::{Command, sync};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p3::bindings::Command as Command3;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{NAMES, on_the_host, policies, reversed, tree};
use crate::adapted::componentise;
use crate::host::{async_linker, engine, sync_linker};

/// Where a guest finds its tree.
#[derive(Clone, Copy, Debug)]
enum Mount {
    Live,
    Hermetic,
}

/// Runs a guest of WASI 0.1 as a component, and gives what it prints.
fn run(guest: test_programs::Guest, tree: &std::path::Path, mount: Mount, asynchronous: bool) -> String {
    let engine = engine();
    let component = componentise(&engine, guest);
    let stdout = MemoryOutputPipe::new(1 << 20);
    let stderr = MemoryOutputPipe::new(1 << 20);
    let mut builder = WasiCtxBuilder::new();
    builder.arg(guest.name).stdout(stdout.clone()).stderr(stderr.clone());
    if let Mount::Live = mount {
        builder.preopened_dir(tree, "/", FsPerms::ReadWrite).unwrap();
    }
    let mut store = Store::new(&engine, builder.build_deterministic(policies()));
    if let Mount::Hermetic = mount {
        let dir = cap_std::fs::Dir::open_ambient_dir(tree, cap_std::ambient_authority()).unwrap();
        let tree = Arc::new(Tree::read(&dir, Default::default()).unwrap());
        store.data_mut().deterministic_mut().files().mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
    }
    let ended = if asynchronous {
        let waits = store.data().deterministic().waits();
        let linker = async_linker(&engine);
        p3::block_on(&waits, async {
            let command = Command::instantiate_async(&mut store, &component, &linker).await?;
            command.wasi_cli_run().call_run(&mut store).await
        })
        .unwrap()
    } else {
        sync::Command::instantiate(&mut store, &component, &sync_linker(&engine))
            .and_then(|command| command.wasi_cli_run().call_run(&mut store))
    };
    let text = |pipe: MemoryOutputPipe| String::from_utf8_lossy(&pipe.contents()).into_owned();
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?} {}", text(stderr));
    text(stdout)
}

#[test]
fn guests_print_the_same_of_a_tree_wherever_it_is() {
    let (one, other) = (tree(&NAMES), tree(&reversed()));
    for guest in [test_programs::RUST_LIST_DIR, test_programs::C_STAT_TREE] {
        let expected = run(guest, one.path(), Mount::Live, false);
        assert!(expected.contains("zeta"), "{expected}");
        for asynchronous in [false, true] {
            for mount in [Mount::Live, Mount::Hermetic] {
                let context = format!("{} {mount:?} asynchronous: {asynchronous}", guest.name);
                assert_eq!(run(guest, other.path(), mount, asynchronous), expected, "{context}");
            }
        }
    }
}

#[test]
fn a_guest_that_writes_leaves_the_host_of_a_hermetic_tree_alone() {
    let dir = tree(&NAMES);
    let before = on_the_host(dir.path());
    for guest in [test_programs::RUST_FILES, test_programs::RUST_FILE_TIMES] {
        for asynchronous in [false, true] {
            let hermetic = run(guest, dir.path(), Mount::Hermetic, asynchronous);
            assert_eq!(on_the_host(dir.path()), before);
            assert_eq!(hermetic, run(guest, dir.path(), Mount::Live, asynchronous), "{}", guest.name);
            // It leaves nothing.
            assert_eq!(on_the_host(dir.path()), before);
        }
    }
}

/// A guest of WASI 0.3: reads `in` into its memory with one read, writes it to `out` with one write, and hands another
/// stream of `in` to `spliced`, without looking at it.
#[test]
fn a_guest_of_0_3_copies_a_file() {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("copy.wit", include_str!("copy.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("copy")).unwrap();
    let mut module = wat::parse_str(include_str!("copy.wat")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let bytes = ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
    let engine = engine();
    let component = Component::new(&engine, bytes).unwrap();
    let content: Vec<u8> = (0..200 << 10).map(|i: u32| (i % 251) as u8).collect();
    let mut tree = Tree::new();
    tree.insert_file("in", content.clone()).unwrap();

    let mut store = Store::new(&engine, WasiCtxBuilder::new().build_deterministic(policies()));
    store.data_mut().deterministic_mut().files().mount_hermetic(&tree.into(), "/", Access::ReadWrite).unwrap();
    let waits = store.data().deterministic().waits();
    let linker = async_linker(&engine);
    let ended = p3::block_on(&waits, async {
        let command = Command3::instantiate_async(&mut store, &component, &linker).await?;
        store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await?
    });
    assert_eq!(ended.unwrap().unwrap(), Ok(()));
    let after = store.data_mut().deterministic_mut().files().tree(0).unwrap().unwrap();
    for name in ["in", "out", "spliced"] {
        assert!(after.file(name).unwrap().unwrap() == content, "{name}");
    }
}
