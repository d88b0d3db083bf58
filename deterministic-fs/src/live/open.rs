//! Opening.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt};
use cap_std::fs::{Dir, File, Metadata, OpenOptions as HostOptions};

use super::errors::{code_or, host, if_any, retry};
use super::objects::Place;
use super::{Device, Live, asks_for_directory, file_type, metadata};
use crate::error::{ErrorCode, Result};
use crate::handle::{Handle, HostHandle};
use crate::node::Nodes;
use crate::types::{FileType, OpenOptions};

/// What the host opened.
struct Opened {
    file: File,
    /// Whether it was not there before.
    made: bool,
    /// Whether a symbolic link in the last place was followed.
    followed: bool,
}

/// Whether the call makes a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Never,
    IfNone,
    Always,
}

impl Live {
    pub(crate) fn open_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        options: OpenOptions,
    ) -> Result<Handle> {
        let place = Place::new(dir)?;
        if let Some((metadata, followed)) = special(place.dir, path, options)? {
            if options.directory {
                return Err(ErrorCode::NotDirectory.into());
            }
            let device = Device::of(&metadata).ok_or(ErrorCode::Unsupported)?;
            let node = self.objects.meet(nodes, place, path, followed, &metadata)?;
            return Ok(Handle::opened(
                nodes.open(node),
                FileType::CharacterDevice,
                dir,
                options,
                HostHandle::Device(device),
            ));
        }
        let Opened { file, made, followed } = open(place.dir, path, options).map_err(|error| {
            code_or(error, |code| match code {
                // FreeBSD's number for a symbolic link that may not be followed.
                ErrorCode::TooManyLinks => ErrorCode::Loop,
                // A socket, or a fifo to write that nobody reads: not a directory all the same.
                ErrorCode::Unsupported if options.directory => ErrorCode::NotDirectory,
                code => code,
            })
        })?;
        let metadata = retry(|| file.metadata()).map_err(host)?;
        let file_type = file_type(&metadata);
        match file_type {
            FileType::Directory => {}
            _ if options.directory => return Err(ErrorCode::NotDirectory.into()),
            FileType::RegularFile => {}
            _ => return Err(ErrorCode::Unsupported.into()),
        }
        // Elsewhere the host says so.
        if cfg!(windows) && file_type == FileType::Directory && options.write {
            return Err(ErrorCode::IsDirectory.into());
        }

        let node = if made {
            let real = if followed { self.objects.reach(place, path, true)? } else { path.to_owned() };
            self.made(nodes, place, &real, &metadata)?
        } else {
            let node = self.objects.meet(nodes, place, path, followed, &metadata)?;
            if options.truncate {
                nodes.modified(node);
            }
            node
        };
        let host = if file_type == FileType::Directory {
            let follow = followed || asks_for_directory(path);
            let at = place.at.to(&self.objects.reach(place, path, follow)?);
            let dir = Arc::new(Dir::from_std_file(file.into_std()));
            HostHandle::Directory { dir, at, mount: place.mount }
        } else {
            HostHandle::File(Arc::new(file))
        };
        Ok(Handle::opened(nodes.open(node), file_type, dir, options, host))
    }
}

/// What there is if it is a fifo, a socket or a device, of which opening alone can be noticed: a tape is wound back, whoever waits
/// for the other end of a fifo goes on. And whether a symbolic link in the last place was followed. One call of the host
/// more for a single name (three for a path of several). What takes the place of what was looked at is opened, without
/// waiting for anything, and refused then.
fn special(dir: &Dir, path: &str, options: OpenOptions) -> Result<Option<(Metadata, bool)>> {
    // These open nothing but what they make, and nothing but directories.
    if (options.create && options.exclusive) || asks_for_directory(path) {
        return Ok(None);
    }
    // What the host has to say against the path, it says when it is opened.
    let found = if_any(metadata(dir, path, options.follow))?;
    Ok(found.filter(|(metadata, _)| {
        !matches!(file_type(metadata), FileType::Directory | FileType::RegularFile | FileType::SymbolicLink)
    }))
}

/// Opens without a link in the last place first, although it may be followed: then it is known whether there was one, at
/// no cost where there is none. Likewise a file that may be made is first opened as it is.
fn open(dir: &Dir, path: &str, options: OpenOptions) -> io::Result<Opened> {
    let call = |follow, make| retry(|| dir.open_with(path, &host_options(options, follow, make)));
    let opened = |file, made, followed| Opened { file, made, followed };
    let existing = |make| match call(false, make) {
        Err(error) if options.follow && is_link(&error) => call(true, make).map(|file| opened(file, false, true)),
        result => result.map(|file| opened(file, false, false)),
    };
    if options.create && options.exclusive {
        return call(options.follow, Make::Always).map(|file| opened(file, true, false));
    }
    // No file has a slash behind its name; the host has a code of its own for making one.
    if !options.create || path.ends_with('/') {
        return existing(if options.create { Make::IfNone } else { Make::Never });
    }
    match existing(Make::Never) {
        // A link that leads nowhere, or in a circle, has the code that making a file through it has.
        Err(error) if error.kind() == ErrorKind::NotFound || (options.follow && is_link(&error)) => {}
        result => return result,
    }
    match call(options.follow, Make::Always) {
        // There is a symbolic link that leads to nothing yet.
        Err(error) if error.kind() == ErrorKind::AlreadyExists || (options.follow && is_link(&error)) => {
            call(options.follow, Make::IfNone).map(|file| opened(file, true, true))
        }
        result => result.map(|file| opened(file, true, false)),
    }
}

fn is_link(error: &io::Error) -> bool {
    matches!(ErrorCode::from_host(error), ErrorCode::Loop | ErrorCode::TooManyLinks)
}

/// As wasmtime-wasi: what makes or cuts a file writes to it, and what is not opened to write is opened to read.
fn host_options(options: OpenOptions, follow: bool, make: Make) -> HostOptions {
    let mut host = HostOptions::new();
    host.read(options.read || !options.write)
        .write(options.create || options.truncate || options.write)
        .truncate(options.truncate)
        .create(make == Make::IfNone)
        .create_new(make == Make::Always)
        .follow(if follow { FollowSymlinks::Yes } else { FollowSymlinks::No })
        .maybe_dir(true);
    // Opening a fifo must not wait for its other end, and opening a terminal not make it ours.
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;

        host.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    host
}
