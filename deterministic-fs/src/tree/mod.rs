//! Trees: directories with all that is in them, as values.

mod build;
mod changes;
mod cursor;
mod delta;
mod digest;
mod read;
mod walk;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contents::Contents as Bytes;
use crate::error::Result;
use crate::identity;
use crate::size::{self, OBJECT_SIZE};
use crate::types::FileType;

pub use build::BuildError;
pub use delta::{Delta, OtherTree};
pub use digest::Digest;
pub use write::{WriteError, WriteTarget};

pub(crate) use read::read_file;

/// A directory with all that is in it. Its files' bytes are shared with every run that starts from it.
///
/// Taken from the host by [`read`](Tree::read), made by hand by [`new`](Tree::new) and the `insert_` functions, or taken
/// from a run by [`FileSystem::tree`](crate::FileSystem::tree). Holds names, kinds, contents, targets of symbolic links
/// and which names are of one object; no owners, permissions, times or numbers.
///
/// # Paths
///
/// Names with a slash between them, from the tree's root, none in front or at the end; the root itself is the empty
/// path. The order of paths is that of their names, one after the other, by their bytes: `a`, `a/b`, `a-b`.
///
/// ```
/// use deterministic_fs::{FileType, Tree};
///
/// let mut tree = Tree::new();
/// tree.insert_file("etc/motd", *b"welcome\n")?; // and the directory that it is in
/// tree.insert_symlink("motd", "etc/motd")?;
///
/// let entry = tree.get("etc/motd").expect("it is there");
/// assert_eq!((entry.file_type(), entry.size()), (FileType::RegularFile, 8));
/// let paths: Vec<String> = tree.entries().map(|entry| entry.path().to_owned()).collect();
/// assert!(paths.ends_with(&["etc".into(), "etc/motd".into(), "motd".into()]));
/// # Ok::<(), deterministic_fs::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tree {
    /// The root is the first, and a directory comes before those in it. An object with several names is here once.
    pub(crate) nodes: Vec<TreeNode>,
}

#[derive(Clone, Debug)]
pub(crate) struct TreeNode {
    /// What comes of its first path, by the bytes of the names: [`identity::of_path`](crate::identity::of_path).
    pub(crate) identity: u128,
    /// How many names it has in the tree; 1 for a directory.
    pub(crate) links: u32,
    pub(crate) body: TreeBody,
}

#[derive(Clone, Debug)]
pub(crate) enum TreeBody {
    Directory(BTreeMap<Arc<str>, u32>),
    File(Bytes),
    SymbolicLink(Arc<str>),
    Special(FileType),
}

impl TreeNode {
    fn file_type(&self) -> FileType {
        match &self.body {
            TreeBody::Directory(_) => FileType::Directory,
            TreeBody::File(_) => FileType::RegularFile,
            TreeBody::SymbolicLink(_) => FileType::SymbolicLink,
            TreeBody::Special(file_type) => *file_type,
        }
    }
}

/// When the bytes of files are read.
///
/// ```
/// # let host = tempfile::tempdir()?;
/// # std::fs::write(host.path().join("large.bin"), "contents")?;
/// # let dir = cap_std::fs::Dir::open_ambient_dir(host.path(), cap_std::ambient_authority())?;
/// use deterministic_fs::{Contents, Tree};
///
/// // Nothing of the files is in memory yet, and nobody changes them while this tree is used.
/// let tree = Tree::read(&dir, Contents::WhenNeeded)?;
/// assert_eq!(tree.get("large.bin").expect("it is there").size(), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contents {
    /// All at the start. The host can do what it likes from then on.
    #[default]
    AtStart,
    /// Each when it is first needed. The embedder vouches that the tree stands still.
    WhenNeeded,
}

/// What the guest did, as far as it is listed. See [`Tree::changes_within`].
///
/// ```
/// use deterministic_fs::{ChangeKind, Tree};
///
/// let before = Tree::new();
/// let mut after = before.clone();
/// after.insert_file("a", *b"")?;
/// after.insert_file("b", *b"")?;
/// let changes = before.changes_within(&after, 1)?;
/// assert_eq!((changes.list[0].path.as_str(), changes.list[0].kind), ("a", ChangeKind::Created));
/// assert!(!changes.complete, "one was wanted, and there are two");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// By path.
    pub list: Vec<Change>,
    /// Whether that is all.
    pub complete: bool,
}

/// What the guest did to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the tree's root, without a slash in front.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// See [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Was not there before.
    Created,
    /// Has other contents, another target, or is an object of another kind.
    Modified,
    /// Is not there any more.
    Removed,
}

/// Why there is no tree, or no room for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// More than the capacity.
    #[error("the tree takes at least {size} bytes and there is room for {room}: raise the capacity")]
    TooLarge {
        /// As [`Tree::size`]; of a directory of the host, what was counted until it was clear that there is no room.
        size: u64,
        /// Bytes that are left.
        room: u64,
    },
    /// More nested directories than [`DEPTH_MAX`](crate::DEPTH_MAX).
    #[error("{path}… has more than 2048 nested directories: take in a part of it")]
    TooDeep {
        /// The beginning of the path.
        path: String,
    },
    /// More objects than can be counted.
    #[error("the tree has more than 4294967295 objects: take in a part of it")]
    TooMany,
    /// A name that a guest cannot be shown, or cannot pass.
    #[error("the name of {path} is {problem}: rename it, or leave it out of the directory")]
    Name {
        /// Where it is, from the directory; what is not UTF-8 is replaced.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A symbolic link with a target that a guest cannot be shown.
    #[error("the target of the symbolic link {path} is {problem}: replace the link, or leave it out of the directory")]
    Target {
        /// Where the link is, from the directory.
        path: String,
        /// What is wrong with its target.
        problem: &'static str,
    },
    /// The host's permissions keep it from being read.
    #[error("{path} may not be read: permit it to the user this runs as, or leave it out of the directory")]
    Unreadable {
        /// Where it is, from the directory.
        path: String,
        /// What the host said.
        source: std::io::Error,
    },
    /// It did not stand still.
    #[error("{path} changed while it was read: {how}; try again while nothing writes to the directory")]
    Changed {
        /// Where it is, from the directory.
        path: String,
        /// In what it differs from what it was.
        how: String,
    },
    /// The host failed.
    #[error("the host failed to {doing} {path}: {source}")]
    Host {
        /// What was asked of it.
        doing: &'static str,
        /// Where, from the directory.
        path: String,
        /// What it said.
        source: std::io::Error,
    },
}

