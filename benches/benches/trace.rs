//! What it costs to record a run on the host's own clock, what its replay takes, and how long the trace becomes. On a guest that does nothing
//! but read the clock, where it costs most; and on one that computes for ten microseconds between its calls.
//!
//! What is asserted is that a replay sees what the recorded run saw, and how many bytes each kind of answer takes.

use std::fs::File;
use std::io::{Cursor, Seek as _, Write};
use std::sync::{Arc, Mutex};

use benches::{Call, Repeated, configure, core_engine, keep, looping, prepared, time_in_pairs};
use criterion::{Criterion, criterion_group, criterion_main};
use deterministic_policies::Preset;
use deterministic_run::trace::{Entropy, Given, Recording, ReplayEnd, Tape, Trace, WhenFull};
use deterministic_run::{Ended, Inputs};
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::fs::Access;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use tempfile::TempDir;
use wasmtime::{Memory, Module, Store, TypedFunc};
use wasmtime_wasi::WasiCtxBuilder;

/// Reads two clocks, draws random bytes and writes all of that, with 5000 steps of a generator before each call.
fn program() -> String {
    let wasi = r#"
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (data (i32.const 16) "\00\10\00\00\20\00\00\00") ;; 32 bytes at 4096
        (global $x (mut i64) (i64.const 88172645463325252))
        (func $compute (local $x i64) (local $n i32)
            (local.set $x (global.get $x))
            (loop $again
                (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
                (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
                (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 5000))))
            (global.set $x (local.get $x)))
        (func $round (result i32)
            (call $compute)
            (call $time (i32.const 1) (i64.const 0) (i32.const 4096))
            (call $compute)
            (call $time (i32.const 0) (i64.const 0) (i32.const 4104))
            (call $compute)
            (call $random (i32.const 4112) (i32.const 16))
            (call $compute)
            (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))
            i32.or i32.or i32.or)"#;
    looping(wasi, "(call $round)")
}

/// What is written goes to the host, and over what was written before, so that the disk does not fill.
struct Rewound(File, usize);

impl Write for Rewound {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.1 > 64 << 20 {
            self.0.rewind()?;
            self.1 = 0;
        }
        let written = self.0.write(bytes)?;
        self.1 += written;
        Ok(written)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A trace in memory.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn recording(sink: impl Write + Send + 'static) -> Tape {
    Tape::record(b"", Box::new(sink), u64::MAX, WhenFull::EndRun).expect("there is room")
}

/// After as many rounds, what the guest wrote is thrown away.
const PART: u64 = 10_000;

/// A guest on a tape.
struct Run {
    store: Store<p1::P1Ctx>,
    run: TypedFunc<u64, u64>,
    memory: Memory,
}

impl Run {
    fn new(module: &Module, tape: &Tape) -> Self {
        let policies = tape.policies(Entropy::Seeded, || Preset::Host.policies(&Seed::default()));
        let ctx = WasiCtxBuilder::new().build_deterministic_p1(policies.expect("the tape goes on"));
        let (mut store, instance) = prepared(module, ctx.capture_output(32 * PART as usize));
        let run = instance.get_typed_func(&mut store, "run").expect("it exports `run`");
        let memory = instance.get_memory(&mut store, "memory").expect("it exports its memory");
        Run { store, run, memory }
    }

    fn rounds(&mut self, rounds: u64) -> u64 {
        let (mut left, mut done) = (rounds, 0);
        while left > 0 {
            let now = left.min(PART);
            done += self.run.call(&mut self.store, now).expect("it ends well");
            self.store.data_mut().clear_captured();
            left -= now;
        }
        done
    }

    /// What the last calls said.
    fn seen(&self) -> Vec<u8> {
        self.memory.data(&self.store)[..8192].to_vec()
    }
}

fn bench(criterion: &mut Criterion, what: &str, module: &Module, rounds: u64) {
    let mut group = criterion.benchmark_group(format!("trace/{what}"));

    let tape = recording(Rewound(tempfile::tempfile().expect("a file"), 0));
    let (mut recorded, mut off) = (Run::new(module, &tape), Run::new(module, &Tape::off()));
    let mut run: Repeated<'_> = Box::new(|rounds| recorded.rounds(rounds));
    let mut base: Repeated<'_> = Box::new(|rounds| off.rounds(rounds));
    time_in_pairs(&mut group, ["trace", what, "recorded"], &mut run, &mut base);
    drop((run, base));
    assert!(tape.failure().is_none());

    // From its beginning to its end each time.
    let record = || {
        let kept = Kept::default();
        let tape = recording(kept.clone());
        let mut run = Run::new(module, &tape);
        assert_eq!(run.rounds(rounds), rounds);
        tape.finish(b"it ended").expect("there is room");
        (run.seen(), kept)
    };
    let (seen, trace) = record();
    let trace = trace.bytes();
    let replay = || {
        let (tape, _) = Tape::replay(Box::new(Cursor::new(trace.clone()))).expect("a trace");
        let mut run = Run::new(module, &tape);
        assert_eq!(run.rounds(rounds), rounds);
        assert_eq!(tape.recorded_outcome().expect("it is followed to its end"), b"it ended");
        assert!(run.seen() == seen, "a replay saw something else");
    };
    let mut run: Repeated<'_> = Box::new(|times| {
        (0..times).for_each(|_| replay());
        times
    });
    let mut base: Repeated<'_> = Box::new(|times| {
        (0..times).for_each(|_| drop(record()));
        times
    });
    time_in_pairs(&mut group, ["trace", what, "replayed"], &mut run, &mut base);
}

