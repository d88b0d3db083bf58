//! The directory beside a target in which a tree is made ready.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::PathBuf;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, DirBuilder};

use super::error::WriteError;
use super::host;
use super::target::WriteTarget;
use crate::tree::cursor::Cursor;

/// Begins the names of the directories in which trees are made ready. Those of a process that was killed stay.
const PREFIX: &str = ".detwasi-";

/// How many names are tried.
const TRIES: u64 = 1000;

/// Open to nobody else. Removed when dropped.
pub(super) struct Staging<'t> {
    pub(super) target: &'t WriteTarget,
    pub(super) dir: Dir,
    name: OsString,
    keep: bool,
}

impl<'t> Staging<'t> {
    pub(super) fn make(target: &'t WriteTarget) -> Result<Self, WriteError> {
        let failed = |error| target.failed_at("make a directory in", target.beside(), error);
        let name = make_directory(&target.parent, std::process::id()).map_err(failed)?;
        match target.parent.open_dir_nofollow(&name) {
            Ok(dir) => Ok(Staging { target, dir, name, keep: false }),
            Err(error) => {
                let _ = target.parent.remove_dir(&name);
                Err(failed(error))
            }
        }
    }

    /// Where it is, as far as that has not been moved.
    pub(super) fn path(&self) -> PathBuf {
        self.target.beside().join(&self.name)
    }

    /// Leaves it where it is.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }

    /// Removes it. What is in it that may not be removed stays.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.keep = true;
        remove(&self.target.parent, &self.name, false)
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if !self.keep {
            // It is in nobody's way if it stays, and there may be a more important error to be told.
            let _ = remove(&self.target.parent, &self.name, true);
        }
    }
}

/// Makes a directory of a name that nobody could know before.
fn make_directory(parent: &Dir, process: u32) -> io::Result<OsString> {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "there is nothing to set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // The standard library's keys are the host's random numbers.
    let keys = RandomState::new();
    let mut taken = None;
    for count in 0..TRIES {
        let mut hasher = keys.build_hasher();
        hasher.write_u64(count);
        let name = OsString::from(format!("{PREFIX}{process:x}-{:016x}", hasher.finish()));
        match parent.create_dir_with(&name, &builder) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
}

/// Removes a directory with all that is in it, without recursion and with few descriptors. With `ours`, its permissions
/// are ours to change where they are in the way.
pub(super) fn remove(parent: &Dir, name: &OsStr, ours: bool) -> io::Result<()> {
    let root = parent.open_dir_nofollow(name)?;
    let mut cursor: Cursor<'_, OsString> = Cursor::new(&root);
    // The directories from the root to where it is, and those that are left in each.
    let mut pending = vec![(OsString::new(), remove_files(&root)?)];
    while let Some((_, directories)) = pending.last_mut() {
        match directories.pop() {
            Some(name) => {
                if ours {
                    let _ = host::set_mode_at(cursor.dir()?, &name, 0o700);
                }
                cursor.enter(&name, None)?;
                let directories = remove_files(cursor.dir()?)?;
                pending.push((name, directories));
            }
            None => {
                let Some((name, _)) = pending.pop() else { break };
                if let Some(above) = pending.len().checked_sub(1) {
                    cursor.leave_to(above);
                    cursor.dir()?.remove_dir(&name)?;
                }
            }
        }
    }
    parent.remove_dir(name)
}

/// Removes all but the directories, and gives those.
fn remove_files(dir: &Dir) -> io::Result<Vec<OsString>> {
    let mut directories = Vec::new();
    let mut others = Vec::new();
    for entry in dir.entries()? {
        let entry = entry?;
        let list = if entry.file_type()?.is_dir() { &mut directories } else { &mut others };
        list.push(entry.file_name());
    }
    for name in others {
        dir.remove_file_or_symlink(&name)?;
    }
    Ok(directories)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_of_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let parent = Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
        let names: BTreeSet<_> = (0..100).map(|_| make_directory(&parent, 1).unwrap()).collect();
        assert_eq!(names.len(), 100);
        for name in &names {
            assert!(name.to_str().unwrap().starts_with(PREFIX));
            remove(&parent, name, false).unwrap();
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
