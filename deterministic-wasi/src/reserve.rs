//! The host's memory for what a guest asks for in one call.
//!
//! The guest chooses how much that is, but must not learn whether the host has it: memory that the host does not have
//! is [`Error::HostExhausted`], never an answer and never the end of the process.

use std::collections::TryReserveError;

use crate::error::{Error, Resource};

/// What is not asked for beforehand: as much as a call takes anyway.
const SMALL: usize = 16 << 10;

/// The host did not give memory: the error to end the guest with.
#[cold]
pub fn exhausted(error: TryReserveError) -> Error {
    Error::HostExhausted { resource: Resource::Buffers, reason: error.to_string() }
}

/// Fails if the host has no `bytes` to give at this moment. For what can only be made in a way that ends the process if it
/// fails.
///
/// # Errors
///
/// [`Error::HostExhausted`].
#[inline]
pub fn probe(bytes: usize) -> Result<(), Error> {
    if bytes <= SMALL { Ok(()) } else { ask(bytes) }
}

fn ask(bytes: usize) -> Result<(), Error> {
    let mut probe: Vec<u8> = Vec::new();
    probe.try_reserve_exact(bytes).map_err(exhausted)?;
    // Hidden, so that asking is not optimised away.
    drop(std::hint::black_box(probe));
    Ok(())
}

/// `len` zeros, to be read into.
///
/// # Errors
///
/// [`Error::HostExhausted`] if the host has no such memory.
#[inline]
pub fn zeroed(len: usize) -> Result<Vec<u8>, Error> {
    probe(len)?;
    // The allocator has memory that is zero already, which `Vec::resize` would write to.
    Ok(vec![0; len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_host_has_is_an_error() {
        assert_eq!(zeroed(100_000).unwrap(), vec![0; 100_000]);
        assert!(matches!(zeroed(isize::MAX as usize), Err(Error::HostExhausted { resource: Resource::Buffers, .. })));
        assert!(probe(usize::MAX).is_err());
    }
}
