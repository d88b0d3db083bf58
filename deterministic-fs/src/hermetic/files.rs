//! Opening, and what is in files.

use std::sync::Arc;

use super::Hermetic;
use super::resolve::{self, Place, Walk};
use crate::contents::Contents;
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::memory;
use crate::node::{Body, Node, NodeId, Nodes};
use crate::size::{self, OBJECT_SIZE};
use crate::types::{DirectoryEntry, FileType, NewTime, OpenOptions, Position, Stat};

/// The longest that a file can be: ext4's limit.
const FILE_MAX: u64 = ((1 << 32) - 1) * 4096;

/// The last offset that Linux has a number for.
const OFFSET_MAX: u64 = i64::MAX as u64;

impl Hermetic {
    pub(crate) fn open_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        options: OpenOptions,
    ) -> Result<Handle> {
        let OpenOptions { create, truncate, .. } = options;
        // Without `create` the host is not asked for an exclusive open.
        let exclusive = create && options.exclusive;
        let write = create || truncate || options.write;
        let read = options.read || !options.write;
        let how = Walk { follow: options.follow && !exclusive, create };
        let (id, file_type) = match resolve::walk(nodes, dir.open.node, path, how)? {
            Place::Missing { directory, name } => {
                let id = self.add(nodes, directory, name, Body::File(Contents::empty()))?;
                (id, FileType::RegularFile)
            }
            Place::Object(_) if exclusive => return Err(ErrorCode::Exist.into()),
            Place::Object(id) => {
                let file_type = nodes.get(id).ok_or(ErrorCode::BadDescriptor)?.file_type();
                match file_type {
                    FileType::Directory if write => return Err(ErrorCode::IsDirectory.into()),
                    FileType::Directory => {}
                    FileType::SymbolicLink => return Err(ErrorCode::Loop.into()),
                    _ if options.directory => return Err(ErrorCode::NotDirectory.into()),
                    FileType::RegularFile if truncate => self.resize(nodes, id, 0)?,
                    FileType::RegularFile => {}
                    _ => return Err(ErrorCode::Unsupported.into()),
                }
                (id, file_type)
            }
        };
        Ok(Handle { open: nodes.open(id), file_type, access: dir.access, read, write, host: None, number: 0 })
    }

    pub(crate) fn read(&self, nodes: &Nodes, file: &Handle, buf: &mut [u8], offset: u64) -> Result<usize> {
        within_offsets(offset, buf.len())?;
        contents(nodes, file.open.node)?.read(buf, offset)
    }

    pub(crate) fn write(
        &mut self,
        nodes: &mut Nodes,
        file: &Handle,
        bytes: &[u8],
        position: Position,
    ) -> Result<usize> {
        let id = file.open.node;
        let len = contents(nodes, id)?.len();
        let at = match position {
            Position::At(offset) => {
                within_offsets(offset, bytes.len())?;
                offset
            }
            Position::End => len,
        };
        if bytes.is_empty() {
            return Ok(0);
        }
        if at >= FILE_MAX {
            return Err(ErrorCode::FileTooLarge.into());
        }
        let mut end = FILE_MAX.min(at + bytes.len() as u64);
        if end > len {
            end = end.min(len.saturating_add(self.room_for(nodes, end - len)));
        }
        if end <= at {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        // No more than there are.
        let count = (end - at) as usize;
        contents_mut(nodes, id)?.write(&bytes[..count], at)?;
        self.used += end.saturating_sub(len);
        nodes.modified(id);
        Ok(count)
    }

    pub(crate) fn set_size(&mut self, nodes: &mut Nodes, file: &Handle, size: u64) -> Result<()> {
        if size > OFFSET_MAX || !file.write {
            return Err(ErrorCode::Invalid.into());
        }
        if size > FILE_MAX {
            return Err(ErrorCode::FileTooLarge.into());
        }
        self.resize(nodes, file.open.node, size)
    }

    fn resize(&mut self, nodes: &mut Nodes, id: NodeId, size: u64) -> Result<()> {
        let len = contents(nodes, id)?.len();
        let growth = size.saturating_sub(len);
        if growth > self.room_for(nodes, growth) {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        if size != len {
            contents_mut(nodes, id)?.set_len(size)?;
        }
        self.used = self.used.saturating_sub(len.saturating_sub(size)) + growth;
        nodes.modified(id);
        Ok(())
    }

    pub(crate) fn stat(&self, nodes: &Nodes, object: &Handle) -> Result<Stat> {
        Ok(stat(nodes, object.open.node)?)
    }

    pub(crate) fn stat_at(&self, nodes: &Nodes, dir: &Handle, path: &str, follow: bool) -> Result<Stat> {
        Ok(stat(nodes, resolve::object(nodes, dir.open.node, path, follow)?)?)
    }

    pub(crate) fn set_times_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        follow: bool,
        access: NewTime,
        modification: NewTime,
    ) -> Result<()> {
        let start = dir.open.node;
        let nothing = (access, modification) == (NewTime::Keep, NewTime::Keep);
        let id = if follow {
            resolve::object(nodes, start, path, true)?
        } else {
            let (directory, name) = resolve::parent(nodes, start, path)?;
            resolve::no_nul(name)?;
            match name {
                // Linux does not look whether there is an object if it has nothing to do to it.
                _ if nothing => return Ok(()),
                "." => directory,
                _ => resolve::entry(nodes, directory, name)?.ok_or(ErrorCode::NoEntry)?.0,
            }
        };
        if !nothing {
            nodes.set_times(id, access, modification);
        }
        Ok(())
    }

    pub(crate) fn read_directory(&self, nodes: &Nodes, dir: &Handle) -> Result<Arc<[DirectoryEntry]>> {
        let node = nodes.get(dir.open.node).ok_or(ErrorCode::BadDescriptor)?;
        let Body::Directory(directory) = &node.body else { return Err(ErrorCode::NotDirectory.into()) };
        let mut list = Vec::new();
        list.try_reserve_exact(directory.entries.len())?;
        for (name, id) in &directory.entries {
            let Some(node) = nodes.get(*id) else { continue };
            list.push(DirectoryEntry { name: name.clone(), file_type: node.file_type(), identity: node.identity });
        }
        memory::probe(size_of_val(&*list))?;
        Ok(list.into())
    }

    /// Puts a new object into a directory that has none of the name.
    pub(super) fn add(&mut self, nodes: &mut Nodes, directory: NodeId, name: Arc<str>, body: Body) -> Result<NodeId> {
        let mut node = Node::new(0, body);
        nodes.room_for_one()?;
        self.reserve(nodes, OBJECT_SIZE + node.size() + size::of_name(&name))?;
        node.identity = self.new_identity();
        let id = nodes.insert(node);
        nodes.created(id);
        if let Some(directory) = super::directory_mut(nodes, directory) {
            directory.entries.insert(name, id);
        }
        nodes.modified(directory);
        Ok(id)
    }
}

