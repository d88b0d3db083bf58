//! The objects that a run knows of: all of a hermetic mount, and those of a live one that the guest has met.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use crate::contents::Contents;
use crate::error::Result;
use crate::handle::{Gone, Open};
use crate::memory;
use crate::size::OBJECT_SIZE;
use crate::types::{FileType, Nanos, NewTime, Times};

/// The number of an object in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

#[derive(Debug)]
pub(crate) struct Node {
    /// See [`Stat::identity`](crate::Stat::identity).
    pub(crate) identity: u128,
    /// `None` for an object not touched in this run: the policy's epoch.
    pub(crate) times: Option<Times>,
    /// How many names it has.
    pub(crate) links: u32,
    /// Alive while the object is open.
    open: Weak<Open>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Directory(Directory),
    File(Contents),
    SymbolicLink(Arc<str>),
    /// A fifo, a socket, a device: known by its kind only.
    Special(FileType),
    /// An object of the host. What the host knows is asked of it each time.
    Host,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Where `..` leads; `None` for a mount's root, and for a directory that was removed.
    pub(crate) parent: Option<NodeId>,
    /// No more levels of directories are nested in it. Never less than it was, so that nobody has to look.
    pub(crate) height: usize,
    pub(crate) entries: BTreeMap<Arc<str>, NodeId>,
}

impl Node {
    pub(crate) fn new(identity: u128, body: Body) -> Self {
        Node { identity, times: None, links: 1, open: Weak::new(), body }
    }

    pub(crate) fn file_type(&self) -> FileType {
        match &self.body {
            Body::Directory(_) => FileType::Directory,
            Body::File(_) => FileType::RegularFile,
            Body::SymbolicLink(_) => FileType::SymbolicLink,
            Body::Special(file_type) => *file_type,
            Body::Host => FileType::Unknown,
        }
    }

    /// What it is to the guest: directories have no size.
    pub(crate) fn size(&self) -> u64 {
        match &self.body {
            Body::File(contents) => contents.len(),
            Body::SymbolicLink(target) => target.len() as u64,
            Body::Directory(_) | Body::Special(_) | Body::Host => 0,
        }
    }
}

/// The table. A place whose object is gone is used again.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    places: Vec<Option<Node>>,
    free: Vec<NodeId>,
    /// Objects that were open when they lost their last name, and are not any more.
    gone: Gone,
    /// What the objects that were taken out counted against the capacity, for the hermetic mounts to collect.
    pub(crate) freed: u64,
    /// The times of what was not touched.
    pub(crate) epoch: Nanos,
    /// What the wall clock shows.
    pub(crate) now: Nanos,
}

impl Nodes {
    pub(crate) fn new(epoch: Nanos) -> Self {
        Nodes { epoch, now: epoch, ..Nodes::default() }
    }

    /// Fails unless there is memory for one more object, its name, and what goes with them.
    pub(crate) fn room_for_one(&mut self) -> Result<()> {
        memory::probe_small()?;
        if self.free.is_empty() {
            self.places.try_reserve(1)?;
            // Every place can become free; then is no moment to fail.
            self.free.try_reserve(self.places.len() + 1)?;
        }
        Ok(())
    }

    pub(crate) fn insert(&mut self, node: Node) -> NodeId {
        match self.free.pop() {
            Some(id) => {
                self.places[id.0 as usize] = Some(node);
                id
            }
            None => {
                self.places.push(Some(node));
                // Each takes more than a hundred bytes of memory: there cannot be as many as fit the number.
                NodeId((self.places.len() - 1) as u32)
            }
        }
    }

    /// `None` only for a handle of another file system.
    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.places.get(id.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.places.get_mut(id.0 as usize)?.as_mut()
    }

