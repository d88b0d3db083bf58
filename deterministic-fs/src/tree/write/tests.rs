use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;

use super::fill::Links;
use super::*;
use crate::tree::TreeBody;

/// `out` with `old` in it, and a tree with `new` that is ready to take its place.
fn old_and_new() -> (tempfile::TempDir, WriteTarget, Tree) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("out")).unwrap();
    std::fs::write(dir.path().join("out/old"), "old").unwrap();
    let target = WriteTarget::open(&dir.path().join("out")).unwrap();
    let mut tree = Tree::new();
    tree.insert_file("new", *b"new").unwrap();
    (dir, target, tree)
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn new_of(staged: &Staged<'_>) -> PathBuf {
    staged.staging.path().join(NEW)
}

#[test]
fn a_host_that_cannot_exchange_renames() {
    let (dir, target, tree) = old_and_new();
    let mut staged = tree.stage(&target, None).unwrap();
    staged.swap_by_renaming().unwrap();
    assert_eq!(names(&staged.staging.path().join(OLD)), ["old"]);
    assert_eq!(names(&dir.path().join("out")), ["new"]);
    drop(staged);
    assert_eq!(names(dir.path()), ["out"]);
}

#[test]
fn if_that_fails_the_target_is_moved_back() {
    let (dir, target, tree) = old_and_new();
    let mut staged = tree.stage(&target, None).unwrap();
    std::fs::remove_dir_all(new_of(&staged)).unwrap();
    let error = staged.swap_by_renaming().unwrap_err();
    assert!(matches!(error, WriteError::Host { .. }) && error.target_unchanged(), "{error:?}");
    assert_eq!(names(&dir.path().join("out")), ["old"]);
    drop(staged);
    assert_eq!(names(dir.path()), ["out"]);
}

#[test]
fn an_exchange_that_fails_leaves_the_target() {
    let (dir, target, tree) = old_and_new();
    let staged = tree.stage(&target, None).unwrap();
    std::fs::remove_dir_all(new_of(&staged)).unwrap();
    let error = staged.swap().unwrap_err();
    assert!(matches!(error, WriteError::Host { .. }) && error.target_unchanged(), "{error:?}");
    assert_eq!(names(&dir.path().join("out")), ["old"]);
    assert_eq!(names(dir.path()), ["out"]);
}

/// What came into the target while the tree was written stays there.
#[test]
fn a_target_that_is_filled_meanwhile_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let target = WriteTarget::open(&out).unwrap();
    let tree = Tree::new();
    let staged = tree.stage(&target, None).unwrap();
    std::fs::write(out.join("old"), "old").unwrap();
    let error = staged.put().unwrap_err();
    assert!(matches!(error, WriteError::NotEmpty { .. }), "{error:?}");
    assert_eq!(names(&out), ["old"]);
    assert_eq!(names(dir.path()), ["out"]);
}

/// Whatever takes the target's place while the tree is written stays where it is, also if it came after the last look.
#[test]
fn what_takes_the_targets_place_meanwhile_is_left() {
    type Take = fn(&Path);
    type Put = fn(Staged<'_>) -> Result<(), WriteError>;
    let take: [(Take, &str); 3] = [
        (|out| std::fs::write(out, "a file").unwrap(), "something that is not a directory"),
        (|out| std::fs::create_dir_all(out.join("theirs")).unwrap(), "another directory"),
        (|_| {}, "nothing any more"),
    ];
    let put: [(Put, bool); 3] = [
        (|staged| staged.swap(), true),
        (|mut staged| staged.exchange().map(drop), false),
        (|mut staged| staged.swap_by_renaming(), false),
    ];
    for (take, is) in take {
        for (put, looks) in put {
            let (dir, target, tree) = old_and_new();
            let staged = tree.stage(&target, None).unwrap();
            let out = dir.path().join("out");
            std::fs::rename(&out, dir.path().join("away")).unwrap();
            take(&out);
            let kind = |path: &Path| path.symlink_metadata().ok().map(|metadata| metadata.is_dir());
            let was = kind(&out);
            let error = put(staged).unwrap_err();
            match &error {
                WriteError::Replaced { now, .. } => assert_eq!(*now, if looks { is } else { "something else" }),
                other => assert!(!looks && is == "nothing any more", "{other:?}"),
            }
            assert!(error.target_unchanged());
            assert_eq!(kind(&out), was, "{error:?}");
            assert!(!out.join("new").exists());
            assert_eq!(names(dir.path()).len(), 1 + usize::from(was.is_some()));
            assert_eq!(names(&dir.path().join("away")), ["old"]);
        }
    }
}

/// Trees have no such names, and hosts have other limits than trees.
#[test]
fn a_name_that_the_host_cannot_take_leaves_the_target() {
    let (dir, target, mut tree) = old_and_new();
    let long: Arc<str> = "n".repeat(300).into();
    if let TreeBody::Directory(entries) = &mut tree.nodes[0].body {
        let new = entries["new"];
        entries.insert(long.clone(), new);
    }
    tree.identify();
    // As a second name, and as an only one.
    for _ in 0..2 {
        let error = tree.replace_if(&target, None).unwrap_err();
        assert!(matches!(&error, WriteError::Host { path, .. } if path == Path::new(&*long)), "{error:?}");
        assert!(error.target_unchanged());
        assert_eq!(names(&dir.path().join("out")), ["old"]);
        assert_eq!(names(dir.path()), ["out"]);
        if let TreeBody::Directory(entries) = &mut tree.nodes[0].body {
            entries.remove("new");
        }
        tree.identify();
    }
}

/// Also as the last name of an object that has several.
#[test]
fn a_name_that_is_taken_is_a_collision() {
    let (dir, target, mut tree) = old_and_new();
    // As on a host that does not tell `NEW` from `new`.
    let out = dir.path().join("out");
    std::fs::write(out.join("new"), "NEW").unwrap();
    let open = |path: &Path| Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap();
    for turn in 0..2 {
        let staging = dir.path().join(turn.to_string());
        std::fs::create_dir(&staging).unwrap();
        let links = Links::new(&tree, &open(&staging)).unwrap();
        let error = tree.fill(&open(&out), links, None, true, &target).unwrap_err();
        assert!(matches!(&error, WriteError::Collision { path, .. } if path == "new"), "{error:?}");
        assert!(error.target_unchanged());
        assert_eq!(std::fs::read(out.join("new")).unwrap(), b"NEW");
        if turn == 0 {
            tree.insert_hard_link("new", "a").unwrap();
        }
    }
}

/// Every name but the last is a link to the one in the flat directory, and that one becomes the last.
#[test]
fn objects_with_several_names_wait_in_one_directory() {
    let (dir, target, mut tree) = old_and_new();
    tree.insert_hard_link("new", "d/e/f/g").unwrap();
    tree.insert_hard_link("new", "z").unwrap();
    // One more than it has: so it is not done with.
    let index = tree.find("new").unwrap();
    tree.nodes[index as usize].links += 1;
    let staging = dir.path().join("staging");
    std::fs::create_dir_all(staging.join("root")).unwrap();
    let open = |path: &Path| Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap();
    let links = Links::new(&tree, &open(&staging)).unwrap();
    tree.fill(&open(&staging.join("root")), links, None, true, &target).unwrap();
    assert_eq!(names(&staging.join("links")), [index.to_string()]);
    tree.nodes[index as usize].links -= 1;
    let staged = tree.stage(&target, None).unwrap();
    assert_eq!(names(&staged.staging.path()), [NEW]);
}
