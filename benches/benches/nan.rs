//! What canonical NaNs cost: by rewriting, and by Wasmtime itself while it compiles. On arithmetic and hardly anything else, which is
//! where it costs most: the Mandelbrot set and five bodies that attract each other in `f64`, and a dot product in `f32x4`.
//!
//! What is asserted is that all lines come to the same result, and that none fails.

use benches::{Repeated, configure, keep, looping, time_in_pairs};
use criterion::{Criterion, criterion_group, criterion_main};
use deterministic_instrument::nan::canonicalize_nans;
use wasmtime::{Config, Engine, Instance, Module, Store};

/// Counts points of the plane, 50 steps at most for each of 256.
const MANDELBROT: &str = r#"
    (func $steps (param $cr f64) (param $ci f64) (result i32)
        (local $zr f64) (local $zi f64) (local $zr2 f64) (local $zi2 f64) (local $n i32)
        (loop $again
            (local.set $zi (f64.add (f64.mul (f64.mul (f64.const 2) (local.get $zr)) (local.get $zi)) (local.get $ci)))
            (local.set $zr (f64.add (f64.sub (local.get $zr2) (local.get $zi2)) (local.get $cr)))
            (local.set $zr2 (f64.mul (local.get $zr) (local.get $zr)))
            (local.set $zi2 (f64.mul (local.get $zi) (local.get $zi)))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.and
                (i32.lt_u (local.get $n) (i32.const 50))
                (f64.le (f64.add (local.get $zr2) (local.get $zi2)) (f64.const 4)))))
        (local.get $n))
    (func $plane (result i32) (local $at i32) (local $sum i32)
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (call $steps
                (f64.sub (f64.mul (f64.convert_i32_u (i32.and (local.get $at) (i32.const 15))) (f64.const 0.1875)) (f64.const 2))
                (f64.sub (f64.mul (f64.convert_i32_u (i32.shr_u (local.get $at) (i32.const 4))) (f64.const 0.125)) (f64.const 1)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 256))))
        (i32.ne (local.get $sum) (i32.const 4629)))"#;

/// Adds up 256 products of four lanes each.
const DOT: &str = r#"
    (func $dot (result i32) (local $at i32) (local $sum v128)
        (loop $again
            (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul
                (f32x4.add (v128.load (local.get $at)) (f32x4.splat (f32.const 1)))
                (v128.load offset=4096 (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 4096))))
        (f32.ne (f32x4.extract_lane 1 (local.get $sum)) (f32.const 0)))"#;

