//! Why a guest on wasmi ended.

use deterministic_wasmi::engine::{Fault, fault_of, trap_of};
use deterministic_wasmtime::wasi;
use wasmi::TrapCode;
use wasmi::errors::{ErrorKind, HostError};

use crate::ended::{NotProvided, Stopped, too_deep_words};
use crate::kind::TrapKind;
use crate::text::one_line;
use crate::{Ended, Trap};

impl HostError for NotProvided {}

/// wasmi's error as one of Wasmtime's, for what says why a guest cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Foreign(pub(super) wasmi::Error);

/// Whether a guest that was being instantiated ended itself, or could not be.
pub(super) fn is_the_guests(error: &wasmi::Error) -> bool {
    trap_of(error).is_some() || matches!(error.kind(), ErrorKind::I32ExitStatus(_) | ErrorKind::Host(_))
}

/// Reads it from what calling the guest returned.
pub(super) fn of(error: &wasmi::Error, too_deep: bool) -> Ended {
    if let Some(code) = error.i32_exit_status() {
        return Ended::Exit(code);
    }
    if let Some(ended) = error.downcast_ref::<deterministic_wasmi::Ended>()
        && let wasi::TrapKind::Error(ended) = ended.kind()
        && let Some(stopped) = Stopped::by(ended)
    {
        return Ended::Stopped(stopped);
    }
    let (kind, message) = if too_deep {
        too_deep_words()
    } else if let Some(trap) = trap_of(error) {
        of_trap(trap, error)
    } else if let Some(ended) = error.downcast_ref::<deterministic_wasmi::Ended>() {
        let kind = match ended.kind() {
            wasi::TrapKind::Error(error) => TrapKind::of_adapter(error),
            wasi::TrapKind::Policy(refused) => TrapKind::of_policy(refused),
            _ => TrapKind::HostError,
        };
        (kind, ended.kind().to_string())
    } else if let Some(missing) = error.downcast_ref::<NotProvided>() {
        (TrapKind::NotProvided, missing.to_string())
    } else {
        (TrapKind::HostError, error.to_string())
    };
    // Nobody provides such an import anywhere.
    let same_anywhere = kind == TrapKind::NotProvided || fault_of(error) == Fault::Guest;
    Ended::Trap(Trap { kind, message: one_line(&message), frames: None, same_anywhere })
}

/// As Wasmtime has it, and with its words.
fn of_trap(trap: TrapCode, error: &wasmi::Error) -> (TrapKind, String) {
    let same = match trap {
        TrapCode::UnreachableCodeReached => wasmtime::Trap::UnreachableCodeReached,
        TrapCode::MemoryOutOfBounds => wasmtime::Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => wasmtime::Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => wasmtime::Trap::IndirectCallToNull,
        TrapCode::IntegerDivisionByZero => wasmtime::Trap::IntegerDivisionByZero,
        TrapCode::IntegerOverflow => wasmtime::Trap::IntegerOverflow,
        TrapCode::BadConversionToInteger => wasmtime::Trap::BadConversionToInteger,
        TrapCode::StackOverflow => wasmtime::Trap::StackOverflow,
        TrapCode::BadSignature => wasmtime::Trap::BadSignature,
        TrapCode::OutOfFuel => wasmtime::Trap::OutOfFuel,
        // On Wasmtime, that is an error of the limits.
        TrapCode::GrowthOperationLimited => return (TrapKind::HostExhausted, error.to_string()),
        TrapCode::OutOfSystemMemory => return (TrapKind::HostExhausted, error.to_string()),
    };
    (TrapKind::of_trap(&same), same.to_string())
}
