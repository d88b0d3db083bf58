//! Which objects the host's are to the guest.

use std::collections::{BTreeMap, BTreeSet};

use cap_fs_ext::MetadataExt;
use cap_std::fs::{Dir, Metadata};

use super::asks_for_directory;
use super::errors::{host, retry};
use crate::error::{Error, ErrorCode, Result};
use crate::handle::{Handle, HostHandle};
use crate::identity::{self, CanonicalPath};
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
    /// As the guest reached it.
    pub(super) at: &'a CanonicalPath,
    pub(super) mount: u32,
    pub(super) node: NodeId,
}

impl<'a> Place<'a> {
    pub(super) fn new(handle: &'a Handle) -> Result<Self> {
        let Some(HostHandle::Directory { dir, at, mount }) = &handle.host else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        Ok(Place { dir, at, mount: *mount, node: handle.open.node })
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
    /// The turn that is next, by the identity of the first. Nothing of it counts after the next move.
    turns: BTreeMap<u128, u64>,
    /// How many identities were made.
    #[cfg(test)]
    pub(super) made: u64,
    mounts: BTreeMap<u32, Mount>,
}

#[derive(Debug)]
struct Mount {
    identity: u128,
    /// Paths of which it is known that no symbolic link is on the way, so that the host need not be asked again. None is
    /// longer than a path can be, and there are no more than [`DIRECTORIES_MAX`].
    directories: BTreeSet<String>,
}

/// How many directories are remembered of one mount; then all are forgotten.
pub(super) const DIRECTORIES_MAX: usize = 4096;

impl Objects {
    pub(super) fn mounted(&mut self, mount: u32, guest: &str) {
        let identity = identity::of_mount(mount, guest);
        self.mounts.insert(mount, Mount { identity, directories: BTreeSet::new() });
    }

    pub(super) fn get(&self, key: Key) -> Option<NodeId> {
        self.known.get(&key).copied()
    }

    /// The same of an object that a name was seen of just now, so that it has one at least.
    pub(super) fn seen(&self, nodes: &mut Nodes, key: Key) -> Option<NodeId> {
        let id = self.get(key)?;
        if let Some(node) = nodes.get_mut(id) {
            node.links = node.links.max(1);
        }
        Some(id)
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
    ) -> Result<NodeId> {
        let follow = !metadata.is_symlink() && (follow || asks_for_directory(path));
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
    ) -> Result<NodeId> {
        if let Some(node) = self.seen(nodes, key) {
            return Ok(node);
        }
        let at = place.at.to(&self.reach(place, path, follow)?);
        nodes.room_for_one()?;
        Ok(self.insert(nodes, place.mount, &at, key))
    }

    /// The object that was made just now at `path`, through no symbolic link in the last place. Should the host have
    /// removed an object of its numbers without our knowing, that is another.
    pub(super) fn make(
        &mut self,
        nodes: &mut Nodes,
        place: Place<'_>,
        path: &str,
        metadata: &Metadata,
    ) -> Result<NodeId> {
        self.forget(nodes, key(metadata));
        self.meet(nodes, place, path, false, metadata)
    }

    /// The object of this number, met at this path.
    pub(super) fn insert(&mut self, nodes: &mut Nodes, mount: u32, at: &CanonicalPath, key: Key) -> NodeId {
        let of_mount = self.mounts.get(&mount).map_or(0, |mount| mount.identity);
        let mut turn = 0_u64;
        let mut first = None;
        let identity = loop {
            // From the other end of the number, where the count of moves never gets. More than one turn is taken only
            // for a path that leads elsewhere by now, from a directory that was renamed while open.
            let identity = identity::join(at.identity(self.moves ^ turn.reverse_bits()), of_mount);
            #[cfg(test)]
            {
                self.made += 1;
            }
            if self.identities.insert(identity) {
                break identity;
            }
            // A guest can have many such directories: those before need not be tried again for each.
            turn = match first {
                None => {
                    first = Some(identity);
                    self.turns.get(&identity).copied().unwrap_or(1)
                }
                Some(_) => turn + 1,
            };
        };
        if let Some(first) = first {
            self.turns.insert(first, turn + 1);
        }
        let id = nodes.insert(Node::new(identity, Body::Host));
        self.known.insert(key, id);
        id
    }

    /// The object has lost its last name.
    pub(super) fn forget(&mut self, nodes: &mut Nodes, key: Key) {
        let Some(id) = self.known.remove(&key) else { return };
        if let Some(node) = nodes.get_mut(id) {
            self.identities.remove(&node.identity);
            node.links = 0;
        }
        nodes.orphan(id);
    }

    /// An object was renamed or removed.
    pub(super) fn moved(&mut self, directory: bool) {
        self.moves += 1;
        self.turns.clear();
        if directory {
            for mount in self.mounts.values_mut() {
                mount.directories.clear();
            }
        }
    }

    /// The path from `place` without symbolic links, `.` and `..` that leads where `path` does. Asks the host about what
    /// it has not asked yet, so only for objects that are met for the first time, and for directories that are opened.
    pub(super) fn reach(&mut self, place: Place<'_>, path: &str, follow: bool) -> Result<String> {
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
            let full = place.at.path_to(&real);
            let Some(mount) = self.mounts.get_mut(&place.mount) else { break };
            if full.as_ref().is_some_and(|full| mount.directories.contains(full)) {
                continue;
            }
            match retry(|| place.dir.read_link(&real)) {
                Ok(target) if links < SYMLINK_MAX => {
                    links += 1;
                    real.truncate(parent);
                    left.extend(names(&target.to_string_lossy()).rev().map(str::to_owned));
                }
                Ok(_) => {}
                Err(error) => match host(error) {
                    Error::Code(ErrorCode::Invalid) if !last => {
                        if mount.directories.len() >= DIRECTORIES_MAX {
                            mount.directories.clear();
                        }
                        mount.directories.extend(full);
                    }
                    Error::Code(_) => {}
                    exhausted => return Err(exhausted),
                },
            }
        }
        Ok(real)
    }

    /// How many directories are.
    #[cfg(test)]
    pub(super) fn directories(&self) -> usize {
        self.mounts.values().map(|mount| mount.directories.len()).sum()
    }

    /// The length of the longest path of a directory.
    #[cfg(test)]
    pub(super) fn longest(&self) -> usize {
        self.mounts.values().flat_map(|mount| &mount.directories).map(String::len).max().unwrap_or(0)
    }

    /// How many objects are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len().max(self.identities.len())
            + self.turns.len()
            + self.mounts.values().map(|mount| mount.directories.len()).sum::<usize>()
    }
}

fn names(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".")
}
