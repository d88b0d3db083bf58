//! Where a run is stopped, and what its core dump has: read by wasmparser, as other tools do.

use std::io::{Cursor, Write};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use deterministic_run::core::{Instant, Seed};
use deterministic_run::log::StopAt;
use deterministic_run::policies::Preset;
use deterministic_run::trace::{Given, Recording, ReplayEnd, Trace};
use deterministic_run::{
    CoreDump, CoreDumpError, Ended, EngineKind, Error, Guest, Inputs, Observer, Outcome, Summary, TrapKind, with_stack,
};
use wasmparser::{DataKind, KnownCustom, Operator, Parser, Payload, Validator, WasmFeatures};
use wasmtime::OptLevel;

/// Reads the clock and random bytes, 10 times, each time deeper in its calls; then it traps. One of its memories is not exported.
const GUEST: &str = r#"(module $deep
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 3)
    (memory $hidden 1 9)
    (global $stack_pointer (mut i32) (i32.const 65536))
    (global $wide (mut i64) (i64.const -2))
    (global $f32 f32 (f32.const 1.5))
    (global $f64 f64 (f64.const -0.25))
    (global $v128 v128 (v128.const i64x2 1 2))
    (global $function (mut funcref) (ref.func $deeper))
    (global $outside (mut externref) (ref.null extern))
    (func $last unreachable)
    (func $deeper (param $left i32)
        (global.set $stack_pointer (i32.sub (global.get $stack_pointer) (i32.const 16)))
        (drop (call $time (i32.const 1) (i64.const 1) (i32.mul (local.get $left) (i32.const 8))))
        (drop (call $random (i32.add (i32.const 150000) (i32.mul (local.get $left) (i32.const 16))) (i32.const 16)))
        (i32.store $hidden (i32.const 65532) (local.get $left))
        (if (local.get $left)
            (then (call $deeper (i32.sub (local.get $left) (i32.const 1))))
            (else (call $last))))
    (func $main (export "_start") (call $deeper (i32.const 9))))"#;

/// The number of each function: imports come first.
const LAST: u32 = 2;
const DEEPER: u32 = 3;
const MAIN: u32 = 4;

/// A dump, as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
struct Read {
    name: String,
    modules: Vec<String>,
    memories: Vec<Vec<u8>>,
    /// Integers alone.
    globals: Vec<Option<i64>>,
    /// The number of the module, and those of memories and globals.
    instances: Vec<(u32, Vec<u32>, Vec<u32>)>,
    /// The instance, the function, the offset.
    frames: Vec<(u32, u32, u32)>,
}

