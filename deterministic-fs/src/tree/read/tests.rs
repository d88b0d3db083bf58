use std::path::Path;

use super::files::*;
use super::*;

/// What is told of a file `d/f` of three bytes that is changed after it was seen and before it is read.
fn told(change: fn(&Path)) -> TreeError {
    let dir = tempfile::tempdir().unwrap();
    let root = Arc::new(Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap());
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/f"), "abc").unwrap();
    let (mut tree, ids) = survey(&root, u64::MAX).unwrap();
    change(&dir.path().join("d/f"));
    fill(&mut tree, &ids, &root).unwrap_err()
}

fn changed(error: TreeError) -> (String, String) {
    match error {
        TreeError::Changed { path, how } => (path, how),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_changed_is_told() {
    type Case = (fn(&Path), &'static str, &'static str);
    let cases: [Case; 5] = [
        (|file| std::fs::write(file, "longer").unwrap(), "d/f", "it had 3 bytes and has 6"),
        (|file| std::fs::write(file, "").unwrap(), "d/f", "it had 3 bytes and has 0"),
        (|file| std::fs::remove_file(file).unwrap(), "d/f", "it is gone"),
        (
            |file| {
                std::fs::write(file.with_file_name("g"), "def").unwrap();
                std::fs::rename(file.with_file_name("g"), file).unwrap();
            },
            "d/f",
            "another file took its place",
        ),
        (
            |file| {
                let parent = file.parent().unwrap();
                std::fs::rename(parent, parent.with_file_name("e")).unwrap();
                std::fs::create_dir(parent).unwrap();
                std::fs::write(file, "abc").unwrap();
            },
            "d",
            "another directory took its place",
        ),
    ];
    for (change, path, how) in cases {
        assert_eq!(changed(told(change)), (path.to_owned(), how.to_owned()));
    }
}

#[cfg(unix)]
#[test]
fn what_became_another_kind_is_not_read() {
    let no_file: [fn(&Path); 3] = [
        |file| {
            std::fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink("/proc/version", file).unwrap();
        },
        |file| {
            std::fs::remove_file(file).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(file).status().unwrap().success());
        },
        |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        },
    ];
    for change in no_file {
        assert_eq!(changed(told(change)), ("d/f".into(), "it is not a regular file any more".into()));
    }
    let link: fn(&Path) = |file| {
        let parent = file.parent().unwrap();
        std::fs::rename(parent, parent.with_file_name("e")).unwrap();
        std::os::unix::fs::symlink("e", parent).unwrap();
    };
    assert_eq!(changed(told(link)).0, "d");
}

/// Files of `/proc` have no size and have bytes all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_longer_than_it_says_is_refused() {
    let root = Dir::open_ambient_dir("/proc/self", cap_std::ambient_authority()).unwrap();
    let (_, metadata) = open_regular(&root, "status").unwrap();
    let error = load(&root, "status", Id::of(&metadata), 0, "status").unwrap_err();
    assert_eq!(changed(error).0, "status");
}

#[test]
fn identities_come_of_the_first_path() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("b")).unwrap();
    std::fs::write(dir.path().join("c"), "x").unwrap();
    std::fs::hard_link(dir.path().join("c"), dir.path().join("b/z")).unwrap();
    let root = Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
    let mut by_hand = Tree::new();
    by_hand.insert_file("c", *b"x").unwrap();
    by_hand.insert_hard_link("c", "b/z").unwrap();
    for tree in [Tree::read(&root, Contents::AtStart).unwrap(), by_hand] {
        for (path, first, links) in [("", "", 1), ("b", "b", 1), ("b/z", "b/z", 2), ("c", "b/z", 2)] {
            let node = tree.node(tree.find(path).unwrap());
            assert_eq!(node.identity, crate::identity::of_path(first, 0), "{path}");
            assert_eq!(node.links, links, "{path}");
        }
    }
}

#[test]
fn what_the_host_says_becomes_what_there_is_to_do() {
    let error = failed("read", "a", io::ErrorKind::PermissionDenied.into());
    assert!(matches!(&error, TreeError::Unreadable { path, .. } if path == "a"));
    assert!(std::error::Error::source(&error).is_some());
    let error = failed("read", "", io::ErrorKind::TimedOut.into());
    assert!(matches!(&error, TreeError::Host { path, doing: "read", .. } if path == "the directory"));
    assert!(std::error::Error::source(&error).is_some());
}
