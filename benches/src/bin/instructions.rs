//! Does the hot call that its argument names a thousand times inside [`measured`], where `scripts/instructions` has valgrind
//! count. Without an argument, prints the names.

use benches::{Call, Counted, core_engine};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Instance, Linker, Store, TypedFunc};
use wasmtime_wasi::WasiCtxBuilder;

/// How often each call is done.
const CALLS: u64 = 1_000;

/// Nothing is counted outside of this.
#[inline(never)]
fn measured<T: 'static>(store: &mut Store<T>, run: &TypedFunc<u64, u64>, calls: u64) -> u64 {
    run.call(store, calls).expect("it ends well")
}

fn ctx() -> p1::P1Ctx {
    let policies = Preset::Simulation.policies(&Seed::default());
    WasiCtxBuilder::new().stdout(Counted::default()).build_deterministic_p1(policies)
}

fn count(name: &str, store: &mut Store<p1::P1Ctx>, instance: Instance) {
    if let Ok(prepare) = instance.get_typed_func::<(), i32>(&mut *store, "prepare") {
        assert_eq!(prepare.call(&mut *store, ()).expect("it ends well"), 0, "{name}: the guest is not ready");
    }
    let run = instance.get_typed_func::<u64, u64>(&mut *store, "run").expect("it exports `run`");
    // What happens at the first call only is no part of it.
    assert_eq!(run.call(&mut *store, 10).expect("it ends well"), 10);
    assert_eq!(measured(store, &run, CALLS), CALLS, "{name}: a call failed");
}

fn prepared(call: &Call) {
    let (mut store, instance) = benches::prepared(&call.module(&core_engine()), ctx());
    count(&call.name, &mut store, instance);
}

fn captured(call: &Call) {
    let (mut store, instance) = benches::prepared(&call.module(&core_engine()), ctx().capture_output(1 << 20));
    count(&call.name, &mut store, instance);
}

fn plain(call: &Call) {
    let engine = core_engine();
    let mut store = Store::new(&engine, ctx());
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).expect("a fresh linker");
    let instance = linker.instantiate(&mut store, &call.module(&engine)).expect("it links");
    count(&call.name, &mut store, instance);
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
    let wanted = std::env::args().nth(1);
    for call in calls {
        let mut ways = vec![("", prepared as fn(&Call)), (", plain linker", plain)];
        if call.name.starts_with("fd_write") {
            ways.push((", captured output", captured));
        }
        for (way, run) in ways {
            let name = format!("p1 {}{way}", call.name);
            match &wanted {
                None => println!("{name}"),
                Some(wanted) if *wanted == name => run(&call),
                Some(_) => {}
            }
        }
    }
}
