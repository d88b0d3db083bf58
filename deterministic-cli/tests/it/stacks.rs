//! The stack that a guest runs on: as much as was asked for, whatever the shell gives to a process.

use crate::Place;

/// A function that calls itself so often that 512 KiB are too little and a few MiB enough.
const DEEP: &str = r#"(func $deep (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))"#;

fn module() -> String {
    format!(
        r#"(module (memory (export "memory") 1) {DEEP} (func (export "_start") (drop (call $deep (i32.const 60000)))))"#
    )
}

/// The same in a component, which runs on another stack.
fn component() -> String {
    format!(
        r#"(component (core module $M {DEEP} (func (export "dig") (result i32) (call $deep (i32.const 60000))))
          (core instance $m (instantiate $M))
          (func (export "dig") (result u32) (canon lift (core func $m "dig"))))"#
    )
}

#[test]
fn a_guest_may_be_given_more() {
    let place = Place::new();
    place.file("deep.wat", module());
    place.file("component.wat", component());
    for (args, prints) in [(&["deep.wat"][..], ""), (&["--invoke", "dig()", "component.wat"], "60000\n")] {
        let ran = place.detwasi(&[&["run"], args].concat());
        ran.assert(134, "");
        assert!(ran.stderr.contains("(StackOverflow)"), "{ran:?}");
        place.detwasi(&[&["run", "--max-wasm-stack", "64MiB"], args].concat()).assert(0, prints);
    }
    let ran = place.detwasi(&["compare", "--runs", "1", "--max-wasm-stack", "64MiB", "deep.wat"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn what_the_shell_gives_to_a_process_ends_nothing() {
    let place = Place::new();
    place.file("deep.wat", module());
    place.file("component.wat", component());
    let detwasi = env!("CARGO_BIN_EXE_detwasi");
    for args in ["run deep.wat", "run --max-wasm-stack 64MiB deep.wat", "run --invoke dig() component.wat", "demo"] {
        let run = |limit: &str| {
            let script = format!("{limit} exec \"$0\" $1");
            let output = std::process::Command::new("sh")
                .args(["-c", &script, detwasi, args])
                .current_dir(place.0.path())
                .stdin(std::process::Stdio::null())
                .output()
                .expect("a shell");
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        assert_eq!(run("ulimit -s 512;"), run(""), "{args}");
    }
}

#[test]
fn a_stack_that_there_cannot_be_is_refused() {
    let place = Place::new();
    place.file("deep.wat", module());
    for (size, says) in [("0", "without a stack"), ("1EiB", "lower --max-wasm-stack"), ("-1", "give bytes")] {
        let ran = place.detwasi(&["run", "--max-wasm-stack", size, "deep.wat"]);
        ran.assert(2, "");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{size}: {ran:?}");
    }
}

#[test]
fn it_is_a_part_of_the_runs_name_unless_it_is_the_one_by_default() {
    let place = Place::new();
    place.file("args.wat", crate::guests::args());
    let fingerprint = |args: &[&str]| {
        let ran = place.detwasi(&[&["run", "--report", "report.json"], args, &["args.wat"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        place.json("report.json")["fingerprint"].to_string()
    };
    let plain = fingerprint(&[]);
    assert_eq!(fingerprint(&["--max-wasm-stack", "512KiB"]), plain);
    assert_ne!(fingerprint(&["--max-wasm-stack", "1MiB"]), plain);
    // Under `strict` the limit on call depth follows from it.
    let strict = fingerprint(&["--preset", "strict"]);
    assert_ne!(fingerprint(&["--preset", "strict", "--max-wasm-stack", "1MiB"]), strict);
}
