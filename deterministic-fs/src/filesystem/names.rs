//! The operations on the names in a directory.

use std::sync::Arc;

use super::FileSystem;
use crate::checks::{changeable, directory};
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::recorded::Question;
use crate::types::DirectoryEntry;

impl FileSystem {
    /// The entries of a directory by the bytes of their names, without `.` and `..`.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotDirectory`] if it is none; [`ErrorCode::IllegalByteSequence`] if the host has a name in it that is
    /// not UTF-8.
    pub fn read_directory(&mut self, dir: &Handle) -> Result<Arc<[DirectoryEntry]>> {
        directory(dir)?;
        match &dir.host {
            None => self.hermetic.read_directory(&self.nodes, dir),
            Some(_) => {
                let question = || Question::ReadDirectory { dir: dir.number };
                self.exchange(question, |live, nodes| live.read_directory(nodes, dir))
            }
        }
    }

    /// Makes a directory.
    ///
    /// # Errors
    ///
    /// As `create-directory-at`.
    pub fn create_directory_at(&mut self, dir: &Handle, path: &str) -> Result<()> {
        directory(dir)?;
        changeable(dir)?;
        match &dir.host {
            None => self.hermetic.create_directory_at(&mut self.nodes, dir, path),
            Some(_) => {
                let question = || Question::CreateDirectoryAt { dir: dir.number, path: path.into() };
                self.exchange(question, |live, nodes| live.create_directory_at(nodes, dir, path))
            }
        }
    }

    /// Makes a symbolic link at `path` that leads to `target`.
    ///
    /// # Errors
    ///
    /// As `symlink-at`; [`ErrorCode::NotPermitted`] if the target is absolute.
    pub fn symlink_at(&mut self, dir: &Handle, target: &str, path: &str) -> Result<()> {
        directory(dir)?;
        changeable(dir)?;
        match &dir.host {
            None => self.hermetic.symlink_at(&mut self.nodes, dir, target, path),
            Some(_) => {
                let question = || Question::SymlinkAt { dir: dir.number, target: target.into(), path: path.into() };
                self.exchange(question, |live, nodes| live.symlink_at(nodes, dir, target, path))
            }
        }
    }

    /// Where the symbolic link at `path` leads.
    ///
    /// # Errors
    ///
    /// As `readlink-at`; [`ErrorCode::NotPermitted`] if the target is absolute.
    pub fn readlink_at(&mut self, dir: &Handle, path: &str) -> Result<String> {
        directory(dir)?;
        match &dir.host {
            None => self.hermetic.readlink_at(&self.nodes, dir, path),
            Some(_) => {
                let question = || Question::ReadlinkAt { dir: dir.number, path: path.into() };
                self.exchange(question, |live, _| live.readlink_at(dir, path))
            }
        }
    }

    /// Gives the object at `path` another name.
    ///
    /// # Errors
    ///
    /// As `link-at`; [`ErrorCode::Invalid`] with `follow`, which wasmtime-wasi refuses too; [`ErrorCode::CrossDevice`]
    /// between a live and a hermetic mount.
    pub fn link_at(&mut self, dir: &Handle, path: &str, follow: bool, new_dir: &Handle, new_path: &str) -> Result<()> {
        directory(dir)?;
        directory(new_dir)?;
        changeable(dir)?;
        changeable(new_dir)?;
        if follow {
            return Err(ErrorCode::Invalid.into());
        }
        match (&dir.host, &new_dir.host) {
            (None, None) => self.hermetic.link_at(&mut self.nodes, dir, path, new_dir, new_path),
            (Some(_), Some(_)) => {
                let question = || Question::LinkAt {
                    dir: dir.number,
                    path: path.into(),
                    new_dir: new_dir.number,
                    new_path: new_path.into(),
                };
                self.exchange(question, |live, nodes| live.link_at(nodes, dir, path, new_dir, new_path))
            }
            _ => Err(ErrorCode::CrossDevice.into()),
        }
    }

    /// Renames an object, in place of the one of the new name if there is one.
    ///
    /// # Errors
    ///
    /// As `rename-at`; [`ErrorCode::CrossDevice`] between a live and a hermetic mount.
    pub fn rename_at(&mut self, dir: &Handle, path: &str, new_dir: &Handle, new_path: &str) -> Result<()> {
        directory(dir)?;
        directory(new_dir)?;
        changeable(dir)?;
        changeable(new_dir)?;
        match (&dir.host, &new_dir.host) {
            (None, None) => self.hermetic.rename_at(&mut self.nodes, dir, path, new_dir, new_path),
            (Some(_), Some(_)) => {
                let question = || Question::RenameAt {
                    dir: dir.number,
                    path: path.into(),
                    new_dir: new_dir.number,
                    new_path: new_path.into(),
                };
                self.exchange(question, |live, nodes| live.rename_at(nodes, dir, path, new_dir, new_path))
            }
            _ => Err(ErrorCode::CrossDevice.into()),
        }
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// As `remove-directory-at`.
    pub fn remove_directory_at(&mut self, dir: &Handle, path: &str) -> Result<()> {
        directory(dir)?;
        changeable(dir)?;
        match &dir.host {
            None => self.hermetic.remove_directory_at(&mut self.nodes, dir, path),
            Some(_) => {
                let question = || Question::RemoveDirectoryAt { dir: dir.number, path: path.into() };
                self.exchange(question, |live, nodes| live.remove_directory_at(nodes, dir, path))
            }
        }
    }

    /// Removes a name of a file, a symbolic link or what else is not a directory.
    ///
    /// # Errors
    ///
    /// As `unlink-file-at`.
    pub fn unlink_file_at(&mut self, dir: &Handle, path: &str) -> Result<()> {
        directory(dir)?;
        changeable(dir)?;
        match &dir.host {
            None => self.hermetic.unlink_file_at(&mut self.nodes, dir, path),
            Some(_) => {
                let question = || Question::UnlinkFileAt { dir: dir.number, path: path.into() };
                self.exchange(question, |live, nodes| live.unlink_file_at(nodes, dir, path))
            }
        }
    }
}
