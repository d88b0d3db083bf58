//! The core modules in components.

use wasm_encoder::RawSection;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::support::*;

/// Gives the bits of a NaN that arithmetic makes, in a component nested in another.
const NESTED: &str = r#"(component
    (component $inner
        (core module $m
            (func (export "bits") (param i32) (result i32)
                (i32.reinterpret_f32 (f32.add (f32.reinterpret_i32 (local.get 0)) (f32.const 1)))))
        (core instance $i (instantiate $m))
        (func (export "bits") (param "n" u32) (result u32) (canon lift (core func $i "bits"))))
    (instance $nested (instantiate $inner))
    (export "bits" (func $nested "bits")))"#;

fn bits(engine: &Engine, wasm: &[u8], of: u32) -> u32 {
    let component = Component::new(engine, wasm).expect("a component");
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine).instantiate(&mut store, &component).expect("an instance");
    let function = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "bits").expect("an export");
    function.call(&mut store, (of,)).expect("it returns").0
}

#[test]
fn every_module_at_every_level() {
    let (engine, plain) = (Engine::new(&plain()).expect("Cranelift"), binary(NESTED));
    let canonical_component = rewritten(&plain);
    assert_eq!(canonical_component, rewritten(&plain));
    for nan in F32 {
        assert_eq!(bits(&engine, &canonical_component, nan), bits(&canonical(), &plain, nan));
    }
    assert_eq!(bits(&engine, &canonical_component, 0xffc0_0001), 0x7fc0_0000);
}

#[test]
fn a_component_without_arithmetic_comes_back_as_it_was() {
    let wasm = binary("(component (core module (memory 1)) (component (core module (func))))");
    assert_eq!(rewritten(&wasm), wasm);
}

#[test]
fn what_cannot_be_rewritten() {
    let error = canonicalize_nans(&binary("(component (core module (func (result i32))))")).expect_err("not valid");
    assert!(matches!(error, NanError::Invalid(_)), "{error:?}");
    let deep = (1..102).fold(wasm_encoder::Component::new().finish(), |inner, _| {
        let mut component = wasm_encoder::Component::new();
        component.section(&RawSection { id: 4, data: &inner });
        component.finish()
    });
    let error = canonicalize_nans(&deep).expect_err("too deep");
    assert!(matches!(error, NanError::NestedTooDeep(100)), "{error:?}");
}
