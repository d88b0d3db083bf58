//! Host functions: not counted themselves, but what they call is.

use crate::support::*;
use wasmtime::{Caller, Engine, Func, Instance, Module, Store, Val};

const GUEST: &str = r#"(module
    (import "" "again" (func $again (param i32) (result i32)))
    (type $t (func (param i32) (result i32)))
    (table funcref (elem $again))
    (func $direct (export "direct") (type $t)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.add (i32.const 1) (call $again (local.get 0))))
    (func $indirect (export "indirect") (type $t)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 0)))))"#;

/// A guest whose import `again` calls the export `name` with one less; a failed call gives -1000 to the guest if
/// `swallow`.
fn guest(engine: &Engine, text: &str, limit: u32, name: &'static str, swallow: bool) -> Guest {
    let module = Module::new(engine, limited(text, limit)).expect("a module");
    let mut store = Store::new(engine, ());
    let again = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, n: i32| -> wasmtime::Result<i32> {
        let function = caller.get_export(name).and_then(|export| export.into_func()).expect("an exported function");
        let mut results = [Val::I32(0)];
        match function.call(&mut caller, &[Val::I32(n - 1)], &mut results) {
            Err(_) if swallow => return Ok(-1000),
            ended => ended?,
        }
        Ok(results[0].unwrap_i32())
    });
    let instance = Instance::new(&mut store, &module, &[again.into()]).expect("an instance");
    Guest { store, instance }
}

#[test]
fn reentry_continues_at_the_depth_of_the_call() {
    for (engine_name, engine) in engines() {
        for name in ["direct", "indirect"] {
            let mut guest = guest(&engine, GUEST, 20, name, false);
            assert_eq!(guest.call(name, &[19]), Ending::Returned(vec![19]), "{engine_name}: {name}");
            assert_eq!(guest.counter(), 0);
            assert_eq!(guest.call(name, &[20]), Ending::Exceeded, "{engine_name}: {name}");
        }
    }
}

/// A swallowed trap costs depth only until the guest function that called the host returns.
#[test]
fn a_swallowed_trap_is_mended_on_return() {
    let text = r#"(module
        (import "" "again" (func $again (param i32) (result i32)))
        (func $f (export "run") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
        (func $protected (result i32) (call $again (i32.const 1000)))
        (func (export "probe") (param i32) (result i32)
            (i32.add (call $protected) (call $f (local.get 0)))))"#;
    for (name, engine) in engines() {
        let mut guest = guest(&engine, text, 20, "run", true);
        assert_eq!(guest.call("probe", &[18]), Ending::Returned(vec![-982]), "{name}");
        assert_eq!(guest.counter(), 0, "{name}");
    }
}

#[test]
fn start_functions_count_and_their_trap_is_told_apart() {
    let text = r#"(module
        (func $f (param i32)
            (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))
        (func $start (call $f (i32.const 8)))
        (start $start))"#;
    let module = |engine: &Engine, limit| Module::new(engine, limited(text, limit)).expect("a module");
    for (name, engine) in engines() {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module(&engine, 10), &[]).expect("depth 10");
        assert_eq!(Guest { store, instance }.counter(), 0, "{name}");
        let error = Instance::new(Store::new(&engine, ()), &module(&engine, 9), &[]).expect_err("depth 10");
        assert_eq!(ending(&error), Ending::Exceeded, "{name}");
    }
}

/// Inside a component the counter is out of reach, but the backtrace is not.
#[test]
fn inside_a_component() {
    use wasmtime::component::{Component, Linker};
    let core = limited(r#"(module (func $f (export "f") (call $f)))"#, 10);
    let bytes: String = wasmprinter::print_bytes(&core).expect("text").replacen("(module", "(core module $m", 1);
    let text = format!(
        r#"(component {bytes} (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#
    );
    let engine = Engine::default();
    let component = Component::new(&engine, wat::parse_str(text).expect("text format")).expect("a component");
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("an instance");
    let function = instance.get_typed_func::<(), ()>(&mut store, "f").expect("an export");
    let error = function.call(&mut store, ()).expect_err("endless recursion");
    assert_eq!(ending(&error), Ending::Exceeded);
}
