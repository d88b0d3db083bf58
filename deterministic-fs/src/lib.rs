#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod checks;
mod contents;
mod error;
mod filesystem;
mod handle;
mod hermetic;
mod identity;
mod live;
mod memory;
mod node;
mod recorded;
mod size;
mod tree;
mod types;

pub use error::{Error, ErrorCode, Result};
pub use filesystem::{DEFAULT_CAPACITY, FileSystem};
pub use handle::Handle;
pub use recorded::{Recorder, Replayer, UNANSWERED, describe_exchange, describe_question};
pub use size::{NAME_SIZE, OBJECT_SIZE};
pub use tree::{
    BuildError, Change, ChangeKind, Changes, Contents, Delta, Digest, Entry, OtherTree, Tree, TreeError, WriteError,
    WriteTarget,
};
pub use types::{
    Access, DEPTH_MAX, DirectoryEntry, FileType, NAME_MAX, Nanos, NewTime, OpenOptions, PATH_MAX, Position,
    SYMLINK_MAX, Stat, Times,
};
