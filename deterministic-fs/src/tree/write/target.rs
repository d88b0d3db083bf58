//! Where a tree goes: found out before a run, held to after it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::fs::{Dir, Metadata};

use super::error::WriteError;
use super::staging::Staging;
use crate::tree::cursor::Id;

/// A place for a tree, opened before the run that makes it.
///
/// What happens to paths from then on does not lead the tree elsewhere: it goes into the directory that the target was to
/// be in, wherever that is by now, and only if what is there by the target's name is what was there when this was opened.
///
/// ```
/// # let host = tempfile::tempdir()?;
/// # let path = host.path();
/// use deterministic_fs::{Tree, WriteTarget};
///
/// // Fails now, and not after an hour of computing.
/// let target = WriteTarget::open(&path.join("results"))?;
/// let mut tree = Tree::new();
/// tree.insert_file("answer.txt", *b"42")?;
/// tree.write_to(&target)?;
/// assert_eq!(std::fs::read(path.join("results/answer.txt"))?, b"42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WriteTarget {
    /// As it was said.
    pub(super) said: PathBuf,
    /// Without symbolic links, `.` and `..`.
    pub(super) path: PathBuf,
    pub(super) parent: Dir,
    pub(super) name: OsString,
    /// What was there; `None` if there was nothing.
    pub(super) was: Option<Was>,
}

#[derive(Debug)]
pub(super) struct Was {
    id: Id,
    pub(super) full: bool,
    /// Open, so that no other directory has its number when it is gone.
    pub(super) dir: Dir,
}

