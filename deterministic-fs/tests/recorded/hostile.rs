//! Answers that nobody gave.

use std::fmt::Debug;

use deterministic_fs::{FileType, NewTime, describe_exchange};
use proptest::prelude::*;

use super::operations::{Guest, operation};
use super::*;

/// What an operation is told, if it is what an answer can be.
fn told<T: Debug>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(told) => Some(told),
        Err(Error::Code(_) | Error::Exhausted { .. } | Error::RandomDevice | Error::Ended { .. }) => None,
        Err(Error::Malformed { question, what }) => {
            assert!(!question.contains("no question") && !what.is_empty());
            None
        }
        other => panic!("{other:?}"),
    }
}

/// Every operation is answered so.
fn answer_all(answer: &[u8]) {
    let ask = |operation: &mut dyn FnMut(&mut FileSystem, &Handle, &Handle)| {
        let (mut fs, root) = replayed(Box::new(Always(answer.into())));
        let file = fs.open_at(&root, "file", WRITE).expect("this is answered");
        operation(&mut fs, &root, &file);
    };
    ask(&mut |fs, root, file| {
        if let Some(opened) = told(fs.open_at(root, "a", READ)) {
            assert!(matches!(
                opened.file_type(),
                FileType::Directory | FileType::RegularFile | FileType::CharacterDevice
            ));
            assert!(answer.starts_with(&[0, 2]), "it has the next number");
            assert_eq!(fs.is_same_object(&opened, file), answer[2] == 1);
        }
    });
    ask(&mut |fs, _, file| {
        let mut buf = [7; 20];
        let count = told(fs.read(file, &mut buf, 3)).unwrap_or(0);
        assert!(count == 0 || answer[1..] == buf[..count]);
        assert!(buf[count..].iter().all(|byte| *byte == 7));
    });
    ask(&mut |fs, _, file| assert!(told(fs.write(file, b"text", Position::End)).is_none_or(|count| count <= 4)));
    ask(&mut |fs, _, file| assert!(told(fs.stat(file)).is_none_or(|stat| i64::try_from(stat.size).is_ok())));
    ask(&mut |fs, root, _| assert!(told(fs.stat_at(root, "a", true)).is_none_or(|stat| stat.size < 1 << 63)));
    ask(&mut |fs, root, _| {
        let Some(list) = told(fs.read_directory(root)) else { return };
        assert!(list.len() * 19 < answer.len());
        assert!(list.iter().all(|entry| !entry.name.is_empty() && !entry.name.contains(['/', '\0'])));
        assert!(list.windows(2).all(|pair| pair[0].name <= pair[1].name));
    });
    ask(&mut |fs, root, _| assert!(told(fs.readlink_at(root, "a")).is_none_or(|target| target.len() < answer.len())));
    let done = |result| assert_eq!(told(result).is_some(), answer == [0]);
    ask(&mut |fs, _, file| done(fs.set_size(file, 9)));
    ask(&mut |fs, _, file| done(fs.sync(file, false)));
    ask(&mut |fs, root, _| done(fs.set_times(root, NewTime::Now, NewTime::Keep)));
    ask(&mut |fs, root, _| done(fs.set_times_at(root, "a", true, NewTime::Now, NewTime::Keep)));
    ask(&mut |fs, root, _| done(fs.create_directory_at(root, "a")));
    ask(&mut |fs, root, _| done(fs.symlink_at(root, "a", "b")));
    ask(&mut |fs, root, _| done(fs.link_at(root, "a", false, root, "b")));
    ask(&mut |fs, root, _| done(fs.rename_at(root, "a", root, "b")));
    ask(&mut |fs, root, _| done(fs.remove_directory_at(root, "a")));
    ask(&mut |fs, root, _| done(fs.unlink_file_at(root, "a")));
}

