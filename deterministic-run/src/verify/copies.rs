//! Copies of directories, made in one order or another.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmtime::fs::{Contents, Tree, WriteTarget};
use tempfile::TempDir;

use crate::{Error, Inputs};

/// How directories are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As the host lists them.
    Host,
    /// The other way round, with other times, and in memory if there is a file system there.
    Reversed,
}

/// Where Linux has a file system in memory.
const IN_MEMORY: &str = "/dev/shm";

impl Inputs {
    /// The same with copies of its live directories, which are there as long as what comes with them. In another order, hermetic
    /// directories are written out and read again, too.
    pub(super) fn with_copies(mut self, order: Order) -> Result<(Self, Vec<TempDir>), Error> {
        let mut copies = Vec::new();
        for live in &mut self.directories.live {
            let failed = |error: io::Error| Error::Directory {
                host: live.host.display().to_string(),
                reason: error.to_string(),
            };
            let copy = place(order).map_err(failed)?;
            copy_all(&live.host, copy.path(), order).map_err(failed)?;
            live.host = copy.path().to_owned();
            copies.push(copy);
        }
        if order == Order::Reversed {
            for hermetic in &mut self.directories.hermetic {
                let failed = |reason: String| Error::Hermetic { guest: hermetic.guest.clone(), reason };
                let tree = read_again(&hermetic.tree, order, self.directories.capacity);
                hermetic.tree = tree.map_err(|error| failed(error.to_string()))?.into();
            }
        }
        Ok((self, copies))
    }
}

/// Writes a tree out, copies that, and reads the copy.
fn read_again(tree: &Tree, order: Order, capacity: u64) -> Result<Tree, Box<dyn std::error::Error>> {
    let (written, copy) = (place(Order::Host)?, place(order)?);
    tree.write_to(&WriteTarget::open(written.path())?)?;
    copy_all(written.path(), copy.path(), order)?;
    let again = Dir::open_ambient_dir(copy.path(), ambient_authority())?;
    Ok(Tree::read_within(&again, Contents::AtStart, capacity)?)
}

fn place(order: Order) -> io::Result<TempDir> {
    match order {
        Order::Reversed if Path::new(IN_MEMORY).is_dir() => {
            tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir())
        }
        _ => tempfile::tempdir(),
    }
}

/// Copies what is in a directory: directories, files and symbolic links, which are all that a guest is shown.
fn copy_all(from: &Path, to: &Path, order: Order) -> io::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    if order == Order::Reversed {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    }
    for entry in entries {
        let (from, to, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            fs::create_dir(&to)?;
            copy_all(&from, &to, order)?;
            fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_file() {
            fs::copy(&from, &to)?;
            let times = match order {
                Order::Host => entry.metadata()?.modified()?,
                Order::Reversed => SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
            };
            // Of a file that nobody may write, they stay as they are.
            if let Ok(file) = File::options().write(true).open(&to) {
                file.set_times(FileTimes::new().set_modified(times).set_accessed(times))?;
            }
        }
    }
    Ok(())
}
