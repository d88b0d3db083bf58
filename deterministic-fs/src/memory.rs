//! Memory that the host may not have.
//!
//! How much a run needs is the guest's choice, and whether the host has it is none of the guest's business: what cannot be
//! had is [`Error::Exhausted`], never a code for the guest and never the end of the process.

use std::collections::TryReserveError;

use crate::error::{Error, Result};

/// More than the small things take together that are made by one operation: a name, an object, a place in a directory.
const SMALL: usize = 16 << 10;

impl From<TryReserveError> for Error {
    fn from(error: TryReserveError) -> Self {
        Error::Exhausted { what: "memory", reason: error.to_string() }
    }
}

/// Fails if the host has no `bytes` to give at this moment. For what can only be made in a way that ends the process if it
/// fails: reference-counted slices, maps, small objects.
pub(crate) fn probe(bytes: usize) -> Result<()> {
    let mut probe: Vec<u8> = Vec::new();
    probe.try_reserve_exact(bytes)?;
    // Hidden, so that asking is not optimised away.
    drop(std::hint::black_box(probe));
    Ok(())
}

/// The same for a handful of small things.
pub(crate) fn probe_small() -> Result<()> {
    probe(SMALL)
}

/// One more place in `list`, so that pushing cannot fail.
pub(crate) fn room_for_one<T>(list: &mut Vec<T>) -> Result<()> {
    Ok(list.try_reserve(1)?)
}
