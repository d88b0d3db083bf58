//! `--stop-at` and `--core`: where a guest was ended.

use crate::{Place, Ran, component_guests, guests, input, trace};

/// What is told of a stop, without the frames.
#[track_caller]
fn stopped(ran: &Ran, call: u64) {
    assert_eq!(ran.code, Some(133), "{ran:?}");
    let told = format!("detwasi: the guest was stopped before call {call} (");
    assert!(ran.stderr.starts_with(&told) && ran.stderr.contains(" s of its time\n    0: "), "{ran:?}");
}

/// The modules of a core dump, and how many frames it has.
fn read(place: &Place, name: &str) -> (Vec<String>, usize) {
    let dump = std::fs::read(place.path(name)).expect("a core dump");
    let (mut modules, mut frames) = (Vec::new(), 0);
    for payload in wasmparser::Parser::new(0).parse_all(&dump) {
        let wasmparser::Payload::CustomSection(section) = payload.expect("a payload") else { continue };
        match section.as_known() {
            wasmparser::KnownCustom::CoreDumpModules(section) => {
                modules = section.modules.into_iter().map(str::to_owned).collect();
            }
            wasmparser::KnownCustom::CoreDumpStack(stack) => frames = stack.frames.len(),
            _ => {}
        }
    }
    (modules, frames)
}