/// Linux has signed offsets, and looks where a request would end before anything else.
fn within_offsets(offset: u64, len: usize) -> Result<(), ErrorCode> {
    match offset.checked_add(len as u64) {
        Some(end) if end <= OFFSET_MAX => Ok(()),
        _ => Err(ErrorCode::Invalid),
    }
}

fn contents(nodes: &Nodes, id: NodeId) -> Result<&Contents, ErrorCode> {
    match nodes.get(id).map(|node| &node.body) {
        Some(Body::File(contents)) => Ok(contents),
        _ => Err(ErrorCode::BadDescriptor),
    }
}

fn contents_mut(nodes: &mut Nodes, id: NodeId) -> Result<&mut Contents, ErrorCode> {
    match nodes.get_mut(id).map(|node| &mut node.body) {
        Some(Body::File(contents)) => Ok(contents),
        _ => Err(ErrorCode::BadDescriptor),
    }
}

fn stat(nodes: &Nodes, id: NodeId) -> Result<Stat, ErrorCode> {
    let node = nodes.get(id).ok_or(ErrorCode::BadDescriptor)?;
    let (file_type, links) = (node.file_type(), node.links.into());
    Ok(Stat { file_type, identity: node.identity, links, size: node.size(), times: nodes.times(node) })
}
