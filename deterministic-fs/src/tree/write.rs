//! Writing trees out: whole, or not at all.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, File, OpenOptions};

use super::cursor::Cursor;
use super::read::open_directory;
use super::walk::Walk;
use super::{Tree, TreeBody};
use crate::types::FileType;

/// Why a tree was not written out, or not quite. [`target_unchanged`](WriteError::target_unchanged) and the message say
/// whether the target is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A fifo, a socket or a device, which this cannot make.
    #[error("{path} is neither a file, a directory nor a symbolic link and cannot be written out: leave it out of the tree; {} is as it was", target.display())]
    Special {
        /// Where it is in the tree.
        path: String,
        /// Its kind.
        file_type: FileType,
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The target is not a name in a directory.
    #[error("{} is not a name in a directory: say the path of a directory to be made; nothing was written", target.display())]
    NotAName {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// Nowhere to make the target.
    #[error("{} cannot be made, because {} is not a directory that can be used: {source}; make it first, nothing was written", target.display(), parent.display())]
    NoParent {
        /// Where the tree was to be.
        target: PathBuf,
        /// What it was to be in.
        parent: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The target is a file, a symbolic link or something else.
    #[error("{} exists and is not a directory: choose another place; it is as it was", target.display())]
    NotDirectory {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// There is something in the target.
    #[error("{} has something in it: choose an empty or a new directory, or have it replaced; it is as it was", target.display())]
    NotEmpty {
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// A file that was left for later could not be read.
    #[error("{source}; {} is as it was", target.display())]
    Contents {
        /// Where the tree was to be.
        target: PathBuf,
        /// Which one, and why.
        source: crate::Error,
    },
    /// The host holds two names of one directory for the same.
    #[error("the host has no place for {path} beside a name that it holds for the same: write to a file system that tells upper and lower case apart; {} is as it was", target.display())]
    Collision {
        /// Where it is in the tree.
        path: String,
        /// Where the tree was to be.
        target: PathBuf,
    },
    /// The host failed.
    #[error("the host failed to {doing} {}: {source}; {} is as it was", path.display(), target.display())]
    Host {
        /// What was asked of it.
        doing: &'static str,
        /// With what: in the tree, or on the host.
        path: PathBuf,
        /// Where the tree was to be.
        target: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The tree is in place, and what was there before is still on the disk.
    #[error("{} is the new tree, but what was there before is not quite removed: {source}; it, or the rest of it, is at {}: remove it", target.display(), old.display())]
    OldLeft {
        /// Where the tree is.
        target: PathBuf,
        /// Where what was there before is.
        old: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The tree is in place, and the host does not promise that it is there after a failure of power.
    #[error("{} is the new tree, but the host failed to make its name safe: {source}; see that it is there after a restart", target.display())]
    NotSafe {
        /// Where the tree is.
        target: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// The target was moved away, and neither it nor the tree could be put in its place.
    #[error("{} is missing: what was there is at {} and could not be moved back: {source}; move it back by hand", target.display(), old.display())]
    Displaced {
        /// Where the tree was to be.
        target: PathBuf,
        /// Where what was there before is, unchanged.
        old: PathBuf,
        /// What the host said.
        source: io::Error,
    },
}

impl WriteError {
    /// Whether the target is as it was. If not, it is the whole tree, or with [`Displaced`](WriteError::Displaced)
    /// missing; never a part.
    pub fn target_unchanged(&self) -> bool {
        !matches!(self, WriteError::OldLeft { .. } | WriteError::NotSafe { .. } | WriteError::Displaced { .. })
    }
}

/// Begins the names of the directories in which trees are made ready. Those of a process that was killed stay.
const PREFIX: &str = ".detwasi-";

/// The tree, in there.
const NEW: &str = "new";

/// What was in its place, in there.
const OLD: &str = "old";

/// Up to how many objects each is made safe on its own. More take longer that way than all that else is in the host's
/// buffers.
const SYNC_EACH: usize = 1000;

impl Tree {
    /// Writes the tree to the host, so that `target` is a directory with all of it. `target` must be missing or an empty
    /// directory, and what it is to be in must be there.
    ///
    /// Either all of the tree is there or `target` is as it was, also after the process was killed or the machine lost
    /// its power: everything is written to a new directory beside it first, made safe on the disk, and renamed. A process
    /// that is killed can leave that directory; its name begins with `.detwasi-`. An empty `target` is not written to
    /// but replaced, with its owner and permissions; those of what is written are what the host gives to new files.
    /// Symbolic links are written as they are, and names of one object as names of one object.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. A tree with fifos, sockets or devices is refused before anything is written.
    pub fn write_to(&self, target: &Path) -> Result<(), WriteError> {
        let place = Place::of(target)?;
        if place.state()? == State::Full {
            return Err(WriteError::NotEmpty { target: target.into() });
        }
        self.stage(&place)?.put()
    }

    /// As [`write_to`](Tree::write_to), but a directory that has something in it is replaced: removed, with all that is
    /// in it, after the tree took its place.
    ///
    /// On Linux and macOS the two are swapped at once. On other hosts, and on file systems that cannot do that, there is
    /// a moment without `target`, and a process that is killed in it leaves what was there in the directory beside it.
    ///
    /// A tree that was taken from `target` with [`Contents::WhenNeeded`](crate::Contents::WhenNeeded) cannot read from
    /// there any more, but needs not: all of it was read to be written.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Tree::write_to), without [`NotEmpty`](WriteError::NotEmpty); and those of [`WriteError`] that say
    /// that the target is not as it was.
    pub fn replace(&self, target: &Path) -> Result<(), WriteError> {
        let place = Place::of(target)?;
        let state = place.state()?;
        let staged = self.stage(&place)?;
        match state {
            State::Missing | State::Empty => staged.put(),
            State::Full => staged.swap(),
        }
    }

    /// Whether [`write_to`](Tree::write_to) would take `target`, to be asked before a run that may take long. Writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// What `write_to` would say of `target` itself.
    pub fn check_target(target: &Path) -> Result<(), WriteError> {
        match Place::of(target)?.state()? {
            State::Missing | State::Empty => Ok(()),
            State::Full => Err(WriteError::NotEmpty { target: target.into() }),
        }
    }

    /// Writes everything to a new directory beside the target.
    fn stage<'p>(&self, place: &'p Place) -> Result<Staged<'p>, WriteError> {
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            if let TreeBody::Special(file_type) = step.node.body {
                let path = walk.path().into();
                return Err(WriteError::Special { path, file_type, target: place.target.clone() });
            }
        }

        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let temp =
            builder.tempdir_in(&place.parent).map_err(|e| place.failed("make a directory in", &place.parent, e))?;
        // It is removed without recursion, which its own way of removing is not.
        let staged = Staged { place, temp: temp.keep(), keep: false };
        let failed = |e| place.failed("write", &staged.temp, e);
        let temp = Dir::open_ambient_dir(&staged.temp, cap_std::ambient_authority()).map_err(failed)?;
        temp.create_dir(NEW).map_err(failed)?;
        let root = temp.open_dir_nofollow(NEW).map_err(failed)?;
        // Opened before anything is written: it is told of every failure from then on.
        let all = open_to_sync(&root).map_err(failed)?;
        let each = self.nodes.len() <= SYNC_EACH || !can_sync_all();
        self.fill(&root, each, place)?;
        if each {
            self.sync_directories(&root, place)?;
        } else {
            sync_all(&all).map_err(failed)?;
        }
        sync_directory(&temp).map_err(failed)?;
        Ok(staged)
    }

    fn fill(&self, root: &Dir, sync: bool, place: &Place) -> Result<(), WriteError> {
        let mut cursor = Cursor::new(root);
        // Where objects that have more names were written.
        let mut written: HashMap<u32, String> = HashMap::new();
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            let failed = |error: io::Error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    return WriteError::Collision { path: walk.path().into(), target: place.target.clone() };
                }
                place.failed("write", Path::new(walk.path()), error)
            };
            cursor.leave_to(step.depth);
            let dir = cursor.dir().map_err(|lost| failed(lost.into()))?;
            if let Some(first) = written.get(&step.index) {
                link(root, first, dir, step.name).map_err(failed)?;
                continue;
            }
            match &step.node.body {
                TreeBody::Directory(_) => {
                    dir.create_dir(&**step.name).map_err(failed)?;
                    cursor.enter(step.name, None).map_err(|lost| failed(lost.into()))?;
                    continue;
                }
                TreeBody::File(bytes) => {
                    let bytes = bytes
                        .bytes()
                        .map_err(|source| WriteError::Contents { target: place.target.clone(), source })?;
                    write_file(dir, step.name, bytes, sync).map_err(failed)?;
                }
                TreeBody::SymbolicLink(target) => symlink(dir, target, step.name).map_err(failed)?,
                // Refused before.
                TreeBody::Special(_) => {}
            }
            if step.node.links > 1 {
                written.insert(step.index, walk.path().into());
            }
        }
        Ok(())
    }

    fn sync_directories(&self, root: &Dir, place: &Place) -> Result<(), WriteError> {
        let mut cursor = Cursor::new(root);
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            if matches!(step.node.body, TreeBody::Directory(_)) {
                cursor.leave_to(step.depth);
                cursor
                    .enter(step.name, None)
                    .and_then(|()| Ok(sync_directory(cursor.dir()?)?))
                    .map_err(|lost| place.failed("make safe", Path::new(walk.path()), lost.into()))?;
            }
        }
        sync_directory(root).map_err(|error| place.failed("make safe", &place.parent, error))
    }
}

