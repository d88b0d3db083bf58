//! Runs as values: run twice and compared, named, kept, looked at.

use std::sync::{Arc, Mutex};

use deterministic_run::cache::{DiskStore, Lookup, cached};
use deterministic_run::core::{Policies, Seed};
use deterministic_run::fs::{Access, Tree};
use deterministic_run::policies::Preset;
use deterministic_run::{
    Ended, Error, Guest, Inputs, Observer, OutputError, Request, Sink, Stdin, Stream, TrapKind, Wanted,
};
use wasmtime::Cache;

/// Writes 8 random bytes, then what it reads, to its stdout; `!` to its stderr; and exits with 3.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\20\00\00\00\08\00\00\00" "\40\00\00\00\40\00\00\00" "\10\00\00\00\01\00\00\00" "!")
    (func (export "_start")
        (drop (call $random (i32.const 32) (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 128)))
        (drop (call $read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 132)))
        (i32.store (i32.const 12) (i32.load (i32.const 132)))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 128)))
        (i32.store8 (i32.const 16) (i32.const 33))
        (i32.store (i32.const 136) (i32.const 16))
        (i32.store (i32.const 140) (i32.const 1))
        (drop (call $write (i32.const 2) (i32.const 136) (i32.const 1) (i32.const 128)))
        (call $exit (i32.const 3))))"#;

/// Writes the file `out` into its first directory.
pub(super) const WRITES: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "out" "\00" "\00\00\00\00\03\00\00\00")
    (func (export "_start")
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 1)
                (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 16)) (then (unreachable)))
        (if (call $write (i32.load (i32.const 16)) (i32.const 4) (i32.const 1) (i32.const 20)) (then (unreachable)))))"#;

fn inputs() -> Inputs {
    Inputs::new(GUEST).expect("a guest").stdin("some input")
}

#[test]
fn a_run_is_the_same_each_time_and_another_under_another_seed() {
    let inputs = inputs();
    let (first, again) = (inputs.run().expect("a run"), inputs.run().expect("a run"));
    assert_eq!(first, again);
    assert_eq!((&first.ended, first.ended.exit_code()), (&Ended::Exit(3), Some(3)));
    assert_eq!((&first.stdout[8..], &first.stderr[..]), (&b"some input"[..], &b"!"[..]));
    assert_eq!(first.digest(), again.digest());
    assert_eq!(first.host_calls["fd_write"], 3);
    assert_eq!((first.memories["memory"].bytes, first.memory_peak_bytes), (65_536, 65_536));
    let turns = first.turns().expect("few turns");
    assert_eq!(turns, [(Stream::Stdout, &first.stdout[..]), (Stream::Stderr, &b"!"[..])]);

    let other = inputs.clone().preset(Preset::Simulation, Seed::from_u64(1));
    let outcome = other.run().expect("a run");
    assert_ne!((&outcome.stdout, outcome.digest()), (&first.stdout, first.digest()));
    assert_ne!(other.fingerprint().expect("a name"), inputs.fingerprint().expect("a name"));
    assert_eq!(inputs.fingerprint().expect("a name"), inputs.clone().fingerprint().expect("a name"));
    assert_ne!(inputs.fingerprint().expect("a name"), inputs.portable_fingerprint().expect("a name"));
}

#[test]
fn what_makes_no_difference_is_not_in_the_name() {
    let name = |inputs: Inputs| inputs.fingerprint().expect("a name");
    let plain = || Inputs::new(WRITES).expect("a guest");
    // It cannot read, has no directory, and compiles as it likes.
    assert_eq!(name(plain()), name(plain().stdin("unheard")));
    assert_eq!(name(plain()), name(plain().max_files(1)));
    assert_eq!(name(plain()), name(plain().max_held(1 << 30).max_wasm_stack(512 << 10)));
    assert_eq!(name(plain()), name(plain().compile_cache(None::<Cache>)));
    assert_ne!(name(plain()), name(plain().arg("x")));
    assert_ne!(name(plain()), name(plain().max_memory(1 << 20)));
    assert_ne!(name(plain()), name(plain().preset(Preset::Strict, Seed::default())));
}

