//! wasi-common's random source.

use std::sync::Arc;

use deterministic_wasi::HostCall;
use rand_core::{Error, RngCore};

use crate::shared::Shared;

/// The secure stream of the policies. A guest that is refused gets `EIO`, since wasi-common has no other answer.
pub(crate) struct Random(pub(crate) Arc<Shared>);

impl RngCore for Random {
    // Nothing in wasi-common asks for numbers.
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Zeros where the policy refuses, and the failure is kept: this cannot say so.
    fn fill_bytes(&mut self, buf: &mut [u8]) {
        let _ = self.try_fill_bytes(buf);
    }

    fn try_fill_bytes(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        let filled = self.0.answer(HostCall::random_get, |state| Ok(state.random.fill(buf)?));
        filled.map_err(|failure| {
            // Nobody takes half an answer for one.
            buf.fill(0);
            Error::new(failure)
        })
    }
}
