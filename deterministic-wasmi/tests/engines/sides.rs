//! One guest, linked on both engines.

use deterministic_wasmi::core::Policies;
use deterministic_wasmi::fs::{Access, Tree};
use deterministic_wasmi::wasi::{TrapKind, Wasi};
use deterministic_wasmi::{Ended, P1Ctx};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use std::path::Path;
use std::sync::Arc;
use wasmi::TrapCode;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

/// What a guest is given.
#[derive(Clone, Default)]
pub(crate) struct Given<'a> {
    pub(crate) args: Vec<&'a str>,
    pub(crate) stdin: &'a str,
    pub(crate) directory: Option<Directory<'a>>,
    /// Fuel, of which each engine counts its own.
    pub(crate) fuel: Option<u64>,
}

#[derive(Clone)]
pub(crate) enum Directory<'a> {
    Live(&'a Path, Access),
    Hermetic(Arc<Tree>, Access),
}

/// How a call ended, in words that both engines have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Returned(Option<i32>),
    Exit(i32),
    Trap(wasmtime::Trap),
    /// What WASI says that ended it.
    Wasi(String),
    Other(String),
}

pub(crate) const OUTPUT: usize = 1 << 20;

/// wasmi's name of it.
pub(crate) fn trap(code: TrapCode) -> wasmtime::Trap {
    match code {
        TrapCode::UnreachableCodeReached => wasmtime::Trap::UnreachableCodeReached,
        TrapCode::MemoryOutOfBounds => wasmtime::Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => wasmtime::Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => wasmtime::Trap::IndirectCallToNull,
        TrapCode::IntegerDivisionByZero => wasmtime::Trap::IntegerDivisionByZero,
        TrapCode::IntegerOverflow => wasmtime::Trap::IntegerOverflow,
        TrapCode::BadConversionToInteger => wasmtime::Trap::BadConversionToInteger,
        TrapCode::StackOverflow => wasmtime::Trap::StackOverflow,
        TrapCode::BadSignature => wasmtime::Trap::BadSignature,
        TrapCode::OutOfFuel => wasmtime::Trap::OutOfFuel,
        TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => panic!("Wasmtime has no {code}"),
    }
}

/// A guest on wasmi.
pub(crate) struct OnWasmi {
    pub(crate) store: wasmi::Store<P1Ctx>,
    pub(crate) instance: wasmi::Instance,
    pub(crate) memory: Option<wasmi::Memory>,
}

/// The same on Wasmtime.
pub(crate) struct OnWasmtime {
    pub(crate) store: wasmtime::Store<p1::P1Ctx>,
    pub(crate) instance: wasmtime::Instance,
    pub(crate) memory: Option<wasmtime::Memory>,
}

/// Both engines, configured and linked.
pub(crate) struct Engines {
    pub(crate) wasmi: wasmi::Linker<P1Ctx>,
    pub(crate) wasmtime: wasmtime::Linker<p1::P1Ctx>,
}

impl Engines {
    pub(crate) fn new() -> Self {
        Self::with(false)
    }

