//! The table of file descriptors.

use std::collections::BTreeSet;
use std::sync::Arc;

use deterministic_fs::{FileSystem, FileType, Handle};

use super::streams::{Input, Output, Stdio};
use super::types::{Errno, Filetype};
use crate::captured::StandardOutput;
use crate::fault::Answer;
use crate::files::Listing;
use crate::held::{Account, HANDLE};

/// How many descriptors a guest may have open. Hosts allow fewer for files of their own; Linux's usual hard limit is
/// about a million.
pub(super) const MAX_DESCRIPTORS: usize = 1 << 16;

pub(super) enum Descriptor {
    Input {
        stream: Box<dyn Input>,
        filetype: Filetype,
    },
    Output {
        stream: Box<dyn Output>,
        filetype: Filetype,
    },
    /// Output that the context keeps.
    Captured(StandardOutput),
    Directory(Directory),
    File(File),
}

impl Descriptor {
    /// Whether the guest opened it, and did not have it from the start.
    fn is_the_guests(&self) -> bool {
        match self {
            Descriptor::Input { .. } | Descriptor::Output { .. } | Descriptor::Captured(_) => false,
            Descriptor::Directory(directory) => directory.preopen.is_none(),
            Descriptor::File(_) => true,
        }
    }
}

pub(super) struct Directory {
    pub(super) handle: Handle,
    /// The guest's name of it, if it has it from the start.
    pub(super) preopen: Option<Arc<str>>,
    /// Its entries, as they were when the guest began to read them: so cookies stay what they are.
    pub(super) reading: Option<Reading>,
}

/// A directory that is being read.
pub(super) struct Reading {
    pub(super) listing: Listing,
    /// Of the directory itself.
    pub(super) identity: u128,
}

pub(super) struct File {
    pub(super) handle: Handle,
    /// Where the next read or write goes.
    pub(super) position: u64,
    /// Whether writes go to the end.
    pub(super) append: bool,
    /// Only shown: files never make anyone wait.
    pub(super) nonblocking: bool,
}

impl File {
    /// Whether it is a device, which has no places in it: Linux seeks to 0 wherever it is asked to.
    pub(super) fn is_device(&self) -> bool {
        self.handle.file_type() == FileType::CharacterDevice
    }
}

/// The numbers are given as stock gives them: the highest of those that were closed, or the next one.
pub(super) struct Table {
    places: Vec<Option<Descriptor>>,
    free: BTreeSet<u32>,
    /// Where those count that the guest opened.
    account: Account,
}

impl Table {
    /// The standard streams, and the directories that the guest has from the start.
    pub(super) fn new(stdio: Stdio, files: &FileSystem, account: &Account, captured: bool) -> Self {
        let terminal = |is: bool| if is { Filetype::CharacterDevice } else { Filetype::Unknown };
        let Stdio { input, output, error, terminals: [input_type, output_type, error_type] } = stdio;
        let mut places = vec![
            Some(Descriptor::Input { stream: input, filetype: terminal(input_type) }),
            Some(Descriptor::Output { stream: output, filetype: terminal(output_type) }),
            Some(Descriptor::Output { stream: error, filetype: terminal(error_type) }),
        ];
        if captured {
            places[1] = Some(Descriptor::Captured(StandardOutput::Stdout));
            places[2] = Some(Descriptor::Captured(StandardOutput::Stderr));
        }
        places.extend(files.preopens().map(|(name, handle)| {
            Some(Descriptor::Directory(Directory { handle: handle.clone(), preopen: Some(name.into()), reading: None }))
        }));
        Table { places, free: BTreeSet::new(), account: account.clone() }
    }

    fn push(&mut self, descriptor: Descriptor) -> Answer<u32> {
        self.room()?;
        self.account.take(HANDLE)?;
        if let Some(fd) = self.free.pop_last() {
            self.places[fd as usize] = Some(descriptor);
            return Ok(fd);
        }
        self.places.push(Some(descriptor));
        Ok((self.places.len() - 1) as u32)
    }

    pub(super) fn open(&mut self, handle: Handle, append: bool, nonblocking: bool) -> Answer<u32> {
        self.push(match handle.file_type() {
            FileType::Directory => Descriptor::Directory(Directory { handle, preopen: None, reading: None }),
            _ => Descriptor::File(File { handle, position: 0, append, nonblocking }),
        })
    }

    #[inline]
    pub(super) fn get(&self, fd: i32) -> Answer<&Descriptor> {
        self.places.get(fd as u32 as usize).and_then(Option::as_ref).ok_or(Errno::Badf.into())
    }

    #[inline]
    pub(super) fn get_mut(&mut self, fd: i32) -> Answer<&mut Descriptor> {
        self.places.get_mut(fd as u32 as usize).and_then(Option::as_mut).ok_or(Errno::Badf.into())
    }

    pub(super) fn file(&mut self, fd: i32) -> Answer<&mut File> {
        match self.get_mut(fd)? {
            Descriptor::File(file) => Ok(file),
            _ => Err(Errno::Badf.into()),
        }
    }

    /// A file, where the standard streams are refused with errors of their own.
    pub(super) fn seekable(&mut self, fd: i32) -> Answer<&mut File> {
        match self.get_mut(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Input { .. } | Descriptor::Output { .. } | Descriptor::Captured(_) => Err(Errno::Spipe.into()),
            Descriptor::Directory(_) => Err(Errno::Badf.into()),
        }
    }

    pub(super) fn directory(&self, fd: i32) -> Answer<&Handle> {
        match self.get(fd)? {
            Descriptor::Directory(directory) => Ok(&directory.handle),
            _ => Err(Errno::Badf.into()),
        }
    }

    /// A file or a directory.
    pub(super) fn object(&self, fd: i32) -> Answer<&Handle> {
        match self.get(fd)? {
            Descriptor::File(file) => Ok(&file.handle),
            Descriptor::Directory(directory) => Ok(&directory.handle),
            Descriptor::Input { .. } | Descriptor::Output { .. } | Descriptor::Captured(_) => Err(Errno::Badf.into()),
        }
    }

    pub(super) fn close(&mut self, fd: i32) -> Answer {
        if self.get(fd)?.is_the_guests() {
            self.account.give(HANDLE);
        }
        self.places[fd as u32 as usize] = None;
        self.free.insert(fd as u32);
        Ok(())
    }

    pub(super) fn renumber(&mut self, from: i32, to: i32) -> Answer {
        self.get(to)?;
        self.get(from)?;
        if from == to {
            return Ok(());
        }
        self.close(to)?;
        self.places[to as u32 as usize] = self.places[from as u32 as usize].take();
        self.free.insert(from as u32);
        self.free.remove(&(to as u32));
        Ok(())
    }

    /// Whether one more can be opened, or why not.
    pub(super) fn room(&self) -> Answer {
        if self.free.is_empty() && self.places.len() >= MAX_DESCRIPTORS {
            return Err(Errno::Mfile.into());
        }
        Ok(self.account.room(HANDLE)?)
    }

    /// A directory with what is being read of it.
    pub(super) fn reading(&mut self, fd: i32) -> Answer<&mut Directory> {
        match self.get_mut(fd)? {
            Descriptor::Directory(directory) => Ok(directory),
            _ => Err(Errno::Badf.into()),
        }
    }
}

/// What the guest opened is held no longer.
impl Drop for Table {
    fn drop(&mut self) {
        let opened = self.places.iter().flatten().filter(|descriptor| descriptor.is_the_guests()).count();
        self.account.give(opened as u64 * HANDLE);
    }
}
