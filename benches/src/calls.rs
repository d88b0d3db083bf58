//! The calls of WASI 0.1 that are measured, as guests.

use wasmtime::{Engine, Module};

use crate::looping;

/// One call, done in a loop.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is called in the results.
    pub name: String,
    text: String,
}

impl Call {
    /// The guest.
    pub fn module(&self, engine: &Engine) -> Module {
        Module::new(engine, &self.text).expect("the guest is valid")
    }

    fn new(name: impl Into<String>, function: &str, params: &str, before: &str, body: &str) -> Self {
        let import =
            format!(r#"(import "wasi_snapshot_preview1" "{function}" (func $call (param {params}) (result i32)))"#);
        Call { name: name.into(), text: looping(&format!("{import} {before}"), body) }
    }

    /// Reading a clock by its number.
    pub fn clock_time_get(name: &str, id: u32) -> Self {
        let body = format!("(call $call (i32.const {id}) (i64.const 0) (i32.const 8))");
        Call::new(format!("clock_time_get {name}"), "clock_time_get", "i32 i64 i32", "", &body)
    }

    /// The resolution of the monotonic clock.
    pub fn clock_res_get() -> Self {
        let body = "(call $call (i32.const 1) (i32.const 8))";
        Call::new("clock_res_get", "clock_res_get", "i32 i32", "", body)
    }

    /// Random bytes. A buffer of zeros would be one that was not filled: its first and last eight bytes are looked at.
    pub fn random_get(name: &str, length: u64) -> Self {
        // It begins at 8, so the last eight bytes are at `length`.
        let body = format!(
            "(i32.or (call $call (i32.const 8) (i32.const {length}))
                (i64.eqz (i64.or (i64.load (i32.const 8)) (i64.load (i32.const {length})))))"
        );
        Call::new(format!("random_get {name}"), "random_get", "i32 i32", "", &body)
    }

    /// Giving way.
    pub fn sched_yield() -> Self {
        Call::new("sched_yield", "sched_yield", "", "", "(call $call)")
    }

    /// Waiting for timers of the monotonic clock, each with a timeout of 0. A scheduler may withhold some, but not all.
    pub fn poll_oneoff(count: u32) -> Self {
        // Subscriptions at 4096, events at 1 MiB; the identifiers begin at 7.
        let prepare = format!(
            "(func (export \"prepare\") (result i32) (local $i i32) (local $at i32)
                (loop $next
                    (local.set $at (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 48))))
                    (i64.store (local.get $at) (i64.add (i64.extend_i32_u (local.get $i)) (i64.const 7)))
                    (i32.store offset=16 (local.get $at) (i32.const 1))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.ne (local.get $i) (i32.const {count}))))
                (i32.const 0))"
        );
        let body = format!(
            "(i32.or (call $call (i32.const 4096) (i32.const 1048576) (i32.const {count}) (i32.const 8))
                (i32.or (i32.gt_u (i32.sub (i32.load (i32.const 8)) (i32.const 1)) (i32.const {}))
                    (i64.lt_u (i64.load (i32.const 1048576)) (i64.const 7))))",
            count - 1
        );
        Call::new(format!("poll_oneoff {count} due"), "poll_oneoff", "i32 i32 i32 i32", &prepare, &body)
    }

    /// Writing to standard output.
    pub fn fd_write(name: &str, length: u32) -> Self {
        let prepare = format!(
            "(func (export \"prepare\") (result i32)
                (i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const {length}))
                (i32.const 0))"
        );
        let body = format!(
            "(i32.or (call $call (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8))
                (i32.ne (i32.load (i32.const 8)) (i32.const {length})))"
        );
        Call::new(format!("fd_write {name}"), "fd_write", "i32 i32 i32 i32", &prepare, &body)
    }
}
