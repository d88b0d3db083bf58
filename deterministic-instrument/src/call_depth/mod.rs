//! A limit on call depth that is the same on every compiler and processor.
//!
//! How deep a guest can call before the host's stack is full depends on the compiler, its optimisation level and the
//! processor. [`limit_call_depth`] and [`limit_call_depth_by`] put a counter into a core module, or into each of those in a
//! component, before it is compiled: past the limit the guest traps, at the same call everywhere, and the depth depends on
//! nothing but the guest and the limit.
//!
//! # What is counted
//!
//! The depth is the sum of the costs of all functions of the module that are on the stack. Every function defined in
//! the module counts, whether it is called directly, through a table or a reference, from the host, or as the start
//! function; leaf functions too. Imported functions do not count, but a host function that calls the guest again
//! continues at the depth at which it was called. A tail call replaces its caller, in the count as on the stack.
//! An exception takes the frames it unwinds out of the count. Calling a function that would take the depth past the
//! limit traps before any of that function's own code runs.
//!
//! Each instance of a module counts by itself, those in a component too: [`module_instances`] says how many there are, among
//! which to share out what the host's stack has. What joins components together is not counted, and takes from the same
//! stack.
//!
//! What a function costs is chosen by [`CallCost`]: 1, or by the size of its frame. With the latter and
//! [`units_for_stack`] the limit comes before the host's stack ends.
//!
//! # Telling the trap apart
//!
//! The trap is an `unreachable` in an added function of its own, named [`EXCEEDED_FUNCTION`], to which no guest code
//! can refer; the name is taken away from any guest function that has it. So the first frame of Wasmtime's
//! `WasmBacktrace` tells, also in a start function and inside a component, if backtraces are on and functions are not
//! inlined: see [`is_exceeded_function`]. Where the instance is at hand, the exported global [`CALL_DEPTH_EXPORT`]
//! tells in any configuration: see [`is_call_depth_exceeded`].
//!
//! # After a trap
//!
//! A trap runs no guest code on its way out, so the counter stays where the trap found it, or at [`EXCEEDED`]. An
//! embedder that goes on with the instance sets [`CALL_DEPTH_EXPORT`] to 0 first. So does one that received an
//! exception the guest did not catch. Without that the depth left is smaller (none after [`EXCEEDED`]), never larger,
//! and the same everywhere. A host function that calls the guest again and swallows its trap should put the global back
//! to what it was before that call; otherwise it is put right when the guest function that called the host returns.
//!
//! # What else changes
//!
//! Existing indices do not move: one global, one function, its export and some types are added at the ends of their
//! index spaces, and some functions get one more local. Custom sections that hold offsets into the code would be wrong
//! and are dropped: `.debug_*` and the other keys to DWARF, source maps, `metadata.code.*` (branch hints), relocations,
//! and the label names in `name`. Backtraces keep their function names.
//!
//! An instance that is given the exported global could change it; do not link it to guests that should not.

mod analyse;
mod body;
mod custom;
mod error;
mod rewrite;

pub use error::CallDepthError;

use wasmparser::{Parser, Validator, WasmFeatures};

use crate::{component, rewriting};

/// The name under which the counter, a mutable `i32` global, is exported. `0` outside of any call.
pub const CALL_DEPTH_EXPORT: &str = "detwasi:call-depth";

/// The name, in the name section, of the function in which the limit's trap happens.
pub const EXCEEDED_FUNCTION: &str = "detwasi:call-depth-exceeded";

/// What the counter holds once the limit was passed; no depth has this value.
pub const EXCEEDED: i32 = -1;

/// What a frame costs by [`CallCost::Frame`] before its values: return address, frame pointer and what compilers keep
/// for themselves.
pub const FRAME_UNITS: u32 = 4;

/// Bytes of host stack that [`units_for_stack`] reckons a unit of [`CallCost::Frame`] or [`CallCost::Code`] at.
///
/// Nearly twice the 16.6 bytes that are the most measured for any compiler on x86-64 (Cranelift at every optimisation
/// level, Winch).
pub const BYTES_PER_UNIT: u32 = 32;

/// How much a call of a function adds to the depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallCost {
    /// 1, whatever the function. Simple to say and to choose; but one frame can be large, so the host's stack may still
    /// end first.
    #[default]
    Call,
    /// [`FRAME_UNITS`], and 1 for each parameter, result, local, and value at the highest point of the operand stack,
    /// whatever their types. With [`units_for_stack`] the limit comes before the host's stack ends for code as
    /// compilers make it.
    ///
    /// Code written to defeat it can still fill the host's stack at Cranelift's optimisation levels above none: they
    /// keep values at hand that are computed both before and after a call, which no stack of the guest shows. Such a
    /// guest ends with Wasmtime's `Trap::StackOverflow`, which belongs to the machine, not to the guest.
    Frame,
    /// That of [`Frame`](Self::Frame), and half a unit for each instruction of the function, rounded up. For guests
    /// that may mean harm: it holds for the code described there too, but an ordinary function costs two to ten times
    /// as much, so there is less depth in the same stack.
    Code,
}

