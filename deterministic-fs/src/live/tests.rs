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

const READ: OpenOptions = OpenOptions { create: false, read: true, write: false, ..NEW };

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

/// However deep, and however many: no directory and no path of a handle is longer than a path can be.
#[test]
fn what_is_remembered_has_an_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut live, mut nodes, root) = mounted(dir.path());
    let name = "n".repeat(200);
    let two = format!("{name}/{name}");
    let mut handles = vec![root.clone()];
    for _ in 0..50 {
        let at = handles.last().expect("a handle").clone();
        live.create_directory_at(&mut nodes, &at, &name).expect("a directory");
        live.create_directory_at(&mut nodes, &at, &two).expect("a directory");
        handles
            .push(live.open_at(&mut nodes, &at, &two, OpenOptions { directory: true, ..READ }).expect("a directory"));
    }
    assert!(live.objects.longest() <= crate::PATH_MAX);
    for handle in &handles {
        let Some(HostHandle::Directory { at, .. }) = &handle.host else { panic!("{handle:?}") };
        assert!(at.len() <= crate::PATH_MAX);
    }
    // Those that can be said are.
    assert!(live.objects.longest() > 3000);

    for number in 0..2 * super::objects::DIRECTORIES_MAX {
        live.create_directory_at(&mut nodes, &root, "d").expect("a directory");
        live.create_directory_at(&mut nodes, &root, "d/e").expect("a directory");
        // A rename of what is no directory forgets none.
        let new = format!("{number}");
        std::fs::rename(dir.path().join("d"), dir.path().join(&new)).expect("a rename");
        live.stat_at(&mut nodes, &root, &format!("{new}/e/."), true).expect("a directory");
        live.open_at(&mut nodes, &root, &format!("{new}/e/f"), NEW).expect("a file");
    }
    assert!(live.objects.directories() <= super::objects::DIRECTORIES_MAX);
}

/// Many directories that were opened by one path: each of the files in them by that path is told from the others without
/// trying all identities before it.
#[test]
fn directories_renamed_while_open_cost_what_they_are() {
    const MANY: u64 = 300;
    let dir = tempfile::tempdir().expect("a directory");
    let (mut live, mut nodes, root) = mounted(dir.path());
    let mut open = Vec::new();
    for number in 0..MANY {
        live.create_directory_at(&mut nodes, &root, "a").expect("a directory");
        open.push(live.open_at(&mut nodes, &root, "a", OpenOptions { directory: true, ..READ }).expect("a directory"));
        std::fs::write(dir.path().join("a/x"), "").expect("a file");
        live.rename_at(&mut nodes, &root, "a", &root, &number.to_string()).expect("a rename");
    }
    let before = live.objects.made;
    let mut seen = BTreeSet::new();
    for handle in &open {
        let stat = live.stat_at(&mut nodes, handle, "x", false).expect("a file");
        assert!(seen.insert(stat.identity));
    }
    assert!(live.objects.made - before <= 2 * MANY, "{}", live.objects.made - before);
}
