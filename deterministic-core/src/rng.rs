//! The randomness policy: a byte stream.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng, TryRng};

use crate::{Description, Policy, PolicyError, Seed, Undescribed};

/// Gives the random bytes that a guest asks for.
///
/// Every `rand_core` 0.10 generator is one as it stands:
///
/// ```
/// use deterministic_core::{ByteStream, Policies, rand_core::SeedableRng};
/// use rand_pcg::Pcg64Mcg;
///
/// let policies = Policies { secure_random: Box::new(Pcg64Mcg::seed_from_u64(7)), ..Policies::default() };
/// let mut bytes = [0; 3];
/// ByteStream::new(policies.secure_random).fill(&mut bytes)?;
/// # Ok::<(), deterministic_core::PolicyError>(())
/// ```
///
/// # A byte stream
///
/// One read of eight bytes gives what eight reads of one byte give. A generator makes words, so adapters draw through
/// [`ByteStream`], which asks a generator for whole words only and keeps the rest of one for the next read.
///
/// # Not promised
///
/// * That the bytes are unpredictable. Seeded bytes are known to everyone who knows the seed.
/// * That a generator given by an embedder is portable: `rand`'s `StdRng` is not, the ones named after an algorithm are.
///
/// # Writing a generator
///
/// One of `rand_core` is quicker to write, and gives [`draw_u64`](Rng::draw_u64) and [`word`](Rng::word) of its own accord.
/// No method has a default, so that what wraps a generator and forgets to pass one on does not compile.
///
/// ```
/// use core::num::NonZeroUsize;
/// use deterministic_core::{Policy, PolicyError, Rng, next_bytes_as_u64};
///
/// struct Zeros;
///
/// impl Policy for Zeros {}
/// impl Rng for Zeros {
///     fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
///         buf.fill(0);
///         Ok(())
///     }
///     fn draw_u64(&mut self) -> Result<u64, PolicyError> { next_bytes_as_u64(self) }
///     fn word(&self) -> NonZeroUsize { NonZeroUsize::MIN }
/// }
/// ```
pub trait Rng: Policy {
    /// Fills `buf`, whose length is a multiple of [`word`](Rng::word), with the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from answering; it ends the guest.
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError>;

    /// The next eight bytes of the stream as a little-endian integer: what WASI 0.2's `get-random-u64` returns.
    /// [`next_bytes_as_u64`] is that; a generator that makes such numbers has a quicker way. Not called where eight bytes are no
    /// whole number of words.
    ///
    /// # Errors
    ///
    /// As [`fill`](Rng::fill).
    fn draw_u64(&mut self) -> Result<u64, PolicyError>;

    /// How many bytes the generator makes at once, at most [`ByteStream::MAX_WORD`]. 1 for one that makes single bytes.
    fn word(&self) -> NonZeroUsize;
}

/// [`Rng::draw_u64`] by [`Rng::fill`]: the next eight bytes as a little-endian integer.
///
/// # Errors
///
/// What `rng` says.
pub fn next_bytes_as_u64<R: Rng + ?Sized>(rng: &mut R) -> Result<u64, PolicyError> {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

const WORD: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");

impl<R: TryRng + Send> Policy for R {}

impl<R: TryRng + Send> Rng for R {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.try_fill_bytes(buf).map_err(|error| PolicyError::Host { what: "random bytes", reason: error.to_string() })
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        WORD
    }
}

/// Draws a generator byte by byte: how a read is cut never changes the bytes.
pub struct ByteStream {
    rng: alloc::boxed::Box<dyn Rng>,
    /// 0 until the generator is asked: many guests draw from no stream or from one.
    word: usize,
    /// The bits of a length that is no multiple of the word; all bits where the word is no power of two, since dividing
    /// takes longer than most reads, and where it is not known yet.
    odd: usize,
    /// The last `left` bytes of `rest` were drawn and not yet given.
    rest: [u8; ByteStream::MAX_WORD],
    left: usize,
}

impl core::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ByteStream").field("word", &self.word).field("left", &self.left).finish_non_exhaustive()
    }
}

impl ByteStream {
    /// The largest word a generator may make, in bytes.
    pub const MAX_WORD: usize = 64;

    /// The stream that `rng` makes from here on. A word above [`MAX_WORD`](Self::MAX_WORD) counts as that.
    #[inline]
    pub fn new(rng: alloc::boxed::Box<dyn Rng>) -> Self {
        ByteStream { rng, word: 0, odd: usize::MAX, rest: [0; Self::MAX_WORD], left: 0 }
    }

    /// Asks the generator for its word.
    #[cold]
    fn begin(&mut self) {
        self.word = self.rng.word().get().min(Self::MAX_WORD);
        self.odd = if self.word.is_power_of_two() { self.word - 1 } else { usize::MAX };
    }

