//! `--cache`: a known run is not run again, and what is kept is compared with what it is to be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{Place, Ran, guests};

/// A run with a cache and a report: how it went, and whether it was known.
fn run(place: &Place, args: &[&str]) -> (Ran, String) {
    let ran = place.detwasi(&[&["run", "--cache", "kept", "--report", "report.json"], args].concat());
    let cache = place.json("report.json")["cache"].as_str().map(str::to_owned);
    (ran, cache.expect("it says"))
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn a_known_run_gives_the_same_again() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let args = ["--seed", "7", "answers.wat"];
    let (first, miss) = run(&place, &args);
    let report = place.json("report.json");
    let (again, hit) = run(&place, &args);
    assert_eq!((miss.as_str(), hit.as_str()), ("miss", "hit"));
    assert_eq!(first, again);
    let mut known = place.json("report.json");
    assert_eq!(known["fingerprint"].as_str().map(str::len), Some(64));
    assert_eq!(known["outcome_digest"].as_str().map(str::len), Some(64));
    known["cache"] = "miss".into();
    assert_eq!(known, report, "all else in the report is the same");
    // Without the cache it is the same run, too.
    place.detwasi(&["run", "--report", "plain.json", "--seed", "7", "answers.wat"]);
    let mut plain = place.json("plain.json");
    assert!(plain["cache"].is_null());
    plain["cache"] = "miss".into();
    assert_eq!(plain, report);
}

#[test]
fn whatever_makes_a_difference_is_another_run() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("same.wat", guests::args());
    place.file("input", "x");
    fs::create_dir(place.path("data")).expect("a directory");
    let mut seen = std::collections::BTreeSet::new();
    for args in [
        &["args.wat"][..],
        &["args.wat", "a"],
        &["args.wat", "a", ""],
        &["--seed", "1", "args.wat"],
        &["--preset", "frozen", "args.wat"],
        &["--epoch", "2001-01-01T00:00:00Z", "args.wat"],
        &["--env", "A=1", "args.wat"],
        &["--env", "A=", "--env", "1=", "args.wat"],
        &["--stdin", "input", "args.wat"],
        &["--fuel", "100000", "args.wat"],
        &["--max-memory", "1MiB", "args.wat"],
        &["--max-held", "1MiB", "args.wat"],
        &["--dir-hermetic", "data", "args.wat"],
        &["--dir-hermetic", "data::d", "args.wat"],
        &["--argv0", "x", "args.wat"],
    ] {
        let (ran, cache) = run(&place, args);
        assert_eq!((ran.code, cache.as_str()), (Some(0), "miss"), "{args:?}: {ran:?}");
        assert!(seen.insert(place.json("report.json")["fingerprint"].to_string()), "{args:?}");
    }
    // A default that is written out is the same run.
    assert_eq!(run(&place, &["--max-held", "1GiB", "args.wat"]).1, "hit");
    // The name of the file is argument 0, and else no part of it.
    assert_eq!(run(&place, &["--argv0", "args.wat", "same.wat"]).1, "hit");
    place.file("data/file", "new");
    assert_eq!(run(&place, &["--dir-hermetic", "data", "args.wat"]).1, "miss");
}

#[test]
fn changed_files_come_back_too() {
    let place = Place::new();
    place.file("write.wat", guests::write_file("(call $exit (i32.const 3))"));
    fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/gone", "to be removed");
    place.file("data/kept", "as it was");
    for (target, cache) in [("one", "miss"), ("two", "hit")] {
        let args = ["--dir-hermetic", "data", "--write-back", target, "write.wat"];
        let (ran, known) = run(&place, &args);
        ran.assert(3, "");
        assert_eq!(known, cache);
        let names: Vec<_> = files(&place.path(target)).iter().map(|path| path.file_name().map(Into::into)).collect();
        let mut names: Vec<std::ffi::OsString> = names.into_iter().flatten().collect();
        names.sort();
        assert_eq!(names, ["kept", "out"]);
        assert_eq!(fs::read(place.path(target).join("out")).expect("a file"), b"written");
    }
}

