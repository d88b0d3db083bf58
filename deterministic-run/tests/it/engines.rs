//! One run on several engines: what comes of it is equal, to the last byte of every memory.

use std::fmt::Write as _;

use deterministic_run::core::Seed;
use deterministic_run::fs::Tree;
use deterministic_run::policies::Preset;
use deterministic_run::{Ended, EngineKind, Error, Guest, Inputs, Observer, Outcome, Wanted, with_stack};
use test_programs::ALL;
use wasmtime::OptLevel;

/// Every engine, at each of its levels.
const ENGINES: &[(EngineKind, Option<OptLevel>)] = &[
    (EngineKind::Cranelift, None),
    (EngineKind::Cranelift, Some(OptLevel::None)),
    (EngineKind::Cranelift, Some(OptLevel::SpeedAndSize)),
    (EngineKind::Winch, None),
    (EngineKind::Pulley, None),
    #[cfg(feature = "wasmi")]
    (EngineKind::Wasmi, None),
];

/// Those that are the same each time.
const PRESETS: &[Preset] =
    &[Preset::Frozen, Preset::Simulation, Preset::Chaos, Preset::Strict, Preset::DeterministicWasiCtx];

fn on(inputs: &Inputs, (kind, level): (EngineKind, Option<OptLevel>)) -> Inputs {
    let inputs = inputs.clone().engine_kind(kind);
    match level {
        Some(level) => inputs.opt_level(level),
        None => inputs,
    }
}

/// What the guests do something with, and do not take too long for.
fn inputs(guest: &test_programs::Guest) -> Inputs {
    let mut tree = Tree::new();
    for path in ["b.txt", "a.txt", "dir/c.txt"] {
        tree.insert_file(path, path.as_bytes()).expect("a name");
    }
    let args: &[&str] = match guest.name {
        "rust_spin" => &["1000"],
        "rust_alloc_grow" => &["2"],
        "rust_exit_code" => &["7"],
        _ => &[],
    };
    let bytes = Guest::new(guest.name, guest.wasm).expect("a guest");
    Inputs::of(bytes).args(args.iter().copied()).env("LANG", "C").stdin("a line\nanother\n").dir(tree, "/")
}

#[test]
fn each_guest_in_rust_under_each_preset() {
    agree(|guest| guest.name.starts_with("rust_"));
}

#[test]
fn each_other_guest_under_each_preset() {
    agree(|guest| !guest.name.starts_with("rust_"));
}

