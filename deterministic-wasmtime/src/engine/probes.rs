//! Small modules that are run on an engine to see what it does.

use wasmtime::{Engine, Instance, Module, Store, Strategy, Trap, TypedFunc, WasmBacktrace, WasmFeatures};

use super::check::EngineError;
use super::finding::Evidence;
use super::trials::{NAN_TRIALS, NanTrial, RELAXED_TRIALS, nan_inputs};

type Probed<T> = Result<T, EngineError>;

fn not_run(probe: &'static str) -> impl Fn(wasmtime::Error) -> EngineError {
    move |error| EngineError::NotRun { probe, reason: format!("{error:#}") }
}

fn evidence(probe: &'static str, gave: impl Into<String>, expected: impl Into<String>) -> Option<Evidence> {
    Some(Evidence::Shown { probe, gave: gave.into(), expected: expected.into() })
}

/// A store in which fuel and epochs do not stop a probe. Half of all epochs, so that a sum with those counted is one.
fn store(engine: &Engine) -> wasmtime::Result<Store<()>> {
    let mut store = Store::new(engine, ());
    if engine.get_consume_fuel() {
        store.set_fuel(u64::MAX)?;
    }
    if engine.get_epoch_interruption() {
        store.set_epoch_deadline(u64::MAX / 2);
    }
    Ok(store)
}

struct Probe {
    store: Store<()>,
    instance: Instance,
}

impl Probe {
    fn new(engine: &Engine, text: &str) -> wasmtime::Result<Self> {
        let module = Module::new(engine, wat::parse_str(text)?)?;
        let mut store = store(engine)?;
        let instance = Instance::new(&mut store, &module, &[])?;
        Ok(Probe { store, instance })
    }

    fn function<P: wasmtime::WasmParams>(&mut self, name: &str) -> wasmtime::Result<TypedFunc<P, u64>> {
        self.instance.get_typed_func(&mut self.store, name)
    }
}

/// Looks for NaNs that are not the canonical one.
pub(super) fn nan_bits(engine: &Engine) -> Probed<Option<Evidence>> {
    let is_vector = |trial: &&NanTrial| trial.takes.is_vector() || trial.gives.is_vector();
    let (vectors, scalars): (Vec<&NanTrial>, Vec<&NanTrial>) = NAN_TRIALS.iter().partition(is_vector);
    if let Some(found) = odd_nan(engine, &scalars).map_err(not_run("scalar instructions"))? {
        return Ok(Some(found));
    }
    if !engine.get_wasm_features().contains(WasmFeatures::SIMD) {
        return Ok(None);
    }
    match odd_nan(engine, &vectors) {
        // Winch compiles some of them, on some processors: what it refuses no guest has either.
        Err(_) if engine.get_strategy() == Some(Strategy::Winch) => {
            Ok(vectors.iter().find_map(|trial| odd_nan(engine, &[trial]).ok().flatten()))
        }
        answer => answer.map_err(not_run("vector instructions")),
    }
}

fn odd_nan(engine: &Engine, trials: &[&NanTrial]) -> wasmtime::Result<Option<Evidence>> {
    let functions: String = trials.iter().map(|trial| trial.function()).collect();
    let mut probe = Probe::new(engine, &format!("(module {functions})"))?;
    for trial in trials {
        let function = probe.function::<(u64, u64)>(trial.name)?;
        let inputs = nan_inputs(trial.takes);
        for (a, b) in inputs.iter().flat_map(|a| inputs.iter().map(move |b| (*a, *b))) {
            if let Some(odd) = trial.gives.odd_nan(function.call(&mut probe.store, (a, b))?) {
                return Ok(evidence(trial.name, format!("{odd:#x}"), trial.gives.canonical_nan()));
            }
        }
    }
    Ok(None)
}

