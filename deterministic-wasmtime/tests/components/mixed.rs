//! Components of different versions in one store read the same clock.

use deterministic_wasmtime::core::{Policies, VirtualClock};
use deterministic_wasmtime::p3;
use wasmtime::component::Component;

use crate::host::{async_linker, clocks, engine, store};

/// Reads the monotonic clocks of 0.2 and 0.3 in turn.
const BOTH: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $old (export "now" (func (result u64)))))
    (import "wasi:clocks/monotonic-clock@0.3.0" (instance $new (export "now" (func (result u64)))))
    (core func $old (canon lower (func $old "now")))
    (core func $new (canon lower (func $new "now")))
    (func (export "old") (result u64) (canon lift (core func $old)))
    (func (export "new") (result u64) (canon lift (core func $new))))"#;

#[test]
fn all_versions_read_one_clock() {
    let engine = engine();
    let linker = async_linker(&engine);
    let mut store = store(&engine, Policies { clock: Box::new(VirtualClock::with_tick(10)), ..Policies::default() });
    let waits = store.data().deterministic().waits();
    let readings = p3::block_on(&waits, async {
        let both = Component::new(&engine, BOTH)?;
        let both = linker.instantiate_async(&mut store, &both).await?;
        let other = Component::new(&engine, clocks("0.2.0"))?;
        let other = linker.instantiate_async(&mut store, &other).await?;
        let mut readings = Vec::new();
        for (instance, name) in [(both, "old"), (both, "new"), (other, "now"), (both, "new"), (other, "now")] {
            let now = instance.get_typed_func::<(), (u64,)>(&mut store, name)?;
            readings.push(now.call_async(&mut store, ()).await?.0);
        }
        // Sleeping in one is sleeping in all.
        let timer = other.get_typed_func::<(u64,), (u32,)>(&mut store, "duration")?;
        let (timer,) = timer.call_async(&mut store, (1_000,)).await?;
        let block = other.get_typed_func::<(u32,), ()>(&mut store, "block")?;
        block.call_async(&mut store, (timer,)).await?;
        let now = both.get_typed_func::<(), (u64,)>(&mut store, "new")?;
        readings.push(now.call_async(&mut store, ()).await?.0);
        wasmtime::error::Ok(readings)
    });
    assert_eq!(readings.unwrap().unwrap(), [11, 21, 31, 41, 51, 1_061]);
}
