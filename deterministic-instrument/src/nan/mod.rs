//! The same bits of a NaN on every engine.
//!
//! WebAssembly lets an engine choose the sign and the payload of a NaN that arithmetic makes, and engines and processors do choose
//! differently; a guest sees it as soon as it stores the number. [`canonicalize_nans`] puts into a core module, or into each of
//! those in a component, what makes every such NaN the canonical one: `0x7fc00000` for `f32`, `0x7ff8000000000000` for `f64`, and
//! the same in each lane of a vector. Wasmtime does that while it compiles, if `Config::cranelift_nan_canonicalization` is on; what
//! comes out of here gives the same bits on an engine that has no such setting, or has it for a whole build only, as wasmi 2.
//!
//! # What is made canonical
//!
//! The results that Cranelift 0.135 (Wasmtime 48) makes canonical, for `f32`, `f64`, `f32x4` and `f64x2`: of `add`, `sub`, `mul`,
//! `div`, `min`, `max`, `sqrt`, `ceil`, `floor`, `trunc`, `nearest`; of `demote` and `promote`; and of the relaxed `madd`, `nmadd`,
//! `min` and `max`. What only moves bits keeps them, as WebAssembly wants it: `neg`, `abs`, `copysign`, `pmin`, `pmax`, constants, loads,
//! reinterpretation, `select`, and numbers that the host gives.
//!
//! A result whose bits nobody can see is left as it is: that which the next arithmetic, comparison or truncation to an integer
//! takes from the operand stack, and nothing else. So `a * b + c` costs one check, not two.
//!
//! Which of their allowed results the relaxed instructions give is still the engine's choice, but for the bits of a NaN.
//!
//! # What else changes
//!
//! No index moves: functions get up to three more locals, behind their own. A function without such an instruction stays as it was,
//! byte for byte, and so does a module without. In a module that changes, custom sections that hold offsets into the code would be
//! wrong and are dropped: `.debug_*` and the other keys to DWARF, source maps, `metadata.code.*` (branch hints), relocations, and the
//! label names in `name`. All other names stay.
//!
//! # What it costs
//!
//! On arithmetic and hardly anything else a third more code, and on Wasmtime less time than its own setting; the figures are in the
//! repository, in `benches/README.md`.
//!
//! It goes with the other rewritings in any order. Twice is once, but for the time it takes.

mod analyse;
mod error;
mod operators;
mod rewrite;

pub use error::NanError;

use wasmparser::{Parser, Validator};

use crate::{component, rewriting};

/// Makes every NaN that the arithmetic of the core module `wasm`, or of each in the component `wasm`, can show the canonical one. See
/// the [module](self).
///
/// The result is a valid module or component; the same input gives the same bytes.
///
/// # Errors
///
/// See [`NanError`].
pub fn canonicalize_nans(wasm: &[u8]) -> Result<Vec<u8>, NanError> {
    if !Parser::is_component(wasm) {
        return module(wasm);
    }
    Validator::new_with_features(analyse::FEATURES).validate_all(wasm)?;
    if !component::is_shallow(wasm)? {
        return Err(NanError::NestedTooDeep(component::MAX_NESTING));
    }
    let canonical = component::map_modules(wasm, &mut module)?;
    Validator::new_with_features(analyse::FEATURES).validate_all(&canonical).map_err(NanError::NoRoom)?;
    Ok(canonical)
}

/// One core module.
fn module(wasm: &[u8]) -> Result<Vec<u8>, NanError> {
    let bodies = analyse::analyse(wasm)?;
    if bodies.iter().all(|body| body.sites.is_empty()) {
        return Ok(wasm.to_vec());
    }
    let canonical = rewriting::rewrite(wasm, &mut rewrite::Rewriter::new(bodies)).map_err(NanError::Encode)?;
    // The input was valid, so what can fail now is room: the implementation limits that all engines share.
    Validator::new_with_features(analyse::FEATURES).validate_all(&canonical).map_err(NanError::NoRoom)?;
    Ok(canonical)
}
