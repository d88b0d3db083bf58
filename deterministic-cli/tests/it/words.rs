//! Words that a person says otherwise than the command line: each is understood, or told what it is called here.

use std::process::Stdio;

use crate::{Place, Ran, guests};

/// One line of our own, and no run.
#[track_caller]
fn told(ran: &Ran, says: &[&str]) {
    ran.assert(2, "");
    assert!(ran.stderr.starts_with("detwasi: ") && ran.stderr.lines().count() == 1, "{ran:?}");
    for text in says {
        assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
    }
}

#[test]
fn a_seed_may_be_short_hexadecimal() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let run = |seed: &str| place.detwasi(&["run", "--seed", seed, "answers.wat"]);
    assert_eq!(run("0x2a"), run("42"));
    assert_ne!(run("0x2a").stdout, run("0x2b").stdout);
    told(&run("0x12345678901234567"), &["is not a seed", "64", "`random`"]);
}

#[test]
fn a_drawn_seed_is_told_and_repeats_the_run() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let draw = || place.detwasi(&["run", "--seed", "random", "--report", "report.json", "answers.wat"]);
    let first = draw();
    assert_eq!(first.code, Some(0), "{first:?}");
    let drew = first.stderr.strip_prefix("detwasi: drew --seed ").and_then(|seed| seed.strip_suffix('\n'));
    let drew = drew.unwrap_or_else(|| panic!("{first:?}")).to_owned();
    let reported = place.json("report.json")["seed"].clone();
    let again = place.detwasi(&["run", "--seed", &drew, "--report", "report.json", "answers.wat"]);
    assert_eq!((&again.stdout, again.stderr.as_str()), (&first.stdout, ""));
    assert_eq!(place.json("report.json")["seed"], reported);
    assert_ne!(draw().stdout, first.stdout);

    // Nothing is drawn for a run that cannot be, and `compare` says it too.
    told(&place.detwasi(&["run", "--seed", "random", "missing.wasm"]), &["`missing.wasm`"]);
    place.file("args.wat", guests::args());
    let compared = place.detwasi(&["compare", "--runs", "1", "--seed", "random", "args.wat"]);
    assert!(compared.stderr.starts_with("detwasi: drew --seed "), "{compared:?}");
}

#[test]
fn names_of_presets_may_have_hyphens() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let run = |preset: &str| {
        let ran = place.detwasi(&["run", "--preset", preset, "--report", "report.json", "answers.wat"]);
        (ran, place.json("report.json"))
    };
    assert_eq!(run("deterministic-wasi-ctx"), run("deterministic_wasi_ctx"));
}

#[test]
fn numbers_may_have_underscores_and_exponents() {
    let place = Place::new();
    place.file("spin.wat", guests::spin());
    place.file("grow.wat", guests::grow());
    let spin = |fuel: &str| place.detwasi(&["run", "--fuel", fuel, "spin.wat"]);
    let plain = spin("1000000");
    assert!(plain.stderr.contains("(OutOfFuel)"), "{plain:?}");
    for fuel in ["1e6", "1_000_000", "1.0e6"] {
        assert_eq!(spin(fuel), plain, "{fuel}");
    }
    for fuel in ["1.5", "1M", "-1", "lots", "1e20"] {
        told(&spin(fuel), &["--fuel", "1_000_000 or 1e6"]);
    }
    for (size, code) in [("2_097_152", 0), ("1e6", 1), ("1_048_576", 1), ("2_048KiB", 0)] {
        place.detwasi(&["run", "--max-memory", size, "grow.wat"]).assert(code, "");
    }
    told(&place.detwasi(&["run", "--max-memory", "2_", "grow.wat"]), &["64MiB", "1_000_000 or 1e6"]);
    place.detwasi(&["run", "--max-call-depth", "1_000", "grow.wat"]).assert(0, "");
    told(&place.detwasi(&["run", "--max-call-depth", "0", "grow.wat"]), &["from 1 to 4294967295"]);
}

#[test]
fn a_variable_without_its_value() {
    let place = Place::new();
    place.file("env.wat", guests::environment());
    told(&place.detwasi(&["run", "--env", "HOME", "env.wat"]), &["environment", "`--env HOME=\"$HOME\"`"]);
}

#[test]
fn run_may_be_forgotten() {
    let place = Place::new();
    place.file("g.wat", guests::args());
    place.file("tool", guests::args());
    for (args, meant) in [
        (&["g.wat"][..], "`detwasi run g.wat`?"),
        (&["missing.wasm", "a", "b c"], "`detwasi run missing.wasm a 'b c'`?"),
        (&["tool"], "`detwasi run tool`?"),
        (&["-"], "`detwasi run -`?"),
        (&["--fuel", "10", "g.wat"], "`detwasi run --fuel 10 g.wat`?"),
        (&["--seed=1", "g.wat"], "`detwasi run --seed=1 g.wat`?"),
    ] {
        told(&place.detwasi(args), &["did you mean ", meant]);
    }
    let ran = place.detwasi(&["walk"]);
    told(&ran, &["'walk'", "`detwasi --help` lists the commands"]);
    assert!(!ran.stderr.contains("did you mean"), "{ran:?}");
}