fn agree(chosen: impl Fn(&test_programs::Guest) -> bool) {
    let mut wrong = String::new();
    for guest in ALL.iter().filter(|guest| chosen(guest)) {
        // The one with 2 GiB of memory is looked at but for that: digesting it takes seconds.
        let is_large = guest.name == "wat_high_pointers";
        let observer = Observer { wanted: Wanted { memories: !is_large, ..Wanted::default() }, ..Observer::default() };
        let inputs = inputs(guest).all_memories(true);
        let engines: Vec<_> = ENGINES.iter().map(|engine| (engine, on(&inputs, *engine))).collect();
        for preset in PRESETS {
            let mut first = None;
            for (engine, inputs) in &engines {
                let inputs = inputs.clone().preset(*preset, Seed::from_u64(3));
                let outcome = with_stack(inputs.wasm_stack(), || inputs.run_with(&observer));
                let outcome = outcome.expect("a stack").unwrap_or_else(|error| panic!("{}: {error}", guest.name));
                let digest = outcome.digest();
                let (expected, expected_digest) = first.get_or_insert_with(|| (outcome.clone(), digest));
                // Frames are for people, and a compiler may have them otherwise.
                if without_frames(outcome.clone()) != without_frames(expected.clone()) || digest != *expected_digest {
                    writeln!(wrong, "{} under {preset} on {engine:?}: {outcome:?}, not {expected:?}", guest.name)
                        .expect("a text");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn without_frames(mut outcome: deterministic_run::Outcome) -> deterministic_run::Outcome {
    if let Ended::Trap(trap) = &mut outcome.ended {
        trap.frames = None;
    }
    outcome
}

/// Recurses as deep as its memory says at 0, and counts how often.
const DEEP: &str = r#"(module
    (memory (export "memory") 1) (memory $count 1)
    (func $f (i32.store $count (i32.const 0) (i32.add (i32.load $count (i32.const 0)) (i32.const 1))) (call $f))
    (func (export "_start") (call $f)))"#;

#[test]
fn a_limit_on_call_depth_ends_it_at_one_call_and_a_full_stack_is_the_machines() {
    let deep = Inputs::new(DEEP).expect("a guest").all_memories(true);
    let mut counts = Vec::new();
    for engine in ENGINES {
        let limited = on(&deep, *engine).max_call_depth(1000).run().expect("a run");
        assert_eq!(limited.ended.to_string(), "CallDepthExceeded", "{engine:?}");
        assert_eq!(limited.memories.keys().collect::<Vec<_>>(), ["detwasi:memory:1", "memory"]);
        counts.push((limited.digest(), limited.memories));
        let full = on(&deep, *engine).run().expect("a run");
        assert_eq!(full.ended.to_string(), "StackOverflow", "{engine:?}");
        assert!(!full.ended.is_the_same_anywhere(), "{engine:?}");
    }
    counts.dedup();
    assert_eq!(counts.len(), 1);
}

/// What comes of it on each engine, which is the same.
pub(crate) fn outcome(inputs: &Inputs) -> Outcome {
    let on_each = ENGINES.iter().map(|engine| {
        let outcome = on(inputs, *engine).run().unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        (engine, without_frames(outcome))
    });
    let all: Vec<_> = on_each.collect();
    for (engine, outcome) in &all {
        assert_eq!(outcome, &all[0].1, "{engine:?}");
    }
    all[0].1.clone()
}

/// Why there is none on any engine, in the same words on each unless they are the engine's.
pub(crate) fn refused(inputs: &Inputs) -> Error {
    let mut all = ENGINES.iter().map(|engine| on(inputs, *engine).run().expect_err("it is refused"));
    let first = all.next().expect("an engine");
    for error in all {
        assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&first), "{error}, not {first}");
    }
    first
}

const STARTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "env" "nobody" (func $nobody))
    (memory (export "memory") 1) (memory 1) (global $g (mut i32) (i32.const 0))
    (data (i32.const 0) "\08\00\00\00\05\00\00\00start")
    (func $say (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))
    (func $deep (global.set $g (i32.const 1)) (call $deep))
    (func $start (call $say) (BODY))
    (func (export "_start") (i32.store8 1 (i32.const 9) (global.get $g)))
    (export "detwasi:start" (func $say)) (start $start))"#;

#[test]
fn a_start_function_ends_it_for_the_same_reason_on_each() {
    for (body, ended) in [
        ("call $deep", "CallDepthExceeded"),
        ("unreachable", "UnreachableCodeReached"),
        ("call $exit (i32.const 3)", "exit code 3"),
        ("call $exit (i32.const 0)", "exit code 0"),
        ("call $nobody", "NotProvided"),
        ("global.set $g (i32.const 7)", "exit code 0"),
    ] {
        for all in [false, true] {
            let guest = Inputs::new(STARTS.replace("BODY", body)).expect("a guest");
            let inputs = guest.all_memories(all).max_call_depth(1000).allow_import("env::nobody");
            let outcome = outcome(&inputs);
            assert_eq!((outcome.ended.to_string().as_str(), &*outcome.stdout), (ended, &b"start"[..]), "{body}");
            assert!(outcome.ended.is_the_same_anywhere());
            // What ended before it was instantiated has no memories.
            let memories: &[&str] = match body {
                "global.set $g (i32.const 7)" if all => &["detwasi:memory:1", "memory"],
                "global.set $g (i32.const 7)" => &["memory"],
                _ => &[],
            };
            assert_eq!(outcome.memories.keys().collect::<Vec<_>>(), memories, "{body}");
        }
    }
    // The function of that name is the guest's own, and one that was added is nobody's.
    let own = Inputs::new(STARTS.replace("BODY", "nop")).expect("a guest").allow_import("env::*");
    assert_eq!(&*outcome(&own.clone().invoke("detwasi:start()")).stdout, b"startstart");
    assert!(matches!(refused(&own.invoke("detwasi:start'()")), Error::NoSuchExport { exports, .. }
        if exports == "`_start()`, `detwasi:start()`"));
}

