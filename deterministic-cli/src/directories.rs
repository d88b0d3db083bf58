//! The hermetic directories of a run: taken in before it, written out after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmtime::fingerprint::Left;
use deterministic_wasmtime::fs::{
    Access, Change, ChangeKind, Contents, Error as FilesError, FileSystem, FileType, Tree, WriteError, WriteTarget,
};
use serde::Serialize;

use crate::args::{self, GuestArgs};
use crate::dir::Dir as Given;
use crate::problem::{Problem, note};

/// What is mounted beside the live directories of the builder.
#[derive(Debug)]
pub(crate) struct Directories {
    capacity: u64,
    hermetic: Vec<Hermetic>,
    /// Whether somebody wants to know what the guest leaves of them.
    wanted: bool,
}

#[derive(Debug)]
struct Hermetic {
    guest: String,
    access: Access,
    tree: Arc<Tree>,
    write_back: Option<WriteBack>,
}

/// Where a tree goes that the guest is through with.
#[derive(Debug)]
struct WriteBack {
    /// As it was given.
    given: PathBuf,
    /// Opened before the guest starts: what a guest does to the host's directories cannot lead elsewhere.
    target: WriteTarget,
    /// Whether the tree was taken from there, so that it may take the place of what is there.
    is_source: bool,
}

/// A hermetic directory in the report.
#[derive(Debug, Serialize)]
pub(crate) struct Reported {
    guest: String,
    digest: String,
    digest_after: String,
    changes: Vec<ReportedChange>,
    /// Whether `changes` are all.
    complete: bool,
}

/// How many changes of a directory a report lists.
const LISTED: usize = 10_000;

#[derive(Debug, Serialize)]
struct ReportedChange {
    path: String,
    kind: &'static str,
}

impl Directories {
    /// Takes in the trees and finds out whether they could be written back, before the guest starts.
    pub(crate) fn read(args: &GuestArgs, write_backs: &[args::WriteBack]) -> Result<Self, Problem> {
        let capacity = args.max_files.as_u64();
        let mut hermetic = Vec::new();
        let mut room = capacity;
        for dir in &args.hermetic_dirs {
            let refused = |reason: String| Problem::HermeticDirectory { host: dir.host.clone(), reason };
            let host =
                Dir::open_ambient_dir(&dir.host, ambient_authority()).map_err(|error| refused(error.to_string()))?;
            let tree = Tree::read_within(&host, Contents::AtStart, room).map_err(|error| refused(error.to_string()))?;
            room = room.saturating_sub(tree.size());
            let (guest, access) = (dir.guest.clone(), dir.access);
            hermetic.push(Hermetic { guest, access, tree: Arc::new(tree), write_back: None });
        }
        for back in write_backs {
            let index = source(back, &args.hermetic_dirs)?;
            let write_back = WriteBack::check(back, &args.hermetic_dirs[index], &hermetic[index].tree)?;
            // One would be written over the other, or over what the guest does to the host meanwhile.
            let others = hermetic.iter().filter_map(|hermetic| hermetic.write_back.as_ref());
            let others = others.map(|other| other.target.path().to_owned());
            let live = args.dirs.iter().filter_map(|dir| Path::new(&dir.host).canonicalize().ok());
            if let Some(other) = others.chain(live).find(|other| write_back.target.overlaps(other)) {
                return Err(Problem::WriteBackOverlaps { target: back.target.clone(), other });
            }
            if hermetic[index].write_back.replace(write_back).is_some() {
                return Err(Problem::WriteBackTwice { guest: hermetic[index].guest.clone() });
            }
        }
        Ok(Directories { capacity, hermetic, wanted: !write_backs.is_empty() })
    }

