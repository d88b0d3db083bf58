//! The door: every function of every interface is linked, and only through it; calls are counted by name, and a clock that
//! observes fuel hears of it.

use std::path::{Path, PathBuf};

use deterministic_wasmtime::core::{Instant, Policies};
use deterministic_wasmtime::policies::FuelClock;
use deterministic_wasmtime::wasi::HostCall;
use deterministic_wasmtime::{Error, WasiCtxBuilderExt as _, config_store, configure, http, keyvalue, p1, p2, p3};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Module, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;
use wit_parser::abi::{AbiVariant, WasmType};

use crate::adapted::componentise;
use crate::coverage::sources;
use crate::host::{async_linker, engine, simulation, sync_linker};

/// All interfaces of WASI that wasmtime-wasi and wasmtime-wasi-http have, and ours.
pub(crate) fn interfaces() -> Resolve {
    let mut resolve = Resolve::default();
    // What is not stable and linked all the same.
    resolve.features.extend(["clocks-timezone", "network-error-code"].map(str::to_owned));
    let http = sources().into_iter().find(|source| source.join("src/p3/wit/deps/http.wit").exists()).unwrap();
    resolve.push_dir(http.join("wit")).unwrap();
    // The package around those of 0.3 has the same name.
    let newer = tempfile::tempdir().unwrap();
    let all = "package test:newer; world all { include wasi:cli/imports@0.3.0; import wasi:http/client@0.3.0; }";
    std::fs::write(newer.path().join("all.wit"), all).unwrap();
    std::fs::create_dir(newer.path().join("deps")).unwrap();
    for file in std::fs::read_dir(http.join("src/p3/wit/deps")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), newer.path().join("deps").join(file.file_name())).unwrap();
    }
    resolve.push_dir(newer.path()).unwrap();
    for place in ["wit/config", "wit/keyvalue"] {
        resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(place)).unwrap();
    }
    resolve
}

/// The component of a core module and a world, which may use all interfaces.
pub(crate) fn component(engine: &Engine, mut resolve: Resolve, world: &str, module: &str) -> Component {
    let package = resolve.push_str("test.wit", &format!("package test:door;\n{world}")).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let bytes = ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
    Component::new(engine, bytes).unwrap()
}

fn core_type(types: &[WasmType]) -> String {
    let names = types.iter().map(|kind| match kind {
        WasmType::I64 | WasmType::PointerOrI64 => " i64",
        WasmType::F32 => " f32",
        WasmType::F64 => " f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => " i32",
    });
    names.collect()
}

/// A component that imports every function and every resource there is, with its type.
#[test]
fn every_function_of_every_interface_is_linked() {
    let resolve = interfaces();
    let (mut world, mut module, mut count) = (String::new(), String::new(), 0);
    for (id, interface) in resolve.interfaces.iter() {
        let name = resolve.id_of(id).unwrap();
        // What guests export.
        if ["/run@", "/handler@", "/incoming-handler@", "/watcher@"].iter().any(|end| name.contains(end)) {
            continue;
        }
        world += &format!("import {name};\n");
        for function in interface.functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            let (params, results) = (core_type(&signature.params), core_type(&signature.results));
            module += &format!("(import \"{name}\" \"{}\" (func (param{params}) (result{results})))\n", function.name);
            count += 1;
        }
        let types = interface.types.iter().map(|(name, kind)| (name, &resolve.types[*kind].kind));
        for (resource, _) in types.filter(|(_, kind)| matches!(kind, wit_parser::TypeDefKind::Resource)) {
            module += &format!("(import \"{name}\" \"[resource-drop]{resource}\" (func (param i32)))\n");
            count += 1;
        }
    }
    assert!(count > 290, "{count}");
    let module = format!(
        "(module {module} (memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable))"
    );
    let engine = engine();
    let component = component(&engine, resolve, &format!("world all {{ {world} }}"), &module);
    let mut linker = async_linker(&engine);
    http::p2::add_to_linker(&mut linker).unwrap();
    http::p3::add_to_linker(&mut linker).unwrap();
    config_store::add_to_linker(&mut linker).unwrap();
    keyvalue::add_to_linker(&mut linker).unwrap();
    linker.instantiate_pre(&component).unwrap();
    // Those that wait are linked in another way where calls are synchronous.
    p2::add_to_linker_sync(&mut linker).unwrap();
    linker.instantiate_pre(&component).unwrap();
}

