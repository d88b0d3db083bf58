//! Engines, and guests that run on all of them.

pub(crate) use deterministic_instrument::call_depth::*;
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Strategy, Trap, Val, WasmBacktrace};

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    Returned(Vec<i64>),
    Exceeded,
    Trapped(Trap),
    Failed(String),
}

/// A module that a test compiles and runs.
pub(crate) struct Guest {
    pub(crate) store: Store<()>,
    pub(crate) instance: Instance,
}

/// Every compiler: those that know all proposals, and Winch.
pub(crate) fn engines() -> Vec<(&'static str, Engine)> {
    let winch = Engine::new(Config::new().strategy(Strategy::Winch)).expect("Winch");
    modern_engines().into_iter().chain([("Winch", winch)]).collect()
}

/// The compilers that know all proposals.
pub(crate) fn modern_engines() -> Vec<(&'static str, Engine)> {
    let mut engines = Vec::new();
    for (name, level, target) in [
        ("Cranelift, none", OptLevel::None, None),
        ("Cranelift, speed", OptLevel::Speed, None),
        ("Cranelift, speed and size", OptLevel::SpeedAndSize, None),
        ("Pulley", OptLevel::Speed, Some("pulley64")),
    ] {
        let mut config = modern();
        config.cranelift_opt_level(level);
        if let Some(target) = target {
            config.target(target).expect("a known target");
        }
        engines.push((name, Engine::new(&config).expect("Cranelift")));
    }
    engines
}

/// All proposals that can be limited.
pub(crate) fn modern() -> Config {
    let mut config = Config::new();
    config
        .wasm_tail_call(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .wasm_memory64(true)
        .wasm_multi_memory(true)
        .wasm_extended_const(true)
        .wasm_wide_arithmetic(true)
        .wasm_custom_page_sizes(true);
    config
}

pub(crate) fn limited(text: &str, limit: u32) -> Vec<u8> {
    limit_call_depth(&wat::parse_str(text).expect("text format"), limit).expect("a module that can be limited")
}

impl Guest {
    pub(crate) fn new(engine: &Engine, wasm: &[u8]) -> Self {
        let module = Module::new(engine, wasm).expect("a module");
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
        Self { store, instance }
    }

    /// Calls an export, whatever its type, with integers.
    pub(crate) fn call(&mut self, name: &str, arguments: &[i64]) -> Ending {
        let function = self.instance.get_func(&mut self.store, name).expect("an exported function");
        let ty = function.ty(&self.store);
        let arguments: Vec<Val> = ty
            .params()
            .zip(arguments)
            .map(|(ty, value)| if ty.is_i64() { Val::I64(*value) } else { Val::I32(*value as i32) })
            .collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let ended = function.call(&mut self.store, &arguments, &mut results);
        let exceeded = is_call_depth_exceeded(self.counter());
        match ended {
            Ok(()) => Ending::Returned(results.iter().map(integer).collect()),
            Err(error) => {
                let ending = ending(&error);
                // Both ways to tell must say the same.
                assert_eq!(ending == Ending::Exceeded, exceeded, "{error:?}");
                ending
            }
        }
    }

    pub(crate) fn counter(&mut self) -> i32 {
        self.instance
            .get_global(&mut self.store, CALL_DEPTH_EXPORT)
            .expect("the counter")
            .get(&mut self.store)
            .unwrap_i32()
    }

    pub(crate) fn reset(&mut self) {
        let counter = self.instance.get_global(&mut self.store, CALL_DEPTH_EXPORT).expect("the counter");
        counter.set(&mut self.store, Val::I32(0)).expect("a mutable global");
    }
}

/// What an error says of how the call ended.
pub(crate) fn ending(error: &wasmtime::Error) -> Ending {
    let first = error.downcast_ref::<WasmBacktrace>().and_then(|backtrace| backtrace.frames().first());
    if first.and_then(|frame| frame.func_name()).is_some_and(is_exceeded_function) {
        assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        return Ending::Exceeded;
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => Ending::Trapped(*trap),
        None => Ending::Failed(format!("{:#}", error.root_cause())),
    }
}

fn integer(value: &Val) -> i64 {
    match value {
        Val::I32(value) => i64::from(*value),
        Val::I64(value) => *value,
        other => panic!("not an integer: {other:?}"),
    }
}
