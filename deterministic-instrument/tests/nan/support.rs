//! The same module on several engines.

pub(crate) use deterministic_instrument::nan::*;
use wasmtime::{Config, Engine, OptLevel, Strategy};

/// A module of one memory that an engine runs.
pub(crate) trait Running {
    /// Calls an export that takes and gives nothing, with these bytes at the beginning of the memory; then the whole memory.
    fn call(&mut self, name: &str, input: &[u8]) -> Option<Vec<u8>>;
}

pub(crate) struct OnWasmtime {
    store: wasmtime::Store<()>,
    instance: wasmtime::Instance,
}

impl OnWasmtime {
    pub(crate) fn new(engine: &Engine, wasm: &[u8]) -> Self {
        let module = wasmtime::Module::new(engine, wasm).expect("a module");
        let mut store = wasmtime::Store::new(engine, ());
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).expect("an instance");
        Self { store, instance }
    }
}

impl Running for OnWasmtime {
    fn call(&mut self, name: &str, input: &[u8]) -> Option<Vec<u8>> {
        let memory = self.instance.get_memory(&mut self.store, "memory").expect("a memory");
        memory.write(&mut self.store, 0, input).expect("room");
        let function = self.instance.get_typed_func::<(), ()>(&mut self.store, name).expect("an export");
        function.call(&mut self.store, ()).ok()?;
        Some(memory.data(&self.store).to_vec())
    }
}

pub(crate) struct OnWasmi {
    store: wasmi::Store<()>,
    instance: wasmi::Instance,
}

impl OnWasmi {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        let engine = wasmi::Engine::default();
        let module = wasmi::Module::new(&engine, wasm).expect("a module");
        let mut store = wasmi::Store::new(&engine, ());
        let linker = wasmi::Linker::new(&engine);
        let instance = linker.instantiate_and_start(&mut store, &module).expect("an instance");
        Self { store, instance }
    }
}

impl Running for OnWasmi {
    fn call(&mut self, name: &str, input: &[u8]) -> Option<Vec<u8>> {
        let memory = self.instance.get_memory(&self.store, "memory").expect("a memory");
        memory.write(&mut self.store, 0, input).expect("room");
        let function = self.instance.get_typed_func::<(), ()>(&self.store, name).expect("an export");
        function.call(&mut self.store, ()).ok()?;
        Some(memory.data(&self.store).to_vec())
    }
}

/// An engine that knows all that is tested and leaves the bits of NaNs to the processor.
pub(crate) fn plain() -> Config {
    let mut config = Config::new();
    config.relaxed_simd_deterministic(true).cranelift_nan_canonicalization(false);
    config
}

/// What gives the bits that all others must give.
pub(crate) fn canonical() -> Engine {
    Engine::new(plain().cranelift_nan_canonicalization(true)).expect("Cranelift")
}

/// Engines that leave NaNs alone, each with the module. (wasmi does if this package is built alone: the adapter has it make them
/// canonical, and then it must change nothing.) Winch does not know the relaxed instructions.
pub(crate) fn on_all(wasm: &[u8], is_relaxed: bool) -> Vec<(&'static str, Box<dyn Running>)> {
    let mut all: Vec<(&'static str, Box<dyn Running>)> = vec![("wasmi", Box::new(OnWasmi::new(wasm)))];
    let mut add = |name, config: &Config| {
        all.push((name, Box::new(OnWasmtime::new(&Engine::new(config).expect("an engine"), wasm))));
    };
    add("Cranelift, none", plain().cranelift_opt_level(OptLevel::None));
    add("Cranelift, speed", plain().cranelift_opt_level(OptLevel::Speed));
    add("Pulley", plain().target("pulley64").expect("a known target"));
    if !is_relaxed {
        add("Winch", Config::new().strategy(Strategy::Winch));
    }
    all
}

pub(crate) fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn rewritten(wasm: &[u8]) -> Vec<u8> {
    canonicalize_nans(wasm).expect("a module whose NaNs can be made canonical")
}

/// Numbers of 32 bits that matter: zeros, infinities, ordinary ones and NaNs, quiet and signalling, of both signs.
pub(crate) const F32: [u32; 20] = [
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x3fc0_0000,
    0x4020_0000,
    0x7f7f_ffff,
    0xff7f_ffff,
    1,
    0x8000_0001,
    0x007f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc0_1234,
    0xffff_ffff,
    0x7f80_0001,
    0xff80_0001,
    0x7fbf_ffff,
];

/// The same of 64 bits.
pub(crate) const F64: [u64; 20] = [
    0,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff,
    1,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_0000_0000_1234,
    0xffff_ffff_ffff_ffff,
    0x7ff0_0000_0000_0001,
    0xfff0_0000_0000_0001,
    0x7ff7_ffff_ffff_ffff,
];
