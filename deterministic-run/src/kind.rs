//! What ended a guest, by names of our own.

use std::fmt;

use deterministic_wasmtime::Error as AdapterError;
use deterministic_wasmtime::core::PolicyError;
use deterministic_wasmtime::http::HandleError;
use serde::{Deserialize, Serialize};
use wasmtime::Trap;

/// Defines the kinds, and their names.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// What ended a guest that could not go on. The names are API: they are in the digests of outcomes and in reports.
        // New ones go to the end: what is kept in caches has their numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum TrapKind {
            $($(#[$doc])* $kind,)*
        }

        impl TrapKind {
            /// Every kind.
            pub const ALL: &[TrapKind] = &[$(TrapKind::$kind),*];

            /// Its name, which is also that of the variant.
            pub const fn name(self) -> &'static str {
                match self {
                    $(TrapKind::$kind => stringify!($kind),)*
                }
            }
        }
    };
}

kinds! {
    /// None of the others: the engine or the host failed.
    HostError,
    /// Its calls went deeper than the limit on call depth.
    CallDepthExceeded,
    /// It called an import that was allowed, and that nobody provides.
    NotProvided,

    // WebAssembly's, and Wasmtime's own.
    /// Call stack exhausted.
    StackOverflow,
    /// Out of bounds memory access.
    MemoryOutOfBounds,
    /// Unaligned atomic.
    HeapMisaligned,
    /// Undefined element: out of bounds table access.
    TableOutOfBounds,
    /// Uninitialized element.
    IndirectCallToNull,
    /// Indirect call type mismatch.
    BadSignature,
    /// Integer overflow.
    IntegerOverflow,
    /// Integer divide by zero.
    IntegerDivisionByZero,
    /// Invalid conversion to integer.
    BadConversionToInteger,
    /// Wasm `unreachable` instruction executed.
    UnreachableCodeReached,
    /// Interrupt.
    Interrupt,
    /// All fuel consumed by WebAssembly.
    OutOfFuel,
    /// Atomic wait on non-shared memory.
    AtomicWaitNonSharedMemory,
    /// Null reference.
    NullReference,
    /// Out of bounds array access.
    ArrayOutOfBounds,
    /// Allocation size too large.
    AllocationTooLarge,
    /// Cast failure.
    CastFailure,
    /// Cannot enter component instance.
    CannotEnterComponent,
    /// Async-lifted export failed to produce a result.
    NoAsyncResult,
    /// Unhandled tag.
    UnhandledTag,
    /// Continuation already consumed.
    ContinuationAlreadyConsumed,
    /// Pulley opcode disabled at compile time was executed.
    DisabledOpcode,
    /// Deadlock detected: event loop cannot make further progress.
    AsyncDeadlock,
    /// Cannot leave component instance.
    CannotLeaveComponent,
    /// Cannot block a synchronous task before returning.
    CannotBlockSyncTask,
    /// Invalid `char` bit pattern.
    InvalidChar,
    /// Should have finished string encoding.
    DebugAssertStringEncodingFinished,
    /// Code units should be equal.
    DebugAssertEqualCodeUnits,
    /// Pointer should be aligned.
    DebugAssertPointerAligned,
    /// Upper bits should be unset.
    DebugAssertUpperBitsUnset,
    /// String content out-of-bounds.
    StringOutOfBounds,
    /// List content out-of-bounds.
    ListOutOfBounds,
    /// Invalid variant discriminant.
    InvalidDiscriminant,
    /// Unaligned pointer.
    UnalignedPointer,
    /// `task.cancel` called by task which has not been cancelled.
    TaskCancelNotCancelled,
    /// `task.return` or `task.cancel` called more than once for current task.
    TaskCancelOrReturnTwice,
    /// `subtask.cancel` called after terminal status delivered.
    SubtaskCancelAfterTerminal,
    /// Invalid `task.return` signature and/or options for current task.
    TaskReturnInvalid,
    /// Cannot drop waitable set with waiters.
    WaitableSetDropHasWaiters,
    /// Cannot drop a subtask which has not yet resolved.
    SubtaskDropNotResolved,
    /// Start function does not match expected type (currently only `(i32) -> ()` is supported).
    ThreadNewIndirectInvalidType,
    /// The start function index points to an uninitialized function.
    ThreadNewIndirectUninitialized,
    /// Backpressure counter overflow.
    BackpressureOverflow,
    /// Unsupported callback code.
    UnsupportedCallbackCode,
    /// Cannot resume thread which is not suspended.
    CannotResumeThread,
    /// Cannot have concurrent operations active on a future/stream.
    ConcurrentFutureStreamOp,
    /// Reference count overflow.
    ReferenceCountOverflow,
    /// Stream read/write count too large.
    StreamOpTooBig,
    /// Waitable cannot be used synchronously while added to a waitable set.
    WaitableSyncAndAsync,
    /// Uncaught exception propagated out of component.
    UncaughtException,

    // A policy's.
    /// The generator refuses secure random bytes.
    RandomRefused,
    /// The clock refuses to be read.
    ClockRefused,
    /// The guest's time came to its limit.
    TimeIsUp,
    /// A scripted clock has no more readings.
    ScriptEnded,
    /// A policy cannot save its state.
    NoSnapshot,
    /// A saved state is not one of the policy's.
    BadSnapshot,
    /// The host could not answer a policy that asks it.
    Host,
    /// An error of an embedder's own policy.
    Other,

    // WASI's.
    /// It waits for something that can never come.
    Deadlock,
    /// It sleeps again and again on a clock that does not move.
    TimeStandsStill,
    /// It sleeps at the end of time.
    EndOfTime,
    /// It exits with a status that WASI 0.1 does not have.
    InvalidExitStatus,
    /// It writes more into a stream than was permitted.
    WriteNotPermitted,
    /// It polls an empty list.
    EmptyPollList,
    /// The host did not give a directory.
    Directory,
    /// The host did not give the contents of a file.
    Files,
    /// A task of WASI 0.3 waits, and nobody lets time pass.
    NotDriven,
    /// The linker had all of WASI 0.1 already.
    WasiAlreadyLinked,
    /// It exports no memory.
    NoMemory,
    /// Its memory is shared between threads.
    SharedMemory,
    /// The clock measures fuel, and none is counted.
    NoFuel,
    /// It asked for too many random bytes at once.
    RandomTooLong,
    /// It makes the host hold more than it may.
    HeldTooMuch,
    /// The host could not give what the limits allow.
    HostExhausted,

    // An HTTP handler's.
    /// It exports no handler.
    NoHandler,
    /// The request names no host.
    NoHost,
    /// The handler returned without a response.
    NoResponse,
    /// The handler answered with an error code.
    Failed,
    /// The handler did not finish the body of its response.
    Incomplete,
}

