//! Hermetic mounts: room, several mounts, and guests that mean no good.

mod options;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deterministic_fs::{
    Access, DEPTH_MAX, Error, ErrorCode, FileSystem, FileType, Handle, NAME_SIZE, NewTime, OBJECT_SIZE, OpenOptions,
    Position, Result, Tree, TreeError,
};
use options::{READ, WRITE};

const CREATE: OpenOptions = OpenOptions { create: true, ..READ };

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T>, code: ErrorCode) {
    match result {
        Err(Error::Code(is)) => assert_eq!(is, code),
        other => panic!("{other:?} is not {code:?}"),
    }
}

fn mounted(capacity: u64) -> (FileSystem, Handle) {
    let mut fs = FileSystem::new(100, capacity);
    fs.mount_hermetic(&Arc::new(Tree::new()), "/", Access::ReadWrite).unwrap();
    let root = fs.preopens().next().unwrap().1.clone();
    (fs, root)
}

#[test]
fn the_last_byte_fits_and_the_next_does_not() {
    let (mut fs, root) = mounted(OBJECT_SIZE + OBJECT_SIZE + NAME_SIZE + 1 + 10);
    let file = fs.open_at(&root, "a", CREATE).unwrap();
    fails(fs.create_directory_at(&root, "b"), ErrorCode::InsufficientSpace);
    fails(fs.link_at(&root, "a", false, &root, "b"), ErrorCode::InsufficientSpace);
    // Nothing is left behind by what failed.
    assert_eq!(fs.read_directory(&root).unwrap().len(), 1);
    assert_eq!(fs.write(&file, b"0123456789ab", Position::At(0)).unwrap(), 10);
    fails(fs.write(&file, b"x", Position::End), ErrorCode::InsufficientSpace);
    assert_eq!(fs.write(&file, b"xyz", Position::At(9)).unwrap(), 1);
    assert_eq!(fs.write(&file, b"", Position::End).unwrap(), 0);
    fails(fs.set_size(&file, 11), ErrorCode::InsufficientSpace);
    fails(fs.set_size(&file, 1 << 43), ErrorCode::InsufficientSpace);
    fails(fs.set_size(&file, 1 << 62), ErrorCode::FileTooLarge);
    fails(fs.set_size(&file, 1 << 63), ErrorCode::Invalid);
    let mut buf = [0; 20];
    assert_eq!(fs.read(&file, &mut buf, 0).unwrap(), 10);
    assert_eq!(&buf[..10], b"012345678x");
    // A longer name takes room too.
    fails(fs.rename_at(&root, "a", &root, "aa"), ErrorCode::InsufficientSpace);
    fs.set_size(&file, 9).unwrap();
    fs.rename_at(&root, "a", &root, "aa").unwrap();
    fails(fs.write(&file, b"x", Position::End), ErrorCode::InsufficientSpace);
    fs.rename_at(&root, "aa", &root, "a").unwrap();
    // A gap is filled with zeros as far as there is room, and a byte must fit behind it.
    fs.set_size(&file, 0).unwrap();
    fails(fs.write(&file, b"x", Position::At(10)), ErrorCode::InsufficientSpace);
    assert_eq!(fs.write(&file, b"xy", Position::At(9)).unwrap(), 1);
    assert_eq!(fs.read(&file, &mut buf, 0).unwrap(), 10);
    assert_eq!(&buf[..10], b"\0\0\0\0\0\0\0\0\0x");
}