/// What is printed is one line of no more than a screen's width or two, without a terminal's commands.
fn describe(question: &[u8], answer: &[u8]) -> String {
    let (both, one) = (describe_exchange(question, answer), describe_question(question));
    for text in [&both, &one] {
        assert!(text.chars().count() <= 200, "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    both
}

/// Real exchanges of every kind.
fn exchanges() -> Vec<Exchange> {
    let host = tempfile::tempdir().expect("a directory");
    let tape = Tape::new();
    let (mut fs, root) = recorded(host.path(), &tape);
    let file = fs.open_at(&root, "f", CREATE).expect("a file");
    fs.write(&file, b"text", Position::End).expect("a write");
    fs.read(&file, &mut [0; 9], 0).expect("a read");
    fs.stat(&file).expect("a stat");
    fs.symlink_at(&root, "f", "l").expect("a link");
    fs.readlink_at(&root, "l").expect("a link");
    fs.read_directory(&root).expect("a listing");
    fs.set_times_at(&root, "l", true, NewTime::Now, NewTime::At(5)).expect("times");
    fs.rename_at(&root, "l", &root, "m").expect("a rename");
    fs.stat_at(&root, "l", false).expect_err("it is gone");
    tape.exchanges()
}

#[test]
fn answers_that_are_cut_or_flipped_are_typed_errors() {
    for (question, answer) in exchanges() {
        for end in 0..answer.len() {
            answer_all(&answer[..end]);
            describe(&question, &answer[..end]);
        }
        for bit in 0..answer.len() * 8 {
            let mut flipped = answer.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            answer_all(&flipped);
            describe(&question, &flipped);
        }
        answer_all(&[&answer[..], &[0]].concat());
        for end in 0..question.len() {
            assert!(describe(&question[..end], &answer).contains("that are no question"));
        }
        for bit in 0..question.len() * 8 {
            let mut flipped = question.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            describe(&flipped, &answer);
        }
    }
}

/// However much an answer says that there is, no more memory is asked for than it has bytes for.
#[test]
fn lengths_are_not_believed() {
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    for head in [&[0][..], &[0x42], &[0x40, 0], &[0, 2], &[0, 2, 2]] {
        answer_all(&[head, &most].concat());
        answer_all(&[head, &most[1..], &[0; 30]].concat());
    }
    let entry = [&[0, 1][..], &[9; 16], &most].concat();
    answer_all(&entry);
    // A write of which more was written than there was.
    answer_all(&[0, 5]);
    answer_all(&[0, 4]);
    // A file that is longer than files can be.
    answer_all(&[&[0, 2][..], &[9; 16], &[1], &most, &[0, 0, 0]].concat());
}

#[test]
fn names_that_cannot_be_are_refused() {
    let list = |names: &[&str]| {
        let mut answer = vec![0];
        for name in names {
            answer.extend_from_slice(&[2; 17]);
            answer.push(name.len() as u8);
            answer.extend_from_slice(name.as_bytes());
        }
        let (mut fs, root) = replayed(Box::new(Always(answer)));
        fs.read_directory(&root).map(|list| list.len())
    };
    assert_eq!(list(&[]).expect("a listing"), 0);
    assert_eq!(list(&["a", "a", "b"]).expect("a listing"), 3);
    for names in [&["b", "a"][..], &[""], &["."], &[".."], &["a/b"], &["a\0"]] {
        assert!(matches!(list(names), Err(Error::Malformed { .. })), "{names:?}");
    }
}

/// A path that is too long to show, of characters that are.
#[test]
fn descriptions_are_short() {
    for path in ["\u{202e}\u{1b}[2J\n".repeat(300), "ä\u{1f600}\"".repeat(300), "a".repeat(1 << 20)] {
        let tape = Tape::new();
        let host = tempfile::tempdir().expect("a directory");
        let (mut fs, root) = recorded(host.path(), &tape);
        let _ = fs.rename_at(&root, &path, &root, &path);
        let _ = fs.symlink_at(&root, &path, &path);
        for (question, answer) in tape.exchanges() {
            assert!(question.len() < 8300);
            let described = describe(&question, &answer);
            assert!(described.contains(" → "), "{described}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_a_typed_error(
        answer in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            prop::collection::vec(0_u8..8, 0..100),
            (0_u8..5, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(head, rest)| [&[0, head][..], &rest].concat()),
        ],
        question in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            (0_u8..20, prop::collection::vec(0_u8..20, 0..60)).prop_map(|(head, rest)| [&[head, 0][..], &rest].concat()),
        ],
    ) {
        answer_all(&answer);
        describe(&question, &answer);
    }

    /// A guest that goes on whatever it is told.
    #[test]
    fn a_run_on_answers_that_nobody_gave_ends(
        operations in prop::collection::vec(operation(), 1..40),
        answer in prop_oneof![
            Just(vec![0]),
            prop::collection::vec(any::<u8>(), 0..30),
            (0_u8..9, 0_u8..9, 1_u8..7).prop_map(|(handle, object, kind)| vec![0, handle, object, kind]),
        ],
    ) {
        let (fs, _) = replayed(Box::new(Always(answer)));
        let mut guest = Guest::new(fs);
        for operation in &operations {
            guest.step(operation);
        }
    }
}
