//! How a run ends: exit codes, traps, and outputs that the host cannot take.

use std::io::Read as _;
use std::process::Stdio;

use crate::{Place, guests};

#[test]
fn the_exit_code_is_the_guests() {
    let place = Place::new();
    for code in [0, 1, 2, 7, 125] {
        let guest = place.file("exit.wat", guests::exit(code));
        let ran = place.detwasi(&["run", &guest]);
        ran.assert(code as i32, "");
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn an_exit_code_that_wasi_does_not_have_is_a_trap() {
    let place = Place::new();
    let guest = place.file("exit.wat", guests::exit(300));
    let ran = place.detwasi(&["run", &guest]);
    ran.assert(134, "");
    let line =
        "detwasi: the guest was ended (InvalidExitStatus): exit with invalid exit status outside of [0..126): 300;";
    assert!(ran.stderr.starts_with(line), "{ran:?}");
}

#[test]
fn a_trap_tells_its_kind_and_the_guests_frames_alike_on_each_run() {
    let place = Place::new();
    let guest = place.file("trap.wat", guests::trap());
    let ran = place.detwasi(&["run", &guest]);
    ran.assert(134, "before");
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "detwasi: the guest was ended (UnreachableCodeReached): wasm trap: wasm `unreachable` instruction executed"
    );
    let at = |name: &str| lines.iter().position(|line| line.ends_with(name));
    assert!(at("!inner").is_some() && at("!inner") < at("!outer"), "{ran:?}");
    for _ in 0..3 {
        assert_eq!(place.detwasi(&["run", &guest]), ran);
    }
}

#[test]
fn a_guest_that_calls_itself_for_ever_is_a_trap() {
    let place = Place::new();
    let guest = place.file("deep.wat", r#"(module (func $deep (export "_start") (call $deep) (call $deep)))"#);
    let ran = place.detwasi(&["run", &guest]);
    ran.assert(134, "");
    assert!(ran.stderr.contains("(StackOverflow)") && ran.stderr.contains("!deep"), "{ran:?}");
    assert_eq!(place.detwasi(&["run", &guest]), ran);
}

#[test]
fn a_policy_that_refuses_ends_the_guest_with_its_message() {
    let place = Place::new();
    let guest = place.file("random.wat", guests::random());
    let ran = place.detwasi(&["run", "--preset", "strict", &guest]);
    ran.assert(134, "");
    assert!(
        ran.stderr.starts_with("detwasi: the guest was ended (RandomRefused): the guest asked for secure"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("!draws"), "{ran:?}");
}

#[test]
fn what_the_adapter_refuses_ends_the_guest_with_its_message() {
    let place = Place::new();
    let guest = place.file(
        "memoryless.wat",
        r#"(module
          (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
          (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
          (func $asks (export "_start") (drop (call $random (i32.const 0) (i32.const 1)))))"#,
    );
    let ran = place.detwasi(&["run", &guest]);
    ran.assert(134, "");
    let expected =
        "detwasi: the guest was ended (NoMemory): missing required memory export: the guest exports no memory";
    assert!(ran.stderr.starts_with(expected), "{ran:?}");
    assert!(ran.stderr.contains("!asks"), "{ran:?}");
}

#[test]
fn a_start_function_may_exit_or_trap() {
    let place = Place::new();
    let exit = place.file(
        "exit.wat",
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
          (func $first (call $exit (i32.const 4))) (start $first) (func (export "_start")))"#,
    );
    place.detwasi(&["run", &exit]).assert(4, "");

    let start = place.file("start.wat", "(module (func $first unreachable) (start $first) (func (export \"_start\")))");
    let ran = place.detwasi(&["run", "--report", "report.json", &start]);
    ran.assert(134, "");
    assert!(ran.stderr.contains("!first"), "{ran:?}");
    assert_eq!(place.json("report.json")["outcome"]["trap"]["kind"], "UnreachableCodeReached");

    let data = place.file("data.wat", r#"(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#);
    let ran = place.detwasi(&["run", &data]);
    ran.assert(134, "");
    assert!(ran.stderr.contains("(MemoryOutOfBounds)"), "{ran:?}");
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let place = Place::new();
    let guest = place.file("flood.wat", guests::flood());
    let mut child = crate::detwasi()
        .args(["run", &guest])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("detwasi starts");
    let mut some = [0; 100];
    child.stdout.take().expect("a pipe").read_exact(&mut some).expect("some output");
    let output = child.wait_with_output().expect("detwasi ends");
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_with_one_line() {
    let place = Place::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    // One that never ends, and one whose output is flushed at the end only.
    for guest in [guests::flood(), guests::trap()] {
        let guest = place.file("guest.wat", guest);
        let ran = place.detwasi_with(&["run", "--report", "report.json", &guest], b"", |command| {
            command.stdout(full());
        });
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.starts_with("detwasi: cannot write the guest's standard output: "), "{ran:?}");
        assert!(!place.path("report.json").exists());
    }
}

#[test]
fn a_limit_on_call_depth_is_the_same_everywhere() {
    let place = Place::new();
    place.file("deep.wat", r#"(module (memory (export "memory") 1) (func $f (export "_start") (call $f)))"#);
    place.file("flat.wat", r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    for args in [&["--preset", "strict"][..], &["--max-call-depth", "100"]] {
        let ran = place.detwasi(&[&["run"], args, &["deep.wat"]].concat());
        assert_eq!(ran.code, Some(134), "{ran:?}");
        assert!(ran.stderr.contains("(CallDepthExceeded)"), "{ran:?}");
        place.detwasi(&[&["run"], args, &["flat.wat"]].concat()).assert(0, "");
    }
    let ran = place.detwasi(&["run", "deep.wat"]);
    assert!(ran.stderr.contains("(StackOverflow)"), "{ran:?}");
    for wrong in ["0", "-1", "x"] {
        assert_eq!(place.detwasi(&["run", "--max-call-depth", wrong, "flat.wat"]).code, Some(2));
    }
    place.file("component.wat", crate::component_guests::answers());
    let ran = place.detwasi(&["run", "--max-call-depth", "9", "component.wat"]);
    assert!(ran.code == Some(134) && ran.stderr.contains("(CallDepthExceeded)"), "{ran:?}");
    let all = place.detwasi(&["run", "component.wat"]);
    all.assert(0, &all.stdout);
    place.detwasi(&["run", "--max-call-depth", "1000", "component.wat"]).assert(0, &all.stdout);
}
