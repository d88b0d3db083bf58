//! Files that a run wrote in pieces, seen from outside: a tree with them is as one with the same bytes in one piece.

use std::sync::Arc;

use deterministic_fs::{Access, FileSystem, Handle, OpenOptions, Position, Tree};

/// More than what is kept in one piece.
const LARGE: usize = 200_000;

fn mounted(tree: &Arc<Tree>) -> (FileSystem, Handle) {
    let mut fs = FileSystem::new(0, 1 << 30);
    fs.mount_hermetic(tree, "/", Access::ReadWrite).unwrap();
    let root = fs.preopens().next().unwrap().1.clone();
    (fs, root)
}

fn open(fs: &mut FileSystem, root: &Handle, path: &str) -> Handle {
    let options = OpenOptions { create: true, read: true, write: true, ..OpenOptions::default() };
    fs.open_at(root, path, options).unwrap()
}

/// What the run below makes of [`before`], by hand.
fn after() -> Tree {
    let mut tree = Tree::new();
    let mut changed = vec![1; LARGE];
    changed[70_000] = 2;
    changed.resize(LARGE + 100_000, 0);
    tree.insert_file("changed", changed).unwrap();
    tree.insert_file("same", vec![3; LARGE]).unwrap();
    tree.insert_file("cut", vec![4; 65_536]).unwrap();
    let mut holes = vec![0; 300_001];
    holes[65_535..65_537].copy_from_slice(b"xy");
    holes[300_000] = b'z';
    tree.insert_file("d/e/holes", holes).unwrap();
    tree.insert_hard_link("d/e/holes", "d/other").unwrap();
    tree.insert_hard_link("d/e/holes", "e").unwrap();
    tree.insert_symlink("d/e/link", "holes").unwrap();
    tree
}

fn before() -> Arc<Tree> {
    let mut tree = Tree::new();
    tree.insert_file("changed", vec![1; LARGE]).unwrap();
    tree.insert_file("same", vec![3; LARGE]).unwrap();
    tree.insert_file("cut", vec![4; LARGE]).unwrap();
    tree.insert_file("gone", vec![5; LARGE]).unwrap();
    Arc::new(tree)
}

fn run(fs: &mut FileSystem, root: &Handle) {
    let changed = open(fs, root, "changed");
    fs.write(&changed, &[2], Position::At(70_000)).unwrap();
    fs.set_size(&changed, LARGE as u64 + 100_000).unwrap();
    // Written over with what it was.
    let same = open(fs, root, "same");
    fs.write(&same, &vec![3; 100_000], Position::At(50_000)).unwrap();
    let cut = open(fs, root, "cut");
    fs.set_size(&cut, 65_536).unwrap();
    fs.unlink_file_at(root, "gone").unwrap();
    fs.create_directory_at(root, "d").unwrap();
    fs.create_directory_at(root, "d/e").unwrap();
    let holes = open(fs, root, "e");
    fs.write(&holes, b"xy", Position::At(65_535)).unwrap();
    fs.write(&holes, b"z", Position::At(300_000)).unwrap();
    fs.link_at(root, "e", false, root, "d/e/holes").unwrap();
    fs.link_at(root, "d/e/holes", false, root, "d/other").unwrap();
    fs.symlink_at(root, "holes", "d/e/link").unwrap();
}

#[test]
fn a_tree_of_pieces_is_the_tree_of_the_same_bytes() {
    let (before, after) = (before(), after());
    let (mut fs, root) = mounted(&before);
    run(&mut fs, &root);
    let left = fs.tree(0).unwrap().unwrap();
    assert_eq!(left.digest().unwrap(), after.digest().unwrap());
    assert_eq!(left.size(), after.size());
    assert!(left.changes_to(&after).unwrap().is_empty() && after.changes_to(&left).unwrap().is_empty());
    assert_eq!(before.changes_to(&left).unwrap(), before.changes_to(&after).unwrap());
    for entry in after.entries() {
        let Some(bytes) = entry.bytes() else { continue };
        assert!(left.file(entry.path()).unwrap().unwrap() == bytes.unwrap(), "{}", entry.path());
    }
    // The same on the host, and taken in again.
    let place = tempfile::tempdir().unwrap();
    let target = deterministic_fs::WriteTarget::open(&place.path().join("out")).unwrap();
    left.write_to(&target).unwrap();
    let host = cap_std::fs::Dir::open_ambient_dir(place.path().join("out"), cap_std::ambient_authority()).unwrap();
    let read = Tree::read(&host, deterministic_fs::Contents::AtStart).unwrap();
    assert_eq!(read.digest().unwrap(), after.digest().unwrap());
}

#[test]
fn so_is_a_delta() {
    let (before, after) = (before(), after());
    let (mut fs, root) = mounted(&before);
    run(&mut fs, &root);
    let delta = before.delta_to(&fs.tree(0).unwrap().unwrap()).unwrap();
    assert_eq!(delta, before.delta_to(&after).unwrap());
    // It stays what it was when the run goes on.
    let holes = open(&mut fs, &root, "e");
    fs.write(&holes, b"later", Position::At(65_535)).unwrap();
    let made = before.with(&delta).unwrap();
    assert_eq!(made.digest().unwrap(), after.digest().unwrap());
    assert_eq!(made.get("e").unwrap().links(), 3);
    assert_ne!(before.delta_to(&fs.tree(0).unwrap().unwrap()).unwrap(), delta);
}

/// A guest can have as many names as there is room for, as deep as a path can say.
#[test]
fn deep_names_make_no_long_delta() {
    let (mut fs, root) = mounted(&Arc::new(Tree::new()));
    let mut dir = root.clone();
    for _ in 0..16 {
        fs.create_directory_at(&dir, &"n".repeat(249)).unwrap();
        dir = fs.open_at(&dir, &"n".repeat(249), OpenOptions::default()).unwrap();
    }
    open(&mut fs, &dir, "first");
    for name in 0..2_000 {
        fs.link_at(&dir, "first", false, &dir, &name.to_string()).unwrap();
    }
    let left = fs.tree(0).unwrap().unwrap();
    let delta = Tree::new().delta_to(&left).unwrap();
    assert_eq!(Tree::new().with(&delta).unwrap().digest().unwrap(), left.digest().unwrap());
    // The names of the directories are in it once: 4000 bytes for each link would be 8 MB.
    assert!(format!("{delta:?}").len() < 1_000_000);
}
