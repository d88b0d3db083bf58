//! A clock of one's own in ten lines: time flies, a second for every reading, and twice as far as a sleep wants.

use deterministic_wasmtime::core::{
    Clock, ClockId, Description, FuelObserver, Instant, Policies, Policy, PolicyError, Undescribed,
};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, Linker, Module, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;

struct Hasty(Instant);

impl Clock for Hasty {
    fn now(&self) -> Instant {
        self.0
    }
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.0 = self.0.saturating_add(2 * deadline.saturating_since(self.0));
        Ok(())
    }
    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        self.0 = self.0.saturating_add(1_000_000_000);
        Ok(self.0)
    }
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

impl Policy for Hasty {
    /// What gives runs under it a fingerprint.
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Hasty", 1).number("now", self.0.as_nanos()))
    }
}

/// Returns what the monotonic clock shows.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "now") (result i64)
        (drop (call $now (i32.const 1) (i64.const 0) (i32.const 0)))
        (i64.load (i32.const 0))))"#;

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx)?;

    let policies = Policies { clock: Box::new(Hasty(Instant::ZERO)), ..Policies::default() };
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build_deterministic_p1(policies));
    let instance = linker.instantiate(&mut store, &Module::new(&engine, GUEST)?)?;
    let now = instance.get_typed_func::<(), u64>(&mut store, "now")?;
    assert_eq!(now.call(&mut store, ())?, 1_000_000_000);
    assert_eq!(now.call(&mut store, ())?, 2_000_000_000);
    assert_eq!(Hasty(Instant::ZERO).describe()?.to_string(), "Hasty v1 { now: 0 }");
    println!("a second passes with each look at the clock");
    Ok(())
}
