use std::fs;
use std::time::{Duration, SystemTime};

use deterministic_fs::{NewTime, Times};

use super::*;

const LATER: u64 = NOW + 1_000_000_001;

/// Access, modification, change.
fn times(stat: Stat) -> (u64, u64, u64) {
    let Times { access, modification, change } = stat.times;
    (access, modification, change)
}

const UNTOUCHED: (u64, u64, u64) = (EPOCH, EPOCH, EPOCH);
const ENTRIES: (u64, u64, u64) = (EPOCH, NOW, NOW);
const CHANGED: (u64, u64, u64) = (EPOCH, EPOCH, NOW);
const MADE: (u64, u64, u64) = (NOW, NOW, NOW);

/// What a test starts from: `d/f`, `e/` and `l` -> `d/f`, which the guest has not touched.
fn tree() -> (tempfile::TempDir, FileSystem, Handle) {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["d", "e"] {
        fs::create_dir(dir.path().join(name)).expect("a directory");
    }
    fs::write(dir.path().join("d/f"), "text").expect("a file");
    std::os::unix::fs::symlink("d/f", dir.path().join("l")).expect("a link");
    let (fs, root) = writable(dir.path());
    (dir, fs, root)
}

fn check(fs: &mut FileSystem, root: &Handle, expected: &[(&str, (u64, u64, u64))]) {
    for (path, expected) in expected {
        assert_eq!(times(stat(fs, root, path)), *expected, "{path}");
    }
}

#[test]
fn reading_touches_nothing() {
    let (_dir, mut fs, root) = tree();
    let mut out = String::new();
    walk(&mut fs, &root, "", &mut out);
    let file = fs.open_at(&root, "d/f", WRITE).expect("a file");
    assert_eq!(fs.write(&file, b"", Position::End).expect("a write"), 0);
    let _ = fs.open_at(&root, "d/f", CREATE).expect("a file");
    fails(fs.open_at(&root, "d/f", NEW), ErrorCode::Exist);
    fails(fs.create_directory_at(&root, "e"), ErrorCode::Exist);
    fails(fs.remove_directory_at(&root, "d"), ErrorCode::NotEmpty);
    fails(fs.unlink_file_at(&root, "d/g"), ErrorCode::NoEntry);
    check(
        &mut fs,
        &root,
        &[(".", UNTOUCHED), ("d", UNTOUCHED), ("d/f", UNTOUCHED), ("e", UNTOUCHED), ("l", UNTOUCHED)],
    );
}

#[test]
fn making() {
    let (_dir, mut fs, root) = tree();
    fs.create_directory_at(&root, "d/new/").expect("a directory");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", ENTRIES), ("d/new", MADE), ("d/f", UNTOUCHED)]);
    let (_dir, mut fs, root) = tree();
    fs.symlink_at(&root, "f", "d/new").expect("a link");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", ENTRIES), ("d/new", MADE)]);
    for options in [CREATE, NEW] {
        let (_dir, mut fs, root) = tree();
        fs.open_at(&root, "e/new", options).expect("a file");
        check(&mut fs, &root, &[(".", UNTOUCHED), ("d", UNTOUCHED), ("e", ENTRIES), ("e/new", MADE)]);
        fs.open_at(&root, "new", options).expect("a file");
        check(&mut fs, &root, &[(".", ENTRIES), ("new", MADE)]);
    }
    // Through a link that leads nowhere yet: the directory of the file, not that of the link.
    let (dir, mut fs, root) = tree();
    std::os::unix::fs::symlink("../e/new", dir.path().join("d/to")).expect("a link");
    fs.open_at(&root, "d/to", CREATE).expect("a file");
    check(&mut fs, &root, &[("d", UNTOUCHED), ("d/to", UNTOUCHED), ("e", ENTRIES), ("e/new", MADE)]);
    fails(fs.open_at(&root, "d/to", OpenOptions { follow: false, ..CREATE }), ErrorCode::Loop);
}

#[test]
fn writing() {
    let (_dir, mut fs, root) = tree();
    let file = fs.open_at(&root, "l", WRITE).expect("a file");
    fs.write(&file, b"x", Position::At(10)).expect("a write");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", UNTOUCHED), ("d/f", ENTRIES), ("l", UNTOUCHED)]);
    assert_eq!(contents(&mut fs, &file), "text\0\0\0\0\0\0x");
    let (_dir, mut fs, root) = tree();
    let file = fs.open_at(&root, "d/f", WRITE).expect("a file");
    fs.set_size(&file, 2).expect("a cut");
    check(&mut fs, &root, &[("d", UNTOUCHED), ("d/f", ENTRIES)]);
    assert_eq!(contents(&mut fs, &file), "te");
    let (_dir, mut fs, root) = tree();
    fs.open_at(&root, "d/f", OpenOptions { truncate: true, ..CREATE }).expect("a file");
    check(&mut fs, &root, &[("d", UNTOUCHED), ("d/f", ENTRIES)]);
    assert_eq!(stat(&mut fs, &root, "d/f").size, 0);
}

