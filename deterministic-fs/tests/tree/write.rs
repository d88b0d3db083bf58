use std::path::Path;

use deterministic_fs::{Contents, DEPTH_MAX, Tree, WriteError};
use proptest::prelude::*;

use crate::{deep, host, open, read, remove_deep, shown, temp};

fn sample() -> Tree {
    let mut tree = Tree::new();
    tree.insert_file("a/b/c", *b"hello").unwrap();
    tree.insert_file("empty", *b"").unwrap();
    tree.insert_directory("a/nothing").unwrap();
    if cfg!(unix) {
        tree.insert_symlink("a/up", "../../out").unwrap();
        tree.insert_symlink("absolute", "/etc/hostname").unwrap();
        tree.insert_hard_link("a/up", "same-link").unwrap();
    }
    tree.insert_hard_link("a/b/c", "z/same").unwrap();
    tree
}

/// Nothing that was made on the way is left.
fn assert_clean(parent: &Path) {
    for entry in std::fs::read_dir(parent).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(!name.to_str().unwrap().starts_with(".detwasi-"), "{name:?}");
    }
}

#[test]
fn what_is_written_is_the_tree() {
    let dir = temp();
    let tree = sample();
    let missing = dir.path().join("missing");
    tree.write_to_path(&missing).unwrap();
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    tree.write_to_path(&empty).unwrap();
    tree.write_to_path(&dir.path().join("slash/")).unwrap();
    for name in ["missing", "empty", "slash"] {
        let written = read(&dir.path().join(name));
        assert_eq!(shown(&written), shown(&tree));
        assert_eq!(written.digest().unwrap(), tree.digest().unwrap());
    }
    assert_clean(dir.path());
}

