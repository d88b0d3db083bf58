//! What live directories answer, kept and given again.
//!
//! An operation on a live directory is a question of a few bytes, and what it gave is the answer. [`Source`] says where
//! answers come from: from the host; from the host, and every exchange goes to a [`Recorder`]; from a [`Replayer`], and
//! there is no host. A question names what is open by number, and an answer has all that the guest is told, so that a
//! replay has nothing to remember but which of the open handles are of one object. What is decided before the host would be
//! asked (access, kinds of descriptors, ranges) is the same in a replay, and no exchange.

mod answer;
mod describe;
mod question;
mod source;
mod wire;

use std::error::Error;

pub use self::answer::UNANSWERED;
pub use self::describe::{describe_exchange, describe_question};

pub(crate) use self::answer::{Answer, Opened};
pub(crate) use self::question::Question;
pub(crate) use self::source::{Recording, Replay, Source};

#[doc = include_str!("encoding.md")]
pub trait Recorder: Send {
    /// Keeps that `question` was answered so. It has been answered: what it did to the directory is done.
    ///
    /// # Errors
    ///
    /// What keeps it from that. The run ends with [`Error::NotRecorded`](crate::Error::NotRecorded), and nothing more is asked.
    fn answered(&mut self, question: &[u8], answer: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Knows what live directories answered: where the exchanges that a [`Recorder`] kept are read again.
pub trait Replayer: Send {
    /// Puts the answer to `question` into `answer`, which is empty. Questions are equal if their bytes are, and come in the
    /// order in which they came when they were recorded, or the run is not the recorded one. What is put there need not
    /// be trusted.
    ///
    /// # Errors
    ///
    /// That it was another question ([`describe_question`] says it in words), or that there is no more. The run ends with
    /// [`Error::NotReplayed`](crate::Error::NotReplayed).
    fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>>;
}
