//! The operations, over both kinds of mount.

mod exchanges;
mod names;

use std::sync::Arc;

use cap_std::fs::Dir;

use crate::checks::{changeable, directory, in_range, regular};
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::hermetic::Hermetic;
use crate::live::Live;
use crate::node::Nodes;
use crate::recorded::{Question, Source};
use crate::tree::{Change, Changes, Tree, TreeError};
use crate::types::{Access, Nanos, NewTime, OpenOptions, Position, Stat};

/// How many bytes the hermetic mounts of a file system may hold together unless it is told otherwise: 1 GiB.
pub const DEFAULT_CAPACITY: u64 = 1 << 30;

/// The directories of one run, and what the guest did to them.
///
/// Paths are relative to an open directory; none leads out of its mount. Operations have the names and the meaning of
/// `wasi:filesystem/types`. Each is done when it returns, on the calling thread.
///
/// ```
/// use deterministic_fs::{Access, DEFAULT_CAPACITY, ErrorCode, FileSystem, OpenOptions, Position, Tree};
///
/// // A scratch directory that never touches the host. Whatever was not touched is of this moment, in nanoseconds.
/// let mut fs = FileSystem::new(1_735_689_600_000_000_000, DEFAULT_CAPACITY);
/// fs.mount_hermetic(&Tree::new().into(), "/tmp", Access::ReadWrite)?;
/// let tmp = fs.preopens().next().expect("it was mounted").1.clone();
///
/// let create = OpenOptions { create: true, write: true, ..OpenOptions::default() };
/// let file = fs.open_at(&tmp, "log", create)?;
/// fs.write(&file, b"one line\n", Position::End)?;
/// assert_eq!(fs.stat_at(&tmp, "log", false)?.size, 9);
/// let outside = fs.open_at(&tmp, "../etc/passwd", OpenOptions::default());
/// assert!(outside.is_err(), "nothing leads out of a mount");
///
/// let changes = fs.changes(0).expect("the first mount is hermetic")?;
/// assert_eq!(changes[0].path, "log");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileSystem {
    nodes: Nodes,
    hermetic: Hermetic,
    live: Live,
    /// Where the answers of live mounts come from.
    source: Source,
    /// How many handles of live mounts were made: the number of the next.
    handles: u64,
    mounts: Vec<Mount>,
}

/// A directory that the guest has from the start.
#[derive(Debug)]
struct Mount {
    guest: Arc<str>,
    handle: Handle,
    /// What a hermetic one was at the start.
    tree: Option<Arc<Tree>>,
}

impl Default for FileSystem {
    fn default() -> Self {
        FileSystem::new(0, DEFAULT_CAPACITY)
    }
}

impl FileSystem {
    /// No mounts yet. Untouched objects show `epoch` as all of their times; `capacity` is how many bytes the hermetic
    /// mounts may hold together, as [`Tree::size`] counts them. The memory they take can be twice as much, beside that of the
    /// trees they begin with.
    pub fn new(epoch: Nanos, capacity: u64) -> Self {
        FileSystem {
            nodes: Nodes::new(epoch),
            hermetic: Hermetic::new(capacity),
            live: Live::default(),
            source: Source::Host,
            handles: 0,
            mounts: Vec::new(),
        }
    }

