//! Open objects.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cap_std::fs::{Dir, File};

use crate::identity::CanonicalPath;
use crate::live::Device;
use crate::node::NodeId;
use crate::types::{Access, FileType, OpenOptions};

/// An open object. Its clones are the same open object; the object lasts, without a name if need be, until the last one
/// is gone. Belongs to the [`FileSystem`](crate::FileSystem) that gave it: any other answers with a bad descriptor, or for
/// another object.
///
/// ```
/// use deterministic_fs::{Access, FileSystem, FileType, OpenOptions, Tree};
///
/// let mut tree = Tree::new();
/// tree.insert_file("in.txt", *b"hello")?;
/// let mut fs = FileSystem::default();
/// fs.mount_hermetic(&tree.into(), "/", Access::ReadWrite)?;
/// let root = fs.preopens().next().expect("it was mounted").1.clone();
/// let file = fs.open_at(&root, "in.txt", OpenOptions { read: true, ..OpenOptions::default() })?;
/// assert_eq!((root.file_type(), file.file_type()), (FileType::Directory, FileType::RegularFile));
/// assert!(file.is_readable() && !file.is_writable());
///
/// // It lasts without its name.
/// fs.unlink_file_at(&root, "in.txt")?;
/// let mut bytes = [0; 5];
/// fs.read(&file, &mut bytes, 0)?;
/// assert_eq!(&bytes, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) open: Arc<Open>,
    pub(crate) file_type: FileType,
    pub(crate) access: Access,
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// What the host has for it; `None` in a hermetic mount.
    pub(crate) host: Option<HostHandle>,
    /// Its place in the order in which those were made that are not of a hermetic mount.
    pub(crate) number: u64,
}

/// Tells by its number of owners whether an object is open.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) node: NodeId,
    /// Whether the object has lost its last name, so that it goes with this.
    pub(crate) orphan: AtomicBool,
    /// The number of the first handle, once a recording has told of it.
    pub(crate) first: OnceLock<u64>,
    /// Where the table of objects is told.
    pub(crate) gone: Gone,
}

/// The objects without a name that were closed since the table was last looked after. Handles are dropped anywhere.
pub(crate) type Gone = Arc<Mutex<Vec<NodeId>>>;

impl Drop for Open {
    fn drop(&mut self) {
        if *self.orphan.get_mut() {
            self.gone.lock().unwrap_or_else(PoisonError::into_inner).push(self.node);
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum HostHandle {
    /// Of a directory also the path by which the guest reached it, and the number of the mount.
    Directory {
        dir: Arc<Dir>,
        at: CanonicalPath,
        mount: u32,
    },
    File(Arc<File>),
    /// Known by its numbers: there is nothing of the host's behind it.
    Device(Device),
    /// What a trace knows of: there is no host.
    Replayed,
}

impl Handle {
    /// What was opened in `dir`, a directory that is not hermetic. Its number is to be given.
    pub(crate) fn opened(
        open: Arc<Open>,
        file_type: FileType,
        dir: &Handle,
        options: OpenOptions,
        host: HostHandle,
    ) -> Self {
        Handle {
            open,
            file_type,
            access: dir.access,
            read: options.read || !options.write,
            write: options.create || options.truncate || options.write,
            host: Some(host),
            number: 0,
        }
    }

    /// The directory of a mount. Its number is to be given.
    pub(crate) fn root(open: Arc<Open>, access: Access, host: Option<HostHandle>) -> Self {
        let write = access == Access::ReadWrite;
        Handle { open, file_type: FileType::Directory, access, read: true, write, host, number: 0 }
    }

    /// Whether this is a directory, a file, or one of the devices that can be opened.
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
