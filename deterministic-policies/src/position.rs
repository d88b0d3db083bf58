//! A ChaCha generator as serde sees it: its key and how far it is. rand_chacha's own serialisation needs an operating
//! system.

use rand_chacha::{ChaCha8Rng, ChaCha12Rng, ChaCha20Rng};
use rand_core::SeedableRng;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

pub(crate) trait Position: SeedableRng<Seed = [u8; 32]> {
    /// The key, and the position in words of 32 bits.
    fn get(&self) -> ([u8; 32], u128);
    fn set(&mut self, position: u128);
}

macro_rules! position {
    ($($rng:ident)*) => {$(
        impl Position for $rng {
            fn get(&self) -> ([u8; 32], u128) {
                (self.get_seed(), self.get_word_pos())
            }

            fn set(&mut self, position: u128) {
                self.set_word_pos(position);
            }
        }
    )*};
}

position! { ChaCha8Rng ChaCha12Rng ChaCha20Rng }

pub(crate) fn serialize<R: Position, S: Serializer>(rng: &R, serializer: S) -> Result<S::Ok, S::Error> {
    rng.get().serialize(serializer)
}

pub(crate) fn deserialize<'de, R: Position, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    let (key, position) = Deserialize::deserialize(deserializer)?;
    let mut rng = R::from_seed(key);
    rng.set(position);
    Ok(rng)
}
