//! Whatever bytes the rewriter is given, it answers; what it makes of a valid module is valid, and the same each time.
#![no_main]

use deterministic_instrument::call_depth::{CallCost, limit_call_depth_by, module_instances, units_for_stack};
use deterministic_instrument::nan::canonicalize_nans;
use deterministic_instrument::profile::add_counters;
use deterministic_instrument::stopwatch::add_stopwatch;
use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;
use wasm_smith::{Config, Module};
use wasmparser::{Validator, WasmFeatures};

fn is_valid(wasm: &[u8]) -> bool {
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).is_ok()
}

/// A module that is valid, or just bytes behind the header of a module or of a component: what follows is then more often read.
fn guest(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    Ok(match u.int_in_range(0..=3)? {
        0 => [b"\0asm\x01\0\0\0".as_slice(), u.bytes(u.len())?].concat(),
        1 => [b"\0asm\x0d\0\x01\0".as_slice(), u.bytes(u.len())?].concat(),
        _ => {
            let config = Config {
                exceptions_enabled: true,
                gc_enabled: true,
                memory64_enabled: true,
                reference_types_enabled: true,
                tail_call_enabled: true,
                threads_enabled: true,
                wide_arithmetic_enabled: true,
                max_memories: 3,
                ..u.arbitrary()?
            };
            Module::new(config, u)?.to_bytes()
        }
    })
}

/// Both times of the same, if it worked.
fn same(was_valid: bool, make: impl Fn() -> Option<Vec<u8>>) {
    let made = make();
    assert!(made == make(), "the same module became two");
    if let Some(made) = made {
        assert!(!was_valid || is_valid(&made), "a valid module became an invalid one");
    }
}

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let Ok(limit) = u.int_in_range(0..=units_for_stack(512 << 10)) else { return };
    let Ok(wasm) = guest(&mut u) else { return };
    let was_valid = is_valid(&wasm);
    for cost in [CallCost::Call, CallCost::Frame] {
        same(was_valid, || limit_call_depth_by(&wasm, limit, cost).ok());
    }
    same(was_valid, || canonicalize_nans(&wasm).ok());
    same(was_valid, || add_counters(&wasm).ok().map(|profiled| profiled.wasm));
    same(was_valid, || add_stopwatch(&wasm, &["", "wasi_snapshot_preview1"]).ok().map(|timed| timed.wasm));
    let _ = module_instances(&wasm);
});
