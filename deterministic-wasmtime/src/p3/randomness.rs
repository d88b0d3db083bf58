//! `wasi:random`.

use deterministic_core::ByteStream;
use wasmtime::Result;
use wasmtime_wasi::p3::bindings::random as bindings;

use crate::DeterministicCtxView;
use crate::calls::HostCall;
use crate::p2::{MAX_RANDOM, draw, linked};

linked! {
    /// `wasi:random/random`: the secure stream.
    random, wasmtime_wasi::p3::bindings::random::random
}

linked! {
    /// `wasi:random/insecure`: the insecure stream.
    insecure, wasmtime_wasi::p3::bindings::random::insecure
}

linked! {
    /// `wasi:random/insecure-seed`: the policies' insecure seed, the same with each call.
    insecure_seed, wasmtime_wasi::p3::bindings::random::insecure_seed
}

/// More than the limit gives as much as the limit, as on stock: WASI 0.3 allows short answers.
fn bytes(stream: &mut ByteStream, len: u64) -> Result<Vec<u8>> {
    draw(stream, usize::try_from(len.min(MAX_RANDOM))?)
}

impl bindings::random::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.ctx.calls.count(HostCall::get_random_bytes);
        bytes(&mut self.ctx.secure_random, len)
    }

    #[inline]
    fn get_random_u64(&mut self) -> Result<u64> {
        self.ctx.calls.count(HostCall::get_random_u64);
        Ok(self.ctx.secure_random.next_u64()?)
    }
}

impl bindings::insecure::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.ctx.calls.count(HostCall::get_insecure_random_bytes);
        bytes(&mut self.ctx.insecure_random, len)
    }

    #[inline]
    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.ctx.calls.count(HostCall::get_insecure_random_u64);
        Ok(self.ctx.insecure_random.next_u64()?)
    }
}

impl bindings::insecure_seed::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_insecure_seed(&mut self) -> Result<(u64, u64)> {
        self.ctx.calls.count(HostCall::insecure_seed);
        let seed = self.ctx.insecure_seed;
        // The low half first, as on stock.
        Ok((seed as u64, (seed >> 64) as u64))
    }
}
