//! A core module that counts where its fuel goes.
//!
//! Nobody else sees that: the module gets two counters for each function it defines, calls and fuel, in globals behind its own.
//! What is counted is what Wasmtime 48 counts: a unit for each instruction but the free ones, one for each call of a function,
//! and one for each byte or element of what works in bulk. What an engine takes to set up tables is not in it, nor are
//! imported functions. The guest cannot tell: its memory, its calls and their answers are as without.

mod rewrite;

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::summary::Summary;

/// A module that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profiled {
    /// The module.
    pub wasm: Vec<u8>,
    /// How many functions it imports, which are not counted and come first in the module's numbering.
    pub imported: u32,
    /// The functions it defines: the name of each, where the name section has one. As the guest has them, of any length.
    pub names: Vec<Option<String>>,
}

/// Why a module cannot count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The bytes are no core module; the source says where. Give a module that an engine takes.
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    /// The module could not be encoded again; the source says why. It is run without, or not at all.
    #[error("it cannot be rewritten to be profiled: {0}")]
    Encode(#[from] wasm_encoder::reencode::Error),
}

/// The exported globals, each an `i64` without a sign, in which the function at `index` among those that the module defines
/// counts its calls, and its fuel without that of the functions it calls.
pub fn counters(index: usize) -> [String; 2] {
    [format!("detwasi:calls:{index}"), format!("detwasi:fuel:{index}")]
}

/// Has the valid core module `wasm` count.
///
/// # Errors
///
/// See [`ProfileError`]. What is given must be valid: of what is not, the result is not. Nor is it if the module has exports
/// by the names of [`counters`], or so many globals that there is no room for more.
pub fn add_counters(wasm: &[u8]) -> Result<Profiled, ProfileError> {
    let summary = Summary::read(wasm)?;
    let (imported, names) = (summary.imported(), names(wasm, &summary)?);
    Ok(Profiled { wasm: rewrite::rewrite(wasm, summary)?, imported, names })
}

/// The names of the functions that are defined. A name section that cannot be read says nothing, and is no fault of the
/// module's.
fn names(wasm: &[u8], summary: &Summary) -> wasmparser::Result<Vec<Option<String>>> {
    let mut all = vec![None; summary.signatures.len()];
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(section) = section.as_known() else { continue };
        for names in section.into_iter().map_while(Result::ok) {
            let Name::Function(names) = names else { continue };
            for naming in names.into_iter().map_while(Result::ok) {
                let place = naming.index.checked_sub(summary.imported()).and_then(|at| all.get_mut(at as usize));
                if let Some(place) = place {
                    *place = Some(naming.name.to_owned());
                }
            }
        }
    }
    Ok(all)
}
