//! `wasi:random`.

use deterministic_core::ByteStream;
use wasmtime::Result;
use wasmtime_wasi::p3::bindings::random as bindings;

use crate::DeterministicCtxView;
use crate::component::{linked, p3_name};
use crate::p2::{MAX_RANDOM, draw};

linked! {
    /// `wasi:random/random`: the secure stream.
    random, p3_name!("wasi:random/random");
    get_random_bytes(len) = bindings::random::Host::get_random_bytes;
    get_random_u64() = bindings::random::Host::get_random_u64;
}

linked! {
    /// `wasi:random/insecure`: the insecure stream.
    insecure, p3_name!("wasi:random/insecure");
    get_insecure_random_bytes(len) = bindings::insecure::Host::get_insecure_random_bytes;
    get_insecure_random_u64() = bindings::insecure::Host::get_insecure_random_u64;
}

linked! {
    /// `wasi:random/insecure-seed`: the policies' insecure seed, the same with each call.
    insecure_seed, p3_name!("wasi:random/insecure-seed");
    get_insecure_seed() = bindings::insecure_seed::Host::get_insecure_seed;
}

/// More than the limit gives as much as the limit, as on stock: WASI 0.3 allows short answers.
fn bytes(stream: &mut ByteStream, len: u64) -> Result<Vec<u8>> {
    draw(stream, usize::try_from(len.min(MAX_RANDOM))?)
}

impl bindings::random::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(&mut self.ctx.secure_random, len)
    }

    #[inline]
    fn get_random_u64(&mut self) -> Result<u64> {
        Ok(self.ctx.secure_random.next_u64()?)
    }
}

impl bindings::insecure::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(&mut self.ctx.insecure_random, len)
    }

    #[inline]
    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        Ok(self.ctx.insecure_random.next_u64()?)
    }
}

impl bindings::insecure_seed::Host for DeterministicCtxView<'_> {
    #[inline]
    fn get_insecure_seed(&mut self) -> Result<(u64, u64)> {
        let seed = self.ctx.insecure_seed.value_kept();
        // The low half first, as on stock.
        Ok((seed as u64, (seed >> 64) as u64))
    }
}
