//! The host's entropy.

use alloc::string::ToString;
use alloc::vec::Vec;

use deterministic_core::{Description, PolicyError, Rng, Undescribed};

/// The operating system's random bytes. **Not deterministic**: for recording a run and for measuring against. There is
/// no snapshot of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostRng;

impl Rng for HostRng {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        getrandom::fill(buf).map_err(|error| PolicyError::Host { what: "random bytes", reason: error.to_string() })
    }

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