/// An object of a tree by one of its names. See [`Tree::get`] and [`Tree::entries`].
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    path: String,
    node: &'a TreeNode,
}

impl<'a> Entry<'a> {
    /// Where it is, from the tree's root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its kind.
    pub fn file_type(&self) -> FileType {
        self.node.file_type()
    }

    /// Bytes in a file, bytes in the target of a symbolic link, 0 for everything else.
    pub fn size(&self) -> u64 {
        match &self.node.body {
            TreeBody::File(bytes) => bytes.len(),
            TreeBody::SymbolicLink(target) => target.len() as u64,
            TreeBody::Directory(_) | TreeBody::Special(_) => 0,
        }
    }

    /// How many names the object has in the tree; 1 for a directory.
    pub fn links(&self) -> u32 {
        self.node.links
    }

    /// The bytes of a file; `None` if it is none. Those that were left for later are read now and kept.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`](crate::Error::Contents) if they were left for later and cannot be read now.
    pub fn bytes(&self) -> Option<Result<&'a [u8]>> {
        match &self.node.body {
            TreeBody::File(bytes) => Some(bytes.bytes()),
            _ => None,
        }
    }

    /// Where a symbolic link leads; `None` if it is none.
    pub fn target(&self) -> Option<&'a str> {
        match &self.node.body {
            TreeBody::SymbolicLink(target) => Some(target),
            _ => None,
        }
    }
}

impl Tree {
    /// The object at `path`; `None` if there is none. Symbolic links are not followed.
    pub fn get(&self, path: &str) -> Option<Entry<'_>> {
        let node = self.find(path)?;
        Some(Entry { path: path.into(), node: self.node(node) })
    }

    /// The bytes of the file at `path`; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// As [`Entry::bytes`].
    pub fn file(&self, path: &str) -> Option<Result<&[u8]>> {
        self.get(path)?.bytes()
    }

    /// Everything that is in the tree, sorted by [path](Tree#paths); the root itself is not among it.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut walk = walk::Walk::new(self);
        std::iter::from_fn(move || {
            let step = walk.step()?;
            Some(Entry { path: walk.path().into(), node: step.node })
        })
    }

    /// What the tree takes of a file system's capacity, in bytes: those in files and in the targets of symbolic links,
    /// [`OBJECT_SIZE`](crate::OBJECT_SIZE) for each object, the root among them, and for each name [`NAME_SIZE`](crate::NAME_SIZE) and its length. A
    /// file with several names counts once, its names each.
    pub fn size(&self) -> u64 {
        self.nodes.iter().fold(0, |size: u64, node| {
            let names = match &node.body {
                TreeBody::Directory(entries) => entries.keys().map(|name| size::of_name(name)).sum(),
                _ => 0,
            };
            size.saturating_add(size_of_object(&node.body)).saturating_add(names)
        })
    }

    fn node(&self, index: u32) -> &TreeNode {
        &self.nodes[index as usize]
    }

    fn find(&self, path: &str) -> Option<u32> {
        let mut at = 0;
        if path.is_empty() {
            return Some(at);
        }
        for name in path.split('/') {
            let TreeBody::Directory(entries) = &self.node(at).body else { return None };
            at = *entries.get(name)?;
        }
        Some(at)
    }

    /// Gives every object the identity that comes of its first path and the number of its names.
    pub(crate) fn identify(&mut self) {
        let root = identity::of_path("", 0);
        let mut known = vec![(root, 1); self.nodes.len()];
        known.iter_mut().skip(1).for_each(|(_, links)| *links = 0);
        let mut walk = walk::Walk::new(self);
        // Of the directories from the root to where the walk is.
        let mut above = vec![root];
        while let Some(step) = walk.step() {
            let (identity, links) = &mut known[step.index as usize];
            above.truncate(step.depth + 1);
            if *links == 0 {
                *identity = identity::of_place(walk.path(), above.last().copied().unwrap_or(root), step.name);
            }
            if matches!(step.node.body, TreeBody::Directory(_)) {
                above.push(*identity);
            }
            *links += 1;
        }
        for (node, (identity, links)) in self.nodes.iter_mut().zip(known) {
            node.identity = identity;
            node.links = links;
        }
    }
}

/// What an object counts against the capacity, beside its names.
fn size_of_object(body: &TreeBody) -> u64 {
    let bytes = match body {
        TreeBody::File(bytes) => bytes.len(),
        TreeBody::SymbolicLink(target) => target.len() as u64,
        TreeBody::Directory(_) | TreeBody::Special(_) => 0,
    };
    bytes.saturating_add(OBJECT_SIZE)
}
