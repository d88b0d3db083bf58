//! What a guest of WASI 0.2 makes the host hold, where no file is in play.

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::{Fault, fault_of};
use deterministic_wasmtime::{ComponentCtx, Deterministic, DeterministicView as _, Error, p3};
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock::HostWithStore as _;

use crate::host::{Guest, clocks, engine, simulation, store};

fn limit(guest: &mut Guest, bytes: u64) {
    guest.store.data_mut().deterministic_mut().set_max_held_bytes(bytes);
}

fn held(guest: &mut Guest) -> u64 {
    guest.store.data_mut().deterministic_mut().held_bytes()
}

fn too_much(error: &wasmtime::Error, limit: u64) {
    assert!(matches!(error.downcast_ref(), Some(Error::HeldTooMuch { limit: said }) if *said == limit), "{error:?}");
    assert_eq!(fault_of(error), Fault::Guest);
}

#[test]
fn timers_count_until_they_are_dropped() {
    let mut guest = Guest::new(&clocks("0.2.0"), simulation());
    limit(&mut guest, 2 * 256);
    let mut timer = || guest.call::<_, (u32,)>("duration", (1_u64,)).map(|(timer,)| timer);
    let timers = [timer().unwrap(), timer().unwrap()];
    for timer in timers {
        guest.call::<_, ()>("drop", (timer,)).unwrap();
    }
    assert_eq!(held(&mut guest), 0);
    for _ in 0..100 {
        let (timer,) = guest.call::<_, (u32,)>("duration", (1_u64,)).unwrap();
        guest.call::<_, ()>("drop", (timer,)).unwrap();
    }
    let two = [(); 2].map(|()| guest.call::<_, (u32,)>("duration", (1_u64,)).unwrap());
    assert_eq!((two.len(), held(&mut guest)), (2, 512));
    too_much(&guest.call::<_, (u32,)>("duration", (1_u64,)).unwrap_err(), 512);
}

/// Exports `get-stdout` and the drop of what it gives.
const STDOUT: &str = r#"(component
    (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $stream (type $outer))
        (export "output-stream" (type $same (eq $outer)))
        (export "get-stdout" (func (result (own $same))))))
    (core func $get (canon lower (func $stdout "get-stdout")))
    (core func $drop (canon resource.drop $stream))
    (func (export "get") (result u32) (canon lift (core func $get)))
    (func (export "drop") (param "stream" u32) (canon lift (core func $drop))))"#;

#[test]
fn standard_streams_count_each_time_they_are_asked_for() {
    let mut guest = Guest::new(STDOUT, simulation());
    limit(&mut guest, 256);
    for _ in 0..3 {
        let (stream,) = guest.call::<_, (u32,)>("get", ()).unwrap();
        assert_eq!(held(&mut guest), 256);
        guest.call::<_, ()>("drop", (stream,)).unwrap();
        assert_eq!(held(&mut guest), 0);
    }
    guest.call::<_, (u32,)>("get", ()).unwrap();
    too_much(&guest.call::<_, (u32,)>("get", ()).unwrap_err(), 256);
}

#[test]
fn waits_count_while_they_last() {
    let mut store = store(&engine(), Policies::default());
    let waits = store.data().deterministic().waits();
    for (limit, fits) in [(256, true), (255, false)] {
        store.data_mut().deterministic_mut().set_max_held_bytes(limit);
        let run = store.run_concurrent(async |accessor| {
            let accessor = &accessor.with_getter::<Deterministic>(ComponentCtx::deterministic_view);
            Deterministic::wait_for(accessor, 5).await
        });
        match p3::block_on(&waits, run).unwrap().unwrap() {
            Ok(()) => assert!(fits),
            Err(error) => {
                assert!(!fits);
                too_much(&error, limit);
            }
        }
        assert_eq!(store.data().deterministic().held_bytes(), 0);
    }
}