/// Defines how a kind is told from an error, whose variants have the same names; one that is not known here is a `HostError`.
macro_rules! kind_of {
    ($name:ident, $error:ident, $($kind:ident)*) => {
        pub(crate) fn $name(error: &$error) -> Self {
            match error {
                $($error::$kind { .. } => TrapKind::$kind,)*
                _ => TrapKind::HostError,
            }
        }
    };
}

impl TrapKind {
    kind_of!(
        of_trap, Trap,
        StackOverflow MemoryOutOfBounds HeapMisaligned TableOutOfBounds IndirectCallToNull BadSignature
        IntegerOverflow IntegerDivisionByZero BadConversionToInteger UnreachableCodeReached Interrupt OutOfFuel
        AtomicWaitNonSharedMemory NullReference ArrayOutOfBounds AllocationTooLarge CastFailure CannotEnterComponent
        NoAsyncResult UnhandledTag ContinuationAlreadyConsumed DisabledOpcode AsyncDeadlock CannotLeaveComponent
        CannotBlockSyncTask InvalidChar DebugAssertStringEncodingFinished DebugAssertEqualCodeUnits
        DebugAssertPointerAligned DebugAssertUpperBitsUnset StringOutOfBounds ListOutOfBounds InvalidDiscriminant
        UnalignedPointer TaskCancelNotCancelled TaskCancelOrReturnTwice SubtaskCancelAfterTerminal TaskReturnInvalid
        WaitableSetDropHasWaiters SubtaskDropNotResolved ThreadNewIndirectInvalidType ThreadNewIndirectUninitialized
        BackpressureOverflow UnsupportedCallbackCode CannotResumeThread ConcurrentFutureStreamOp
        ReferenceCountOverflow StreamOpTooBig WaitableSyncAndAsync UncaughtException
    );
    kind_of!(
        of_policy, PolicyError,
        RandomRefused ClockRefused TimeIsUp ScriptEnded NoSnapshot BadSnapshot Host Other
    );
    kind_of!(
        of_adapter, AdapterError,
        Deadlock TimeStandsStill EndOfTime InvalidExitStatus WriteNotPermitted EmptyPollList Directory Files NotDriven
        WasiAlreadyLinked NoMemory SharedMemory NoFuel RandomTooLong HeldTooMuch HostExhausted
    );
    kind_of!(of_handler, HandleError, NoHandler NoHost NoResponse Failed Incomplete);
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names were Wasmtime's own before they were ours, and outcomes were digested with them.
    #[test]
    fn traps_have_the_names_that_they_always_had() {
        let traps: Vec<_> = (0..=u8::MAX).filter_map(Trap::from_u8).collect();
        assert!(traps.len() > 40);
        for trap in traps {
            assert_eq!(TrapKind::of_trap(&trap).name(), format!("{trap:?}"));
        }
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = TrapKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TrapKind::ALL.len());
    }
}
