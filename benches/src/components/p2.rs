//! The calls of WASI 0.2 that are measured.

use wasmtime::Result;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::{ComponentCall, MEMORY, Parts, RESULT};

const MONOTONIC: &str = "clocks/monotonic-clock@0.2.6";
const WALL: &str = "clocks/wall-clock@0.2.6";
const RANDOM: &str = "random/random@0.2.6";
const INSECURE: &str = "random/insecure@0.2.6";

/// Timers and how to wait for them.
const POLLING: &str = r#"
    (import "wasi:io/poll@0.2.6" (instance $io
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
        (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $io "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $pollable (eq $outer)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
    (core func $duration (canon lower (func $clock "subscribe-duration")))
    (core func $ready (canon lower (func $io "[method]pollable.ready")))
    (core func $block (canon lower (func $io "[method]pollable.block")))
    (core func $drop (canon resource.drop $pollable))"#;

/// Standard output.
const STDOUT: &str = r#"
    (import "wasi:io/error@0.2.6" (instance $errors (export "error" (type (sub resource)))))
    (alias export $errors "error" (type $error))
    (import "wasi:io/streams@0.2.6" (instance $streams
        (alias outer 1 $error (type $outer))
        (export "error" (type $error (eq $outer)))
        (export "output-stream" (type $output (sub resource)))
        (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $failure)))
        (export "[method]output-stream.check-write"
            (func (param "self" (borrow $output)) (result (result u64 (error $stream-error)))))
        (export "[method]output-stream.write"
            (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))
        (export "[method]output-stream.blocking-write-and-flush"
            (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
    (alias export $streams "output-stream" (type $output))
    (import "wasi:cli/stdout@0.2.6" (instance $stdout
        (alias outer 1 $output (type $outer))
        (export "output-stream" (type $output (eq $outer)))
        (export "get-stdout" (func (result (own $output))))))
    (core func $stdout (canon lower (func $stdout "get-stdout")))"#;

/// Reading the timeline.
pub fn monotonic_now() -> ComponentCall {
    ComponentCall::number(MONOTONIC, "now")
}

/// How fine it is.
pub fn monotonic_resolution() -> ComponentCall {
    ComponentCall::number(MONOTONIC, "resolution")
}

/// Reading the date.
pub fn wall_now() -> ComponentCall {
    ComponentCall::time(WALL, "now", "datetime", "u64")
}

/// How fine it is.
pub fn wall_resolution() -> ComponentCall {
    ComponentCall::time(WALL, "resolution", "datetime", "u64")
}

/// Secure random bytes.
pub fn random_bytes(name: &str, length: u64) -> ComponentCall {
    ComponentCall::random_bytes(RANDOM, "get-random-bytes", "len", (name, length))
}

/// A secure random number.
pub fn random_u64() -> ComponentCall {
    ComponentCall::random_number(RANDOM, "get-random-u64")
}

/// Insecure random bytes.
pub fn insecure_bytes(name: &str, length: u64) -> ComponentCall {
    ComponentCall::random_bytes(INSECURE, "get-insecure-random-bytes", "len", (name, length))
}

/// An insecure random number.
pub fn insecure_u64() -> ComponentCall {
    ComponentCall::random_number(INSECURE, "get-insecure-random-u64")
}

/// The insecure seed.
pub fn insecure_seed() -> ComponentCall {
    ComponentCall::seed("random/insecure-seed@0.2.6", "insecure-seed")
}

/// A sleep: a timer is made, waited for and dropped.
pub fn sleep(nanos: u64) -> ComponentCall {
    let body = format!(
        "(block (result i32)
            (global.set $handle (call $duration (i64.const {nanos})))
            (call $block (global.get $handle))
            (call $drop (global.get $handle))
            (i32.const 0))"
    );
    ComponentCall::new(
        format!("subscribe-duration {nanos} ns, block, drop"),
        Parts {
            imports: POLLING,
            functions: &[("duration", "(param i64) (result i32)"), ("block", "(param i32)"), ("drop", "(param i32)")],
            body: &body,
            ..Parts::default()
        },
    )
}

/// The floor of waiting: pollables of which nothing is kept, and that are ready.
///
/// # Errors
///
/// If the linker has these interfaces already.
pub fn polling_floor(linker: &mut Linker<()>) -> Result<()> {
    /// What the pollables are.
    struct Timer;

    let mut poll = linker.instance("wasi:io/poll@0.2.6")?;
    poll.resource("pollable", ResourceType::host::<Timer>(), |_, _| Ok(()))?;
    poll.func_wrap("poll", |_, (list,): (Vec<Resource<Timer>>,)| Ok(((0..list.len() as u32).collect::<Vec<_>>(),)))?;
    poll.func_wrap("[method]pollable.ready", |_, (_,): (Resource<Timer>,)| Ok((true,)))?;
    poll.func_wrap("[method]pollable.block", |_, (_,): (Resource<Timer>,)| Ok(()))?;
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.6")?;
    clock.resource("pollable", ResourceType::host::<Timer>(), |_, _| Ok(()))?;
    clock.func_wrap("subscribe-duration", |_, (_,): (u64,)| Ok((Resource::<Timer>::new_own(1),)))
}

/// Asking whether a timer is due that is.
pub fn pollable_ready() -> ComponentCall {
    ComponentCall::new(
        "pollable.ready",
        Parts {
            imports: POLLING,
            functions: &[("duration", "(param i64) (result i32)"), ("ready", "(param i32) (result i32)")],
            prepare: "(global.set $handle (call $duration (i64.const 0)))
                (drop (call $ready (global.get $handle)))",
            body: "(i32.eqz (call $ready (global.get $handle)))",
            ..Parts::default()
        },
    )
}

/// Waiting for timers that are due. A scheduler may withhold some, but not all.
pub fn poll(count: u32) -> ComponentCall {
    let imports = format!(r#"{POLLING} (core func $poll (canon lower (func $io "poll") {MEMORY}))"#);
    // The handles lie at 4096.
    let prepare = format!(
        "(loop $next
            (i32.store offset=4096 (i32.mul (local.get $i) (i32.const 4)) (call $duration (i64.const 0)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.ne (local.get $i) (i32.const {count}))))"
    );
    // There are between 1 and `count`, and the first is one of those asked for.
    let body = format!(
        "(block (result i32)
            (call $poll (i32.const 4096) (i32.const {count}) (i32.const {RESULT}))
            (i32.or
                (i32.ge_u (i32.sub (i32.load offset=4 (i32.const {RESULT})) (i32.const 1)) (i32.const {count}))
                (i32.ge_u (i32.load (i32.load (i32.const {RESULT}))) (i32.const {count}))))"
    );
    ComponentCall::new(
        format!("poll {count} due"),
        Parts {
            imports: &imports,
            functions: &[("duration", "(param i64) (result i32)"), ("poll", "(param i32 i32 i32)")],
            prepare: &prepare,
            body: &body,
            ..Parts::default()
        },
    )
}

/// Writing to standard output with one call.
pub fn blocking_write(name: &str, length: u32) -> ComponentCall {
    let imports = format!(
        r#"{STDOUT}
        (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") {MEMORY}))"#
    );
    let body = format!(
        "(block (result i32)
            (call $write (global.get $handle) (i32.const 4096) (i32.const {length}) (i32.const {RESULT}))
            (i32.load8_u (i32.const {RESULT})))"
    );
    ComponentCall::new(
        format!("blocking-write-and-flush {name}"),
        Parts {
            imports: &imports,
            functions: &[("stdout", "(result i32)"), ("write", "(param i32 i32 i32 i32)")],
            prepare: "(global.set $handle (call $stdout))",
            body: &body,
            ..Parts::default()
        },
    )
}

/// Writing to standard output as much as there is room for.
pub fn write(name: &str, length: u32) -> ComponentCall {
    let imports = format!(
        r#"{STDOUT}
        (core func $check (canon lower (func $streams "[method]output-stream.check-write") {MEMORY}))
        (core func $write (canon lower (func $streams "[method]output-stream.write") {MEMORY}))"#
    );
    let body = format!(
        "(block (result i32)
            (call $check (global.get $handle) (i32.const {RESULT}))
            (call $write (global.get $handle) (i32.const 4096) (i32.const {length}) (i32.const 48))
            (i32.or (i32.or (i32.load8_u (i32.const {RESULT})) (i32.load8_u (i32.const 48)))
                (i64.lt_u (i64.load offset=8 (i32.const {RESULT})) (i64.const {length}))))"
    );
    ComponentCall::new(
        format!("check-write, write {name}"),
        Parts {
            imports: &imports,
            functions: &[
                ("stdout", "(result i32)"),
                ("check", "(param i32 i32)"),
                ("write", "(param i32 i32 i32 i32)"),
            ],
            prepare: "(global.set $handle (call $stdout))",
            body: &body,
            ..Parts::default()
        },
    )
}
