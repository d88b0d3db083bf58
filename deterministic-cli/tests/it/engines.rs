//! `--engine`, `--engine-opt-level` and `--all-memories`.

use serde_json::{Value, json};

use crate::{Place, guests};

/// The report of a run with these options, but for what says which engine it was.
fn report(place: &Place, options: &[&str]) -> Value {
    place.detwasi(&[&["run", "--report", "report.json"], options, &["answers.wat"]].concat());
    let mut report = place.json("report.json");
    let about = report.as_object_mut().expect("an object");
    for field in ["engine", "engine_opt_level", "fingerprint"] {
        about.remove(field);
    }
    report
}

#[test]
fn reports_are_equal_on_each_engine() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let expected = report(&place, &["--all-memories"]);
    assert_eq!((&expected["outcome"], &expected["all_memories"]), (&json!({ "exit_code": 0 }), &json!(true)));
    for options in [
        &["--engine", "cranelift", "--engine-opt-level", "none"][..],
        &["--engine-opt-level", "speed-and-size"],
        &["--engine", "winch"],
        &["--engine", "pulley"],
        &["--engine", "wasmi"],
        &["--engine", "pulley", "--engine-opt-level", "0"],
    ] {
        assert_eq!(report(&place, &[options, &["--all-memories"]].concat()), expected, "{options:?}");
    }
    report(&place, &["--engine", "pulley", "--engine-opt-level", "s"]);
    let said = place.json("report.json");
    assert_eq!((&said["engine"], &said["engine_opt_level"]), (&json!("pulley"), &json!("speed-and-size")));
    assert_eq!(said["all_memories"], json!(false));
}

#[test]
fn what_an_engine_has_not_is_told_in_one_line() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    for (options, says) in [
        (&["--engine", "v8"][..], "there is no engine `v8`; choose one of: cranelift, winch, pulley, wasmi"),
        (&["--engine-opt-level", "9"], "choose one of: none, speed, speed-and-size"),
        (&["--engine", "winch", "--engine-opt-level", "none"], "the engine `winch` has no levels of optimisation"),
        (&["--engine", "wasmi", "--engine-opt-level", "none"], "the engine `wasmi` has no levels of optimisation"),
        (&["--all-memories"], "--report"),
    ] {
        let ran = place.detwasi(&[&["run"], options, &["answers.wat"]].concat());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
}
