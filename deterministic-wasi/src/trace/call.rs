//! A source that is asked in questions and answers, such as the embedder's own host functions.

use std::fmt::Display;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{LONGEST_ERROR, TraceError};
use super::record::{Record, readable};
use super::replaying::Said;
use super::tape::{State, lock};

/// The longest question that stands in a trace whole, in bytes. Of a longer one there is the beginning, its length and its digest.
const LONGEST_QUESTION: usize = 16 << 10;

/// A source by its name, on a [`Tape`](super::Tape). A clone is the same source.
#[derive(Clone)]
pub struct Source(Option<Taped>);

#[derive(Clone)]
struct Taped {
    state: Arc<Mutex<State>>,
    number: u64,
    name: Arc<str>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Source").field(&self.name()).finish()
    }
}

impl Source {
    pub(super) fn off() -> Self {
        Source(None)
    }

    pub(super) fn new(state: Arc<Mutex<State>>, number: u64, name: &str) -> Self {
        Source(Some(Taped { state, number, name: name.into() }))
    }

    fn name(&self) -> &str {
        self.0.as_ref().map_or("", |taped| &taped.name)
    }

    /// What `host` answers to `question`; in a replay what it answered, without being called, unless the replay
    /// [goes on](super::Tape::replaying_onward) and does not know it. Both are written as
    /// [postcard](https://postcard.jamesmunns.com) writes them, so that a question or an answer of another type is not understood.
    ///
    /// ```
    /// # use deterministic_wasi::trace::Tape;
    /// # let tape = Tape::off();
    /// # fn price_of(article: u32) -> Result<u64, String> { Ok(7) }
    /// let prices = tape.source("shop::price")?;
    /// // In the host function:
    /// # let article = 3;
    /// let price: Result<u64, String> = prices.answer(&article, || price_of(article))?;
    /// # Ok::<(), deterministic_wasi::trace::TraceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TraceError`]. They are to end the guest: its run cannot be recorded or repeated.
    pub fn answer<Q, A>(&self, question: &Q, host: impl FnOnce() -> A) -> Result<A, TraceError>
    where
        Q: Serialize + ?Sized,
        A: Serialize + DeserializeOwned,
    {
        let Some(question) = self.written(question)? else { return Ok(host()) };
        match self.replayed(&question)? {
            Some(answer) => self.read(&question, answer),
            None => self.recorded(&question, host()),
        }
    }

    /// The same with a host that is to be waited for. Nothing else of the tape may be asked meanwhile, as it is where the store is kept
    /// until the answer (`func_wrap_async`): an answer stands where it came, and a replay has it where it is asked for. Beside other
    /// tasks of the guest, in `func_wrap_concurrent`, that would be another order.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub async fn answer_async<Q, A>(&self, question: &Q, host: impl Future<Output = A>) -> Result<A, TraceError>
    where
        Q: Serialize + ?Sized,
        A: Serialize + DeserializeOwned,
    {
        let Some(question) = self.written(question)? else { return Ok(host.await) };
        match self.replayed(&question)? {
            Some(answer) => self.read(&question, answer),
            None => self.recorded(&question, host.await),
        }
    }

    /// The same with bytes, as they are to stand in the trace. The inner error is the host's, of which a replay knows the text, and
    /// nobody more than its first 4096 characters.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub fn bytes<E: Display>(
        &self,
        question: &[u8],
        host: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Result<Arc<[u8]>, HostError>, TraceError> {
        let text = |error: E| HostError(error.to_string().chars().take(LONGEST_ERROR).collect());
        let Some(taped) = &self.0 else { return Ok(host().map(Into::into).map_err(text)) };
        let question = &*shortened(question);
        if let Some(answer) = self.replayed(question)? {
            return Ok(answer.map_err(HostError));
        }
        let answer = host().map_err(text);
        if let State::Recording(recording) = &mut *lock(&taped.state) {
            match &answer {
                Ok(answer) => recording.answer(taped.number, question, answer)?,
                Err(HostError(error)) => recording.record(&Record::Failed {
                    source: taped.number,
                    question: question.to_vec(),
                    error: error.clone(),
                })?,
            }
        }
        Ok(answer.map(Into::into))
    }

    /// The host answered so.
    pub(super) fn record(&self, question: &[u8], answer: &[u8]) -> Result<(), TraceError> {
        let Some(taped) = &self.0 else { return Ok(()) };
        match &mut *lock(&taped.state) {
            State::Recording(recording) => recording.answer(taped.number, &shortened(question), answer),
            State::Replaying(_) => Ok(()),
        }
    }

    /// What the host answered. `None` if it is not known, in a replay that goes on.
    pub(super) fn replay(&self, question: &[u8]) -> Result<Option<Arc<[u8]>>, TraceError> {
        match self.replayed(&shortened(question))? {
            Some(Ok(answer)) => Ok(Some(answer)),
            Some(Err(_)) => Err(self.misunderstood(&readable(question))),
            None => Ok(None),
        }
    }

    /// The question, if anybody is to have it.
    fn written<Q: Serialize + ?Sized>(&self, question: &Q) -> Result<Option<Vec<u8>>, TraceError> {
        if self.0.is_none() {
            return Ok(None);
        }
        let written =
            postcard::to_allocvec(question).map_err(|_| self.misunderstood("a question that has no bytes"))?;
        Ok(Some(shortened(&written).into_owned()))
    }

    fn replayed(&self, question: &[u8]) -> Result<Option<Said>, TraceError> {
        let Some(taped) = &self.0 else { return Ok(None) };
        match &mut *lock(&taped.state) {
            State::Recording(_) => Ok(None),
            State::Replaying(replaying) => replaying.answer(taped.number, question),
        }
    }

    fn read<A: DeserializeOwned>(&self, question: &[u8], answer: Said) -> Result<A, TraceError> {
        let answer = answer.ok().and_then(|answer| match postcard::take_from_bytes(&answer) {
            Ok((answer, [])) => Some(answer),
            _ => None,
        });
        answer.ok_or_else(|| self.misunderstood(&readable(question)))
    }

    fn recorded<A: Serialize>(&self, question: &[u8], answer: A) -> Result<A, TraceError> {
        let Some(taped) = &self.0 else { return Ok(answer) };
        let written = postcard::to_allocvec(&answer).map_err(|_| self.misunderstood(&readable(question)))?;
        if let State::Recording(recording) = &mut *lock(&taped.state) {
            recording.answer(taped.number, question, &written)?;
        }
        Ok(answer)
    }

    pub(super) fn misunderstood(&self, question: &str) -> TraceError {
        TraceError::Misunderstood { origin: self.name().to_owned(), question: question.to_owned() }
    }
}

/// What the host said that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

impl From<HostError> for TraceError {
    fn from(error: HostError) -> Self {
        TraceError::Unreadable(std::io::Error::other(error))
    }
}

/// The question, or what stands for it.
fn shortened(question: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if question.len() <= LONGEST_QUESTION {
        return question.into();
    }
    let mut short = question[..LONGEST_QUESTION / 2].to_vec();
    short.extend((question.len() as u64).to_le_bytes());
    short.extend(blake3::hash(question).as_bytes());
    short.into()
}