/// Looks for relaxed instructions that give something else than what the specification calls deterministic, or another NaN.
/// Their NaNs are looked at where canonical ones were asked for; without that the finding is [`nan_bits`]'s alone.
pub(super) fn relaxed_simd(engine: &Engine) -> Probed<Option<Evidence>> {
    if !engine.get_wasm_features().contains(WasmFeatures::RELAXED_SIMD) {
        return Ok(None);
    }
    let canonical = engine.get_cranelift_nan_canonicalization() == Some(true);
    let numbered = || RELAXED_TRIALS.iter().enumerate().map(|(index, trial)| (index.to_string(), trial));
    let run = || -> wasmtime::Result<_> {
        let functions: String = numbered().map(|(index, trial)| trial.function(&index)).collect();
        let mut probe = Probe::new(engine, &format!("(module {functions})"))?;
        for (index, trial) in numbered() {
            let argument = |index: usize| trial.arguments.get(index).copied().unwrap_or_default();
            let function = probe.function::<(u64, u64, u64)>(&index)?;
            let gave = function.call(&mut probe.store, (argument(0), argument(1), argument(2)))?;
            if gave != trial.expected && (canonical || !trial.gives_nan()) {
                return Ok(evidence(trial.name, format!("{gave:#018x}"), format!("{:#018x}", trial.expected)));
            }
        }
        Ok(None)
    };
    run().map_err(not_run("relaxed instructions"))
}

/// Tries to make a shared memory. A refusal is what is wanted, whatever its reason.
pub(super) fn shared_memory(engine: &Engine) -> Option<Evidence> {
    let made = Probe::new(engine, "(module (memory 1 1 shared))").is_ok();
    if made { evidence("(memory 1 1 shared)", "a memory", "a refusal") } else { None }
}

/// Runs a function with no epoch left, which ends at once where epochs are watched.
pub(super) fn epochs(engine: &Engine) -> Probed<Option<Evidence>> {
    const PROBE: &str = "a function without an epoch left";
    let run = || -> wasmtime::Result<_> {
        let mut probe = Probe::new(engine, r#"(module (func (export "f") (result i64) (i64.const 1)))"#)?;
        if engine.get_epoch_interruption() {
            probe.store.set_epoch_deadline(0);
        }
        let function = probe.function::<()>("f")?;
        Ok(function.call(&mut probe.store, ()))
    };
    match run().map_err(not_run(PROBE))? {
        Ok(_) => Ok(None),
        Err(error) if error.downcast_ref() == Some(&Trap::Interrupt) => Ok(evidence(PROBE, "an interrupt", "a result")),
        Err(error) => Err(not_run(PROBE)(error)),
    }
}

/// The text that is looked for where Wasmtime keeps debug information.
const MARK: &str = "the mark of deterministic-wasmtime";

/// Looks whether debug information is kept for error texts, or would be if the environment said so.
pub(super) fn backtrace_details(engine: &Engine) -> Probed<Option<Evidence>> {
    const PROBE: &str = "a module with debug information";
    const VARIABLE: &str = "WASMTIME_BACKTRACE_DETAILS";
    let text = format!(r#"(module (@custom ".debug_str" "{MARK}") (func (export "f") (result i64) unreachable))"#);
    let run = || -> wasmtime::Result<_> {
        let kept = Module::new(engine, wat::parse_str(&text)?)?.serialize()?;
        if kept.windows(MARK.len()).any(|bytes| bytes == MARK.as_bytes()) {
            return Ok(evidence(PROBE, "files and lines", "none"));
        }
        let mut probe = Probe::new(engine, &text)?;
        let function = probe.function::<()>("f")?;
        let Err(error) = function.call(&mut probe.store, ()) else { return Ok(None) };
        let hint = error.downcast_ref::<WasmBacktrace>().is_some_and(|trace| trace.to_string().contains(VARIABLE));
        Ok(if hint { evidence(PROBE, format!("a hint at {VARIABLE}"), "none") } else { None })
    };
    run().map_err(not_run(PROBE))
}

/// How often a function can call itself.
pub(super) fn call_depth(engine: &Engine) -> Probed<u64> {
    const PROBE: &str = "endless recursion";
    let run = || -> wasmtime::Result<_> {
        let mut probe = Probe::new(
            engine,
            r#"(module
                (global $depth (export "depth") (mut i64) (i64.const 0))
                (func $f (export "f") (result i64)
                    (global.set $depth (i64.add (global.get $depth) (i64.const 1)))
                    (i64.add (call $f) (i64.const 1))))"#,
        )?;
        let function = probe.function::<()>("f")?;
        match function.call(&mut probe.store, ()) {
            Err(error) if error.downcast_ref() == Some(&Trap::StackOverflow) => {}
            Err(error) => return Err(error),
            Ok(_) => wasmtime::bail!("it ended"),
        }
        let depth = probe.instance.get_global(&mut probe.store, "depth").map(|depth| depth.get(&mut probe.store));
        Ok(depth.and_then(|depth| depth.i64()).map_or(0, i64::cast_unsigned))
    };
    run().map_err(not_run(PROBE))
}
