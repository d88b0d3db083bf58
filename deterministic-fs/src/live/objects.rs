//! Who the host's objects are to the guest.

use std::collections::{BTreeMap, BTreeSet};

use cap_fs_ext::MetadataExt;
use cap_std::fs::{Dir, Metadata};

use super::errors::retry;
use crate::error::{ErrorCode, Result};
use crate::handle::{Handle, HostHandle};
use crate::identity;
use crate::node::{Body, Node, NodeId, Nodes};
use crate::types::SYMLINK_MAX;

/// The host's numbers for an object: its device and its inode. Another object can have them when this one is gone.
pub(super) type Key = (u64, u64);

pub(super) fn key(metadata: &Metadata) -> Key {
    (metadata.dev(), metadata.ino())
}

/// The directory that a guest's path starts from.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) dir: &'a Dir,
    /// From the mount's root, as the guest reached it.
    pub(super) path: &'a str,
    pub(super) mount: u32,
    pub(super) node: NodeId,
}

impl<'a> Place<'a> {
    pub(super) fn new(handle: &'a Handle) -> Result<Self> {
        let Some(HostHandle::Directory { dir, path: reached, mount }) = &handle.host else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        Ok(Place { dir, path: reached, mount: *mount, node: handle.open.node })
    }
}

/// The objects that the guest has met and that have a name.
#[derive(Debug, Default)]
pub(super) struct Objects {
    known: BTreeMap<Key, NodeId>,
    /// Theirs, so that no two have the same.
    identities: BTreeSet<u128>,
    /// How many objects were renamed or removed.
    moves: u64,
    mounts: BTreeMap<u32, Mount>,
}

#[derive(Debug)]
struct Mount {
    identity: u128,
    /// Paths of which it is known that no symbolic link is on the way, so that the host need not be asked again.
    directories: BTreeSet<String>,
}

impl Objects {
    pub(super) fn mounted(&mut self, mount: u32, guest: &str) {
        let identity = identity::of_mount(mount, guest);
        self.mounts.insert(mount, Mount { identity, directories: BTreeSet::new() });
    }

    pub(super) fn get(&self, key: Key) -> Option<NodeId> {
        self.known.get(&key).copied()
    }

    /// The object at `path`, which was looked up just now. `follow` says whether a symbolic link in the last place was
    /// followed.
    pub(super) fn meet(
        &mut self,
        nodes: &mut Nodes,
        place: Place<'_>,
        path: &str,
        follow: bool,
        metadata: &Metadata,
    ) -> NodeId {
        // A slash in the end follows too.
        let follow = !metadata.is_symlink() && (follow || path.ends_with('/') || path.ends_with("/."));
        self.meet_key(nodes, place, path, follow, key(metadata))
    }

    /// The same by its numbers; `follow` only if it is no symbolic link.
    pub(super) fn meet_key(
        &mut self,
        nodes: &mut Nodes,
        place: Place<'_>,
        path: &str,
        follow: bool,
        key: Key,
    ) -> NodeId {
        self.get(key).unwrap_or_else(|| {
            let path = join(place.path, &self.reach(place, path, follow));
            self.insert(nodes, place.mount, &path, key)
        })
    }

    /// The object that was made just now at `path`, through no symbolic link in the last place. Should the host have
    /// removed an object of its numbers without our knowing, that is another.
    pub(super) fn make(&mut self, nodes: &mut Nodes, place: Place<'_>, path: &str, metadata: &Metadata) -> NodeId {
        self.forget(nodes, key(metadata));
        self.meet(nodes, place, path, false, metadata)
    }

    /// The object of this number, met by its path from the mount's root.
    pub(super) fn insert(&mut self, nodes: &mut Nodes, mount: u32, path: &str, key: Key) -> NodeId {
        let of_mount = self.mounts.get(&mount).map_or(0, |mount| mount.identity);
        let mut turn = 0_u64;
        let identity = loop {
            // From the other end of the number, where the count of moves never gets. More than one turn is taken only
            // for a path that leads elsewhere by now, from a directory that was renamed while open.
            let identity = identity::join(identity::of_path(path, self.moves ^ turn.reverse_bits()), of_mount);
            if self.identities.insert(identity) {
                break identity;
            }
            turn += 1;
        };
        let id = nodes.insert(Node::new(identity, Body::Host));
        self.known.insert(key, id);
        id
    }

    /// The object has lost its last name.
    pub(super) fn forget(&mut self, nodes: &mut Nodes, key: Key) {
        let Some(id) = self.known.remove(&key) else { return };
        if let Some(node) = nodes.get(id) {
            self.identities.remove(&node.identity);
        }
        nodes.orphan(id);
    }

    /// An object was renamed or removed.
    pub(super) fn moved(&mut self, directory: bool) {
        self.moves += 1;
        if directory {
            for mount in self.mounts.values_mut() {
                mount.directories.clear();
            }
        }
    }

    /// The path from `place` without symbolic links, `.` and `..` that leads where `path` does. Asks the host about what
    /// it has not asked yet, so only for objects that are met for the first time, and for directories that are opened.
    pub(super) fn reach(&mut self, place: Place<'_>, path: &str, follow: bool) -> String {
        let mut real = String::with_capacity(path.len());
        let mut left: Vec<String> = names(path).rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(name) = left.pop() {
            let parent = real.len();
            if name == ".." {
                real.truncate(real.rfind('/').unwrap_or(0));
                continue;
            }
            if !real.is_empty() {
                real.push('/');
            }
            real.push_str(&name);
            let last = left.is_empty();
            if last && !follow {
                break;
            }
            let full = join(place.path, &real);
            let Some(mount) = self.mounts.get_mut(&place.mount) else { break };
            if mount.directories.contains(&full) {
                continue;
            }
            match retry(|| place.dir.read_link(&real)) {
                Ok(target) if links < SYMLINK_MAX => {
                    links += 1;
                    real.truncate(parent);
                    left.extend(names(&target.to_string_lossy()).rev().map(str::to_owned));
                }
                Err(error) if !last && ErrorCode::from_host(&error) == ErrorCode::Invalid => {
                    mount.directories.insert(full);
                }
                _ => {}
            }
        }
        real
    }

    /// How many objects are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len().max(self.identities.len())
            + self.mounts.values().map(|mount| mount.directories.len()).sum::<usize>()
    }
}

fn names(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".")
}

pub(super) fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() || path.is_empty() { [directory, path].concat() } else { [directory, "/", path].concat() }
}