/// The trace of a command, whose replay comes to the same.
fn traced(inputs: &Inputs, gone: impl FnOnce()) -> u64 {
    let kept = Kept::default();
    let how = Recording { embed: true, ..Recording::default() };
    let recorded = inputs.record(kept.clone(), &how).expect("it can be recorded");
    assert_eq!(recorded.outcome.ended, Ended::Exit(0));
    gone();
    let trace = Trace::open(Cursor::new(kept.bytes())).expect("a trace");
    let again = trace.inputs(&Given::default()).expect("all is in the trace");
    let replayed = trace.replay(&again).expect("it is replayed");
    assert_eq!(replayed.end, ReplayEnd::Same);
    recorded.written.bytes
}

/// A command that does `body`, which leaves 0 if it succeeded, so many times.
fn command(import: &str, times: u64, body: &str) -> String {
    format!(
        r#"(module {import} (memory (export "memory") 4)
            (data (i32.const 0) "f") (data (i32.const 16) "\00\00\01\00") ;; a buffer at 65536
            (func (export "_start") (local $left i64)
                (local.set $left (i64.const {times}))
                (loop $again
                    (if {body} (then unreachable))
                    (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                    (br_if $again (i64.gt_s (local.get $left) (i64.const 0))))))"#
    )
}

fn on_host(guest: &str) -> Inputs {
    Inputs::new(guest).expect("a guest").preset(Preset::Host, Seed::default())
}

/// How many bytes a trace has more, if `body` is done `times` and not once; for each time.
fn bytes_each(import: &str, times: u64, body: &str) -> f64 {
    let [few, many] = [1, times].map(|times| traced(&on_host(&command(import, times, body)), || ()));
    (many as f64 - few as f64) / (times - 1) as f64
}

fn sizes(_: &mut Criterion) {
    let time = r#"(import "wasi_snapshot_preview1" "clock_time_get" (func $call (param i32 i64 i32) (result i32)))"#;
    let reading = bytes_each(time, 20_000, "(call $call (i32.const 1) (i64.const 0) (i32.const 8))");
    keep(["trace", "bytes", "a clock reading"], reading);
    assert!(reading <= 4.0, "{reading} bytes a clock reading");

    let random = r#"(import "wasi_snapshot_preview1" "random_get" (func $call (param i32 i32) (result i32)))"#;
    let byte = bytes_each(random, 1000, "(call $call (i32.const 65536) (i32.const 4096))") / 4096.0;
    keep(["trace", "bytes", "a random byte"], byte);
    assert!(byte < 0.001, "{byte} bytes a random byte");

    for (name, piece) in [("4 KiB", 4 << 10), ("64 KiB", 64 << 10)] {
        let ratio = of_file(piece);
        keep(["trace", "bytes", &format!("a byte of a file, {name} at a time")], ratio);
        assert!(ratio <= 1.03, "{ratio} bytes a byte of a file, {name} at a time");
    }
}

/// How long the trace of a run is that reads a file in pieces of so many bytes, by the length of the file.
fn of_file(piece: u64) -> f64 {
    const LEN: usize = 4 << 20;
    let import = r#"
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (global $open_already (mut i32) (i32.const 0))
        (func $call (result i32)
            (if (i32.eqz (global.get $open_already)) (then
                (global.set $open_already (i32.const 1))
                (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
                    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (then unreachable))))
            (i32.store (i32.const 20) (i32.const PIECE))
            (if (call $read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 36)) (then unreachable))
            (i32.ne (i32.load (i32.const 36)) (i32.const PIECE)))"#;
    let guest = command(&import.replace("PIECE", &piece.to_string()), LEN as u64 / piece, "(call $call)");
    // No piece is like another.
    let mut x = 88_172_645_463_325_252_u64;
    let content: Vec<u8> = (0..LEN / 8)
        .flat_map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x.to_le_bytes()
        })
        .collect();
    let host: TempDir = tempfile::tempdir().expect("a directory");
    std::fs::write(host.path().join("f"), content).expect("a file");
    let inputs = on_host(&guest).live_dir(host.path(), "/d", Access::ReadOnly);
    traced(&inputs, || host.close().expect("it goes")) as f64 / LEN as f64
}

fn all(criterion: &mut Criterion) {
    let engine = core_engine();
    bench(criterion, "clock", &Call::clock_time_get("monotonic", 1).module(&engine), 100_000);
    bench(criterion, "program", &Module::new(&engine, program()).expect("the guest is valid"), 250);
}

criterion_group! {
    name = benches;
    config = configure();
    targets = sizes, all
}
criterion_main!(benches);
