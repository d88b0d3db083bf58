//! A file that is written whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where something is to be written, known to be writable.
#[derive(Debug)]
pub(crate) enum Place {
    /// A file of this name in this directory, there or not: replaced whole.
    File { path: PathBuf, dir: PathBuf, mode: u32 },
    /// A device or a pipe: written to as it is.
    Special(File),
}

impl Place {
    /// Finds out whether `path` can be written, for those whom `mode` says on Unix. No file stays behind.
    pub(crate) fn probe(path: &Path, mode: u32) -> io::Result<Self> {
        // A link is followed: what it points to is replaced, and not the link.
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.into(),
            Err(error) => return Err(error),
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => return Ok(Place::Special(OpenOptions::new().write(true).open(&path)?)),
            _ => {}
        }
        if path.file_name().is_none() {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir.into(),
            _ => PathBuf::from("."),
        };
        new_file(&dir, mode)?.close()?;
        Ok(Place::File { path, dir, mode })
    }

    /// Writes all of it, or leaves what was there.
    pub(crate) fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Place::File { path, dir, mode } => {
                let mut file = new_file(&dir, mode)?;
                file.write_all(bytes)?;
                file.persist(path)?;
                Ok(())
            }
            Place::Special(mut file) => file.write_all(bytes),
        }
    }
}

/// A file in `dir` under a name that nothing has.
fn new_file(dir: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".detwasi-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(dir)
}