    /// Fills `buf` with the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// What the generator says; `buf` then holds an unspecified mixture.
    #[inline]
    pub fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        if self.left == 0 && buf.len() & self.odd == 0 {
            return self.rng.fill(buf);
        }
        self.fill_cut(buf)
    }

    fn fill_cut(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        if self.word == 0 {
            self.begin();
            return self.fill(buf);
        }
        let (kept, buf) = buf.split_at_mut(self.left.min(buf.len()));
        self.give(kept);
        let (words, tail) = buf.split_at_mut(buf.len() - buf.len() % self.word);
        if !words.is_empty() {
            self.rng.fill(words)?;
        }
        if !tail.is_empty() {
            let from = Self::MAX_WORD - self.word;
            self.rng.fill(&mut self.rest[from..])?;
            self.left = self.word;
            self.give(tail);
        }
        Ok(())
    }

    /// Copies the oldest kept bytes out; `to` is no longer than what is kept.
    fn give(&mut self, to: &mut [u8]) {
        let from = Self::MAX_WORD - self.left;
        to.copy_from_slice(&self.rest[from..from + to.len()]);
        self.left -= to.len();
    }

    /// The next eight bytes as a little-endian integer.
    ///
    /// # Errors
    ///
    /// What the generator says.
    pub fn next_u64(&mut self) -> Result<u64, PolicyError> {
        if self.left == 0 && 8 & self.odd == 0 {
            return self.rng.draw_u64();
        }
        if self.word == 0 {
            self.begin();
            return self.next_u64();
        }
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The stream's state: the kept bytes, then the generator's.
    ///
    /// # Errors
    ///
    /// What the generator says.
    pub fn save(&self) -> Result<Vec<u8>, PolicyError> {
        let mut state = Vec::new();
        state.push(self.left as u8); // at most MAX_WORD
        state.extend_from_slice(&self.rest[Self::MAX_WORD - self.left..]);
        state.extend_from_slice(&self.rng.save()?);
        Ok(state)
    }

    /// Continues from a state that a stream over the same kind of generator saved.
    ///
    /// # Errors
    ///
    /// [`PolicyError::BadSnapshot`], or what the generator says; the stream is then as it was.
    pub fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let bad = || PolicyError::BadSnapshot { policy: "ByteStream", reason: "it ends early".into() };
        let (&left, state) = state.split_first().ok_or_else(bad)?;
        let left = usize::from(left);
        if self.word == 0 {
            self.begin();
        }
        if left >= self.word || state.len() < left {
            return Err(bad());
        }
        let (kept, state) = state.split_at(left);
        self.rng.restore(state)?;
        self.rest[Self::MAX_WORD - left..].copy_from_slice(kept);
        self.left = left;
        Ok(())
    }
}

/// The default generator: ChaCha with 8 rounds, keyed with 32 bytes, 64-bit counter from 0, nonce 0.
///
/// The bytes are the key stream of Bernstein's original ChaCha, fixed by reference vectors in this crate's tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChaCha8(ChaCha8Rng);

impl ChaCha8 {
    pub(crate) const WORD: NonZeroUsize = WORD;

    /// The generator of `seed` for the consumer called `name`; see [`Seed::stream`].
    pub fn new(seed: &Seed, name: &str) -> Self {
        Self::from_key(seed.stream(name))
    }

    /// The generator keyed with `key`.
    pub fn from_key(key: [u8; 32]) -> Self {
        ChaCha8(ChaCha8Rng::from_seed(key))
    }
}

impl Rng for ChaCha8 {
    #[inline]
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        // What most guests ask for, without the loops of longer reads.
        match <&mut [u8; 8]>::try_from(&mut *buf) {
            Ok(word) => *word = self.0.next_u64().to_le_bytes(),
            Err(_) => self.0.fill_bytes(buf),
        }
        Ok(())
    }

    #[inline]
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        Ok(self.0.next_u64())
    }

    fn word(&self) -> NonZeroUsize {
        WORD
    }
}

impl Policy for ChaCha8 {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("ChaCha8", 1);
        Ok(description.bytes("key", self.0.get_seed()).number("position", self.0.get_word_pos()))
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        let mut state = Vec::with_capacity(48);
        state.extend_from_slice(&self.0.get_seed());
        state.extend_from_slice(&self.0.get_word_pos().to_le_bytes());
        Ok(state)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let bad = || PolicyError::BadSnapshot {
            policy: "ChaCha8",
            reason: alloc::format!("{} bytes where 48 are wanted", state.len()),
        };
        let (key, position) = state.split_first_chunk::<32>().ok_or_else(bad)?;
        let position: [u8; 16] = position.try_into().map_err(|_| bad())?;
        self.0 = ChaCha8Rng::from_seed(*key);
        self.0.set_word_pos(u128::from_le_bytes(position));
        Ok(())
    }
}