/// The call log names parameters as the interfaces do, in each of their versions.
#[test]
fn every_parameter_has_its_name() {
    let resolve = interfaces();
    let mut count = 0;
    for (id, interface) in resolve.interfaces.iter() {
        let name = resolve.id_of(id).unwrap();
        let name = name.split('@').next().unwrap();
        for function in interface.functions.values() {
            let Some(call) = HostCall::ALL.iter().find(|call| call.name() == format!("{name}.{}", function.name))
            else {
                continue;
            };
            let expected: Vec<_> = function.params.iter().map(|param| param.name.replace("max-len", "len")).collect();
            assert_eq!(call.parameters(expected.len()), expected, "{name}.{}", function.name);
            count += 1;
        }
    }
    assert!(count > 290, "{count}");
}

/// The files below `place`, each with its text.
fn files_below(place: &Path) -> Vec<(PathBuf, String)> {
    let paths = std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            return files_below(&path);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        vec![(path, text)]
    };
    paths.flat_map(read).collect()
}

/// Nothing is linked but through the door, whether ours or stock's.
#[test]
fn there_is_one_door() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (path, text) in ["p2", "p3", "http", "keyvalue"].iter().flat_map(|place| files_below(&source.join(place))) {
        for forbidden in [
            "func_wrap",
            "func_new",
            "LinkerInstance",
            "add_to_linker::<",
            "wasmtime_wasi::p2::add_to",
            "wasmtime_wasi::p3::add_to",
        ] {
            assert!(!text.contains(forbidden), "{} has {forbidden}", path.display());
        }
    }
    let door = std::fs::read_to_string(source.join("component/door.rs")).unwrap();
    assert!(door.contains("func_wrap"), "this test looks for what is not there any more");
}

/// The version of each kind of interface is written once.
#[test]
fn versions_stand_in_one_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for version in ["@0.2.12", "@0.3.0", "@0.2.0-draft", "@0.2.0-rc.1"] {
        let with: Vec<_> = files_below(&source)
            .into_iter()
            .flat_map(|(path, text)| vec![path; text.matches(version).count()])
            .collect();
        assert_eq!(with, [source.join("component/versions.rs")], "{version}");
    }
}

#[test]
fn calls_of_files_streams_and_the_command_line_have_names() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let engine = engine();
    let component = componentise(&engine, test_programs::RUST_LIST_DIR);
    let mut builder = WasiCtxBuilder::new();
    builder.arg("list_dir").stdout(MemoryOutputPipe::new(1 << 20));
    builder.preopened_dir(dir.path(), "/", FsPerms::ReadOnly).unwrap();
    let mut store = Store::new(&engine, builder.build_deterministic(simulation()));
    let command = Command::instantiate(&mut store, &component, &sync_linker(&engine)).unwrap();
    command.wasi_cli_run().call_run(&mut store).unwrap().unwrap();
    let calls: Vec<_> = store.data().deterministic().host_calls().map(|(name, _)| name).collect();
    for expected in [
        "wasi:cli/environment.get-environment",
        "wasi:cli/stdout.get-stdout",
        "wasi:filesystem/preopens.get-directories",
        "wasi:filesystem/types.[method]descriptor.read-directory",
        "wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry",
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
    ] {
        assert!(calls.contains(&expected), "{expected} is not in {calls:?}");
    }
}

fn fuelled(fuel: bool) -> Engine {
    let mut config = Config::new();
    configure(&mut config).wasm_component_model_async(true).consume_fuel(fuel);
    Engine::new(&config).unwrap()
}