    /// The guest's name of each, what it was before the run, and whether the guest may change it.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (&str, &Tree, Access)> {
        self.hermetic.iter().map(|hermetic| (hermetic.guest.as_str(), &*hermetic.tree, hermetic.access))
    }

    /// What a run left, to be kept. `None` if it cannot be put into words.
    pub(crate) fn keep(&self, left: &[Tree]) -> Result<Option<Vec<Left>>, Problem> {
        let kept = |hermetic: &Hermetic, left: &Tree| Ok(Left::new(&left.digest()?, hermetic.tree.delta_to(left)?));
        let kept = self.hermetic.iter().zip(left).map(|(hermetic, left)| kept(hermetic, left));
        match kept.collect() {
            Ok(kept) => Ok(Some(kept)),
            // That is this machine's, and not what the guest left.
            Err(error @ FilesError::Exhausted { .. }) => Err(unread(error)),
            Err(_) => Ok(None),
        }
    }

    /// What a run left that was kept. `None` if it is not whole.
    pub(crate) fn restore(&self, kept: &[Left]) -> Option<Vec<Tree>> {
        if kept.len() != self.hermetic.len() {
            return None;
        }
        let trees = self.hermetic.iter().zip(kept).map(|(hermetic, kept)| {
            let tree = hermetic.tree.with(&kept.delta).ok()?;
            (*tree.digest().ok()?.as_bytes() == kept.digest).then_some(tree)
        });
        trees.collect()
    }

    /// Gives them to a guest that has not started, after its live ones.
    pub(crate) fn mount(&self, files: &mut FileSystem) -> Result<(), Problem> {
        files.set_capacity(self.capacity);
        for hermetic in &self.hermetic {
            files.mount_hermetic(&hermetic.tree, &hermetic.guest, hermetic.access).map_err(|error| {
                Problem::HermeticDirectory { host: hermetic.guest.clone(), reason: error.to_string() }
            })?;
        }
        Ok(())
    }

    /// What the guest left of each; nothing if nobody wants it, since putting it together takes memory and time.
    pub(crate) fn left(&self, files: &FileSystem) -> Result<Vec<Tree>, Problem> {
        if !self.wanted {
            return Ok(Vec::new());
        }
        // They come after the live ones, of which there is no tree.
        (0..files.preopens().len()).filter_map(|mount| files.tree(mount)).map(|tree| tree.map_err(unread)).collect()
    }

    /// Says that what the guest leaves is wanted, also if it is not written back.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Writes the trees where they are to go, unless `ended` says why the guest was not through: then nobody knows what is
    /// half done in them. Says on stderr for each what became of it; of several failures the first is given.
    pub(crate) fn write_back(&self, left: &[Tree], ended: Option<&str>) -> Result<(), Problem> {
        let mut result = Ok(());
        for (hermetic, left) in self.hermetic.iter().zip(left) {
            let Some(WriteBack { given, target, is_source }) = &hermetic.write_back else { continue };
            if let Some(why) = ended {
                note(&format!("`{}` is as it was, because {why}", given.display()));
                continue;
            }
            let written = if *is_source { left.replace(target, &hermetic.tree) } else { left.write_to(target) };
            match written {
                Ok(()) => note(&format!("`{}` is `{}` as the guest left it", given.display(), hermetic.guest)),
                Err(error) => {
                    let problem = Problem::WriteBack { reason: error.to_string() };
                    match &result {
                        Ok(()) => result = Err(problem),
                        Err(_) => note(&problem.to_string()),
                    }
                }
            }
        }
        result
    }

    /// What the report says of them.
    pub(crate) fn report(&self, left: &[Tree]) -> Result<Vec<Reported>, Problem> {
        let digest = |tree: &Tree| tree.digest().map(|digest| digest.to_string()).map_err(unread);
        let reported = self.hermetic.iter().zip(left).map(|(hermetic, left)| {
            let changes = hermetic.tree.changes_within(left, LISTED).map_err(unread)?;
            Ok(Reported {
                guest: hermetic.guest.clone(),
                digest: digest(&hermetic.tree)?,
                digest_after: digest(left)?,
                changes: changes.list.into_iter().map(ReportedChange::of).collect(),
                complete: changes.complete,
            })
        });
        reported.collect()
    }
}

impl ReportedChange {
    fn of(change: Change) -> Self {
        let kind = match change.kind {
            ChangeKind::Created => "created",
            ChangeKind::Modified => "modified",
            ChangeKind::Removed => "removed",
        };
        ReportedChange { path: change.path, kind }
    }
}

fn unread(error: FilesError) -> Problem {
    Problem::HermeticLeft { reason: error.to_string() }
}

/// Which of the hermetic directories is meant, of those that the guest may change.
fn source(back: &args::WriteBack, dirs: &[Given]) -> Result<usize, Problem> {
    let named: Vec<_> =
        (0..dirs.len()).filter(|&index| back.guest.as_ref().is_none_or(|guest| dirs[index].guest == *guest)).collect();
    let (changing, reading): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|&index| dirs[index].access == Access::ReadWrite);
    match (&changing[..], &reading[..]) {
        ([index], _) => Ok(*index),
        ([], [index, ..]) => Err(Problem::WriteBackOfReadOnly { guest: dirs[*index].guest.clone() }),
        _ => {
            let changing = dirs.iter().filter(|dir| dir.access == Access::ReadWrite);
            let guests = changing.map(|dir| format!("`{}`", dir.guest)).collect();
            Err(Problem::WriteBackOfWhat { target: back.target.clone(), guests })
        }
    }
}

impl WriteBack {
    fn check(back: &args::WriteBack, dir: &Given, tree: &Tree) -> Result<Self, Problem> {
        let is_special = |kind| !matches!(kind, FileType::Directory | FileType::RegularFile | FileType::SymbolicLink);
        if let Some(special) = tree.entries().find(|entry| is_special(entry.file_type())) {
            return Err(Problem::WriteBackSpecial { host: dir.host.clone(), path: special.path().into() });
        }
        let refused = |error: WriteError| Problem::WriteBack { reason: error.to_string() };
        // So that `.` has a name.
        let place = back.target.canonicalize().unwrap_or_else(|_| back.target.clone());
        let target = WriteTarget::open(&place).map_err(refused)?;
        let is_source = Path::new(&dir.host).canonicalize().is_ok_and(|source| source == target.path());
        if target.is_full() && !is_source {
            return Err(refused(WriteError::NotEmpty { target: back.target.clone() }));
        }
        Ok(WriteBack { given: back.target.clone(), target, is_source })
    }
}
