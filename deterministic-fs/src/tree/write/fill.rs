//! Everything of a tree but its place: what is written to the staging directory.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, File};

use super::error::WriteError;
use super::host;
use super::staging::Staging;
use super::target::WriteTarget;
use crate::tree::changes::same;
use crate::tree::cursor::{Cursor, Id};
use crate::tree::walk::{Step, Walk};
use crate::tree::{Tree, TreeBody};

/// The tree, in the staging directory.
pub(super) const NEW: &str = "new";

/// Objects that have several names, in there, until they have the last.
const LINKS: &str = "links";

/// Up to how many objects each is made safe on its own. More take longer that way than all that else is in the host's
/// buffers.
const SYNC_EACH: usize = 1000;

/// What has the permissions that a new tree is to have.
pub(super) struct Old<'a> {
    before: Option<&'a Tree>,
    /// In the directory on the host.
    cursor: Cursor<'a>,
    /// From the root to where the cursor is: the directory in the tree that was taken in.
    nodes: Vec<Option<u32>>,
    /// Those of the directories in the new tree, to be set when all is written.
    directories: HashMap<u32, u32>,
    root: Option<u32>,
    /// The owner of new files.
    ours: Option<(u32, u32)>,
}

impl<'a> Old<'a> {
    /// `before` is what was taken from `dir`, if that is known.
    pub(super) fn new(dir: &'a Dir, before: Option<&'a Tree>) -> Self {
        let root = dir.dir_metadata().ok().and_then(|metadata| Some(host::mode(&metadata)?.0));
        let nodes = vec![before.map(|_| 0)];
        Old { before, cursor: Cursor::new(dir), nodes, directories: HashMap::new(), root, ours: None }
    }

    /// The permissions of what was at the place of this step, if it was of its kind. A directory's are remembered here;
    /// a file's are given.
    fn mode(&mut self, step: &Step<'_>) -> Option<u32> {
        self.cursor.leave_to(step.depth);
        self.nodes.truncate(step.depth + 1);
        if self.cursor.depth() < step.depth {
            return None;
        }
        // What cannot be looked at has none that could be kept.
        let metadata = self.cursor.dir().ok()?.symlink_metadata(&**step.name).ok()?;
        let (mode, owner) = host::mode(&metadata)?;
        let was = self.before.and_then(|before| match &before.node((*self.nodes.last()?)?).body {
            TreeBody::Directory(entries) => entries.get(step.name).copied(),
            _ => None,
        });
        match &step.node.body {
            TreeBody::Directory(_) if metadata.is_dir() => {
                self.directories.insert(step.index, mode);
                if self.cursor.enter(step.name, Some(Id::of(&metadata))).is_ok() {
                    self.nodes.push(was);
                }
                None
            }
            TreeBody::File(_) if metadata.is_file() => {
                let touched =
                    |(before, was): (&Tree, u32)| !same(&before.node(was).body, &step.node.body).unwrap_or(false);
                let untouched = !self.before.zip(was).is_none_or(touched);
                // To run as its owner is for what the owner wrote, and for nobody else's file.
                let whole = untouched && self.ours == Some(owner);
                Some(if whole { mode } else { mode & 0o777 })
            }
            _ => None,
        }
    }
}

/// A tree that is written and not yet in its place.
pub(super) struct Staged<'t> {
    pub(super) staging: Staging<'t>,
    /// The new root, and the permissions that it is to have in its place, if it has not.
    pub(super) root: File,
    pub(super) mode: Option<u32>,
}

