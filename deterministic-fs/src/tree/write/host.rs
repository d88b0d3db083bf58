//! What one host does in another way than others.

use std::ffi::OsStr;
use std::io::{self, Write};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

/// A new file. `mode` are its permissions; the host's if `None`.
pub(super) fn write_file<'a>(
    dir: &Dir,
    name: &str,
    bytes: impl IntoIterator<Item = &'a [u8]>,
    mode: Option<u32>,
    sync: bool,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).follow(FollowSymlinks::No);
    let mut file = dir.open_with(name, &options)?;
    bytes.into_iter().try_for_each(|piece| file.write_all(piece))?;
    if let Some(mode) = mode {
        set_mode(&file, mode)?;
    }
    if sync { file.sync_all() } else { Ok(()) }
}

#[cfg(not(windows))]
pub(super) fn symlink(dir: &Dir, target: &str, name: &str) -> io::Result<()> {
    dir.symlink_contents(target, name)
}

/// Windows has two kinds, and the tree does not say which.
#[cfg(windows)]
pub(super) fn symlink(dir: &Dir, target: &str, name: &str) -> io::Result<()> {
    cap_fs_ext::DirExt::symlink_file(dir, target, name)
}

/// The permissions, and whose the object is.
#[cfg(unix)]
pub(super) fn mode(metadata: &Metadata) -> Option<(u32, (u32, u32))> {
    use cap_std::fs::MetadataExt;

    Some((metadata.mode() & 0o7777, (metadata.uid(), metadata.gid())))
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Metadata) -> Option<(u32, (u32, u32))> {
    None
}

pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    rustix::fs::fchmod(file, rustix::fs::Mode::from_raw_mode(mode as _))?;
    let _ = (file, mode);
    Ok(())
}

/// Only for directories that we made: it follows symbolic links.
pub(super) fn set_mode_at(dir: &Dir, name: &OsStr, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    rustix::fs::chmodat(dir, name, rustix::fs::Mode::from_raw_mode(mode as _), rustix::fs::AtFlags::empty())?;
    let _ = (dir, name, mode);
    Ok(())
}

/// Sets the permissions of a file that may be looked at.
pub(super) fn set_mode_of_file(dir: &Dir, name: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No);
    set_mode(&dir.open_with(name, &options)?, mode)
}

/// Renames to where there was nothing.
pub(super) fn rename_to_nothing(from: &Dir, name: &str, to: &Dir, new: &OsStr) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};

        match renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
            Err(error) if cannot(error) => {}
            result => return Ok(result?),
        }
    }
    from.rename(name, to, new)
}

#[cfg(unix)]
pub(super) fn rename_over_empty(from: &Dir, name: &str, to: &Dir, new: &OsStr) -> io::Result<()> {
    from.rename(name, to, new)
}

/// Not every host renames over a directory.
#[cfg(not(unix))]
pub(super) fn rename_over_empty(from: &Dir, name: &str, to: &Dir, new: &OsStr) -> io::Result<()> {
    to.remove_dir(new)?;
    from.rename(name, to, new).inspect_err(|_| {
        // Empty as it was.
        let _ = to.create_dir(new);
    })
}

/// Swaps the two. `false` if the host or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn exchange(a: &Dir, name: &str, b: &Dir, other: &OsStr) -> io::Result<bool> {
    use rustix::fs::{RenameFlags, renameat_with};

    match renameat_with(a, name, b, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(error) if cannot(error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn exchange(_: &Dir, _: &str, _: &Dir, _: &OsStr) -> io::Result<bool> {
    Ok(false)
}

/// Whether the host or the file system has no such way of renaming.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn cannot(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;

    [Errno::NOSYS, Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

pub(super) fn can_sync_all() -> bool {
    cfg!(any(target_os = "linux", target_os = "android"))
}

/// Makes everything safe that was written to the file system that `file` is on.
pub(super) fn sync_all(file: &File) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::fs::syncfs(file)?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = file;
    Ok(())
}

/// Another descriptor of the directory: the one it has may only stand for a place.
#[cfg(not(windows))]
pub(super) fn open_to_sync(dir: &Dir) -> io::Result<File> {
    dir.open(".")
}

#[cfg(windows)]
pub(super) fn open_to_sync(dir: &Dir) -> io::Result<File> {
    Ok(File::from_std(dir.try_clone()?.into_std_file()))
}

pub(super) fn sync_directory(dir: &Dir) -> io::Result<()> {
    if cfg!(unix) { sync_opened(&open_to_sync(dir)?) } else { Ok(()) }
}

/// Some file systems of networks have no such thing for directories.
pub(super) fn sync_opened(directory: &File) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match directory.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}
