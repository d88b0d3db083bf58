//! Whether a file descriptor can be read or written without waiting.

use deterministic_core::EventKind;

use super::Started;
use super::descriptors::Descriptor;
use super::types::Errno;
use crate::fault::Answer;
use crate::files::Files;

/// What a descriptor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    Waiting,
}

/// A table of file descriptors that can be asked for readiness.
pub(super) trait Descriptors {
    /// The errno is that of the whole call, as on stock.
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Answer<Readiness>;
}

/// The descriptors of a context, and the files behind them.
pub(super) struct Open<'a> {
    pub(super) started: &'a mut Option<Started>,
    pub(super) files: &'a mut Files,
}

impl Descriptors for Open<'_> {
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Answer<Readiness> {
        let write = kind == EventKind::Writable;
        self.files.as_they_are()?;
        let Started { descriptors, .. } = self.started.as_mut().ok_or(Errno::Badf)?;
        let ready = match descriptors.get_mut(fd as i32)? {
            Descriptor::Input { stream, .. } if !write => stream.is_ready(),
            Descriptor::Output { stream, .. } if write => stream.is_ready(),
            Descriptor::Captured(_) if write => true,
            // A file is always ready for both, whatever is left of it and however it was opened, and never hung up: POSIX
            // says so of regular ones. Stock says hang-up at the end.
            Descriptor::File(_) => true,
            _ => return Err(Errno::Badf.into()),
        };
        Ok(if ready { Readiness::Ready } else { Readiness::Waiting })
    }
}

/// Where there is no table of descriptors, each is ready.
pub(super) struct EveryDescriptor;

impl Descriptors for EveryDescriptor {
    fn readiness(&mut self, _: u32, _: EventKind) -> Answer<Readiness> {
        Ok(Readiness::Ready)
    }
}
