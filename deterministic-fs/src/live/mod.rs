//! Directories of the host, shown without its order, numbers, times and codes.
//!
//! The host is asked each time, through cap-std: nothing outside of the mount is reached, and what the guest does is done
//! at once. What is remembered is who the objects are that the guest has met, and when it touched them. One writer is
//! assumed: what others change meanwhile is seen as it is, and an object that they put in another's place may be taken
//! for that.

mod bytes;
mod devices;
mod errors;
mod names;
mod objects;
mod open;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use cap_fs_ext::{DirEntryExt, FileTypeExt};
use cap_std::fs::{Dir, Metadata};

use self::errors::{host, retry};
use self::objects::{Objects, Place, key};
use crate::error::{Error, ErrorCode, Result};
use crate::handle::{Handle, HostHandle};
use crate::identity::CanonicalPath;
use crate::memory;
use crate::node::{Body, Node, NodeId, Nodes};
use crate::types::{Access, DirectoryEntry, FileType, Stat};

pub(crate) use self::devices::Device;

/// What is remembered of the host's objects.
#[derive(Debug, Default)]
pub(crate) struct Live {
    objects: Objects,
}

impl Live {
    pub(crate) fn mount(&mut self, nodes: &mut Nodes, dir: Dir, mount: u32, guest: &str, access: Access) -> Handle {
        self.objects.mounted(mount, guest);
        let node = match retry(|| dir.dir_metadata()) {
            Ok(metadata) => self
                .objects
                .get(key(&metadata))
                .unwrap_or_else(|| self.objects.insert(nodes, mount, &CanonicalPath::root(), key(&metadata))),
            // What can be done with such a directory, the operations on it will say.
            Err(_) => nodes.insert(Node::new(0, Body::Host)),
        };
        let host = HostHandle::Directory { dir: Arc::new(dir), at: CanonicalPath::root(), mount };
        Handle::root(nodes.open(node), access, Some(host))
    }

    pub(crate) fn stat(&mut self, nodes: &mut Nodes, object: &Handle) -> Result<Stat> {
        let size = match &object.host {
            Some(HostHandle::File(file)) => retry(|| file.metadata()).map_err(host)?.len(),
            _ => 0,
        };
        stat(nodes, object.open.node, object.file_type, size)
    }

    pub(crate) fn stat_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str, follow: bool) -> Result<Stat> {
        let place = Place::new(dir)?;
        let (metadata, followed) = metadata(place.dir, path, follow).map_err(host)?;
        let size = match () {
            () if metadata.is_file() => metadata.len(),
            // Not all file systems know how long it is without reading it.
            () if metadata.is_symlink() => {
                let target = retry(|| place.dir.read_link_contents(path)).map_err(host)?;
                target.as_os_str().len() as u64
            }
            // A directory's is the file system's affair, and a device's its own.
            () => 0,
        };
        let node = self.objects.meet(nodes, place, path, followed, &metadata)?;
        stat(nodes, node, file_type(&metadata), size)
    }

    pub(crate) fn read_directory(&mut self, nodes: &mut Nodes, dir: &Handle) -> Result<Arc<[DirectoryEntry]>> {
        let place = Place::new(dir)?;
        let mut entries = Vec::new();
        for entry in retry(|| place.dir.entries()).map_err(host)? {
            let entry = entry.map_err(host)?;
            let metadata = match retry(|| entry.full_metadata()).map_err(host) {
                Ok(metadata) => metadata,
                // Somebody removed it since the host listed it.
                Err(Error::Code(ErrorCode::NoEntry)) => continue,
                Err(error) => return Err(error),
            };
            memory::room_for_one(&mut entries)?;
            let name = entry.file_name().into_string().map_err(|_| ErrorCode::IllegalByteSequence)?;
            entries.push((name, key(&metadata), file_type(&metadata)));
        }
        // Strings are ordered by their bytes. Objects are met in this order, and all or none of them: two names of one
        // then say the same on every host.
        entries.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        let mut list = Vec::new();
        list.try_reserve_exact(entries.len())?;
        for (name, key, file_type) in entries {
            let node = match self.objects.seen(nodes, key) {
                Some(node) => node,
                None => {
                    nodes.room_for_one()?;
                    self.objects.insert(nodes, place.mount, &place.at.to(&name), key)
                }
            };
            let identity = nodes.get(node).map_or(0, |node| node.identity);
            list.push(DirectoryEntry { name: name.into(), file_type, identity });
        }
        memory::probe(size_of_val(&*list))?;
        Ok(list.into())
    }
}

/// What the host has at `path`, and whether a symbolic link in the last place was followed.
fn metadata(dir: &Dir, path: &str, follow: bool) -> std::io::Result<(Metadata, bool)> {
    // cap-std looks at a single name without what is behind it if no link is to be followed; POSIX always follows before a
    // slash.
    let follow = follow || asks_for_directory(path);
    // Most are no links. When that is known, the path need not be asked about when the object is met, and a single name
    // takes one call instead of three. What ends in a slash or a dot has to be a directory, which only following checks.
    if !follow || !path.ends_with(['/', '.']) {
        let metadata = retry(|| dir.symlink_metadata(path))?;
        if !follow || !metadata.is_symlink() {
            return Ok((metadata, false));
        }
    }
    Ok((retry(|| dir.metadata(path))?, true))
}

fn stat(nodes: &Nodes, id: NodeId, file_type: FileType, size: u64) -> Result<Stat> {
    let node = nodes.get(id).ok_or(ErrorCode::BadDescriptor)?;
    let (identity, links, times) = (node.identity, node.links.into(), nodes.times(node));
    Ok(Stat { file_type, identity, links, size, times })
}

fn file_type(metadata: &Metadata) -> FileType {
    let file_type = metadata.file_type();
    if file_type.is_dir() {
        FileType::Directory
    } else if file_type.is_file() {
        FileType::RegularFile
    } else if file_type.is_symlink() {
        FileType::SymbolicLink
    } else if file_type.is_block_device() {
        FileType::BlockDevice
    } else if file_type.is_char_device() {
        FileType::CharacterDevice
    } else {
        FileType::Unknown
    }
}

/// Whether a path says by its end that it leads to a directory, through a symbolic link if need be.
fn asks_for_directory(path: &str) -> bool {
    path.ends_with('/') || path.ends_with("/.")
}
