//! Making trees by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Bytes, Tree, TreeBody, TreeNode};
use crate::identity;
use crate::types::{DEPTH_MAX, NAME_MAX, PATH_MAX};

/// Why something was not put into a tree. The tree is then as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Begins with a slash.
    #[error("the path {path:?} is absolute: give it from the tree's root")]
    Absolute {
        /// The path.
        path: String,
    },
    /// No path, or an empty name in it.
    #[error("the path {path:?} has an empty name in it: put one slash between two names and none at the end")]
    Empty {
        /// The path.
        path: String,
    },
    /// `.` or `..` as a name.
    #[error("the path {path:?} has `.` or `..` in it: give the path in the tree that it leads to")]
    Dots {
        /// The path.
        path: String,
    },
    /// A NUL byte, which no host can have in a name or a target.
    #[error("{text:?} has a NUL byte in it: leave it out")]
    Nul {
        /// The path, or the target.
        text: String,
    },
    /// A name longer than [`NAME_MAX`].
    #[error("the path {path:?} has a name of {len} bytes in it: names have no more than 255")]
    NameTooLong {
        /// The path.
        path: String,
        /// Bytes in the name.
        len: usize,
    },
    /// More nested directories than [`DEPTH_MAX`](crate::DEPTH_MAX).
    #[error("the path {path:?}… has more than 2048 nested directories")]
    TooDeep {
        /// The beginning of the path.
        path: String,
    },
    /// A target of a symbolic link that is empty or longer than [`PATH_MAX`].
    #[error("the target of the symbolic link {path:?} has {len} bytes: it needs 1 to 4095")]
    TargetLength {
        /// The link's path.
        path: String,
        /// Bytes in the target.
        len: usize,
    },
    /// Something else where a directory is needed.
    #[error("{path:?} is not a directory: nothing can be put below it")]
    NotDirectory {
        /// What is not a directory.
        path: String,
    },
    /// There is an object already.
    #[error("there is something at {path:?} already: choose another path")]
    Exists {
        /// The path.
        path: String,
    },
    /// Nothing to give another name to.
    #[error("there is nothing at {path:?} that could have a second name: put it in first; directories have one name")]
    NoOriginal {
        /// Where it was looked for.
        path: String,
    },
    /// More objects than can be counted.
    #[error("a tree has no more than 4294967295 objects")]
    TooMany,
}

impl Default for Tree {
    fn default() -> Self {
        Tree::new()
    }
}

impl Tree {
    /// An empty directory.
    pub fn new() -> Tree {
        let body = TreeBody::Directory(BTreeMap::new());
        Tree { nodes: vec![TreeNode { identity: identity::of_path("", 0), links: 1, body }] }
    }

    /// Puts in a file, and the directories that it needs.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the [path](Tree#paths) is none or taken.
    pub fn insert_file(&mut self, path: &str, bytes: impl Into<Arc<[u8]>>) -> Result<(), BuildError> {
        self.insert(path, TreeBody::File(Bytes::Shared(bytes.into()))).map(drop)
    }

