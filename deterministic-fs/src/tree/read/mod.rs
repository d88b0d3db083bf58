//! Taking in a directory of the host.

mod files;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, OnceLock};

use cap_fs_ext::{DirEntryExt, FileTypeExt, MetadataExt};
use cap_std::fs::{Dir, Metadata};

use self::files::{NotRegular, fill};
use super::cursor::{Cursor, Id, Lost};
use super::{Bytes, Contents, Tree, TreeBody, TreeError, TreeNode, size_of_object};
use crate::contents::Deferred;
use crate::size;
use crate::types::{DEPTH_MAX, FileType, NAME_MAX, PATH_MAX};

pub(crate) use self::files::read_file;

impl Tree {
    /// Takes in a directory of the host with all that is in it.
    ///
    /// Symbolic links are taken as they are and never followed, wherever they lead. Fifos, sockets and devices are taken
    /// by their kinds and never opened. Files that have several names in the directory have them in the tree; names
    /// outside of it do not count. Nothing outside of the directory is read. File systems mounted inside are taken in
    /// like directories.
    ///
    /// # Errors
    ///
    /// [`TreeError`], naming the object: what has a name or a target that is not UTF-8, has a name longer than
    /// [`NAME_MAX`], may not be read, or changes meanwhile, as far as its identity, its size and its time of modification
    /// tell. Which of several is told does not depend on the host's order.
    pub fn read(dir: &Dir, contents: Contents) -> Result<Tree, TreeError> {
        Tree::read_within(dir, contents, u64::MAX)
    }

    /// As [`read`](Tree::read), with a limit: a tree whose [`size`](Tree::size) is more than `max_size` bytes is refused
    /// before any file of it is read.
    ///
    /// # Errors
    ///
    /// As [`read`](Tree::read), and [`TreeError::TooLarge`].
    pub fn read_within(dir: &Dir, contents: Contents, max_size: u64) -> Result<Tree, TreeError> {
        let root = dir.try_clone().map_err(|error| failed("open", "", error))?;
        let (mut tree, ids) = survey(&Arc::new(root), max_size)?;
        if contents == Contents::AtStart {
            fill(&mut tree, &ids, dir)?;
        }
        tree.identify();
        Ok(tree)
    }
}

/// Everything but the bytes in files; and who the objects are on the host.
fn survey(root: &Arc<Dir>, max_size: u64) -> Result<(Tree, Vec<Id>), TreeError> {
    let metadata = root.dir_metadata().map_err(|error| failed("open", "", error))?;
    let mut survey = Survey {
        nodes: Vec::new(),
        ids: Vec::new(),
        several: HashMap::new(),
        room: max_size,
        size: 0,
        root,
        cursor: Cursor::new(root),
    };
    survey.add(TreeBody::Directory(BTreeMap::new()), Id::of(&metadata))?;
    let mut pending = vec![survey.list(0)?.into_iter()];
    while let Some(directories) = pending.last_mut() {
        let Some((name, index)) = directories.next() else {
            pending.pop();
            continue;
        };
        survey.cursor.leave_to(pending.len() - 1);
        let path = survey.cursor.path_of(&name);
        survey.cursor.enter(&name, Some(survey.ids[index as usize])).map_err(|lost| not_reached(&path, lost))?;
        let directories = survey.list(index)?;
        pending.push(directories.into_iter());
    }
    Ok((Tree { nodes: survey.nodes }, survey.ids))
}

struct Survey<'a> {
    nodes: Vec<TreeNode>,
    ids: Vec<Id>,
    /// The objects that the host knows by several names. Only looked up, so that its order cannot show.
    several: HashMap<Id, u32>,
    room: u64,
    size: u64,
    root: &'a Arc<Dir>,
    cursor: Cursor<'a>,
}

