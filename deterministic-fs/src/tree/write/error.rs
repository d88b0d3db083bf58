//! Why a tree was not written out.

use std::io;
use std::path::PathBuf;

use crate::tree::TreeError;
use crate::types::FileType;

/// Why a tree was not written out, or not quite. [`target_unchanged`](WriteError::target_unchanged) and the message say
/// whether the target is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A fifo, a socket or a device, which this cannot make.
    #[error("{path} is neither a file, a directory nor a symbolic link and cannot be written out: leave it out of the tree; {} is as it was", target.display())]
    Special {
        /// Where it is in the tree.
        path: String,
        /// Its kind.
        file_type: FileType,
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The target is not a name in a directory.
    #[error("{} is not a name in a directory: give the path of a directory to be made; nothing was written", target.display())]
    NotAName {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// Nowhere to make the target.
    #[error("{} cannot be made, because {} is not a directory that can be used: {source}; make it first, nothing was written", target.display(), parent.display())]
    NoParent {
        /// Where the tree was to be.
        target: PathBuf,
        /// What it was to be in.
        parent: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The target is a file, a symbolic link or something else.
    #[error("{} exists and is not a directory: choose another place; it is as it was", target.display())]
    NotDirectory {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The target is where a file system is mounted: nothing can be renamed to it.
    #[error("{} is where a file system is mounted, and cannot be replaced: choose a directory in it; it is as it was", target.display())]
    MountPoint {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// Something else stands where the target was, or was not, when it was opened.
    #[error("at {} there is {now} since it was opened to be written to: see who changes it; nothing was written", target.display())]
    Replaced {
        /// Where the tree was to be.
        target: PathBuf,
        /// What there is.
        now: &'static str,
    },
    /// The directory to be replaced is not what the tree was made from any more.
    #[error("{} was changed by something else since it was taken in: write to another place and put the two together; it is as it was", target.display())]
    ChangedMeanwhile {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The directory to be replaced could not be compared with what the tree was made from.
    #[error("{} cannot be compared with what it was when it was taken in: {source}; it is as it was", target.display())]
    NotCompared {
        /// Where the tree was to be.
        target: PathBuf,
        /// Why it was not taken in again.
        source: TreeError,
    },
    /// There is something in the target.
    #[error("{} has something in it: choose an empty or a new directory, or have it replaced; it is as it was", target.display())]
    NotEmpty {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// A file that was left for later could not be read.
    #[error("{source}; {} is as it was", target.display())]
    Contents {
        /// Where the tree was to be.
        target: PathBuf,
        /// Which one, and why.
        source: crate::Error,
    },
    /// The host takes two names in one directory for the same.
    #[error("the host has no place for {path} beside a name that it takes for the same: write to a file system that tells upper and lower case apart; {} is as it was", target.display())]
    Collision {
        /// Where it is in the tree.
        path: String,
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The host failed.
    #[error("the host failed to {doing} {}: {source}; {} is as it was", path.display(), target.display())]
    Host {
        /// What was asked of it.
        doing: &'static str,
        /// With what: in the tree, or on the host.
        path: PathBuf,
        /// Where the tree was to be.
        target: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The tree is in place, and what was there before is still on the disk.
    #[error("{} is the new tree, but what was there before is not quite removed: {source}; it, or the rest of it, is at {}: remove it", target.display(), old.display())]
    OldLeft {
        /// Where the tree is.
        target: PathBuf,
        /// Where what was there before is.
        old: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The tree is in place, and the host does not promise that it is there after a failure of power.
    #[error("{} is the new tree, but the host failed to make its name or its permissions safe: {source}; see that it is there after a restart", target.display())]
    NotSafe {
        /// Where the tree is.
        target: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The target was moved away, and neither it nor the tree could be put in its place.
    #[error("{} is missing: what was there is at {} and could not be moved back: {source}; move it back by hand", target.display(), old.display())]
    Displaced {
        /// Where the tree was to be.
        target: PathBuf,
        /// Where what was there before is, unchanged.
        old: PathBuf,
        /// What the host said.
        source: io::Error,
    },
}

impl WriteError {
    /// Whether the target is as it was. If not, it is the whole tree, or with [`Displaced`](WriteError::Displaced)
    /// missing; never a part.
    pub fn target_unchanged(&self) -> bool {
        !matches!(self, WriteError::OldLeft { .. } | WriteError::NotSafe { .. } | WriteError::Displaced { .. })
    }
}
