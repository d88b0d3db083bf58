//! Text that a guest made: it neither grows nor moves a cursor nor forges a line.

use crate::{Place, Ran, guests};

/// What would turn the terminal red, and begin a line of its own.
const RED: &str = r"x\1b[31mred\nfake: line\e2\80\ae\c2\9b";

/// In text of ours there is nothing but lines.
#[track_caller]
fn assert_harmless(text: &str) {
    let is_harmful =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    assert!(!text.contains(is_harmful), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("fake")), "{text}");
}

#[track_caller]
fn run(place: &Place, guest: impl AsRef<[u8]>, code: i32) -> Ran {
    place.file("guest.wat", guest);
    let ran = place.detwasi(&["run", "guest.wat"]);
    ran.assert(code, "");
    assert_harmless(&ran.stderr);
    ran
}

#[test]
fn names_in_frames_are_written_out() {
    let place = Place::new();
    let text =
        format!(r#"(module (@name "{RED}") (func $f (@name "{RED}") unreachable) (func (export "_start") (call $f)))"#);
    let ran = run(&place, text, 134);
    let name = r"x\u{1b}[31mred\nfake: line\u{202e}\u{9b}";
    assert!(ran.stderr.contains(&format!(" - {name}!{name}\n")), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 4, "{ran:?}");
}

#[test]
fn names_in_frames_are_those_of_the_source() {
    let place = Place::new();
    let text = r#"(module (@name "m") (func $f (@name "_ZN3foo3barEv") unreachable)
        (func $g (@name "_ZN4core3fmt5write17h0123456789abcdefE") (call $f)) (func (export "_start") (call $g)))"#;
    let ran = run(&place, text, 134);
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(lines[1], "error while executing at wasm backtrace:");
    assert!(lines[2].starts_with("    0:     0x") && lines[2].ends_with(" - m!foo::bar()"), "{ran:?}");
    assert!(
        lines[3].starts_with("    1:     0x") && lines[3].ends_with(" - m!core::fmt::write::h0123456789abcdef"),
        "{ran:?}"
    );
    assert!(lines[4].ends_with(" - m!<wasm function 2>"), "{ran:?}");
}

#[test]
fn names_do_not_grow() {
    let place = Place::new();
    // 167 megabytes, if they are demangled whole.
    let mut mangled = String::from("_Z1f1AI1BS0_E");
    for digit in "123456789ABCDEFGHI".chars() {
        mangled += &format!("S_IS{digit}_S{digit}_E");
    }
    mangled += &"SJ_".repeat(20);
    for name in [mangled, "long ".repeat(20_000)] {
        let ran = run(
            &place,
            format!(r#"(module (func $f (@name "{name}") unreachable) (start $f))"#)
                .replace("(start", r#"(func (export "_start")) (start"#),
            134,
        );
        assert!(ran.stderr.len() < 2000, "{} bytes", ran.stderr.len());
    }
}

#[test]
fn imports_are_written_out_and_listed_up_to_a_number() {
    let place = Place::new();
    let one = format!(r#"(module (import "{RED}" "b" (func)) (func (export "_start")))"#);
    let ran = run(&place, &one, 2);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains(r"`x\u{1b}[31mred\nfake: line\u{202e}\u{9b}::b`"), "{ran:?}");

    let ran = place.detwasi(&["audit", "guest.wat"]);
    let table = String::from_utf8(ran.stdout).expect("text");
    assert_harmless(&table);
    assert_eq!(table.lines().count(), 1, "{table}");
    // For programs it is as it is.
    let ran = place.detwasi(&["audit", "--json", "guest.wat"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let name = "x\u{1b}[31mred\nfake: line\u{202e}\u{9b}::b";
    assert_eq!(report["imports"][0]["name"], name);
    let called = one.replace("(func))", "(func $b))").replace("_start\")", "_start\") (call $b)");
    place.file("called.wat", called);
    let ran = place.detwasi(&["run", "--allow-import", name, "called.wat"]);
    ran.assert(134, "");
    assert_harmless(&ran.stderr);

    let many: String = (0..1000).map(|at| format!(r#"(import "env" "{}{at}" (func))"#, "n".repeat(1000))).collect();
    let ran = run(&place, format!("(module {many} (func (export \"_start\")))"), 2);
    assert!(ran.stderr.len() < 10_000 && ran.stderr.contains("and 980 more"), "{ran:?}");
}

#[test]
fn exports_and_their_types_are_written_out_and_cut() {
    let place = Place::new();
    place.file("red.wat", format!(r#"(module (func (export "{RED}")))"#));
    let ran = place.detwasi(&["run", "--invoke", "f()", "red.wat"]);
    ran.assert(2, "");
    assert_harmless(&ran.stderr);

    // A type of 900 000 parts.
    let tuple =
        |name: &str, of: &str, times: usize| format!("(type ${name} (tuple {}))", format!("{of} ").repeat(times));
    let types = [tuple("a", "u8", 100), tuple("b", "$a", 100), tuple("c", "$b", 90)].concat();
    place.file(
        "wide.wat",
        format!(
            r#"(component
                (core module $m (memory (export "memory") 1) (func (export "f") (param i32))
                    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
                (core instance $i (instantiate $m))
                {types}
                (func (export "f") (param "p" $c)
                    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
        ),
    );
    for call in ["g()", "f(1)"] {
        let ran = place.detwasi(&["run", "--invoke", call, "wide.wat"]);
        ran.assert(2, "");
        assert!(
            ran.stderr.len() < 4000 && ran.stderr.contains("tuple<tuple<tuple<u8, u8"),
            "{} bytes",
            ran.stderr.len()
        );
    }
}

#[test]
fn what_the_guest_prints_itself_is_its_own() {
    let place = Place::new();
    place.file("echo.wat", guests::echo());
    let ran = place.detwasi_with(&["run", "echo.wat"], b"\x1b[31mred\xff\x00", |_| ());
    assert_eq!(ran.stdout, b"\x1b[31mred\xff\x00");
}
