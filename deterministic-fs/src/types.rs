//! The types that operations take and give; those of `wasi:filesystem/types`, without a runtime's types.

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileType {
    /// A directory.
    Directory,
    /// A regular file.
    RegularFile,
    /// A symbolic link.
    SymbolicLink,
    /// A device of blocks.
    BlockDevice,
    /// A device of characters.
    CharacterDevice,
    /// A fifo, a socket, or something that only this host has. WASI 0.1 has no types for these.
    Unknown,
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub type Nanos = u64;

/// What there is to know of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its kind.
    pub file_type: FileType,
    /// Who it is: the same for all names of one object, different for any two that exist at one time. Its lower half is
    /// the inode number of WASI 0.1 and the lower half of the metadata hash, the upper half that of the hash.
    pub identity: u128,
    /// How many names it has: none if it is only open. Names that the run does not know of do not count.
    pub links: u64,
    /// Bytes in a file, bytes in the target of a symbolic link, 0 for everything else.
    pub size: u64,
    /// When it was last accessed, modified, changed.
    pub times: Times,
}

/// The times of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Last access. Reading does not count, as on hosts mounted `noatime`.
    pub access: Nanos,
    /// Last change of the contents.
    pub modification: Nanos,
    /// Last change of the object: contents, times, names.
    pub change: Nanos,
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTime {
    /// As it is.
    Keep,
    /// The present.
    Now,
    /// This one.
    At(Nanos),
}

/// How an object is opened. As in `open-at`.
///
/// ```
/// use deterministic_fs::OpenOptions;
///
/// let to_read = OpenOptions { read: true, follow: true, ..OpenOptions::default() };
/// let to_create = OpenOptions { create: true, exclusive: true, write: true, ..OpenOptions::default() };
/// # let _ = (to_read, to_create);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make a file if there is none.
    pub create: bool,
    /// Fail if it is not a directory.
    pub directory: bool,
    /// Fail if there is an object.
    pub exclusive: bool,
    /// Cut it to no bytes.
    pub truncate: bool,
    /// To read it.
    pub read: bool,
    /// To write it.
    pub write: bool,
    /// Whether a symbolic link in the last place is followed.
    pub follow: bool,
}

/// What a guest may do in a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Look. What would change something is [`NotPermitted`](crate::ErrorCode::NotPermitted).
    ReadOnly,
    /// Look and change.
    ReadWrite,
}

/// Where a write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// So many bytes from the beginning. A gap before it is filled with zeros.
    At(u64),
    /// After the last byte there is.
    End,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its name.
    pub name: std::sync::Arc<str>,
    /// The kind of the object, a symbolic link's own.
    pub file_type: FileType,
    /// [`Stat::identity`] of the object.
    pub identity: u128,
}

/// The longest name, in bytes: what Linux and macOS file systems allow.
pub const NAME_MAX: usize = 255;

/// The longest path, in bytes: Linux's limit, less the terminator that it counts.
pub const PATH_MAX: usize = 4095;

/// How many directories may be nested in a tree, its root not counted. Linux has no such limit, but a guest that
/// goes ever deeper makes the host work for each level of each path, and makes paths that no host can express.
pub const DEPTH_MAX: usize = 2048;

/// How many symbolic links one path may lead through: Linux's limit.
pub const SYMLINK_MAX: usize = 40;
