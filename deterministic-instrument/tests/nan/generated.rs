//! Generated modules of all proposals do the same rewritten as on an engine that canonicalises by itself.

use arbitrary::Unstructured;
use proptest::{collection::vec, num::u8::ANY, prelude::*};
use wasm_smith::{Config, Module as Generated};
use wasmtime::{Engine, Extern, Instance, Module, Ref, Store, Trap, Val};

use crate::support::*;

/// What can be seen of a run: each export called once, then globals and memories. `None` where fuel or the host's stack ended, as
/// they do so elsewhere in longer code.
fn observe(engine: &Engine, wasm: &[u8]) -> Option<Vec<String>> {
    let module = Module::new(engine, wasm).expect("a module that Wasmtime accepts");
    let mut store = Store::new(engine, ());
    store.set_fuel(200_000).expect("fuel is on");
    let mut seen = Vec::new();
    let instance = match Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => return ending(&error).map(|ending| vec![ending]),
    };
    let exports: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    for name in &exports {
        let Some(Extern::Func(function)) = instance.get_export(&mut store, name) else { continue };
        let ty = function.ty(&store);
        let Some(arguments) = ty.params().map(|ty| argument(&ty)).collect::<Option<Vec<_>>>() else { continue };
        let mut results = vec![Val::I32(0); ty.results().len()];
        store.set_fuel(200_000).expect("fuel is on");
        seen.push(match function.call(&mut store, &arguments, &mut results) {
            Ok(()) => results.iter().map(plain_value).collect::<Vec<_>>().join(" "),
            Err(error) => ending(&error)?,
        });
    }
    for name in &exports {
        seen.push(match instance.get_export(&mut store, name) {
            Some(Extern::Global(global)) => plain_value(&global.get(&mut store)),
            Some(Extern::Memory(memory)) => {
                let data = memory.data(&store).iter().enumerate().filter(|(_, byte)| **byte != 0);
                format!("{:?}", data.collect::<Vec<_>>())
            }
            _ => continue,
        });
    }
    Some(seen)
}

/// A NaN that is not canonical where there can be one.
fn argument(ty: &wasmtime::ValType) -> Option<Val> {
    match ty {
        wasmtime::ValType::F32 => Some(Val::F32(0xffa0_0001)),
        wasmtime::ValType::F64 => Some(Val::F64(0xfff4_0000_0000_0001)),
        wasmtime::ValType::V128 => Some(Val::V128(0xfff4_0000_0000_0001_7fc0_0001_ffa0_0001_u128.into())),
        other => other.default_value(),
    }
}

fn ending(error: &wasmtime::Error) -> Option<String> {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel | Trap::StackOverflow) => None,
        Some(trap) => Some(trap.to_string()),
        None => Some(format!("{:#}", error.root_cause())),
    }
}

/// References by what they are, not where.
fn plain_value(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => bits.to_string(),
        Val::F64(bits) => bits.to_string(),
        Val::V128(value) => format!("{:x}", value.as_u128()),
        other => other.ref_().as_ref().is_none_or(Ref::is_null).to_string(),
    }
}

fn config() -> Config {
    Config {
        allow_start_export: true,
        canonicalize_nans: false,
        exceptions_enabled: true,
        gc_enabled: true,
        memory64_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: true,
        tail_call_enabled: true,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        export_everything: true,
        max_imports: 0,
        min_funcs: 3,
        max_memories: 3,
        max_memory32_bytes: 1 << 17,
        max_memory64_bytes: 1 << 17,
        max_table_elements: 1000,
        table_max_size_required: true,
        memory_max_size_required: true,
        disallow_traps: false,
        ..Config::default()
    }
}

fn engine(nans: bool) -> Engine {
    let mut config = plain();
    config
        .consume_fuel(true)
        .cranelift_nan_canonicalization(nans)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .wasm_function_references(true)
        .wasm_memory64(true)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true);
    Engine::new(&config).expect("an engine")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_as_by_the_engine(bytes in vec(ANY, 200..3000)) {
        let Ok(generated) = Generated::new(config(), &mut Unstructured::new(&bytes)) else { return Ok(()) };
        let wasm = generated.to_bytes();
        let rewritten = rewritten(&wasm);
        prop_assert_eq!(&rewritten, &canonicalize_nans(&wasm).expect("again"));
        if let (Some(by_engine), Some(by_us)) = (observe(&engine(true), &wasm), observe(&engine(false), &rewritten)) {
            prop_assert_eq!(by_engine, by_us);
        }
    }
}