fn read(dump: &CoreDump) -> Read {
    Validator::new_with_features(WasmFeatures::all()).validate_all(dump).expect("a module");
    let mut read = Read::default();
    for payload in Parser::new(0).parse_all(dump) {
        match payload.expect("a payload") {
            Payload::MemorySection(section) => {
                for memory in section {
                    let pages = memory.expect("a memory").initial;
                    read.memories.push(vec![0; usize::try_from(pages << 16).expect("a size")]);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let value = global.expect("a global").init_expr.get_operators_reader().read().expect("a value");
                    read.globals.push(match value {
                        Operator::I32Const { value } => Some(value.into()),
                        Operator::I64Const { value } => Some(value),
                        _ => None,
                    });
                }
            }
            Payload::DataSection(section) => {
                for segment in section {
                    let segment = segment.expect("a segment");
                    let DataKind::Active { memory_index, offset_expr } = segment.kind else { panic!("{segment:?}") };
                    let at = match offset_expr.get_operators_reader().read().expect("an offset") {
                        Operator::I32Const { value } => value.cast_unsigned() as usize,
                        Operator::I64Const { value } => value as usize,
                        other => panic!("{other:?}"),
                    };
                    let memory = &mut read.memories[memory_index as usize];
                    memory[at..at + segment.data.len()].copy_from_slice(segment.data);
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::CoreDump(core) => read.name = core.name.into(),
                KnownCustom::CoreDumpModules(modules) => {
                    read.modules = modules.modules.into_iter().map(Into::into).collect();
                }
                KnownCustom::CoreDumpInstances(instances) => {
                    let instances = instances.instances.into_iter();
                    read.instances = instances.map(|it| (it.module_index, it.memories, it.globals)).collect();
                }
                KnownCustom::CoreDumpStack(stack) => {
                    assert_eq!(stack.name, "main");
                    let frames = stack.frames.into_iter();
                    read.frames = frames.map(|it| (it.instanceidx, it.funcidx, it.codeoffset)).collect();
                }
                _ => panic!("{}", section.name()),
            },
            _ => {}
        }
    }
    read
}

fn inputs() -> Inputs {
    let guest = Guest::new("some/where/deep.wat", GUEST.as_bytes()).expect("a guest");
    Inputs::of(guest).preset(Preset::Simulation, Seed::from_u64(7)).core_dump(true)
}

fn call(number: u64) -> StopAt {
    StopAt::Call(NonZeroU64::new(number).expect("from 1 on"))
}

fn run(inputs: &Inputs, stop_at: Option<StopAt>) -> Outcome {
    let observer = Observer { stop_at, ..Observer::default() };
    with_stack(inputs.wasm_stack(), || inputs.run_with(&observer)).expect("a stack").expect("an outcome")
}

fn dumped(outcome: &Outcome) -> Read {
    read(outcome.core.as_ref().expect("a dump").as_ref().expect("a dump"))
}

fn without_core(mut outcome: Outcome) -> Outcome {
    outcome.core = None;
    outcome
}

#[test]
fn a_dump_has_what_there_is_at_each_call() {
    let inputs = inputs().all_memories(true);
    for number in 1..=20 {
        let outcome = run(&inputs, Some(call(number)));
        let Ended::Stopped(stopped) = &outcome.ended else { panic!("{outcome:?}") };
        let function = if number % 2 == 1 { "clock_time_get" } else { "random_get" };
        assert_eq!((stopped.call, &stopped.function), (number, &format!("wasi_snapshot_preview1.{function}")));
        assert!(stopped.frames.as_deref().is_some_and(|frames| frames.contains("deep!deeper")), "{stopped:?}");
        assert_eq!((outcome.digest(), outcome.ended.is_the_same_anywhere()), (None, false));

        let dump = dumped(&outcome);
        assert_eq!((dump.name.as_str(), &dump.modules[..]), ("deep.wat", &["deep".to_owned()][..]));
        assert_eq!(dump.instances, [(0, vec![0, 1], (0..7).collect())]);
        let digests: Vec<_> = dump.memories.iter().map(|memory| Summary::of(memory)).collect();
        assert_eq!(digests.iter().collect::<Vec<_>>(), {
            let mut told: Vec<_> = outcome.memories.values().collect();
            told.sort_by_key(|memory| std::cmp::Reverse(memory.bytes));
            told
        });
        let depth = number.div_ceil(2);
        assert_eq!(dump.globals[..2], [Some(65536 - 16 * depth.cast_signed()), Some(-2)]);
        let functions: Vec<_> = dump.frames.iter().map(|(instance, function, _)| (*instance, *function)).collect();
        let deeper = (0..depth).map(|_| (0, DEEPER));
        assert_eq!(functions, deeper.chain([(0, MAIN)]).collect::<Vec<_>>());
        assert!(dump.frames.iter().all(|(_, _, offset)| *offset > 0), "{:?}", dump.frames);
    }
    let passed = run(&inputs, Some(call(21)));
    assert_eq!(passed, run(&inputs, None));
    let Ended::Trap(trap) = &passed.ended else { panic!("{passed:?}") };
    assert_eq!(trap.kind, TrapKind::UnreachableCodeReached);
    assert_eq!(dumped(&passed).frames.first().map(|(_, function, _)| *function), Some(LAST));
}

#[test]
fn a_run_is_the_same_with_a_dump() {
    let with = run(&inputs(), None);
    let without = run(&inputs().core_dump(false), None);
    assert_eq!(without.core, None);
    assert_eq!(without_core(with.clone()), without);
    assert_eq!(with.digest(), without.digest());
    assert_eq!(inputs().fingerprint().ok(), inputs().core_dump(false).fingerprint().ok());
    let exits = Inputs::new(r#"(module (func (export "_start")))"#).expect("a guest").core_dump(true);
    assert_eq!(run(&exits, None).core, None);
    // An error of the host's is told without what was gathered for a dump.
    let import = Inputs::new(r#"(module (import "a" "b" (func $b)) (func (export "_start") (call $b)))"#);
    let import = import.expect("a guest").allow_import("a::b");
    let plain = without_core(run(&import, None));
    assert_eq!(without_core(run(&import.core_dump(true), None)), plain);
}

#[test]
fn a_run_is_stopped_at_a_time() {
    let at = |nanos| run(&inputs(), Some(StopAt::Time(Instant::from_nanos(nanos)))).ended;
    // Each reading takes a microsecond.
    for (nanos, number) in [(0, 1), (1, 1), (2, 2), (1001, 2), (1002, 4), (3001, 6)] {
        let Ended::Stopped(stopped) = at(nanos) else { panic!("{nanos}") };
        assert_eq!((stopped.call, stopped.at_ns), (number, 1 + (number / 2) * 1000), "{nanos}");
    }
    assert!(matches!(at(1_000_000_000), Ended::Trap(_)));
}

/// What is in memories and globals, and the frames, is the same on each engine and level; wasmi stops, and has no dump.
#[test]
fn dumps_are_equal_on_each_engine() {
    // Winch has no references.
    let text = GUEST.lines().filter(|line| !line.contains("ref")).collect::<String>();
    let inputs = || {
        let guest = Guest::new("deep.wat", text.as_bytes()).expect("a guest");
        Inputs::of(guest).preset(Preset::Simulation, Seed::from_u64(7)).core_dump(true)
    };
    let outcome = run(&inputs(), Some(call(12)));
    for (kind, level) in [
        (EngineKind::Cranelift, None),
        (EngineKind::Cranelift, Some(OptLevel::None)),
        (EngineKind::Cranelift, Some(OptLevel::SpeedAndSize)),
        (EngineKind::Pulley, None),
        (EngineKind::Winch, None),
    ] {
        let inputs = inputs().engine_kind(kind);
        let inputs = level.into_iter().fold(inputs, Inputs::opt_level);
        let again = run(&inputs, Some(call(12)));
        assert_eq!((&again.ended, &again.core), (&outcome.ended, &outcome.core), "{kind} {level:?}");
    }
    #[cfg(feature = "wasmi")]
    {
        let guest = text.replace("(memory $hidden 1 9)", "").replace("(i32.store $hidden", "(i32.store");
        let stopped = |kind| {
            let inputs = Inputs::of(Guest::new("deep.wat", guest.as_bytes()).expect("a guest")).engine_kind(kind);
            match run(&inputs, Some(call(12))).ended {
                Ended::Stopped(stopped) => (stopped.call, stopped.function, stopped.at_ns),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(stopped(EngineKind::Wasmi), stopped(EngineKind::Cranelift));
        let refused = inputs().engine_kind(EngineKind::Wasmi).run();
        assert!(matches!(refused, Err(Error::NotOnEngine { what: "core dumps", .. })), "{refused:?}");
    }
}

#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn replayed(trace: &[u8], stop_at: Option<StopAt>) -> (Outcome, ReplayEnd) {
    let trace = Trace::open(Cursor::new(trace.to_vec())).expect("a trace");
    let inputs = trace.inputs(&Given::default()).expect("inputs").core_dump(true);
    let observer = Observer { stop_at, ..Observer::default() };
    let replayed = with_stack(inputs.wasm_stack(), || trace.replay_with(&inputs, &observer));
    let replayed = replayed.expect("a stack").expect("a replay");
    (replayed.outcome, replayed.end)
}

/// Of a run on the host's own clock and random bytes.
#[test]
fn each_replay_has_the_same_dump() {
    let how = Recording { embed: true, ..Recording::default() };
    let file = File::default();
    let inputs = inputs().preset(Preset::Host, Seed::default());
    let recorded = inputs.record(file.clone(), &how).expect("a recording");
    let trace = file.0.lock().expect("no panic").clone();
    let (outcome, end) = replayed(&trace, None);
    assert_eq!((end, &outcome.core), (ReplayEnd::Same, &recorded.outcome.core));
    assert_eq!(dumped(&outcome).name, "deep.wat");
    for stop_at in [call(1), call(20), StopAt::Time(Instant::from_nanos(1))] {
        let (outcome, end) = replayed(&trace, Some(stop_at));
        assert_eq!(end, ReplayEnd::Stopped, "{outcome:?}");
        assert!(outcome.core.as_ref().is_some_and(Result::is_ok), "{outcome:?}");
        assert_eq!(replayed(&trace, Some(stop_at)).0, outcome);
    }
    assert_eq!(replayed(&trace, Some(call(21))).1, ReplayEnd::Same);

    // A run that is stopped while it is recorded has no end.
    let file = File::default();
    let observer = Observer { stop_at: Some(call(9)), ..Observer::default() };
    let recorded = with_stack(inputs.wasm_stack(), || inputs.record_with(Box::new(file.clone()), &how, &observer))
        .expect("a stack");
    let stopped = recorded.expect("a recording").outcome;
    let trace = file.0.lock().expect("no panic").clone();
    assert!(matches!(replayed(&trace, None).1, ReplayEnd::TraceEnded { .. }));
    let (again, end) = replayed(&trace, Some(call(9)));
    assert_eq!((end, again.ended, again.core), (ReplayEnd::Stopped, stopped.ended, stopped.core));
}

/// Numbers are the guest's own, also where it was rewritten to count the depth of its calls and to show its memories.
#[test]
fn functions_keep_their_numbers_where_calls_are_counted() {
    let plain = dumped(&run(&inputs(), Some(call(6))));
    let counted = dumped(&run(&inputs().max_call_depth(1000).all_memories(true).profile(true), Some(call(6))));
    let functions = |dump: &Read| dump.frames.iter().map(|(_, function, _)| *function).collect::<Vec<_>>();
    assert_eq!(functions(&counted), functions(&plain));
    assert_eq!(counted.memories, plain.memories);
    // What counts stands behind the guest's own.
    assert_eq!(counted.globals[..7], plain.globals[..]);
}

/// One component calls another, which traps: the code between them has flags that no instance owns.
const NESTED: &str = r#"(component
    (component $inner
        (core module $m (memory (export "memory") 1)
            (func $f (export "f") (param i32) (result i32) (i32.store (i32.const 8) (local.get 0)) unreachable))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
    (component $outer
        (import "f" (func $f (param "x" u32) (result u32)))
        (core func $lowered (canon lower (func $f)))
        (core module $outer
            (import "inner" "f" (func $f (param i32) (result i32)))
            (memory 2) (data (i32.const 70000) "outer")
            (func $run (export "run") (result i32) (call $f (i32.const 42))))
        (core instance $o (instantiate $outer (with "inner" (instance (export "f" (func $lowered))))))
        (func (export "run") (result u32) (canon lift (core func $o "run"))))
    (instance $inner (instantiate $inner))
    (instance $outer (instantiate $outer (with "f" (func $inner "f"))))
    (func (export "run") (alias export $outer "run")))"#;

#[test]
fn a_dump_of_a_component_has_all_modules() {
    let inputs =
        Inputs::of(Guest::new("nested.wat", NESTED.as_bytes()).expect("a guest")).invoke("run()").core_dump(true);
    let outcome = run(&inputs, None);
    let Ended::Trap(trap) = &outcome.ended else { panic!("{outcome:?}") };
    assert_eq!(trap.kind, TrapKind::UnreachableCodeReached, "{outcome:?}");
    let dump = dumped(&outcome);
    assert_eq!(outcome, run(&inputs.clone().opt_level(OptLevel::None), None));
    assert!(["m", "outer"].iter().all(|name| dump.modules.iter().any(|module| module == name)), "{dump:?}");
    assert_eq!(dump.modules.len(), dump.instances.len());
    let sizes: Vec<_> = dump.memories.iter().map(|memory| memory.len() >> 16).collect();
    assert_eq!((sizes, dump.memories[0][8], &dump.memories[1][70000..70005]), (vec![1, 2], 42, &b"outer"[..]));
    let module = |(instance, function, _): &(u32, u32, u32)| {
        (dump.modules[dump.instances[*instance as usize].0 as usize].as_str(), *function)
    };
    assert_eq!(dump.frames.first().map(module), Some(("m", 0)));
    assert_eq!(dump.frames.last().map(module), Some(("outer", 1)));
}

/// A deep stack has as many frames as are kept.
#[test]
fn a_deep_stack_is_cut() {
    let guest = r#"(module (func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))
        (func (export "_start") (drop (call $f (i64.const 0)))))"#;
    let inputs = Inputs::new(guest).expect("a guest").core_dump(true);
    let outcome = run(&inputs, None);
    assert_eq!(dumped(&outcome).frames.len(), 4096);
    let plain = run(&inputs.core_dump(false), None);
    assert_eq!(outcome.ended, plain.ended);
}

/// A component that waits is in none of its functions.
#[test]
fn who_waits_for_ever_has_no_frames() {
    let guest = r#"(component
        (core func $new (canon waitable-set.new))
        (core module $m (import "" "new" (func $new (result i32)))
            (func (export "run") (result i32) (i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4))))
            (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
        (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))"#;
    let inputs = Inputs::new(guest).expect("a guest").invoke("run()").core_dump(true);
    let outcome = run(&inputs, None);
    assert_eq!(outcome.core, Some(Err(CoreDumpError::NoFrames)), "{outcome:?}");
}