/// Where a tree goes.
struct Place {
    /// As it was said.
    target: PathBuf,
    parent: PathBuf,
    name: OsString,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Empty,
    Full,
}

impl Place {
    fn of(target: &Path) -> Result<Place, WriteError> {
        let Some(name) = target.file_name() else { return Err(WriteError::NotAName { target: target.into() }) };
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        Ok(Place { target: target.into(), parent: parent.into(), name: name.into() })
    }

    /// The target, without what may follow its name.
    fn path(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    fn state(&self) -> Result<State, WriteError> {
        let is_directory = std::fs::metadata(&self.parent)
            .and_then(|metadata| if metadata.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) });
        is_directory.map_err(|source| {
            let (target, parent) = (self.target.clone(), self.parent.clone());
            WriteError::NoParent { target, parent, source }
        })?;
        let path = self.path();
        let failed = |error| self.failed("look at", &path, error);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Missing),
            Err(error) => Err(failed(error)),
            Ok(metadata) if !metadata.is_dir() => Err(WriteError::NotDirectory { target: self.target.clone() }),
            Ok(_) => match std::fs::read_dir(&path).map_err(failed)?.next() {
                None => Ok(State::Empty),
                Some(entry) => entry.map(|_| State::Full).map_err(failed),
            },
        }
    }

    fn failed(&self, doing: &'static str, path: &Path, source: io::Error) -> WriteError {
        WriteError::Host { doing, path: path.into(), target: self.target.clone(), source }
    }
}

