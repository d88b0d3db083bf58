//! Checking an engine that someone else configured.

use wasmtime::{Engine, Strategy, WasmFeatures};

use super::config::{COLLECTOR, MAX_WASM_STACK};
use super::finding::{Evidence, Finding, Setting, Weight};
use super::probes;

/// Why there is no report of an engine, or why it was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine cannot compile, and so cannot run a probe.
    #[error(
        "the engine has no compiler, so nothing can be tried on it; check the engine that compiles its guests, and call \
         `Config::enable_compiler(false)` after `configure` on this one"
    )]
    NoCompiler,
    /// The engine compiles, but did not run a probe.
    #[error(
        "the engine did not run the probe `{probe}`: {reason}; check an engine for this machine, with room for another \
         instance"
    )]
    NotRun {
        /// What was to be run.
        probe: &'static str,
        /// What Wasmtime said.
        reason: String,
    },
    /// The engine's results can differ between runs or machines.
    #[error("the engine is not deterministic: {}; or configure it with `deterministic_wasmtime::configure`", list(.0))]
    NotDeterministic(Vec<Finding>),
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// What compiles an engine's guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compiler {
    /// Cranelift, for this machine's processor.
    Cranelift,
    /// Winch, for this machine's processor.
    Winch,
    /// Cranelift, for the interpreter Pulley.
    Pulley,
}

/// What [`check_engine`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineReport {
    /// What is missing, one finding for each setting, in the order of [`Setting`].
    pub findings: Vec<Finding>,
    /// What compiles its guests.
    pub compiler: Compiler,
    /// Whether it counts fuel.
    pub fuel: bool,
    /// How many calls of a function with one result fit on its stack, when a stack of at most [`MAX_WASM_STACK`] made it
    /// safe to try. For information: it differs between compilers and processors.
    pub call_depth: Option<u64>,
}

impl EngineReport {
    /// Whether no finding can change what a guest computes or where it is stopped.
    pub fn is_deterministic(&self) -> bool {
        self.findings.iter().all(|finding| finding.setting.weight() < Weight::Results)
    }

    /// The report of an engine that is deterministic.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotDeterministic`] with what can change results, from any other.
    pub fn require(self) -> Result<EngineReport, EngineError> {
        if self.is_deterministic() {
            return Ok(self);
        }
        let weighty = |finding: &Finding| finding.setting.weight() == Weight::Results;
        Err(EngineError::NotDeterministic(self.findings.into_iter().filter(weighty).collect()))
    }
}

/// Finds what `engine` lacks of what [`configure`](super::configure) sets: what the engine says of itself is read, and a few
/// small modules are compiled and run on it, which finds what it does not say and what a compiler gets wrong. Nothing
/// stays behind in the engine. Takes some ten milliseconds; once for each engine is enough.
///
/// ```
/// use deterministic_wasmtime::engine::{Setting, check_engine};
/// let report = check_engine(&wasmtime::Engine::default())?;
/// assert!(!report.is_deterministic());
/// for finding in &report.findings {
///     println!("{finding}"); // the bits of a NaN depend on …; use Config::cranelift_nan_canonicalization(true)
/// }
/// assert!(report.findings.iter().any(|finding| finding.setting == Setting::NanBits));
/// # Ok::<(), deterministic_wasmtime::engine::EngineError>(())
/// ```
///
/// What cannot be seen: whether someone counts epochs (an engine that lets them is refused at all), and flags that were
/// set with `unsafe`, beyond what the probes show.
///
/// # Errors
///
/// [`EngineError::NoCompiler`] and [`EngineError::NotRun`], when the probes cannot be run.
pub fn check_engine(engine: &Engine) -> Result<EngineReport, EngineError> {
    let compiler = match engine.get_strategy() {
        None => return Err(EngineError::NoCompiler),
        Some(Strategy::Winch) => Compiler::Winch,
        Some(_) if engine.is_pulley() => Compiler::Pulley,
        Some(_) => Compiler::Cranelift,
    };
    let mut findings = Vec::new();
    for (setting, wrong) in stated(engine) {
        let evidence = match shown(engine, setting)? {
            Some(evidence) => evidence,
            None if wrong => Evidence::Stated,
            None => continue,
        };
        findings.push(Finding { setting, evidence });
    }
    let call_depth = match engine.get_max_wasm_stack() {
        ..=MAX_WASM_STACK => Some(probes::call_depth(engine)?),
        _ => None,
    };
    Ok(EngineReport { findings, compiler, fuel: engine.get_consume_fuel(), call_depth })
}

/// Which settings the engine itself says are not as they should be.
fn stated(engine: &Engine) -> [(Setting, bool); 10] {
    let has = |feature| engine.get_wasm_features().contains(feature);
    [
        (Setting::NanBits, engine.get_cranelift_nan_canonicalization() != Some(true)),
        (Setting::RelaxedSimd, has(WasmFeatures::RELAXED_SIMD) && !engine.get_relaxed_simd_deterministic()),
        // Without the proposal no module with a shared memory is valid.
        (Setting::SharedMemory, has(WasmFeatures::THREADS) && engine.get_shared_memory()),
        (Setting::SharedEverythingThreads, has(WasmFeatures::SHARED_EVERYTHING_THREADS)),
        (Setting::ComponentThreads, has(WasmFeatures::CM_THREADING)),
        (Setting::Epochs, engine.get_epoch_interruption()),
        (Setting::StackSize, engine.get_max_wasm_stack() != MAX_WASM_STACK),
        (Setting::Collector, has(WasmFeatures::GC_TYPES) && engine.get_collector() != Some(COLLECTOR)),
        (Setting::FixedMemory, !engine.get_memory_may_move() || !engine.get_gc_heap_may_move()),
        (Setting::BacktraceDetails, false),
    ]
}

/// What the probes show of a setting that the guest can see, `None` if nothing is wrong.
fn shown(engine: &Engine, setting: Setting) -> Result<Option<Evidence>, EngineError> {
    match setting {
        Setting::NanBits => probes::nan_bits(engine),
        Setting::RelaxedSimd => probes::relaxed_simd(engine),
        Setting::SharedMemory => Ok(probes::shared_memory(engine)),
        Setting::Epochs => probes::epochs(engine),
        Setting::BacktraceDetails => probes::backtrace_details(engine),
        _ => Ok(None),
    }
}
