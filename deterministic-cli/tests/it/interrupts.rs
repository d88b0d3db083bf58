//! Runs that do not end: `--timeout`, Ctrl-C, SIGTERM.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::{Place, Ran, component_guests, detwasi, guests, http, input};

/// What a shell shows for a program that its alarm ended.
const TIMED_OUT: Option<i32> = Some(142);
const SPIN: &str = "(loop $again (br $again))";
const READ_CLOCKS: &str =
    "(loop $again (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 64))) (br $again))";

/// Starts `detwasi` with an input that stays open, and outputs to read from.
fn start(place: &Place, args: &[&str]) -> Child {
    #[cfg(unix)]
    signals::heed();
    let mut command = detwasi();
    command.args(args).current_dir(place.0.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("detwasi starts")
}

/// Waits for its end, with the input open until then.
fn wait(mut child: Child) -> Ran {
    let open = child.stdin.take();
    let output = child.wait_with_output().expect("detwasi ends");
    drop(open);
    Ran {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

/// Runs with longer and longer timeouts, until the guest has begun to do what it does: how long the host takes to start it
/// is nobody's promise.
fn time_out(place: &Place, args: &[&str], doing: &str) -> (Ran, Value) {
    for timeout in ["300ms", "2s", "15s", "120s"] {
        let _ = std::fs::remove_file(place.path("report.json"));
        let ran = wait(start(place, &[&["run", "--timeout", timeout, "--report", "report.json"], args].concat()));
        assert_eq!(ran.code, TIMED_OUT, "{args:?}: {ran:?}");
        let last = ran.stderr.lines().last().unwrap_or_default();
        assert!(last.contains("detwasi: `") && last.contains(", which is all that --timeout allows: "), "{ran:?}");
        let Ok(report) = std::fs::read(place.path("report.json")) else { continue };
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["outcome"]["interrupted"]["by"], "timeout", "{report}");
        if report["outcome"]["interrupted"]["doing"] == doing {
            return (ran, report);
        }
    }
    panic!("{args:?} is never {doing}");
}

#[test]
fn a_timeout_ends_whatever_the_guest_does() {
    let place = Place::new();
    let spins3 = component_guests::tasks()
        .replace("(global.set $begun (call $now3))", "(loop $again (drop (call $now3)) (br $again))");
    let adds = "(i32.add (local.get 0) (local.get 1))";
    let library = component_guests::library().replacen(adds, &format!("{SPIN} (i32.const 0)"), 1);
    let handle = r#"(func (export "wasi:http/incoming-handler@0.2.0#handle")"#;
    let handler = http::HANDLER.replace(handle, &format!("{handle} (param i32 i32) {SPIN}) (func"));
    let handle3 = r#"(func (export "wasi:http/handler@0.3.0#handle")"#;
    let handler3 =
        http::HANDLER3.replace(handle3, &format!("{handle3} (param i32) (result i32) {SPIN} i32.const 0) (func"));
    place.file("spin.wat", guests::spin());
    place.file("calls.wat", guests::speaks(READ_CLOCKS));
    place.file("reads.wat", guests::echo());
    place.file("spin_component.wat", component_guests::spin());
    place.file("calls_component.wasm", input::component(&guests::speaks(READ_CLOCKS)));
    place.file("reads_component.wasm", input::component(&guests::echo()));
    place.file("spin3.wat", spins3);
    place.file("lib.wat", format!(r#"(module (func (export "spin") {SPIN}))"#));
    place.file("lib_component.wat", library);
    place.file("start.wat", format!("(module (func $start {SPIN}) (start $start))"));
    place.file("handler.wasm", http::component("handler", &handler));
    place.file("handler3.wasm", http::component("handler3", &handler3));
    place.file("request", http::REQUEST);
    let now = "wasi:clocks/monotonic-clock.now";
    for (args, doing, last) in [
        (&["spin.wat"][..], "running", None),
        (&["start.wat"], "running", None),
        (&["calls.wat"], "running", Some("clock_time_get")),
        (&["reads.wat"], "waiting_for_stdin", Some("fd_read")),
        (&["spin_component.wat"], "running", None),
        (&["calls_component.wasm"], "running", Some(now)),
        (&["reads_component.wasm"], "waiting_for_stdin", None),
        (&["spin3.wat"], "running", Some(now)),
        (&["--invoke", "spin", "lib.wat"], "running", None),
        (&["--invoke", "add(1, 2)", "lib_component.wat"], "running", None),
        (&["--http-request", "request", "handler.wasm"], "running", None),
        (&["--http-request", "request", "handler3.wasm"], "running", None),
    ] {
        // What components call beside the policies' is not counted by all means.
        // With a live directory there is no fingerprint, and so nobody needs the input ahead.
        let (ran, report) = time_out(&place, &[&["--dir", "."], args].concat(), doing);
        let interrupted = &report["outcome"]["interrupted"];
        if let Some(last) = last {
            assert_eq!(interrupted["last_host_call"], last, "{args:?}");
            assert!(ran.stderr.contains(&format!(" `{last}`")), "{ran:?}");
            assert!(report["host_calls"][last].as_u64() > Some(0), "{report}");
        }
        assert!(ran.stderr.contains(" of its own time had passed, it had "), "{ran:?}");
        assert_eq!(ran.stderr.contains("it was waiting for its input"), doing == "waiting_for_stdin", "{ran:?}");
    }
}

#[test]
fn a_timeout_ends_a_run_that_has_not_begun() {
    let place = Place::new();
    place.file("exit.wat", guests::exit(0));
    place.file("reads.wat", guests::echo());
    // All of the input is waited for.
    let (ran, report) = time_out(&place, &["--cache", "kept", "reads.wat"], "waiting_for_stdin");
    let line = "allows: all of its input was waited for, and it had not been started\n";
    assert!(ran.stderr.ends_with(line), "{ran:?}");
    assert_eq!((&report["elapsed_ns"], &report["host_calls"]), (&json!(0), &json!({})));
    // The guest itself comes through a pipe that stays open: there is nothing to report of.
    let ran = wait(start(&place, &["run", "--timeout", "300ms", "--report", "none.json", "-"]));
    assert_eq!(ran.code, TIMED_OUT, "{ran:?}");
    assert!(ran.stderr.ends_with("allows: it was being read, and it had not been started\n"), "{ran:?}");
    assert!(!place.path("none.json").exists());
    // Compiling takes long enough to fall into it.
    let body = "(i32.mul (i32.add (local.get 0) (local.get 1)) (i32.xor (local.get 1) (i32.const 77)))".repeat(200);
    let function = format!("(func (param i32 i32) {body} {})", "drop ".repeat(200));
    let large =
        wat::parse_str(format!(r#"(module {} (func (export "_start")))"#, function.repeat(1000))).expect("a module");
    place.file("large.wasm", large);
    let compiling = ["50ms", "100ms", "200ms", "400ms", "800ms", "1600ms", "3200ms", "6400ms"].iter().any(|timeout| {
        let args = ["run", "--no-compile-cache", "--timeout", timeout, "--report", "report.json", "large.wasm"];
        let _ = std::fs::remove_file(place.path("report.json"));
        let ran = wait(start(&place, &args));
        ran.code == TIMED_OUT
            && ran.stderr.ends_with("allows: it was being compiled, and it had not been started\n")
            && place.json("report.json")["outcome"]["interrupted"]["doing"] == "compiling"
    });
    assert!(compiling);
}

#[test]
fn a_timeout_makes_no_difference_to_a_run_that_ends() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    let plain = place.detwasi(&["run", "--report", "plain.json", &guest]);
    let timed = place.detwasi(&["run", "--timeout", "1h 30m", "--report", "timed.json", &guest]);
    assert_eq!((plain.code, &plain), (Some(0), &timed));
    let report = |name: &str| std::fs::read(place.path(name)).expect("a report");
    assert_eq!(report("plain.json"), report("timed.json"));
    assert_ne!(place.json("plain.json")["fingerprint"], Value::Null);
    // One finds in the cache what the other left there.
    for (args, cached) in [(&[][..], "miss"), (&["--timeout", "1h"], "hit"), (&["--timeout", "2h"], "hit")] {
        place.detwasi(&[&["run", "--cache", "kept", "--report", "report.json"], args, &[&guest]].concat());
        assert_eq!(place.json("report.json")["cache"], cached);
    }
}

#[test]
fn an_interrupted_run_is_not_kept() {
    let place = Place::new();
    place.file("spin.wat", guests::spin());
    place.file("empty", "");
    for _ in 0..2 {
        let (_, report) = time_out(&place, &["--cache", "kept", "--stdin", "empty", "spin.wat"], "running");
        assert_eq!((&report["cache"], &report["outcome_digest"]), (&json!("miss"), &Value::Null));
        assert_eq!(report["memory_peak_bytes"], Value::Null);
    }
}

#[test]
fn fuel_is_told_as_of_the_last_call() {
    let place = Place::new();
    place.file("calls.wat", guests::speaks(READ_CLOCKS));
    let (ran, report) = time_out(&place, &["--fuel", "1e18", "--dir", ".", "calls.wat"], "running");
    let fuel = report["fuel_consumed"].as_u64().expect("a number");
    // A call of the loop takes some.
    assert!(fuel > report["host_calls"]["clock_time_get"].as_u64().expect("calls"), "{report}");
    assert!(ran.stderr.contains(&format!(", {fuel} fuel was gone when it last called the host")), "{ran:?}");
    assert_eq!(report["stdout"]["bytes"], 3);
}

#[test]
fn only_a_duration_is_a_timeout() {
    let place = Place::new();
    let guest = place.file("exit.wat", guests::exit(0));
    for wrong in ["0s", "-1", "soon", "10", ""] {
        let ran = place.detwasi(&["run", "--timeout", wrong, &guest]);
        ran.assert(2, "");
        assert!(ran.stderr.contains("give a duration, such as 500ms, 10s or 2m"), "{ran:?}");
    }
}

#[cfg(unix)]
mod signals {
    use std::io::Read as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;
    use std::sync::atomic::AtomicBool;
    use std::sync::{Arc, Once};

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag::register_conditional_default;

    use super::*;

    /// What a shell runs behind it (`&`) ignores Ctrl-C, and so does what that starts: these tests, and `detwasi`. Of a program
    /// that handles a signal, those that it starts know nothing.
    pub(super) fn heed() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let always = Arc::new(AtomicBool::new(true));
            register_conditional_default(SIGINT, always).expect("a handler that does as if there were none");
        });
    }

    /// Sends each, one after the other.
    fn send(child: &Child, signals: &[i32]) {
        let kills: Vec<_> = signals.iter().map(|signal| format!("kill -{signal} {}", child.id())).collect();
        assert!(Command::new("sh").args(["-c", &kills.join("; ")]).status().expect("a shell").success());
    }

    /// Reads what the guest says on stderr before it does what never ends.
    fn has_begun(child: &mut Child) {
        let mut said = [0; 3];
        child.stderr.as_mut().expect("a pipe").read_exact(&mut said).expect("the guest speaks");
        assert_eq!(&said, b"err");
    }

    /// The signal that ended it, stdout, and what else is on stderr.
    fn ended(mut child: Child) -> (Option<i32>, Vec<u8>, String) {
        let open = child.stdin.take();
        let output = child.wait_with_output().expect("detwasi ends");
        drop(open);
        (output.status.signal(), output.stdout, String::from_utf8(output.stderr).expect("text"))
    }

    #[test]
    fn the_first_signal_ends_the_run_with_its_report() {
        let place = Place::new();
        let reads = "(i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 64))
            (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))";
        for then in [SPIN, READ_CLOCKS, reads] {
            place.file("module", guests::speaks(then));
            place.file("component", input::component(&guests::speaks(then)));
            for (guest, signal, name) in
                [("module", SIGINT, "SIGINT"), ("module", SIGTERM, "SIGTERM"), ("component", SIGINT, "SIGINT")]
            {
                let mut child = start(&place, &["run", "--dir", ".", "--report", "report.json", guest]);
                has_begun(&mut child);
                send(&child, &[signal]);
                let (by, stdout, stderr) = ended(child);
                assert_eq!((by, &stdout[..]), (Some(signal), &b"out"[..]), "{guest}: {stderr}");
                assert!(stderr.starts_with(&format!("detwasi: `{guest}` was interrupted by {name}: ")), "{stderr}");
                assert_eq!(stderr.lines().count(), 1, "{stderr}");
                let report = place.json("report.json");
                assert_eq!(report["outcome"]["interrupted"]["by"], name, "{report}");
                assert_eq!((&report["stdout"]["bytes"], &report["stderr"]["bytes"]), (&json!(3), &json!(3)));
                // The others may have come to their next call.
                if guest == "module" && then == SPIN {
                    assert_eq!(report["outcome"]["interrupted"]["last_host_call"], "fd_write");
                }
            }
        }
    }

    #[test]
    fn a_second_signal_kills_at_once() {
        let place = Place::new();
        // Nobody reads what it writes, so the first one waits for that.
        place.file(
            "flood.wat",
            guests::speaks("(loop $again (call $write (i32.const 1) (i32.const 0) (i32.const 65536)) (br $again))"),
        );
        let args = ["run", "--dir", ".", "--report", "report.json", "flood.wat"];
        // One that comes at the same moment as the first, to another thread, may be taken for the first, too: there is a next one. And
        // the first finds nothing to wait for before the guest has filled the pipe; then it is done before the second comes.
        let is_killed = || {
            let mut child = start(&place, &args);
            has_begun(&mut child);
            send(&child, &[SIGINT]);
            let by = loop {
                send(&child, &[SIGTERM]);
                if let Some(status) = child.try_wait().expect("a child of ours") {
                    break status.signal();
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            };
            assert!([Some(SIGINT), Some(SIGTERM)].contains(&by), "{by:?}");
            // The report comes after the output.
            std::fs::remove_file(place.path("report.json")).is_err()
        };
        assert!((0..20).any(|_| is_killed()), "the second signal does nothing");
        // And it does not wait for ever.
        let mut child = start(&place, &args);
        has_begun(&mut child);
        send(&child, &[SIGINT]);
        assert_eq!(child.wait().expect("detwasi ends").signal(), Some(SIGINT));
        assert_eq!(place.json("report.json")["outcome"]["interrupted"]["last_host_call"], "fd_write");
    }

    #[test]
    fn nothing_is_written_back() {
        let place = Place::new();
        let spins = guests::write_file(SPIN).replace(
            r#"(call $check (call $write (i32.load (i32.const 64)) (i32.const 32) (i32.const 1) (i32.const 68)))"#,
            r#"(call $check (call $write (i32.load (i32.const 64)) (i32.const 32) (i32.const 1) (i32.const 68)))
            (call $check (call $write (i32.const 2) (i32.const 40) (i32.const 1) (i32.const 68)))"#,
        );
        let spins = spins.replace(
            r#"(data (i32.const 16) "written")"#,
            r#"(data (i32.const 16) "written") (data (i32.const 40) "\30\00\00\00\03\00\00\00err")"#,
        );
        place.file("spins.wat", spins);
        std::fs::create_dir(place.path("data")).expect("a directory");
        place.file("data/gone", "still here");
        let args =
            ["run", "--dir-hermetic", "data::/data", "--write-back", "data", "--report", "report.json", "spins.wat"];
        let mut child = start(&place, &args);
        has_begun(&mut child);
        send(&child, &[SIGINT]);
        let (by, _, stderr) = ended(child);
        assert_eq!(by, Some(SIGINT), "{stderr}");
        assert!(stderr.ends_with("; nothing was written back\n"), "{stderr}");
        let names: Vec<_> = std::fs::read_dir(place.path("data"))
            .expect("a directory")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(names, ["gone"]);
        assert_eq!(std::fs::read(place.path("data/gone")).expect("a file"), b"still here");
        assert_eq!(place.json("report.json")["directories"], json!([]));
    }

    #[test]
    fn compare_ends_as_any_program_does() {
        let place = Place::new();
        place.file("spin.wat", guests::spin());
        let child = start(&place, &["compare", "spin.wat"]);
        send(&child, &[SIGINT]);
        assert_eq!(ended(child), (Some(SIGINT), Vec::new(), String::new()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_signal_that_is_ignored_stays_so() {
        let place = Place::new();
        place.file("spin.wat", guests::speaks(SPIN));
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' INT; exec \"$0\" run spin.wat", env!("CARGO_BIN_EXE_detwasi")]);
        command.current_dir(place.0.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a shell");
        has_begun(&mut child);
        send(&child, &[SIGINT, SIGTERM]);
        let (by, _, stderr) = ended(child);
        assert_eq!(by, Some(SIGTERM));
        assert!(stderr.contains(" was interrupted by SIGTERM: "), "{stderr}");
    }
}