    pub(crate) fn with(fuel: bool) -> Self {
        let mut config = wasmi::Config::default();
        deterministic_wasmi::configure(&mut config).consume_fuel(fuel);
        let mut ours = wasmi::Linker::new(&wasmi::Engine::new(&config));
        deterministic_wasmi::add_to_linker(&mut ours, |ctx: &mut P1Ctx| ctx).unwrap();
        let mut config = wasmtime::Config::new();
        deterministic_wasmtime::configure(&mut config).consume_fuel(fuel);
        let mut theirs = wasmtime::Linker::new(&wasmtime::Engine::new(&config).unwrap());
        p1::add_to_linker_sync(&mut theirs, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        Engines { wasmi: ours, wasmtime: theirs }
    }

    pub(crate) fn modules(&self, wasm: &[u8]) -> Modules {
        Modules {
            wasmi: wasmi::Module::new(self.wasmi.engine(), wasm).unwrap(),
            wasmtime: wasmtime::Module::new(self.wasmtime.engine(), wasm).unwrap(),
        }
    }

    pub(crate) fn on_wasmi(&self, modules: &Modules, policies: Policies, given: &Given<'_>) -> OnWasmi {
        let mut store = wasmi::Store::new(self.wasmi.engine(), on_wasmi(policies, given));
        if let Some(fuel) = given.fuel {
            store.set_fuel(fuel).unwrap();
            store.data_mut().deterministic_mut().fuel_was_set(fuel);
        }
        let instance = self.wasmi.instantiate_and_start(&mut store, &modules.wasmi).unwrap();
        let memory = instance.get_memory(&store, "memory");
        OnWasmi { store, instance, memory }
    }

    pub(crate) fn on_wasmtime(&self, modules: &Modules, policies: Policies, given: &Given<'_>) -> OnWasmtime {
        let mut store = wasmtime::Store::new(self.wasmtime.engine(), on_wasmtime(policies, given));
        if let Some(fuel) = given.fuel {
            store.set_fuel(fuel).unwrap();
            store.data_mut().deterministic_mut().fuel_was_set(fuel);
        }
        let instance = self.wasmtime.instantiate(&mut store, &modules.wasmtime).unwrap();
        let memory = instance.get_memory(&mut store, "memory");
        OnWasmtime { store, instance, memory }
    }
}

/// One module, compiled by both.
pub(crate) struct Modules {
    pub(crate) wasmi: wasmi::Module,
    pub(crate) wasmtime: wasmtime::Module,
}

pub(crate) fn on_wasmi(policies: Policies, given: &Given<'_>) -> P1Ctx {
    let ctx = P1Ctx::new(policies).args(given.args.iter().copied()).env("LANG", "C").stdin(given.stdin.to_owned());
    let ctx = ctx.capture_output(OUTPUT);
    match &given.directory {
        None => ctx,
        Some(Directory::Live(path, access)) => ctx.live_dir(path, "/", *access).unwrap(),
        Some(Directory::Hermetic(tree, access)) => ctx.hermetic_dir(tree, "/", *access).unwrap(),
    }
}

pub(crate) fn on_wasmtime(policies: Policies, given: &Given<'_>) -> p1::P1Ctx {
    let mut builder = WasiCtxBuilder::new();
    builder.args(&given.args).env("LANG", "C").stdin(MemoryInputPipe::new(given.stdin.to_owned()));
    if let Some(Directory::Live(path, access)) = &given.directory {
        let perms = if *access == Access::ReadOnly { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
        builder.preopened_dir(path, "/", perms).unwrap();
    }
    let mut ctx = builder.build_deterministic_p1(policies).capture_output(OUTPUT);
    if let Some(Directory::Hermetic(tree, access)) = &given.directory {
        ctx.deterministic_mut().files().mount_hermetic(tree, "/", *access).unwrap();
    }
    ctx
}

impl OnWasmi {
    /// Calls an export without results.
    pub(crate) fn run(&mut self, name: &str) -> Result<(), wasmi::Error> {
        self.instance.get_typed_func::<(), ()>(&self.store, name)?.call(&mut self.store, ())
    }

    pub(crate) fn call(&mut self, name: &str, args: &[Val], results: usize) -> End {
        let function = self.instance.get_func(&self.store, name).unwrap();
        let args: Vec<wasmi::Val> = args.iter().map(|arg| arg.into_wasmi()).collect();
        let mut answer = vec![wasmi::Val::I32(-1); results];
        match function.call(&mut self.store, &args, &mut answer) {
            Ok(()) => End::Returned(answer.first().and_then(wasmi::Val::i32)),
            Err(error) => end_on_wasmi(&error),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.map_or(&[], |memory| memory.data(&self.store))
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.unwrap().write(&mut self.store, at, bytes).unwrap();
    }

    pub(crate) fn wasi(&self) -> &Wasi {
        self.store.data().deterministic()
    }
}

impl OnWasmtime {
    pub(crate) fn run(&mut self, name: &str) -> Result<(), wasmtime::Error> {
        self.instance.get_typed_func::<(), ()>(&mut self.store, name)?.call(&mut self.store, ())
    }

    pub(crate) fn call(&mut self, name: &str, args: &[Val], results: usize) -> End {
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        let args: Vec<wasmtime::Val> = args.iter().map(|arg| arg.into_wasmtime()).collect();
        let mut answer = vec![wasmtime::Val::I32(-1); results];
        match function.call(&mut self.store, &args, &mut answer) {
            Ok(()) => End::Returned(answer.first().and_then(wasmtime::Val::i32)),
            Err(error) => end_on_wasmtime(&error),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.map_or(&[], |memory| memory.data(&self.store))
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.unwrap().write(&mut self.store, at, bytes).unwrap();
    }

    pub(crate) fn wasi(&self) -> &Wasi {
        self.store.data().deterministic()
    }
}

/// A number that a guest passes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Val {
    I32(i32),
    I64(i64),
}

impl Val {
    fn into_wasmi(self) -> wasmi::Val {
        match self {
            Val::I32(value) => wasmi::Val::I32(value),
            Val::I64(value) => wasmi::Val::I64(value),
        }
    }

    fn into_wasmtime(self) -> wasmtime::Val {
        match self {
            Val::I32(value) => wasmtime::Val::I32(value),
            Val::I64(value) => wasmtime::Val::I64(value),
        }
    }
}

pub(crate) fn end_on_wasmi(error: &wasmi::Error) -> End {
    match (error.i32_exit_status(), error.as_trap_code(), error.downcast_ref::<Ended>()) {
        (Some(status), ..) => End::Exit(status),
        (_, Some(code), _) => End::Trap(trap(code)),
        (.., Some(ended)) => {
            assert!(!matches!(ended.kind(), TrapKind::Exit(_)), "wasmi has its own word for that");
            End::Wasi(ended.to_string())
        }
        _ => End::Other(error.to_string()),
    }
}

pub(crate) fn end_on_wasmtime(error: &wasmtime::Error) -> End {
    match (error.downcast_ref::<I32Exit>(), error.downcast_ref::<wasmtime::Trap>()) {
        (Some(exit), _) => End::Exit(exit.0),
        (_, Some(trap)) => End::Trap(*trap),
        _ => End::Wasi(error.root_cause().to_string()),
    }
}
