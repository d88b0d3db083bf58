use std::collections::BTreeMap;

use deterministic_fs::{Change, ChangeKind, FileType, Tree};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Insert {
    File(String, Vec<u8>),
    Directory(String),
    Symlink(String, String),
    HardLink(String, String),
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "a-", "B"]), 1..4).prop_map(|names| names.join("/"))
}

fn insert() -> impl Strategy<Value = Insert> {
    prop_oneof![
        3 => (path(), prop::collection::vec(0..2u8, 0..2)).prop_map(|(path, bytes)| Insert::File(path, bytes)),
        1 => path().prop_map(Insert::Directory),
        1 => (path(), path()).prop_map(|(path, target)| Insert::Symlink(path, target)),
        1 => (path(), path()).prop_map(|(original, path)| Insert::HardLink(original, path)),
    ]
}

fn tree<'a>(inserts: impl IntoIterator<Item = &'a Insert>) -> Tree {
    let mut tree = Tree::new();
    for insert in inserts {
        // Those that cannot be done are not.
        let _ = match insert {
            Insert::File(path, bytes) => tree.insert_file(path, bytes.clone()),
            Insert::Directory(path) => tree.insert_directory(path),
            Insert::Symlink(path, target) => tree.insert_symlink(path, target),
            Insert::HardLink(original, path) => tree.insert_hard_link(original, path),
        };
    }
    tree
}

/// Two trees with much in common.
pub(crate) fn trees() -> impl Strategy<Value = (Tree, Tree)> {
    prop::collection::vec((insert(), 0..4u8), 0..24).prop_map(|inserts| {
        let of = |not: u8| tree(inserts.iter().filter(|(_, only)| *only != not).map(|(insert, _)| insert));
        (of(1), of(2))
    })
}

type Seen = (FileType, Option<Vec<u8>>, Option<String>);

fn seen(tree: &Tree) -> BTreeMap<Vec<String>, Seen> {
    tree.entries()
        .map(|entry| {
            let names = entry.path().split('/').map(str::to_owned).collect();
            let bytes = entry.bytes().map(|bytes| bytes.unwrap().to_vec());
            (names, (entry.file_type(), bytes, entry.target().map(str::to_owned)))
        })
        .collect()
}