/// One step of five bodies, each place, speed and mass: seven numbers.
fn bodies() -> String {
    let load = |body: &str, at: u32| format!("(f64.load offset={} (local.get ${body}))", 8 * at);
    let mut each = String::new();
    for (axis, name) in ["dx", "dy", "dz"].iter().enumerate() {
        let at = axis as u32;
        each += &format!("(local.set ${name} (f64.sub {} {}))\n", load("i", at), load("j", at));
    }
    let square = |name: &str| format!("(f64.mul (local.get ${name}) (local.get ${name}))");
    each += &format!(
        "(local.set $d2 (f64.add (f64.add {} {}) {}))
        (local.set $mag (f64.div (f64.const 0.01) (f64.mul (local.get $d2) (f64.sqrt (local.get $d2)))))\n",
        square("dx"),
        square("dy"),
        square("dz")
    );
    for (axis, name) in ["dx", "dy", "dz"].iter().enumerate() {
        let at = 3 + axis as u32;
        for (body, other, sign) in [("i", "j", "sub"), ("j", "i", "add")] {
            each += &format!(
                "(f64.store offset={} (local.get ${body})
                    (f64.{sign} {} (f64.mul (f64.mul (local.get ${name}) {}) (local.get $mag))))\n",
                8 * at,
                load(body, at),
                load(other, 6)
            );
        }
    }
    let mut moves = String::new();
    for at in 0..3 {
        moves += &format!(
            "(f64.store offset={} (local.get $i) (f64.add {} (f64.mul (f64.const 0.01) {})))\n",
            8 * at,
            load("i", at),
            load("i", 3 + at)
        );
    }
    let numbers = [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47],
        [4.84, -1.16, -0.10, 0.61, 2.81, -0.02, 0.037],
        [8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011],
        [12.89, -15.11, -0.22, 1.08, 0.87, -0.01, 0.0017],
        [15.37, -25.9, 0.179, 0.98, 0.59, -0.03, 0.002],
    ];
    let data: String = numbers
        .as_flattened()
        .iter()
        .flat_map(|number: &f64| number.to_le_bytes())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    format!(
        r#"(data (i32.const 0) "{data}")
        (func $step (result i32) (local $i i32) (local $j i32)
            (local $dx f64) (local $dy f64) (local $dz f64) (local $d2 f64) (local $mag f64)
            (loop $first
                (local.set $j (i32.add (local.get $i) (i32.const 56)))
                (if (i32.lt_u (local.get $j) (i32.const 280)) (then (loop $second
                    {each}
                    (local.set $j (i32.add (local.get $j) (i32.const 56)))
                    (br_if $second (i32.lt_u (local.get $j) (i32.const 280))))))
                {moves}
                (local.set $i (i32.add (local.get $i) (i32.const 56)))
                (br_if $first (i32.lt_u (local.get $i) (i32.const 280))))
            (f64.ne (f64.load (i32.const 0)) (f64.load (i32.const 0))))"#
    )
}

fn on_wasmtime(config: &Config, wasm: &[u8]) -> Repeated<'static> {
    let engine = Engine::new(config).expect("an engine");
    let module = Module::new(&engine, wasm).expect("a module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let run = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("it exports `run`");
    Box::new(move |times| run.call(&mut store, times).expect("it ends well"))
}

fn on_wasmi(wasm: &[u8]) -> Repeated<'static> {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, wasm).expect("a module");
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module).expect("an instance");
    let run = instance.get_typed_func::<u64, u64>(&store, "run").expect("it exports `run`");
    Box::new(move |times| run.call(&mut store, times).expect("it ends well"))
}

fn bench(criterion: &mut Criterion, guest: &str, text: &str) {
    let wasm = wat::parse_str(text).expect("a module");
    let rewritten = canonicalize_nans(&wasm).expect("a module whose NaNs can be made canonical");
    keep(["nan", guest, "size"], rewritten.len() as f64 / wasm.len() as f64);
    let mut group = criterion.benchmark_group(format!("nan/{guest}"));
    let plain = Config::new();
    let mut canonical = Config::new();
    canonical.cranelift_nan_canonicalization(true);
    let mut base = on_wasmtime(&plain, &wasm);
    time_in_pairs(&mut group, ["nan", guest, "Wasmtime"], &mut on_wasmtime(&plain, &wasm), &mut base);
    time_in_pairs(&mut group, ["nan", guest, "Wasmtime, by itself"], &mut on_wasmtime(&canonical, &wasm), &mut base);
    time_in_pairs(&mut group, ["nan", guest, "Wasmtime, rewritten"], &mut on_wasmtime(&plain, &rewritten), &mut base);
    let mut base = on_wasmi(&wasm);
    time_in_pairs(&mut group, ["nan", guest, "wasmi"], &mut on_wasmi(&wasm), &mut base);
    time_in_pairs(&mut group, ["nan", guest, "wasmi, rewritten"], &mut on_wasmi(&rewritten), &mut base);
    group.finish();
}

fn all(criterion: &mut Criterion) {
    bench(criterion, "mandelbrot", &looping(MANDELBROT, "(call $plane)"));
    bench(criterion, "n-body", &looping(&bodies(), "(call $step)"));
    bench(criterion, "dot product, f32x4", &looping(DOT, "(call $dot)"));
}

criterion_group! {
    name = benches;
    config = configure();
    targets = all
}
criterion_main!(benches);
