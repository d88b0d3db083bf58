//! Levels of optimisation by name: Cranelift's names, and those of `wasmtime run`.

use wasmtime::OptLevel;

/// A level has no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose one of: none, speed, speed-and-size")]
pub struct UnknownOptLevel;

/// The level of this name: `none` or `0`, `speed` or `1` or `2`, `speed-and-size` or `speed_and_size` or `s`.
///
/// # Errors
///
/// [`UnknownOptLevel`].
pub fn opt_level(name: &str) -> Result<OptLevel, UnknownOptLevel> {
    match name {
        "none" | "0" => Ok(OptLevel::None),
        "speed" | "1" | "2" => Ok(OptLevel::Speed),
        "speed-and-size" | "speed_and_size" | "s" => Ok(OptLevel::SpeedAndSize),
        _ => Err(UnknownOptLevel),
    }
}

/// The first of its names.
pub fn opt_level_name(level: OptLevel) -> &'static str {
    match level {
        OptLevel::None => "none",
        OptLevel::Speed => "speed",
        OptLevel::SpeedAndSize => "speed-and-size",
        _ => "unknown",
    }
}
