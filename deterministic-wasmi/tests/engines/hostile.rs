//! Generated calls of every function with arguments that a hostile guest may pass: the same answer or end on both engines, the same
//! memory after each call, and the same files.

use std::sync::Arc;

use deterministic_wasmi::P1Ctx;
use deterministic_wasmi::core::Seed;
use deterministic_wasmi::engine::{Fault, fault_of};
use deterministic_wasmi::fs::{Access, Tree};
use deterministic_wasmi::policies::Preset;
use deterministic_wasmi::wasi::Wasi;
use deterministic_wasmi::wasi::p1::{FUNCTIONS, Function, Points};
use proptest::prelude::*;

use crate::sides::{Directory, Engines, Given, Modules, Val};

const PAGE: i32 = 1 << 16;

/// Where what functions read lies in the memory of every guest: paths, lists of buffers, subscriptions, and what they write to.
const PATHS: i32 = 1024;
const LISTS: i32 = 2048;
const RECORDS: i32 = 4096;
const BUFFERS: i32 = 8192;

const NAMES: [&str; 12] =
    ["file", "dir", "dir/inner", "link", "new", "dir/new", ".", "..", "/file", "none/x", "file/", "\u{e4}\0b"];

/// A guest whose exports pass their arguments on to all functions of `module`.
fn text(module: &str) -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for function in functions(module) {
        let name = function.name;
        let types: Vec<&str> = function.parameters.iter().map(|parameter| parameter.ty).collect();
        let types = types.join(" ");
        let result = if function.returns { "(result i32)" } else { "" };
        imports += &format!(r#"(import "{module}" "{name}" (func ${name} (param {types}) {result}))"#);
        let arguments: String = (0..function.parameters.len()).map(|i| format!("(local.get {i})")).collect();
        exports += &format!(r#"(func (export "{name}") (param {types}) {result} (call ${name} {arguments}))"#);
    }
    format!(r#"(module {imports} (memory (export "memory") 1) {exports})"#)
}

fn functions(module: &str) -> impl Iterator<Item = &'static Function> {
    let unstable = module == "wasi_unstable";
    FUNCTIONS.iter().filter(move |function| function.in_unstable || !unstable)
}

/// An argument of this kind: mostly one that a guest has reason to pass.
fn argument(points: Points, ty: &'static str) -> BoxedStrategy<Val> {
    let pointer = |usual: BoxedStrategy<i32>| {
        prop_oneof![
            8 => usual,
            2 => PAGE - 64..PAGE + 64,
            1 => any::<i32>(),
            1 => Just(-8),
            1 => Just(i32::MIN),
        ]
        .boxed()
    };
    let number = match points {
        Points::Value if ty == "i64" => {
            let usual = prop_oneof![-2..100i64, Just(i64::MIN), Just(i64::MAX), Just((1 << 30) - 1), any::<i64>()];
            return usual.prop_map(Val::I64).boxed();
        }
        Points::Value => prop_oneof![8 => 0..9i32, 2 => -2..64i32, 1 => any::<i32>()].boxed(),
        Points::Length => prop_oneof![8 => 0..12i32, 2 => 0..5000i32, 1 => any::<i32>()].boxed(),
        Points::ReadsText => pointer((0..NAMES.len() as i32).prop_map(|at| PATHS + 64 * at).boxed()),
        Points::ReadsRecords => pointer((0..8i32).prop_map(|at| RECORDS + 48 * at).boxed()),
        Points::ReadsBuffers | Points::WritesBuffers => pointer((0..16i32).prop_map(|at| LISTS + 8 * at).boxed()),
        _ => pointer((0..512i32).prop_map(|at| BUFFERS + 8 * at).boxed()),
    };
    if ty == "i64" {
        number.prop_map(|value| Val::I64(value.into())).boxed()
    } else {
        number.prop_map(Val::I32).boxed()
    }
}

/// A call: the function, and its arguments.
fn call(module: &'static str) -> impl Strategy<Value = (&'static Function, Vec<Val>)> {
    let functions: Vec<&'static Function> = functions(module).collect();
    prop::sample::select(functions).prop_flat_map(|function| {
        let arguments: Vec<_> =
            function.parameters.iter().map(|parameter| argument(parameter.points, parameter.ty)).collect();
        (Just(function), arguments)
    })
}

/// What is in the memory before the first call: names, buffers of several lengths and one outside, subscriptions of every kind.
fn memory() -> Vec<u8> {
    let mut bytes = vec![0; 16 << 10];
    let mut put = |at: i32, with: &[u8]| bytes[at as usize..at as usize + with.len()].copy_from_slice(with);
    for (at, name) in (0..).zip(NAMES) {
        put(PATHS + 64 * at, name.as_bytes());
    }
    for at in 0..16 {
        let len = [0, 1, 7, 100, 70_000, 4][at as usize % 6];
        put(LISTS + 8 * at, &(BUFFERS + 512 * at).to_le_bytes());
        put(LISTS + 8 * at + 4, &i32::to_le_bytes(len));
    }
    for at in 0..8 {
        let record = RECORDS + 48 * at;
        put(record, &u64::to_le_bytes(at as u64));
        put(record + 8, &[[0, 1, 2, 0, 7, 1, 0, 2][at as usize]]);
        // A clock, or a descriptor.
        put(record + 16, &i32::to_le_bytes([1, 0, 1, 0, 0, 5, 9, 2][at as usize]));
        put(record + 24, &u64::to_le_bytes([1000, 0, 0, u64::MAX, 0, 0, 5, 0][at as usize]));
    }
    bytes
}

fn tree() -> Tree {
    let mut tree = Tree::new();
    tree.insert_file("file", *b"the contents of a file").unwrap();
    tree.insert_file("dir/inner", vec![7; 5000]).unwrap();
    tree.insert_symlink("link", "dir/inner").unwrap();
    tree
}

struct Bench {
    engines: Engines,
    modules: Modules,
    tree: Arc<Tree>,
}

fn bench(module: &str) -> Bench {
    let engines = Engines::new();
    let modules = engines.modules(text(module).as_bytes());
    Bench { engines, modules, tree: Arc::new(tree()) }
}

thread_local! {
    static P1: Bench = bench("wasi_snapshot_preview1");
    static P0: Bench = bench("wasi_unstable");
}

fn same(bench: &Bench, preset: Preset, calls: &[(&'static Function, Vec<Val>)]) -> Result<(), TestCaseError> {
    let policies = || preset.policies(&Seed::from_u64(3));
    let given = Given {
        args: vec!["guest", "argument"],
        stdin: "what is read from standard input",
        directory: Some(Directory::Hermetic(bench.tree.clone(), Access::ReadWrite)),
        ..Given::default()
    };
    let mut ours = bench.engines.on_wasmi(&bench.modules, policies(), &given);
    let mut theirs = bench.engines.on_wasmtime(&bench.modules, policies(), &given);
    if preset == Preset::Frozen {
        // Room for the two that are opened below, and for little else.
        ours.store.data_mut().deterministic_mut().set_max_held_bytes(700);
        theirs.store.data_mut().deterministic_mut().set_max_held_bytes(700);
    }
    let memory = memory();
    ours.write(0, &memory);
    theirs.write(0, &memory);
    // Descriptors 4 and 5 are a file and a directory.
    let open = |path: i32, len: i32, oflags: i32| -> Vec<Val> {
        let rights = Val::I64((1 << 1) | (1 << 6) | (1 << 14));
        let i = Val::I32;
        vec![i(3), i(1), i(path), i(len), i(oflags), rights, rights, i(0), i(16)]
    };
    let opened = [("path_open", open(PATHS, 4, 0)), ("path_open", open(PATHS + 64, 3, 2))];
    let calls = opened
        .iter()
        .map(|(name, args)| (*name, &**args, 1))
        .chain(calls.iter().map(|(function, args)| (function.name, &**args, usize::from(function.returns))));
    for (name, args, results) in calls {
        let end = ours.call(name, args, results);
        prop_assert_eq!(&end, &theirs.call(name, args, results), "{}{:?}", name, args);
        prop_assert!(ours.bytes() == theirs.bytes(), "{name}{args:?}: the memories differ");
        prop_assert_eq!(ours.wasi().now(), theirs.wasi().now());
    }
    let calls = |wasi: &Wasi| wasi.host_calls().collect::<Vec<_>>();
    prop_assert_eq!(calls(ours.wasi()), calls(theirs.wasi()));
    let tree = |wasi: &mut Wasi| wasi.files().tree(0).unwrap().unwrap().digest().unwrap();
    let ours_left = tree(ours.store.data_mut().deterministic_mut());
    prop_assert_eq!(ours_left, tree(theirs.store.data_mut().deterministic_mut()));
    prop_assert_eq!(ours.store.data().captured_stdout(), theirs.store.data().captured_stdout());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn calls_of_0_1_are_the_same(
        preset in prop::sample::select(vec![Preset::Simulation, Preset::Frozen, Preset::Chaos, Preset::Strict]),
        calls in prop::collection::vec(call("wasi_snapshot_preview1"), 1..40),
    ) {
        P1.with(|bench| same(bench, preset, &calls))?;
    }

    #[test]
    fn calls_of_wasi_unstable_are_the_same(calls in prop::collection::vec(call("wasi_unstable"), 1..40)) {
        P0.with(|bench| same(bench, Preset::Simulation, &calls))?;
    }
}

/// A module that imports all of them is linked, above; one that asks for more is not, by the guest's fault.
#[test]
fn each_function_is_linked_in_its_modules_and_no_other() {
    assert_eq!((functions("wasi_snapshot_preview1").count(), functions("wasi_unstable").count()), (46, 45));
    let text = r#"(module (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32))))"#;
    let mut engines = Engines::new();
    let modules = engines.modules(text.as_bytes());
    let mut store = wasmi::Store::new(engines.wasmi.engine(), P1Ctx::new(Default::default()));
    let error = engines.wasmi.instantiate_and_start(&mut store, &modules.wasmi).unwrap_err();
    assert_eq!(fault_of(&error), Fault::Guest, "{error}");
    // What is linked is not linked twice.
    assert!(deterministic_wasmi::add_to_linker(&mut engines.wasmi, |ctx| ctx).is_err());
}
