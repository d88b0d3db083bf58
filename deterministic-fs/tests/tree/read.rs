use std::time::{Duration, Instant, SystemTime};

use deterministic_fs::{Contents, DEPTH_MAX, Error, FileType, OBJECT_SIZE, Tree, TreeError};

use crate::{deep, open, read, remove_deep, shown, temp};

#[test]
fn order_times_and_inodes_on_the_host_have_no_part_in_it() {
    let names = ["b", "a", "B", "é", "a-", "z", "10", "9"];
    let (first, second) = (temp(), temp());
    for name in names {
        std::fs::write(first.path().join(name), format!("of {name}")).unwrap();
    }
    std::fs::create_dir_all(first.path().join("dir/x/y")).unwrap();

    std::fs::create_dir_all(second.path().join("dir/x/y")).unwrap();
    for i in 0..50 {
        std::fs::write(second.path().join(format!("gone{i}")), "").unwrap();
    }
    for name in names.iter().rev() {
        let path = second.path().join(name);
        std::fs::write(&path, format!("of {name}")).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)).unwrap();
    }
    for i in 0..50 {
        std::fs::remove_file(second.path().join(format!("gone{i}"))).unwrap();
    }
    #[cfg(unix)]
    std::fs::set_permissions(second.path().join("a"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();

    let (a, b) = (read(first.path()), read(second.path()));
    assert_eq!(shown(&a), shown(&b));
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    assert_eq!(a.changes_to(&b).unwrap(), []);
    assert_eq!(
        a.size(),
        12 * OBJECT_SIZE + 11 * 64 + (3 + 1 + 1) + names.iter().map(|name| 3 + 2 * name.len() as u64).sum::<u64>()
    );

    let mut by_hand = Tree::new();
    by_hand.insert_directory("dir/x/y").unwrap();
    for name in names {
        by_hand.insert_file(name, format!("of {name}").into_bytes()).unwrap();
    }
    assert_eq!(shown(&a), shown(&by_hand));
    assert_eq!(a.digest().unwrap(), by_hand.digest().unwrap());

    let later = Tree::read(&open(first.path()), Contents::WhenNeeded).unwrap();
    assert_eq!(later.size(), a.size());
    assert_eq!(later.digest().unwrap(), a.digest().unwrap());
}

#[cfg(unix)]
#[test]
fn names_of_one_object_are_of_one_object_and_those_outside_do_not_count() {
    let dir = temp();
    let tree = dir.path().join("tree");
    std::fs::create_dir_all(tree.join("a")).unwrap();
    std::fs::write(tree.join("z"), "x").unwrap();
    std::fs::hard_link(tree.join("z"), tree.join("a/y")).unwrap();
    std::fs::hard_link(tree.join("z"), dir.path().join("outside")).unwrap();
    std::fs::write(tree.join("one"), "x").unwrap();
    std::fs::hard_link(tree.join("one"), dir.path().join("outside2")).unwrap();
    for contents in [Contents::AtStart, Contents::WhenNeeded] {
        let tree = Tree::read(&open(&tree), contents).unwrap();
        assert_eq!(shown(&tree), ["a 0 1 Directory", "a/y 1 2 \"x\"", "one 1 1 \"x\"", "z 1 2 \"x\""]);
        assert_eq!(tree.size(), 4 * OBJECT_SIZE + 2 + 4 * 64 + (1 + 1 + 3 + 1));
        let mut by_hand = Tree::new();
        by_hand.insert_file("z", *b"x").unwrap();
        by_hand.insert_file("one", *b"x").unwrap();
        by_hand.insert_hard_link("z", "a/y").unwrap();
        assert_eq!(tree.digest().unwrap(), by_hand.digest().unwrap());
    }
}

/// A fifo blocks who opens it, and none of these has anybody at its other end.
#[cfg(unix)]
#[test]
fn specials_are_not_opened_and_links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let dir = temp();
    let outside = dir.path().join("outside");
    let tree = dir.path().join("tree");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::create_dir_all(&tree).unwrap();
    crate::fifo(&outside.join("fifo"));
    crate::fifo(&tree.join("fifo"));
    let _socket = std::os::unix::net::UnixListener::bind(tree.join("socket")).unwrap();
    symlink("../outside/fifo", tree.join("to-fifo")).unwrap();
    symlink("../outside", tree.join("to-outside")).unwrap();
    symlink(&outside, tree.join("to-absolute")).unwrap();
    symlink("/nothing/there", tree.join("to-nothing")).unwrap();
    symlink("to-self", tree.join("to-self")).unwrap();
    symlink(".", tree.join("to-root")).unwrap();

    for contents in [Contents::AtStart, Contents::WhenNeeded] {
        let read = Tree::read(&open(&tree), contents).unwrap();
        let outside = outside.to_str().unwrap();
        assert_eq!(
            shown(&read),
            [
                "fifo 0 1 Unknown".to_owned(),
                "socket 0 1 Unknown".to_owned(),
                format!("to-absolute {} 1 -> {outside}", outside.len()),
                "to-fifo 15 1 -> ../outside/fifo".to_owned(),
                "to-nothing 14 1 -> /nothing/there".to_owned(),
                "to-outside 10 1 -> ../outside".to_owned(),
                "to-root 1 1 -> .".to_owned(),
                "to-self 7 1 -> to-self".to_owned(),
            ]
        );
        assert_eq!(read.digest().unwrap(), read.clone().digest().unwrap());
    }
}

