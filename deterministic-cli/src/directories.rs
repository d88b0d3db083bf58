//! The hermetic directories of a run: taken in before it, written out after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_run::{Inputs, Left};
use deterministic_wasmtime::fs::{
    Access, Change, ChangeKind, Contents, Error as FilesError, FileType, Tree, WriteError, WriteTarget,
};
use serde::Serialize;

use crate::args::{self, GuestArgs};
use crate::dir::Dir as Given;
use crate::problem::{Problem, note};

/// What the guest gets beside live directories.
#[derive(Debug)]
pub(crate) struct Directories {
    hermetic: Vec<Hermetic>,
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
        let mut hermetic = Vec::new();
        let mut room = args.max_files.as_u64();
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
        Ok(Directories { hermetic })
    }

    /// Puts them into the value of a run.
    pub(crate) fn give(&self, inputs: Inputs) -> Inputs {
        let all = self.hermetic.iter();
        all.fold(inputs, |inputs, hermetic| inputs.hermetic(hermetic.tree.clone(), &hermetic.guest, hermetic.access))
    }

    /// Says of each that is to be written back that it is as it was, and why.
    pub(crate) fn leave(&self, why: &str) {
        for WriteBack { given, .. } in self.hermetic.iter().filter_map(|hermetic| hermetic.write_back.as_ref()) {
            note(&format!("`{}` is as it was, because {why}", given.display()));
        }
    }

    /// Writes the trees where they are to go. Says on stderr for each what became of it; of several failures the first is given.
    pub(crate) fn write_back(&self, left: &[Left]) -> Result<(), Problem> {
        let mut result = Ok(());
        for (hermetic, left) in self.hermetic.iter().zip(left) {
            let Some(WriteBack { given, target, is_source }) = &hermetic.write_back else { continue };
            let left = &left.tree;
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
    pub(crate) fn report(&self, left: &[Left]) -> Result<Vec<Reported>, Problem> {
        let reported = self.hermetic.iter().zip(left).map(|(hermetic, left)| {
            let changes = hermetic.tree.changes_within(&left.tree, LISTED).map_err(unread)?;
            Ok(Reported {
                guest: hermetic.guest.clone(),
                digest: hermetic.tree.digest().map_err(unread)?.to_string(),
                digest_after: left.digest.to_string(),
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