/// Gives the core module `wasm`, or each in the component `wasm`, a limit of `limit` calls, each function counting 1. See the
/// [module](self).
///
/// `limit` is the deepest depth that does not trap, from 1 to `u32::MAX`. A module that defines no functions comes back
/// as it was, without the counter. The result is a valid module or component; the same input gives the same bytes.
///
/// # Errors
///
/// See [`CallDepthError`].
pub fn limit_call_depth(wasm: &[u8], limit: u32) -> Result<Vec<u8>, CallDepthError> {
    limit_call_depth_by(wasm, limit, CallCost::Call)
}

/// The limit for [`limit_call_depth_by`] with [`CallCost::Frame`] or [`CallCost::Code`] that comes before a host stack
/// of `bytes` (Wasmtime's `max_wasm_stack`) ends.
///
/// At least 1. Frames of host functions between guest frames take from the same stack and are not counted: give less
/// where host functions call the guest again.
pub fn units_for_stack(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_PER_UNIT as usize).unwrap_or(u32::MAX).max(1)
}

/// Whether the value that the global [`CALL_DEPTH_EXPORT`] has after a trap says that the limit was the cause.
///
/// Sound if the global was 0 when the outermost call began; see the [module](self).
///
/// ```text
/// if let Some(counter) = instance.get_global(&mut store, CALL_DEPTH_EXPORT) {
///     let exceeded = matches!(counter.get(&mut store), Val::I32(value) if is_call_depth_exceeded(value));
///     counter.set(&mut store, Val::I32(0))?;
/// }
/// ```
pub fn is_call_depth_exceeded(counter: i32) -> bool {
    counter == EXCEEDED
}

/// Whether a trap in the function of this name is the limit's: the name of the first frame of a `WasmBacktrace`.
///
/// Only for modules that went through this module: any other may use the name as it likes.
///
/// ```text
/// let exceeded = error.downcast_ref::<WasmBacktrace>()
///     .and_then(|backtrace| backtrace.frames().first())
///     .and_then(|frame| frame.func_name())
///     .is_some_and(is_exceeded_function);
/// ```
pub fn is_exceeded_function(name: &str) -> bool {
    name == EXCEEDED_FUNCTION
}

/// Gives the core module `wasm`, or each in the component `wasm`, a limit on the sum of what its functions on the stack cost.
/// See the [module](self).
///
/// `limit` is the largest sum that does not trap, from 1 to `u32::MAX`, in units of `cost`. A function that costs more
/// than that always traps. Otherwise as [`limit_call_depth`].
///
/// # Errors
///
/// See [`CallDepthError`].
pub fn limit_call_depth_by(wasm: &[u8], limit: u32, cost: CallCost) -> Result<Vec<u8>, CallDepthError> {
    if limit == 0 {
        return Err(CallDepthError::ZeroLimit);
    }
    if !Parser::is_component(wasm) {
        return module(wasm, limit, cost);
    }
    let features = analyse::FEATURES | COMPONENTS;
    Validator::new_with_features(features).validate_all(wasm).map_err(CallDepthError::Invalid)?;
    if !component::is_shallow(wasm).map_err(CallDepthError::Invalid)? {
        return Err(CallDepthError::NestedTooDeep(component::MAX_NESTING));
    }
    let limited = component::map_modules(wasm, &mut |wasm| module(wasm, limit, cost))?;
    Validator::new_with_features(features).validate_all(&limited).map_err(CallDepthError::NoRoom)?;
    Ok(limited)
}

/// How many instances of core modules `wasm` makes when it is instantiated: 1 if it is a module. Each counts by itself.
///
/// For a component that makes an instance of one that it is given from outside it may say more, and never less than it makes
/// of its own.
///
/// # Errors
///
/// [`CallDepthError::Invalid`] and [`CallDepthError::NestedTooDeep`].
pub fn module_instances(wasm: &[u8]) -> Result<usize, CallDepthError> {
    if !Parser::is_component(wasm) {
        return Ok(1);
    }
    if !component::is_shallow(wasm).map_err(CallDepthError::Invalid)? {
        return Err(CallDepthError::NestedTooDeep(component::MAX_NESTING));
    }
    component::module_instances(wasm).map_err(CallDepthError::Invalid)
}

/// What components may use beside what their modules may. What lets several calls stand still in the middle of one instance
/// is left out: as with stack switching, there would be no one depth.
const COMPONENTS: WasmFeatures = WasmFeatures::COMPONENT_MODEL
    .union(WasmFeatures::CM_VALUES)
    .union(WasmFeatures::CM_NESTED_NAMES)
    .union(WasmFeatures::CM_ASYNC)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_ERROR_CONTEXT)
    .union(WasmFeatures::CM_FIXED_LENGTH_LISTS)
    .union(WasmFeatures::CM_GC)
    .union(WasmFeatures::CM_MAP)
    .union(WasmFeatures::CM_IMPLEMENTS)
    .union(WasmFeatures::CM_CANON_NAMES);

/// One core module.
fn module(wasm: &[u8], limit: u32, cost: CallCost) -> Result<Vec<u8>, CallDepthError> {
    let analysis = analyse::analyse(wasm)?;
    if analysis.bodies.is_empty() {
        return Ok(wasm.to_vec());
    }
    let mut rewriter = rewrite::Rewriter::new(analysis, limit, cost);
    let limited = rewriting::rewrite(wasm, &mut rewriter).map_err(CallDepthError::Encode)?;
    // The input was valid, so what can fail now is room: the implementation limits that all engines share.
    Validator::new_with_features(analyse::FEATURES).validate_all(&limited).map_err(CallDepthError::NoRoom)?;
    Ok(limited)
}
