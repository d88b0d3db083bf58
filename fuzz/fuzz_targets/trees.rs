//! Trees and what makes one into another: it leads there, also after it was bytes; and bytes that are no such thing lead nowhere.
#![no_main]

use arbitrary::Arbitrary;
use deterministic_fs::{Delta, Tree};
use libfuzzer_sys::fuzz_target;

/// Few names, so that they meet.
#[derive(Arbitrary, Debug)]
enum Name {
    A,
    B,
    Long,
    Other(String),
}

#[derive(Arbitrary, Debug)]
enum Step {
    File(Vec<Name>, Vec<u8>),
    /// Longer than one chunk.
    Large(Vec<Name>, u32),
    Directory(Vec<Name>),
    Link(Vec<Name>, String),
    HardLink(Vec<Name>, Vec<Name>),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    before: Vec<Step>,
    after: Vec<Step>,
    /// Whether `after` begins with what `before` comes to.
    goes_on: bool,
    delta: &'a [u8],
}

fn path(names: &[Name]) -> String {
    let names: Vec<_> = names
        .iter()
        .map(|name| match name {
            Name::A => "a".to_owned(),
            Name::B => "b".to_owned(),
            Name::Long => "n".repeat(255),
            Name::Other(name) => name.clone(),
        })
        .collect();
    names.join("/")
}

fn grow(tree: &mut Tree, steps: &[Step]) {
    for step in steps {
        // What cannot be inserted is refused, and leaves the tree as it was.
        let before = tree.digest().expect("all is in memory");
        let done = match step {
            Step::File(names, bytes) => tree.insert_file(&path(names), bytes.as_slice()),
            Step::Large(names, len) => tree.insert_file(&path(names), vec![7; (*len % (200 << 10)) as usize]),
            Step::Directory(names) => tree.insert_directory(&path(names)),
            Step::Link(names, target) => tree.insert_symlink(&path(names), target),
            Step::HardLink(original, names) => tree.insert_hard_link(&path(original), &path(names)),
        };
        if done.is_err() {
            assert_eq!(before, tree.digest().expect("all is in memory"), "{step:?} failed and did something");
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let mut before = Tree::new();
    grow(&mut before, &input.before);
    let mut after = if input.goes_on { before.clone() } else { Tree::new() };
    grow(&mut after, &input.after);
    let digests = [&before, &after].map(|tree| tree.digest().expect("all is in memory"));

    // Both fail for a path that is too long only.
    if let Ok(changes) = before.changes_to(&after) {
        // Trees that differ in which names are of one object differ in no change.
        assert!(changes.is_empty() || digests[0] != digests[1]);
    }
    if let Ok(delta) = before.delta_to(&after) {
        let bytes = postcard::to_allocvec(&delta).expect("it is data");
        let read: Delta = postcard::from_bytes(&bytes).expect("it was written so");
        assert!(read == delta);
        let made = before.with(&read).expect("it is of this tree");
        assert_eq!(made.digest().expect("all is in memory"), digests[1]);
    }
    if let Ok(delta) = postcard::from_bytes::<Delta>(input.delta)
        && let Ok(made) = before.with(&delta)
    {
        let _ = made.digest();
    }
});