#[test]
fn a_start_function_may_be_an_imported_one() {
    let guest = r#"(module (import "env" "f" (func $f)) (start $f) (func (export "_start")))"#;
    let outcome = outcome(&Inputs::new(guest).expect("a guest").allow_import("env::f"));
    assert_eq!(outcome.ended.to_string(), "NotProvided");
}

#[test]
fn a_profile_is_the_same_on_each() {
    let guest = r#"(module (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
        (func $start (drop (call $square (i32.const 2)))) (start $start)
        (func (export "_start") (loop $l (drop (call $square (i32.const 3))) (br_if $l (i32.const 0)))))"#;
    let profile = outcome(&Inputs::new(guest).expect("a guest").profile(true)).profile.expect("a profile");
    let lines: Vec<_> = profile.iter().map(|line| (line.function.as_deref(), line.index, line.calls)).collect();
    assert_eq!(lines, [(Some("square"), 0, 2), (None, 2, 1), (Some("start"), 1, 1)]);
    let ends = Inputs::new("(module (func $s unreachable) (start $s))").expect("a guest").profile(true);
    assert_eq!(outcome(&ends).profile, Some(Vec::new()));
}

/// Two instances of a module with two memories, one of which writes.
const COMPONENT: &str = r#"(component
    (core module $m (memory 1) (memory 2)
        (func (export "f") (i32.store8 1 (i32.const 7) (i32.const 9))))
    (core instance $one (instantiate $m)) (core instance $two (instantiate $m))
    (func (export "f") (canon lift (core func $two "f"))))"#;

#[test]
fn memories_in_a_component_are_told_by_instance() {
    let inputs = Inputs::new(COMPONENT).expect("a guest").invoke("f()");
    assert!(inputs.run().expect("a run").memories.is_empty());
    let all = inputs.all_memories(true);
    let told = |kind| all.clone().engine_kind(kind).run().expect("a run").memories;
    let memories = told(EngineKind::Cranelift);
    let names: Vec<_> = memories.keys().map(String::as_str).collect();
    assert_eq!(names, ["instance 0 memory 0", "instance 0 memory 1", "instance 1 memory 0", "instance 1 memory 1"]);
    assert_ne!(memories["instance 0 memory 1"], memories["instance 1 memory 1"]);
    assert_eq!(memories, told(EngineKind::Pulley));
    let winch = all.clone().engine_kind(EngineKind::Winch).run();
    assert!(matches!(winch, Err(Error::NotInspected { .. })), "{winch:?}");
}

#[test]
fn engines_are_named_and_what_they_have_not_is_said() {
    for kind in EngineKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(*kind));
    }
    assert_eq!(
        "v8".parse::<EngineKind>().expect_err("there is none").to_string(),
        "there is no engine `v8`; choose one of: cranelift, winch, pulley, wasmi"
    );
    let inputs = Inputs::new(DEEP).expect("a guest").opt_level(OptLevel::Speed).engine_kind(EngineKind::Winch);
    assert!(matches!(inputs.check(), Err(Error::NoOptLevel { .. })));
}

#[test]
fn a_segment_that_does_not_fit_is_the_guests_on_each() {
    let ended = |guest: &str, engine| {
        let outcome = on(&Inputs::new(guest).expect("a guest"), engine).run().expect("a run");
        (outcome.ended.to_string(), outcome.ended.is_the_same_anywhere())
    };
    for engine in ENGINES {
        let table = r#"(module (table 1 funcref) (elem (i32.const 1) $f) (func $f (export "_start")))"#;
        assert_eq!(ended(table, *engine), ("TableOutOfBounds".into(), true), "{engine:?}");
        let memory = r#"(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#;
        assert_eq!(ended(memory, *engine), ("MemoryOutOfBounds".into(), true), "{engine:?}");
    }
}
