//! wasmi against stock on Wasmtime, call by call.

use against_stock::probe::{Answer, Called, Version, text};
use against_stock::{Directory, Host};
use deterministic_wasmi::core::Policies;
use deterministic_wasmi::fs::Access;
use deterministic_wasmi::{P1Ctx, add_to_linker, configure};
use wasmi::{Config, Engine, Instance, Linker, Memory, Module, Store, Val};

pub(crate) struct OnWasmi {
    linker: Linker<P1Ctx>,
    p1: Module,
    p0: Module,
}

pub(crate) struct Guest {
    store: Store<P1Ctx>,
    instance: Instance,
    memory: Memory,
}

impl Host for OnWasmi {
    type Guest = Guest;

    fn new() -> Self {
        let mut linker = Linker::new(&Engine::new(configure(&mut Config::default())));
        add_to_linker(&mut linker, |ctx: &mut P1Ctx| ctx).unwrap();
        let module = |version: Version| Module::new(linker.engine(), text(version.module(), 1)).unwrap();
        OnWasmi { p1: module(Version::P1), p0: module(Version::P0), linker }
    }

    fn guest(&self, version: Version, policies: Policies, directory: Directory<'_>) -> Guest {
        let ctx = P1Ctx::new(policies);
        let ctx = match directory {
            Directory::Live(path) => ctx.live_dir(path, "/", Access::ReadWrite).unwrap(),
            Directory::Hermetic(tree) => ctx.hermetic_dir(&tree, "/", Access::ReadWrite).unwrap(),
        };
        let mut store = Store::new(self.linker.engine(), ctx);
        let module = match version {
            Version::P1 => &self.p1,
            Version::P0 => &self.p0,
        };
        let instance = self.linker.instantiate_and_start(&mut store, module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        Guest { store, instance, memory }
    }
}

impl Called for Guest {
    fn answer_to(&mut self, name: &str, params: &[wasmtime::Val]) -> Answer {
        let params: Vec<Val> = params
            .iter()
            .map(|param| match param {
                wasmtime::Val::I32(value) => Val::I32(*value),
                wasmtime::Val::I64(value) => Val::I64(*value),
                other => panic!("WASI 0.1 has no {other:?}"),
            })
            .collect();
        let mut results = [Val::I32(-1)];
        let function = self.instance.get_func(&self.store, name).unwrap();
        match function.call(&mut self.store, &params, &mut results) {
            Ok(()) => Answer::Errno(results[0].i32().unwrap()),
            Err(_) => Answer::Trap,
        }
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.write(&mut self.store, at, bytes).unwrap();
    }

    fn contents(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }
}

against_stock::tests!(super::OnWasmi);
