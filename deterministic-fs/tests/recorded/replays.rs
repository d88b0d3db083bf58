use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use deterministic_fs::{DEFAULT_CAPACITY, Tree, describe_exchange};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::operations::{Guest, Operation, operation};
use super::*;

fn tree() -> Arc<Tree> {
    let mut tree = Tree::new();
    tree.insert_file("a/b", *b"of the tree").expect("a file");
    Arc::new(tree)
}

/// Two writable directories, the first once more and read-only, and a tree between them.
fn live(first: &Path, second: &Path, tape: &Tape, recorder_first: bool) -> Guest {
    let mut fs = FileSystem::new(EPOCH, DEFAULT_CAPACITY);
    if recorder_first {
        fs.record_live(Box::new(tape.clone())).expect("a new file system");
    }
    fs.mount_live(open_dir(first), "/first", Access::ReadWrite);
    fs.mount_hermetic(&tree(), "/tree", Access::ReadWrite).expect("room");
    fs.mount_live(open_dir(second), "/second", Access::ReadWrite);
    fs.mount_live(open_dir(first), "/again", Access::ReadOnly);
    if !recorder_first {
        fs.record_live(Box::new(tape.clone())).expect("nothing was opened");
    }
    Guest::new(fs)
}

fn replay(exchanges: Vec<Exchange>) -> Guest {
    let mut fs = FileSystem::new(EPOCH, DEFAULT_CAPACITY);
    fs.replay_live(Player::new(exchanges)).expect("a new file system");
    fs.mount_replayed("/first", Access::ReadWrite).expect("the first");
    fs.mount_hermetic(&tree(), "/tree", Access::ReadWrite).expect("room");
    fs.mount_replayed("/second", Access::ReadWrite).expect("the second");
    fs.mount_replayed("/again", Access::ReadOnly).expect("the third");
    Guest::new(fs)
}

/// Records and replays, and gives what the guest was told.
fn equal(operations: &[Operation], recorder_first: bool) -> Vec<String> {
    let host = tempfile::tempdir().expect("a directory");
    let [first, second] = ["first", "second"].map(|name| host.path().join(name));
    fs::create_dir_all(first.join("a/b")).expect("a directory");
    fs::create_dir(&second).expect("a directory");
    fs::write(first.join("a/c"), "from the host").expect("a file");
    fs::hard_link(first.join("a/c"), second.join("c")).expect("a link");
    std::os::unix::fs::symlink("a/b", first.join("b")).expect("a link");
    std::os::unix::fs::symlink("/etc", second.join("b")).expect("a link");
    let tape = Tape::new();
    let mut guest = live(&first, &second, &tape, recorder_first);
    let told: Vec<String> = operations.iter().map(|operation| guest.step(operation)).collect();
    drop(guest);
    host.close().expect("it was removed");
    assert!(!first.exists());

    let exchanges = tape.exchanges();
    for (question, answer) in &exchanges {
        let described = describe_exchange(question, answer);
        assert!(described.chars().count() <= 200 && !described.contains("that are no"), "{described}");
    }
    let mut guest = replay(exchanges);
    for (operation, told) in operations.iter().zip(&told) {
        assert_eq!(&guest.step(operation), told, "{operation:?}");
    }
    // All that was answered was asked for: the next is not answered.
    let next = guest.fs.stat(&guest.open[0]);
    assert!(matches!(&next, Err(Error::NotReplayed(error)) if error.to_string().contains("ends here")), "{next:?}");
    told
}

/// The generated operations are not only refused.
#[test]
fn all_operations_are_done_and_refused() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    let strategy = prop::collection::vec(operation(), 200);
    for run in 0..60 {
        let operations = strategy.new_tree(&mut runner).expect("operations").current();
        let told = equal(&operations, run % 2 == 0);
        seen.extend(operations.iter().zip(&told).map(|(operation, told)| (operation.name(), told.starts_with("Ok"))));
    }
    let names: BTreeSet<&String> = seen.iter().map(|(name, _)| name).collect();
    let missing: Vec<_> = names
        .into_iter()
        .flat_map(|name| [(name.clone(), true), (name.clone(), false)])
        .filter(|case| !seen.contains(case))
        .collect();
    let never = |name: &str| (name.to_owned(), false);
    // Closing is not answered.
    assert_eq!(missing, [("Close".to_owned(), true), never("Stat"), never("Sync")]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn all_operations_replay_without_the_directories(
        operations in prop::collection::vec(operation(), 1..200),
        recorder_first: bool,
    ) {
        let _ = equal(&operations, recorder_first);
    }
}

