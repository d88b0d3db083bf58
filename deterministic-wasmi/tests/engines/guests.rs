//! Every guest under every deterministic preset on both engines: stdout, stderr, how it ended and by whose fault, the time that passed
//! in it, the calls it made, its final memory and its files are the same.

use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmi::core::Seed;
use deterministic_wasmi::fs::{Access, Contents, Digest, Tree};
use deterministic_wasmi::policies::Preset;
use deterministic_wasmi::wasi::Wasi;
use test_programs::Guest;

use crate::sides::{Directory, End, Engines, Given, Modules, end_on_wasmi, end_on_wasmtime};

/// What the guests want that want anything.
fn given(guest: Guest) -> Given<'static> {
    let (args, stdin): (&[&str], &str) = match guest.name {
        "c_entropy_chunks" | "rust_exit_code" => (&["7"], ""),
        "c_poll" | "wat_poll_stdin_stdout" => (&[], "some input"),
        "rust_args_env" => (&["one", "", "--help"], ""),
        "rust_spin" => (&["100000"], ""),
        "rust_stdin_echo" => (&[], "line one\nline two"),
        _ => (&[], ""),
    };
    let args = [&[guest.name], args].concat();
    Given { args, stdin, ..Given::default() }
}

/// The directories that a guest gets: whether it may write, and whether there is something in it.
fn directory(guest: Guest) -> Option<(Access, Tree)> {
    match guest.name {
        "rust_files" => Some((Access::ReadWrite, Tree::new())),
        "c_stat_tree" | "rust_list_dir" | "rust_walk_tree" => {
            let mut tree = Tree::new();
            for name in ["zeta", "alpha", "directory/inner"] {
                tree.insert_file(name, name.as_bytes().to_vec()).unwrap();
            }
            Some((Access::ReadOnly, tree))
        }
        _ => None,
    }
}

/// What the directory has in the end; a live one is read from the host.
fn left(live: Option<&Path>, wasi: &mut Wasi) -> Option<Digest> {
    let tree = match live {
        Some(path) => {
            let dir = Dir::open_ambient_dir(path, ambient_authority()).unwrap();
            Some(Tree::read(&dir, Contents::AtStart).unwrap())
        }
        None => wasi.files().tree(0).map(Result::unwrap),
    };
    tree.map(|tree| tree.digest().unwrap())
}

fn check(guest: Guest) {
    let engines = Engines::new();
    let modules = engines.modules(guest.wasm);
    for preset in Preset::ALL.iter().copied().filter(|preset| preset.name() != "host") {
        let context = format!("{} under {preset}", guest.name);
        let Some((access, tree)) = directory(guest) else {
            same(&engines, &modules, preset, [&given(guest), &given(guest)], [None; 2], &context);
            continue;
        };
        let hermetic = Given { directory: Some(Directory::Hermetic(Arc::new(tree.clone()), access)), ..given(guest) };
        same(&engines, &modules, preset, [&hermetic, &hermetic], [None; 2], &context);
        let own = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let places = own.each_ref().map(|dir| dir.path().join("guest"));
        for place in &places {
            tree.write_to_path(place).unwrap();
        }
        let live =
            places.each_ref().map(|path| Given { directory: Some(Directory::Live(path, access)), ..given(guest) });
        same(&engines, &modules, preset, live.each_ref(), places.each_ref().map(|path| Some(&**path)), &context);
    }
}

fn same(
    engines: &Engines,
    modules: &Modules,
    preset: Preset,
    given: [&Given<'_>; 2],
    live: [Option<&Path>; 2],
    context: &str,
) {
    let policies = || preset.policies(&Seed::from_u64(11));
    let mut ours = engines.on_wasmi(modules, policies(), given[0]);
    let mut theirs = engines.on_wasmtime(modules, policies(), given[1]);
    let (a, b) = (ours.run("_start"), theirs.run("_start"));
    if let (Err(a), Err(b)) = (&a, &b) {
        let faults = (deterministic_wasmi::engine::fault_of(a), deterministic_wasmtime::engine::fault_of(b));
        assert_eq!(faults.0, faults.1, "{context}");
    }
    let end = a.map_or_else(|error| end_on_wasmi(&error), |()| End::Exit(0));
    assert_eq!(end, b.map_or_else(|error| end_on_wasmtime(&error), |()| End::Exit(0)), "{context}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (ours.store.data().captured_stdout(), ours.store.data().captured_stderr());
    assert_eq!(text(stdout), text(theirs.store.data().captured_stdout()), "{context}");
    assert_eq!(text(stderr), text(theirs.store.data().captured_stderr()), "{context}");
    assert_eq!(ours.wasi().now(), theirs.wasi().now(), "{context}");
    let calls = |wasi: &Wasi| wasi.host_calls().collect::<Vec<_>>();
    assert_eq!(calls(ours.wasi()), calls(theirs.wasi()), "{context}");
    assert!(ours.bytes() == theirs.bytes(), "{context}: the final memories differ");
    assert_eq!(ours.memory.is_some(), theirs.memory.is_some());
    let left_here = left(live[0], ours.store.data_mut().deterministic_mut());
    assert_eq!(left_here, left(live[1], theirs.store.data_mut().deterministic_mut()), "{context}");
    // That it is the same is not because nothing happened.
    match end {
        End::Exit(status) => assert_eq!(status, if context.starts_with("rust_exit_code") { 7 } else { 0 }, "{context}"),
        End::Trap(_) | End::Wasi(_) => {
            let refused = preset == Preset::Strict && matches!(&end, End::Wasi(text) if text.contains("random"));
            assert!(context.contains("_trap_") || refused, "{context}: {end:?}");
        }
        other => panic!("{context}: {other:?}"),
    }
}

macro_rules! guests {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let guest = test_programs::ALL.iter().find(|guest| guest.name == stringify!($name));
            check(*guest.expect("a guest"));
        }
    )*};
}
test_programs::foreach_guest!(guests);