/// More objects than are made safe one by one.
#[test]
fn many_objects() {
    let mut tree = sample();
    for i in 0..3000 {
        tree.insert_file(&format!("many/{}/{i}", i % 7), i.to_string().into_bytes()).unwrap();
    }
    let dir = temp();
    tree.write_to_path(&dir.path().join("out")).unwrap();
    assert_eq!(read(&dir.path().join("out")).digest().unwrap(), tree.digest().unwrap());
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_new_files() {
    use std::os::unix::fs::MetadataExt;

    let dir = temp();
    sample().write_to_path(&dir.path().join("out")).unwrap();
    std::fs::create_dir(dir.path().join("plain")).unwrap();
    std::fs::write(dir.path().join("plain/file"), "").unwrap();
    let mode = |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().mode();
    assert_eq!(mode("out"), mode("plain"));
    assert_eq!(mode("out/a"), mode("plain"));
    assert_eq!(mode("out/empty"), mode("plain/file"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[cfg(unix)]
    #[test]
    fn what_was_written_is_read_back((first, second) in crate::changes::trees()) {
        let dir = temp();
        // Their names differ in case only.
        if dir.path().join("a").exists() != dir.path().join("A").exists() { return Ok(()); }
        let target = dir.path().join("out");
        for tree in [first, second] {
            tree.replace_path(&target).unwrap();
            prop_assert_eq!(shown(&read(&target)), shown(&tree));
            prop_assert_eq!(read(&target).digest().unwrap(), tree.digest().unwrap());
        }
    }
}

/// Whatever fails, everything in `parent` is as it was.
fn refused(tree: &Tree, parent: &Path, target: &Path) -> WriteError {
    let before = host(parent);
    let error = tree.write_to_path(target).unwrap_err();
    assert!(error.target_unchanged());
    let message = error.to_string();
    assert!(message.contains("as it was") || message.contains("nothing was written"), "{message}");
    assert_eq!(host(parent), before, "{message}");
    error
}

#[test]
fn a_target_that_cannot_be_is_refused_and_left_as_it_was() {
    let dir = temp();
    let tree = sample();
    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("old"), "old").unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "old").unwrap();

    let check = |target: &Path, is: fn(&WriteError) -> bool| {
        for error in [refused(&tree, dir.path(), target), Tree::check_target(target).unwrap_err()] {
            assert!(is(&error), "{error:?}");
        }
    };
    check(&full, |error| matches!(error, WriteError::NotEmpty { .. }));
    check(&file, |error| matches!(error, WriteError::NotDirectory { .. }));
    check(&dir.path().join("no/out"), |error| matches!(error, WriteError::NoParent { .. }));
    check(&file.join("out"), |error| matches!(error, WriteError::NoParent { .. }));
    check(&dir.path().join("full/.."), |error| matches!(error, WriteError::NotAName { .. }));
    check(Path::new("/"), |error| matches!(error, WriteError::NotAName { .. }));
    #[cfg(unix)]
    {
        let empty = dir.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
        check(&dir.path().join("link"), |error| matches!(error, WriteError::NotDirectory { .. }));
    }

    for target in ["new", "empty"] {
        Tree::check_target(&dir.path().join(target)).unwrap();
    }
    Tree::check_target(Path::new("a-name-alone-is-beside-us")).unwrap();
    for target in [&file, &dir.path().join("no/out"), &dir.path().join("full/..")] {
        let before = host(dir.path());
        assert!(tree.replace_path(target).unwrap_err().target_unchanged());
        assert_eq!(host(dir.path()), before);
    }
}

#[cfg(unix)]
#[test]
fn specials_are_refused_before_anything_is_written() {
    let dir = temp();
    let from = dir.path().join("from");
    std::fs::create_dir_all(from.join("d")).unwrap();
    crate::fifo(&from.join("d/fifo"));
    let tree = read(&from);
    let to = temp();
    std::fs::create_dir(to.path().join("empty")).unwrap();
    for target in ["new", "empty"] {
        let error = refused(&tree, to.path(), &to.path().join(target));
        assert!(matches!(error, WriteError::Special { path, .. } if path == "d/fifo"));
    }
    sample().write_to_path(&to.path().join("full")).unwrap();
    let before = host(to.path());
    assert!(matches!(tree.replace_path(&to.path().join("full")), Err(WriteError::Special { .. })));
    assert_eq!(host(to.path()), before);
}

/// It fails in the middle: the file comes last.
#[test]
fn a_file_that_cannot_be_read_any_more_leaves_everything_as_it_was() {
    let from = temp();
    for name in ["a", "b", "z"] {
        std::fs::write(from.path().join(name), "x").unwrap();
    }
    let tree = Tree::read(&open(from.path()), Contents::WhenNeeded).unwrap();
    std::fs::remove_file(from.path().join("z")).unwrap();
    let to = temp();
    sample().write_to_path(&to.path().join("full")).unwrap();
    let error = refused(&tree, to.path(), &to.path().join("new"));
    assert!(matches!(error, WriteError::Contents { .. }), "{error:?}");
    let before = host(to.path());
    let error = tree.replace_path(&to.path().join("full")).unwrap_err();
    assert!(matches!(error, WriteError::Contents { .. }) && error.target_unchanged(), "{error:?}");
    assert_eq!(host(to.path()), before);
}

#[test]
fn replacing_swaps_and_removes() {
    let dir = temp();
    let target = dir.path().join("out");
    let mut old = Tree::new();
    old.insert_file("a/old/file", *b"old").unwrap();
    old.insert_file("empty", *b"not").unwrap();
    old.replace_path(&target).unwrap();
    assert_eq!(read(&target).digest().unwrap(), old.digest().unwrap());
    sample().replace_path(&target).unwrap();
    assert_eq!(read(&target).digest().unwrap(), sample().digest().unwrap());
    assert_clean(dir.path());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// What a symbolic link in the old tree leads to stays.
#[cfg(unix)]
#[test]
fn removing_does_not_follow_links() {
    let dir = temp();
    std::fs::create_dir_all(dir.path().join("keep/d")).unwrap();
    std::fs::write(dir.path().join("keep/d/file"), "x").unwrap();
    std::fs::create_dir(dir.path().join("out")).unwrap();
    std::os::unix::fs::symlink("../keep", dir.path().join("out/link")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("keep/d"), dir.path().join("out/absolute")).unwrap();
    let kept = host(&dir.path().join("keep"));
    Tree::new().replace_path(&dir.path().join("out")).unwrap();
    assert_eq!(host(&dir.path().join("keep")), kept);
    assert_eq!(host(&dir.path().join("out")), []);
}

/// A tree may take the place of the directory it came from.
#[test]
fn a_tree_replaces_where_it_came_from() {
    let dir = temp();
    let target = dir.path().join("out");
    sample().write_to_path(&target).unwrap();
    let mut tree = Tree::read(&open(&target), Contents::WhenNeeded).unwrap();
    tree.insert_file("new", *b"new").unwrap();
    tree.replace_path(&target).unwrap();
    assert_eq!(read(&target).digest().unwrap(), tree.digest().unwrap());
}

#[cfg(unix)]
#[test]
fn what_cannot_be_removed_is_left_and_named() {
    use std::os::unix::fs::PermissionsExt;

    if !crate::permissions_bind() {
        eprintln!("permissions do not bind this user: skipped");
        return;
    }
    let dir = temp();
    let target = dir.path().join("out");
    sample().write_to_path(&target).unwrap();
    std::fs::set_permissions(target.join("a/b"), PermissionsExt::from_mode(0o555)).unwrap();
    let mut tree = Tree::new();
    tree.insert_file("new", *b"new").unwrap();
    let error = tree.replace_path(&target).unwrap_err();
    assert!(!error.target_unchanged());
    let WriteError::OldLeft { old, .. } = &error else { panic!("{error:?}") };
    assert_eq!(std::fs::read(old.join("a/b/c")).unwrap(), b"hello");
    assert_eq!(read(&target).digest().unwrap(), tree.digest().unwrap());
    std::fs::set_permissions(old.join("a/b"), PermissionsExt::from_mode(0o755)).unwrap();

    // And nothing can be made beside a target in a directory that may not be written.
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o555)).unwrap();
    for result in [tree.write_to_path(&dir.path().join("new")), sample().replace_path(&target)] {
        let error = result.unwrap_err();
        assert!(matches!(error, WriteError::Host { .. }) && error.target_unchanged(), "{error:?}");
    }
    assert_eq!(read(&target).digest().unwrap(), tree.digest().unwrap());
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn deep_trees_are_written_and_removed() {
    let dir = temp();
    deep(dir.path(), DEPTH_MAX, false);
    let mut tree = read(dir.path());
    tree.insert_hard_link(&format!("{}end", "d/".repeat(DEPTH_MAX)), "also").unwrap();
    let target = dir.path().join("d");
    tree.replace_path(&target).unwrap();
    assert_eq!(read(&target).digest().unwrap(), tree.digest().unwrap());
    Tree::new().replace_path(&target).unwrap();
    assert_eq!(host(dir.path()), [("d".to_owned(), b"directory".to_vec())]);
    remove_deep(dir);
}
