//! Opening, and what is in files.

use std::sync::Arc;

use super::Hermetic;
use super::resolve::{self, Place, Walk};
use crate::contents::Contents;
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
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
                let id = self.add(nodes, directory, name, Body::File(Contents::own(Vec::new())))?;
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
        Ok(Handle { open: nodes.open(id), file_type, access: dir.access, read, write, host: None })
    }

    pub(crate) fn read(&self, nodes: &Nodes, file: &Handle, buf: &mut [u8], offset: u64) -> Result<usize> {
        within_offsets(offset, buf.len())?;
        let bytes = contents(nodes, file.open.node)?.bytes()?;
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
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
        let start = in_memory(at)?;
        let count = in_memory(end)? - start;
        let bytes = &bytes[..count];
        let data = contents_mut(nodes, id)?.bytes_mut()?;
        grow(data, in_memory(end.max(len))?, start)?;
        let inside = (data.len() - start).min(count);
        data[start..start + inside].copy_from_slice(&bytes[..inside]);
        data.extend_from_slice(&bytes[inside..]);
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
        let new = in_memory(size)?;
        let contents = contents_mut(nodes, id)?;
        if size == 0 && len > 0 {
            // What is cut off need not be read, nor copied.
            *contents = Contents::own(Vec::new());
        } else if size > len {
            grow(contents.bytes_mut()?, new, new)?;
        } else if size < len {
            let own = match contents {
                Contents::Own(data) => Arc::get_mut(data),
                _ => None,
            };
            match own {
                Some(data) => {
                    data.truncate(new);
                    // What nobody counts any more must not be kept.
                    if data.capacity() / 2 > new {
                        data.shrink_to_fit();
                    }
                }
                None => {
                    let start = contents.bytes()?.get(..new).unwrap_or_default().to_vec();
                    *contents = Contents::own(start);
                }
            }
        }
        self.used = self.used.saturating_sub(len.saturating_sub(size)) + growth;
        nodes.modified(id);
        Ok(())
    }

    pub(crate) fn stat(&self, nodes: &Nodes, object: &Handle) -> Result<Stat> {
        Ok(stat(nodes, object.open.node)?)
    }

    pub(crate) fn stat_at(&self, nodes: &Nodes, dir: &Handle, path: &str, follow: bool) -> Result<Stat> {
        let start = dir.open.node;
        let id = match resolve::only_name(path) {
            Some(name) if !follow => {
                resolve::no_nul(name)?;
                resolve::entry(nodes, start, name)?.ok_or(ErrorCode::NoEntry)?.0
            }
            _ => resolve::object(nodes, start, path, follow)?,
        };
        Ok(stat(nodes, id)?)
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
        let entry = |(name, id): (&Arc<str>, &NodeId)| {
            let node = nodes.get(*id)?;
            Some(DirectoryEntry { name: name.clone(), file_type: node.file_type(), identity: node.identity })
        };
        Ok(directory.entries.iter().filter_map(entry).collect())
    }

    /// Puts a new object into a directory that has none of the name.
    pub(super) fn add(
        &mut self,
        nodes: &mut Nodes,
        directory: NodeId,
        name: Arc<str>,
        body: Body,
    ) -> Result<NodeId, ErrorCode> {
        let mut node = Node::new(0, body);
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

fn in_memory(len: u64) -> Result<usize, ErrorCode> {
    usize::try_from(len).map_err(|_| ErrorCode::InsufficientSpace)
}

/// Fills `data` with zeros up to `filled` bytes, with room for `len`.
fn grow(data: &mut Vec<u8>, len: usize, filled: usize) -> Result<(), ErrorCode> {
    // The host has memory that is zero already, and gives it when it is first touched. So a guest that asks for much and
    // writes little makes no work: what costs is what the file had, and that was written.
    let gap = filled.saturating_sub(data.len());
    if gap > data.len() && filled > data.capacity() {
        let mut new = zeroed(len.max(filled))?;
        new[..data.len()].copy_from_slice(data);
        new.truncate(filled);
        *data = new;
    }
    data.try_reserve(len.saturating_sub(data.len())).map_err(|_| ErrorCode::InsufficientSpace)?;
    if data.len() < filled {
        data.resize(filled, 0);
    }
    Ok(())
}

/// So many zeros that nobody has written yet.
fn zeroed(len: usize) -> Result<Vec<u8>, ErrorCode> {
    // `vec!` ends the process if there is no memory for it. Hidden, so that asking is not optimised away.
    let mut probe: Vec<u8> = Vec::new();
    probe.try_reserve_exact(len).map_err(|_| ErrorCode::InsufficientSpace)?;
    drop(std::hint::black_box(probe));
    Ok(vec![0; len])
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
