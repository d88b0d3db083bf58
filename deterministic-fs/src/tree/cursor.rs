//! A place in a directory of the host, however deep, with few descriptors.

use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::fs::{Dir, Metadata};

/// How many directories are open at once. Hosts permit as few as 256 in all.
const OPEN_MAX: usize = 32;

/// What identifies an object of the host: its device and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(u64, u64);

impl Id {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Id(metadata.dev(), metadata.ino())
    }
}

/// Goes down by names, never through a symbolic link, and back up by forgetting: never through `..`, which leads
/// elsewhere once a directory was moved. A directory above that was closed is found from the root again.
pub(super) struct Cursor<'a, N = Arc<str>> {
    root: &'a Dir,
    places: Vec<(N, Id)>,
    /// Those of the last places.
    open: VecDeque<Dir>,
}

/// Why a directory was not reached.
#[derive(Debug)]
pub(super) enum Lost {
    Host(io::Error),
    /// It is not the one that was there.
    Replaced,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Lost::Host(error)
    }
}

impl From<Lost> for io::Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Host(error) => error,
            Lost::Replaced => io::Error::other("another directory took its place"),
        }
    }
}

impl Cursor<'_> {
    /// Where it is, from the root.
    pub(super) fn path(&self) -> String {
        self.places.iter().map(|(name, _)| &**name).collect::<Vec<_>>().join("/")
    }

    /// Where `name` in it is, from the root.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.places.is_empty() { name.into() } else { format!("{}/{name}", self.path()) }
    }
}

impl<'a, N: Deref<Target: AsRef<Path>> + Clone> Cursor<'a, N> {
    pub(super) fn new(root: &'a Dir) -> Self {
        Cursor { root, places: Vec::new(), open: VecDeque::new() }
    }

    /// How many directories it is below the root.
    pub(super) fn depth(&self) -> usize {
        self.places.len()
    }

    /// The directory it is at.
    pub(super) fn dir(&mut self) -> Result<&Dir, Lost> {
        if self.open.is_empty() {
            self.reopen()?;
        }
        Ok(self.open.back().unwrap_or(self.root))
    }

    /// Goes to the directory of this name, which must be `expected` if that is known.
    pub(super) fn enter(&mut self, name: &N, expected: Option<Id>) -> Result<(), Lost> {
        let dir = self.dir()?.open_dir_nofollow(&**name)?;
        let id = Id::of(&dir.dir_metadata()?);
        if expected.is_some_and(|expected| expected != id) {
            return Err(Lost::Replaced);
        }
        self.places.push((name.clone(), id));
        self.open.push_back(dir);
        if self.open.len() > OPEN_MAX {
            self.open.pop_front();
        }
        Ok(())
    }

    /// Goes up until there are only `depth` directories.
    pub(super) fn leave_to(&mut self, depth: usize) {
        while self.places.len() > depth {
            self.places.pop();
            self.open.pop_back();
        }
    }

    fn reopen(&mut self) -> Result<(), Lost> {
        let first = self.places.len().saturating_sub(OPEN_MAX);
        let mut above: Option<Dir> = None;
        let mut open: VecDeque<Dir> = VecDeque::new();
        for (i, (name, id)) in self.places.iter().enumerate() {
            let dir = open.back().or(above.as_ref()).unwrap_or(self.root).open_dir_nofollow(&**name)?;
            if Id::of(&dir.dir_metadata()?) != *id {
                return Err(Lost::Replaced);
            }
            if i < first {
                above = Some(dir);
            } else {
                open.push_back(dir);
            }
        }
        self.open = open;
        Ok(())
    }
}
