//! Components as text: what their calls have in common.

pub mod p2;
pub mod p3;
mod sides;

pub use sides::{Floor, each_side_p2, each_side_p3, p2_engine, p3_engine, start_floor, start_p2};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::guest::run;

/// One call of WASI 0.2 or 0.3, done in a loop.
#[derive(Clone, Debug)]
pub struct ComponentCall {
    /// What it is called in the results.
    pub name: String,
    text: String,
}

/// Where what a call returns through memory lies: not a list, but its address and length.
const RESULT: u32 = 16;

/// Options of a lowered function whose arguments or results lie in memory.
const MEMORY: &str = r#"(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))"#;

/// What a component is made of.
#[derive(Clone, Copy, Default)]
struct Parts<'a> {
    /// The interfaces, and `(core func $…)` definitions of all that `functions` names.
    imports: &'a str,
    /// What the core module calls, by its name in `imports`, with its core type.
    functions: &'a [(&'a str, &'a str)],
    /// Done once. It traps if it fails.
    prepare: &'a str,
    /// As in [`looping`](crate::looping).
    body: &'a str,
    /// Whether `run` may wait, which is part of its type.
    waits: bool,
}

impl ComponentCall {
    /// The guest.
    pub fn component(&self, engine: &Engine) -> Component {
        Component::new(engine, &self.text).unwrap_or_else(|error| panic!("{}: {error:?}", self.name))
    }

    fn new(name: impl Into<String>, parts: Parts<'_>) -> Self {
        let Parts { imports, functions, prepare, body, waits } = parts;
        let imported: String =
            functions.iter().map(|(name, kind)| format!("(import \"\" \"{name}\" (func ${name} {kind}))\n")).collect();
        let given: String = functions.iter().map(|(name, _)| format!("(export \"{name}\" (func ${name}))\n")).collect();
        // What the last call returned is garbage in the next round.
        let run = run("(global.set $next (i32.const 65536))", body);
        let kind = if waits { "async" } else { "" };
        let text = format!(
            r#"(component
            (core module $Memory
                (memory (export "memory") 64)
                (global $next (export "next") (mut i32) (i32.const 65536))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.set $next (i32.add (local.get $at) (local.get 3)))
                    (local.get $at)))
            (core instance $memory (instantiate $Memory))
            {imports}
            (core module $Main
                (import "" "memory" (memory 1))
                (import "" "next" (global $next (mut i32)))
                {imported}
                (global $handle (mut i32) (i32.const 0))
                (func (export "prepare") (local $i i32) {prepare})
                {run})
            (core instance $main (instantiate $Main (with "" (instance
                (export "memory" (memory $memory "memory"))
                (export "next" (global $memory "next"))
                {given}))))
            (func (export "prepare") (canon lift (core func $main "prepare")))
            (func (export "run") {kind} (param "n" u64) (result u64) (canon lift (core func $main "run"))))"#
        );
        ComponentCall { name: name.into(), text }
    }

    /// One function of an interface, and nothing else. `types` are definitions that stand before it.
    fn of_one(
        name: &str,
        interface: &str,
        function: &str,
        types: &str,
        component_type: &str,
        (core_type, body): (&str, &str),
    ) -> Self {
        let imports = format!(
            r#"(import "wasi:{interface}" (instance $interface {types} (export "{function}" (func {component_type}))))
            (core func $call (canon lower (func $interface "{function}") {MEMORY}))"#
        );
        let functions = [("call", core_type)];
        ComponentCall::new(name, Parts { imports: &imports, functions: &functions, body, ..Parts::default() })
    }

    /// A function that returns a number. That it is below 2^63 is as much as is known of times.
    fn number(interface: &str, function: &str) -> Self {
        let core = ("(result i64)", "(i64.lt_s (call $call) (i64.const 0))");
        ComponentCall::of_one(&short(interface, function), interface, function, "", "(result u64)", core)
    }

    /// A function that returns a random number: it is not 0.
    fn random_number(interface: &str, function: &str) -> Self {
        let core = ("(result i64)", "(i64.eqz (call $call))");
        ComponentCall::of_one(function, interface, function, "", "(result u64)", core)
    }

    /// A function that returns seconds and nanoseconds, the latter fewer than a second has.
    fn time(interface: &str, function: &str, record: &str, seconds: &str) -> Self {
        let types = format!(
            r#"(type $record (record (field "seconds" {seconds}) (field "nanoseconds" u32)))
            (export "{record}" (type $time (eq $record)))"#
        );
        let body = format!(
            "(block (result i32)
                (i32.store offset=8 (i32.const {RESULT}) (i32.const -1))
                (call $call (i32.const {RESULT}))
                (i32.ge_u (i32.load offset=8 (i32.const {RESULT})) (i32.const 1000000000)))"
        );
        let name = short(interface, function);
        ComponentCall::of_one(&name, interface, function, &types, "(result $time)", ("(param i32)", &body))
    }

    /// A function that returns as many random bytes as asked for: the first and last eight are not all zeros.
    fn random_bytes(interface: &str, function: &str, parameter: &str, (name, length): (&str, u64)) -> Self {
        let body = format!(
            "(block (result i32)
                (call $call (i64.const {length}) (i32.const {RESULT}))
                (global.set $handle (i32.load (i32.const {RESULT})))
                (i32.or (i32.ne (i32.load offset=4 (i32.const {RESULT})) (i32.const {length}))
                    (i64.eqz (i64.or (i64.load (global.get $handle))
                        (i64.load (i32.add (global.get $handle) (i32.const {})))))))",
            length - 8
        );
        let kind = format!(r#"(param "{parameter}" u64) (result (list u8))"#);
        let name = format!("{function} {name}");
        ComponentCall::of_one(&name, interface, function, "", &kind, ("(param i64 i32)", &body))
    }

    /// The insecure seed, whose low half is not 0.
    fn seed(interface: &str, function: &str) -> Self {
        let body = format!(
            "(block (result i32)
                (call $call (i32.const {RESULT}))
                (i64.eqz (i64.load (i32.const {RESULT}))))"
        );
        let core = ("(param i32)", &*body);
        ComponentCall::of_one(function, interface, function, "", "(result (tuple u64 u64))", core)
    }
}

/// `monotonic-clock.now` of `clocks/monotonic-clock@0.2.6` and `now`.
fn short(interface: &str, function: &str) -> String {
    let interface = interface.split_once('/').map_or(interface, |(_, name)| name);
    let interface = interface.split_once('@').map_or(interface, |(name, _)| name);
    format!("{interface}.{function}")
}
