//! The streams of the default bundle, made when they are first drawn from.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

use crate::{ChaCha8, Description, Policy, PolicyError, Rng, Seed, Undescribed};

/// [`ChaCha8`] of a seed and a consumer's name. Few guests draw from both streams, many from none, and deriving a key takes
/// a good part of the time in which a store is made.
pub(crate) struct LazyChaCha8 {
    seed: Seed,
    name: &'static str,
    // In a box of its own, so that a context that never draws is small.
    made: Option<Box<ChaCha8>>,
}

impl LazyChaCha8 {
    #[inline]
    pub(crate) fn new(seed: Seed, name: &'static str) -> Self {
        LazyChaCha8 { seed, name, made: None }
    }

    #[inline]
    fn rng(&mut self) -> &mut ChaCha8 {
        let LazyChaCha8 { seed, name, made } = self;
        match made {
            Some(rng) => rng,
            none => none.insert(Box::new(first(seed, name))),
        }
    }

    /// To look at it is no reason to keep it.
    fn look<T>(&self, at: impl FnOnce(&ChaCha8) -> T) -> T {
        match &self.made {
            Some(rng) => at(rng),
            None => at(&first(&self.seed, self.name)),
        }
    }
}

#[cold]
fn first(seed: &Seed, name: &str) -> ChaCha8 {
    ChaCha8::new(seed, name)
}

impl Rng for LazyChaCha8 {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.rng().fill(buf)
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        self.rng().draw_u64()
    }

    fn word(&self) -> NonZeroUsize {
        ChaCha8::WORD
    }
}

impl Policy for LazyChaCha8 {
    fn describe(&self) -> Result<Description, Undescribed> {
        self.look(ChaCha8::describe)
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        self.look(ChaCha8::save)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.rng().restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_it_puts_off() {
        let seed = Seed::from_u64(7);
        let (mut lazy, mut rng) = (LazyChaCha8::new(seed, "secure"), ChaCha8::new(&seed, "secure"));
        assert_eq!(lazy.word(), rng.word());
        for _ in 0..2 {
            assert_eq!(lazy.save().unwrap(), rng.save().unwrap());
            assert_eq!(lazy.describe().unwrap(), rng.describe().unwrap());
            let (mut a, mut b) = ([0; 24], [0; 24]);
            lazy.fill(&mut a).unwrap();
            rng.fill(&mut b).unwrap();
            assert_eq!((a, lazy.draw_u64().unwrap()), (b, rng.draw_u64().unwrap()));
        }
        let mut other = LazyChaCha8::new(Seed::default(), "insecure");
        assert!(other.restore(&[0; 47]).is_err());
        other.restore(&rng.save().unwrap()).unwrap();
        assert_eq!(other.draw_u64().unwrap(), rng.draw_u64().unwrap());
    }
}