/// A tree that is written and not yet in its place. Removed when dropped.
struct Staged<'p> {
    place: &'p Place,
    temp: PathBuf,
    keep: bool,
}

impl Staged<'_> {
    /// In place of nothing, or of an empty directory.
    fn put(self) -> Result<(), WriteError> {
        let place = self.place;
        rename_over_empty(&self.temp.join(NEW), &place.path()).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => WriteError::NotEmpty { target: place.target.clone() },
            io::ErrorKind::NotADirectory => WriteError::NotDirectory { target: place.target.clone() },
            _ => place.failed("rename the tree to", &place.path(), error),
        })?;
        sync_path(&place.parent).map_err(|source| WriteError::NotSafe { target: place.target.clone(), source })
    }

    /// In place of a directory, which is removed.
    fn swap(mut self) -> Result<(), WriteError> {
        let (new, path) = (self.temp.join(NEW), self.place.path());
        let old = match exchange(&new, &path) {
            Ok(true) => new,
            Ok(false) => self.swap_by_renaming()?,
            Err(error) => return Err(self.place.failed("exchange the tree with", &path, error)),
        };
        self.keep = true;
        // What was there stays until it is sure that the tree does.
        if let Err(source) = sync_path(&self.place.parent).and_then(|()| remove(&self.temp)) {
            return Err(WriteError::OldLeft { target: self.place.target.clone(), old, source });
        }
        Ok(())
    }

    /// Gives where what was there is now.
    fn swap_by_renaming(&mut self) -> Result<PathBuf, WriteError> {
        let (new, old, path) = (self.temp.join(NEW), self.temp.join(OLD), self.place.path());
        std::fs::rename(&path, &old).map_err(|error| self.place.failed("rename", &path, error))?;
        if let Err(error) = std::fs::rename(&new, &path) {
            if let Err(source) = std::fs::rename(&old, &path) {
                self.keep = true;
                return Err(WriteError::Displaced { target: self.place.target.clone(), old, source });
            }
            return Err(self.place.failed("rename the tree to", &path, error));
        }
        Ok(old)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.keep {
            // It is in nobody's way if it stays, and there may be a more important error to be told.
            let _ = remove(&self.temp);
        }
    }
}

