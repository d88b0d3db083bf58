//! What a run made of a tree, to be kept without the tree.

mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::kept::Kept;
use super::walk::Walk;
use super::{Tree, TreeBody};
use crate::error::{Error, Result};
use crate::memory;
use crate::types::PATH_MAX;

/// What makes one tree into another: every name of the other, and the contents of what is not the same at the same place.
/// Taken by [`Tree::delta_to`], given back to [`Tree::with`]. Shares the bytes of files with the tree that it leads to.
///
/// ```
/// use deterministic_fs::Tree;
///
/// let mut before = Tree::new();
/// before.insert_file("large.bin", vec![7; 1 << 20])?;
/// let mut after = before.clone();
/// after.insert_file("out.txt", *b"42")?;
///
/// // Holds what is new, not the megabyte.
/// let delta = before.delta_to(&after)?;
/// assert_eq!(before.with(&delta)?.digest()?, after.digest()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Delta {
    /// In the order of paths.
    entries: Vec<Entry>,
}

/// What there is of one name. Of the path to it nothing else: a guest can have many names in deep directories.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Entry {
    /// How many directories it is in, beside the root: the last entries before this one that have fewer, and are directories.
    depth: u32,
    #[cfg_attr(feature = "serde", serde(with = "kept::text"))]
    name: Arc<str>,
    kind: EntryKind,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum EntryKind {
    Directory,
    /// What was there before, no directory.
    Same,
    File(Kept),
    SymbolicLink(#[cfg_attr(feature = "serde", serde(with = "kept::text"))] Arc<str>),
    /// Another name of the object of this entry.
    Name(u64),
}

/// The delta is of another tree.
#[derive(Debug, thiserror::Error)]
#[error("the changes are of another tree: {path} does not fit into this one; take the tree that they were made from")]
pub struct OtherTree {
    /// Where it does not fit.
    pub path: String,
}

impl Tree {
    /// What [`with`](Tree::with) needs to make `self` into `after`.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`] if a file was left for later and cannot be read now; [`Error::TooDeep`] if a path is longer than
    /// [`PATH_MAX`]; [`Error::Special`] if a fifo, a socket or a device is at another place than before;
    /// [`Error::Exhausted`] if there is no memory for it.
    pub fn delta_to(&self, after: &Tree) -> Result<Delta> {
        let mut delta = Delta::default();
        // Where each object of `after` was first met.
        let mut first: Vec<Option<u64>> = Vec::new();
        first.try_reserve_exact(after.nodes.len())?;
        first.resize(after.nodes.len(), None);
        let mut walk = Walk::new(after);
        while let Some(step) = walk.step() {
            let path = walk.path();
            if path.len() > PATH_MAX {
                return Err(Error::TooDeep { path: path.chars().take(100).collect() });
            }
            memory::room_for_one(&mut delta.entries)?;
            let kind = match &mut first[step.index as usize] {
                Some(known) => EntryKind::Name(*known),
                new => {
                    *new = Some(delta.entries.len() as u64);
                    self.kind(path, &step.node.body)?
                }
            };
            // No deeper than a path has names.
            delta.entries.push(Entry { depth: step.depth as u32, name: step.name.clone(), kind });
        }
        Ok(delta)
    }

    fn kind(&self, path: &str, body: &TreeBody) -> Result<EntryKind> {
        let was = self.find(path).map(|index| &self.node(index).body);
        if let (Some(was), false) = (was, matches!(body, TreeBody::Directory(_)))
            && super::changes::same(was, body)?
        {
            return Ok(EntryKind::Same);
        }
        Ok(match body {
            TreeBody::Directory(_) => EntryKind::Directory,
            TreeBody::File(bytes) => EntryKind::File(Kept::of(bytes)?),
            TreeBody::SymbolicLink(target) => EntryKind::SymbolicLink(target.clone()),
            TreeBody::Special(_) => return Err(Error::Special { path: path.to_owned() }),
        })
    }

    /// The tree that `delta` was taken to, if it was taken from this one.
    ///
    /// # Errors
    ///
    /// [`OtherTree`] if it does not fit this one. One that fits by chance is not noticed: compare the digests of the trees
    /// where that matters.
    pub fn with(&self, delta: &Delta) -> Result<Tree, OtherTree> {
        let mut tree = Tree::new();
        let mut objects = Vec::with_capacity(delta.entries.len());
        let mut path = String::new();
        // How long the path to each directory is in which the next entry may be, without the slash.
        let mut above = vec![0];
        for Entry { depth, name, kind } in &delta.entries {
            let parent = usize::try_from(*depth).ok().and_then(|depth| above.get(depth).copied());
            let Some(parent) = parent else { return Err(OtherTree { path: name.to_string() }) };
            path.truncate(parent);
            above.truncate(*depth as usize + 1);
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(name);
            let other = || OtherTree { path: path.clone() };
            let body = match kind {
                EntryKind::Directory => {
                    above.push(path.len());
                    TreeBody::Directory(BTreeMap::new())
                }
                EntryKind::File(bytes) => TreeBody::File(bytes.bytes()),
                EntryKind::SymbolicLink(target) => TreeBody::SymbolicLink(target.clone()),
                EntryKind::Same => match self.find(&path).map(|index| &self.node(index).body) {
                    None | Some(TreeBody::Directory(_)) => return Err(other()),
                    Some(body) => body.clone(),
                },
                EntryKind::Name(number) => {
                    let object = usize::try_from(*number).ok().and_then(|number| objects.get(number).copied());
                    let object = object.ok_or_else(other)?;
                    tree.insert_name(&path, object).map_err(|_| other())?;
                    objects.push(object);
                    continue;
                }
            };
            objects.push(tree.insert(&path, body).map_err(|_| other())?);
        }
        tree.identify();
        Ok(tree)
    }
}
