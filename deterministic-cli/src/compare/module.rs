//! A core module on both sides.

use std::time::Instant;

use deterministic_instrument::stopwatch::{BEGIN, END, HOST, Timed as TimedModule, add_stopwatch};
use deterministic_run::parts::{Call, ModuleParts, Outputs, allow_in_module};
use deterministic_run::text::chain;
use deterministic_run::{Ended, Guest};
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Caller, Engine, Instance, InstancePre, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{p0, p1 as stock_p1};

use super::inputs::{Copies, Inputs, Ran, Side, Stdout, captured};
use super::stopwatch::{Calls, Stopwatch};
use crate::problem::{Problem, refused};

/// Begins and ends a host call 10 000 times, with nothing between.
const EMPTY_CALLS: &str = r#"(module
    (import "detwasi:compare" "begin" (func $begin (param i32)))
    (import "detwasi:compare" "end" (func $end))
    (func (export "_start")
        (local $left i32)
        (local.set $left (i32.const 10000))
        (loop $next
            (call $begin (i32.const 0))
            (call $end)
            (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#;

/// What the store of a run holds.
struct State<W> {
    wasi: W,
    limits: Limits,
    stopwatch: Stopwatch,
}

/// The part in which the sides differ.
trait Wasi: Send + Sized + 'static {
    /// A module whose imports are found.
    type Linked: 'static;

    /// Finds the imports of `module`: WASI's, and others in `linker`.
    fn link(linker: Linker<State<Self>>, module: &Module) -> wasmtime::Result<Self::Linked>;
    fn module(linked: &Self::Linked) -> &Module;
    fn instantiate(linked: &Self::Linked, store: &mut Store<State<Self>>) -> wasmtime::Result<Instance>;
    fn copies(inputs: &Inputs) -> Result<Copies, Problem>;
    fn new(inputs: &Inputs, outputs: &Outputs, copies: &Copies) -> Result<Self, Problem>;
    fn host_calls(&self) -> Vec<(String, u64)>;
}

impl Wasi for WasiP1Ctx {
    type Linked = InstancePre<State<Self>>;

    fn link(mut linker: Linker<State<Self>>, module: &Module) -> wasmtime::Result<Self::Linked> {
        stock_p1::add_to_linker_sync(&mut linker, |state: &mut State<Self>| &mut state.wasi)?;
        p0::add_to_linker_sync(&mut linker, |state: &mut State<Self>| &mut state.wasi)?;
        linker.instantiate_pre(module)
    }

    fn module(linked: &Self::Linked) -> &Module {
        linked.module()
    }

    fn instantiate(linked: &Self::Linked, store: &mut Store<State<Self>>) -> wasmtime::Result<Instance> {
        linked.instantiate(store)
    }

    fn copies(inputs: &Inputs) -> Result<Copies, Problem> {
        Copies::of(inputs)
    }

    fn new(inputs: &Inputs, outputs: &Outputs, copies: &Copies) -> Result<Self, Problem> {
        Ok(inputs.stock_context(outputs, copies)?.build_p1())
    }

    fn host_calls(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
}

impl Wasi for p1::P1Ctx {
    type Linked = p1::InstancePre<State<Self>>;

    fn link(linker: Linker<State<Self>>, module: &Module) -> wasmtime::Result<Self::Linked> {
        p1::instantiate_pre_sync(&linker, module, |state: &mut State<Self>| &mut state.wasi)
    }

    fn module(linked: &Self::Linked) -> &Module {
        linked.module()
    }

    fn instantiate(linked: &Self::Linked, store: &mut Store<State<Self>>) -> wasmtime::Result<Instance> {
        linked.instantiate(store)
    }

    fn copies(_: &Inputs) -> Result<Copies, Problem> {
        Ok(Copies::none())
    }

    fn new(inputs: &Inputs, outputs: &Outputs, _: &Copies) -> Result<Self, Problem> {
        let mut wasi = inputs.context(outputs)?.build_deterministic_p1(inputs.value.make_policies());
        wasi.deterministic_mut().set_max_held_bytes(inputs.max_held);
        inputs.value.mount(wasi.deterministic_mut().files())?;
        Ok(wasi)
    }

    fn host_calls(&self) -> Vec<(String, u64)> {
        self.deterministic().host_calls().map(|(name, count)| (name.to_owned(), count)).collect()
    }
}

/// One module, linked for each side.
pub(super) struct Programs {
    stock: InstancePre<State<WasiP1Ctx>>,
    ours: p1::InstancePre<State<p1::P1Ctx>>,
    stock_default: InstancePre<State<WasiP1Ctx>>,
    timed: Result<Timed, String>,
    call: Call,
}

/// The same with a stopwatch.
struct Timed {
    names: Vec<String>,
    stock: InstancePre<State<WasiP1Ctx>>,
    ours: p1::InstancePre<State<p1::P1Ctx>>,
    /// Of a call that does nothing, on stock and on ours.
    overhead_ns: [u64; 2],
}

impl Programs {
    /// Checks and compiles it; what `detwasi run` refuses is refused.
    pub(super) fn prepare(
        inputs: &deterministic_run::Inputs,
        default_engine: &Engine,
        allowed: &[String],
    ) -> Result<Self, Problem> {
        // Whoever asks knows that it is a module.
        let parts = inputs.module_parts()?.ok_or_else(|| Problem::Engine("it is a component".into()))?;
        let ModuleParts { module: ours, call } = parts;
        let (guest, engine) = (inputs.guest(), ours.engine());
        let stock = if inputs.limits_call_depth() {
            // The limit is in the module.
            guest.compile(|binary| Module::from_binary(engine, binary))?
        } else {
            ours.clone()
        };
        let default = guest.compile(|binary| Module::from_binary(default_engine, binary))?;
        Ok(Programs {
            stock: link::<WasiP1Ctx>(&stock, allowed)?,
            ours: link::<p1::P1Ctx>(&ours, allowed)?,
            stock_default: link::<WasiP1Ctx>(&default, allowed)?,
            timed: Timed::prepare(inputs, engine, allowed),
            call,
        })
    }

    /// The functions of WASI that the stopwatch knows, or why there is none.
    pub(super) fn timed(&self) -> Result<&[String], &str> {
        self.timed.as_ref().map(|timed| timed.names.as_slice()).map_err(String::as_str)
    }

    pub(super) fn run(&self, side: Side, inputs: &Inputs) -> Result<Ran, Problem> {
        let none = Stopwatch::new(0, 0);
        match side {
            Side::Stock => run::<WasiP1Ctx>(&self.stock, &self.call, inputs, inputs.fuel, none),
            Side::Ours => run::<p1::P1Ctx>(&self.ours, &self.call, inputs, inputs.fuel, none),
            // Wasmtime counts no fuel unless it is told to.
            Side::StockDefault => run::<WasiP1Ctx>(&self.stock_default, &self.call, inputs, None, none),
        }
    }

    /// Finds out what the stopwatch itself takes.
    pub(super) fn calibrate(&mut self, inputs: &Inputs) -> Result<(), Problem> {
        let Ok(timed) = &mut self.timed else { return Ok(()) };
        let module = Module::new(self.stock.module().engine(), EMPTY_CALLS).map_err(refused)?;
        let fuel = inputs.fuel.and(Some(u64::MAX));
        let call = Call::program(&[], &module, inputs.value.guest())?;
        let watch = || Stopwatch::new(1, 0);
        let stock = run::<WasiP1Ctx>(&link::<WasiP1Ctx>(&module, &inputs.allowed)?, &call, inputs, fuel, watch())?;
        let ours = run::<p1::P1Ctx>(&link::<p1::P1Ctx>(&module, &inputs.allowed)?, &call, inputs, fuel, watch())?;
        timed.overhead_ns = [stock, ours].map(|ran| Calls::median_ns(ran.timed.iter()).unwrap_or_default());
        Ok(())
    }

    /// With the stopwatch. `None` if there is none.
    pub(super) fn run_timed(&self, side: Side, inputs: &Inputs) -> Option<Result<Ran, Problem>> {
        let Timed { names, stock, ours, overhead_ns: [stock_ns, ours_ns] } = self.timed.as_ref().ok()?;
        // The stopwatch needs fuel of its own; that the guest's is enough was seen before.
        let fuel = inputs.fuel.and(Some(u64::MAX));
        Some(match side {
            Side::Ours => run::<p1::P1Ctx>(ours, &self.call, inputs, fuel, Stopwatch::new(names.len(), *ours_ns)),
            Side::Stock | Side::StockDefault => {
                run::<WasiP1Ctx>(stock, &self.call, inputs, fuel, Stopwatch::new(names.len(), *stock_ns))
            }
        })
    }
}

impl Timed {
    /// A module that cannot be instrumented is compared without.
    fn prepare(inputs: &deterministic_run::Inputs, engine: &Engine, allowed: &[String]) -> Result<Self, String> {
        let guest: &Guest = inputs.guest();
        let limited = inputs.limited(guest.binary(), 1).map_err(|error| chain(&error))?;
        let in_ours = timed(&limited)?;
        let ours = Module::from_binary(engine, &in_ours.wasm).map_err(|error| chain(&error))?;
        let stock = if inputs.limits_call_depth() {
            let in_stock = timed(guest.binary())?;
            Module::from_binary(engine, &in_stock.wasm).map_err(|error| chain(&error))?
        } else {
            ours.clone()
        };
        let told = |problem: Problem| problem.to_string();
        Ok(Timed {
            names: in_ours.names,
            stock: link::<WasiP1Ctx>(&stock, allowed).map_err(told)?,
            ours: link::<p1::P1Ctx>(&ours, allowed).map_err(told)?,
            overhead_ns: [0; 2],
        })
    }
}

/// The module with a stopwatch around its calls of WASI.
fn timed(binary: &[u8]) -> Result<TimedModule, String> {
    add_stopwatch(binary, &["wasi_snapshot_preview1", "wasi_unstable"]).map_err(|error| error.to_string())
}

fn link<W: Wasi>(module: &Module, allowed: &[String]) -> Result<W::Linked, Problem> {
    let linked = || {
        let mut linker = Linker::new(module.engine());
        linker.func_wrap(HOST, BEGIN, |mut caller: Caller<'_, State<W>>, function: i32| {
            caller.data_mut().stopwatch.begin(function as u32);
        })?;
        linker.func_wrap(HOST, END, |mut caller: Caller<'_, State<W>>| {
            let now = Instant::now();
            caller.data_mut().stopwatch.end(now);
        })?;
        allow_in_module(&mut linker, module, allowed)?;
        W::link(linker, module)
    };
    linked().map_err(refused)
}

/// The same on each side.
fn run<W: Wasi>(
    linked: &W::Linked,
    call: &Call,
    inputs: &Inputs,
    fuel: Option<u64>,
    stopwatch: Stopwatch,
) -> Result<Ran, Problem> {
    let outputs = captured();
    let copies = W::copies(inputs)?;
    let begun = Instant::now();
    let wasi = W::new(inputs, &outputs, &copies)?;
    let mut store = Store::new(W::module(linked).engine(), State { wasi, limits: inputs.value.limits(), stopwatch });
    store.limiter(|state| &mut state.limits);
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).map_err(refused)?;
    }
    let instance = W::instantiate(linked, &mut store);
    let started = Instant::now();
    let called = match instance {
        Ok(instance) => call.run(&instance, &mut store).map(drop),
        Err(error) => Err(inputs.value.guest().unstarted(error)?),
    };
    let through = Instant::now();
    let ended = Ended::of(called);
    let (stdout, stderr) = Stdout::of(&outputs, &ended);
    let State { wasi, stopwatch, .. } = store.into_data();
    Ok(Ran {
        setup: started - begun,
        call: through - started,
        ended,
        stdout,
        stderr,
        host_calls: wasi.host_calls(),
        timed: stopwatch.stop(through),
    })
}
