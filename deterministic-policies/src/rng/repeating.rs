//! A few bytes, again and again.

use core::num::NonZeroUsize;

use alloc::vec::Vec;

use deterministic_core::{Description, Policy, PolicyError, Rng, Undescribed, next_bytes_as_u64};

use crate::ConfigError;
use crate::snapshot::snapshots;

/// Gives a sequence of bytes, and then gives it again.
///
/// For tests that need a certain value, such as all zeros. A guest that draws until a value suits it may never end.
///
/// ```
/// use deterministic_core::Rng;
/// use deterministic_policies::Repeating;
///
/// let mut bytes = [0; 5];
/// Repeating::new([1, 2])?.fill(&mut bytes)?;
/// assert_eq!(bytes, [1, 2, 1, 2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Repeating {
    bytes: Vec<u8>,
    next: usize,
}

impl Repeating {
    /// The generator that repeats `bytes`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NothingToRepeat`] if there are none.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, ConfigError> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(ConfigError::NothingToRepeat);
        }
        Ok(Repeating { bytes, next: 0 })
    }
}

impl Rng for Repeating {
    fn fill(&mut self, mut buf: &mut [u8]) -> Result<(), PolicyError> {
        while !buf.is_empty() {
            let piece = &self.bytes[self.next..];
            let piece = &piece[..piece.len().min(buf.len())];
            let (filled, rest) = buf.split_at_mut(piece.len());
            filled.copy_from_slice(piece);
            self.next = (self.next + piece.len()) % self.bytes.len();
            buf = rest;
        }
        Ok(())
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for Repeating {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Repeating", 1).bytes("bytes", &self.bytes).number("next", self.next as u64))
    }

    snapshots!("Repeating", |repeating| repeating.next < repeating.bytes.len());
}