/// Devices cannot be made by everybody, but every Unix has these; a part of `/dev` is looked at, none of it opened.
#[cfg(target_os = "linux")]
#[test]
fn devices_are_known_by_their_kinds() {
    let dir = temp();
    let made = std::process::Command::new("mknod").arg(dir.path().join("c")).args(["c", "1", "3"]).output().unwrap();
    if !made.status.success() {
        eprintln!("not permitted to make devices: skipped");
        return;
    }
    std::process::Command::new("mknod").arg(dir.path().join("b")).args(["b", "250", "250"]).output().unwrap();
    let tree = read(dir.path());
    let kinds: Vec<_> = tree.entries().map(|entry| entry.file_type()).collect();
    assert_eq!(kinds, [FileType::BlockDevice, FileType::CharacterDevice]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_not_utf8_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let dir = temp();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d").join(OsStr::from_bytes(b"x\xff")), "").unwrap();
    match Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap_err() {
        TreeError::Name { path, problem } => assert_eq!((&*path, problem), ("d/x\u{fffd}", "not UTF-8")),
        other => panic!("{other:?}"),
    }

    let dir = temp();
    std::os::unix::fs::symlink(OsStr::from_bytes(b"t\xff"), dir.path().join("link")).unwrap();
    match Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap_err() {
        TreeError::Target { path, problem } => assert_eq!((&*path, problem), ("link", "not UTF-8")),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;

    if !crate::permissions_bind() {
        eprintln!("permissions do not bind this user: skipped");
        return;
    }
    let dir = temp();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/secret"), "x").unwrap();
    std::fs::set_permissions(dir.path().join("d/secret"), PermissionsExt::from_mode(0o000)).unwrap();
    let error = Tree::read(&open(dir.path()), Contents::AtStart).unwrap_err();
    assert!(matches!(&error, TreeError::Unreadable { path, .. } if path == "d/secret"), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
    // What is not needed need not be readable.
    let later = Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap();
    assert!(matches!(later.file("d/secret").unwrap(), Err(Error::Contents { path, .. }) if path == "d/secret"));

    std::fs::set_permissions(dir.path().join("d"), PermissionsExt::from_mode(0o000)).unwrap();
    let error = Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap_err();
    assert!(matches!(&error, TreeError::Unreadable { path, .. } if path == "d"), "{error:?}");
    std::fs::set_permissions(dir.path().join("d"), PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn a_tree_past_the_limit_is_refused() {
    let dir = temp();
    std::fs::write(dir.path().join("a"), [0; 1000]).unwrap();
    std::fs::write(dir.path().join("b"), [0; 500]).unwrap();
    let size = 3 * OBJECT_SIZE + 1500 + 2 * (64 + 1);
    for contents in [Contents::AtStart, Contents::WhenNeeded] {
        assert_eq!(Tree::read_within(&open(dir.path()), contents, size).unwrap().size(), size);
        match Tree::read_within(&open(dir.path()), contents, size - 1).unwrap_err() {
            TreeError::TooLarge { size: needed, room } => assert_eq!((needed, room), (size, size - 1)),
            other => panic!("{other:?}"),
        }
    }
}

/// Larger than any memory: reading it before it is refused could not succeed.
#[cfg(target_os = "linux")]
#[test]
fn a_tree_past_the_limit_is_refused_before_it_is_read() {
    let dir = temp();
    let file = std::fs::File::create(dir.path().join("sparse")).unwrap();
    file.set_len(1 << 43).unwrap();
    let start = Instant::now();
    let error = Tree::read_within(&open(dir.path()), Contents::AtStart, 1 << 30).unwrap_err();
    assert!(matches!(error, TreeError::TooLarge { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[cfg(unix)]
#[test]
fn what_was_left_for_later_must_be_as_it_was() {
    type Replace = (&'static str, fn(&std::path::Path));
    let replace: [Replace; 6] = [
        ("longer", |file| std::fs::write(file, "longer").unwrap()),
        ("shorter", |file| std::fs::write(file, "").unwrap()),
        ("gone", |file| std::fs::remove_file(file).unwrap()),
        ("link", |file| {
            std::fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink("../../secret", file).unwrap();
        }),
        ("fifo", |file| {
            std::fs::remove_file(file).unwrap();
            crate::fifo(file);
        }),
        ("parent", |file| {
            let parent = file.parent().unwrap();
            std::fs::rename(parent, parent.with_file_name("moved")).unwrap();
            std::os::unix::fs::symlink("moved", parent).unwrap();
        }),
    ];
    for (what, replace) in replace {
        let dir = temp();
        std::fs::write(dir.path().join("secret"), "sec").unwrap();
        let file = dir.path().join("tree/d/file");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "abc").unwrap();
        let tree = Tree::read(&open(&dir.path().join("tree")), Contents::WhenNeeded).unwrap();
        replace(&file);
        match tree.file("d/file").unwrap() {
            Err(Error::Contents { path, .. }) => assert_eq!(path, "d/file"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn what_was_left_for_later_is_read_once() {
    let dir = temp();
    std::fs::write(dir.path().join("a"), "abc").unwrap();
    let tree = Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap();
    assert_eq!(tree.file("a").unwrap().unwrap(), b"abc");
    std::fs::remove_file(dir.path().join("a")).unwrap();
    assert_eq!(tree.file("a").unwrap().unwrap(), b"abc");
}

/// Deeper than a path can be long and descriptors are permitted, and no deeper.
#[test]
fn deeper_than_a_path() {
    let dir = temp();
    deeper::<DEPTH_MAX>(&dir);
    remove_deep(dir);
    let dir = temp();
    crate::deep(dir.path(), DEPTH_MAX + 1, false);
    let error = Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap_err();
    assert!(matches!(&error, TreeError::TooDeep { path } if path.starts_with("d/d/")), "{error:?}");
    assert!(error.to_string().len() < 300);
    remove_deep(dir);
}

fn deeper<const DEPTH: usize>(dir: &tempfile::TempDir) {
    crate::deep(dir.path(), DEPTH, false);
    let tree = read(dir.path());
    assert_eq!(tree.entries().count(), DEPTH + 1);
    let end = format!("{}end", "d/".repeat(DEPTH));
    assert_eq!(tree.file(&end).unwrap().unwrap(), b"deep");
    let later = Tree::read(&open(dir.path()), Contents::WhenNeeded).unwrap();
    assert_eq!(later.digest().unwrap(), tree.digest().unwrap());
    assert_eq!(later.changes_to(&tree).unwrap(), []);
    // The file's own path is too long to be said.
    assert!(tree.changes_to(&Tree::new()).is_err());
    let changes = tree.changes_within(&Tree::new(), usize::MAX).unwrap();
    assert_eq!((changes.list.len(), changes.complete), (DEPTH, false));
}

/// Directories that were closed on the way down are found again on the way up.
#[test]
fn deep_and_wide() {
    let dir = temp();
    deep(dir.path(), 300, true);
    let tree = read(dir.path());
    assert_eq!(tree.entries().count(), 300 * 3 + 1);
    assert_eq!(tree.file(&format!("{}e/f", "d/".repeat(299))).unwrap().unwrap(), b"x");
    let written = temp();
    tree.write_to_path(&written.path().join("out")).unwrap();
    assert_eq!(read(&written.path().join("out")).digest().unwrap(), tree.digest().unwrap());
    remove_deep(written);
    remove_deep(dir);
}

#[test]
fn wide() {
    // In memory if there is such a place: it is not the disk that is tested.
    let dir = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| temp());
    for i in 0..100_000 {
        std::fs::write(dir.path().join(format!("{i}")), "x").unwrap();
    }
    let start = Instant::now();
    let tree = read(dir.path());
    assert_eq!(tree.entries().count(), 100_000);
    assert_eq!(tree.size(), 100_001 * OBJECT_SIZE + 100_000 + 100_000 * 64 + 488_890);
    tree.digest().unwrap();
    eprintln!("100000 files taken in after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(60));

    // How long that takes is the disk's affair.
    let start = Instant::now();
    let target = dir.path().join("written");
    tree.write_to_path(&target).unwrap();
    eprintln!("and written after {:?}", start.elapsed());
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 100_000);
}
