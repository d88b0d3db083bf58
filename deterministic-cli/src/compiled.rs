//! Compiled code that is kept from run to run.
//!
//! Wasmtime finds it by all that decides what it is: the guest, the compiler, its version and settings. So it makes a run
//! faster and nothing else: no outcome and no fingerprint has anything of it.

use wasmtime::Cache;

use crate::args::CompileArgs;

/// The place that `wasmtime run` uses too, with the user's settings for it. `None` if it is not wanted, or cannot be used:
/// a run can do without.
pub(crate) fn kept(args: &CompileArgs) -> Option<Cache> {
    if args.no_compile_cache { None } else { Cache::from_file(None).ok() }
}