/// Recording changes nothing that the guest is told.
#[test]
fn recording_shows_nothing() {
    let outcome = |tape: Option<&Tape>| {
        let host = tempfile::tempdir().expect("a directory");
        fs::write(host.path().join("in"), "text").expect("a file");
        let mut fs = FileSystem::new(EPOCH, 0);
        if let Some(tape) = tape {
            fs.record_live(Box::new(tape.clone())).expect("a new file system");
        }
        fs.mount_live(open_dir(host.path()), "/", Access::ReadWrite);
        let root = root(&fs);
        let file = fs.open_at(&root, "in", WRITE).expect("a file");
        fs.write(&file, b"more", Position::End).expect("a write");
        let mut buf = [0; 20];
        let count = fs.read(&file, &mut buf, 0).expect("a read");
        let listing = fs.read_directory(&root).expect("a listing");
        format!("{:?} {:?} {listing:?}", &buf[..count], fs.stat(&file).expect("a stat"))
    };
    assert_eq!(outcome(Some(&Tape::new())), outcome(None));
}

/// Of a file of 100 MB; twelve beyond 256 MB and handle 127.
#[test]
fn a_read_costs_ten_bytes() {
    let host = tempfile::tempdir().expect("a directory");
    fs::File::create(host.path().join("f")).and_then(|file| file.set_len(100_000_000)).expect("a file");
    let tape = Tape::new();
    let (mut fs, root) = recorded(host.path(), &tape);
    let file = fs.open_at(&root, "f", READ).expect("a file");
    let before = tape.exchanges().len();
    let mut buf = vec![0; 65536];
    for len in [1, 100, 4096, 65536] {
        for offset in [0, 4096, 1_000_000, 99_999_000] {
            fs.read(&file, &mut buf[..len], offset).expect("a read");
            let (question, answer) = tape.exchanges().pop().expect("it was recorded");
            let content = len.min(100_000_000 - offset as usize);
            let overhead = question.len() + answer.len() - content;
            assert!(overhead <= 10, "{overhead} bytes for {len}@{offset}");
        }
    }
    assert_eq!(tape.exchanges().len(), before + 16);
    // What is written costs its digest.
    let file = fs.open_at(&root, "g", CREATE).expect("a file");
    fs.write(&file, &buf, Position::At(1 << 20)).expect("a write");
    let (question, answer) = tape.exchanges().pop().expect("it was recorded");
    assert!(question.len() + answer.len() <= 30);
}

/// Random bytes are the run's own in a replay, too.
#[cfg(target_os = "linux")]
#[test]
fn devices_replay() {
    let tape = Tape::new();
    let told = |fs: &mut FileSystem, root: &Handle| {
        let mut told = Vec::new();
        for name in ["null", "zero", "full", "random", "urandom"] {
            let device = fs.open_at(root, name, WRITE).expect(name);
            let mut buf = [7; 8];
            told.push(format!("{:?}", fs.read(&device, &mut buf, 5)));
            assert_eq!(matches!(fs.read(&device, &mut buf, 0), Err(Error::RandomDevice)), name.contains("random"));
            told.push(format!("{buf:?} {:?} {:?}", fs.write(&device, b"text", Position::End), fs.stat(&device)));
            told.push(format!("{:?} {:?}", fs.sync(&device, true), device.file_type()));
        }
        told
    };
    let (mut fs, root) = recorded(Path::new("/dev"), &tape);
    let recorded = told(&mut fs, &root);
    let (mut fs, root) = replayed(Player::new(tape.exchanges()));
    assert_eq!(told(&mut fs, &root), recorded);
}

/// What the same code mounts, whether it is a replay or not.
#[test]
fn a_replay_does_not_look_at_a_directory_that_is_mounted() {
    let host = tempfile::tempdir().expect("a directory");
    fs::write(host.path().join("in"), "text").expect("a file");
    let tape = Tape::new();
    let (mut fs, root_handle) = recorded(host.path(), &tape);
    let stat = fs.stat_at(&root_handle, "in", false).expect("a stat");

    let other = tempfile::tempdir().expect("a directory");
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.replay_live(Player::new(tape.exchanges())).expect("a new file system");
    fs.mount_live(open_dir(other.path()), "/", Access::ReadWrite);
    let root = root(&fs);
    assert_eq!(fs.stat_at(&root, "in", false).expect("as recorded"), stat);
}
