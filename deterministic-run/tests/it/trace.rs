//! Runs on the host's own clock, random bytes and input: recorded, and the same from the trace alone.

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use deterministic_run::core::Seed;
use deterministic_run::fs::{Access, Tree};
use deterministic_run::policies::Preset;
use deterministic_run::trace::{
    Entropy, Given, Omitted, Recording, ReplayEnd, ReplayError, Trace, TraceError, WhenFull,
};
use deterministic_run::{Bundle, Ended, EngineKind, Error, Guest, Inputs, Kind, Outcome, Stdin};

use crate::run::component;

/// Reads its clocks and random bytes, sleeps, reads its input piece by piece, and writes all of that.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\00\10\00\00\40\00\00\00") ;; 64 bytes at 4096
    (data (i32.const 16) "\00\10\00\00\40\00\00\00")
    ;; A subscription to the monotonic clock: a microsecond from now.
    (data (i32.const 512) "\07\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (func (export "_start") (local $i i32)
        (loop $again
            (drop (call $time (i32.const 0) (i64.const 1) (i32.const 4096)))
            (drop (call $time (i32.const 1) (i64.const 1) (i32.const 4104)))
            (drop (call $random (i32.const 4112) (i32.const 20)))
            (drop (call $poll (i32.const 512) (i32.const 600) (i32.const 1) (i32.const 700)))
            (drop (call $yield))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 704)))
            (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 708)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 704)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 50)))))
)"#;

#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl File {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Comes in pieces, as what is typed does.
struct Typed(u8);

impl Read for Typed {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(1);
        let len = usize::from(self.0 % 7 + 1).min(buf.len());
        if self.0 > 200 {
            return Ok(0);
        }
        buf[..len].fill(self.0);
        Ok(len)
    }
}

/// Of how many guests one is recorded as a component, too.
const EVERY: usize = 4;

fn on_host() -> Inputs {
    let typed = Stdin::from_reader(Typed(0), 1 << 20);
    Inputs::new(GUEST).unwrap().preset(Preset::Host, Seed::default()).stdin_from(typed)
}

fn record(inputs: &Inputs, how: &Recording) -> (Outcome, Vec<u8>) {
    let file = File::default();
    let recorded = inputs.record(file.clone(), how).unwrap();
    assert!(recorded.written.ended_early.is_none());
    assert_eq!(recorded.written.bytes, file.bytes().len() as u64);
    (recorded.outcome, file.bytes())
}

fn embedded() -> Recording {
    Recording { embed: true, ..Recording::default() }
}

fn open(bytes: &[u8]) -> Trace {
    Trace::open(Cursor::new(bytes.to_vec())).unwrap()
}

fn replay(bytes: &[u8], given: &Given) -> (Outcome, ReplayEnd) {
    let trace = open(bytes);
    let inputs = trace.inputs(given).unwrap();
    let replayed = trace.replay(&inputs).unwrap();
    (replayed.outcome, replayed.end)
}

#[test]
fn a_run_on_the_host_is_the_same_from_its_trace() {
    for entropy in [Entropy::Seeded, Entropy::Exact] {
        let (outcome, bytes) = record(&on_host(), &Recording { entropy, ..embedded() });
        assert_eq!(outcome.ended, Ended::Exit(0));
        let (other, _) = record(&on_host(), &Recording { entropy, ..embedded() });
        assert_ne!(outcome.stdout, other.stdout, "the host's time and random bytes are others each time");
        for engine in EngineKind::ALL {
            let given = Given { engine: Some(*engine), ..Given::default() };
            let (again, end) = replay(&bytes, &given);
            assert_eq!(end, ReplayEnd::Same, "{engine}");
            assert_eq!(again, outcome, "{engine}");
        }
    }
}

#[test]
fn each_guest_on_the_host_is_the_same_from_its_trace() {
    let guests = test_programs::ALL.iter().filter(|guest| guest.name != "wat_high_pointers");
    // All of them as modules, and a part as components, which take longer to compile.
    let guests = guests.enumerate().flat_map(|(number, guest)| {
        let module = Guest::new(guest.name, guest.wasm).unwrap();
        let as_component = component(guest.wasm).filter(|_| number % EVERY == 0);
        let as_component = as_component.map(|component| Guest::new(guest.name, &component).unwrap());
        [Some(module), as_component].into_iter().flatten()
    });
    let mut components = 0;
    for guest in guests {
        components += usize::from(guest.kind() == Kind::Component);
        let name = format!("{} {:?}", guest.name(), guest.kind());
        let mut tree = Tree::new();
        tree.insert_file("a.txt", *b"content").unwrap();
        // Nobody waits for longer than that.
        let bundle = Bundle { until_time: Some(20_000_000), ..Bundle::new(Preset::Host, Seed::default()) };
        let inputs = Inputs::of(guest)
            .bundle(bundle)
            .stdin_from(Stdin::from_reader(Cursor::new(*b"a line\nanother\n"), 1 << 20))
            .env("LANG", "C")
            .dir(tree, "/")
            .fuel(200_000_000);
        let (outcome, bytes) = record(&inputs, &embedded());
        let (again, end) = replay(&bytes, &Given::default());
        assert_eq!((again, end), (outcome, ReplayEnd::Same), "{name}");
    }
    assert!(components * EVERY >= test_programs::ALL.len() / 2, "{components}");
}