    /// How many bytes the hermetic mounts may hold together from here on. If they hold more already, nothing can be added.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.hermetic.set_capacity(capacity);
    }

    /// Says what the wall clock shows, for the times of what is made and written from here on.
    pub fn set_now(&mut self, now: Nanos) {
        self.nodes.now = now;
    }

    /// Mounts a directory of the host: what the guest writes is written there, at once. In a replay it is
    /// [`mount_replayed`](Self::mount_replayed), which needs no directory: an error is then given by the next operation.
    pub fn mount_live(&mut self, dir: Dir, guest: &str, access: Access) {
        if let Source::Replayed(_) = self.source {
            // Whatever fails, every operation says so from now on.
            let _ = self.mount_replayed(guest, access);
            return;
        }
        let mount = self.mounts.len() as u32;
        let handle = self.live.mount(&mut self.nodes, dir, mount, guest, access);
        self.mounted(guest, handle);
        // Again.
        let _ = self.record_mount(mount as usize);
    }

    /// Mounts a tree: what the guest changes stays in memory. `tree` itself is never changed and can serve any number of
    /// runs.
    ///
    /// # Errors
    ///
    /// [`TreeError::TooLarge`] if there is no room for it within the capacity.
    pub fn mount_hermetic(&mut self, tree: &Arc<Tree>, guest: &str, access: Access) -> Result<(), TreeError> {
        let mount = self.mounts.len() as u32;
        let handle = self.hermetic.mount(&mut self.nodes, tree, mount, guest, access)?;
        self.mounts.push(Mount { guest: guest.into(), handle, tree: Some(tree.clone()) });
        Ok(())
    }

    /// The mounts in the order in which they were made: the guest's name and the open directory.
    pub fn preopens(&self) -> impl ExactSizeIterator<Item = (&str, &Handle)> {
        self.mounts.iter().map(|mount| (&*mount.guest, &mount.handle))
    }

    /// What the hermetic mount number `mount` (in the order of [`preopens`](Self::preopens)) is by now. `None` if it is
    /// live, or there is none. Shares the bytes of files with the run until that writes to them again.
    ///
    /// # Errors
    ///
    /// [`Error::Exhausted`](crate::Error::Exhausted) if there is no memory for it.
    pub fn tree(&self, mount: usize) -> Option<Result<Tree>> {
        let mount = self.mounts.get(mount)?;
        mount.tree.as_ref()?;
        Some(self.hermetic.tree(&self.nodes, mount.handle.open.node))
    }

    /// What the guest changed in it, by path. `None` as above.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`](crate::Error::Contents) if a file was left for later and cannot be read now, and as
    /// [`tree`](Self::tree).
    pub fn changes(&self, mount: usize) -> Option<Result<Vec<Change>>> {
        let before = self.mounts.get(mount)?.tree.as_ref()?;
        Some(self.tree(mount)?.and_then(|after| before.changes_to(&after)))
    }

    /// The same as a list that somebody is to read: see [`Tree::changes_within`].
    ///
    /// # Errors
    ///
    /// As above.
    pub fn changes_within(&self, mount: usize, max: usize) -> Option<Result<Changes>> {
        let before = self.mounts.get(mount)?.tree.as_ref()?;
        Some(self.tree(mount)?.and_then(|after| before.changes_within(&after, max)))
    }

    /// Opens the object at `path`.
    ///
    /// # Errors
    ///
    /// As `open-at`, and [`ErrorCode::Unsupported`] for what is neither a file, nor a directory, nor a device that is the
    /// same on every host.
    pub fn open_at(&mut self, dir: &Handle, path: &str, options: OpenOptions) -> Result<Handle> {
        directory(dir)?;
        if options.directory && (options.create || options.exclusive || options.truncate) {
            return Err(ErrorCode::Invalid.into());
        }
        if options.create || options.truncate || options.write {
            changeable(dir)?;
        }
        match &dir.host {
            None => self.hermetic.open_at(&mut self.nodes, dir, path, options),
            Some(_) => self.live_open_at(dir, path, options),
        }
    }

    /// Reads from `offset` on into `buf`: all of it, or up to the end of the file. Gives how many bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadDescriptor`] unless it is a file that was opened to read;
    /// [`Error::RandomDevice`](crate::Error::RandomDevice) if its bytes are random, which are the caller's to fill in.
    pub fn read(&mut self, file: &Handle, buf: &mut [u8], offset: u64) -> Result<usize> {
        regular(file)?;
        in_range(offset)?;
        if !file.read {
            return Err(ErrorCode::BadDescriptor.into());
        }
        match &file.host {
            None => self.hermetic.read(&self.nodes, file, buf, offset),
            Some(_) => self.live_read(file, buf, offset),
        }
    }

    /// Writes all of `bytes`, or as much as there is room for. Gives how many bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadDescriptor`] unless it is a file that was opened to write, [`ErrorCode::InsufficientSpace`] if
    /// there is room for none.
    pub fn write(&mut self, file: &Handle, bytes: &[u8], position: Position) -> Result<usize> {
        regular(file)?;
        if let Position::At(offset) = position {
            in_range(offset)?;
        }
        if !file.write {
            return Err(ErrorCode::BadDescriptor.into());
        }
        match &file.host {
            None => self.hermetic.write(&mut self.nodes, file, bytes, position),
            Some(_) => self.live_write(file, bytes, position),
        }
    }

    /// Cuts a file, or adds zeros to it.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotPermitted`] in a read-only mount, [`ErrorCode::Invalid`] if the file was not opened to write.
    pub fn set_size(&mut self, file: &Handle, size: u64) -> Result<()> {
        regular(file)?;
        changeable(file)?;
        match &file.host {
            None => self.hermetic.set_size(&mut self.nodes, file, size),
            Some(_) => {
                let question = || Question::SetSize { file: file.number, size };
                self.exchange(question, |live, nodes| live.set_size(nodes, file, size))
            }
        }
    }

    /// Asks the host to keep what was written safe from a failure. Nothing to do in a hermetic mount.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn sync(&mut self, object: &Handle, data_only: bool) -> Result<()> {
        match &object.host {
            None => Ok(()),
            Some(_) => {
                let question = || Question::Sync { object: object.number, data_only };
                self.exchange(question, |live, _| live.sync(object, data_only))
            }
        }
    }

    /// What there is to know of an open object.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn stat(&mut self, object: &Handle) -> Result<Stat> {
        match &object.host {
            None => self.hermetic.stat(&self.nodes, object),
            Some(_) => {
                let question = || Question::Stat { object: object.number };
                self.exchange(question, |live, nodes| live.stat(nodes, object))
            }
        }
    }

    /// What there is to know of the object at `path`, or with `follow` of what a symbolic link there leads to.
    ///
    /// # Errors
    ///
    /// As `stat-at`.
    pub fn stat_at(&mut self, dir: &Handle, path: &str, follow: bool) -> Result<Stat> {
        directory(dir)?;
        match &dir.host {
            None => self.hermetic.stat_at(&self.nodes, dir, path, follow),
            Some(_) => {
                let question = || Question::StatAt { dir: dir.number, path: path.into(), follow };
                self.exchange(question, |live, nodes| live.stat_at(nodes, dir, path, follow))
            }
        }
    }

    /// Sets the times of an open object.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotPermitted`] in a read-only mount.
    pub fn set_times(&mut self, object: &Handle, access: NewTime, modification: NewTime) -> Result<()> {
        changeable(object)?;
        if (access, modification) == (NewTime::Keep, NewTime::Keep) {
            return Ok(());
        }
        match &object.host {
            None => {
                self.nodes.set_times(object.open.node, access, modification);
                Ok(())
            }
            Some(_) => {
                let question = || Question::SetTimes { object: object.number, access, modification };
                self.exchange(question, |live, nodes| live.set_times(nodes, object, access, modification))
            }
        }
    }

    /// Sets the times of the object at `path`.
    ///
    /// # Errors
    ///
    /// As `set-times-at`.
    pub fn set_times_at(
        &mut self,
        dir: &Handle,
        path: &str,
        follow: bool,
        access: NewTime,
        modification: NewTime,
    ) -> Result<()> {
        directory(dir)?;
        changeable(dir)?;
        match &dir.host {
            None => self.hermetic.set_times_at(&mut self.nodes, dir, path, follow, access, modification),
            Some(_) => {
                let question =
                    || Question::SetTimesAt { dir: dir.number, path: path.into(), follow, access, modification };
                self.exchange(question, |live, nodes| live.set_times_at(nodes, dir, path, follow, access, modification))
            }
        }
    }

    /// Whether two handles are of one object.
    pub fn is_same_object(&self, a: &Handle, b: &Handle) -> bool {
        a.open.node == b.open.node
    }
}
