//! What the host tests rely on: every guest is there, under its name, and the same wherever it was compiled.

use std::path::Path;

use test_programs::{ALL, Guest};

macro_rules! names {
    ($($name:ident)*) => { [$(stringify!($name)),*] };
}

#[test]
fn every_guest_is_listed_once_by_name() {
    let listed: Vec<_> = ALL.iter().map(|guest| guest.name).collect();
    assert!(listed.is_sorted_by(|a, b| a < b), "{listed:?}");
    assert_eq!(listed, test_programs::foreach_guest!(names));
}

#[test]
fn every_source_is_a_guest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = 0;
    for directory in ["rust", "c", "wat"] {
        for entry in root.join(directory).read_dir().unwrap() {
            sources += usize::from(entry.unwrap().path().is_file());
        }
    }
    assert_eq!(sources, ALL.len());
}

#[test]
fn guests_are_modules_in_the_format_of_their_language() {
    for guest in ALL {
        if guest.name.starts_with("wat_") {
            assert!(guest.wasm.starts_with(b";;"), "{}", guest.name);
        } else {
            assert!(guest.wasm.starts_with(b"\0asm\x01\0\0\0"), "{}", guest.name);
        }
    }
}

#[test]
fn guests_hold_no_path_of_this_machine() {
    for place in [env!("CARGO_MANIFEST_DIR"), env!("CARGO_TARGET_TMPDIR")] {
        for Guest { name, wasm, .. } in ALL {
            assert!(!wasm.windows(place.len()).any(|bytes| bytes == place.as_bytes()), "{name} holds {place}");
        }
    }
}

#[test]
fn guests_that_must_trap_are_known_by_their_name() {
    assert!(test_programs::WAT_TRAP_CLOCK_OOB.must_trap());
    assert!(test_programs::RUST_TRAP_PANIC.must_trap());
    assert!(!test_programs::RUST_SLEEP.must_trap());
    assert!(!test_programs::C_CLOCK.must_trap());
}
