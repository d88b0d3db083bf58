//! The cache of compiled code: it is there, it can be left out, and nothing shows it.

use std::path::Path;

use crate::{Place, Ran, guests};

/// How many files lie below.
fn count(path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

fn run_in(place: &Place, cache: &str, args: &[&str]) -> Ran {
    place.detwasi_with(args, b"", |command| {
        command.env("XDG_CACHE_HOME", place.path(cache));
        // Where else a system has such places.
        command.env("HOME", place.path("home"));
    })
}

#[cfg(target_os = "linux")]
#[test]
fn code_is_kept_unless_told_otherwise() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    for command in [&["run", "args.wat"][..], &["audit", "args.wat"], &["compare", "--runs", "1", "args.wat"]] {
        let without = [&command[..1], &["--no-compile-cache"], &command[1..]].concat();
        assert_eq!(run_in(&place, "none", &without).code, Some(0));
        assert_eq!(count(&place.path("none")) + count(&place.path("home")), 0, "{command:?}");
        assert_eq!(run_in(&place, "cache", command).code, Some(0));
        assert!(count(&place.path("cache")) > 0, "{command:?}");
        std::fs::remove_dir_all(place.path("cache")).expect("a directory");
    }
}

#[test]
fn no_outcome_has_anything_of_it() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    place.file("traps.wat", guests::trap());
    place.file("a file", "of somebody's");
    for guest in ["answers.wat", "traps.wat"] {
        let report = |cache: &str, flags: &[&str]| {
            let args = [&["run", "--report", "report.json"], flags, &[guest]].concat();
            (run_in(&place, cache, &args), place.json("report.json"))
        };
        let plain = report("none", &["--no-compile-cache"]);
        assert!(!plain.1["fingerprint"].is_null());
        // The first one compiles, the second one need not; the third one cannot keep it.
        for cache in ["cache", "cache", "a file"] {
            assert_eq!(report(cache, &[]), plain, "{cache}");
        }
    }
    assert_eq!(std::fs::read(place.path("a file")).expect("a file"), b"of somebody's");
}