#[test]
fn options_of_wasmtime_are_told_their_names_here() {
    let place = Place::new();
    place.file("g.wat", guests::args());
    for (args, says) in [
        (&["-W", "fuel=10"][..], &["`-W fuel=10` of wasmtime is `--fuel 10` here"][..]),
        (&["-Wfuel=10"], &["`--fuel 10`"]),
        (&["--wasm", "fuel=10"], &["`--fuel 10`"]),
        (&["--wasm=fuel=10"], &["`--fuel 10`"]),
        (&["-W", "max-memory-size=1000000"], &["`--max-memory 1000000`"]),
        (&["-W", "timeout=10s,fuel=5"], &["`--timeout 10s`", "`--fuel 5`"]),
        (&["-W", "max-wasm-stack=1048576"], &["`--max-wasm-stack 1048576`"]),
        (&["-W", "unknown-imports-trap=y"], &["`--allow-import NAME`"]),
        (&["-W", "simd=n"], &["the engine's settings are fixed"]),
        (&["-S", "inherit-env=y"], &["`--env NAME=VALUE`"]),
        (&["-S", "inherit-network"], &["no network"]),
        (&["-S", "cli=y"], &["always there"]),
        (&["-S", "nn"], &["nobody here provides it"]),
        (&["--wasi", "common"], &["always there"]),
        (&["-C", "cache=n"], &["`--no-compile-cache`"]),
        (&["-C", "compiler=winch"], &["how a guest is compiled"]),
        (&["-O", "opt-level=2"], &["how a guest is compiled"]),
        (&["-O2"], &["how a guest is compiled"]),
        (&["-D", "debug-info"], &["no debugging"]),
        (&["--mapdir", "/a::b"], &["`--dir HOST::GUEST`", "the host's name first"]),
        (&["--mapdir=/a::b"], &["`--dir HOST::GUEST`"]),
        (&["--allow-precompiled"], &["give the .wasm file"]),
        (&["-D", "profile=guest"], &["`detwasi run --profile`"]),
        (&["--disable-cache"], &["`--no-compile-cache`"]),
    ] {
        for command in ["run", "compare"] {
            let args = [&[command], args, &["g.wat"]].concat();
            told(&place.detwasi(&args), says);
        }
    }
    told(&place.detwasi(&["-W", "fuel=10", "g.wat"]), &["`--fuel 10`"]);
    told(&place.detwasi(&["serve", "g.wat"]), &["`wasmtime serve` is `detwasi run --http-request FILE` here"]);
    told(&place.detwasi(&["compile", "g.wat"]), &["`wasmtime compile` is not there"]);
    // Behind the guest they are the guest's.
    place.detwasi(&["run", "g.wat", "-W", "fuel=10"]).assert(0, "g.wat\0-W\0fuel=10\0");
}

#[test]
fn files_that_are_something_else_are_named() {
    let place = Place::new();
    let engine = wasmtime::Engine::default();
    let module = wat::parse_str("(module (func (export \"_start\")))").expect("a module");
    let compiled = engine.precompile_module(&module).expect("a compiled module");
    for (name, content, says) in [
        ("g.wasm", &b""[..], &["`g.wasm`", "empty"][..]),
        ("g.cwasm", &compiled, &["a module that Wasmtime has compiled (.cwasm)", "give the .wasm"]),
        ("g.wasm", &compiled, &["a module that Wasmtime has compiled (.cwasm)"]),
        ("a.out", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &["(ELF)", "wasm32-wasip1"]),
        ("g.wasm.gz", b"\x1f\x8b\x08\0\0\0\0\0", &["gzip", "unpack"]),
        ("g.zip", b"PK\x03\x04\x14\0\0\0", &["zip"]),
        ("lib.a", b"!<arch>\nx.o/", &["object files"]),
        ("a.out.js", b"var Module = {};", &["JavaScript", ".wasm"]),
        ("g.wasm", b"\n<!doctype html><title>404</title>", &["HTML", "downloaded"]),
        ("g.wasm", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", &["git lfs pull"]),
        ("main.rs", b"fn main() {}", &["Rust", "build it"]),
        ("run", b"#!/bin/sh\nexit 0\n", &["a script"]),
        ("g.wat", b"\xff\xfe(\0m\0", &["UTF-16"]),
    ] {
        place.file(name, content);
        for command in ["run", "audit", "compare"] {
            let ran = place.detwasi(&[command, name]);
            told(&ran, says);
            assert!(ran.stderr.contains("no WebAssembly"), "{ran:?}");
        }
    }
    // A text is taken for what it is, whatever its name.
    place.file("module.c", guests::args());
    place.detwasi(&["run", "module.c"]).assert(0, "module.c\0");
}

#[test]
fn a_report_without_its_directory() {
    let place = Place::new();
    place.file("trap.wat", guests::trap());
    place.file("file", "");
    for (report, says) in [
        ("a/b.json", "there is no directory `a`; make it"),
        ("a/b/c.json", "there is no directory `a`;"),
        ("file/b.json", "`file` is not a directory"),
    ] {
        // The guest says something and traps, so it did not start.
        told(&place.detwasi(&["run", "--report", report, "trap.wat"]), &[&format!("`{report}`"), says]);
    }
}

#[test]
fn a_cache_beside_what_is_not_the_same_each_time() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    std::fs::create_dir(place.path("d")).expect("a directory");
    told(&place.detwasi(&["run", "--cache", "c", "--dir", "d::/d", "args.wat"]), &["`/d`", "--dir-hermetic"]);
    told(&place.detwasi(&["run", "--cache", "c", "--preset", "host", "args.wat"]), &["choose another --preset"]);
}

