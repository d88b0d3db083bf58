//! The core modules in components.

use crate::support::*;
use wasm_encoder::RawSection;
use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, Instance, Linker};
use wasmtime::{Engine, Store};

/// Two instances of one module, which call each other, in a component nested in another.
const NESTED: &str = r#"(component
    (component $inner
        (core module $down (func $f (export "down") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (i32.const 0))
                (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))))
        (core instance $a (instantiate $down))
        (core instance $b (instantiate $down))
        (func (export "a") (param "n" u32) (result u32) (canon lift (core func $a "down")))
        (func (export "b") (param "n" u32) (result u32) (canon lift (core func $b "down"))))
    (instance $first (instantiate $inner))
    (instance $second (instantiate $inner))
    (export "first" (func $first "a"))
    (export "second" (func $second "b")))"#;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("text format")
}

struct Made {
    store: Store<()>,
    instance: Instance,
}

impl Made {
    fn new(wasm: &[u8]) -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, wasm).expect("a component");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("an instance");
        Made { store, instance }
    }

    fn call(&mut self, name: &str, n: u32) -> Result<u32, Ending> {
        let function = self.instance.get_typed_func::<(u32,), (u32,)>(&mut self.store, name).expect("an export");
        function.call(&mut self.store, (n,)).map(|(result,)| result).map_err(|error| ending(&error))
    }
}

#[test]
fn every_module_at_every_level_counts() {
    let limited = limit_call_depth(&binary(NESTED), 10).expect("a component that can be limited");
    for name in ["first", "second"] {
        // The first call is at depth 1.
        assert_eq!(Made::new(&limited).call(name, 9), Ok(9));
        assert_eq!(Made::new(&limited).call(name, 10), Err(Ending::Exceeded));
    }
    assert_eq!(Made::new(&binary(NESTED)).call("first", 1000), Ok(1000));
}

#[test]
fn all_but_the_modules_stays() {
    let plain = binary(NESTED);
    let limited = limit_call_depth(&plain, 10).expect("a component that can be limited");
    let others = |wasm: &[u8]| -> Vec<Vec<u8>> {
        let payloads = Parser::new(0).parse_all(wasm).map(|payload| payload.expect("valid"));
        let sections = payloads.filter_map(|payload| match payload {
            Payload::ComponentInstanceSection(section) => Some(section.range()),
            Payload::ComponentCanonicalSection(section) => Some(section.range()),
            Payload::ComponentExportSection(section) => Some(section.range()),
            Payload::ComponentTypeSection(section) => Some(section.range()),
            Payload::ComponentAliasSection(section) => Some(section.range()),
            Payload::InstanceSection(section) => Some(section.range()),
            _ => None,
        });
        sections.map(|range| wasm[range].to_vec()).collect()
    };
    assert!(others(&plain).len() >= 7);
    assert_eq!(others(&limited), others(&plain));
    assert_eq!(limit_call_depth(&plain, 10).expect("again"), limited);
    let empty = binary("(component (core module (memory 1)))");
    assert_eq!(limit_call_depth(&empty, 10).expect("nothing to count"), empty);
}

#[test]
fn instances_are_counted_at_every_level() {
    for (text, instances) in [
        ("(module)", 1),
        ("(component)", 0),
        ("(component (core module $m) (core instance (instantiate $m)) (core instance (instantiate $m)))", 2),
        (NESTED, 4),
    ] {
        assert_eq!(module_instances(&binary(text)).expect("valid"), instances, "{text}");
    }
}

#[test]
fn what_is_nested_too_deep() {
    // The text format does not go so deep.
    let nested = |levels: usize| {
        (1..levels).fold(wasm_encoder::Component::new().finish(), |inner, _| {
            let mut component = wasm_encoder::Component::new();
            component.section(&RawSection { id: 4, data: &inner });
            component.finish()
        })
    };
    limit_call_depth(&nested(101), 5).expect("deep, and no deeper than may be");
    for levels in [102, 1_000] {
        let error = limit_call_depth(&nested(levels), 5).expect_err("too deep");
        assert!(matches!(error, CallDepthError::NestedTooDeep(100)), "{error:?}");
        assert!(matches!(module_instances(&nested(levels)), Err(CallDepthError::NestedTooDeep(100))));
    }
}

#[test]
fn what_is_no_component() {
    for text in
        ["(component (core module (func (result i32))))", "(component (core module) (core instance (instantiate 1)))"]
    {
        assert!(matches!(limit_call_depth(&binary(text), 5), Err(CallDepthError::Invalid(_))));
    }
    let taken = binary("(component (core module (func (export \"detwasi:call-depth\"))))");
    assert!(matches!(limit_call_depth(&taken, 5), Err(CallDepthError::ReservedExport(_))));
    let good = binary(NESTED);
    for place in 8..good.len() {
        for value in [0, 1, 0x7f, 0xff, good[place].wrapping_add(1)] {
            let mut bad = good.clone();
            bad[place] = value;
            let _ = (limit_call_depth(&bad, 5), module_instances(&bad));
        }
    }
}