fn on_fuel() -> Policies {
    Policies { clock: Box::new(FuelClock::default()), ..Policies::default() }
}

/// The loop of a guest that reads the time until it is `deadline`, and says how often.
const SPIN: &str = r#"(func (export "spin") (param $deadline i64) (result i64)
    (local $readings i64)
    (loop $again
        (local.set $readings (i64.add (local.get $readings) (i64.const 1)))
        (br_if $again (i64.lt_u (call $now) (local.get $deadline))))
    (local.get $readings))"#;

const DEADLINE: u64 = 10_000;

/// A component that does so, on a clock of any version.
fn spin_component(version: &str, engine: &Engine) -> wasmtime::Result<(u64, Instant)> {
    let text = format!(
        r#"(component
            (import "wasi:clocks/monotonic-clock@{version}" (instance $clock (export "now" (func (result u64)))))
            (core func $now (canon lower (func $clock "now")))
            (core module $Main (import "" "now" (func $now (result i64))) {SPIN})
            (core instance $main (instantiate $Main (with "" (instance (export "now" (func $now))))))
            (func (export "spin") (param "deadline" u64) (result u64) (canon lift (core func $main "spin"))))"#
    );
    let mut store = Store::new(engine, WasiCtxBuilder::new().build_deterministic(on_fuel()));
    if store.get_fuel().is_ok() {
        store.set_fuel(1 << 32)?;
        store.data_mut().deterministic_mut().fuel_was_set(1 << 32);
    }
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    let instance = linker.instantiate(&mut store, &Component::new(engine, text)?)?;
    let spin = instance.get_typed_func::<(u64,), (u64,)>(&mut store, "spin")?;
    let (readings,) = spin.call(&mut store, (DEADLINE,))?;
    Ok((readings, store.data().deterministic().now()))
}

/// A module of WASI 0.1 that does so.
fn spin_module(engine: &Engine) -> wasmtime::Result<(u64, Instant)> {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
            (memory (export "memory") 1)
            (func $now (result i64)
                (drop (call $time (i32.const 1) (i64.const 0) (i32.const 8)))
                (i64.load (i32.const 8)))
            {SPIN})"#
    );
    let mut store = Store::new(engine, WasiCtxBuilder::new().build_deterministic_p1(on_fuel()));
    if store.get_fuel().is_ok() {
        store.set_fuel(1 << 32)?;
        store.data_mut().deterministic_mut().fuel_was_set(1 << 32);
    }
    let mut linker = wasmtime::Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
    let instance = linker.instantiate(&mut store, &Module::new(engine, text)?)?;
    let spin = instance.get_typed_func::<u64, u64>(&mut store, "spin")?;
    let readings = spin.call(&mut store, DEADLINE)?;
    Ok((readings, store.data().deterministic().now()))
}

#[test]
fn a_guest_that_spins_until_a_deadline_ends_on_a_clock_of_fuel() {
    let engine = fuelled(true);
    let runs: [&dyn Fn() -> wasmtime::Result<(u64, Instant)>; 3] =
        [&|| spin_module(&engine), &|| spin_component("0.2.6", &engine), &|| spin_component("0.3.0", &engine)];
    for run in runs {
        let (readings, now) = run().unwrap();
        assert!(now >= Instant::from_nanos(DEADLINE) && now < Instant::from_nanos(DEADLINE + 100), "{now:?}");
        assert!(readings > 100 && readings < DEADLINE, "{readings}");
        assert_eq!(run().unwrap(), (readings, now));
    }
}

#[test]
fn a_clock_of_fuel_needs_an_engine_that_counts_it() {
    let engine = fuelled(false);
    for error in [
        spin_module(&engine).unwrap_err(),
        spin_component("0.2.6", &engine).unwrap_err(),
        spin_component("0.3.0", &engine).unwrap_err(),
    ] {
        assert!(matches!(error.downcast_ref(), Some(Error::NoFuel)), "{error:?}");
    }
}
