//! One run on several engines: what comes of it is equal, to the last byte of every memory.

use std::fmt::Write as _;

use deterministic_run::core::Seed;
use deterministic_run::fs::Tree;
use deterministic_run::policies::Preset;
use deterministic_run::{Ended, EngineKind, Error, Guest, Inputs, Observer, Wanted, with_stack};
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

#[test]
fn every_memory_is_told_once() {
    let library = r#"(module (memory (export "a") (export "b") 1) (memory 1) (data (i32.const 0) "x"))"#;
    let library = Guest::new("library", library.as_bytes()).expect("a guest");
    let uses = r#"(module (import "lib" "a" (memory 1)) (memory (export "z") (export "y") 1) (memory 2)
        (func (export "_start") (i32.store8 1 (i32.const 0) (i32.const 1))))"#;
    let inputs = Inputs::new(uses).expect("a guest").preload("lib", library.clone());
    let names = |inputs: &Inputs| inputs.run().expect("a run").memories.into_keys().collect::<Vec<_>>();
    assert_eq!(names(&inputs), ["lib::a", "lib::b", "y", "z"]);
    let all = inputs.clone().all_memories(true);
    assert_eq!(names(&all), ["detwasi:memory:2", "lib::a", "lib::detwasi:memory:1", "y"]);
    assert_ne!(all.fingerprint().expect("a name"), inputs.fingerprint().expect("a name"));
    // What was added for that nobody can import.
    let peeps = r#"(module (import "lib" "detwasi:memory:1" (memory 1)) (func (export "_start")))"#;
    let peeps = Inputs::new(peeps).expect("a guest").preload("lib", library).all_memories(true);
    assert!(matches!(peeps.run(), Err(Error::UnknownImports { .. })));
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
