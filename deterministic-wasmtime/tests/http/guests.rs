//! Components made from the text of core modules, and their stores.

use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _, config_store, configure, http, keyvalue, p2, p3};
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, Linker, Lower};
use wasmtime::{Config, Engine, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) fn simulation() -> Policies {
    Preset::Simulation.policies(&Seed::from_u64(7))
}

pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).wasm_component_model_async(true);
    Engine::new(&config).unwrap()
}

pub(crate) fn store(engine: &Engine, policies: Policies) -> Store<ComponentCtx> {
    Store::new(engine, WasiCtxBuilder::new().build_deterministic(policies))
}

/// The component of world `world` in `guests.wit` whose core module is `wat`.
pub(crate) fn component(engine: &Engine, world: &str, wat: &str) -> Component {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guests.wit", include_str!("guests.wit")).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let bytes = ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
    Component::new(engine, bytes).unwrap()
}

pub(crate) fn sync_linker(engine: &Engine) -> Linker<ComponentCtx> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker).unwrap();
    http::p2::add_to_linker(&mut linker).unwrap();
    config_store::add_to_linker(&mut linker).unwrap();
    keyvalue::add_to_linker(&mut linker).unwrap();
    linker
}

pub(crate) fn async_linker(engine: &Engine) -> Linker<ComponentCtx> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker).unwrap();
    p3::add_to_linker(&mut linker).unwrap();
    http::p2::add_to_linker(&mut linker).unwrap();
    http::p3::add_to_linker(&mut linker).unwrap();
    linker
}

/// An instance whose functions a test calls one by one.
pub(crate) struct Guest {
    pub(crate) store: Store<ComponentCtx>,
    instance: Instance,
}

impl Guest {
    pub(crate) fn new(world: &str, wat: &str, policies: Policies) -> Self {
        let engine = engine();
        let mut store = store(&engine, policies);
        let component = component(&engine, world, wat);
        let instance = sync_linker(&engine).instantiate(&mut store, &component).unwrap();
        Guest { store, instance }
    }

    pub(crate) fn call<P, R>(&mut self, name: &str, params: P) -> Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name)?;
        function.call(&mut self.store, params)
    }

    /// The word at `at` in the guest's memory.
    pub(crate) fn peek(&mut self, at: u32) -> u32 {
        self.call::<_, (u32,)>("peek", (at,)).unwrap().0
    }

    pub(crate) fn byte(&mut self, at: u32) -> u8 {
        self.peek(at).to_le_bytes()[0]
    }

    pub(crate) fn bytes(&mut self, at: u32, len: u32) -> Vec<u8> {
        (at..at + len).map(|at| self.byte(at)).collect()
    }

    /// The string whose place and length are at `at`.
    pub(crate) fn text(&mut self, at: u32) -> String {
        let (at, len) = (self.peek(at), self.peek(at + 4));
        String::from_utf8(self.bytes(at, len)).unwrap()
    }

    pub(crate) fn put(&mut self, at: u32, bytes: &[u8]) {
        for (at, word) in (at..).step_by(4).zip(bytes.chunks(4)) {
            let mut padded = [0; 4];
            padded[..word.len()].copy_from_slice(word);
            self.call::<_, ()>("poke", (at, u32::from_le_bytes(padded))).unwrap();
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.store.data().deterministic().now().as_nanos()
    }
}
