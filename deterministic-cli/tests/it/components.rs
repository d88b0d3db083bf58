//! Components: commands of WASI 0.2 and 0.3.

use std::time::{Duration, Instant};

use deterministic_policies::Preset;
use serde_json::json;

use crate::{Place, component_guests as guests};

#[test]
fn a_command_gets_its_answers_from_the_policies() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    let run = |args: &[&str]| {
        let ran = place.detwasi(&[&["run"], args, &[&guest]].concat());
        assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.len()), (Some(0), "", 32), "{ran:?}");
        ran.stdout
    };
    let seconds = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"));
    let begun = Instant::now();
    let default = run(&[]);
    assert!(begun.elapsed() < Duration::from_secs(60), "an hour's sleep is over at once");
    assert_eq!(seconds(&default), 1_735_689_600);
    assert_eq!(seconds(&default[24..]), 1_735_693_200, "an hour later");
    assert_eq!(default, run(&[]));
    let other = run(&["--seed", "1"]);
    assert_ne!(default[16..24], other[16..24], "the random bytes");
    assert_eq!(seconds(&run(&["--epoch", "2001-02-03T04:05:06Z"])), 981_173_106);
}

#[test]
fn a_binary_component_runs_as_its_text_does() {
    let place = Place::new();
    let binary = place.file("args.wasm", wat::parse_str(guests::args()).expect("a component"));
    place.detwasi(&["run", &binary, "a", "--help"]).assert(0, "args.wasma--help");
    let text = place.file("args.wat", guests::args());
    place.detwasi(&["run", "--argv0", "x", &text]).assert(0, "x");
}

#[test]
fn exit_codes() {
    let place = Place::new();
    for (guest, code) in [
        (guests::returns(0), 0),
        (guests::returns(1), 1),
        (guests::exits(0), 0),
        (guests::exits(1), 1),
        (guests::tasks(), 0),
    ] {
        let guest = place.file("guest.wat", guest);
        let ran = place.detwasi(&["run", &guest]);
        ran.assert(code, "");
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn traps_tell_as_those_of_modules_do() {
    let place = Place::new();
    for (guest, args, kind, frame) in [
        (guests::trap(), &[][..], "UnreachableCodeReached", "!fails"),
        (guests::spin(), &["--fuel", "100000"], "OutOfFuel", "!spinning"),
        (guests::answers(), &["--preset", "strict"], "RandomRefused", "!"),
        (guests::stuck(), &[], "Deadlock", "deadlock"),
    ] {
        let guest = place.file("guest.wat", guest);
        let args = [&["run", "--report", "report.json"], args, &[&guest]].concat();
        let ran = place.detwasi(&args);
        ran.assert(134, "");
        assert!(ran.stderr.starts_with(&format!("detwasi: the guest was ended ({kind}): ")), "{ran:?}");
        assert!(ran.stderr.contains(frame), "{ran:?}");
        assert_eq!(place.json("report.json")["outcome"]["trap"]["kind"], kind);
        assert_eq!(place.detwasi(&args), ran);
    }
}

#[test]
fn the_report_says_how_the_run_went() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    assert_eq!(place.detwasi(&["run", "--report", "report.json", &guest]).code, Some(0));
    let report = place.json("report.json");
    assert_eq!(report["outcome"], json!({ "exit_code": 0 }));
    assert_eq!(report["results"], json!(null));
    assert_eq!(report["memories"], json!({}));
    assert_eq!(report["stdout"]["bytes"], 32);
    let calls = &report["host_calls"];
    assert_eq!(calls["wasi:clocks/wall-clock.now"], 2, "{calls}");
    assert_eq!(calls["wasi:random/random.get-random-u64"], 1, "{calls}");
    let elapsed = report["elapsed_ns"].as_u64().expect("a number");
    assert!((3_600_000_000_000..3_600_001_000_000).contains(&elapsed), "{elapsed}");

    let guest = place.file("tasks.wat", guests::tasks());
    assert_eq!(place.detwasi(&["run", "--report", "report.json", "--fuel", "100000", &guest]).code, Some(0));
    let report = place.json("report.json");
    assert_eq!(report["host_calls"]["wasi:clocks/monotonic-clock.wait-for"], 2, "{report}");
    let elapsed = report["elapsed_ns"].as_u64().expect("a number");
    assert!((7_200_000_000_000..7_200_001_000_000).contains(&elapsed), "{elapsed}");
    assert!((1..100_000).contains(&report["fuel_consumed"].as_u64().expect("a number")), "{report}");
}

#[test]
fn every_deterministic_preset_gives_the_same_run_again() {
    let place = Place::new();
    let answers = place.file("answers.wat", guests::answers());
    let tasks = place.file("tasks.wat", guests::tasks());
    for preset in Preset::ALL.iter().filter(|preset| preset.name() != "host") {
        let name = preset.to_string();
        for guest in [&answers, &tasks] {
            let runs = ["a.json", "b.json"].map(|report| {
                let ran = place.detwasi(&["run", "--preset", &name, "--seed", "9", "--report", report, guest]);
                (ran, std::fs::read_to_string(place.path(report)).expect("a report"))
            });
            assert_eq!(runs[0], runs[1], "{name}");
        }
    }
}

#[test]
fn memory_is_limited_too() {
    let place = Place::new();
    let guest = place.file("args.wat", guests::args());
    place.detwasi(&["run", "--max-memory", "64KiB", &guest]).assert(0, "args.wat");
    let ran = place.detwasi(&["run", "--max-memory", "63KiB", &guest]);
    ran.assert(2, "");
    assert!(ran.stderr.contains("65536") && ran.stderr.contains("64512"), "{ran:?}");
}