fn write_file(dir: &Dir, name: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).follow(FollowSymlinks::No);
    let mut file = dir.open_with(name, &options)?;
    file.write_all(bytes)?;
    if sync { file.sync_all() } else { Ok(()) }
}

/// Gives the object at `first` the name `name` in `dir`.
fn link(root: &Dir, first: &str, dir: &Dir, name: &str) -> io::Result<()> {
    match first.rsplit_once('/') {
        Some((parents, original)) => open_directory(root, parents)?.hard_link(original, dir, name),
        None => root.hard_link(first, dir, name),
    }
}

#[cfg(not(windows))]
fn symlink(dir: &Dir, target: &str, name: &str) -> io::Result<()> {
    dir.symlink_contents(target, name)
}

/// Windows has two kinds, and the tree does not say which.
#[cfg(windows)]
fn symlink(dir: &Dir, target: &str, name: &str) -> io::Result<()> {
    DirExt::symlink_file(dir, target, name)
}

#[cfg(unix)]
fn rename_over_empty(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Not every host renames over a directory.
#[cfg(not(unix))]
fn rename_over_empty(from: &Path, to: &Path) -> io::Result<()> {
    let removed = match std::fs::remove_dir(to) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    std::fs::rename(from, to).inspect_err(|_| {
        if removed {
            // Empty as it was.
            let _ = std::fs::create_dir(to);
        }
    })
}

/// Swaps the two. `false` if the host or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(error) if [Errno::NOSYS, Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

fn can_sync_all() -> bool {
    cfg!(any(target_os = "linux", target_os = "android"))
}

/// Makes everything safe that was written to the file system that `file` is on.
fn sync_all(file: &File) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::fs::syncfs(file)?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = file;
    Ok(())
}

/// Another descriptor of the directory: the one it has may only stand for a place.
#[cfg(not(windows))]
fn open_to_sync(dir: &Dir) -> io::Result<File> {
    dir.open(".")
}

#[cfg(windows)]
fn open_to_sync(dir: &Dir) -> io::Result<File> {
    Ok(File::from_std(dir.try_clone()?.into_std_file()))
}

fn sync_directory(dir: &Dir) -> io::Result<()> {
    if cfg!(unix) { tolerant(open_to_sync(dir)?.sync_all()) } else { Ok(()) }
}

fn sync_path(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { tolerant(std::fs::File::open(directory)?.sync_all()) } else { Ok(()) }
}

