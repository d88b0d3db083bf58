//! Directories in memory.

mod files;
mod names;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::identity;
use crate::memory;
use crate::node::{Body, Directory, Node, NodeId, Nodes};
use crate::tree::{Tree, TreeBody, TreeError, TreeNode};
use crate::types::{Access, FileType};

/// How full the hermetic mounts are.
#[derive(Debug)]
pub(crate) struct Hermetic {
    capacity: u64,
    used: u64,
    /// How many objects the guest made.
    created: u64,
}

impl Hermetic {
    pub(crate) fn new(capacity: u64) -> Self {
        Hermetic { capacity, used: 0, created: 0 }
    }

    pub(crate) fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
    }

    pub(crate) fn mount(
        &mut self,
        nodes: &mut Nodes,
        tree: &Arc<Tree>,
        mount: u32,
        guest: &str,
        access: Access,
    ) -> Result<Handle, TreeError> {
        let size = tree.size();
        if size > self.room_for(nodes, size) {
            return Err(TreeError::TooLarge { size, room: self.room() });
        }
        self.used += size;

        let of_mount = identity::of_mount(mount, guest);
        // Directories refer to each other, so that all must have their numbers first.
        let ids: Vec<NodeId> = tree
            .nodes
            .iter()
            .map(|node| {
                let body = match &node.body {
                    TreeBody::Directory(_) => Body::Directory(Directory::default()),
                    TreeBody::File(contents) => Body::File(contents.clone()),
                    TreeBody::SymbolicLink(target) => Body::SymbolicLink(target.clone()),
                    TreeBody::Special(file_type) => Body::Special(*file_type),
                };
                let mut made = Node::new(identity::join(node.identity, of_mount), body);
                made.links = node.links;
                nodes.insert(made)
            })
            .collect();
        for (node, id) in tree.nodes.iter().zip(&ids) {
            let TreeBody::Directory(entries) = &node.body else { continue };
            for child in entries.values() {
                if let Some(directory) = directory_mut(nodes, ids[*child as usize]) {
                    directory.parent = Some(*id);
                }
            }
            if let Some(directory) = directory_mut(nodes, *id) {
                directory.entries = entries.iter().map(|(name, child)| (name.clone(), ids[*child as usize])).collect();
            }
        }
        // What is in a directory comes after it.
        for (node, id) in tree.nodes.iter().zip(&ids).rev() {
            let TreeBody::Directory(entries) = &node.body else { continue };
            let below = entries.values().filter_map(|child| Some(directory(nodes, ids[*child as usize])?.height + 1));
            let height = below.max().unwrap_or(0);
            if let Some(directory) = directory_mut(nodes, *id) {
                directory.height = height;
            }
        }
        let open = nodes.open(ids[0]);
        Ok(Handle::root(open, access, None))
    }

    /// What is below `root`, depth first and by the bytes of the names, so that each object is met by its first path.
    pub(crate) fn tree(&self, nodes: &Nodes, root: NodeId) -> Result<Tree> {
        let mut tree = Tree { nodes: vec![empty_directory(identity::of_path("", 0))] };
        // Only looked up, never gone through: its order cannot show.
        let mut known = HashMap::from([(root, 0)]);
        let mut path = String::new();
        // A guest can make them as deep as it likes: no recursion.
        let mut stack = vec![Visit::new(nodes, root, 0, 0)?];
        while let Some(visit) = stack.last_mut() {
            let Some((name, id)) = visit.left.next() else {
                path.truncate(visit.above);
                if let TreeBody::Directory(entries) = &mut tree.nodes[visit.index as usize].body {
                    *entries = std::mem::take(&mut visit.entries);
                }
                stack.pop();
                continue;
            };
            let Some(node) = nodes.get(*id) else { continue };
            memory::room_for_one(&mut tree.nodes)?;
            known.try_reserve(1)?;
            let index = *known.entry(*id).or_insert(tree.nodes.len() as u32);
            visit.entries.insert(name.clone(), index);
            if let Some(node) = tree.nodes.get_mut(index as usize) {
                node.links += 1;
                continue;
            }
            let above = path.len();
            let parent = tree.nodes[visit.index as usize].identity;
            if above > 0 {
                path.push('/');
            }
            path.push_str(name);
            let identity = identity::of_place(&path, parent, name);
            let body = match &node.body {
                Body::Directory(_) => {
                    tree.nodes.push(empty_directory(identity));
                    stack.push(Visit::new(nodes, *id, index, above)?);
                    continue;
                }
                // Shared, also what the run wrote, until it writes again.
                Body::File(contents) => TreeBody::File(contents.clone()),
                Body::SymbolicLink(target) => TreeBody::SymbolicLink(target.clone()),
                Body::Special(file_type) => TreeBody::Special(*file_type),
                Body::Host => TreeBody::Special(FileType::Unknown),
            };
            path.truncate(above);
            tree.nodes.push(TreeNode { identity, links: 1, body });
        }
        Ok(tree)
    }

    fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.used)
    }

    /// How much room there is: if less than `bytes`, with what nobody has open any more taken out.
    fn room_for(&mut self, nodes: &mut Nodes, bytes: u64) -> u64 {
        self.collect(nodes);
        if bytes > self.room() {
            nodes.sweep();
            self.collect(nodes);
        }
        self.room()
    }

    /// Gives back what objects that are gone took.
    fn collect(&mut self, nodes: &mut Nodes) {
        self.used = self.used.saturating_sub(std::mem::take(&mut nodes.freed));
    }

    fn reserve(&mut self, nodes: &mut Nodes, bytes: u64) -> Result<()> {
        if bytes > self.room_for(nodes, bytes) {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        self.used += bytes;
        Ok(())
    }

    /// An identity that no object has or had.
    fn new_identity(&mut self) -> u128 {
        self.created += 1;
        identity::join(identity::of_path("", self.created), 0)
    }
}

/// A directory whose entries are being looked at.
struct Visit<'a> {
    left: std::collections::btree_map::Iter<'a, Arc<str>, NodeId>,
    entries: BTreeMap<Arc<str>, u32>,
    /// Its place in the tree.
    index: u32,
    /// How long its parent's path is.
    above: usize,
}

impl<'a> Visit<'a> {
    /// Fails unless there is memory for as many entries.
    fn new(nodes: &'a Nodes, id: NodeId, index: u32, above: usize) -> Result<Self> {
        let left = match nodes.get(id).map(|node| &node.body) {
            Some(Body::Directory(directory)) => directory.entries.iter(),
            _ => Default::default(),
        };
        memory::probe(left.len().saturating_mul(4 * size_of::<(Arc<str>, u32)>()))?;
        Ok(Visit { left, entries: BTreeMap::new(), index, above })
    }
}

fn empty_directory(identity: u128) -> TreeNode {
    TreeNode { identity, links: 1, body: TreeBody::Directory(BTreeMap::new()) }
}

fn directory(nodes: &Nodes, id: NodeId) -> Option<&Directory> {
    match nodes.get(id).map(|node| &node.body) {
        Some(Body::Directory(directory)) => Some(directory),
        _ => None,
    }
}

fn directory_mut(nodes: &mut Nodes, id: NodeId) -> Option<&mut Directory> {
    match nodes.get_mut(id).map(|node| &mut node.body) {
        Some(Body::Directory(directory)) => Some(directory),
        _ => None,
    }
}
