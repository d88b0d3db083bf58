//! Sleeps of components that move nothing.

use deterministic_wasmtime::core::{Instant, Policies, PolicyError, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{Error, MAX_SLEEPS_IN_VAIN, p3};
use wasmtime::component::Component;

use crate::host::{Guest, async_linker, clocks, engine, store};

const SECOND: u64 = 1_000_000_000;

fn frozen() -> Policies {
    Preset::Frozen.policies(&Seed::default())
}

/// Waits for ever again, with WASI 0.3: `for` so many nanoseconds, `until` an instant. Returns if `times` are over.
fn waiting(function: &str) -> String {
    format!(
        r#"(component
    (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
        (export "{function}" (func async (param "{}" u64)))))
    (core func $wait (canon lower (func $clock "{function}")))
    (core func $return (canon task.return))
    (core module $Main
        (import "" "wait" (func $wait (param i64)))
        (import "" "return" (func $return))
        (func (export "run") (param $time i64) (param $times i32) (result i32)
            (loop $again
                (call $wait (local.get $time))
                (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
            (call $return)
            (i32.const 0))
        (func (export "event") (param i32 i32 i32) (result i32) unreachable))
    (core instance $main (instantiate $Main (with "" (instance
        (export "wait" (func $wait)) (export "return" (func $return))))))
    (func (export "run") async (param "time" u64) (param "times" u32)
        (canon lift (core func $main "run") async (callback (core func $main "event")))))"#,
        if function == "wait-for" { "how-long" } else { "when" }
    )
}

fn wait(function: &str, policies: Policies, time: u64, times: u32) -> (wasmtime::Result<()>, Instant) {
    let engine = engine();
    let component = Component::new(&engine, waiting(function)).unwrap();
    let mut store = store(&engine, policies);
    let waits = store.data().deterministic().waits();
    let result = p3::block_on(&waits, async {
        let instance = async_linker(&engine).instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(u64, u32), ()>(&mut store, "run")?;
        run.call_async(&mut store, (time, times)).await
    });
    (result.unwrap(), store.data().deterministic().now())
}

#[test]
fn a_component_that_blocks_for_ever_where_time_stands_is_ended() {
    for (function, name) in [("block", "wasi:io/poll.[method]pollable.block"), ("poll", "wasi:io/poll.poll")] {
        let mut guest = Guest::new(&clocks("0.2.6"), frozen());
        let (timer,) = guest.call::<_, (u32,)>("instant", (SECOND,)).unwrap();
        let mut wait = || match function {
            "block" => guest.call::<_, ()>("block", (timer,)),
            _ => guest.call::<_, (Vec<u32>,)>("poll", (vec![timer],)).map(drop),
        };
        for _ in 0..MAX_SLEEPS_IN_VAIN {
            wait().unwrap();
        }
        let error = wait().unwrap_err();
        let Some(Error::TimeStandsStill { clock, until, function, .. }) = error.downcast_ref() else {
            panic!("{error:?}")
        };
        assert_eq!((clock.as_str(), until.as_nanos(), *function), ("FrozenClock", SECOND, name));
    }
}

#[test]
fn a_task_that_waits_for_ever_where_time_stands_is_ended() {
    for preset in [Preset::Frozen, Preset::DeterministicWasiCtx] {
        for function in ["wait-for", "wait-until"] {
            let wait = |times| wait(function, preset.policies(&Seed::default()), SECOND, times).0;
            wait(MAX_SLEEPS_IN_VAIN).unwrap();
            let error = wait(0).unwrap_err();
            let Some(Error::TimeStandsStill { function: found, .. }) = error.downcast_ref() else {
                panic!("{error:?}")
            };
            assert_eq!(*found, format!("wasi:clocks/monotonic-clock.{function}"));
        }
    }
}

#[test]
fn the_end_of_time_is_an_error_in_every_version() {
    let mut guest = Guest::new(&clocks("0.2.6"), Policies::default());
    let mut timer = |nanos| guest.call::<_, (u32,)>("duration", (nanos,)).unwrap().0;
    let (forever, hour) = (timer(u64::MAX), timer(SECOND));
    guest.call::<_, ()>("block", (forever,)).unwrap();
    // What was due before, and what takes no time, is over.
    guest.call::<_, ()>("block", (hour,)).unwrap();
    let (nothing,) = guest.call::<_, (u32,)>("duration", (0u64,)).unwrap();
    guest.call::<_, ()>("block", (nothing,)).unwrap();
    let (second,) = guest.call::<_, (u32,)>("duration", (SECOND,)).unwrap();
    let error = guest.call::<_, ()>("block", (second,)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::EndOfTime { .. })), "{error:?}");
    for function in ["wait-for", "wait-until"] {
        wait(function, Policies::default(), u64::MAX, 1).0.unwrap();
        let error = wait(function, Policies::default(), u64::MAX, 2).0.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Error::EndOfTime { .. })), "{error:?}");
    }
}

#[test]
fn a_task_s_time_can_be_limited() {
    let limit = Instant::from_nanos(10 * SECOND);
    let limited = || {
        let policies = Preset::Simulation.policies(&Seed::default());
        let clock = deterministic_wasmtime::policies::Until::new(policies.clock, limit);
        Policies { clock: Box::new(clock), ..Policies::default() }
    };
    let (ended, now) = wait("wait-for", limited(), SECOND, 0);
    assert!(matches!(ended.unwrap_err().downcast_ref(), Some(PolicyError::TimeIsUp { .. })));
    assert_eq!(now, limit);
    let mut guest = Guest::new(&clocks("0.2.6"), limited());
    let (timer,) = guest.call::<_, (u32,)>("duration", (20 * SECOND,)).unwrap();
    let error = guest.call::<_, ()>("block", (timer,)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(PolicyError::TimeIsUp { limit: found }) if *found == limit));
}
