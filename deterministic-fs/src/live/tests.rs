use std::collections::BTreeSet;

use cap_std::ambient_authority;

use super::*;
use crate::types::OpenOptions;

fn mounted(path: &std::path::Path) -> (Live, Nodes, Handle) {
    let (mut live, mut nodes) = (Live::default(), Nodes::new(0));
    let dir = Dir::open_ambient_dir(path, ambient_authority()).expect("a directory");
    let root = live.mount(&mut nodes, dir, 0, "/", Access::ReadWrite);
    (live, nodes, root)
}

const NEW: OpenOptions = OpenOptions {
    create: true,
    directory: false,
    exclusive: false,
    truncate: false,
    read: false,
    write: true,
    follow: true,
};

/// Counted, and not timed: nothing is left of what comes and goes.
#[test]
fn bookkeeping_goes_with_the_objects() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut live, mut nodes, root) = mounted(dir.path());
    let start = live.objects.len();
    let mut numbers = BTreeSet::new();
    for turn in 0..100_000 {
        // Some are open when they go.
        let file = live.open_at(&mut nodes, &root, "a", NEW).expect("a file");
        numbers.insert(file.open.node);
        let file = (turn % 3 == 0).then_some(file);
        if turn % 20 == 0 {
            live.link_at(&mut nodes, &root, "a", &root, "b").expect("a link");
            live.unlink_file_at(&mut nodes, &root, "b").expect("an unlink");
        }
        if turn % 20 == 1 {
            live.open_at(&mut nodes, &root, "b", NEW).expect("a file");
            live.rename_at(&mut nodes, &root, "b", &root, "a").expect("a rename");
        }
        live.unlink_file_at(&mut nodes, &root, "a").expect("an unlink");
        assert_eq!(live.objects.len(), start);
        drop(file);
    }
    // Places in the table are used again; open objects without a name are looked through now and then.
    assert!(numbers.len() < 200, "{}", numbers.len());
    for turn in 0..1_000 {
        live.create_directory_at(&mut nodes, &root, "d").expect("a directory");
        live.create_directory_at(&mut nodes, &root, "d/e").expect("a directory");
        live.symlink_at(&mut nodes, &root, ".", "d/e/l").expect("a link");
        live.stat_at(&mut nodes, &root, "d/e/l", true).expect("a directory");
        live.unlink_file_at(&mut nodes, &root, "d/e/l").expect("an unlink");
        live.remove_directory_at(&mut nodes, &root, "d/e").expect("no directory");
        live.remove_directory_at(&mut nodes, &root, "d").expect("no directory");
        assert_eq!(live.objects.len(), start, "{turn}");
    }
}