#[test]
fn what_any_machine_would_do_is_kept_and_nothing_else() {
    let place = Place::new();
    place.file("trap.wat", guests::trap());
    for cache in ["miss", "hit"] {
        let (ran, known) = run(&place, &["trap.wat"]);
        assert_eq!((ran.code, known.as_str()), (Some(134), cache), "{ran:?}");
        assert_eq!(ran.stdout, b"before");
        assert!(ran.stderr.contains("(UnreachableCodeReached)"), "{ran:?}");
    }
    // How deep a stack is, is this machine's affair.
    place.file("deep.wat", r#"(module (memory (export "memory") 1) (func $f (export "_start") (call $f)))"#);
    for _ in 0..2 {
        let (ran, known) = run(&place, &["deep.wat"]);
        assert_eq!((ran.code, known.as_str()), (Some(134), "miss"), "{ran:?}");
    }
}

#[test]
fn what_is_not_the_same_each_time_is_refused() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    for (args, named) in
        [(&["--preset", "host", "args.wat"][..], "clock"), (&["--dir", ".", "args.wat"], "`.` as the host has it")]
    {
        let ran = place.detwasi(&[&["run", "--cache", "kept"], args].concat());
        assert_eq!((ran.code, ran.stdout.len()), (Some(2), 0), "{ran:?}");
        assert!(ran.stderr.contains(named) && ran.stderr.lines().count() == 1, "{ran:?}");
        place.detwasi(&[&["run", "--report", "report.json"], args].concat());
        assert!(place.json("report.json")["fingerprint"].is_null());
    }
    assert!(!place.path("kept").exists());
}

#[test]
fn damage_is_a_miss_with_a_warning() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let (first, _) = run(&place, &["args.wat"]);
    let kept = files(&place.path("kept"));
    run(&place, &["args.wat", "another"]);
    assert_eq!(run(&place, &["args.wat"]).1, "hit");
    let [kept] = &kept[..] else { panic!("one file for one run, and not {kept:?}") };
    let whole = fs::read(kept).expect("a file");
    let another = files(&place.path("kept")).into_iter().find(|file| file != kept).expect("that of the other run");
    let changed = |at: usize, by: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= by;
        bytes
    };
    let mut damages =
        vec![Vec::new(), vec![b'x'; whole.len()], fs::read(another).expect("a file"), b"\xff\n".repeat(99)];
    damages.push([&whole[..], b"x"].concat());
    damages.extend([1, 8, 12, 44, 76, 77, whole.len() - 1].map(|len| whole[..len].to_vec()));
    damages.extend((0..whole.len()).step_by(11).map(|at| changed(at, 1 << (at % 8))));
    for damage in damages {
        fs::write(kept, &damage).expect("it is written");
        let (ran, known) = run(&place, &["args.wat"]);
        assert_eq!((ran.code, &ran.stdout, known.as_str()), (Some(0), &first.stdout, "miss"), "{damage:?}");
        let says = "detwasi: the result cache has something else for ";
        assert!(ran.stderr.starts_with(says) && ran.stderr.lines().count() == 1, "{ran:?}, {damage:?}");
        let (ran, known) = run(&place, &["args.wat"]);
        assert_eq!((ran, known.as_str()), (first.clone(), "hit"), "it is repaired");
        assert_eq!(fs::read(kept).expect("a file"), whole);
    }
    // What cannot be replaced is told each time, and what is gone is only not known.
    fs::remove_file(kept).expect("it is ours");
    assert_eq!(run(&place, &["args.wat"]), (first.clone(), "miss".into()));
    fs::remove_file(kept).expect("it is ours");
    fs::create_dir(kept).expect("a directory");
    for _ in 0..2 {
        let (ran, known) = run(&place, &["args.wat"]);
        assert_eq!((ran.code, &ran.stdout, known.as_str()), (Some(0), &first.stdout, "miss"));
        assert!(ran.stderr.contains("cannot be read") && ran.stderr.contains("cannot be written"), "{ran:?}");
    }
}

#[test]
fn a_store_that_cannot_be_used_does_not_keep_a_guest_from_running() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("a file", "of somebody's");
    for store in ["a file", "a file/below"] {
        let ran = place.detwasi(&["run", "--cache", store, "args.wat"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("result cache"), "{ran:?}");
    }
    assert_eq!(fs::read(place.path("a file")).expect("a file"), b"of somebody's");
    // Files of somebody else's in it are left alone.
    fs::create_dir(place.path("mixed")).expect("a directory");
    place.file("mixed/notes.txt", "of somebody's");
    for _ in 0..2 {
        place.detwasi(&["run", "--cache", "mixed", "args.wat"]).assert(0, "args.wat\0");
    }
    assert_eq!(fs::read(place.path("mixed/notes.txt")).expect("a file"), b"of somebody's");
}

#[test]
fn processes_share_a_store() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let start = |seed: usize| {
        let mut command = crate::detwasi();
        command.args(["run", "--cache", "kept", "--seed", &(seed % 3).to_string(), "args.wat", "a"]);
        command.current_dir(place.0.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("detwasi starts")
    };
    let running: Vec<_> = (0..12).map(start).collect();
    for child in running {
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"args.wat\0a\0"[..]), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
    for seed in ["0", "1", "2"] {
        assert_eq!(run(&place, &["--seed", seed, "args.wat", "a"]).1, "hit");
    }
}
