//! Reading, writing, and the times that the guest sets.

use std::io;
use std::time::{Duration, SystemTime as HostTime};

use cap_fs_ext::{DirExt, SystemTimeSpec};
use cap_std::fs::File;
use cap_std::time::SystemTime;

use super::errors::{host, retry};
use super::objects::Place;
use super::{Live, file_type, metadata};
use crate::error::{ErrorCode, Result};
use crate::handle::{Handle, HostHandle};
use crate::node::Nodes;
use crate::types::{FileType, NewTime, Position};

impl Live {
    pub(crate) fn read(&mut self, file: &Handle, buf: &mut [u8], offset: u64) -> Result<usize> {
        if let Some(HostHandle::Device(device)) = &file.host {
            return device.read(buf);
        }
        let file = regular(file)?;
        checked(offset, buf.len())?;
        let mut done = 0;
        while done < buf.len() {
            match retry(|| read_at(file, &mut buf[done..], offset + done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                // What was read is given first; the next call meets the error again.
                Err(_) if done > 0 => break,
                Err(error) => return Err(host(error)),
            }
        }
        Ok(done)
    }

    /// At the end means where the file ends when the call is made: nobody else writes to it meanwhile.
    pub(crate) fn write(
        &mut self,
        nodes: &mut Nodes,
        file: &Handle,
        bytes: &[u8],
        position: Position,
    ) -> Result<usize> {
        if let Some(HostHandle::Device(device)) = &file.host {
            return device.write(bytes);
        }
        let node = file.open.node;
        let file = regular(file)?;
        let offset = match position {
            Position::At(offset) => offset,
            Position::End => retry(|| file.metadata()).map_err(host)?.len(),
        };
        checked(offset, bytes.len())?;
        let mut done = 0;
        while done < bytes.len() {
            match retry(|| write_at(file, &bytes[done..], offset + done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(_) if done > 0 => break,
                Err(error) => return Err(host(error)),
            }
        }
        if done > 0 {
            nodes.modified(node);
        }
        Ok(done)
    }

    pub(crate) fn set_size(&mut self, nodes: &mut Nodes, file: &Handle, size: u64) -> Result<()> {
        if let Some(HostHandle::Device(_)) = &file.host {
            return Err(ErrorCode::Invalid.into());
        }
        let host_file = regular(file)?;
        if !file.write {
            return Err(ErrorCode::Invalid.into());
        }
        checked(size, 0)?;
        retry(|| host_file.set_len(size)).map_err(host)?;
        nodes.modified(file.open.node);
        Ok(())
    }

    pub(crate) fn sync(&mut self, object: &Handle, data_only: bool) -> Result<()> {
        let sync = |file: &File| retry(|| if data_only { file.sync_data() } else { file.sync_all() });
        let result = match &object.host {
            // It may have been opened for looking things up only.
            Some(HostHandle::Directory { dir, .. }) => retry(|| dir.open(".")).and_then(|file| sync(&file)),
            Some(HostHandle::File(file)) => sync(file),
            // As Linux: there is nothing that could be kept safe.
            Some(HostHandle::Device(_)) => return Err(ErrorCode::Invalid.into()),
            Some(HostHandle::Replayed) | None => return Err(ErrorCode::BadDescriptor.into()),
        };
        match result {
            // Windows refuses for a file that was not opened to write, for which there is nothing to do.
            Err(error) if cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            result => result.map_err(host),
        }
    }

    pub(crate) fn set_times(
        &mut self,
        nodes: &mut Nodes,
        object: &Handle,
        access: NewTime,
        modification: NewTime,
    ) -> Result<()> {
        let times = (host_time(nodes, access)?, host_time(nodes, modification)?);
        match &object.host {
            // Again, it may have been opened for looking things up only.
            Some(HostHandle::Directory { dir, .. }) => retry(|| dir.set_times(".", spec(times.0), spec(times.1))),
            Some(HostHandle::File(file)) => retry(|| set_file_times(file, times.0, times.1)),
            // Remembered only, as by path.
            Some(HostHandle::Device(_)) => Ok(()),
            Some(HostHandle::Replayed) | None => return Err(ErrorCode::BadDescriptor.into()),
        }
        .map_err(host)?;
        nodes.set_times(object.open.node, access, modification);
        Ok(())
    }

    pub(crate) fn set_times_at(
        &mut self,
        nodes: &mut Nodes,
        dir: &Handle,
        path: &str,
        follow: bool,
        access: NewTime,
        modification: NewTime,
    ) -> Result<()> {
        let place = Place::new(dir)?;
        let times = (host_time(nodes, access)?, host_time(nodes, modification)?);
        let nothing = (access, modification) == (NewTime::Keep, NewTime::Keep);
        if nothing && !follow {
            // Linux does not look whether there is an object if it has nothing to do to it.
            return retry(|| place.dir.set_symlink_times(path, None, None)).map_err(host);
        }
        let (metadata, followed) = metadata(place.dir, path, follow).map_err(host)?;
        match file_type(&metadata) {
            FileType::Directory | FileType::RegularFile | FileType::SymbolicLink if !follow => {
                retry(|| place.dir.set_symlink_times(path, spec(times.0), spec(times.1))).map_err(host)?;
            }
            FileType::Directory | FileType::RegularFile => {
                retry(|| place.dir.set_times(path, spec(times.0), spec(times.1))).map_err(host)?;
            }
            // cap-std would open it, and a fifo make us wait. These times are remembered only.
            _ => {}
        }
        let node = self.objects.meet(nodes, place, path, followed, &metadata)?;
        if !nothing {
            nodes.set_times(node, access, modification);
        }
        Ok(())
    }
}

fn regular(handle: &Handle) -> Result<&File> {
    match &handle.host {
        Some(HostHandle::File(file)) => Ok(file),
        _ => Err(ErrorCode::BadDescriptor.into()),
    }
}

/// Unix counts the bytes of files in a signed number. Linux refuses what goes past it; not all hosts do.
fn checked(offset: u64, len: usize) -> Result<()> {
    match offset.checked_add(len as u64) {
        Some(end) if i64::try_from(end).is_ok() => Ok(()),
        _ => Err(ErrorCode::Invalid.into()),
    }
}

#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    cap_std::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    cap_std::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    cap_std::fs::FileExt::seek_read(file, buf, offset)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    cap_std::fs::FileExt::seek_write(file, bytes, offset)
}

/// What the host is to be told: `None` to leave it. The present is the guest's, not the host's.
fn host_time(nodes: &Nodes, time: NewTime) -> Result<Option<HostTime>> {
    let nanos = match time {
        NewTime::Keep => return Ok(None),
        NewTime::Now => nodes.now,
        NewTime::At(nanos) => nanos,
    };
    let time = HostTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanos)).ok_or(ErrorCode::Overflow)?;
    Ok(Some(time))
}

