//! Every object of a tree in the order of paths.

use std::collections::btree_map;
use std::sync::Arc;

use super::{Tree, TreeBody, TreeNode};

/// Without recursion: a tree can be deeper than a stack.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    path: String,
    /// The directories from the root to where the walk is: how long the path of each is, and what is left of it.
    open: Vec<(usize, btree_map::Iter<'a, Arc<str>, u32>)>,
}

pub(super) struct Step<'a> {
    pub(super) name: &'a Arc<str>,
    pub(super) index: u32,
    pub(super) node: &'a TreeNode,
    /// How many directories there are between it and the root.
    pub(super) depth: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let mut walk = Walk { tree, path: String::new(), open: Vec::new() };
        walk.descend(tree.node(0));
        walk
    }

    /// Of the object of the last step.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn step(&mut self) -> Option<Step<'a>> {
        loop {
            let depth = self.open.len().checked_sub(1)?;
            let (len, entries) = &mut self.open[depth];
            let Some((name, &index)) = entries.next() else {
                self.open.pop();
                continue;
            };
            self.path.truncate(*len);
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(name);
            let node = self.tree.node(index);
            self.descend(node);
            return Some(Step { name, index, node, depth });
        }
    }

    fn descend(&mut self, node: &'a TreeNode) {
        if let TreeBody::Directory(entries) = &node.body {
            self.open.push((self.path.len(), entries.iter()));
        }
    }
}