impl WriteTarget {
    /// Opens the directory that `path` is to be in, which must be there, and looks at what is at `path`: nothing, or a
    /// directory. Symbolic links are followed now, and not again.
    ///
    /// Makes a directory beside it and removes it, to know now what would fail after the run.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; nothing was changed.
    pub fn open(path: &Path) -> Result<WriteTarget, WriteError> {
        let said = path.to_path_buf();
        let not_a_name = || WriteError::NotAName { target: said.clone() };
        let name = path.file_name().ok_or_else(not_a_name)?;
        // What leads nowhere has no such path; what keeps it from being looked up will be said of the parent.
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(_) => {
                let parent = parent_of(path);
                let no_parent =
                    |source| WriteError::NoParent { target: said.clone(), parent: parent.to_path_buf(), source };
                parent.canonicalize().map_err(no_parent)?.join(name)
            }
        };
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else { return Err(not_a_name()) };
        let dir = Dir::open_ambient_dir(parent, cap_std::ambient_authority())
            .map_err(|source| WriteError::NoParent { target: said.clone(), parent: parent.to_path_buf(), source })?;
        let name = name.to_owned();
        let mut target = WriteTarget { said, path: real, parent: dir, name, was: None };
        target.was = target.find()?;
        Staging::make(&target)?.close().map_err(|error| target.failed("remove a directory from", error))?;
        Ok(target)
    }

    /// Where it is, without symbolic links, `.` and `..`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there was a directory with something in it when this was opened.
    pub fn is_full(&self) -> bool {
        self.was.as_ref().is_some_and(|was| was.full)
    }

    /// Whether this and `other` are one place, or one of them is in the other, as far as paths tell now. What is not there
    /// need not be.
    pub fn overlaps(&self, other: &Path) -> bool {
        let other = canonical(other);
        self.path.starts_with(&other) || other.starts_with(&self.path)
    }

    fn find(&self) -> Result<Option<Was>, WriteError> {
        let failed = |error| self.failed("look at", error);
        let Some(metadata) = self.look()? else { return Ok(None) };
        if !metadata.is_dir() {
            return Err(WriteError::NotDirectory { target: self.said.clone() });
        }
        let dir = self.parent.open_dir_nofollow(&self.name).map_err(failed)?;
        let metadata = dir.dir_metadata().map_err(failed)?;
        if metadata.dev() != self.parent.dir_metadata().map_err(failed)?.dev() || is_mount(&dir) {
            return Err(WriteError::MountPoint { target: self.said.clone() });
        }
        let full = dir.entries().map_err(failed)?.next().transpose().map_err(failed)?.is_some();
        if full {
            may_move(&dir).map_err(|error| self.failed("permit the move of", error))?;
        }
        Ok(Some(Was { id: Id::of(&metadata), full, dir }))
    }

    /// What is there now; a symbolic link itself.
    fn look(&self) -> Result<Option<Metadata>, WriteError> {
        match self.parent.symlink_metadata(&self.name) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("look at", error)),
        }
    }

    /// Fails unless what is there is what was there.
    pub(super) fn verify(&self) -> Result<(), WriteError> {
        let now = match (&self.was, self.look()?) {
            (None, None) => return Ok(()),
            (Some(was), Some(now)) if now.is_dir() && Id::of(&now) == was.id => return Ok(()),
            (Some(_), None) => "nothing any more",
            (None, Some(_)) => "something that was not there",
            (Some(_), Some(now)) if now.is_symlink() => "a symbolic link",
            (Some(_), Some(now)) if now.is_dir() => "another directory",
            (Some(_), Some(_)) => "something that is not a directory",
        };
        Err(self.replaced(now))
    }

    /// Whether `name` in `dir` is the directory that was there.
    pub(super) fn is_at(&self, dir: &Dir, name: &OsStr) -> bool {
        let (Some(was), Ok(now)) = (&self.was, dir.symlink_metadata(name)) else { return false };
        now.is_dir() && Id::of(&now) == was.id
    }

    /// As [`verify`](Self::verify), and that it has nothing in it.
    pub(super) fn verify_empty(&self) -> Result<(), WriteError> {
        self.verify()?;
        let Some(was) = &self.was else { return Ok(()) };
        match was.dir.entries().and_then(|mut entries| entries.next().transpose()) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(WriteError::NotEmpty { target: self.said.clone() }),
            Err(error) => Err(self.failed("look at", error)),
        }
    }

    pub(super) fn replaced(&self, now: &'static str) -> WriteError {
        WriteError::Replaced { target: self.said.clone(), now }
    }

    /// With the target itself.
    pub(super) fn failed(&self, doing: &'static str, source: io::Error) -> WriteError {
        self.failed_at(doing, &self.path, source)
    }

    pub(super) fn failed_at(&self, doing: &'static str, path: &Path, source: io::Error) -> WriteError {
        WriteError::Host { doing, path: path.into(), target: self.said.clone(), source }
    }

    /// What it is in.
    pub(super) fn beside(&self) -> &Path {
        parent_of(&self.path)
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// As far as it is there.
fn canonical(path: &Path) -> PathBuf {
    let mut behind = Vec::new();
    let mut at = path;
    loop {
        if let Ok(mut real) = at.canonicalize() {
            real.extend(behind.iter().rev());
            return real;
        }
        let (Some(name), true) = (at.file_name(), at != parent_of(at)) else { return path.to_path_buf() };
        behind.push(name);
        at = parent_of(at);
    }
}

/// A directory that comes into another is written to: its `..` changes.
#[cfg(unix)]
fn may_move(dir: &Dir) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, accessat};

    // As the user whose rights count, where the host can be asked that.
    let flags = if cfg!(target_os = "android") { AtFlags::empty() } else { AtFlags::EACCESS };
    Ok(accessat(dir, ".", Access::WRITE_OK, flags)?)
}

#[cfg(not(unix))]
fn may_move(_: &Dir) -> io::Result<()> {
    Ok(())
}

/// Whether a file system is mounted there that has the number of the one around it, as a part of that has.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_mount(dir: &Dir) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};

    // A kernel that does not know refuses the rename instead.
    statx(dir, "", AtFlags::EMPTY_PATH, StatxFlags::TYPE).is_ok_and(|found| {
        let root = StatxAttributes::MOUNT_ROOT;
        found.stx_attributes_mask.contains(root) && found.stx_attributes.contains(root)
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_mount(_: &Dir) -> bool {
    false
}
