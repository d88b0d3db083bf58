//! What cannot be seen from outside: the sum of all that counts against the capacity, and objects of every kind.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::Hermetic;
use crate::contents::{Contents, Deferred};
use crate::error::{Error, ErrorCode};
use crate::handle::Handle;
use crate::node::{Body, NodeId, Nodes};
use crate::size::{NAME_SIZE, OBJECT_SIZE};
use crate::tree::{Tree, TreeBody, TreeNode};
use crate::types::{Access, FileType, NewTime, OpenOptions, Position};

fn tree_of(entries: &[(&str, TreeBody)]) -> Arc<Tree> {
    let mut nodes = vec![TreeNode { identity: 1, links: 1, body: TreeBody::Directory(BTreeMap::new()) }];
    let mut names = BTreeMap::new();
    for (number, (name, body)) in entries.iter().enumerate() {
        names.insert((*name).into(), number as u32 + 1);
        nodes.push(TreeNode { identity: number as u128 * 2 + 3, links: 1, body: body.clone() });
    }
    nodes[0].body = TreeBody::Directory(names);
    Arc::new(Tree { nodes })
}

/// What is below the mounts, and what is open without a name.
fn counted(nodes: &Nodes, mounts: &[Handle], open: &[Handle]) -> u64 {
    let mut seen: HashMap<NodeId, ()> = HashMap::new();
    let mut left: Vec<NodeId> = mounts.iter().chain(open).map(|handle| handle.open.node).collect();
    let mut sum = 0;
    while let Some(id) = left.pop() {
        if seen.insert(id, ()).is_some() {
            continue;
        }
        let node = nodes.get(id).unwrap();
        sum += OBJECT_SIZE;
        match &node.body {
            Body::Directory(directory) => {
                for (name, id) in &directory.entries {
                    sum += NAME_SIZE + name.len() as u64;
                    left.push(*id);
                }
            }
            Body::File(contents) => sum += contents.bytes().unwrap().len() as u64,
            Body::SymbolicLink(target) => sum += target.len() as u64,
            Body::Special(_) | Body::Host => {}
        }
    }
    sum
}

#[test]
fn what_is_used_is_what_there_is() {
    for seed in 1..=10_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |bound: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) % bound
        };
        let (mut nodes, mut hermetic) = (Nodes::new(0), Hermetic::new(20_000));
        let tree = tree_of(&[("a", TreeBody::File(Contents::Shared(Arc::from(*b"twelve bytes"))))]);
        let mounts: Vec<Handle> =
            (0..2).map(|number| hermetic.mount(&mut nodes, &tree, number, "/", Access::ReadWrite).unwrap()).collect();
        let mut open: Vec<Handle> = Vec::new();
        let mut full = 0;
        for step in 0..5_000 {
            let names = ["a", "b", "cc", "dddddddddd", "a/b", "cc/a", "b/cc/a", "b/dddddddddd"];
            let mut path = || names[below(names.len() as u64) as usize];
            let (path, other) = (path(), path());
            let [dir, to] = [below(2), below(2)].map(|at| &mounts[at as usize]);
            let result = match below(9) {
                0 => hermetic.create_directory_at(&mut nodes, dir, path),
                1 => hermetic.symlink_at(&mut nodes, dir, other, path),
                2 => hermetic.link_at(&mut nodes, dir, path, to, other),
                3 => hermetic.rename_at(&mut nodes, dir, path, to, other),
                4 => hermetic.unlink_file_at(&mut nodes, dir, path),
                5 => hermetic.remove_directory_at(&mut nodes, dir, path),
                6 => {
                    let options =
                        OpenOptions { create: below(2) == 0, truncate: below(4) == 0, ..OpenOptions::default() };
                    hermetic.open_at(&mut nodes, dir, path, options).map(|handle| open.push(handle))
                }
                what => {
                    let count = open.len() as u64;
                    if count > 0 {
                        let file = &open[below(count) as usize];
                        let bytes = vec![7; below(3_000) as usize];
                        let result = match what {
                            7 => hermetic.write(&mut nodes, file, &bytes, Position::At(below(3_000))).map(|_| ()),
                            _ => hermetic.set_size(&mut nodes, file, below(6_000)),
                        };
                        if below(2) == 0 {
                            open.swap_remove(below(count) as usize);
                        }
                        result
                    } else {
                        Ok(())
                    }
                }
            };
            full += u32::from(matches!(result, Err(Error::Code(ErrorCode::InsufficientSpace))));
            assert!(hermetic.used <= hermetic.capacity);
            nodes.sweep();
            hermetic.collect(&mut nodes);
            assert_eq!(hermetic.used, counted(&nodes, &mounts, &open), "seed {seed} step {step}");
        }
        assert!(full > 10, "seed {seed}: the capacity was met {full} times");
    }
}

