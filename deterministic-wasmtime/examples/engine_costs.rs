//! What the engine's settings cost, measured: the table in the README. `cargo run --release --example engine_costs`.

use std::time::{Duration, Instant};

use deterministic_wasmtime::configure;
use deterministic_wasmtime::engine::check_engine;
use wasmtime::{Config, Engine, Instance, Module, Store, TypedFunc, WasmBacktraceDetails};

const ROUNDS: usize = 15;

/// Programs that a setting may slow down; each takes how often it is to go round.
const PROGRAMS: [(&str, &str, u32); 6] = [
    ("f64, one chain of additions and products", "(local $x f64) (local $y f64) (local.set $y (f64.const 0.999999))
        (loop $l
            (local.set $x (f64.add (f64.mul (local.get $x) (local.get $y)) (f64.const 1)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (f64.store (i32.const 0) (local.get $x))", 4_000_000),
    ("f64, n bodies", "(local $a f64) (local $b f64) (local $c f64) (local $d f64) (local $r f64)
        (local.set $a (f64.const 1)) (local.set $b (f64.const 2)) (local.set $c (f64.const 0.5))
        (loop $l
            (local.set $r (f64.add (f64.add (f64.mul (local.get $a) (local.get $a)) (f64.mul (local.get $b) (local.get $b)))
                (f64.add (f64.mul (local.get $c) (local.get $c)) (f64.const 0.01))))
            (local.set $d (f64.div (f64.const 0.001) (f64.mul (local.get $r) (f64.sqrt (local.get $r)))))
            (local.set $a (f64.sub (local.get $a) (f64.mul (local.get $b) (local.get $d))))
            (local.set $b (f64.add (local.get $b) (f64.mul (local.get $c) (local.get $d))))
            (local.set $c (f64.sub (local.get $c) (f64.mul (local.get $a) (local.get $d))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (f64.store (i32.const 0) (local.get $a))", 1_000_000),
    ("f32x4, sum of products from memory", "(local $v v128) (local $i i32)
        (loop $l
            (local.set $i (i32.and (i32.shl (local.get $n) (i32.const 4)) (i32.const 0x7ff0)))
            (local.set $v (f32x4.add (local.get $v)
                (f32x4.mul (v128.load (local.get $i)) (v128.load offset=0x8000 (local.get $i)))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (v128.store (i32.const 0) (local.get $v))", 4_000_000),
    ("f32x4, relaxed_madd from memory", "(local $v v128) (local $i i32)
        (loop $l
            (local.set $i (i32.and (i32.shl (local.get $n) (i32.const 4)) (i32.const 0x7ff0)))
            (local.set $v (f32x4.relaxed_madd
                (v128.load (local.get $i)) (v128.load offset=0x8000 (local.get $i)) (local.get $v)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (v128.store (i32.const 0) (local.get $v))", 4_000_000),
    ("i8x16, relaxed dot products", "(local $v v128) (local $i i32)
        (loop $l
            (local.set $i (i32.and (i32.shl (local.get $n) (i32.const 4)) (i32.const 0x7ff0)))
            (local.set $v (i32x4.relaxed_dot_i8x16_i7x16_add_s
                (v128.load (local.get $i)) (v128.load offset=0x8000 (local.get $i)) (local.get $v)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (v128.store (i32.const 0) (local.get $v))", 4_000_000),
    ("integers, sieve", "(local $i i32) (local $j i32)
        (loop $l
            (local.set $i (i32.const 2))
            (loop $outer
                (local.set $j (i32.mul (local.get $i) (local.get $i)))
                (if (i32.lt_u (local.get $j) (i32.const 60000)) (then (loop $inner
                    (i32.store8 (local.get $j) (i32.const 1))
                    (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (local.get $i))) (i32.const 60000))))))
                (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 245))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))", 40),
];

type Change = fn(&mut Config) -> &mut Config;

/// Each setting, without it and with it; the rest is as `configure` has it.
const SETTINGS: [(&str, Change, Change); 5] = [
    ("NaN canonicalisation", |c| c.cranelift_nan_canonicalization(false), |c| c),
    ("relaxed SIMD deterministic", |c| c.relaxed_simd_deterministic(false), |c| c),
    ("fuel", |c| c, |c| c.consume_fuel(true)),
    (
        "all of configure",
        |c| {
            *c = Config::new();
            c
        },
        |c| c,
    ),
    ("epochs, for comparison", |c| c, |c| c.epoch_interruption(true)),
];

struct Guest {
    store: Store<()>,
    run: TypedFunc<u32, ()>,
}

impl Guest {
    fn new(change: Change, text: &str) -> Self {
        let mut config = Config::new();
        let engine = Engine::new(change(configure(&mut config))).unwrap();
        let mut store = Store::new(&engine, ());
        if engine.get_consume_fuel() {
            store.set_fuel(u64::MAX).unwrap();
        }
        store.set_epoch_deadline(1 << 40);
        let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]).unwrap();
        let run = instance.get_typed_func(&mut store, "run").unwrap();
        Guest { store, run }
    }

    fn time(&mut self, n: u32) -> (Duration, bool) {
        let start = Instant::now();
        let ended = self.run.call(&mut self.store, n).is_ok();
        (start.elapsed(), ended)
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The medians of two guests that take turns.
fn compare(mut guests: [Guest; 2], n: u32) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (guest, times) in guests.iter_mut().zip(&mut times) {
            let (time, _) = guest.time(n);
            if round > 0 {
                times.push(time);
            }
        }
    }
    times.map(median)
}

fn main() {
    for (setting, without, with) in SETTINGS {
        for (program, body, n) in PROGRAMS {
            let text = format!(r#"(module (memory 1) (func (export "run") (param $n i32) {body}))"#);
            let [before, after] = compare([without, with].map(|change| Guest::new(change, &text)), n);
            println!("{setting:28} {program:42} {before:>10.2?} {after:>10.2?} {:.2}", ratio(before, after));
        }
    }
    let trap = r#"(module (func $f (param $n i32)
        (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1)))) (else unreachable)))
        (export "run" (func $f)))"#;
    let details: [Change; 2] = [|c| c.wasm_backtrace_details(WasmBacktraceDetails::Enable), |c| c];
    let frames: [Change; 2] = [|c| c.wasm_backtrace_max_frames(None), |c| c];
    for (setting, changes) in [("backtrace details off", details), ("backtraces of 20 frames", frames)] {
        let [before, after] = compare(changes.map(|change| Guest::new(change, trap)), 50);
        println!("{setting:28} a trap 50 calls deep {before:.2?} {after:.2?} {:.2}", ratio(before, after));
    }
    for (label, change) in [("Cranelift", (|c| c) as Change), ("Pulley", |c| c.target("pulley64").unwrap())] {
        let mut config = Config::new();
        let engine = Engine::new(change(configure(&mut config))).unwrap();
        let times = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            check_engine(&engine).unwrap();
            start.elapsed()
        });
        println!("check_engine, {label}: {:.2?}", median(times.collect()));
    }
}

fn ratio(before: Duration, after: Duration) -> f64 {
    after.as_secs_f64() / before.as_secs_f64()
}