#[test]
fn a_recording_that_was_stopped_replays_as_far_as_it_goes() {
    let (outcome, bytes) = record(&on_host(), &embedded());
    let mut ends = 0;
    for cut in (0..bytes.len()).step_by(97) {
        let Ok(trace) = Trace::open(Cursor::new(bytes[..cut].to_vec())) else { continue };
        let inputs = trace.inputs(&Given::default()).unwrap();
        match trace.replay(&inputs) {
            Ok(replayed) => {
                assert!(matches!(replayed.end, ReplayEnd::TraceEnded { .. }), "{:?}", replayed.end);
                assert!(outcome.stdout.starts_with(&replayed.outcome.stdout), "cut at {cut}");
                ends += 1;
            }
            Err(error) => assert!(matches!(error, Error::Trace(TraceError::Ended { .. })), "{error}"),
        }
    }
    assert!(ends > 0);
}

#[test]
fn a_guest_that_is_not_in_the_trace_has_to_be_that_guest() {
    let (outcome, bytes) = record(&on_host(), &Recording::default());
    let given = |text: &str| Given { guest: Some(Guest::new("given", text.as_bytes()).unwrap()), ..Given::default() };
    let error = open(&bytes).inputs(&Given::default()).unwrap_err();
    assert!(matches!(error, Error::Replay(ReplayError::NoGuest { .. })), "{error}");
    let error = open(&bytes).inputs(&given("(module)")).unwrap_err();
    assert!(matches!(error, Error::Replay(ReplayError::OtherGuest { .. })), "{error}");
    assert_eq!(replay(&bytes, &given(GUEST)), (outcome, ReplayEnd::Same));
}

#[test]
fn what_is_omitted_is_not_there_and_has_to_be_given_again() {
    let secret = "a secret that nobody is to find";
    let inputs = Inputs::new(GUEST).unwrap().env("TOKEN", secret).env("LANG", "C").stdin(secret);
    let (_, with) = record(&inputs, &embedded());
    assert!(with.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    let omitted = vec![Omitted::Env("TOKEN".into()), Omitted::Stdin];
    let (outcome, bytes) = record(&inputs, &Recording { omitted, ..embedded() });
    assert!(!bytes.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));

    let given = |token: &str, stdin: &'static str| Given {
        env: vec![("TOKEN".into(), token.into())],
        stdin: Some(stdin.into()),
        ..Given::default()
    };
    let refused = |given| match open(&bytes).inputs(&given).unwrap_err() {
        Error::Replay(error) => error,
        error => panic!("{error}"),
    };
    assert!(matches!(refused(Given::default()), ReplayError::Omitted { what } if what.contains("TOKEN")));
    assert!(matches!(refused(given("another", secret)), ReplayError::Other { what } if what.contains("TOKEN")));
    assert!(matches!(refused(given(secret, "another")), ReplayError::Other { what } if what.contains("input")));
    assert_eq!(replay(&bytes, &given(secret, secret)), (outcome, ReplayEnd::Same));
}

#[test]
fn hermetic_directories_are_in_the_trace() {
    let mut tree = Tree::new();
    tree.insert_file("dir/file", vec![7; 100_000]).unwrap();
    let inputs = Inputs::new(GUEST).unwrap().hermetic(tree, "/data", Access::ReadOnly);
    let (outcome, bytes) = record(&inputs, &embedded());
    let (again, end) = replay(&bytes, &Given::default());
    assert_eq!((&again, end), (&outcome, ReplayEnd::Same));
    assert_eq!(again.directories[0].digest, outcome.directories[0].digest);
}

#[test]
fn a_trace_that_is_full_ends_the_run_or_the_recording() {
    let how = Recording { max_bytes: 2500, ..Recording::default() };
    let error = on_host().record(File::default(), &how).unwrap_err();
    assert!(matches!(error, Error::Trace(TraceError::Full { max: 2500 })), "{error}");
    let recorded = on_host().record(File::default(), &Recording { when_full: WhenFull::EndRecording, ..how }).unwrap();
    assert_eq!(recorded.outcome.ended, Ended::Exit(0));
    assert!(matches!(recorded.written.ended_early, Some(TraceError::Full { max: 2500 })));
}

/// Nothing in a trace is believed: each byte changed, each cut, is an error or the same run.
#[test]
fn a_changed_trace_is_found() {
    let (_, bytes) = record(&on_host(), &embedded());
    for at in (0..bytes.len()).step_by(31) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let Ok(trace) = Trace::open(Cursor::new(changed)) else { continue };
        let Ok(inputs) = trace.inputs(&Given::default()) else { continue };
        match trace.replay(&inputs) {
            Ok(replayed) => {
                assert!(matches!(replayed.end, ReplayEnd::TraceEnded { .. }), "byte {at}: {:?}", replayed.end)
            }
            Err(error) => assert!(matches!(error, Error::Trace(_)), "byte {at}: {error}"),
        }
    }
}
