use std::fmt::Write as _;

use deterministic_fs::{NewTime, describe_exchange};

use super::*;

/// Each operation once, and what it is as bytes: long answers by their beginning and end.
#[test]
fn exchanges_have_these_bytes() {
    let host = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(host.path().join("d")).expect("a directory");
    std::fs::write(host.path().join("d/f"), "text").expect("a file");
    std::os::unix::fs::symlink("d", host.path().join("l")).expect("a link");
    let tape = Tape::new();
    let (mut fs, root) = recorded(host.path(), &tape);
    let file = fs.open_at(&root, "l/f", WRITE).expect("a file");
    let again = fs.open_at(&root, "d/f", READ).expect("a file");
    assert!(fs.is_same_object(&file, &again));
    fs.read(&file, &mut [0; 300], 1).expect("a read");
    fs.write(&file, b"abc", Position::End).expect("a write");
    fs.write(&file, b"abc", Position::At(127)).expect("a write");
    fs.set_size(&file, 129).expect("a size");
    fs.sync(&file, true).expect("a sync");
    fs.set_times(&file, NewTime::At(300), NewTime::Now).expect("times");
    fs.stat(&file).expect("a stat");
    fs.stat_at(&root, "l", false).expect("a stat");
    fs.set_times_at(&root, "d/f", true, NewTime::Keep, NewTime::At(EPOCH + 8)).expect("times");
    fs.stat_at(&root, "l/f", true).expect("a stat");
    fs.read_directory(&root).expect("a listing");
    fs.create_directory_at(&root, "n").expect("a directory");
    fs.symlink_at(&root, "n/x", "s").expect("a link");
    assert_eq!(fs.readlink_at(&root, "s").expect("a link"), "n/x");
    fs.link_at(&root, "d/f", false, &root, "g").expect("a link");
    fs.rename_at(&root, "g", &root, "h").expect("a rename");
    fs.remove_directory_at(&root, "n").expect("a removal");
    fs.unlink_file_at(&root, "h").expect("an unlink");
    fails(fs.open_at(&root, "n", READ), ErrorCode::NoEntry);
    fails(fs.unlink_file_at(&root, &"x/".repeat(3000)), ErrorCode::NameTooLong);

    let mut text = String::new();
    for (question, answer) in tape.exchanges() {
        writeln!(text, "{}", describe_exchange(&question, &answer)).expect("a string");
        writeln!(text, "    {}\n    {}", hex(&question), hex(&answer)).expect("a string");
    }
    let golden = include_str!("golden.txt");
    assert!(text == golden, "the encoding changed:\n{text}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The number of each code.
#[test]
fn codes_have_these_numbers() {
    let names = [
        "access denied",
        "bad descriptor",
        "resource busy",
        "cross-device link",
        "file exists",
        "file too large",
        "illegal byte sequence",
        "no space left",
        "invalid argument",
        "input/output error",
        "is a directory",
        "too many levels of symbolic links",
        "file name too long",
        "no such file or directory",
        "not a directory",
        "directory not empty",
        "operation not permitted",
        "value too large",
        "too many links",
        "not supported",
    ];
    for (number, name) in (1..).zip(names) {
        assert_eq!(describe_exchange(&[7, 0], &[number]), format!("stat #0 → {name}"));
        let (mut fs, root) = replayed(Box::new(Always(vec![number])));
        assert_eq!(fs.stat(&root).expect_err("a code").to_string(), name);
    }
    assert_eq!(
        describe_exchange(&[7, 0], &[21]),
        "stat #0 → 1 byte that are no answer: there is no error of this number"
    );
}

/// Those that only the embedder is told of.
#[test]
fn failures_replay() {
    let failure = |answer: &[u8]| {
        let (mut fs, root) = replayed(Box::new(Always(answer.into())));
        fs.stat(&root).expect_err("a failure")
    };
    let error = failure(b"\x40\x01\x03why");
    assert!(matches!(&error, Error::Exhausted { what: "file descriptors", reason } if reason == "why"), "{error:?}");
    let error = failure(b"\x40\x00\x00");
    assert!(matches!(&error, Error::Exhausted { what: "memory", reason } if reason.is_empty()), "{error:?}");
    assert!(matches!(failure(b"\x41"), Error::RandomDevice));
    let error = failure(b"\x42\x04text");
    assert!(matches!(&error, Error::Ended { reason } if reason == "text"), "{error:?}");
    assert!(matches!(failure(b"\x40\x02\x00"), Error::Malformed { .. }));
}
