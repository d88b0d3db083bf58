//! The report.

use sha2::{Digest as _, Sha256};

use crate::{Place, guests};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn says_how_the_run_went() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    let ran = place.detwasi(&["run", "--report", "report.json", "--seed", "5", &guest]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = place.json("report.json");
    assert_eq!(report["format"], 1);
    assert_eq!(report["guest_sha256"], sha256(&wat::parse_str(guests::answers()).expect("a module")));
    assert_eq!(report["preset"], "simulation");
    assert_eq!(report["seed"], format!("0x05{}", "0".repeat(62)));
    assert_eq!(report["epoch"], "2025-01-01T00:00:00Z");
    assert_eq!(report["outcome"], serde_json::json!({ "exit_code": 0 }));
    assert_eq!(report["results"], serde_json::Value::Null);
    let elapsed = report["elapsed_ns"].as_u64().expect("a number");
    // An hour's sleep, a short one, and the ticks of a few readings.
    assert!((3_600_000_000_000..3_600_001_000_000).contains(&elapsed), "{elapsed}");
    assert_eq!(report["fuel_consumed"], serde_json::Value::Null);
    assert_eq!(
        report["host_calls"],
        serde_json::json!({ "clock_time_get": 3, "fd_write": 1, "poll_oneoff": 2, "random_get": 2 })
    );
    assert_eq!(report["stdout"], serde_json::json!({ "bytes": 32, "sha256": sha256(&ran.stdout) }));
    assert_eq!(report["stderr"], serde_json::json!({ "bytes": 0, "sha256": sha256(b"") }));
    assert_eq!(report["memories"]["memory"]["bytes"], 131_072);

    let keys: Vec<_> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 23);
    assert_eq!(report["directories"], serde_json::json!([]));
    let text = std::fs::read_to_string(place.path("report.json")).expect("a report");
    assert!(text.ends_with("}\n"));
    let order = [
        "format",
        "guest_sha256",
        "preset",
        "seed",
        "epoch",
        "refused",
        "engine",
        "engine_opt_level",
        "all_memories",
        "outcome",
        "results",
        "elapsed_ns",
        "memories",
        "memory_peak_bytes",
    ];
    let places = order.map(|key| text.find(&format!("\"{key}\"")).expect(key));
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn is_written_when_the_guest_traps_or_fails() {
    let place = Place::new();
    let guest = place.file("trap.wat", guests::trap());
    place.detwasi(&["run", "--report", "report.json", "--fuel", "1000", &guest]).assert(134, "before");
    let report = place.json("report.json");
    assert_eq!(report["outcome"]["trap"]["kind"], "UnreachableCodeReached");
    assert_eq!(report["stdout"]["bytes"], 6);
    assert!((1..1000).contains(&report["fuel_consumed"].as_u64().expect("a number")), "{report}");
    assert_eq!(report["memories"]["memory"]["sha256"].as_str().map(str::len), Some(64));

    let guest = place.file("exit.wat", guests::exit(3));
    place.detwasi(&["run", "--report", "report.json", &guest]).assert(3, "");
    assert_eq!(place.json("report.json")["outcome"], serde_json::json!({ "exit_code": 3 }), "the old one is replaced");
    let names = std::fs::read_dir(&place.0).expect("a directory");
    assert_eq!(names.count(), 3, "nothing lies beside the report and the guests");
}

#[test]
fn follows_a_link_and_writes_to_a_device() {
    let place = Place::new();
    let guest = place.file("exit.wat", guests::exit(0));
    #[cfg(unix)]
    {
        place.file("real.json", "old");
        std::os::unix::fs::symlink("real.json", place.path("link.json")).expect("a link");
        place.detwasi(&["run", "--report", "link.json", &guest]).assert(0, "");
        assert!(place.path("link.json").is_symlink());
        assert_eq!(place.json("real.json")["format"], 1);
        place.detwasi(&["run", "--report", "/dev/null", &guest]).assert(0, "");
        assert!(!std::fs::metadata("/dev/null").expect("/dev/null").is_file());
    }
}

#[test]
fn every_deterministic_preset_gives_the_same_run_again() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    for preset in deterministic_policies::Preset::ALL.iter().filter(|preset| preset.name() != "host") {
        let name = preset.to_string();
        let runs = ["a.json", "b.json"].map(|report| {
            let ran = place.detwasi(&["run", "--preset", &name, "--seed", "9", "--report", report, &guest]);
            (ran, std::fs::read_to_string(place.path(report)).expect("a report"))
        });
        assert_eq!(runs[0], runs[1], "{name}");
        let code = if name == "strict" { 134 } else { 0 };
        assert_eq!(runs[0].0.code, Some(code), "{name}: {:?}", runs[0]);
    }
}