#[test]
fn renaming_and_removing() {
    let (_dir, mut fs, root) = tree();
    fs.rename_at(&root, "d/f", &root, "e/f").expect("a rename");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", ENTRIES), ("e", ENTRIES), ("e/f", CHANGED)]);
    let (_dir, mut fs, root) = tree();
    fs.rename_at(&root, "d", &root, "g").expect("a rename");
    check(&mut fs, &root, &[(".", ENTRIES), ("g", CHANGED), ("g/f", UNTOUCHED)]);
    let (_dir, mut fs, root) = tree();
    fs.link_at(&root, "d/f", false, &root, "e/f").expect("a link");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", UNTOUCHED), ("e", ENTRIES), ("e/f", CHANGED)]);
    let (_dir, mut fs, root) = tree();
    let file = fs.open_at(&root, "d/f", READ).expect("a file");
    fs.unlink_file_at(&root, "d/f").expect("an unlink");
    check(&mut fs, &root, &[(".", UNTOUCHED), ("d", ENTRIES)]);
    assert_eq!(times(fs.stat(&file).expect("a stat")), CHANGED);
    fs.remove_directory_at(&root, "e").expect("no directory");
    check(&mut fs, &root, &[(".", ENTRIES)]);
}

#[test]
fn setting() {
    let (dir, mut fs, root) = tree();
    let (old, odd) = (NewTime::At(3), NewTime::At(LATER));
    let on_host = |path: &str| {
        let metadata = dir.path().join(path).symlink_metadata().expect("an object");
        [metadata.accessed(), metadata.modified()].map(|time| {
            let since = time.expect("a time").duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
            u64::try_from(since.as_nanos()).expect("before 2554")
        })
    };
    for (path, follow, at) in
        [("d/f", true, "d/f"), ("e", false, "e"), ("l", false, "l"), ("l", true, "d/f"), (".", true, ".")]
    {
        fs.set_times_at(&root, path, follow, old, odd).expect("times");
        // First: a link is read to be looked at.
        assert_eq!(on_host(at), [3, LATER]);
        assert_eq!(times(stat(&mut fs, &root, at)), (3, LATER, NOW));
        fs.set_times_at(&root, path, follow, NewTime::Now, NewTime::Keep).expect("times");
        assert_eq!(on_host(at), [NOW, LATER]);
        assert_eq!(times(stat(&mut fs, &root, at)), (NOW, LATER, NOW));
    }
    for path in ["d/f", "d"] {
        let object = fs.open_at(&root, path, READ).expect("an object");
        fs.set_times(&object, odd, NewTime::Now).expect("times");
        assert_eq!(times(fs.stat(&object).expect("a stat")), (LATER, NOW, NOW));
        assert_eq!(on_host(path), [LATER, NOW]);
    }
    // The mount itself, which the embedder opened.
    fs.set_times(&root, old, old).expect("times");
    assert_eq!(times(fs.stat(&root).expect("a stat")), (3, 3, NOW));
    assert_eq!(on_host("."), [3, 3]);
    // The last nanosecond there is. What the host makes of it is its affair; the guest gets back what it set.
    if fs.set_times_at(&root, "e", true, NewTime::Keep, NewTime::At(u64::MAX)).is_ok() {
        assert_eq!(stat(&mut fs, &root, "e").times.modification, u64::MAX);
    }
    fails(fs.set_times_at(&root, "none", true, old, old), ErrorCode::NoEntry);
    fails(fs.set_times_at(&root, "d/f/", true, old, old), ErrorCode::NotDirectory);
}

/// Nothing of the host's times is seen, nor of the sizes of its directories.
#[test]
fn the_host_does_not_show() {
    let (dir, mut fs, root) = tree();
    let future = SystemTime::now() + Duration::from_secs(1 << 30);
    fs::File::open(dir.path().join("d/f")).expect("a file").set_modified(future).expect("a time");
    check(&mut fs, &root, &[("d/f", UNTOUCHED), ("d", UNTOUCHED)]);
    assert_eq!((stat(&mut fs, &root, "d").size, stat(&mut fs, &root, "l").size), (0, 3));
}
