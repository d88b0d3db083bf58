//! Making, renaming and removing.

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::fs::Metadata;

use super::Live;
use super::errors::{directory_in_the_way, host, if_any, retry};
use super::objects::{Key, Place, key};
use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::node::{NodeId, Nodes};

/// The directory that has the last name of a path.
enum Parent<'a> {
    /// The one that the path starts from.
    Start(NodeId),
    At(&'a str, Key),
}

impl<'a> Parent<'a> {
    /// `None` if there is no such directory; then the host refuses the operation.
    fn of(place: Place<'_>, path: &'a str) -> Result<Option<Self>> {
        match path.trim_end_matches('/').rsplit_once('/') {
            None => Ok(Some(Parent::Start(place.node))),
            Some((parent, _)) => {
                let metadata = if_any(retry(|| place.dir.metadata(parent)))?;
                Ok(metadata.map(|metadata| Parent::At(parent, key(&metadata))))
            }
        }
    }
}

impl Live {
    pub(crate) fn create_directory_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let place = Place::new(dir)?;
        retry(|| place.dir.create_dir(path)).map_err(host)?;
        self.named(nodes, place, path)
    }

    pub(crate) fn symlink_at(&mut self, nodes: &mut Nodes, dir: &Handle, target: &str, path: &str) -> Result<()> {
        let place = Place::new(dir)?;
        retry(|| DirExt::symlink(place.dir, target, path)).map_err(host)?;
        self.named(nodes, place, path)
    }

    pub(crate) fn readlink_at(&mut self, dir: &Handle, path: &str) -> Result<String> {
        let place = Place::new(dir)?;
        let target = retry(|| place.dir.read_link(path)).map_err(host)?;
        target.into_os_string().into_string().map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    pub(crate) fn link_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        new_dir: &Handle,
        new_path: &str,
    ) -> Result<()> {
        let (from, to) = (Place::new(dir)?, Place::new(new_dir)?);
        retry(|| from.dir.hard_link(path, to.dir, new_path)).map_err(host)?;
        if let Some(metadata) = look(from, path)? {
            let node = self.objects.meet(nodes, from, path, false, &metadata)?;
            if let Some(node) = nodes.get_mut(node) {
                node.links = node.links.saturating_add(1);
            }
            nodes.changed(node);
        }
        let parent = Parent::of(to, new_path)?;
        self.entries_changed(nodes, to, parent)
    }

    pub(crate) fn rename_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        new_dir: &Handle,
        new_path: &str,
    ) -> Result<()> {
        let (from, to) = (Place::new(dir)?, Place::new(new_dir)?);
        let (moved, replaced) = (look(from, path)?, look(to, new_path)?);
        let parents = (Parent::of(from, path)?, Parent::of(to, new_path)?);
        // As wasmtime-wasi, and not as cap-std: a slash behind either name asks for a directory.
        let slashed;
        let source = if new_path.ends_with('/') && !path.is_empty() {
            slashed = [path, "/"].concat();
            &slashed
        } else {
            path
        };
        retry(|| from.dir.rename(source, to.dir, new_path)).map_err(directory_in_the_way)?;

        if let Some(moved) = &moved {
            // Two names of one object: the host leaves both.
            if replaced.as_ref().is_some_and(|replaced| key(replaced) == key(moved)) {
                return Ok(());
            }
            let node = self.objects.meet(nodes, from, path.trim_end_matches('/'), false, moved)?;
            nodes.changed(node);
        }
        if let Some(replaced) = replaced {
            self.lost_name(nodes, to, new_path, &replaced)?;
        }
        self.entries_changed(nodes, from, parents.0)?;
        self.entries_changed(nodes, to, parents.1)?;
        self.objects.moved(moved.is_none_or(|moved| moved.is_dir()));
        Ok(())
    }

    pub(crate) fn remove_directory_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let place = Place::new(dir)?;
        let (removed, parent) = (look(place, path)?, Parent::of(place, path)?);
        retry(|| place.dir.remove_dir(path)).map_err(directory_in_the_way)?;
        self.removed(nodes, place, path, removed, parent)
    }

    pub(crate) fn unlink_file_at(&mut self, nodes: &mut Nodes, dir: &Handle, path: &str) -> Result<()> {
        let place = Place::new(dir)?;
        let removed = look(place, path)?;
        // macOS says that it is not permitted, and some file systems would do it.
        if removed.as_ref().is_some_and(|removed| removed.is_dir()) {
            return Err(ErrorCode::IsDirectory.into());
        }
        let parent = Parent::of(place, path)?;
        retry(|| place.dir.remove_file_or_symlink(path)).map_err(host)?;
        self.removed(nodes, place, path, removed, parent)
    }

    /// There is a new object at `path`, of which the host showed `metadata`.
    pub(super) fn made(
        &mut self,
        nodes: &mut Nodes,
        place: Place<'_>,
        path: &str,
        metadata: &Metadata,
    ) -> Result<NodeId> {
        let node = self.objects.make(nodes, place, path, metadata)?;
        nodes.created(node);
        let parent = Parent::of(place, path)?;
        self.entries_changed(nodes, place, parent)?;
        Ok(node)
    }

    /// The same for one that the host made without showing it.
    fn named(&mut self, nodes: &mut Nodes, place: Place<'_>, path: &str) -> Result<()> {
        let path = path.trim_end_matches('/');
        if let Some(metadata) = look(place, path)? {
            self.made(nodes, place, path, &metadata)?;
        }
        Ok(())
    }

    /// The object is not at `path` any more, nor anywhere else.
    fn removed(
        &mut self,
        nodes: &mut Nodes,
        place: Place<'_>,
        path: &str,
        removed: Option<Metadata>,
        parent: Option<Parent<'_>>,
    ) -> Result<()> {
        if let Some(removed) = &removed {
            self.lost_name(nodes, place, path, removed)?;
        }
        self.entries_changed(nodes, place, parent)?;
        self.objects.moved(removed.is_none_or(|removed| removed.is_dir()));
        Ok(())
    }

    /// The object, which was at `path` and as `metadata` says, is not there any more.
    fn lost_name(&mut self, nodes: &mut Nodes, place: Place<'_>, path: &str, metadata: &Metadata) -> Result<()> {
        if metadata.is_dir() || metadata.nlink() <= 1 {
            if let Some(node) = self.objects.get(key(metadata)) {
                nodes.changed(node);
            }
            self.objects.forget(nodes, key(metadata));
            return Ok(());
        }
        // The host has other names for it, and whether they are in a mount is not known: it is the same object should the
        // guest meet one of them, and until then it has the names that the guest knows of.
        let node = self.objects.meet(nodes, place, path.trim_end_matches('/'), false, metadata)?;
        if let Some(node) = nodes.get_mut(node) {
            node.links = node.links.saturating_sub(1);
        }
        nodes.changed(node);
        Ok(())
    }

    fn entries_changed(&mut self, nodes: &mut Nodes, place: Place<'_>, parent: Option<Parent<'_>>) -> Result<()> {
        let node = match parent {
            None => return Ok(()),
            Some(Parent::Start(node)) => node,
            Some(Parent::At(path, key)) => self.objects.meet_key(nodes, place, path, true, key)?,
        };
        nodes.modified(node);
        Ok(())
    }
}

/// What is at `path`; a symbolic link itself.
fn look(place: Place<'_>, path: &str) -> Result<Option<Metadata>> {
    let name = path.trim_end_matches('/');
    if_any(retry(|| place.dir.symlink_metadata(name)))
}
