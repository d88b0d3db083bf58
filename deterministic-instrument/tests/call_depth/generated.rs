//! Generated modules do the same with a limit as without, as long as it is not reached.

use arbitrary::Unstructured;
use proptest::{collection::vec, num::u8::ANY, prelude::*};
use wasm_smith::{Config, Module as Generated};
use wasmtime::{Engine, Extern, Instance, Module, Ref, Store, Val};

use crate::support::*;

/// What can be seen of a run: each export called once, then globals and memories.
fn observe(engine: &Engine, wasm: &[u8]) -> Option<Vec<String>> {
    let module = Module::new(engine, wasm).expect("a module that Wasmtime accepts");
    let mut store = Store::new(engine, ());
    store.set_fuel(200_000).expect("fuel is on");
    let mut seen = Vec::new();
    let instance = match Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => return observed(ending(&error)).map(|ending| vec![ending]),
    };
    let exports: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    for name in exports.iter().filter(|name| *name != CALL_DEPTH_EXPORT) {
        let Some(Extern::Func(function)) = instance.get_export(&mut store, name) else { continue };
        let ty = function.ty(&store);
        let Some(arguments) = ty.params().map(|ty| ty.default_value()).collect::<Option<Vec<_>>>() else { continue };
        let mut results = vec![Val::I32(0); ty.results().len()];
        store.set_fuel(200_000).expect("fuel is on");
        let ended = function.call(&mut store, &arguments, &mut results);
        if let Some(counter) = instance.get_global(&mut store, CALL_DEPTH_EXPORT) {
            assert!(ended.is_err() || counter.get(&mut store).unwrap_i32() == 0, "counted down again");
            counter.set(&mut store, Val::I32(0)).expect("a mutable global");
        }
        seen.push(match ended {
            Ok(()) => results.iter().map(plain).collect::<Vec<_>>().join(" "),
            Err(error) => observed(ending(&error))?,
        });
    }
    for name in exports.iter().filter(|name| *name != CALL_DEPTH_EXPORT) {
        seen.push(match instance.get_export(&mut store, name) {
            Some(Extern::Global(global)) => plain(&global.get(&mut store)),
            Some(Extern::Memory(memory)) => {
                let data = memory.data(&store);
                format!(
                    "{} {:?}",
                    data.len(),
                    data.iter().enumerate().filter(|(_, byte)| **byte != 0).collect::<Vec<_>>()
                )
            }
            Some(Extern::Table(table)) => table.size(&store).to_string(),
            _ => continue,
        });
    }
    Some(seen)
}

/// Fuel and the host's stack end at another place in the longer code: no comparison then.
fn observed(ending: Ending) -> Option<String> {
    match ending {
        Ending::Trapped(wasmtime::Trap::OutOfFuel | wasmtime::Trap::StackOverflow) => None,
        other => Some(format!("{other:?}")),
    }
}

/// References by what they are, not where.
fn plain(value: &Val) -> String {
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
        canonicalize_nans: true,
        exceptions_enabled: true,
        gc_enabled: true,
        memory64_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: false,
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_with_a_high_limit(bytes in vec(ANY, 200..3000)) {
        let Ok(generated) = Generated::new(config(), &mut Unstructured::new(&bytes)) else { return Ok(()) };
        let plain = generated.to_bytes();
        let mut config = modern();
        config.consume_fuel(true).wasm_shared_everything_threads(false);
        let engine = Engine::new(&config).expect("an engine");
        for cost in [CallCost::Call, CallCost::Frame, CallCost::Code] {
            let limited = limit_call_depth_by(&plain, i32::MAX as u32, cost).expect("valid");
            if let (Some(without), Some(with)) = (observe(&engine, &plain), observe(&engine, &limited)) {
                prop_assert_eq!(without, with);
            }
        }
    }

    #[test]
    fn the_same_depth_on_all_compilers(bytes in vec(ANY, 200..2000), limit in 1u32..6) {
        let Ok(generated) = Generated::new(config(), &mut Unstructured::new(&bytes)) else { return Ok(()) };
        let limited = limit_call_depth(&generated.to_bytes(), limit).expect("valid");
        let seen: Vec<_> = [wasmtime::OptLevel::None, wasmtime::OptLevel::Speed].into_iter().filter_map(|level| {
            let engine = Engine::new(modern().consume_fuel(true).cranelift_opt_level(level)).expect("an engine");
            observe(&engine, &limited)
        }).collect();
        prop_assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    }
}
