//! Giving and taking names.

use super::resolve::{self, entry, no_nul, parent};
use super::{Hermetic, directory_mut};
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::memory;
use crate::node::{Body, Directory, NodeId, Nodes};
use crate::size;
use crate::types::{DEPTH_MAX, FileType, PATH_MAX};

/// How many names an object can have: ext4's limit.
const LINK_MAX: u32 = 65_000;

impl Hermetic {
    pub(crate) fn create_directory_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let (directory, name) = parent(nodes, dir.open.node, resolve::without_slashes(path))?;
        no_nul(name)?;
        absent(nodes, directory, name)?;
        room_below(nodes, directory, 1)?;
        let body = Body::Directory(Directory { parent: Some(directory), ..Directory::default() });
        self.add(nodes, directory, name.into(), body)?;
        raise(nodes, directory, 1);
        Ok(())
    }

    pub(crate) fn symlink_at(&mut self, nodes: &mut Nodes, dir: &Handle, target: &str, path: &str) -> Result<()> {
        if target.starts_with('/') {
            return Err(ErrorCode::NotPermitted.into());
        }
        let (directory, name) = parent(nodes, dir.open.node, path)?;
        no_nul(target)?;
        no_nul(name)?;
        if target.is_empty() {
            return Err(ErrorCode::NoEntry.into());
        }
        if target.len() > PATH_MAX {
            return Err(ErrorCode::NameTooLong.into());
        }
        absent(nodes, directory, name)?;
        self.add(nodes, directory, name.into(), Body::SymbolicLink(target.into()))?;
        Ok(())
    }

    pub(crate) fn readlink_at(&self, nodes: &Nodes, dir: &Handle, path: &str) -> Result<String> {
        let (directory, name) = parent(nodes, dir.open.node, path)?;
        no_nul(name)?;
        if name == "." {
            return Err(ErrorCode::Invalid.into());
        }
        let (_, node) = entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?;
        match &node.body {
            Body::SymbolicLink(target) if target.starts_with('/') => Err(ErrorCode::NotPermitted.into()),
            Body::SymbolicLink(target) => Ok((**target).into()),
            _ => Err(ErrorCode::Invalid.into()),
        }
    }

    pub(crate) fn link_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        new_dir: &Handle,
        new_path: &str,
    ) -> Result<()> {
        let (directory, name) = parent(nodes, dir.open.node, path)?;
        let (new_directory, new_name) = parent(nodes, new_dir.open.node, new_path)?;
        no_nul(name)?;
        no_nul(new_name)?;
        let id = match name {
            "." => directory,
            _ => entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?.0,
        };
        absent(nodes, new_directory, new_name)?;
        let node = nodes.get(id).ok_or(ErrorCode::BadDescriptor)?;
        if node.file_type() == FileType::Directory {
            return Err(ErrorCode::NotPermitted.into());
        }
        if node.links >= LINK_MAX {
            return Err(ErrorCode::TooManyLinks.into());
        }
        memory::probe_small()?;
        self.reserve(nodes, size::of_name(new_name))?;
        if let Some(directory) = directory_mut(nodes, new_directory) {
            directory.entries.insert(new_name.into(), id);
        }
        if let Some(node) = nodes.get_mut(id) {
            node.links += 1;
        }
        nodes.changed(id);
        nodes.modified(new_directory);
        Ok(())
    }

    pub(crate) fn rename_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        new_dir: &Handle,
        new_path: &str,
    ) -> Result<()> {
        // A slash at the end of either is no part of the path, but then only a directory can be renamed.
        let must_be_directory = path.ends_with('/') || new_path.ends_with('/');
        let (directory, name) = parent(nodes, dir.open.node, resolve::without_slashes(path))?;
        let (new_directory, new_name) = parent(nodes, new_dir.open.node, resolve::without_slashes(new_path))?;
        no_nul(name)?;
        no_nul(new_name)?;
        // The slash is put back for the host to check, and counts.
        if name.len() + usize::from(must_be_directory) > PATH_MAX || new_name.len() > PATH_MAX {
            return Err(ErrorCode::NameTooLong.into());
        }
        if name == "." || new_name == "." {
            return Err(ErrorCode::Busy.into());
        }
        let (id, node) = entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?;
        let replaced = entry(nodes, new_directory, new_name)?;
        let is_directory = node.file_type() == FileType::Directory;
        if must_be_directory && !is_directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        let elsewhere = directory != new_directory;
        if elsewhere && is_directory && resolve::is_above(nodes, id, new_directory) {
            return Err(ErrorCode::Invalid.into());
        }
        if let Some((replaced, node)) = replaced {
            let directory_replaced = node.file_type() == FileType::Directory;
            if elsewhere && directory_replaced && resolve::is_above(nodes, replaced, directory) {
                return Err(ErrorCode::NotEmpty.into());
            }
            if replaced == id {
                return Ok(());
            }
            match &node.body {
                Body::Directory(_) if !is_directory => return Err(ErrorCode::IsDirectory.into()),
                Body::Directory(directory) if !directory.entries.is_empty() => return Err(ErrorCode::NotEmpty.into()),
                Body::Directory(_) => {}
                _ if is_directory => return Err(ErrorCode::NotDirectory.into()),
                _ => {}
            }
        }
        let height = super::directory(nodes, id).map_or(0, |moved| moved.height + 1);
        room_below(nodes, new_directory, height)?;
        let replaced = replaced.map(|(id, _)| id);
        memory::probe_small()?;
        if replaced.is_none() {
            self.reserve(nodes, size::of_name(new_name).saturating_sub(size::of_name(name)))?;
        }

        if let Some(from) = directory_mut(nodes, directory) {
            from.entries.remove(name);
        }
        if let Some(to) = directory_mut(nodes, new_directory) {
            to.entries.insert(new_name.into(), id);
        }
        if let Some(renamed) = directory_mut(nodes, id) {
            renamed.parent = Some(new_directory);
        }
        raise(nodes, new_directory, height);
        nodes.changed(id);
        nodes.modified(directory);
        nodes.modified(new_directory);
        match replaced {
            Some(replaced) => {
                self.used = self.used.saturating_sub(size::of_name(name));
                self.lose_name(nodes, replaced);
            }
            None => self.used = self.used.saturating_sub(size::of_name(name).saturating_sub(size::of_name(new_name))),
        }
        Ok(())
    }

    pub(crate) fn remove_directory_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let (directory, name) = parent(nodes, dir.open.node, path)?;
        no_nul(name)?;
        if name == "." {
            return Err(ErrorCode::Invalid.into());
        }
        let (id, node) = entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?;
        match &node.body {
            Body::Directory(removed) if removed.entries.is_empty() => self.remove(nodes, directory, name, id),
            Body::Directory(_) => return Err(ErrorCode::NotEmpty.into()),
            _ => return Err(ErrorCode::NotDirectory.into()),
        }
        Ok(())
    }

    pub(crate) fn unlink_file_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let (directory, name) = parent(nodes, dir.open.node, path)?;
        no_nul(name)?;
        if name == "." {
            return Err(ErrorCode::IsDirectory.into());
        }
        let (id, node) = entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?;
        if node.file_type() == FileType::Directory {
            return Err(ErrorCode::IsDirectory.into());
        }
        self.remove(nodes, directory, name, id);
        Ok(())
    }

    fn remove(&mut self, nodes: &mut Nodes, directory: NodeId, name: &str, id: NodeId) {
        if let Some(directory) = directory_mut(nodes, directory) {
            directory.entries.remove(name);
        }
        nodes.modified(directory);
        self.used = self.used.saturating_sub(size::of_name(name));
        self.lose_name(nodes, id);
    }

    /// The object has a name less; with the last one it goes, unless it is open.
    fn lose_name(&mut self, nodes: &mut Nodes, id: NodeId) {
        nodes.changed(id);
        if let Some(directory) = directory_mut(nodes, id) {
            directory.parent = None;
        }
        let Some(node) = nodes.get_mut(id) else { return };
        node.links = node.links.saturating_sub(1);
        if node.links == 0 {
            nodes.orphan(id);
        }
    }
}

/// Fails if there is no room in a directory for `height` more levels of directories.
fn room_below(nodes: &Nodes, directory: NodeId, height: usize) -> Result<(), ErrorCode> {
    // For what is no directory, nobody has to count.
    if height > 0 && resolve::depth(nodes, directory) + height > DEPTH_MAX {
        return Err(ErrorCode::NameTooLong);
    }
    Ok(())
}

/// `directory` has `height` levels of directories in it.
fn raise(nodes: &mut Nodes, directory: NodeId, height: usize) {
    let mut at = Some((directory, height));
    while let Some((id, height)) = at {
        at = match directory_mut(nodes, id) {
            Some(directory) if directory.height < height => {
                directory.height = height;
                directory.parent.map(|parent| (parent, height + 1))
            }
            // Those above know of as many more.
            _ => None,
        };
    }
}

/// Fails if there is an object of this name.
fn absent(nodes: &Nodes, directory: NodeId, name: &str) -> Result<(), ErrorCode> {
    if name == "." || entry(nodes, directory, name)?.is_some() { Err(ErrorCode::Exist) } else { Ok(()) }
}