fn naive(before: &Tree, after: &Tree) -> Vec<Change> {
    let (before, after) = (seen(before), seen(after));
    let mut paths: Vec<_> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|names| {
            let kind = match (before.get(names), after.get(names)) {
                (Some(before), Some(after)) if before == after => return None,
                (Some(_), Some(_)) => ChangeKind::Modified,
                (Some(_), None) => ChangeKind::Removed,
                (None, _) => ChangeKind::Created,
            };
            Some(Change { path: names.join("/"), kind })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn as_the_naive_comparison((before, after) in trees()) {
        prop_assert_eq!(before.changes_to(&after).unwrap(), naive(&before, &after));
    }

    #[test]
    fn entries_are_sorted_and_found((tree, other) in trees()) {
        let paths: Vec<String> = tree.entries().map(|entry| entry.path().to_owned()).collect();
        prop_assert!(paths.is_sorted_by(|a, b| a.split('/').lt(b.split('/'))));
        for path in &paths {
            let found = tree.get(path).unwrap();
            prop_assert_eq!(found.path(), path);
        }
        if tree.digest().unwrap() == other.digest().unwrap() {
            prop_assert_eq!(crate::shown(&tree), crate::shown(&other));
        } else {
            prop_assert_ne!(crate::shown(&tree), crate::shown(&other));
        }
    }
}

fn change(path: &str, kind: ChangeKind) -> Change {
    Change { path: path.into(), kind }
}

#[test]
fn a_rename_is_a_removal_and_a_creation() {
    let mut before = Tree::new();
    before.insert_file("a/x", *b"1").unwrap();
    before.insert_file("a-/x", *b"1").unwrap();
    let mut after = Tree::new();
    after.insert_file("a-/x", *b"1").unwrap();
    after.insert_file("b/x", *b"1").unwrap();
    assert_eq!(
        before.changes_to(&after).unwrap(),
        [
            change("a", ChangeKind::Removed),
            change("a/x", ChangeKind::Removed),
            change("b", ChangeKind::Created),
            change("b/x", ChangeKind::Created),
        ]
    );
}

#[test]
fn another_kind_is_a_modification_and_what_was_below_is_removed() {
    let mut before = Tree::new();
    before.insert_file("a/b/c", *b"1").unwrap();
    before.insert_file("l", *b"t").unwrap();
    let mut after = Tree::new();
    after.insert_file("a", *b"1").unwrap();
    after.insert_symlink("l", "t").unwrap();
    assert_eq!(
        before.changes_to(&after).unwrap(),
        [
            change("a", ChangeKind::Modified),
            change("a/b", ChangeKind::Removed),
            change("a/b/c", ChangeKind::Removed),
            change("l", ChangeKind::Modified),
        ]
    );
    assert_eq!(
        after.changes_to(&before).unwrap(),
        [
            change("a", ChangeKind::Modified),
            change("a/b", ChangeKind::Created),
            change("a/b/c", ChangeKind::Created),
            change("l", ChangeKind::Modified),
        ]
    );
}

#[test]
fn links_alone_are_no_change() {
    let mut before = Tree::new();
    before.insert_file("a", *b"1").unwrap();
    before.insert_file("b", *b"1").unwrap();
    let mut after = Tree::new();
    after.insert_file("b", *b"1").unwrap();
    after.insert_hard_link("b", "a").unwrap();
    assert_eq!(before.changes_to(&after).unwrap(), []);
}

/// The comparison would fail if it read: the file is gone.
#[test]
fn a_file_that_nobody_read_is_not_read_to_be_compared_with_itself() {
    let dir = crate::temp();
    std::fs::write(dir.path().join("a"), "1").unwrap();
    let before = Tree::read(&crate::open(dir.path()), deterministic_fs::Contents::WhenNeeded).unwrap();
    std::fs::remove_file(dir.path().join("a")).unwrap();
    let mut after = before.clone();
    after.insert_file("b", *b"").unwrap();
    assert_eq!(before.changes_to(&after).unwrap(), [change("b", ChangeKind::Created)]);
    assert!(before.digest().is_err());
}

/// What is taken from one tree to another makes the one into the other.
#[test]
fn a_delta_makes_one_tree_into_the_other() {
    let mut before = Tree::new();
    before.insert_file("kept", *b"as it was").unwrap();
    before.insert_file("changed", *b"one").unwrap();
    before.insert_file("d/removed", *b"gone").unwrap();
    before.insert_symlink("link", "kept").unwrap();
    before.insert_hard_link("kept", "d/other name").unwrap();
    let mut after = Tree::new();
    after.insert_file("kept", *b"as it was").unwrap();
    after.insert_file("changed", *b"two").unwrap();
    after.insert_symlink("link", "changed").unwrap();
    after.insert_directory("e/f").unwrap();
    after.insert_hard_link("changed", "e/again").unwrap();
    for (from, to) in [(&before, &after), (&after, &before), (&before, &before), (&before, &Tree::new())] {
        let made = from.with(&from.delta_to(to).unwrap()).unwrap();
        assert_eq!(made.digest().unwrap(), to.digest().unwrap());
        assert_eq!(
            made.entries().map(|entry| entry.links()).sum::<u32>(),
            to.entries().map(|entry| entry.links()).sum()
        );
    }
    // What is the same is not in it, so it does not fit where that is not there.
    let delta = before.delta_to(&after).unwrap();
    assert_eq!(Tree::new().with(&delta).unwrap_err().path, "kept");
}

/// What a guest does to make the list long, or a path that cannot be said, ends the list and nothing else.
#[test]
fn a_list_for_somebody_to_read_ends() {
    let mut after = Tree::new();
    for name in ["a", "b", "c"] {
        after.insert_file(name, *b"").unwrap();
    }
    let all = Tree::new().changes_to(&after).unwrap();
    for max in 0..5 {
        let changes = Tree::new().changes_within(&after, max).unwrap();
        assert_eq!(changes.list, all[..max.min(3)]);
        assert_eq!(changes.complete, max >= 3);
    }
    let below = format!("b/{}", vec!["n".repeat(200); 30].join("/"));
    let mut deep = Tree::new();
    deep.insert_file("a", *b"").unwrap();
    deep.insert_directory(&below).unwrap();
    deep.insert_file("c", *b"").unwrap();
    let changes = Tree::new().changes_within(&deep, usize::MAX).unwrap();
    assert!(!changes.complete);
    assert_eq!(changes.list[..2], [change("a", ChangeKind::Created), change("b", ChangeKind::Created)]);
    assert!(changes.list.iter().all(|change| change.path.len() <= deterministic_fs::PATH_MAX));
    assert!(Tree::new().changes_to(&deep).is_err());
    // What is there before and after may be where it likes.
    assert_eq!(
        deep.changes_within(&deep.clone(), 0).unwrap(),
        deterministic_fs::Changes { list: vec![], complete: true }
    );
}