impl Survey<'_> {
    fn add(&mut self, body: TreeBody, id: Id) -> Result<u32, TreeError> {
        self.count(size_of_object(&body))?;
        let index = u32::try_from(self.nodes.len()).map_err(|_| TreeError::TooMany)?;
        // Identity and links are known when all paths are.
        self.nodes.push(TreeNode { identity: 0, links: 1, body });
        self.ids.push(id);
        Ok(index)
    }

    fn count(&mut self, size: u64) -> Result<(), TreeError> {
        self.size = self.size.saturating_add(size);
        if self.size > self.room {
            return Err(TreeError::TooLarge { size: self.size, room: self.room });
        }
        Ok(())
    }

    /// Adds all that is in the directory that the cursor is at and that `index` stands for. Gives the directories in it.
    fn list(&mut self, index: u32) -> Result<Vec<(Arc<str>, u32)>, TreeError> {
        let here = self.cursor.path();
        let depth = self.cursor.depth();
        let path_of = |name: &str| if here.is_empty() { name.to_owned() } else { format!("{here}/{name}") };
        let dir = self.cursor.dir().map_err(|lost| not_reached(&here, lost))?;
        // Their own descriptor, so that the cursor can be asked while they are looked at.
        let dir = dir.try_clone().map_err(|error| failed("open", &here, error))?;
        let mut listed = Vec::new();
        for entry in dir.entries().map_err(|error| failed("list", &here, error))? {
            let entry = entry.map_err(|error| failed("list", &here, error))?;
            listed.push((entry.file_name(), entry));
        }
        listed.sort_unstable_by(|(a, _), (b, _)| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));

        let mut entries = BTreeMap::new();
        let mut directories = Vec::new();
        for (name, entry) in listed {
            let Some(name) = name.to_str() else {
                return Err(TreeError::Name { path: path_of(&name.to_string_lossy()), problem: "not UTF-8" });
            };
            if name.len() > NAME_MAX {
                return Err(TreeError::Name { path: path_of(name), problem: "longer than 255 bytes" });
            }
            let metadata = entry.full_metadata().map_err(|error| failed("look at", &path_of(name), error))?;
            let id = Id::of(&metadata);
            let name: Arc<str> = name.into();
            self.count(size::of_name(&name))?;
            let known = if metadata.is_dir() { None } else { self.several.get(&id).copied() };
            let object = match known {
                Some(object) => object,
                None => {
                    let body = self.body(&dir, &name, &path_of, &metadata)?;
                    let object = self.add(body, id)?;
                    if metadata.is_dir() {
                        if depth == DEPTH_MAX {
                            return Err(TreeError::TooDeep { path: here.chars().take(100).collect() });
                        }
                        directories.push((name.clone(), object));
                    } else if metadata.nlink() > 1 {
                        self.several.insert(id, object);
                    }
                    object
                }
            };
            entries.insert(name, object);
        }
        self.nodes[index as usize].body = TreeBody::Directory(entries);
        Ok(directories)
    }

    fn body(
        &self,
        dir: &Dir,
        name: &str,
        path_of: &dyn Fn(&str) -> String,
        metadata: &Metadata,
    ) -> Result<TreeBody, TreeError> {
        let file_type = metadata.file_type();
        Ok(if file_type.is_dir() {
            TreeBody::Directory(BTreeMap::new())
        } else if file_type.is_file() {
            TreeBody::File(Bytes::Deferred(Arc::new(Deferred {
                root: self.root.clone(),
                path: path_of(name),
                len: metadata.len(),
                bytes: OnceLock::new(),
            })))
        } else if file_type.is_symlink() {
            let target = dir.read_link_contents(name).map_err(|error| failed("read", &path_of(name), error))?;
            let Some(target) = target.to_str() else {
                return Err(TreeError::Target { path: path_of(name), problem: "not UTF-8" });
            };
            if target.len() > PATH_MAX {
                return Err(TreeError::Target { path: path_of(name), problem: "longer than 4095 bytes" });
            }
            TreeBody::SymbolicLink(target.into())
        } else if file_type.is_block_device() {
            TreeBody::Special(FileType::BlockDevice)
        } else if file_type.is_char_device() {
            TreeBody::Special(FileType::CharacterDevice)
        } else {
            TreeBody::Special(FileType::Unknown)
        })
    }
}

fn not_reached(path: &str, lost: Lost) -> TreeError {
    match lost {
        Lost::Host(error) => failed("open", path, error),
        Lost::Replaced => TreeError::Changed { path: path.into(), how: "another directory took its place".into() },
    }
}

fn failed(doing: &'static str, path: &str, error: io::Error) -> TreeError {
    let changed = |how: &str| TreeError::Changed { path: path.into(), how: how.into() };
    match error.kind() {
        // What is looked for was listed before.
        io::ErrorKind::NotFound => changed("it is gone"),
        io::ErrorKind::NotADirectory => changed("it is not a directory any more"),
        _ if error.get_ref().is_some_and(|inner| inner.is::<NotRegular>()) || is_link(&error) => {
            changed("it is not a regular file any more")
        }
        kind => {
            let path = if path.is_empty() { "the directory".into() } else { path.into() };
            match kind {
                io::ErrorKind::PermissionDenied => TreeError::Unreadable { path, source: error },
                _ => TreeError::Host { doing, path, source: error },
            }
        }
    }
}

/// Whether it says that there is a symbolic link where none may be.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    let link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    let link = {
        let _ = error;
        false
    };
    link
}
