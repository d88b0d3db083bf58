//! Whose fault an end was.

use deterministic_core::PolicyError;
use deterministic_wasi::ending::Fault;
use wasmtime::component::ResourceTableError;
use wasmtime::{ThrownException, Trap, UnknownImportError};
use wasmtime_wasi::I32Exit;
use wiggle::GuestError;

use super::limits::LimitError;
use crate::Error;
#[cfg(feature = "http")]
use crate::http::HandleError;

/// Tells from the error with which a run ended whose fault that was. An error that is not known here is the machine's.
///
/// | error | fault |
/// |---|---|
/// | `I32Exit` (the guest's exit code), an exception that the guest did not catch | guest |
/// | [`Trap::OutOfFuel`] | guest |
/// | any other [`Trap`] that WebAssembly or the component model defines (unreachable, division, bounds, …) | guest |
/// | [`Trap::StackOverflow`]: its place depends on compiler and processor | machine |
/// | [`Trap::Interrupt`]: epochs | machine |
/// | traps that tell of a mistake in Wasmtime or of how it was built (`DisabledOpcode`, `DebugAssert…`), unknown ones | machine |
/// | [`Error`]: `Deadlock`, `TimeStandsStill`, `EndOfTime`, `EmptyPollList`, `InvalidExitStatus`, `NoMemory`, `RandomTooLong`, `WriteNotPermitted`, `HeldTooMuch` | guest |
/// | [`Error`]: `HostExhausted`, `Stopped`, `Directory`, `Files`, `NotDriven`, `NoFuel`, `WasiAlreadyLinked`, `SharedMemory` | machine |
/// | `http::HandleError`: `NoResponse`, `Failed`, `Incomplete` | guest |
/// | `http::HandleError`: `NoHandler`, `NoHost` | machine |
/// | [`PolicyError`]: `RandomRefused`, `ClockRefused`, `ScriptEnded`, `TimeIsUp` | guest |
/// | [`PolicyError`]: `Host`, those of snapshots, an embedder's own | machine |
/// | a pointer of WASI 0.1 outside of the memory, a resource that the guest does not have or may not drop | guest |
/// | an import that nothing was linked to, [`LimitError::Exceeded`] before the start | guest |
/// | a host without memory, a full heap for garbage-collected objects, texts of Wasmtime's, all others | machine |
///
/// A heap for garbage-collected objects that is full is the machine's, because Wasmtime does not tell whether the limits
/// or the host refused it.
pub fn fault_of(error: &wasmtime::Error) -> Fault {
    if let Some(trap) = error.downcast_ref() {
        return trap_fault(*trap);
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.into();
    }
    if let Some(error) = error.downcast_ref::<PolicyError>() {
        return error.into();
    }
    #[cfg(feature = "http")]
    if let Some(error) = error.downcast_ref() {
        return handler_fault(error);
    }
    let guest = error.is::<I32Exit>()
        || error.is::<ThrownException>()
        || error.is::<UnknownImportError>()
        || error.is::<deterministic_wasi::p1::GuestError>()
        // Of the functions of stock, which an embedder may have linked.
        || error.is::<GuestError>()
        || error.is::<ResourceTableError>()
        || matches!(error.downcast_ref(), Some(LimitError::Exceeded { .. }));
    if guest { Fault::Guest } else { Fault::Machine }
}

fn trap_fault(trap: Trap) -> Fault {
    match trap {
        Trap::MemoryOutOfBounds
        | Trap::HeapMisaligned
        | Trap::TableOutOfBounds
        | Trap::IndirectCallToNull
        | Trap::BadSignature
        | Trap::IntegerOverflow
        | Trap::IntegerDivisionByZero
        | Trap::BadConversionToInteger
        | Trap::UnreachableCodeReached
        | Trap::OutOfFuel
        | Trap::AtomicWaitNonSharedMemory
        | Trap::NullReference
        | Trap::ArrayOutOfBounds
        | Trap::AllocationTooLarge
        | Trap::CastFailure
        | Trap::UnhandledTag
        | Trap::ContinuationAlreadyConsumed
        | Trap::UncaughtException => Fault::Guest,
        // The component model's.
        Trap::CannotEnterComponent
        | Trap::NoAsyncResult
        | Trap::AsyncDeadlock
        | Trap::CannotLeaveComponent
        | Trap::CannotBlockSyncTask
        | Trap::InvalidChar
        | Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidDiscriminant
        | Trap::UnalignedPointer
        | Trap::TaskCancelNotCancelled
        | Trap::TaskCancelOrReturnTwice
        | Trap::SubtaskCancelAfterTerminal
        | Trap::TaskReturnInvalid
        | Trap::WaitableSetDropHasWaiters
        | Trap::SubtaskDropNotResolved
        | Trap::ThreadNewIndirectInvalidType
        | Trap::ThreadNewIndirectUninitialized
        | Trap::BackpressureOverflow
        | Trap::UnsupportedCallbackCode
        | Trap::CannotResumeThread
        | Trap::ConcurrentFutureStreamOp
        | Trap::ReferenceCountOverflow
        | Trap::StreamOpTooBig
        | Trap::WaitableSyncAndAsync => Fault::Guest,
        Trap::StackOverflow
        | Trap::Interrupt
        | Trap::DisabledOpcode
        | Trap::DebugAssertStringEncodingFinished
        | Trap::DebugAssertEqualCodeUnits
        | Trap::DebugAssertPointerAligned
        | Trap::DebugAssertUpperBitsUnset => Fault::Machine,
        _ => Fault::Machine,
    }
}

#[cfg(feature = "http")]
fn handler_fault(error: &HandleError) -> Fault {
    match error {
        HandleError::NoResponse | HandleError::Failed(_) | HandleError::Incomplete(_) => Fault::Guest,
        // Mistakes of the embedder's.
        HandleError::NoHandler | HandleError::NoHost => Fault::Machine,
    }
}
