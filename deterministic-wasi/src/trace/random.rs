//! Generators on a tape.

use std::num::NonZeroUsize;
use std::sync::Arc;

use deterministic_core::{ChaCha8, Policy, PolicyError, Rng, next_bytes_as_u64};

use super::call::Source;
use super::error::{TraceError, policy_error, written};
use super::wire::{Cursor, put};

/// Draws `len` bytes of `inner`, if the tape does not have them.
fn draw(source: &Source, inner: &mut Option<Box<dyn Rng>>, len: usize) -> Result<Arc<[u8]>, PolicyError> {
    let mut question = Vec::new();
    put(&mut question, len as u64);
    let host = || {
        let mut bytes = vec![0; len];
        match inner {
            Some(inner) => inner.fill(&mut bytes).map(|()| bytes).map_err(|error| written(&error)),
            None => Err(String::new()),
        }
    };
    let answer = source.bytes(&question, host)?.map_err(|error| policy_error(&error.0))?;
    if answer.len() == len { Ok(answer) } else { Err(source.misunderstood("random bytes").into()) }
}

/// A generator of ours, seeded by the one inside when it is first asked.
pub(super) struct SeededRng {
    source: Source,
    inner: Option<Box<dyn Rng>>,
    seeded: Option<ChaCha8>,
}

impl SeededRng {
    pub(super) fn new(source: Source, inner: Option<Box<dyn Rng>>) -> Self {
        SeededRng { source, inner, seeded: None }
    }

    #[cold]
    fn seed(&mut self) -> Result<&mut ChaCha8, PolicyError> {
        // As many bytes as the key has, and no fewer than a word of any generator.
        let bytes = draw(&self.source, &mut self.inner, KEY)?;
        Ok(self.seeded.insert(ChaCha8::from_key(std::array::from_fn(|at| bytes[at]))))
    }
}

/// Bytes that are drawn for a key of 32: a multiple of every usual word.
const KEY: usize = 64;

impl Rng for SeededRng {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        match &mut self.seeded {
            Some(seeded) => seeded.fill(buf),
            None => self.seed()?.fill(buf),
        }
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        match &mut self.seeded {
            Some(seeded) => seeded.draw_u64(),
            None => self.seed()?.draw_u64(),
        }
    }

    fn word(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(8).expect("8 is not 0") }
    }
}

impl Policy for SeededRng {}

/// The generator inside, whose bytes are on the tape.
pub(super) struct ExactRng {
    source: Source,
    inner: Option<Box<dyn Rng>>,
    word: NonZeroUsize,
}

impl ExactRng {
    pub(super) fn new(source: Source, inner: Option<Box<dyn Rng>>) -> Result<Self, TraceError> {
        let said = source.bytes(b"word", || {
            let mut word = Vec::new();
            put(&mut word, inner.as_ref().map_or(1, |inner| inner.word().get()) as u64);
            Ok::<_, String>(word)
        })??;
        let word = Cursor(&said).number().and_then(|word| NonZeroUsize::new(usize::try_from(word).ok()?));
        Ok(ExactRng { word: word.ok_or_else(|| source.misunderstood("the size of its word"))?, source, inner })
    }
}

impl Rng for ExactRng {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        buf.copy_from_slice(&draw(&self.source, &mut self.inner, buf.len())?);
        Ok(())
    }

    /// Of a generator whose numbers are not its bytes, the bytes.
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        self.word
    }
}

impl Policy for ExactRng {}