impl Tree {
    /// Writes everything to a new directory beside the target.
    pub(super) fn stage<'t>(
        &self,
        target: &'t WriteTarget,
        mut old: Option<Old<'_>>,
    ) -> Result<Staged<'t>, WriteError> {
        self.writable(target)?;
        let staging = Staging::make(target)?;
        let failed = |e| target.failed_at("write", &staging.path(), e);
        staging.dir.create_dir(NEW).map_err(failed)?;
        let root = staging.dir.open_dir_nofollow(NEW).map_err(failed)?;
        // Opened before anything is written: it is told of every failure from then on.
        let all = host::open_to_sync(&root).map_err(failed)?;
        let each = self.nodes.len() <= SYNC_EACH || !host::can_sync_all();
        if let Some(old) = &mut old {
            let metadata = staging.dir.dir_metadata().map_err(failed)?;
            old.ours = host::mode(&metadata).map(|(_, owner)| owner);
        }
        let links = Links::new(self, &staging.dir).map_err(failed)?;
        let linked = links.dir.is_some();
        self.fill(&root, links, old.as_mut(), each, target)?;
        if linked {
            staging.dir.remove_dir(LINKS).map_err(failed)?;
        }

        let mode = old.as_ref().and_then(|old| old.root);
        self.finish(&root, &old.map(|old| old.directories).unwrap_or_default(), each, target)?;
        // It is moved when it is in its place, for which it must be writable; nobody else gets more than before.
        let ready = mode.map(|mode| mode | 0o700);
        if let Some(ready) = ready {
            host::set_mode(&all, ready).map_err(failed)?;
        }
        if each { host::sync_opened(&all) } else { host::sync_all(&all) }.map_err(failed)?;
        host::sync_directory(&staging.dir).map_err(failed)?;
        Ok(Staged { staging, root: all, mode: mode.filter(|_| mode != ready) })
    }

    /// Fails if there is something in it that cannot be written.
    fn writable(&self, target: &WriteTarget) -> Result<(), WriteError> {
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            if let TreeBody::Special(file_type) = step.node.body {
                let path = walk.path().into();
                return Err(WriteError::Special { path, file_type, target: target.said.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn fill(
        &self,
        root: &Dir,
        mut links: Links,
        mut old: Option<&mut Old<'_>>,
        sync: bool,
        target: &WriteTarget,
    ) -> Result<(), WriteError> {
        let mut cursor = Cursor::new(root);
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            let failed = |error: io::Error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    return WriteError::Collision { path: walk.path().into(), target: target.said.clone() };
                }
                target.failed_at("write", Path::new(walk.path()), error)
            };
            cursor.leave_to(step.depth);
            let dir = cursor.dir().map_err(|lost| failed(lost.into()))?;
            let mode = old.as_mut().and_then(|old| old.mode(&step));
            if matches!(step.node.body, TreeBody::Directory(_)) {
                dir.create_dir(&**step.name).map_err(failed)?;
                cursor.enter(step.name, None).map_err(|lost| failed(lost.into()))?;
                continue;
            }
            let write = |at: &Dir, name: &str| match &step.node.body {
                TreeBody::File(bytes) => {
                    let bytes = bytes
                        .pieces()
                        .map_err(|source| WriteError::Contents { target: target.said.clone(), source })?;
                    host::write_file(at, name, bytes, mode, sync).map_err(failed)
                }
                TreeBody::SymbolicLink(to) => host::symlink(at, to, name).map_err(failed),
                // Refused before, and made above.
                TreeBody::Special(_) | TreeBody::Directory(_) => Ok(()),
            };
            match &links.dir {
                Some(flat) if step.node.links > 1 => {
                    let object = step.index.to_string();
                    let known = links.left.get(&step.index).copied();
                    if known.is_none() {
                        write(flat, &object)?;
                    }
                    let (left, has_mode) = known.unwrap_or((step.node.links, mode.is_some()));
                    links.left.insert(step.index, (left.saturating_sub(1), has_mode || mode.is_some()));
                    give_name(flat, &object, dir, step.name, left <= 1).map_err(failed)?;
                    if let (false, Some(mode)) = (has_mode, mode) {
                        host::set_mode_of_file(dir, step.name, mode).map_err(failed)?;
                    }
                }
                _ => write(dir, step.name)?,
            }
        }
        Ok(())
    }

    /// Sets the permissions of directories, and makes them safe: each when it is done with.
    fn finish(
        &self,
        root: &Dir,
        modes: &HashMap<u32, u32>,
        each: bool,
        target: &WriteTarget,
    ) -> Result<(), WriteError> {
        if !each && modes.is_empty() {
            return Ok(());
        }
        let failed = |path: &str, error| target.failed_at("make safe", Path::new(path), error);
        let mut cursor = Cursor::new(root);
        let mut walk = Walk::new(self);
        // Those that the cursor is in.
        let mut open: Vec<u32> = Vec::new();
        loop {
            let step = walk.step();
            let depth = step.as_ref().map_or(0, |step| step.depth);
            while open.len() > depth {
                let mode = open.pop().and_then(|index| modes.get(&index));
                finish_directory(&mut cursor, mode, each).map_err(|error| failed(&cursor.path(), error))?;
                cursor.leave_to(open.len());
            }
            let Some(step) = step else { return Ok(()) };
            if matches!(step.node.body, TreeBody::Directory(_)) {
                cursor.enter(step.name, None).map_err(|lost| failed(walk.path(), lost.into()))?;
                open.push(step.index);
            }
        }
    }
}

fn finish_directory(cursor: &mut Cursor<'_>, mode: Option<&u32>, sync: bool) -> io::Result<()> {
    // With these permissions it may not be opened again.
    let file = host::open_to_sync(cursor.dir()?)?;
    if let Some(mode) = mode {
        host::set_mode(&file, *mode)?;
    }
    if sync { host::sync_opened(&file) } else { Ok(()) }
}

/// Where objects with several names are written first, so that none has to be looked for at its first name again. The
/// last name is the one that it has there: hosts have limits to how many names there are.
pub(super) struct Links {
    dir: Option<Dir>,
    /// How many names an object has still to get, and whether it has its permissions.
    left: HashMap<u32, (u32, bool)>,
}

impl Links {
    pub(super) fn new(tree: &Tree, staging: &Dir) -> io::Result<Self> {
        let mut dir = None;
        if tree.nodes.iter().any(|node| node.links > 1) {
            staging.create_dir(LINKS)?;
            dir = Some(staging.open_dir_nofollow(LINKS)?);
        }
        Ok(Links { dir, left: HashMap::new() })
    }
}

fn give_name(flat: &Dir, object: &str, dir: &Dir, name: &str, last: bool) -> io::Result<()> {
    if !last {
        return flat.hard_link(object, dir, name);
    }
    // A rename would replace what is there.
    match dir.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => flat.rename(object, dir, name),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}
