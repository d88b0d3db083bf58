//! Where the answers of live directories come from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::answer::{self, Answer, Opened, Put};
use super::question::{QUESTION_MAX, Question};
use super::wire::{Input, Malformed};
use super::{Recorder, Replayer, describe_question};
use crate::error::{Error, Result};
use crate::handle::Open;
use crate::memory;
use crate::node::{Body, Node, Nodes};

/// What a buffer may keep for the next exchange.
const KEPT_MAX: usize = 1 << 20;

/// Fewer bytes are copied in no time, wherever they are.
const ALIGNED_MIN: usize = 512;

/// A line of the cache.
const LINE: usize = 64;

/// How many objects are remembered before those that nobody has open any more are looked for.
const OBJECTS_MIN: usize = 64;

#[derive(Debug, Default)]
pub(crate) enum Source {
    /// The host, whose answers nobody keeps.
    #[default]
    Host,
    Recorded(Box<Recording>),
    Replayed(Box<Replay>),
}

/// The bytes of one exchange. Kept, so that most need no memory.
#[derive(Default)]
struct Buffers {
    question: Vec<u8>,
    answer: Vec<u8>,
    /// Why an exchange failed: there is none after it.
    failed: Option<String>,
}

impl Buffers {
    fn ask(&mut self, question: &Question<'_>) -> Result<()> {
        self.question.clear();
        self.answer.clear();
        self.answer.shrink_to(KEPT_MAX);
        self.question.try_reserve(QUESTION_MAX)?;
        question.put(&mut self.question);
        Ok(())
    }

    /// Fills the beginning of the answer's buffer so that `data`, which is to be behind an answer's first byte, lies in a line
    /// of the cache as it does now, and gives how much that is. To an address that is a few bytes above its own, within a
    /// page, processors copy twenty times more slowly: they take what they read for what they have just written.
    fn align(&mut self, data: &[u8]) -> Result<usize> {
        if data.len() < ALIGNED_MIN {
            return Ok(0);
        }
        self.answer.try_reserve(LINE + data.len() + 1)?;
        let here = self.answer.as_ptr().addr() + 1;
        let start = data.as_ptr().addr().wrapping_sub(here) % LINE;
        self.answer.resize(start, 0);
        Ok(start)
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error.to_string());
        error
    }
}

/// The host, whose answers somebody keeps.
pub(crate) struct Recording {
    /// Never locked: it makes the file system one that threads can share.
    recorder: Mutex<Box<dyn Recorder>>,
    buffers: Buffers,
}

impl Recording {
    pub(crate) fn new(recorder: Box<dyn Recorder>) -> Self {
        Recording { recorder: Mutex::new(recorder), buffers: Buffers::default() }
    }

    /// Whether what the host answers next can be kept: it is not asked otherwise.
    pub(crate) fn ready(&self) -> Result<()> {
        match &self.buffers.failed {
            None => Ok(()),
            Some(reason) => Err(Error::NotRecorded(format!("nothing can be after this: {reason}").into())),
        }
    }

    /// Keeps what the host answered.
    pub(crate) fn keep(&mut self, question: &Question<'_>, outcome: Result<&impl Put, &Error>) -> Result<()> {
        let Recording { recorder, buffers } = self;
        let kept = buffers.ask(question).and_then(|()| {
            let start = buffers.align(outcome.map_or(&[], Put::data))?;
            answer::put(&mut buffers.answer, outcome)?;
            let recorder = recorder.get_mut().unwrap_or_else(PoisonError::into_inner);
            recorder.answered(&buffers.question, &buffers.answer[start..]).map_err(Error::NotRecorded)
        });
        kept.map_err(|error| buffers.fail(error))
    }
}

/// A trace, and nothing of the host.
pub(crate) struct Replay {
    replayer: Mutex<Box<dyn Replayer>>,
    buffers: Buffers,
    /// What is open, by the number of the handle that was first.
    objects: BTreeMap<u64, Weak<Open>>,
    /// With so many of them, those that are closed are taken out.
    objects_max: usize,
}

impl Replay {
    pub(crate) fn new(replayer: Box<dyn Replayer>) -> Self {
        Replay {
            replayer: Mutex::new(replayer),
            buffers: Buffers::default(),
            objects: BTreeMap::new(),
            objects_max: OBJECTS_MIN,
        }
    }

    /// What was answered to this question.
    pub(crate) fn ask<A: Answer>(&mut self, question: &Question<'_>) -> Result<A> {
        self.ask_for(question, A::MEMORY, |input| A::parse(input))
    }