#[test]
fn special_objects_have_a_kind_and_a_name_and_nothing_else() {
    let (mut nodes, mut hermetic) = (Nodes::new(5), Hermetic::new(u64::MAX));
    let tree = tree_of(&[("fifo", TreeBody::Special(FileType::Unknown))]);
    let root = hermetic.mount(&mut nodes, &tree, 0, "/", Access::ReadWrite).unwrap();
    let mut open = |options| match hermetic.open_at(&mut nodes, &root, "fifo", options) {
        Err(Error::Code(code)) => code,
        other => panic!("{other:?}"),
    };
    let options = OpenOptions::default();
    assert_eq!(open(options), ErrorCode::Unsupported);
    assert_eq!(open(OpenOptions { create: true, truncate: true, ..options }), ErrorCode::Unsupported);
    assert_eq!(open(OpenOptions { create: true, exclusive: true, ..options }), ErrorCode::Exist);
    assert_eq!(open(OpenOptions { directory: true, ..options }), ErrorCode::NotDirectory);
    nodes.now = 9;
    let (keep, now) = (NewTime::Keep, NewTime::Now);
    hermetic.set_times_at(&mut nodes, &root, "fifo", true, keep, now).unwrap();
    hermetic.rename_at(&mut nodes, &root, "fifo", &root, "pipe").unwrap();
    let stat = hermetic.stat_at(&nodes, &root, "pipe", true).unwrap();
    assert_eq!((stat.file_type, stat.size, stat.links), (FileType::Unknown, 0, 1));
    assert_eq!((stat.times.access, stat.times.modification, stat.times.change), (5, 9, 9));
    hermetic.unlink_file_at(&mut nodes, &root, "pipe").unwrap();
    hermetic.collect(&mut nodes);
    assert_eq!(hermetic.used, OBJECT_SIZE);
}

#[test]
fn contents_that_the_host_cannot_give_are_the_embedders_business() {
    let dir = tempfile::tempdir().unwrap();
    let root = cap_std::fs::Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
    let deferred = Deferred { root: Arc::new(root), path: "gone".into(), len: 4, bytes: OnceLock::new() };
    let tree = tree_of(&[("gone", TreeBody::File(Contents::Deferred(Arc::new(deferred))))]);
    let (mut nodes, mut hermetic) = (Nodes::new(0), Hermetic::new(u64::MAX));
    let mount = hermetic.mount(&mut nodes, &tree, 0, "/", Access::ReadWrite).unwrap();
    let options = OpenOptions { read: true, write: true, ..OpenOptions::default() };
    let file = hermetic.open_at(&mut nodes, &mount, "gone", options).unwrap();
    let used = hermetic.used;
    assert!(matches!(hermetic.read(&nodes, &file, &mut [0], 0), Err(Error::Contents { .. })));
    assert!(matches!(hermetic.write(&mut nodes, &file, b"ab", Position::End), Err(Error::Contents { .. })));
    assert!(matches!(hermetic.set_size(&mut nodes, &file, 2), Err(Error::Contents { .. })));
    assert_eq!(hermetic.used, used);
    // Nothing of it is needed for this.
    hermetic.set_size(&mut nodes, &file, 0).unwrap();
    assert_eq!(hermetic.used, used - 4);
    hermetic.write(&mut nodes, &file, b"ab", Position::End).unwrap();
    assert_eq!(hermetic.used, used - 2);
}

#[test]
fn memory_that_was_cut_off_is_not_kept() {
    let (mut nodes, mut hermetic) = (Nodes::new(0), Hermetic::new(1 << 20));
    let root = hermetic.mount(&mut nodes, &tree_of(&[]), 0, "/", Access::ReadWrite).unwrap();
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let file = hermetic.open_at(&mut nodes, &root, "a", options).unwrap();
    for size in [500_000, 10, 500_000, 0] {
        hermetic.set_size(&mut nodes, &file, size).unwrap();
        match &nodes.get(file.open.node).unwrap().body {
            Body::File(Contents::Own(bytes)) => assert!(bytes.held() as u64 <= 2 * size + 64, "{size}"),
            other => panic!("{other:?}"),
        }
    }
}
