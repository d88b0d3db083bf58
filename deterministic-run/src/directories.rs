//! The directories of a run: given to the guest before it, and what is left of them after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "wasmi")]
use deterministic_wasmi::P1Ctx;
use deterministic_wasmtime::fs::{Access, Delta, Digest, FileSystem, Tree};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::Error;
use crate::text::chain;

/// What a guest sees of files.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    /// How many bytes the hermetic ones may hold together.
    pub(crate) capacity: u64,
    pub(crate) live: Vec<Live>,
    pub(crate) hermetic: Vec<Hermetic>,
}

/// A directory of the host's.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
    pub(crate) access: Access,
}

/// A directory in memory.
#[derive(Clone, Debug)]
pub(crate) struct Hermetic {
    pub(crate) guest: String,
    pub(crate) access: Access,
    pub(crate) tree: Arc<Tree>,
}

/// What a guest left of a hermetic directory. Two are equal if their names and digests are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Left {
    /// The guest's name for it.
    pub guest: String,
    /// What is in it.
    pub tree: Tree,
    /// The digest of that.
    pub digest: Digest,
}

impl PartialEq for Left {
    fn eq(&self, other: &Self) -> bool {
        (&self.guest, &self.digest) == (&other.guest, &other.digest)
    }
}

impl Eq for Left {}

impl Left {
    /// Of a directory that the guest calls `guest`.
    ///
    /// # Errors
    ///
    /// [`Error::HermeticLeft`] if files of the tree were left for later and cannot be read.
    pub fn new(guest: impl Into<String>, tree: Tree) -> Result<Self, Error> {
        let digest = tree.digest().map_err(unread)?;
        Ok(Left { guest: guest.into(), tree, digest })
    }
}

impl Directories {
    /// Gives the live ones to the builder of a context.
    pub(crate) fn open(&self, builder: &mut WasiCtxBuilder) -> Result<(), Error> {
        for live in &self.live {
            open_live(builder, &live.host, &live.guest, live.access)
                .map_err(|error| Error::Directory { host: live.host.display().to_string(), reason: chain(&error) })?;
        }
        Ok(())
    }

    /// The same, to a context of wasmi's.
    #[cfg(feature = "wasmi")]
    pub(crate) fn open_in(&self, mut wasi: P1Ctx) -> Result<P1Ctx, Error> {
        for live in &self.live {
            wasi = wasi.live_dir(&live.host, &live.guest, live.access).map_err(|error| Error::Directory {
                host: live.host.display().to_string(),
                reason: error.to_string(),
            })?;
        }
        Ok(wasi)
    }

    /// Gives the hermetic ones to a guest that has not started, after its live ones.
    pub(crate) fn mount(&self, files: &mut FileSystem) -> Result<(), Error> {
        files.set_capacity(self.capacity);
        for hermetic in &self.hermetic {
            files
                .mount_hermetic(&hermetic.tree, &hermetic.guest, hermetic.access)
                .map_err(|error| Error::Hermetic { guest: hermetic.guest.clone(), reason: error.to_string() })?;
        }
        Ok(())
    }

    /// What the guest left of each.
    pub(crate) fn left(&self, files: &FileSystem) -> Result<Vec<Left>, Error> {
        // They come after the live ones, of which there is no tree.
        let trees = (0..files.preopens().len()).filter_map(|mount| files.tree(mount));
        let left = self.hermetic.iter().zip(trees);
        left.map(|(hermetic, tree)| Left::new(&hermetic.guest, tree.map_err(unread)?)).collect()
    }

    /// What made each tree into what is left of it. `None` if that cannot be kept.
    pub(crate) fn deltas(&self, left: &[Left]) -> Option<Vec<([u8; 32], Delta)>> {
        let all = self.hermetic.iter().zip(left);
        if all.len() < self.hermetic.len() {
            return None;
        }
        all.map(|(hermetic, left)| Some((*left.digest.as_bytes(), hermetic.tree.delta_to(&left.tree).ok()?))).collect()
    }

    /// What a run left that was kept. `None` if it is not whole.
    pub(crate) fn restore(&self, kept: &[([u8; 32], Delta)]) -> Option<Vec<Left>> {
        if kept.len() != self.hermetic.len() {
            return None;
        }
        let trees = self.hermetic.iter().zip(kept).map(|(hermetic, (digest, delta))| {
            let left = Left::new(&hermetic.guest, hermetic.tree.with(delta).ok()?).ok()?;
            (left.digest.as_bytes() == digest).then_some(left)
        });
        trees.collect()
    }
}

/// Gives a directory of the host's to the builder of a context.
fn open_live(builder: &mut WasiCtxBuilder, host: &Path, guest: &str, access: Access) -> wasmtime::Result<()> {
    let permissions = match access {
        Access::ReadOnly => FsPerms::ReadOnly,
        Access::ReadWrite => FsPerms::ReadWrite,
    };
    builder.preopened_dir(host, guest, permissions)?;
    Ok(())
}

fn unread(error: deterministic_wasmtime::fs::Error) -> Error {
    Error::HermeticLeft { reason: error.to_string() }
}