    pub(crate) fn read(&mut self, question: &Question<'_>, buf: &mut [u8]) -> Result<usize> {
        self.ask_for(question, 1, |input| {
            let read = input.rest();
            buf.get_mut(..read.len()).ok_or("more was read than asked for")?.copy_from_slice(read);
            Ok(read.len())
        })
    }

    /// `len` bytes were to be written.
    pub(crate) fn write(&mut self, question: &Question<'_>, len: usize) -> Result<usize> {
        self.ask_for(question, 1, |input| {
            let written = usize::parse(input)?;
            if written > len { Err("more was written than there was") } else { Ok(written) }
        })
    }

    /// `next` is the number that the next handle gets.
    pub(crate) fn open(&mut self, question: &Question<'_>, next: u64) -> Result<Opened> {
        self.ask_for(question, 1, |input| {
            let opened = Opened::parse(input)?;
            if opened.handle == next { Ok(opened) } else { Err("the number of what was opened is another one's") }
        })
    }

    fn ask_for<A>(
        &mut self,
        question: &Question<'_>,
        memory: usize,
        parse: impl FnOnce(&mut Input<'_>) -> Result<A, Malformed>,
    ) -> Result<A> {
        let Replay { replayer, buffers, .. } = self;
        if let Some(reason) = &buffers.failed {
            return Err(Error::NotReplayed(format!("nothing can be after this: {reason}").into()));
        }
        let answered = buffers.ask(question).and_then(|()| {
            let replayer = replayer.get_mut().unwrap_or_else(PoisonError::into_inner);
            replayer.ask(&buffers.question, &mut buffers.answer).map_err(Error::NotReplayed)?;
            if memory > 1 {
                memory::probe(buffers.answer.len().saturating_mul(memory))?;
            }
            let malformed = |what| Error::Malformed { question: describe_question(&buffers.question), what };
            answer::parse(&buffers.answer, parse).map_err(malformed)
        });
        answered.unwrap_or_else(|error| Err(buffers.fail(error)))
    }

    /// The object that was opened: that of another handle, as long as there is one.
    pub(crate) fn object(&mut self, nodes: &mut Nodes, number: u64) -> Result<Arc<Open>> {
        if let Some(open) = self.objects.get(&number).and_then(Weak::upgrade) {
            return Ok(open);
        }
        if self.objects.len() >= self.objects_max {
            self.objects.retain(|_, open| open.strong_count() > 0);
            self.objects_max = OBJECTS_MIN.max(2 * self.objects.len());
        }
        nodes.room_for_one()?;
        let id = nodes.insert(Node::new(0, Body::Host));
        let open = nodes.open(id);
        // Nothing is known of it but that it is open.
        nodes.orphan(id);
        self.objects.insert(number, Arc::downgrade(&open));
        Ok(open)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("failed", &self.buffers.failed).finish_non_exhaustive()
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("failed", &self.buffers.failed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Replayer for Nobody {
        fn ask(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Ok(())
        }
    }

    /// A guest may open and close as long as it likes.
    #[test]
    fn objects_that_are_closed_are_forgotten() {
        let mut nodes = Nodes::new(0);
        let mut replay = Replay::new(Box::new(Nobody));
        let mut open = Vec::new();
        for number in 0..10_000 {
            let object = replay.object(&mut nodes, number).unwrap();
            assert!(Arc::ptr_eq(&object, &replay.object(&mut nodes, number).unwrap()));
            if number % 100 == 0 {
                open.push(object);
            }
            assert!(replay.objects.len() <= OBJECTS_MIN.max(2 * (open.len() + 1)));
        }
        assert_eq!(open.len(), 100);
        // Their places in the table are used again.
        let places: std::collections::BTreeSet<_> =
            (10_000..20_000).map(|number| replay.object(&mut nodes, number).unwrap().node).collect();
        assert!(places.len() < 4, "{}", places.len());
    }

    #[test]
    fn what_was_read_lies_as_it_did() {
        let data = vec![7; 2 * ALIGNED_MIN + LINE];
        let mut buffers = Buffers::default();
        for at in 0..=LINE {
            for data in [&data[at..], &data[at..at + ALIGNED_MIN]] {
                buffers.answer.clear();
                let start = buffers.align(data).unwrap();
                answer::put(&mut buffers.answer, Ok(&data)).unwrap();
                assert_eq!(buffers.answer[start..], [&[0], data].concat());
                assert_eq!(buffers.answer[start + 1..].as_ptr().addr() % LINE, data.as_ptr().addr() % LINE);
            }
            buffers.answer.clear();
            assert_eq!(buffers.align(&data[at..at + 10]).unwrap(), 0);
        }
    }
}
