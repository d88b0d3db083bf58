use std::sync::Arc;

use deterministic_fs::{Access, BuildError, DEPTH_MAX, FileSystem, OBJECT_SIZE, Tree, TreeError};

use crate::shown;

#[test]
fn parents_are_made_and_entries_are_in_the_order_of_names() {
    let mut tree = Tree::new();
    tree.insert_file("a/b/c", *b"one").unwrap();
    tree.insert_file("a-b", *b"three").unwrap();
    tree.insert_file("a/B", Vec::new()).unwrap();
    tree.insert_directory("z").unwrap();
    tree.insert_directory("a/b").unwrap();
    tree.insert_symlink("é", "/out/of/it").unwrap();
    tree.insert_hard_link("a/b/c", "a/A").unwrap();
    assert_eq!(
        shown(&tree),
        [
            "a 0 1 Directory",
            "a/A 3 2 \"one\"",
            "a/B 0 1 \"\"",
            "a/b 0 1 Directory",
            "a/b/c 3 2 \"one\"",
            "a-b 5 1 \"three\"",
            "z 0 1 Directory",
            "é 10 1 -> /out/of/it",
        ]
    );
    // The root and seven others: `a/A` has a name and is none of its own.
    assert_eq!(tree.size(), 8 * OBJECT_SIZE + (3 + 5 + 10) + 8 * 64 + (1 + 1 + 1 + 1 + 1 + 3 + 1 + 2));
}

#[test]
fn look_ups_find_what_is_there_and_nothing_else() {
    let mut tree = Tree::new();
    tree.insert_file("a/b", *b"x").unwrap();
    assert_eq!(tree.file("a/b").unwrap().unwrap(), b"x");
    assert!(tree.file("a").is_none());
    for path in ["b", "a/c", "a/b/c", "/", "/a", "a/", "a//b", ".", "a/.", "a/../a"] {
        assert!(tree.get(path).is_none(), "{path}");
    }
}

#[test]
fn bad_paths_are_refused_and_change_nothing() {
    let mut tree = Tree::new();
    tree.insert_file("file", *b"x").unwrap();
    tree.insert_directory("dir").unwrap();
    let before = shown(&tree);
    let long = "n".repeat(256);

    let cases: [(&str, BuildError); 13] = [
        ("", BuildError::Empty { path: "".into() }),
        ("/", BuildError::Absolute { path: "/".into() }),
        ("/a", BuildError::Absolute { path: "/a".into() }),
        ("new/", BuildError::Empty { path: "new/".into() }),
        ("new//a", BuildError::Empty { path: "new//a".into() }),
        ("new/../a", BuildError::Dots { path: "new/../a".into() }),
        ("..", BuildError::Dots { path: "..".into() }),
        ("./a", BuildError::Dots { path: "./a".into() }),
        ("new/a\0", BuildError::Nul { text: "new/a\0".into() }),
        (&long, BuildError::NameTooLong { path: long.clone(), len: 256 }),
        ("file/a", BuildError::NotDirectory { path: "file".into() }),
        ("file/a/b", BuildError::NotDirectory { path: "file".into() }),
        ("file", BuildError::Exists { path: "file".into() }),
    ];
    for (path, error) in cases {
        assert_eq!(tree.insert_file(path, *b"").unwrap_err(), error);
        assert_eq!(tree.insert_directory(path).unwrap_err(), error);
        assert_eq!(tree.insert_symlink(path, "t").unwrap_err(), error);
        assert_eq!(tree.insert_hard_link("file", path).unwrap_err(), error);
    }
    assert_eq!(tree.insert_file("dir", *b"").unwrap_err(), BuildError::Exists { path: "dir".into() });
    for original in ["", "dir", "none", "file/x"] {
        assert_eq!(
            tree.insert_hard_link(original, "new/a").unwrap_err(),
            BuildError::NoOriginal { path: original.into() }
        );
    }
    for (target, len) in [("".to_owned(), 0), ("t".repeat(4096), 4096)] {
        assert_eq!(
            tree.insert_symlink("new/a", &target).unwrap_err(),
            BuildError::TargetLength { path: "new/a".into(), len }
        );
    }
    assert_eq!(tree.insert_symlink("new/a", "t\0").unwrap_err(), BuildError::Nul { text: "t\0".into() });
    assert_eq!(shown(&tree), before);

    tree.insert_file(&long[1..], *b"").unwrap();
    tree.insert_symlink("link", &"t".repeat(4095)).unwrap();
}

/// What a tree says that it takes is what a file system needs for it.
#[test]
fn size_is_what_it_takes() {
    let mut tree = Tree::new();
    tree.insert_file("a/b", *b"hello").unwrap();
    tree.insert_hard_link("a/b", "same").unwrap();
    tree.insert_symlink("link", "a/b").unwrap();
    let tree = Arc::new(tree);
    let mount = |capacity| FileSystem::new(0, capacity).mount_hermetic(&tree, "/", Access::ReadOnly);
    mount(tree.size()).unwrap();
    match mount(tree.size() - 1).unwrap_err() {
        TreeError::TooLarge { size, .. } => assert_eq!(size, tree.size()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_deeper_than_a_guest_may_go() {
    let directories = |depth: usize| vec!["d"; depth].join("/");
    let mut tree = Tree::new();
    tree.insert_file(&format!("{}/f", directories(DEPTH_MAX)), *b"").unwrap();
    for result in [
        tree.insert_directory(&directories(DEPTH_MAX + 1)),
        tree.insert_file(&format!("{}/f", directories(DEPTH_MAX + 1)), *b""),
        Tree::new().insert_directory(&directories(DEPTH_MAX + 1)),
    ] {
        assert!(matches!(result, Err(BuildError::TooDeep { .. })), "{result:?}");
    }
}
