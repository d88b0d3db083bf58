//! Taking in a directory of the host.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use cap_fs_ext::{
    DirEntryExt, DirExt, FileTypeExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsSyncExt,
};
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

use super::cursor::{Cursor, Id, Lost};
use super::walk::Walk;
use super::{Bytes, Contents, Tree, TreeBody, TreeError, TreeNode, size_of_object};
use crate::contents::Later;
use crate::size;
use crate::types::{FileType, NAME_MAX, PATH_MAX};

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
    /// The objects that the host knows by several names.
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
            TreeBody::File(Bytes::Later(Arc::new(Later {
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

/// Reads all files.
fn fill(tree: &mut Tree, ids: &[Id], root: &Dir) -> Result<(), TreeError> {
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

fn load(dir: &Dir, name: &str, id: Id, len: u64, path: &str) -> Result<Arc<[u8]>, TreeError> {
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
pub(super) fn open_directory(root: &Dir, path: &str) -> io::Result<Dir> {
    let mut at: Option<Dir> = None;
    for name in path.split('/') {
        at = Some(at.as_ref().unwrap_or(root).open_dir_nofollow(name)?);
    }
    at.map_or_else(|| root.try_clone(), Ok)
}

fn open_regular(dir: &Dir, name: &str) -> io::Result<(File, Metadata)> {
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
struct NotRegular;

fn read_bytes(file: &mut File, len: u64) -> io::Result<Arc<[u8]>> {
    let mut bytes = Vec::new();
    // Some files claim more than a machine has.
    let room = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.try_reserve_exact(room).map_err(|_| io::ErrorKind::OutOfMemory)?;
    file.take(len.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes.into())
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is told of a file `d/f` of three bytes that is changed after it was seen and before it is read.
    fn told(change: fn(&Path)) -> TreeError {
        let dir = tempfile::tempdir().unwrap();
        let root = Arc::new(Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap());
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/f"), "abc").unwrap();
        let (mut tree, ids) = survey(&root, u64::MAX).unwrap();
        change(&dir.path().join("d/f"));
        fill(&mut tree, &ids, &root).unwrap_err()
    }

    fn changed(error: TreeError) -> (String, String) {
        match error {
            TreeError::Changed { path, how } => (path, how),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_changed_is_told() {
        type Case = (fn(&Path), &'static str, &'static str);
        let cases: [Case; 5] = [
            (|file| std::fs::write(file, "longer").unwrap(), "d/f", "it had 3 bytes and has 6"),
            (|file| std::fs::write(file, "").unwrap(), "d/f", "it had 3 bytes and has 0"),
            (|file| std::fs::remove_file(file).unwrap(), "d/f", "it is gone"),
            (
                |file| {
                    std::fs::write(file.with_file_name("g"), "def").unwrap();
                    std::fs::rename(file.with_file_name("g"), file).unwrap();
                },
                "d/f",
                "another file took its place",
            ),
            (
                |file| {
                    let parent = file.parent().unwrap();
                    std::fs::rename(parent, parent.with_file_name("e")).unwrap();
                    std::fs::create_dir(parent).unwrap();
                    std::fs::write(file, "abc").unwrap();
                },
                "d",
                "another directory took its place",
            ),
        ];
        for (change, path, how) in cases {
            assert_eq!(changed(told(change)), (path.to_owned(), how.to_owned()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_became_another_kind_is_not_read() {
        let no_file: [fn(&Path); 3] = [
            |file| {
                std::fs::remove_file(file).unwrap();
                std::os::unix::fs::symlink("/proc/version", file).unwrap();
            },
            |file| {
                std::fs::remove_file(file).unwrap();
                assert!(std::process::Command::new("mkfifo").arg(file).status().unwrap().success());
            },
            |file| {
                std::fs::remove_file(file).unwrap();
                std::fs::create_dir(file).unwrap();
            },
        ];
        for change in no_file {
            assert_eq!(changed(told(change)), ("d/f".into(), "it is not a regular file any more".into()));
        }
        let link: fn(&Path) = |file| {
            let parent = file.parent().unwrap();
            std::fs::rename(parent, parent.with_file_name("e")).unwrap();
            std::os::unix::fs::symlink("e", parent).unwrap();
        };
        assert_eq!(changed(told(link)).0, "d");
    }

    /// Files of `/proc` have no size and have bytes all the same.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_longer_than_it_says_is_refused() {
        let root = Dir::open_ambient_dir("/proc/self", cap_std::ambient_authority()).unwrap();
        let (_, metadata) = open_regular(&root, "status").unwrap();
        let error = load(&root, "status", Id::of(&metadata), 0, "status").unwrap_err();
        assert_eq!(changed(error).0, "status");
    }

    #[test]
    fn identities_come_of_the_first_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        std::fs::write(dir.path().join("c"), "x").unwrap();
        std::fs::hard_link(dir.path().join("c"), dir.path().join("b/z")).unwrap();
        let root = Dir::open_ambient_dir(dir.path(), cap_std::ambient_authority()).unwrap();
        let mut by_hand = Tree::new();
        by_hand.insert_file("c", *b"x").unwrap();
        by_hand.insert_hard_link("c", "b/z").unwrap();
        for tree in [Tree::read(&root, Contents::AtStart).unwrap(), by_hand] {
            for (path, first, links) in [("", "", 1), ("b", "b", 1), ("b/z", "b/z", 2), ("c", "b/z", 2)] {
                let node = tree.node(tree.find(path).unwrap());
                assert_eq!(node.identity, crate::identity::of_path(first, 0), "{path}");
                assert_eq!(node.links, links, "{path}");
            }
        }
    }

    #[test]
    fn what_the_host_says_becomes_what_there_is_to_do() {
        let error = failed("read", "a", io::ErrorKind::PermissionDenied.into());
        assert!(matches!(&error, TreeError::Unreadable { path, .. } if path == "a"));
        assert!(std::error::Error::source(&error).is_some());
        let error = failed("read", "", io::ErrorKind::TimedOut.into());
        assert!(matches!(&error, TreeError::Host { path, doing: "read", .. } if path == "the directory"));
        assert!(std::error::Error::source(&error).is_some());
    }
}
