//! Generated modules, which know nothing of WASI: the same results, traps, globals and memories on both engines, bits of NaN and
//! relaxed instructions too.

use arbitrary::Unstructured;
use deterministic_wasmi::engine::trap_of;
use proptest::{collection::vec, num::u8::ANY, prelude::*};
use wasm_smith::{Config, Module as Generated};

use crate::sides::{Engines, trap};

/// What both engines have.
fn config() -> Config {
    Config {
        allow_start_export: true,
        canonicalize_nans: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        reference_types_enabled: true,
        relaxed_simd_enabled: true,
        tail_call_enabled: true,
        export_everything: true,
        max_imports: 0,
        min_funcs: 3,
        max_memories: 3,
        max_memory32_bytes: 1 << 17,
        max_table_elements: 1000,
        table_max_size_required: true,
        memory_max_size_required: true,
        disallow_traps: false,
        ..Config::default()
    }
}

/// How deep a guest's stack goes is each engine's affair: no comparison then.
fn ended(trap: wasmtime::Trap) -> Option<String> {
    (trap != wasmtime::Trap::StackOverflow).then(|| trap.to_string())
}

fn bytes(data: &[u8]) -> String {
    let written: Vec<_> = data.iter().enumerate().filter(|(_, byte)| **byte != 0).collect();
    format!("{} {written:?}", data.len())
}

/// wasmi lists exports by name.
fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Each export called once, then globals, memories and tables.
fn on_wasmi(engines: &Engines, wasm: &[u8]) -> Option<Vec<String>> {
    use wasmi::{Extern, Nullable, Val};
    let plain = |value: &Val| match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(value) => value.to_bits().to_string(),
        Val::F64(value) => value.to_bits().to_string(),
        Val::V128(value) => format!("{:x}", value.as_u128()),
        Val::FuncRef(func) => matches!(func, Nullable::Null).to_string(),
        Val::ExternRef(external) => matches!(external, Nullable::Null).to_string(),
    };
    let ending = |error: &wasmi::Error| ended(trap(trap_of(error).unwrap_or_else(|| panic!("{error}"))));
    let module = wasmi::Module::new(engines.wasmi.engine(), wasm).expect("a module that wasmi accepts");
    let mut store = wasmi::Store::new(engines.wasmi.engine(), ());
    let instance = match wasmi::Linker::new(engines.wasmi.engine()).instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => return ending(&error).map(|ending| vec![ending]),
    };
    let names = sorted(module.exports().map(|export| export.name().to_owned()));
    let mut seen = Vec::new();
    for name in &names {
        let Some(function) = instance.get_func(&store, name) else { continue };
        let ty = function.ty(&store);
        let arguments: Vec<Val> = ty.params().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        seen.push(match function.call(&mut store, &arguments, &mut results) {
            Ok(()) => results.iter().map(plain).collect::<Vec<_>>().join(" "),
            Err(error) => ending(&error)?,
        });
    }
    for name in &names {
        seen.push(match instance.get_export(&store, name) {
            Some(Extern::Global(global)) => plain(&global.get(&store)),
            Some(Extern::Memory(memory)) => bytes(memory.data(&store)),
            Some(Extern::Table(table)) => table.size(&store).to_string(),
            _ => continue,
        });
    }
    Some(seen)
}

fn on_wasmtime(engines: &Engines, wasm: &[u8]) -> Option<Vec<String>> {
    use wasmtime::{Extern, Ref, Val};
    let plain = |value: &Val| match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => bits.to_string(),
        Val::F64(bits) => bits.to_string(),
        Val::V128(value) => format!("{:x}", value.as_u128()),
        other => other.ref_().as_ref().is_none_or(Ref::is_null).to_string(),
    };
    let ending = |error: &wasmtime::Error| ended(*error.downcast_ref().unwrap_or_else(|| panic!("{error:?}")));
    let module = wasmtime::Module::new(engines.wasmtime.engine(), wasm).expect("a module that Wasmtime accepts");
    let mut store = wasmtime::Store::new(engines.wasmtime.engine(), ());
    let instance = match wasmtime::Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => return ending(&error).map(|ending| vec![ending]),
    };
    let names = sorted(module.exports().map(|export| export.name().to_owned()));
    let mut seen = Vec::new();
    for name in &names {
        let Some(function) = instance.get_func(&mut store, name) else { continue };
        let ty = function.ty(&store);
        let arguments: Vec<Val> = ty.params().filter_map(|ty| ty.default_value()).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        seen.push(match function.call(&mut store, &arguments, &mut results) {
            Ok(()) => results.iter().map(plain).collect::<Vec<_>>().join(" "),
            Err(error) => ending(&error)?,
        });
    }
    for name in &names {
        seen.push(match instance.get_export(&mut store, name) {
            Some(Extern::Global(global)) => plain(&global.get(&mut store)),
            Some(Extern::Memory(memory)) => bytes(memory.data(&store)),
            Some(Extern::Table(table)) => table.size(&store).to_string(),
            _ => continue,
        });
    }
    Some(seen)
}

thread_local! {
    static ENGINES: Engines = Engines::new();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_modules_are_the_same(seed in vec(ANY, 200..3000)) {
        let Ok(mut generated) = Generated::new(config(), &mut Unstructured::new(&seed)) else { return Ok(()) };
        // Each function and each turn of a loop takes one.
        prop_assume!(generated.ensure_termination(1000).is_ok());
        let wasm = generated.to_bytes();
        ENGINES.with(|engines| {
            if let (Some(ours), Some(theirs)) = (on_wasmi(engines, &wasm), on_wasmtime(engines, &wasm)) {
                prop_assert_eq!(ours, theirs);
            }
            Ok(())
        })?;
    }
}
