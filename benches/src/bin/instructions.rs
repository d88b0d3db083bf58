//! Does the hot call that its argument names a thousand times inside [`measured`], where `scripts/instructions` has valgrind
//! count. Without an argument, prints the names.

use benches::components::{p2, p2_engine, start_floor, start_p2};
use benches::{Call, ComponentCall, Counted, Side, core_engine, make_p1, make_stock};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Instance, Linker, Store};
use wasmtime_wasi::WasiCtxBuilder;

/// How often each call is done.
const CALLS: u64 = 1_000;

/// Nothing is counted outside of this.
#[inline(never)]
fn measured(run: &mut dyn FnMut(u64) -> u64) -> u64 {
    run(CALLS)
}

/// Counts what `run` does, which is told how often and returns how often it succeeded.
fn count(name: &str, mut run: impl FnMut(u64) -> u64) {
    // What happens at the first call only is no part of it.
    assert_eq!(run(10), 10);
    assert_eq!(measured(&mut run), CALLS, "{name}: a call failed");
}

fn ctx() -> p1::P1Ctx {
    let policies = Preset::Simulation.policies(&Seed::default());
    WasiCtxBuilder::new().stdout(Counted::default()).build_deterministic_p1(policies)
}

fn count_module(name: &str, store: &mut Store<p1::P1Ctx>, instance: Instance) {
    if let Ok(prepare) = instance.get_typed_func::<(), i32>(&mut *store, "prepare") {
        assert_eq!(prepare.call(&mut *store, ()).expect("it ends well"), 0, "{name}: the guest is not ready");
    }
    let run = instance.get_typed_func::<u64, u64>(&mut *store, "run").expect("it exports `run`");
    count(name, |calls| run.call(&mut *store, calls).expect("it ends well"));
}

fn prepared(call: &Call) {
    let (mut store, instance) = benches::prepared(&call.module(&core_engine()), ctx());
    count_module(&call.name, &mut store, instance);
}

fn captured(call: &Call) {
    let (mut store, instance) = benches::prepared(&call.module(&core_engine()), ctx().capture_output(1 << 20));
    count_module(&call.name, &mut store, instance);
}

fn plain(call: &Call) {
    let engine = core_engine();
    let mut store = Store::new(&engine, ctx());
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).expect("a fresh linker");
    let instance = linker.instantiate(&mut store, &call.module(&engine)).expect("it links");
    count_module(&call.name, &mut store, instance);
}

fn component(call: &ComponentCall) {
    let (mut store, run) = start_p2(&call.component(&p2_engine()));
    count(&call.name, |calls| run.call(&mut store, (calls,)).expect("it ends well").0);
}

/// The same call, answered by a host function that does nothing.
fn floor(call: &ComponentCall) {
    let (mut store, run) = start_floor(&call.component(&p2_engine()), p2::polling_floor);
    count(&call.name, |calls| run.call(&mut store, (calls,)).expect("it ends well").0);
}

/// Makes contexts, and drops them.
fn contexts<T>(name: &str, make: impl Fn() -> T) {
    count(name, |calls| (0..calls).map(|_| drop(std::hint::black_box(make()))).count() as u64);
}

/// Does what is wanted, or says what there is.
fn choose(wanted: Option<&str>, name: &str, run: impl FnOnce()) {
    match wanted {
        None => println!("{name}"),
        Some(wanted) if wanted == name => run(),
        Some(_) => {}
    }
}

fn main() {
    let calls = [
        Call::clock_time_get("monotonic", 1),
        Call::clock_time_get("realtime", 0),
        Call::clock_res_get(),
        Call::random_get("8 B", 8),
        Call::random_get("4 KiB", 4096),
        Call::sched_yield(),
        Call::poll_oneoff(1),
        Call::poll_oneoff(256),
        Call::fd_write("64 B", 64),
    ];
    let component_calls = [
        p2::monotonic_now(),
        p2::random_bytes("8 B", 8),
        p2::random_bytes("4 KiB", 4096),
        p2::random_u64(),
        p2::poll(1),
        p2::poll(256),
        p2::sleep(0),
    ];
    let wanted = std::env::args().nth(1);
    let wanted = wanted.as_deref();
    for call in calls {
        choose(wanted, &format!("p1 {}", call.name), || prepared(&call));
        choose(wanted, &format!("p1 {}, plain linker", call.name), || plain(&call));
        if call.name.starts_with("fd_write") {
            choose(wanted, &format!("p1 {}, captured output", call.name), || captured(&call));
        }
    }
    choose(wanted, "p1 context of stock", || contexts("stock", || make_stock(Side::Stock)));
    choose(wanted, "p1 context", || contexts("ours", || make_p1(Preset::Simulation)));
    choose(wanted, "p1 context of chaos", || contexts("chaos", || make_p1(Preset::Chaos)));
    for call in component_calls {
        choose(wanted, &format!("p2 {}", call.name), || component(&call));
        if call.name.contains("block") || call.name == "poll 1 due" {
            choose(wanted, &format!("p2 {}, floor", call.name), || floor(&call));
        }
    }
}
