//! `--profile`: how much of its fuel a core module spends in each of its functions.
//!
//! The module counts for itself, since nobody else sees where fuel goes: it is written anew with two counters for each
//! function, calls and fuel, in globals behind its own. What is counted is what the engine would count with `--fuel`: a
//! unit for each instruction but the free ones, one for each call of a function, and one for each byte or element of what
//! works in bulk. So the sum is `fuel_consumed` of the same run, but for what the engine takes to set up tables, and no clock or sample has a part in it. The
//! guest cannot tell: its memory, its calls and their answers are as without.

mod read;
mod rewrite;

use serde::Serialize;
use wasmtime::{AsContextMut, Instance, Val};

use self::read::Shape;
use crate::frames::demangled;

/// The names of the two counters of the function at `index` among those that the module defines.
fn exports(index: usize) -> [String; 2] {
    [format!("detwasi:calls:{index}"), format!("detwasi:fuel:{index}")]
}

/// A module that counts.
#[derive(Debug)]
pub(crate) struct Profiled {
    pub(crate) wasm: Vec<u8>,
    /// How many functions were imported, which are not counted.
    imported: u32,
    /// The names of those that are, as far as they have any.
    names: Vec<Option<String>>,
}

/// What was spent in a function itself, without those that it calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// Its name as its source has it, if that is known.
    function: Option<String>,
    /// Its number in the module, as in a guest's frames.
    index: u32,
    calls: u64,
    fuel: u64,
}

/// Why a module cannot count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    #[error("it cannot be written anew to be profiled: {0}")]
    Encode(#[from] wasm_encoder::reencode::Error),
}

impl Profiled {
    /// Has the valid core module `wasm` count.
    pub(crate) fn new(wasm: &[u8]) -> Result<Self, ProfileError> {
        let mut shape = Shape::read(wasm)?;
        let (imported, names) = (shape.imported, std::mem::take(&mut shape.names));
        let functions = names.len();
        Ok(Profiled { wasm: rewrite::rewrite(wasm, shape, functions)?, imported, names })
    }

    /// What was counted in `instance`: the functions that were called, those first in which most was spent.
    pub(crate) fn lines(&self, instance: &Instance, mut store: impl AsContextMut) -> Vec<Line> {
        let mut lines: Vec<_> = self
            .names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                let [calls, fuel] = exports(at).map(|name| {
                    let global = instance.get_global(&mut store, &name)?;
                    match global.get(&mut store) {
                        Val::I64(count) => Some(count.cast_unsigned()),
                        _ => None,
                    }
                });
                let function = name.as_deref().map(demangled);
                Some(Line { function, index: self.imported + u32::try_from(at).ok()?, calls: calls?, fuel: fuel? })
            })
            .filter(|line| line.calls > 0)
            .collect();
        lines.sort_by(|a, b| b.fuel.cmp(&a.fuel).then(a.index.cmp(&b.index)));
        lines
    }
}