/// Some file systems of networks have no such thing for directories.
fn tolerant(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

/// Removes a directory with all that is in it, without recursion and with few descriptors.
fn remove(directory: &Path) -> io::Result<()> {
    let root = Dir::open_ambient_dir(directory, cap_std::ambient_authority())?;
    let mut cursor: Cursor<'_, OsString> = Cursor::new(&root);
    // The directories from the root to where it is, and those that are left in each.
    let mut pending = vec![(OsString::new(), remove_files(&root)?)];
    while let Some((_, directories)) = pending.last_mut() {
        match directories.pop() {
            Some(name) => {
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
    std::fs::remove_dir(directory)
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
    use std::sync::Arc;

    use super::*;

    /// `out` with `old` in it, and a tree with `new` that is ready to take its place.
    fn old_and_new() -> (tempfile::TempDir, Place, Tree) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("out")).unwrap();
        std::fs::write(dir.path().join("out/old"), "old").unwrap();
        let place = Place::of(&dir.path().join("out")).unwrap();
        let mut tree = Tree::new();
        tree.insert_file("new", *b"new").unwrap();
        (dir, place, tree)
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_host_that_cannot_exchange_renames() {
        let (dir, place, tree) = old_and_new();
        let mut staged = tree.stage(&place).unwrap();
        let old = staged.swap_by_renaming().unwrap();
        assert_eq!(names(&old), ["old"]);
        assert_eq!(names(&dir.path().join("out")), ["new"]);
        drop(staged);
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[test]
    fn if_that_fails_the_target_is_moved_back() {
        let (dir, place, tree) = old_and_new();
        let mut staged = tree.stage(&place).unwrap();
        remove(&staged.temp.join(NEW)).unwrap();
        let error = staged.swap_by_renaming().unwrap_err();
        assert!(matches!(error, WriteError::Host { .. }) && error.target_unchanged(), "{error:?}");
        assert_eq!(names(&dir.path().join("out")), ["old"]);
        drop(staged);
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[test]
    fn an_exchange_that_fails_leaves_the_target() {
        let (dir, place, tree) = old_and_new();
        let staged = tree.stage(&place).unwrap();
        remove(&staged.temp.join(NEW)).unwrap();
        let error = staged.swap().unwrap_err();
        assert!(matches!(error, WriteError::Host { .. }) && error.target_unchanged(), "{error:?}");
        assert_eq!(names(&dir.path().join("out")), ["old"]);
        assert_eq!(names(dir.path()), ["out"]);
    }

    /// What came into the target while the tree was written stays there.
    #[test]
    fn a_target_that_is_filled_meanwhile_is_refused() {
        let (dir, place, tree) = old_and_new();
        let error = tree.stage(&place).unwrap().put().unwrap_err();
        assert!(matches!(error, WriteError::NotEmpty { .. }), "{error:?}");
        assert_eq!(names(&dir.path().join("out")), ["old"]);
        assert_eq!(names(dir.path()), ["out"]);

        std::fs::remove_file(dir.path().join("out/old")).unwrap();
        std::fs::remove_dir(dir.path().join("out")).unwrap();
        std::fs::write(dir.path().join("out"), "a file").unwrap();
        let error = tree.stage(&place).unwrap().put().unwrap_err();
        assert!(error.target_unchanged(), "{error:?}");
        assert_eq!(std::fs::read(dir.path().join("out")).unwrap(), b"a file");
        assert_eq!(names(dir.path()), ["out"]);
    }

    /// Trees have no such names, and hosts have other limits than trees.
    #[test]
    fn a_name_that_the_host_cannot_take_leaves_the_target() {
        let (dir, place, mut tree) = old_and_new();
        let long: Arc<str> = "n".repeat(300).into();
        if let TreeBody::Directory(entries) = &mut tree.nodes[0].body {
            let new = entries["new"];
            entries.insert(long.clone(), new);
        }
        tree.identify();
        // As a second name, and as an only one.
        for _ in 0..2 {
            let error = tree.replace(&place.target).unwrap_err();
            assert!(matches!(&error, WriteError::Host { path, .. } if path == Path::new(&*long)), "{error:?}");
            assert!(error.target_unchanged());
            assert_eq!(names(&dir.path().join("out")), ["old"]);
            assert_eq!(names(dir.path()), ["out"]);
            if let TreeBody::Directory(entries) = &mut tree.nodes[0].body {
                entries.remove("new");
            }
            tree.identify();
        }
    }

    #[test]
    fn a_name_that_is_taken_is_a_collision() {
        let (dir, place, tree) = old_and_new();
        // As on a host that does not tell `NEW` from `new`.
        std::fs::write(dir.path().join("out/new"), "NEW").unwrap();
        let root = Dir::open_ambient_dir(dir.path().join("out"), cap_std::ambient_authority()).unwrap();
        let error = tree.fill(&root, true, &place).unwrap_err();
        assert!(matches!(&error, WriteError::Collision { path, .. } if path == "new"), "{error:?}");
        assert!(error.target_unchanged());
        assert_eq!(std::fs::read(dir.path().join("out/new")).unwrap(), b"NEW");
    }
}
