//! What is in the files of a directory of the host.

use std::io::{self, Read};
use std::sync::Arc;

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

use super::{failed, not_reached};
use crate::memory;
use crate::tree::cursor::{Cursor, Id};
use crate::tree::walk::Walk;
use crate::tree::{Bytes, Tree, TreeBody, TreeError};

/// Reads all files.
pub(super) fn fill(tree: &mut Tree, ids: &[Id], root: &Dir) -> Result<(), TreeError> {
    let mut read: Vec<Option<Arc<[u8]>>> = vec![None; tree.nodes.len()];
    let mut cursor = Cursor::new(root);
    let mut walk = Walk::new(tree);
    while let Some(step) = walk.step() {
        let id = ids[step.index as usize];
        match &step.node.body {
            TreeBody::Directory(_) => {
                cursor.leave_to(step.depth);
                cursor.enter(step.name, Some(id)).map_err(|lost| not_reached(walk.path(), lost))?;
            }
            TreeBody::File(bytes) if read[step.index as usize].is_none() => {
                cursor.leave_to(step.depth);
                let dir = cursor.dir().map_err(|lost| not_reached(walk.path(), lost))?;
                let bytes = load(dir, step.name, id, bytes.len(), walk.path())?;
                read[step.index as usize] = Some(bytes);
            }
            _ => {}
        }
    }
    for (node, bytes) in tree.nodes.iter_mut().zip(read) {
        if let Some(bytes) = bytes {
            node.body = TreeBody::File(Bytes::Shared(bytes));
        }
    }
    Ok(())
}

pub(super) fn load(dir: &Dir, name: &str, id: Id, len: u64, path: &str) -> Result<Arc<[u8]>, TreeError> {
    let changed = |how: String| TreeError::Changed { path: path.into(), how };
    let (mut file, before) = open_regular(dir, name).map_err(|error| failed("open", path, error))?;
    if Id::of(&before) != id {
        return Err(changed("another file took its place".into()));
    }
    if before.len() != len {
        return Err(changed(format!("it had {len} bytes and has {}", before.len())));
    }
    let bytes = read_bytes(&mut file, len).map_err(|error| failed("read", path, error))?;
    let after = file.metadata().map_err(|error| failed("look at", path, error))?;
    if bytes.len() as u64 != len || after.len() != len {
        return Err(changed(format!("it had {len} bytes and has {}", after.len().max(bytes.len() as u64))));
    }
    if before.modified().ok() != after.modified().ok() {
        return Err(changed("it was written to".into()));
    }
    Ok(bytes)
}

/// Reads the regular file at `path`, which must not be a symbolic link nor lead through one; no more than one byte past
/// `len`.
pub(crate) fn read_file(root: &Dir, path: &str, len: u64) -> io::Result<Arc<[u8]>> {
    let (parents, name) = match path.rsplit_once('/') {
        Some((parents, name)) => (Some(parents), name),
        None => (None, path),
    };
    let parent = parents.map(|parents| open_directory(root, parents)).transpose()?;
    let (mut file, _) = open_regular(parent.as_ref().unwrap_or(root), name)?;
    read_bytes(&mut file, len)
}

/// Opens the directory at `path`, one name after the other: none may be a symbolic link, and the path may be longer than
/// the host can take at once.
fn open_directory(root: &Dir, path: &str) -> io::Result<Dir> {
    let mut at: Option<Dir> = None;
    for name in path.split('/') {
        at = Some(at.as_ref().unwrap_or(root).open_dir_nofollow(name)?);
    }
    at.map_or_else(|| root.try_clone(), Ok)
}

pub(super) fn open_regular(dir: &Dir, name: &str) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    // A fifo that took the file's place would block without the last.
    options.read(true).follow(FollowSymlinks::No).nonblock(true);
    let file = dir.open_with(name, &options)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other(NotRegular));
    }
    Ok((file, metadata))
}

#[derive(Debug, thiserror::Error)]
#[error("it is not a regular file")]
pub(super) struct NotRegular;

fn read_bytes(file: &mut File, len: u64) -> io::Result<Arc<[u8]>> {
    // Some files claim more than a machine has.
    let room = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    memory::probe(room).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, room).collect();
    let mut count = 0;
    // Where it will stay, so that it is in memory once. Nobody else has it yet.
    while let Some(rest) = Arc::get_mut(&mut bytes).map(|bytes| &mut bytes[count..]).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => return Ok(bytes[..count].into()),
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // A file that is longer than it says is told by one more byte.
    let mut more = Vec::new();
    file.take(1).read_to_end(&mut more)?;
    Ok(if more.is_empty() { bytes } else { [&*bytes, &more].concat().into() })
}