/// Of a run on the host's own clock, random numbers and directory.
#[test]
fn each_replay_that_is_stopped_has_the_same_dump() {
    let (place, _) = trace::recorded(&["--embed", "--log", "log"]);
    let log = std::fs::read_to_string(place.path("log")).expect("a log");
    let total = log.lines().filter(|line| !line.starts_with('#')).count() as u64;
    for call in [1, 5, total] {
        let dump = |name: &str, engine: &str| {
            let number = call.to_string();
            let args =
                ["replay", "--stop-at", &number, "--core", name, "--log", "log", "--engine", engine, "run.trace"];
            stopped(&place.detwasi(&args), call);
            let done = std::fs::read_to_string(place.path("log")).expect("a log");
            assert_eq!(done.lines().filter(|line| !line.starts_with('#')).count() as u64, call - 1);
            std::fs::read(place.path(name)).expect("a core dump")
        };
        let first = dump("first.core", "cranelift");
        assert!(dump("again.core", "cranelift") == first && dump("pulley.core", "pulley") == first);
        let path = crate::text(place.0.path());
        assert!(!first.windows(path.len()).any(|bytes| bytes == path.as_bytes()), "a path of the host's");
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(place.path("first.core")).expect("a file").permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
        }
        let ran = place.detwasi(&["replay", "--stop-at", &call.to_string(), "--engine", "wasmi", "run.trace"]);
        assert_eq!(ran.code, Some(133), "{ran:?}");
    }
    let ran = place.detwasi(&["replay", "--stop-at", &(total + 1).to_string(), "--core", "first.core", "run.trace"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = [format!("before call {}: the guest made {total} calls, ", total + 1), "no core dump to write".into()];
    assert!(told.iter().all(|told| ran.stderr.contains(told)), "{ran:?}");
    assert!(!place.path("first.core").exists(), "one of another run is not left");
}

#[test]
fn a_guest_that_traps_leaves_a_dump() {
    let place = Place::new();
    place.file("trap.wat", guests::trap());
    let plain = place.detwasi(&["run", "trap.wat"]);
    for command in [&["run"][..], &["record", "-o", "run.trace", "--preset", "simulation", "--embed"]] {
        assert_eq!(place.detwasi(&[command, &["--core", "core", "trap.wat"]].concat()), plain);
        assert_eq!(read(&place, "core").0, ["trap.wat"]);
    }
    let dump = std::fs::read(place.path("core")).expect("a core dump");
    assert_eq!(place.detwasi(&["replay", "--core", "again", "run.trace"]), plain);
    assert_eq!(std::fs::read(place.path("again")).expect("a core dump"), dump);
    // A run that is known is run for its dump, and a run that is stopped is not kept.
    for _ in 0..2 {
        let ran = place.detwasi(&["run", "--cache", "kept", "--core", "core", "trap.wat"]);
        assert_eq!((ran, std::fs::read(place.path("core")).expect("a core dump")), (plain.clone(), dump.clone()));
        stopped(&place.detwasi(&["run", "--cache", "kept", "--stop-at", "1", "trap.wat"]), 1);
    }
    place.detwasi(&["run", "--stop-at", "1", "--report", "report.json", "trap.wat"]);
    let report = place.json("report.json");
    assert_eq!(report["outcome"]["stopped"]["call"], 1, "{report}");
    assert_eq!(report["outcome_digest"], serde_json::Value::Null);
}

#[test]
fn a_file_that_is_no_core_dump_stays() {
    let place = Place::new();
    place.file("trap.wat", guests::trap());
    let binary = wat::parse_str("(module)").expect("a module");
    for (name, content) in
        [("notes", &b"something else"[..]), ("trap.wat", guests::trap().as_bytes()), ("m.wasm", &binary)]
    {
        place.file(name, content);
        let ran = place.detwasi(&["run", "--core", name, "trap.wat"]);
        ran.assert(2, "");
        assert!(ran.stderr.contains("is no core dump; remove it"), "{ran:?}");
        assert_eq!(std::fs::read(place.path(name)).expect("a file"), content);
    }
    place.file("empty", "");
    assert_eq!(place.detwasi(&["run", "--core", "empty", "trap.wat"]).code, Some(134));
    assert_eq!(read(&place, "empty").0, ["trap.wat"]);
    for (args, says) in [
        (&["--core", "missing/core"][..], "cannot write the core dump `missing/core`"),
        (
            &["--core", "new", "--engine", "wasmi"],
            "the engine `wasmi` has no core dumps; choose another, as with --engine",
        ),
        (&["--stop-at", "0"], "give the number of a call, from 1 on"),
        (&["--stop-at", "soon"], "give the number of a call, from 1 on"),
    ] {
        let ran = place.detwasi(&[&["run"], args, &["trap.wat"]].concat());
        ran.assert(2, "");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    assert!(!place.path("new").exists());
}

/// Of WASI 0.2, of 0.2 and 0.3 with calls that wait, and with the adapter for 0.1 in it: before each of their calls.
#[test]
fn components_are_stopped_at_each_of_their_calls() {
    let place = Place::new();
    for (guest, module) in [
        (component_guests::answers().into_bytes(), "answers"),
        (component_guests::tasks().into_bytes(), "tasks"),
        (input::component(&guests::answers()), "adapted"),
    ] {
        place.file("guest", &guest);
        place.detwasi(&["run", "--log", "log", "guest"]);
        let log = std::fs::read_to_string(place.path("log")).expect("a log");
        let total = log.lines().filter(|line| !line.starts_with('#')).count() as u64;
        assert!(total > 3, "{log}");
        for call in 1..=total {
            let stop = ["run", "--stop-at", &call.to_string(), "--core", "core", "guest"];
            let ran = place.detwasi(&stop);
            stopped(&ran, call);
            let (modules, frames) = read(&place, "core");
            assert!(!modules.is_empty() && frames > 0, "{module} {call}: {modules:?} {ran:?}");
            let first = std::fs::read(place.path("core")).expect("a core dump");
            assert_eq!(place.detwasi(&stop), ran, "{module} {call}");
            assert!(std::fs::read(place.path("core")).expect("a core dump") == first, "{module} {call}");
        }
    }
    place.file("trap", component_guests::trap());
    assert_eq!(place.detwasi(&["run", "--core", "core", "--engine", "winch", "trap"]).code, Some(134));
    assert!(read(&place, "core").1 > 0);
    place.file("stuck", component_guests::stuck());
    let ran = place.detwasi(&["run", "--core", "core", "stuck"]);
    ran.assert(2, "");
    assert!(ran.stderr.contains("(Deadlock)") && ran.stderr.contains("no core dump for `core`"), "{ran:?}");
    assert!(!place.path("core").exists());
}