#[test]
fn a_file_without_a_name_takes_room_until_it_is_closed() {
    let (mut fs, root) = mounted(3 * OBJECT_SIZE + NAME_SIZE + 1 + 4 + 400);
    let file = fs.open_at(&root, "a", CREATE).unwrap();
    fs.write(&file, b"kept", Position::End).unwrap();
    fs.unlink_file_at(&root, "a").unwrap();
    assert_eq!(fs.stat(&file).unwrap().links, 0);
    fails(fs.open_at(&root, "a", READ), ErrorCode::NoEntry);
    let other = fs.open_at(&root, "a", CREATE).unwrap();
    assert!(!fs.is_same_object(&file, &other));
    assert_ne!(fs.stat(&file).unwrap().identity, fs.stat(&other).unwrap().identity);
    let mut buf = [0; 8];
    assert_eq!(fs.read(&file, &mut buf, 0).unwrap(), 4);
    let all = vec![1; 10_000];
    assert_eq!(fs.write(&other, &all, Position::End).unwrap(), 400);
    fails(fs.write(&other, &all, Position::End), ErrorCode::InsufficientSpace);
    drop(file);
    assert_eq!(fs.write(&other, &all, Position::End).unwrap() as u64, OBJECT_SIZE + 4);
}

#[test]
fn a_tree_must_fit() {
    let mut tree = Tree::new();
    tree.insert_file("abc", *b"12345").unwrap();
    tree.insert_hard_link("abc", "d").unwrap();
    let tree = Arc::new(tree);
    let size = 2 * OBJECT_SIZE + 5 + 2 * NAME_SIZE + 4;
    let mut fs = FileSystem::new(0, 2 * size - 1);
    fs.mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
    match fs.mount_hermetic(&tree, "/", Access::ReadWrite) {
        Err(TreeError::TooLarge { size: is, room }) => assert_eq!((is, room), (size, size - 1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs.preopens().len(), 1);
    let mut fs = FileSystem::new(0, 2 * size);
    fs.mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
    fs.mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
}

#[test]
fn two_mounts_of_one_tree_are_two_directories() {
    let mut tree = Tree::new();
    tree.insert_file("a", *b"shared").unwrap();
    tree.insert_directory("d").unwrap();
    let tree = Arc::new(tree);
    let mut fs = FileSystem::new(100, 1 << 20);
    fs.mount_hermetic(&tree, "/x", Access::ReadWrite).unwrap();
    fs.mount_hermetic(&tree, "/y", Access::ReadWrite).unwrap();
    let [x, y]: [Handle; 2] = fs.preopens().map(|(_, handle)| handle.clone()).collect::<Vec<_>>().try_into().unwrap();
    let [in_x, in_y] = [&x, &y].map(|dir| fs.stat_at(dir, "a", true).unwrap());
    assert_ne!(in_x.identity, in_y.identity);
    assert_eq!((in_x.times.access, in_x.times.modification, in_x.times.change), (100, 100, 100));

    fs.set_now(200);
    let file = fs.open_at(&x, "a", OpenOptions { write: true, ..READ }).unwrap();
    fs.write(&file, b"S", Position::At(0)).unwrap();
    let mut buf = [0; 6];
    let other = fs.open_at(&y, "a", READ).unwrap();
    fs.read(&other, &mut buf, 0).unwrap();
    assert_eq!(&buf, b"shared");
    fs.read(&file, &mut buf, 0).unwrap();
    assert_eq!(&buf, b"Shared");

    // From one into the other, and nowhere into itself.
    fs.link_at(&x, "a", false, &y, "b").unwrap();
    let linked = fs.stat_at(&y, "b", false).unwrap();
    assert_eq!((linked.identity, linked.links), (in_x.identity, 2));
    fs.rename_at(&x, "d", &y, "d/e").unwrap();
    fails(fs.rename_at(&y, "d", &y, "d/e/f"), ErrorCode::Invalid);
    fs.rename_at(&y, "d", &x, "d").unwrap();
    fails(fs.stat_at(&x, "d/../../x", true), ErrorCode::NotPermitted);
    let d = fs.open_at(&x, "d", READ).unwrap();
    fails(fs.rename_at(&x, "d", &d, "e/f"), ErrorCode::Invalid);
    fails(fs.stat_at(&d, "..", true), ErrorCode::NotPermitted);
    assert_eq!(fs.stat_at(&d, "e/..", true).unwrap().identity, fs.stat(&d).unwrap().identity);

    let after = Arc::new(fs.tree(1).unwrap().unwrap());
    let mut again = FileSystem::new(0, 1 << 20);
    again.mount_hermetic(&after, "/", Access::ReadWrite).unwrap();
    let root = again.preopens().next().unwrap().1.clone();
    let names: Vec<_> = again.read_directory(&root).unwrap().iter().map(|entry| entry.name.to_string()).collect();
    assert_eq!(names, ["a", "b"]);
    let file = again.open_at(&root, "b", READ).unwrap();
    again.read(&file, &mut buf, 0).unwrap();
    assert_eq!(&buf, b"Shared");
    // The tree itself is as it was.
    let mut again = FileSystem::new(0, 1 << 20);
    again.mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
    let root = again.preopens().next().unwrap().1.clone();
    let file = again.open_at(&root, "a", READ).unwrap();
    again.read(&file, &mut buf, 0).unwrap();
    assert_eq!(&buf, b"shared");
}

#[test]
fn a_read_only_mount_can_be_looked_at() {
    let mut tree = Tree::new();
    tree.insert_file("a", *b"text").unwrap();
    tree.insert_directory("d").unwrap();
    tree.insert_symlink("l", "a").unwrap();
    let mut fs = FileSystem::new(0, 1 << 20);
    fs.mount_hermetic(&Arc::new(tree), "/", Access::ReadOnly).unwrap();
    let root = fs.preopens().next().unwrap().1.clone();
    assert!(!root.is_writable());
    let file = fs.open_at(&root, "l", READ).unwrap();
    assert_eq!(fs.read(&file, &mut [0; 9], 0).unwrap(), 4);
    assert_eq!(fs.readlink_at(&root, "l").unwrap(), "a");
    let dir = fs.open_at(&root, "d", READ).unwrap();
    let no = ErrorCode::NotPermitted;
    fails(fs.open_at(&root, "a", OpenOptions { write: true, ..READ }), no);
    fails(fs.open_at(&root, "a", OpenOptions { truncate: true, ..READ }), no);
    fails(fs.open_at(&root, "a", CREATE), no);
    fails(fs.set_size(&file, 0), no);
    fails(fs.set_times(&file, NewTime::Now, NewTime::Now), no);
    fails(fs.set_times_at(&root, "a", true, NewTime::Now, NewTime::Now), no);
    fails(fs.create_directory_at(&dir, "e"), no);
    fails(fs.symlink_at(&dir, "x", "y"), no);
    fails(fs.link_at(&root, "a", false, &dir, "a"), no);
    fails(fs.rename_at(&root, "a", &dir, "a"), no);
    fails(fs.unlink_file_at(&root, "a"), no);
    fails(fs.remove_directory_at(&root, "d"), no);
}

#[test]
fn a_directory_that_was_removed_is_empty_for_good() {
    let (mut fs, root) = mounted(1 << 20);
    fs.create_directory_at(&root, "d").unwrap();
    let dir = fs.open_at(&root, "d", READ).unwrap();
    let file = fs.open_at(&root, "f", CREATE).unwrap();
    fs.remove_directory_at(&root, "d").unwrap();
    fs.create_directory_at(&root, "d").unwrap();
    let gone = ErrorCode::NoEntry;
    fails(fs.create_directory_at(&dir, "e"), gone);
    fails(fs.open_at(&dir, "e", CREATE), gone);
    fails(fs.open_at(&dir, "./e", CREATE), gone);
    fails(fs.symlink_at(&dir, "x", "e"), gone);
    fails(fs.link_at(&root, "f", false, &dir, "e"), gone);
    fails(fs.rename_at(&root, "f", &dir, "e"), gone);
    fails(fs.stat_at(&dir, "e", false), gone);
    fails(fs.stat_at(&dir, &"e".repeat(256), false), gone);
    fails(fs.stat_at(&dir, "..", true), ErrorCode::NotPermitted);
    assert_eq!(fs.read_directory(&dir).unwrap().len(), 0);
    assert_eq!(fs.stat_at(&dir, ".", true).unwrap(), fs.stat(&dir).unwrap());
    assert_eq!(fs.stat(&file).unwrap().links, 1);
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let (mut fs, root) = mounted(1 << 30);
    fs.open_at(&root, "0", CREATE).unwrap();
    for number in 1..=41 {
        fs.symlink_at(&root, &(number - 1).to_string(), &number.to_string()).unwrap();
    }
    assert_eq!(fs.stat_at(&root, "40", true).unwrap().file_type, FileType::RegularFile);
    fails(fs.stat_at(&root, "41", true), ErrorCode::Loop);
    assert_eq!(fs.stat_at(&root, "41", false).unwrap().size, 2);
    // Each doubles the way, and all of it counts.
    fs.symlink_at(&root, ".", "x0").unwrap();
    for number in 1..=50 {
        let before = number - 1;
        fs.symlink_at(&root, &format!("x{before}/x{before}"), &format!("x{number}")).unwrap();
    }
    fails(fs.stat_at(&root, "x50", true), ErrorCode::Loop);
    assert_eq!(fs.stat_at(&root, "x4", true).unwrap().file_type, FileType::Directory);
    fs.symlink_at(&root, "self", "self").unwrap();
    fails(fs.open_at(&root, "self", READ), ErrorCode::Loop);
    fails(fs.create_directory_at(&root, "self/a"), ErrorCode::Loop);
}

/// `depth` nested directories `name`.
fn chain(fs: &mut FileSystem, root: &Handle, name: &str, depth: usize) -> Vec<Handle> {
    let mut dirs = vec![root.clone()];
    for _ in 0..depth {
        let last = dirs.last().unwrap();
        fs.create_directory_at(last, name).unwrap();
        let next = fs.open_at(last, name, READ).unwrap();
        dirs.push(next);
    }
    dirs
}

#[test]
fn depth_has_an_end() {
    let (mut fs, root) = mounted(1 << 30);
    let dirs = chain(&mut fs, &root, "d", DEPTH_MAX);
    let last = dirs.last().unwrap();
    fails(fs.create_directory_at(last, "d"), ErrorCode::NameTooLong);
    fs.open_at(last, "deep", CREATE).unwrap();
    fails(fs.rename_at(&root, "d", last, "e"), ErrorCode::Invalid);
    // In a run that starts from what this one left, too.
    let tree = Arc::new(fs.tree(0).unwrap().unwrap());
    let mut fs = FileSystem::new(0, 1 << 30);
    fs.mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
    let root = fs.preopens().next().unwrap().1.clone();
    let mut dir = root.clone();
    for _ in 0..DEPTH_MAX {
        dir = fs.open_at(&dir, "d", READ).unwrap();
    }
    assert_eq!(fs.stat_at(&dir, "deep", true).unwrap().file_type, FileType::RegularFile);
    fails(fs.create_directory_at(&dir, "d"), ErrorCode::NameTooLong);
    fs.create_directory_at(&root, "e").unwrap();
    fails(fs.rename_at(&root, "d", &root, "e/d"), ErrorCode::NameTooLong);
    fs.rename_at(&root, "d", &root, "f").unwrap();
}

#[test]
fn what_is_renamed_goes_no_deeper() {
    let (mut fs, root) = mounted(1 << 30);
    chain(&mut fs, &root, "a", 1500);
    let dirs = chain(&mut fs, &root, "b", 1000);
    for into in [1000, DEPTH_MAX - 1500 + 1] {
        fails(fs.rename_at(&root, "a", &dirs[into], "a"), ErrorCode::NameTooLong);
    }
    fs.rename_at(&root, "a", &dirs[DEPTH_MAX - 1500], "a").unwrap();
    // Now there is more in it than there was when it was made.
    fs.create_directory_at(&root, "c").unwrap();
    fails(fs.rename_at(&root, "b", &root, "c/b"), ErrorCode::NameTooLong);
    fs.open_at(&root, "file", CREATE).unwrap();
    fs.rename_at(&root, "file", &dirs[1000], "file").unwrap();
    // What is as deep as can be can be renamed where it is.
    fs.rename_at(&root, "b", &root, "d").unwrap();
}

/// Taken from a run again and again, the bytes are the same ones until the run writes again.
#[test]
fn a_tree_does_not_copy_what_was_written() {
    let (mut fs, root) = mounted(1 << 20);
    let file = fs.open_at(&root, "a", CREATE).unwrap();
    fs.write(&file, b"one", Position::End).unwrap();
    let trees = [fs.tree(0).unwrap().unwrap(), fs.tree(0).unwrap().unwrap()];
    let [first, second] = [&trees[0], &trees[1]].map(|tree| tree.file("a").unwrap().unwrap());
    assert_eq!(first.as_ptr(), second.as_ptr());
    fs.write(&file, b" two", Position::End).unwrap();
    fs.set_size(&file, 2).unwrap();
    assert_eq!((first, second), (&b"one"[..], &b"one"[..]));
    let third = fs.tree(0).unwrap().unwrap();
    assert_eq!(third.file("a").unwrap().unwrap(), b"on");
    // Runs that start from it share it too, and do not change it.
    let third = Arc::new(third);
    fs.mount_hermetic(&third, "/again", Access::ReadWrite).unwrap();
    let again = fs.preopens().nth(1).unwrap().1.clone();
    let file = fs.open_at(&again, "a", WRITE).unwrap();
    fs.write(&file, b"i", Position::At(0)).unwrap();
    assert_eq!(fs.tree(1).unwrap().unwrap().file("a").unwrap().unwrap(), b"in");
    assert_eq!(third.file("a").unwrap().unwrap(), b"on");
}

/// Zeros that nobody wrote take no memory: far less than the file has bytes.
#[cfg(target_os = "linux")]
#[test]
fn zeros_take_no_work() {
    const LARGE: u64 = 4 << 30;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    let (mut fs, root) = mounted(u64::MAX);
    let file = fs.open_at(&root, "a", CREATE).unwrap();
    for _ in 0..100 {
        fs.set_size(&file, LARGE).unwrap();
        fs.set_size(&file, 1).unwrap();
        fs.write(&file, b"x", Position::At(LARGE)).unwrap();
        fs.set_size(&file, 0).unwrap();
        assert!(resident() < LARGE / 4, "{}", resident());
    }
}

#[test]
fn a_directory_of_many_entries_is_listed_in_order() {
    let (mut fs, root) = mounted(1 << 30);
    for number in (0..100_000).rev() {
        fs.open_at(&root, &format!("{number:06}"), CREATE).unwrap();
    }
    let start = Instant::now();
    let entries = fs.read_directory(&root).unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(entries.len(), 100_000);
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!(*entry.name, format!("{number:06}"));
    }
    let mut identities: Vec<u128> = entries.iter().map(|entry| entry.identity).collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), 100_000);
    for number in 0..100_000 {
        fs.unlink_file_at(&root, &format!("{number:06}")).unwrap();
    }
    assert_eq!(fs.read_directory(&root).unwrap().len(), 0);
}

#[test]
fn an_object_has_so_many_names_at_most() {
    let (mut fs, root) = mounted(1 << 30);
    let file = fs.open_at(&root, "0", CREATE).unwrap();
    for number in 1..65_000 {
        fs.link_at(&root, "0", false, &root, &number.to_string()).unwrap();
    }
    assert_eq!(fs.stat(&file).unwrap().links, 65_000);
    fails(fs.link_at(&root, "0", false, &root, "more"), ErrorCode::TooManyLinks);
}
