//! Writing trees out: whole, or not at all.

mod error;
mod fill;
mod host;
mod staging;
mod target;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use self::fill::{NEW, Old, Staged};
use super::{Contents, Tree};

pub use self::error::WriteError;
pub use self::target::WriteTarget;

/// What was in the tree's place, in the staging directory.
const OLD: &str = "old";

impl Tree {
    /// Writes the tree to the host, so that the target is a directory with all of it. It must have been missing or an
    /// empty directory when it was opened, and be so still.
    ///
    /// Either all of the tree is there or the target is as it was, also after the process was killed or the machine lost
    /// its power: everything is written to a new directory beside it first, made safe on the disk, and renamed. A process
    /// that is killed can leave that directory; its name begins with `.detwasi-`. An empty target is not written to
    /// but replaced, with its owner and permissions; those of what is written are what the host gives to new files.
    /// Symbolic links are written as they are, and names of one object as names of one object.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. A tree with fifos, sockets or devices is refused before anything is written.
    pub fn write_to(&self, target: &WriteTarget) -> Result<(), WriteError> {
        if target.is_full() {
            return Err(WriteError::NotEmpty { target: target.said.clone() });
        }
        target.verify_empty()?;
        self.stage(target, None)?.put()
    }

    /// As [`write_to`](Tree::write_to), with a target that is opened now.
    ///
    /// # Errors
    ///
    /// As [`WriteTarget::open`] and [`write_to`](Tree::write_to).
    pub fn write_to_path(&self, target: &Path) -> Result<(), WriteError> {
        self.write_to(&WriteTarget::open(target)?)
    }

    /// As [`write_to`](Tree::write_to), but a directory that has something in it is replaced: removed, with all that is
    /// in it, after the tree took its place. `before` is what was taken from it: if it is not that any more, it is left as
    /// it is.
    ///
    /// The new directory has the permissions of the old one, and so has each file and directory in it that has one of its
    /// kind at its path in the old one. The bits that have a program run as its owner stay only where the bytes are the
    /// same and the owner too.
    ///
    /// On Linux and macOS the two are swapped at once. On other hosts, and on file systems that cannot do that, there is
    /// a moment without the target, and a process that is killed in it leaves what was there in the directory beside it.
    ///
    /// A tree that was taken from the target with [`Contents::WhenNeeded`] cannot read from there any more, but needs
    /// not: all of it was read to be written.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Tree::write_to), without [`NotEmpty`](WriteError::NotEmpty);
    /// [`ChangedMeanwhile`](WriteError::ChangedMeanwhile); and those of [`WriteError`] that say that the target is not as
    /// it was.
    pub fn replace(&self, target: &WriteTarget, before: &Tree) -> Result<(), WriteError> {
        self.replace_if(target, Some(before))
    }

    /// As [`replace`](Tree::replace), with a target that is opened now and whatever is in it.
    ///
    /// # Errors
    ///
    /// As [`WriteTarget::open`] and [`replace`](Tree::replace).
    pub fn replace_path(&self, target: &Path) -> Result<(), WriteError> {
        self.replace_if(&WriteTarget::open(target)?, None)
    }

    fn replace_if(&self, target: &WriteTarget, before: Option<&Tree>) -> Result<(), WriteError> {
        target.verify()?;
        let old = target.was.as_ref().map(|was| Old::new(&was.dir, before));
        let staged = self.stage(target, old)?;
        if let Some(before) = before {
            target.verify_contents(before)?;
        }
        if target.is_full() { staged.swap() } else { staged.put() }
    }

    /// Whether [`write_to_path`](Tree::write_to_path) would take `target`, as far as that is known without a tree. A run
    /// in between may change that: what [`WriteTarget::open`] gives is held to.
    ///
    /// # Errors
    ///
    /// What `write_to_path` would say of `target` itself.
    pub fn check_target(target: &Path) -> Result<(), WriteError> {
        let opened = WriteTarget::open(target)?;
        if opened.is_full() { Err(WriteError::NotEmpty { target: target.into() }) } else { Ok(()) }
    }
}