#[test]
fn imports_may_be_allowed_by_their_module() {
    let place = Place::new();
    place.file(
        "extra.wat",
        r#"(module (import "env" "a" (func)) (import "env" "b" (func (param i32))) (import "other" "c" (func))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    place.detwasi(&["run", "--allow-import", "env::*", "--allow-import", "other::c", "extra.wat"]).assert(0, "");
    place.detwasi(&["run", "--allow-import", "*", "extra.wat"]).assert(0, "");
    let ran = place.detwasi(&["run", "--allow-import", "env::*", "extra.wat"]);
    told(&ran, &["`other::c`"]);
    assert!(!ran.stderr.contains("env::"), "{ran:?}");
    told(&place.detwasi(&["run", "--allow-import", "env::*x", "extra.wat"]), &["`env::a`, `env::b`, `other::c`"]);

    place.file("foreign.wat", crate::component_guests::foreign());
    let allow = ["run", "--allow-import", "wasi:nn/*", "foreign.wat"];
    let ran = place.detwasi(&allow);
    assert!(!ran.stderr.contains("wasi:nn"), "{ran:?}");
    assert!(ran.stderr.contains("`log`"), "{ran:?}");
}

#[test]
fn a_guest_may_come_from_standard_input() {
    let place = Place::new();
    let run = |args: &[&str], guest: &[u8]| place.detwasi_with(&[&["run"], args].concat(), guest, |_| ());
    let binary = wat::parse_str(guests::args()).expect("a module");
    run(&["-", "a"], guests::args().as_bytes()).assert(0, "-\0a\0");
    run(&["--argv0", "g", "-", "a"], &binary).assert(0, "g\0a\0");
    // Its own input is empty then, or a file.
    run(&["-"], guests::echo().as_bytes()).assert(0, "");
    place.file("input", "from a file");
    run(&["--stdin", "input", "-"], guests::echo().as_bytes()).assert(0, "from a file");
    told(&run(&["-"], b""), &["`-`", "empty"]);
    let audited = place.detwasi_with(&["audit", "-"], guests::args().as_bytes(), |_| ());
    assert_eq!(audited.code, Some(0), "{audited:?}");
    // A file of that name has another path.
    place.file("-", guests::args());
    place
        .detwasi_with(&["run", "./-"], b"", |command| {
            command.stdin(Stdio::null());
        })
        .assert(0, "-\0");
}

#[test]
fn completions_and_manual_pages() {
    let place = Place::new();
    for (shell, says) in [("bash", "_detwasi()"), ("zsh", "#compdef detwasi"), ("fish", "complete -c detwasi")] {
        let ran = place.detwasi(&["completions", shell]);
        let script = String::from_utf8(ran.stdout).expect("text");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(script.contains(says) && script.contains("max-memory"), "{script}");
    }
    told(&place.detwasi(&["completions", "command.com"]), &["command.com", "bash"]);
    for (args, says) in [
        (&["man"][..], &[".TH detwasi 1", "detwasi\\-run"][..]),
        (&["man", "run"], &[".TH detwasi-run 1", "\\-\\-max\\-memory"]),
        (&["man", "audit"], &[".TH detwasi-audit 1"]),
    ] {
        let ran = place.detwasi(args);
        let page = String::from_utf8(ran.stdout).expect("text");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        for text in says {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
    told(&place.detwasi(&["man", "walk"]), &["`walk`", "compare"]);
}