    /// Says that the object is open, for as long as what is given lives.
    pub(crate) fn open(&mut self, id: NodeId) -> Arc<Open> {
        let known = self.get(id).and_then(|node| node.open.upgrade());
        known.unwrap_or_else(|| {
            let (orphan, first) = (AtomicBool::new(false), OnceLock::new());
            let open = Arc::new(Open { node: id, orphan, first, gone: self.gone.clone() });
            if let Some(node) = self.get_mut(id) {
                node.open = Arc::downgrade(&open);
            }
            open
        })
    }

    /// Takes out an object that has no name any more, or keeps it until nobody has it open.
    pub(crate) fn orphan(&mut self, id: NodeId) {
        self.sweep();
        match self.get(id).and_then(|node| node.open.upgrade()) {
            // Should this be its last owner by now, it says so when it is dropped here.
            Some(open) => open.orphan.store(true, Ordering::Relaxed),
            None => self.take(id),
        }
    }

    /// Takes out every object that has no name and is not open. Those that are open are not looked at.
    pub(crate) fn sweep(&mut self) {
        let gone = std::mem::take(&mut *self.gone.lock().unwrap_or_else(PoisonError::into_inner));
        for id in gone {
            self.take(id);
        }
    }

    fn take(&mut self, id: NodeId) {
        let Some(node) = self.places.get_mut(id.0 as usize).and_then(Option::take) else { return };
        if !matches!(node.body, Body::Host) {
            self.freed += OBJECT_SIZE + node.size();
        }
        self.free.push(id);
    }

    /// The times of an object.
    pub(crate) fn times(&self, node: &Node) -> Times {
        node.times.unwrap_or(Times { access: self.epoch, modification: self.epoch, change: self.epoch })
    }

    /// The contents were changed: of a file its bytes, of a directory its entries.
    pub(crate) fn modified(&mut self, id: NodeId) {
        self.set_times(id, NewTime::Keep, NewTime::Now);
    }

    /// The object was changed, and not its contents: it got or lost a name.
    pub(crate) fn changed(&mut self, id: NodeId) {
        self.set_times(id, NewTime::Keep, NewTime::Keep);
    }

    /// The object was made.
    pub(crate) fn created(&mut self, id: NodeId) {
        self.set_times(id, NewTime::Now, NewTime::Now);
    }

    /// Sets times as the guest asked.
    pub(crate) fn set_times(&mut self, id: NodeId, access: NewTime, modification: NewTime) {
        let (epoch, now) = (self.epoch, self.now);
        let Some(node) = self.get_mut(id) else { return };
        let times = node.times.get_or_insert(Times { access: epoch, modification: epoch, change: epoch });
        for (time, new) in [(&mut times.access, access), (&mut times.modification, modification)] {
            match new {
                NewTime::Keep => {}
                NewTime::Now => *time = now,
                NewTime::At(at) => *time = at,
            }
        }
        times.change = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that stay open are not even in the list that is looked through.
    #[test]
    fn open_objects_are_not_looked_through() {
        let mut nodes = Nodes::new(0);
        let mut open: Vec<_> = (0..1000_u32)
            .map(|_| {
                let id = nodes.insert(Node::new(1, Body::File(Contents::empty())));
                nodes.open(id)
            })
            .collect();
        open.iter().for_each(|open| nodes.orphan(open.node));
        assert!(nodes.gone.lock().unwrap().is_empty());
        let closed: Vec<NodeId> = open.drain(..3).map(|open| open.node).collect();
        assert_eq!(*nodes.gone.lock().unwrap(), closed);
        nodes.sweep();
        assert_eq!(nodes.freed, 3 * OBJECT_SIZE);
        assert!(
            closed.iter().all(|id| nodes.get(*id).is_none()) && open.iter().all(|open| nodes.get(open.node).is_some())
        );
        // What has a name is not told of, however often it is opened and closed.
        let id = nodes.insert(Node::new(1, Body::File(Contents::empty())));
        (0..100).for_each(|_| drop(nodes.open(id)));
        assert!(nodes.gone.lock().unwrap().is_empty());
    }
}
