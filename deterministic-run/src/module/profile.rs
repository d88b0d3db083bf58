//! How much of its fuel a core module spends in each of its functions.
//!
//! The module counts for itself ([`deterministic_instrument::profile`]), so the sum is `fuel_consumed` of the same run, but for
//! what the engine takes to set up tables, and no clock or sample has a part in it.

use deterministic_instrument::profile::{Profiled, counters};
use serde::Serialize;

use crate::frames::demangled;

/// What was spent in a function of a core module itself, without those that it calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileLine {
    /// Its name as its source has it, if that is known.
    pub function: Option<String>,
    /// Its number in the module, as in a guest's frames.
    pub index: u32,
    /// How often it was called.
    pub calls: u64,
    /// How much fuel it spent.
    pub fuel: u64,
}

/// What was counted in an instance of it: the functions that were called, those first in which most was spent. `global` reads an
/// exported one of it, of type `i64`.
pub(crate) fn lines(profiled: &Profiled, mut global: impl FnMut(&str) -> Option<i64>) -> Vec<ProfileLine> {
    let mut lines: Vec<_> = profiled
        .names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let [calls, fuel] = counters(at).map(|name| global(&name).map(i64::cast_unsigned));
            let function = name.as_deref().map(demangled);
            Some(ProfileLine {
                function,
                index: profiled.imported + u32::try_from(at).ok()?,
                calls: calls?,
                fuel: fuel?,
            })
        })
        .filter(|line| line.calls > 0)
        .collect();
    lines.sort_by(|a, b| b.fuel.cmp(&a.fuel).then(a.index.cmp(&b.index)));
    lines
}
