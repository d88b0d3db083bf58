//! Standard input: how it is cut depends on the guest alone, and what the guest does not ask for is left where it is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};

use crate::{Place, guests};

/// A module of WASI 0.1 as a component of 0.2.
pub(crate) fn component(module: &str) -> Vec<u8> {
    wit_component::ComponentEncoder::default()
        .module(&wat::parse_str(module).expect("a module"))
        .and_then(|encoder| {
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
        })
        .and_then(|mut encoder| encoder.encode())
        .expect("a component")
}

/// Starts a run whose input is a pipe that stays open as long as the child's `stdin` lives.
fn start(place: &Place, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_detwasi"))
        .args(args)
        .current_dir(place.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("detwasi starts")
}

/// Whether a run ends though its input does not.
fn ends_by_itself(place: &Place, args: &[&str]) -> Option<i32> {
    let mut child = start(place, args);
    // `wait` would close it.
    let open = child.stdin.take();
    let code = child.wait().expect("detwasi ends").code();
    drop(open);
    code
}

/// What a shell prints that runs `script` with `in` as its input; `$0` is `detwasi`.
#[cfg(unix)]
fn shell(place: &Place, script: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_detwasi")])
        .current_dir(place.0.path())
        .stdin(std::fs::File::open(place.path("in")).expect("the input"))
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{script}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn how_it_is_cut_does_not_depend_on_who_writes_it() {
    let place = Place::new();
    place.file("module.wat", guests::echo());
    place.file("component.wasm", component(&guests::echo()));
    place.file("in", [b'x'; 100]);
    for guest in ["module.wat", "component.wasm"] {
        // 64 and 36 bytes, and the end.
        let expected = (Some(0), vec![b'x'; 100], "`D ".to_owned());
        let mut child = start(&place, &["run", guest]);
        let mut pipe = child.stdin.take().expect("a pipe");
        for _ in 0..10 {
            pipe.write_all(&[b'x'; 10]).and_then(|()| pipe.flush()).expect("the guest reads");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(pipe);
        let output = child.wait_with_output().expect("detwasi ends");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), output.stdout, stderr), expected, "{guest}");
        // The same from a file, and read ahead.
        for args in
            [&["--stdin", "in"][..], &["--stdin", "in", "--report", "report.json"], &["--cache", "c", "--stdin", "in"]]
        {
            let ran = place.detwasi(&[&["run"], args, &[guest]].concat());
            assert_eq!((ran.code, ran.stdout, ran.stderr), expected, "{guest} {args:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_the_guest_does_not_read_is_left_to_others() {
    let place = Place::new();
    place.file("in", "one\ntwo\nthree\n");
    for (name, bytes) in [("args", guests::args().into_bytes()), ("component", component(&guests::args()))] {
        place.file(name, bytes);
        let script = format!("while read line; do \"$0\" run {name} $line; done");
        let expected = ["one", "two", "three"].map(|line| format!("{name}\0{line}\0")).concat();
        assert_eq!(shell(&place, &script), expected);
        assert_eq!(shell(&place, &format!("cat | {script}")), expected);
    }
    // One that reads: nothing beyond what it asked for.
    let first = guests::echo().replace("(br $next)", "");
    place.file("in", [&[b'x'; 64][..], b"rest"].concat());
    for (name, bytes) in [("first", first.clone().into_bytes()), ("first_component", component(&first))] {
        place.file(name, bytes);
        assert_eq!(shell(&place, &format!("\"$0\" run {name} 2>/dev/null; cat")), "x".repeat(64) + "rest");
        assert_eq!(shell(&place, &format!("cat | (\"$0\" run {name} 2>/dev/null; cat)")), "x".repeat(64) + "rest");
    }
}

#[test]
fn a_guest_that_reads_nothing_waits_for_nothing() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("component.wasm", component(&guests::args()));
    place.file("pure.wat", r#"(module (func (export "seven") (result i32) (i32.const 7)))"#);
    for args in [
        &["run", "args.wat"][..],
        &["run", "component.wasm"],
        // A live directory: there is no fingerprint to make.
        &["run", "--report", "report.json", "--dir", ".", "args.wat"],
        &["run", "--invoke", "seven", "pure.wat"],
        // One that cannot read has no input, and so nothing is read ahead.
        &["run", "--cache", "kept", "--report", "report.json", "--invoke", "seven", "pure.wat"],
        &["compare", "--runs", "1", "pure.wat"],
    ] {
        assert_eq!(ends_by_itself(&place, args), Some(0), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn endless_input() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("echo.wat", guests::echo());
    place.file("echo.wasm", component(&guests::echo()));
    let zero = || std::fs::File::open("/dev/zero").expect("/dev/zero");
    let run = |args: &[&str]| {
        place.detwasi_with(args, b"", |command| {
            command.stdin(zero());
        })
    };
    run(&["run", "args.wat"]).assert(0, "args.wat\0");
    // One that reads gets what is allowed; all of it where it must be read ahead.
    for guest in ["echo.wat", "echo.wasm"] {
        let ran = run(&["run", "--max-stdin", "200", guest]);
        assert_eq!((ran.code, ran.stdout.len()), (Some(2), 192), "{ran:?}");
        assert!(ran.stderr.ends_with("detwasi: the guest's input has more than 200 bytes, which is all that --max-stdin allows; allow more, or give less\n"), "{ran:?}");
        for args in [&["run", "--cache", "c"][..], &["run", "--report", "r.json"], &["compare"]] {
            let ran = run(&[args, &["--max-stdin", "200", guest]].concat());
            ran.assert(2, "");
            assert!(ran.stderr.starts_with("detwasi: the guest's input has more than 200 bytes"), "{ran:?}");
        }
    }
}

#[test]
fn as_much_as_is_allowed_is_read() {
    let place = Place::new();
    place.file("echo.wat", guests::echo());
    place.file("in", [b'x'; 100]);
    for args in [&[][..], &["--report", "report.json"]] {
        let args = [&["run", "--stdin", "in"], args, &["--max-stdin"]].concat();
        place.detwasi(&[&args[..], &["100", "echo.wat"]].concat()).assert(0, [b'x'; 100]);
        assert_eq!(place.detwasi(&[&args[..], &["99", "echo.wat"]].concat()).code, Some(2));
    }
}

#[test]
fn somebody_who_waits_is_told_what_for() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let mut child = start(&place, &["run", "--cache", "kept", "args.wat"]);
    let open = child.stdin.take();
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("a pipe")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("detwasi: waiting for the end of standard input, all of which --cache needs"), "{line}");
    drop(open);
    assert_eq!(child.wait().expect("detwasi ends").code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn input_that_fails_in_the_middle_ends_the_run() {
    let place = Place::new();
    // A file that can be opened, and whose first page nobody may read.
    for (name, bytes) in [("echo", guests::echo().into_bytes()), ("component", component(&guests::echo()))] {
        place.file(name, bytes);
        let ran = place.detwasi(&["run", "--stdin", "/proc/self/mem", name]);
        ran.assert(2, "");
        assert!(ran.stderr.starts_with("detwasi: cannot read the guest's input from `/proc/self/mem`: "), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}