#[test]
fn a_run_that_the_host_has_a_part_in_has_no_name_and_says_why() {
    let texts = |inputs: Inputs| match inputs.fingerprint() {
        Err(Error::Tainted(tainted)) => tainted.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(texts(inputs().preset(Preset::Host, Seed::default())).contains("clock"));
    assert!(texts(inputs().live_dir(".", "/data", Access::ReadOnly)).contains("`/data`"));
    let stdin = Stdin::from_reader(&b"from a reader"[..], 100);
    let reading = inputs().stdin_from(stdin.clone());
    assert!(texts(reading.clone()).contains("standard input"));
    stdin.read_ahead().expect("it is short");
    assert!(reading.fingerprint().is_ok());
    assert!(reading.run().expect("a run").stdout.ends_with(b"from a reader"));
}

#[test]
fn what_a_guest_leaves_is_in_the_outcome_and_comes_out_of_a_cache() {
    let place = tempfile::tempdir().expect("a directory");
    let store = DiskStore::new(place.path());
    let inputs = Inputs::new(WRITES).expect("a guest").dir(Tree::new(), "/data");
    let key = inputs.fingerprint().expect("a name");
    let run = |expected: bool| {
        let ran = cached(
            &store,
            &inputs,
            &key,
            |warning| panic!("{warning}"),
            || {
                assert!(expected, "it is known");
                inputs.run()
            },
        );
        ran.expect("a run")
    };
    let (first, lookup) = run(true);
    assert!(matches!(lookup, Lookup::Stored), "{first:?}");
    assert_eq!((&first.ended, &first.directories[0].guest[..]), (&Ended::Exit(0), "/data"));
    assert_eq!(first.directories[0].tree.file("out").expect("it is there").expect("it is read"), b"out");
    let (again, lookup) = run(false);
    assert!(matches!(lookup, Lookup::Hit));
    assert_eq!(first, again);
    assert_eq!(again.directories[0].tree.file("out").expect("it is there").expect("it is read"), b"out");
    // Of another machine's end nothing is kept.
    let deep = Inputs::new(r#"(module (func $f (export "_start") (call $f)))"#).expect("a guest");
    let key = deep.fingerprint().expect("a name");
    let (outcome, lookup) = cached(&store, &deep, &key, |warning| panic!("{warning}"), || deep.run()).expect("a run");
    let Ended::Trap(trap) = &outcome.ended else { panic!("{outcome:?}") };
    assert_eq!((trap.kind, trap.same_anywhere), (TrapKind::StackOverflow, false));
    assert!(matches!(lookup, Lookup::NotStored));
}

#[test]
fn ends_have_names_of_their_own() {
    let ended = |guest: &str, inputs: fn(Inputs) -> Inputs| {
        inputs(Inputs::new(guest).expect("a guest")).run().expect("a run").ended.to_string()
    };
    let spin = r#"(module (func (export "_start") (loop $on (br $on))))"#;
    assert_eq!(ended(spin, |inputs| inputs.fuel(1_000)), "OutOfFuel");
    assert_eq!(ended(GUEST, |inputs| inputs.preset(Preset::Strict, Seed::default())), "RandomRefused");
    let deep = r#"(module (func $f (export "_start") (call $f)))"#;
    assert_eq!(ended(deep, |inputs| inputs.max_call_depth(100)), "CallDepthExceeded");
    let missing = r#"(module (import "env" "missing" (func $f)) (func (export "_start") (call $f)))"#;
    assert_eq!(ended(missing, |inputs| inputs.allow_import("env::*")), "NotProvided");
    assert_eq!(ended(GUEST, |inputs| inputs), "exit code 3");
}

#[test]
fn exports_are_called_and_what_is_wrong_with_a_guest_is_said_before_it_runs() {
    let add = r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;
    let add = Inputs::new(add).expect("a guest");
    let outcome = add.clone().invoke("add(1, 0x10)").run().expect("a run");
    assert_eq!(outcome.results, Some(vec!["17".into()]));
    assert_eq!(add.clone().invoke("add").args(["2", "-3"]).run().expect("a run").results, Some(vec!["-1".into()]));
    assert!(matches!(add.clone().invoke("sub(1)").prepare(), Err(Error::NoSuchExport { .. })));
    assert!(matches!(add.clone().invoke("add(1)").prepare(), Err(Error::BadCall { .. })));
    let request = || Request::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("a request");
    assert!(matches!(add.clone().request(request()).run(), Err(Error::ModuleAsHandler { .. })));
    assert!(matches!(Request::parse(b"GET"), Err(Error::BadRequest(_))));
    assert!(matches!(Inputs::new("no guest"), Err(Error::NotWebAssembly { .. })));
    let missing = Inputs::new(r#"(module (import "env" "missing" (func)))"#).expect("a guest");
    let error = missing.run().expect_err("nobody provides it").to_string();
    assert!(error.contains("`env::missing`") && error.contains("allow_import"), "{error}");
    let library =
        Guest::new("lib", br#"(module (func (export "seven") (result i32) (i32.const 7)))"#).expect("a guest");
    let uses = r#"(module (import "lib" "seven" (func $f (result i32))) (func (export "f") (result i32) (call $f)))"#;
    let uses = Inputs::new(uses).expect("a guest").invoke("f").preload("lib", library.clone());
    assert_eq!(uses.run().expect("a run").results, Some(vec!["7".into()]));
    assert!(matches!(uses.preload("lib", library).run(), Err(Error::PreloadTwice { .. })));
}

/// A program of WASI 0.1 as a component of 0.2. One that imports its memory, say, cannot be.
pub(crate) fn component(guest: &[u8]) -> Option<Vec<u8>> {
    let wasm = wat::parse_bytes(guest).expect("a module");
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    wit_component::ComponentEncoder::default()
        .module(&wasm)
        .and_then(|encoder| encoder.adapter("wasi_snapshot_preview1", adapter))
        .and_then(|mut encoder| encoder.encode())
        .ok()
}

#[test]
fn components_are_run_too() {
    let inputs = Inputs::new(component(GUEST.as_bytes()).expect("a component")).expect("a guest").stdin("some input");
    let (first, again) = (inputs.run().expect("a run"), inputs.run().expect("a run"));
    assert_eq!(first, again);
    // 0.2 knows one way to fail.
    assert_eq!(first.ended, Ended::Exit(1));
    assert_eq!(first.stdout[..], self::inputs().run().expect("a run").stdout[..]);
    assert!(first.memories.is_empty() && first.memory_peak_bytes > 0);
}

#[test]
fn policies_are_made_anew_for_each_run() {
    let inputs = inputs().policies(|| Policies::new(Seed::from_u64(5)));
    assert_eq!(inputs.run().expect("a run"), inputs.run().expect("a run"));
    assert!(inputs.fingerprint().is_ok());
}

/// Takes so many bytes.
struct Narrow(Mutex<(usize, Vec<u8>)>);

impl Sink for Narrow {
    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), OutputError> {
        let mut narrow = self.0.lock().expect("nobody panics");
        narrow.1.extend_from_slice(bytes);
        match narrow.0.checked_sub(bytes.len()) {
            Some(left) => {
                narrow.0 = left;
                Ok(())
            }
            None => Err(OutputError { stream, error: std::io::ErrorKind::StorageFull.into() }),
        }
    }
}

#[cfg(feature = "watch")]
#[test]
fn another_thread_sees_how_far_a_guest_is() {
    let watch = deterministic_run::Watch::default();
    let observer = Observer { watch: Some(watch.clone()), ..Observer::default() };
    assert!(watch.seen().is_none());
    let outcome = inputs().run_with(&observer).expect("a run");
    let seen = watch.seen().expect("it has begun");
    assert_eq!((seen.elapsed_ns, seen.epoch, seen.calls.total()), (outcome.elapsed_ns, outcome.epoch, 6));
    // Nothing of that is in the outcome.
    assert_eq!(outcome, inputs().run().expect("a run"));
}

#[test]
fn whoever_looks_on_sees_the_output() {
    let narrow = Arc::new(Narrow(Mutex::new((100, Vec::new()))));
    let observer = Observer { sink: Some(narrow.clone()), ..Observer::default() };
    let outcome = inputs().run_with(&observer).expect("a run");
    assert_eq!(narrow.0.lock().expect("nobody panics").1, [&outcome.stdout[..], &outcome.stderr[..]].concat());

    let narrow = Arc::new(Narrow(Mutex::new((9, Vec::new()))));
    let observer = Observer { sink: Some(narrow), ..Observer::default() };
    let error = inputs().run_with(&observer).expect_err("there is no room");
    assert!(matches!(error, Error::Output(OutputError { stream: Stream::Stdout, .. })), "{error}");
    let reading = inputs().stdin_from(Stdin::from_reader(&b"too much"[..], 3));
    assert!(matches!(reading.run(), Err(Error::Stdin(_))));

    let nothing = Wanted { output: false, directories: false, memories: false };
    let outcome = inputs().run_with(&Observer { wanted: nothing, ..Observer::default() }).expect("a run");
    assert!(!outcome.is_whole() && outcome.digest().is_none() && outcome.memories.is_empty());
    assert_eq!(outcome.stdout.written(), 18);
}
