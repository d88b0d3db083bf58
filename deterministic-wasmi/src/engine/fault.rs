//! Whose fault an end was.

use deterministic_wasi::ending::Fault;
use wasmi::TrapCode;
use wasmi::errors::{ErrorKind, InstantiationError, LinkerError};

use crate::Ended;

/// Tells from the error with which a run ended whose fault that was. An error that is not known here is the machine's.
///
/// | error | fault |
/// |---|---|
/// | `i32_exit_status` (the guest's exit code) | guest |
/// | [`TrapCode::OutOfFuel`], any other that WebAssembly defines (unreachable, division, bounds, …): see [`trap_of`] | guest |
/// | [`TrapCode::StackOverflow`]: where that is, another engine decides in another way | machine |
/// | [`TrapCode::GrowthOperationLimited`], [`TrapCode::OutOfSystemMemory`]: the host did not give what [`Limits`](super::Limits) allow | machine |
/// | [`Ended`]: as [`Fault`] has it from its kind | guest or machine |
/// | an import that nothing was linked to | guest |
/// | an embedder's own, modules that are refused, instantiations that fail, all others | machine |
pub fn fault_of(error: &wasmi::Error) -> Fault {
    if let Some(trap) = trap_of(error) {
        return trap_fault(trap);
    }
    match error.kind() {
        ErrorKind::I32ExitStatus(_) | ErrorKind::Linker(LinkerError::MissingDefinition { .. }) => Fault::Guest,
        ErrorKind::Host(_) => error.downcast_ref::<Ended>().map_or(Fault::Machine, |ended| Fault::from(ended.kind())),
        _ => Fault::Machine,
    }
}

/// Which trap of WebAssembly's the error is, if it is one. A segment of elements that does not fit into its table is one, for which
/// wasmi has an error of its own.
pub fn trap_of(error: &wasmi::Error) -> Option<TrapCode> {
    match error.kind() {
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Some(TrapCode::TableOutOfBounds)
        }
        _ => error.as_trap_code(),
    }
}

fn trap_fault(trap: TrapCode) -> Fault {
    match trap {
        TrapCode::UnreachableCodeReached
        | TrapCode::MemoryOutOfBounds
        | TrapCode::TableOutOfBounds
        | TrapCode::IndirectCallToNull
        | TrapCode::IntegerDivisionByZero
        | TrapCode::IntegerOverflow
        | TrapCode::BadConversionToInteger
        | TrapCode::BadSignature
        | TrapCode::OutOfFuel => Fault::Guest,
        TrapCode::StackOverflow | TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => Fault::Machine,
    }
}
