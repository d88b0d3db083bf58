//! The host's entropy.

use core::num::NonZeroUsize;

use alloc::string::ToString;
use alloc::vec::Vec;

use deterministic_core::{Description, Policy, PolicyError, Rng, Undescribed, next_bytes_as_u64};

/// The operating system's random bytes. **Not deterministic**: for recording a run and for measuring against. There is
/// no snapshot of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostRng;

impl Rng for HostRng {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        getrandom::fill(buf).map_err(|error| PolicyError::Host { what: "random bytes", reason: error.to_string() })
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for HostRng {
    fn describe(&self) -> Result<Description, Undescribed> {
        Err(Undescribed::TouchesHost { policy: "HostRng" })
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        Err(PolicyError::NoSnapshot { policy: "HostRng" })
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), PolicyError> {
        Err(PolicyError::NoSnapshot { policy: "HostRng" })
    }
}
