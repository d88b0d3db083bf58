//! Order and identity.

use wasmtime_wasi::p2::bindings::sync::filesystem::types::{HostDescriptor as _, PathFlags};

use super::{Host, NAMES, fd, reversed, tree};

#[test]
fn a_tree_looks_the_same_wherever_and_however_it_was_made() {
    let (one, other) = (tree(&NAMES), tree(&reversed()));
    let mut host = Host::live(one.path());
    let root = host.root();
    let listed = host.list(root);
    let mut sorted = listed.clone();
    sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    assert_eq!(listed, sorted);
    assert!(listed.len() >= 4 && !listed.iter().any(|name| [".", ".."].contains(&name.as_str())), "{listed:?}");

    let paths = host.paths();
    let expected = host.stat_all(&paths);
    assert_eq!(host.stat_all3(&paths), expected);
    for (mut host, what) in [
        (Host::live(other.path()), "live, made in another order"),
        (Host::hermetic(one.path()), "hermetic"),
        (Host::hermetic(other.path()), "hermetic, made in another order"),
    ] {
        assert_eq!(host.paths(), paths, "{what}");
        assert_eq!(host.stat_all3(&paths), expected, "{what}, 0.3");
        assert_eq!(host.stat_all(&paths), expected, "{what}, 0.2");
    }
}

#[test]
fn identity_is_one_in_all_that_tell_of_it() {
    let dir = tree(&NAMES);
    std::fs::hard_link(dir.path().join("inner/b"), dir.path().join("another-b")).unwrap();
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let (b, another, a) = (host.read_only("inner/b"), host.read_only("another-b"), host.read_only("inner/a"));
        let root = host.root();
        let mut view = host.view();
        let mut hash = |open| {
            let hash = view.metadata_hash(fd(open)).unwrap();
            (hash.lower, hash.upper)
        };
        assert_eq!(hash(b), hash(another));
        assert_ne!(hash(b), hash(a));
        let by_path = view.metadata_hash_at(fd(root), PathFlags::empty(), "another-b".into()).unwrap();
        assert_eq!((by_path.lower, by_path.upper), {
            let hash = view.metadata_hash(fd(b)).unwrap();
            (hash.lower, hash.upper)
        });
        assert!(view.is_same_object(fd(b), fd(another)).unwrap());
        assert!(view.is_same_object(fd(b), fd(b)).unwrap());
        assert!(!view.is_same_object(fd(b), fd(a)).unwrap());
        assert!(!view.is_same_object(fd(b), fd(root)).unwrap());
    }
}

/// Preopens are opened again with each call, as on stock, and are one object.
#[test]
fn preopens_are_new_descriptors_of_the_same_directories() {
    let dir = tree(&NAMES);
    let mut host = Host::live(dir.path());
    let (first, second) = (host.root(), host.root());
    assert_ne!(first, second);
    assert!(host.view().is_same_object(fd(first), fd(second)).unwrap());
    let directories = wasmtime_wasi::p3::bindings::filesystem::preopens::Host::get_directories(&mut host.view());
    let directories = directories.unwrap();
    assert_eq!(directories[0].1, "/");
    assert!(host.view().is_same_object(fd(first), fd(directories[0].0.rep())).unwrap());
}

/// An entry that is removed or added meanwhile does not move the others.
#[test]
fn a_listing_is_of_the_moment_it_was_asked_for() {
    use wasmtime::component::Resource;
    use wasmtime_wasi::p2::bindings::sync::filesystem::types::HostDirectoryEntryStream as _;
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let root = host.root();
        let before = host.list(root);
        let stream = host.view().read_directory(fd(root)).unwrap();
        host.view().unlink_file_at(fd(root), "alpha".into()).unwrap();
        host.create("aaa");
        let mut view = host.view();
        let mut names = Vec::new();
        while let Some(entry) = view.read_directory_entry(Resource::new_borrow(stream.rep())).unwrap() {
            names.push(entry.name);
        }
        assert_eq!(names, before);
        assert!(host.list(root).starts_with(&["Zeta".to_owned(), "aaa".to_owned()]));
        // For the other kind of mount.
        std::fs::write(dir.path().join("alpha"), "alpha".repeat(100)).unwrap();
        let _ = std::fs::remove_file(dir.path().join("aaa"));
    }
}