fn spec(time: Option<HostTime>) -> Option<SystemTimeSpec> {
    time.map(|time| SystemTimeSpec::Absolute(SystemTime::from_std(time)))
}

#[cfg(unix)]
fn set_file_times(file: &File, access: Option<HostTime>, modification: Option<HostTime>) -> io::Result<()> {
    use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};

    let timespec = |time: Option<HostTime>| {
        let Some(time) = time else { return Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ }) };
        let since = time.duration_since(HostTime::UNIX_EPOCH).unwrap_or_default();
        // Hosts that count in 32 bits end in 2038.
        let tv_sec = since.as_secs().try_into().map_err(|_| io::Error::from(rustix::io::Errno::OVERFLOW))?;
        Ok::<_, io::Error>(Timespec { tv_sec, tv_nsec: since.subsec_nanos() as _ })
    };
    let times = Timestamps { last_access: timespec(access)?, last_modification: timespec(modification)? };
    Ok(futimens(file, &times)?)
}

#[cfg(windows)]
fn set_file_times(file: &File, access: Option<HostTime>, modification: Option<HostTime>) -> io::Result<()> {
    let mut times = std::fs::FileTimes::new();
    if let Some(access) = access {
        times = times.set_accessed(access);
    }
    if let Some(modification) = modification {
        times = times.set_modified(modification);
    }
    file.try_clone()?.into_std().set_times(times)
}
