//! The calls of WASI 0.3 that are measured.

use super::{ComponentCall, Parts};

const MONOTONIC: &str = "clocks/monotonic-clock@0.3.0";
const SYSTEM: &str = "clocks/system-clock@0.3.0";
const RANDOM: &str = "random/random@0.3.0";
const INSECURE: &str = "random/insecure@0.3.0";

/// Waiting, as the bindings of WASI 0.3 do: a call that may be over at once, else a subtask to wait for.
const WAITING: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
        (export "wait-until" (func async (param "when" u64)))
        (export "wait-for" (func async (param "how-long" u64)))))
    (core func $until (canon lower (func $clock "wait-until") async (memory (core memory $memory "memory"))))
    (core func $for (canon lower (func $clock "wait-for") async (memory (core memory $memory "memory"))))
    (core func $new (canon waitable-set.new))
    (core func $join (canon waitable.join))
    (core func $wait (canon waitable-set.wait (memory (core memory $memory "memory"))))
    (core func $drop (canon subtask.drop))"#;

/// Reading the timeline.
pub fn monotonic_now() -> ComponentCall {
    ComponentCall::number(MONOTONIC, "now")
}

/// How fine it is.
pub fn monotonic_resolution() -> ComponentCall {
    ComponentCall::number(MONOTONIC, "get-resolution")
}

/// Reading the date.
pub fn system_now() -> ComponentCall {
    ComponentCall::time(SYSTEM, "now", "instant", "s64")
}

/// How fine it is.
pub fn system_resolution() -> ComponentCall {
    ComponentCall::number(SYSTEM, "get-resolution")
}

/// Secure random bytes.
pub fn random_bytes(name: &str, length: u64) -> ComponentCall {
    ComponentCall::random_bytes(RANDOM, "get-random-bytes", "max-len", (name, length))
}

/// A secure random number.
pub fn random_u64() -> ComponentCall {
    ComponentCall::random_number(RANDOM, "get-random-u64")
}

/// Insecure random bytes.
pub fn insecure_bytes(name: &str, length: u64) -> ComponentCall {
    ComponentCall::random_bytes(INSECURE, "get-insecure-random-bytes", "max-len", (name, length))
}

/// An insecure random number.
pub fn insecure_u64() -> ComponentCall {
    ComponentCall::random_number(INSECURE, "get-insecure-random-u64")
}

/// The insecure seed.
pub fn insecure_seed() -> ComponentCall {
    ComponentCall::seed("random/insecure-seed@0.3.0", "get-insecure-seed")
}

/// Waiting for a while.
pub fn wait_for(nanos: u64) -> ComponentCall {
    waiting(format!("wait-for {nanos} ns"), "for", nanos)
}

/// Waiting until a time that has passed, whatever the clock.
pub fn wait_until_0() -> ComponentCall {
    waiting("wait-until 0".to_owned(), "until", 0)
}

fn waiting(name: String, function: &str, nanos: u64) -> ComponentCall {
    // The low four bits are the state, 2 if it returned, 1 if it waits; the others the subtask's handle. Waiting gives the
    // kind of event, 1 for one of a subtask, and stores its handle and its state.
    let body = format!(
        "(block $end (result i32)
            (global.set $handle (call ${function} (i64.const {nanos})))
            (drop (br_if $end (i32.const 0) (i32.eq (global.get $handle) (i32.const 2))))
            (drop (br_if $end (i32.const 1)
                (i32.ne (i32.and (global.get $handle) (i32.const 15)) (i32.const 1))))
            (global.set $handle (i32.shr_u (global.get $handle) (i32.const 4)))
            (call $join (global.get $handle) (i32.load (i32.const 8)))
            (drop (br_if $end (i32.const 1) (i32.ne (call $wait (i32.load (i32.const 8)) (i32.const 16)) (i32.const 1))))
            (call $join (global.get $handle) (i32.const 0))
            (call $drop (global.get $handle))
            (i32.or (i32.ne (i32.load (i32.const 16)) (global.get $handle))
                (i32.ne (i32.load (i32.const 20)) (i32.const 2))))"
    );
    ComponentCall::new(
        name,
        Parts {
            imports: WAITING,
            functions: &[
                (function, "(param i64) (result i32)"),
                ("new", "(result i32)"),
                ("join", "(param i32 i32)"),
                ("wait", "(param i32 i32) (result i32)"),
                ("drop", "(param i32)"),
            ],
            prepare: "(i32.store (i32.const 8) (call $new))",
            body: &body,
            waits: true,
        },
    )
}
