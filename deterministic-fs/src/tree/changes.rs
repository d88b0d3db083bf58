//! How two trees differ.

use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::sync::Arc;

use super::{Change, ChangeKind, Changes, Tree, TreeBody};
use crate::error::{Error, Result};
use crate::types::PATH_MAX;

type Entries<'a> = Peekable<btree_map::Iter<'a, Arc<str>, u32>>;

static NOTHING: BTreeMap<Arc<str>, u32> = BTreeMap::new();

impl Tree {
    /// What to do to make `self` into `after`, sorted by [path](Tree#paths).
    ///
    /// A renamed object is one removed and one created. What is below a directory that was created or removed is listed
    /// too. A directory that was there and still is one is not listed, whatever happened in it. An object of another kind
    /// is modified; if one of the two is a directory, what is in it follows as created or removed. Which names are of one
    /// object, and identities, are not looked at.
    ///
    /// Files that share their bytes, as those that a guest did not write to do, are not compared.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`](crate::Error::Contents) if a file to be compared was left for later and cannot be read now, and
    /// [`Error::TooDeep`] if a changed path is longer than [`PATH_MAX`].
    pub fn changes_to(&self, after: &Tree) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        match self.compare(after, usize::MAX, &mut changes)? {
            None => Ok(changes),
            Some(path) => Err(Error::TooDeep { path: path.chars().take(100).collect() }),
        }
    }

    /// As [`changes_to`](Tree::changes_to), for a list that somebody is to read: it ends after `max` changes, and before
    /// the first path that is longer than [`PATH_MAX`], whatever the guest did.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`](crate::Error::Contents) as there.
    pub fn changes_within(&self, after: &Tree, max: usize) -> Result<Changes> {
        let mut list = Vec::new();
        let complete = self.compare(after, max, &mut list)?.is_none();
        Ok(Changes { list, complete })
    }

    /// Lists no more than `max` changes; gives the path of the first that is not listed.
    fn compare(&self, after: &Tree, max: usize, changes: &mut Vec<Change>) -> Result<Option<String>> {
        let mut path = String::new();
        let mut open: Vec<(usize, Entries, Entries)> = Vec::new();
        open.push((0, entries(self, Some(0)), entries(after, Some(0))));
        while let Some((len, old, new)) = open.last_mut() {
            let order = match (old.peek(), new.peek()) {
                (None, None) => {
                    open.pop();
                    continue;
                }
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((old, _)), Some((new, _))) => old.cmp(new),
            };
            let was = if order.is_le() { old.next() } else { None };
            let is = if order.is_ge() { new.next() } else { None };
            let Some((name, _)) = was.or(is) else { continue };
            path.truncate(*len);
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(name);

            let (was, is) = (was.map(|(_, &index)| index), is.map(|(_, &index)| index));
            let kind = match (was, is) {
                (Some(was), Some(is)) => {
                    let same = same(&self.node(was).body, &after.node(is).body)?;
                    (!same).then_some(ChangeKind::Modified)
                }
                (Some(_), None) => Some(ChangeKind::Removed),
                (None, _) => Some(ChangeKind::Created),
            };
            if let Some(kind) = kind {
                if path.len() > PATH_MAX || changes.len() >= max {
                    return Ok(Some(path));
                }
                changes.push(Change { path: path.clone(), kind });
            }
            let (mut below_was, mut below_is) = (entries(self, was), entries(after, is));
            if below_was.peek().is_some() || below_is.peek().is_some() {
                open.push((path.len(), below_was, below_is));
            }
        }
        Ok(None)
    }
}

/// None but a directory's.
fn entries(tree: &Tree, index: Option<u32>) -> Entries<'_> {
    match index.map(|index| &tree.node(index).body) {
        Some(TreeBody::Directory(entries)) => entries.iter().peekable(),
        _ => NOTHING.iter().peekable(),
    }
}

/// Of directories, not what is in them.
pub(super) fn same(was: &TreeBody, is: &TreeBody) -> Result<bool> {
    Ok(match (was, is) {
        (TreeBody::Directory(_), TreeBody::Directory(_)) => true,
        (TreeBody::File(was), TreeBody::File(is)) => was.same(is)?,
        (TreeBody::SymbolicLink(was), TreeBody::SymbolicLink(is)) => was == is,
        (TreeBody::Special(was), TreeBody::Special(is)) => was == is,
        _ => false,
    })
}
