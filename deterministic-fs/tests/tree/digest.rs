use deterministic_fs::Tree;

const CONTEXT: &str = "deterministic-fs 2026-11-21 digest of a tree";

fn number(n: u64) -> Vec<u8> {
    n.to_le_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    [number(text.len() as u64), text.into()].concat()
}

fn file(bytes: &[u8]) -> Vec<u8> {
    [vec![2], number(bytes.len() as u64), blake3::hash(bytes).as_bytes().to_vec()].concat()
}

/// The encoding as it is described, and what came of it when it was made.
fn vectors() -> Vec<(Tree, Vec<Vec<u8>>, &'static str)> {
    let mut files = Tree::new();
    files.insert_file("b", *b"hello\n").unwrap();
    files.insert_file("a", *b"").unwrap();

    let mut nested = Tree::new();
    nested.insert_file("a/b/c", *b"x").unwrap();
    nested.insert_directory("a/d").unwrap();
    nested.insert_symlink("a-link", "../out").unwrap();

    let mut linked = Tree::new();
    linked.insert_directory("d").unwrap();
    linked.insert_file("e", *b"y").unwrap();
    linked.insert_file("g", *b"y").unwrap();
    linked.insert_hard_link("e", "d/f").unwrap();

    vec![
        (Tree::new(), vec![vec![1], number(0)], "37a1e048ca9d58614b91f29c98fe0c35c06d852084c335553efeb614afc96f32"),
        (
            files,
            vec![vec![1], number(2), text("a"), file(b""), text("b"), file(b"hello\n")],
            "450e825c79a3e8f99edeef0651d22d706d1ec43836a1e823edff9e4802ace98c",
        ),
        (
            nested,
            vec![
                vec![1],
                number(2),
                text("a"),
                vec![1],
                number(2),
                text("b"),
                vec![1],
                number(1),
                text("c"),
                file(b"x"),
                text("d"),
                vec![1],
                number(0),
                text("a-link"),
                vec![3],
                text("../out"),
            ],
            "78ea0d2c556e2d13bae3e430cec5a06a1aa2826be5b04aead899703d097b1b61",
        ),
        (
            linked,
            vec![
                vec![1],
                number(3),
                text("d"),
                vec![1],
                number(1),
                text("f"),
                file(b"y"),
                text("e"),
                vec![0],
                number(2),
                text("g"),
                file(b"y"),
            ],
            "02444005bcb6a27058ce025e84bd57816445ba3b4754f14e1d8cfdad074f6fb9",
        ),
    ]
}

#[test]
fn reference_vectors() {
    for (tree, encoding, expected) in vectors() {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&encoding.concat());
        let digest = tree.digest().unwrap();
        assert_eq!(digest.as_bytes(), hasher.finalize().as_bytes(), "the encoding of {tree:?}");
        assert_eq!(digest.to_string(), expected, "of {tree:?}");
    }
}

#[cfg(unix)]
#[test]
fn reference_vector_of_specials() {
    let dir = crate::temp();
    crate::fifo(&dir.path().join("fifo"));
    std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&[vec![1], number(2), text("fifo"), vec![6], text("socket"), vec![6]].concat());
    let digest = crate::read(dir.path()).digest().unwrap();
    assert_eq!(digest.as_bytes(), hasher.finalize().as_bytes());
    assert_eq!(digest.to_string(), "b83c2f2cc38367237cc2e6ae094d41349260f15361bd7aa8644c9b68fe1609a9");
}

#[test]
fn every_difference_a_guest_can_see_shows() {
    let make: [fn(&mut Tree); 9] = [
        |_| {},
        |tree| tree.insert_file("a", *b"").unwrap(),
        |tree| tree.insert_file("b", *b"").unwrap(),
        |tree| tree.insert_file("a", *b"b").unwrap(),
        |tree| tree.insert_symlink("a", "b").unwrap(),
        |tree| tree.insert_directory("a").unwrap(),
        |tree| tree.insert_directory("a/b").unwrap(),
        |tree| {
            tree.insert_file("a", *b"x").unwrap();
            tree.insert_file("b", *b"x").unwrap();
        },
        |tree| {
            tree.insert_file("a", *b"x").unwrap();
            tree.insert_hard_link("a", "b").unwrap();
        },
    ];
    let digests = make.map(|make| {
        let mut tree = Tree::new();
        make(&mut tree);
        tree.digest().unwrap()
    });
    for (i, a) in digests.iter().enumerate() {
        for (j, b) in digests.iter().enumerate() {
            assert_eq!(a == b, i == j, "{i} {j}");
        }
    }
}
