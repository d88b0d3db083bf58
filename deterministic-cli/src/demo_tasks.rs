//! The second half of the demo: one component of WASI 0.2 and 0.3, twice on ours.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _, configure, p2, p3};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;

const GUEST: &str = include_str!("demo_tasks.wat");

/// What a run's guest returned: a random number, the order in which its tasks ended, what both clocks then read.
type Answers = (u64, u64, u64, u64);

/// The text of this half, and whether the two runs are equal.
pub(crate) fn tasks() -> Result<(String, bool)> {
    let mut config = Config::new();
    let engine = Engine::new(configure(&mut config).wasm_component_model_async(true))?;
    let component = Component::new(&engine, GUEST)?;
    let mut linker = Linker::new(&engine);
    p2::add_to_linker_async(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    let runs = [run(&linker, &component)?, run(&linker, &component)?];

    let mut text = String::from(
        "\nOne component of WASI 0.2 and 0.3, run twice on detwasi. Four of its tasks wait beside each\n\
         other, for 3, 1, 2 and 1 hours.\n\n",
    );
    for (number, ((random, order, old, new), took)) in (1..).zip(&runs) {
        let ended: Vec<_> = order.to_string().chars().map(String::from).collect();
        let (old, new) = (*old as f64 / 1e9, *new as f64 / 1e9);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "run {number}: drew {random:016x}, ended {}, at {old:.6} and {new:.6} s, took {took:.1?}",
            ended.join(" "),
        );
    }
    let equal = runs[0].0 == runs[1].0;
    text.push_str(if equal { "\ndetwasi: the two runs are equal.\n" } else { "\ndetwasi: the two runs differ.\n" });
    Ok((text, equal))
}

fn run(linker: &Linker<ComponentCtx>, component: &Component) -> Result<(Answers, Duration)> {
    // For the line `took`: the host's time, which no guest sees.
    let begin = Instant::now();
    let policies = Preset::Simulation.policies(&Seed::default());
    let mut store = Store::new(linker.engine(), WasiCtxBuilder::new().build_deterministic(policies));
    let waits = store.data().deterministic().waits();
    let answers = p3::block_on(&waits, async {
        let instance = linker.instantiate_async(&mut store, component).await?;
        let mut answers = [0; 4];
        for (answer, name) in answers.iter_mut().zip(["random", "run", "old-now", "new-now"]) {
            let function = instance.get_typed_func::<(), (u64,)>(&mut store, name)?;
            (*answer,) = function.call_async(&mut store, ()).await?;
        }
        wasmtime::error::Ok(answers)
    })??;
    Ok((answers.into(), begin.elapsed()))
}
