//! What is hashed by `std`'s trait, hashed by BLAKE3: `std`'s own may change with a release of Rust.

use std::hash::Hasher;

#[derive(Default)]
pub(super) struct Blake3(blake3::Hasher);

impl Blake3 {
    pub(super) fn digest(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Only asked for by the trait.
    fn finish(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|i| self.digest()[i]))
    }
}