    /// Puts in a directory, and those that it needs. It may be there already.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the path is none, or something else is there.
    pub fn insert_directory(&mut self, path: &str) -> Result<(), BuildError> {
        match self.insert(path, TreeBody::Directory(BTreeMap::new())) {
            Err(BuildError::Exists { .. })
                if self.find(path).is_some_and(|at| matches!(self.node(at).body, TreeBody::Directory(_))) =>
            {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// Puts in a symbolic link, and the directories that it needs. The target need not be there, and may lead out of the
    /// tree: a guest cannot follow it then.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the path is none or taken, or if the target has no bytes or more than [`PATH_MAX`].
    pub fn insert_symlink(&mut self, path: &str, target: &str) -> Result<(), BuildError> {
        if target.is_empty() || target.len() > PATH_MAX {
            return Err(BuildError::TargetLength { path: path.into(), len: target.len() });
        }
        if target.contains('\0') {
            return Err(BuildError::Nul { text: target.into() });
        }
        self.insert(path, TreeBody::SymbolicLink(target.into())).map(drop)
    }

    /// Gives what is at `original` a second name, and puts in the directories that it needs. Takes time in proportion to
    /// the tree.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the path is none or taken, or if there is nothing at `original` or a directory.
    pub fn insert_hard_link(&mut self, original: &str, path: &str) -> Result<(), BuildError> {
        let object = self.find(original).ok_or_else(|| BuildError::NoOriginal { path: original.into() })?;
        self.insert_name(path, object).map_err(|error| match error {
            BuildError::NoOriginal { .. } => BuildError::NoOriginal { path: original.into() },
            error => error,
        })?;
        self.identify();
        Ok(())
    }

    /// Gives an object one more name. [`identify`](Tree::identify) has to be called after the last.
    pub(super) fn insert_name(&mut self, path: &str, object: u32) -> Result<(), BuildError> {
        if matches!(self.node(object).body, TreeBody::Directory(_)) {
            return Err(BuildError::NoOriginal { path: path.into() });
        }
        let (parent, name) = self.place(path, 0)?;
        self.enlist(parent, name, object);
        Ok(())
    }

    pub(super) fn insert(&mut self, path: &str, body: TreeBody) -> Result<u32, BuildError> {
        let directory = matches!(body, TreeBody::Directory(_));
        let (parent, name) = self.place(path, directory.into())?;
        Ok(self.push(path, parent, name, body))
    }

    /// Where `path` goes: a directory, made if need be, and the name there, which is free. What goes there has `height`
    /// levels of directories, itself among them.
    fn place<'p>(&mut self, path: &'p str, height: usize) -> Result<(u32, &'p str), BuildError> {
        check(path)?;
        let names = path.split('/').count();
        if self.nodes.len() + names > u32::MAX as usize {
            return Err(BuildError::TooMany);
        }
        if names - 1 + height > DEPTH_MAX {
            return Err(BuildError::TooDeep { path: path.chars().take(100).collect() });
        }
        let mut at = 0;
        let mut end = 0;
        // Nothing is made before the first name that is not there, and nothing can be wrong from there on.
        for name in path.split('/') {
            let TreeBody::Directory(entries) = &self.node(at).body else {
                return Err(BuildError::NotDirectory { path: path[..end].trim_end_matches('/').into() });
            };
            let next = entries.get(name).copied();
            end += name.len();
            match next {
                Some(_) if end == path.len() => return Err(BuildError::Exists { path: path.into() }),
                Some(next) => at = next,
                None if end == path.len() => return Ok((at, name)),
                None => {
                    at = self.push(&path[..end], at, name, TreeBody::Directory(BTreeMap::new()));
                }
            }
            // The slash.
            end += 1;
        }
        Err(BuildError::Empty { path: path.into() })
    }

    fn push(&mut self, path: &str, parent: u32, name: &str, body: TreeBody) -> u32 {
        let identity = identity::of_place(path, self.node(parent).identity, name);
        self.nodes.push(TreeNode { identity, links: 1, body });
        let object = (self.nodes.len() - 1) as u32;
        self.enlist(parent, name, object);
        object
    }

    fn enlist(&mut self, parent: u32, name: &str, object: u32) {
        if let TreeBody::Directory(entries) = &mut self.nodes[parent as usize].body {
            entries.insert(name.into(), object);
        }
    }
}

fn check(path: &str) -> Result<(), BuildError> {
    if path.starts_with('/') {
        return Err(BuildError::Absolute { path: path.into() });
    }
    if path.contains('\0') {
        return Err(BuildError::Nul { text: path.into() });
    }
    for name in path.split('/') {
        if name.is_empty() {
            return Err(BuildError::Empty { path: path.into() });
        }
        if matches!(name, "." | "..") {
            return Err(BuildError::Dots { path: path.into() });
        }
        if name.len() > NAME_MAX {
            return Err(BuildError::NameTooLong { path: path.into(), len: name.len() });
        }
    }
    Ok(())
}