impl WriteTarget {
    /// Fails unless what is in it is what was taken from it.
    fn verify_contents(&self, before: &Tree) -> Result<(), WriteError> {
        let Some(was) = &self.was else { return Ok(()) };
        let now = Tree::read(&was.dir, Contents::WhenNeeded)
            .map_err(|source| WriteError::NotCompared { target: self.said.clone(), source })?;
        let unread = |source| WriteError::Contents { target: self.said.clone(), source };
        if now.passing_digest().map_err(unread)? != before.passing_digest().map_err(unread)? {
            return Err(WriteError::ChangedMeanwhile { target: self.said.clone() });
        }
        Ok(())
    }
}

impl Staged<'_> {
    /// In place of nothing, or of an empty directory.
    fn put(self) -> Result<(), WriteError> {
        let (staging, target) = (&self.staging, self.staging.target);
        target.verify_empty()?;
        let rename = if target.was.is_some() { host::rename_over_empty } else { host::rename_to_nothing };
        rename(&staging.dir, NEW, &target.parent, &target.name).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if target.was.is_none() => target.replaced("something that was not there"),
            io::ErrorKind::DirectoryNotEmpty => WriteError::NotEmpty { target: target.said.clone() },
            io::ErrorKind::NotADirectory => WriteError::NotDirectory { target: target.said.clone() },
            _ => target.failed("rename the tree to", error),
        })?;
        self.settle().map_err(|source| WriteError::NotSafe { target: target.said.clone(), source })
    }

    /// In place of a directory, which is removed.
    fn swap(mut self) -> Result<(), WriteError> {
        let target = self.staging.target;
        target.verify()?;
        let old = self.exchange()?;
        self.staging.keep();
        let old = self.staging.path().join(old);
        // What was there stays until it is sure that the tree does.
        if let Err(source) = self.settle().and_then(|()| self.staging.close()) {
            return Err(WriteError::OldLeft { target: target.said.clone(), old, source });
        }
        Ok(())
    }

    /// Gives where in the staging directory what was there is then.
    fn exchange(&mut self) -> Result<&'static str, WriteError> {
        let target = self.staging.target;
        let (staging, parent) = (&self.staging.dir, &target.parent);
        match host::exchange(staging, NEW, parent, &target.name) {
            Ok(true) if target.is_at(staging, OsStr::new(NEW)) => Ok(NEW),
            // Somebody was faster. What they put there goes back.
            Ok(true) => match host::exchange(staging, NEW, parent, &target.name) {
                Ok(_) => Err(target.replaced("something else")),
                Err(source) => Err(self.displaced(NEW, source)),
            },
            Ok(false) => self.swap_by_renaming().map(|()| OLD),
            Err(error) => Err(target.failed("exchange the tree with", error)),
        }
    }

    /// What was there is in the staging directory then.
    fn swap_by_renaming(&mut self) -> Result<(), WriteError> {
        let target = self.staging.target;
        let (staging, parent) = (&self.staging.dir, &target.parent);
        parent.rename(&target.name, staging, OLD).map_err(|error| target.failed("rename", error))?;
        let refused = if !target.is_at(staging, OsStr::new(OLD)) {
            target.replaced("something else")
        } else {
            match host::rename_to_nothing(staging, NEW, parent, &target.name) {
                Ok(()) => return Ok(()),
                Err(error) => target.failed("rename the tree to", error),
            }
        };
        match host::rename_to_nothing(staging, OLD, parent, &target.name) {
            Ok(()) => Err(refused),
            Err(source) => Err(self.displaced(OLD, source)),
        }
    }

    fn displaced(&mut self, name: &str, source: io::Error) -> WriteError {
        self.staging.keep();
        WriteError::Displaced { target: self.staging.target.said.clone(), old: self.staging.path().join(name), source }
    }

    /// Makes it safe that the tree is in its place.
    fn settle(&self) -> io::Result<()> {
        if let Some(mode) = self.mode {
            host::set_mode(&self.root, mode)?;
            host::sync_opened(&self.root)?;
        }
        host::sync_directory(&self.staging.target.parent)
    }
}
