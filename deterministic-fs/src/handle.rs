//! Open objects.

use std::sync::Arc;

use cap_std::fs::{Dir, File};

use crate::node::NodeId;
use crate::types::{Access, FileType};

/// An open object. Its clones are the same open object; the object lasts, without a name if need be, until the last one
/// is gone. Belongs to the [`FileSystem`](crate::FileSystem) that gave it: any other answers with a bad descriptor, or for
/// another object.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) open: Arc<Open>,
    pub(crate) file_type: FileType,
    pub(crate) access: Access,
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// What the host has for it; `None` in a hermetic mount.
    pub(crate) host: Option<HostHandle>,
}

/// Says by its number of owners whether an object is open.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) node: NodeId,
}

#[derive(Clone, Debug)]
pub(crate) enum HostHandle {
    /// Of a directory also the path by which the guest reached it, from the mount's root, without `.` and `..`, and the
    /// number of the mount.
    Directory {
        dir: Arc<Dir>,
        path: Arc<str>,
        mount: u32,
    },
    File(Arc<File>),
}

impl Handle {
    /// Whether this is a directory, a file, or something else.
    pub fn file_type(&self) -> FileType {
        self.file_type
    }

    /// Whether it was opened to read.
    pub fn is_readable(&self) -> bool {
        self.read
    }

    /// Whether it was opened to write; of a directory, whether entries may be made and removed.
    pub fn is_writable(&self) -> bool {
        self.write
    }

    /// What may be done in its mount.
    pub fn access(&self) -> Access {
        self.access
    }
}
