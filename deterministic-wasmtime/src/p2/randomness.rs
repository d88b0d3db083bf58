//! `wasi:random`.

use deterministic_core::ByteStream;
use deterministic_wasi::reserve;
use wasmtime::Result;
use wasmtime_wasi::p2::bindings::random as bindings;

use crate::component::{linked, p2_name};
use crate::{DeterministicCtxView, Error};

linked! {
    /// `wasi:random/random`: the secure stream.
    random, p2_name!("wasi:random/random");
    get_random_bytes(len) = bindings::random::Host::get_random_bytes;
    get_random_u64() = bindings::random::Host::get_random_u64;
}

linked! {
    /// `wasi:random/insecure`: the insecure stream.
    insecure, p2_name!("wasi:random/insecure");
    get_insecure_random_bytes(len) = bindings::insecure::Host::get_insecure_random_bytes;
    get_insecure_random_u64() = bindings::insecure::Host::get_insecure_random_u64;
}

linked! {
    /// `wasi:random/insecure-seed`: the policies' insecure seed, the same with each call.
    insecure_seed, p2_name!("wasi:random/insecure-seed");
    insecure_seed() = bindings::insecure_seed::Host::insecure_seed;
}

/// The most bytes of one call: wasmtime-wasi's default.
pub(crate) const MAX_RANDOM: u64 = 64 << 20;

/// More than the limit traps in WASI 0.2, as on stock.
fn bytes(stream: &mut ByteStream, len: u64) -> Result<Vec<u8>> {
    if len > MAX_RANDOM {
        return Err(Error::RandomTooLong { len, max: MAX_RANDOM }.into());
    }
    draw(stream, usize::try_from(len)?)
}

/// What guests ask for most: a key, a seed, a number. Zeroed memory from the allocator takes longer than copying these.
const SHORT: usize = 64;

/// The next bytes of the stream, for both versions.
pub(crate) fn draw(stream: &mut ByteStream, len: usize) -> Result<Vec<u8>> {
    if let Some(short) = [0; SHORT].get_mut(..len) {
        stream.fill(short)?;
        return Ok(short.to_vec());
    }
    let mut bytes = reserve::zeroed(len)?;
    stream.fill(&mut bytes)?;
    Ok(bytes)
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
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        let seed = self.ctx.insecure_seed.value_kept();
        // The low half first, as on stock.
        Ok((seed as u64, (seed >> 64) as u64))
    }
}
