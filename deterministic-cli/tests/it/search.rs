//! `detwasi search`.

use serde_json::Value;

use crate::Place;

/// Two timers for the same instant; traps if the second comes first.
const ORDER: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (data (i32.const 48) "\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (func (export "_start")
        (drop (call $poll (i32.const 0) (i32.const 104) (i32.const 2) (i32.const 200)))
        (if (i64.eq (i64.load (i32.const 104)) (i64.const 2)) (then (unreachable)))))"#;

fn place() -> Place {
    let place = Place::new();
    place.file("order.wat", ORDER);
    place
}

#[test]
fn a_failing_seed_is_found_and_repeated_by_the_line_that_is_printed() {
    let place = place();
    let base = ["search", "--seeds", "0..500", "--env=A=a b", "--until-fail=3", "-j2"];
    let ran = place.detwasi(&[&base[..], &["order.wat", "--seeds", "it's"]].concat());
    let text = String::from_utf8(ran.stdout).expect("text");
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""), "{text}");
    assert!(text.contains("under chaos: 3 failing\n") && text.contains("  FAILING\n"), "{text}");
    let repeats: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("    detwasi ")).collect();
    assert_eq!(repeats.len(), 4, "{text}");
    assert!(repeats[3].starts_with("run --preset simulation --seed 0 '--recipe=wait1=1' "), "{text}");
    assert!(text.contains("made small in ") && text.contains(" decisions to 1:\n"), "{text}");
    assert!(text.contains("    passes: 1 ") && text.contains("    fails:  1 "), "{text}");
    for line in repeats {
        let words = shlex::split(line).expect("words of a shell");
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let ["run", "--preset", _, "--seed", _, .., "--env=A=a b", "order.wat", "--seeds", "it's"] = &words[..] else {
            panic!("{words:?}")
        };
        let again = place.detwasi(&words);
        assert_eq!(again.code, Some(134), "{again:?}");
    }
    // The same on any number of threads.
    for jobs in ["-j1", "-j7"] {
        let again = place.detwasi(&[
            "search",
            "--seeds",
            "0..500",
            "--env=A=a b",
            "--until-fail=3",
            jobs,
            "order.wat",
            "--seeds",
            "it's",
        ]);
        assert_eq!(String::from_utf8(again.stdout).expect("text"), text);
    }
}

#[test]
fn what_is_found_is_told_to_programs() {
    let place = place();
    let ran = place.detwasi(&["search", "--seeds", "5..105", "--json", "--histories", "order.wat"]);
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""));
    let lines = ran.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<Value> = lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
    let of = |what: &str| lines.iter().filter_map(|line| line.get(what)).collect::<Vec<_>>();
    let (outcomes, failures, end) = (of("outcome"), of("failure"), of("search"));
    assert_eq!((outcomes.len(), end.len()), (2, 1), "{lines:?}");
    assert_eq!(of("small")[0]["recipe"], "wait1=1", "{lines:?}");
    assert_eq!((&end[0]["first"], &end[0]["runs"]), (&5.into(), &100.into()));
    assert_eq!(end[0]["failed"], failures.len());
    assert!(end[0]["histories"].as_u64().expect("a number") > 1);
    let runs: u64 = outcomes.iter().map(|outcome| outcome["runs"].as_u64().expect("a number")).sum();
    assert_eq!(runs, 100);
    assert!(failures[0]["repeat"].as_str().expect("a line").starts_with("detwasi run --preset chaos --seed "));
    // Under a preset in which order is fixed nothing fails.
    let ran = place.detwasi(&["search", "--seeds", "0..50", "--preset", "simulation", "order.wat"]);
    ran.assert(0, "50 seeds under simulation: 0 failing\n        50  exit code 0, first under seed 0\n");
}

#[test]
fn a_check_looks_at_what_is_left() {
    let place = place();
    std::fs::create_dir(place.path("dir")).expect("a directory");
    place.file("fails.wat", "(module (func (export \"_start\") unreachable))");
    place.file("passes.wat", "(module (func (export \"_start\")))");
    let search = |check: &str| {
        let options = ["--seeds", "0..20", "--fail-on", "none", "--dir-hermetic", "dir::/", "--check", check];
        place.detwasi(&[&["search"], &options[..], &["order.wat"]].concat())
    };
    assert_eq!(search("passes.wat").code, Some(0));
    let ran = search("fails.wat");
    let text = String::from_utf8(ran.stdout).expect("text");
    assert_eq!(ran.code, Some(1), "{text}");
    assert!(text.contains("20 failing") && text.contains("the check ended with"), "{text}");
    assert!(text.contains("--dir-hermetic 'dir::/'") || text.contains("--dir-hermetic dir::/"), "{text}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_tells_what_was_found() {
    use std::process::Stdio;
    let place = place();
    let mut command = crate::detwasi();
    command.args(["search", "--seeds", "0..18446744073709551615", "order.wat"]).current_dir(place.0.path());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("detwasi starts");
    // It listens before it compiles anything; a signal that comes before that ends it as ever.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains(" seeds under chaos, interrupted: "), "{text}");
}

#[test]
fn what_cannot_be_searched_is_told_in_one_line() {
    let place = place();
    for (args, says) in [
        (&["search", "order.wat"][..], "--seeds"),
        (&["search", "--seeds", "3..3", "order.wat"], "no seed in it"),
        (&["search", "--seeds", "5..1", "order.wat"], "no seed in it"),
        (&["search", "--seeds", "-1..1", "order.wat"], "give a range of numbers"),
        (&["search", "--seeds", "0..9", "--seed", "4", "order.wat"], "cannot be used with"),
        (&["search", "--seeds", "0..9", "-j", "0", "order.wat"], "--jobs"),
        (&["search", "--seeds", "0..9", "--preset", "host", "order.wat"], "not the same each time"),
        (&["search", "--seeds", "0..9", "--dir", ".", "order.wat"], "--dir-hermetic"),
        (&["search", "--seeds", "0..9", "--fail-stdout", "(", "order.wat"], "--fail-stdout"),
        (&["search", "--seeds", "0..9", "--check", "no.wat", "order.wat"], "cannot read the guest `no.wat`"),
    ] {
        let ran = place.detwasi(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{args:?}: {ran:?}");
    }
}

#[test]
fn decisions_that_nothing_asks_for_are_told() {
    let place = place();
    let ran = place.detwasi(&["run", "--recipe", "wait1=1,wait9=0,sleep7=+5", "order.wat"]);
    assert_eq!(ran.code, Some(134), "{ran:?}");
    assert!(ran.stderr.contains("which are left out: wait9=0,sleep7=+5"), "{ran:?}");
    let ran = place.detwasi(&["run", "--recipe", "nap1=3", "order.wat"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(2), 1), "{ran:?}");
    assert!(ran.stderr.contains("`nap1=3` is no decision"), "{ran:?}");
    // A trace has the recipe.
    let ran =
        place.detwasi(&["record", "--preset", "simulation", "--recipe", "wait1=1", "-o", "run.trace", "order.wat"]);
    assert_eq!(ran.code, Some(134), "{ran:?}");
    assert_eq!(place.detwasi(&["replay", "run.trace", "order.wat"]).code, Some(134));
}
