//! Live directories on a tape.

use std::error::Error;

use deterministic_fs::{FileSystem, Recorder, Replayer, UNANSWERED};

use super::call::Source;
use super::error::TraceError;
use super::tape::Tape;

/// The name of the source that live directories are.
pub(super) const FILES: &str = "files";

impl Tape {
    /// What the live directories of `files` say. Before the guest starts; for a replay before they are
    /// [mounted](FileSystem::mount_replayed).
    ///
    /// # Errors
    ///
    /// [`TraceError`]; what `files` says, if it is too late.
    pub fn files(&self, files: &mut FileSystem) -> Result<(), TraceError> {
        if self.is_off() {
            return Ok(());
        }
        let source = Box::new(self.source(FILES)?);
        let begun = if self.replays() { files.replay_live(source) } else { files.record_live(source) };
        // The tape's own error, if it is that.
        begun.map_err(|error| self.failure().unwrap_or_else(|| TraceError::Unreadable(std::io::Error::other(error))))
    }
}

impl Recorder for Source {
    fn answered(&mut self, question: &[u8], answer: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.record(question, answer)?)
    }
}

impl Replayer for Source {
    fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self.replay(question)? {
            Some(known) => answer.extend_from_slice(&known),
            None => answer.extend_from_slice(&UNANSWERED),
        }
        Ok(())
    }
}
