//! What a hostile component gets.

use deterministic_wasmtime::core::{Policies, PolicyError, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{Error, WasiCtxBuilderExt as _, p2};
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::random;
use wasmtime_wasi::{WasiCtxBuilder, p3};

use crate::host::{Guest, async_linker, clocks, engine, simulation, store};

#[test]
fn an_empty_list_traps() {
    let mut guest = Guest::new(&clocks("0.2.6"), simulation());
    let error = guest.call::<_, (Vec<u32>,)>("poll", (Vec::<u32>::new(),)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::EmptyPollList)), "{error:?}");
}

#[test]
fn a_dropped_or_foreign_pollable_traps() {
    for handle in [0, 7, u32::MAX] {
        let mut guest = Guest::new(&clocks("0.2.6"), simulation());
        assert!(guest.call::<_, (bool,)>("ready", (handle,)).is_err());
        let mut guest = Guest::new(&clocks("0.2.6"), simulation());
        assert!(guest.call::<_, (Vec<u32>,)>("poll", (vec![handle],)).is_err());
    }
    let mut guest = Guest::new(&clocks("0.2.6"), simulation());
    let (timer,) = guest.call::<_, (u32,)>("duration", (5u64,)).unwrap();
    guest.call::<_, ()>("drop", (timer,)).unwrap();
    assert!(guest.call::<_, ()>("block", (timer,)).is_err());
}

#[test]
fn a_reused_number_is_a_new_timer() {
    let mut guest = Guest::new(&clocks("0.2.6"), Policies::default());
    let (first,) = guest.call::<_, (u32,)>("duration", (5u64,)).unwrap();
    guest.call::<_, ()>("drop", (first,)).unwrap();
    let (second,) = guest.call::<_, (u32,)>("duration", (500u64,)).unwrap();
    assert_eq!(first, second, "the test wants a reused handle");
    guest.call::<_, ()>("block", (second,)).unwrap();
    assert_eq!(guest.call::<_, (u64,)>("now", ()).unwrap(), (501,));
}

#[test]
fn too_many_random_bytes_trap_in_0_2_and_are_cut_in_0_3() {
    use deterministic_wasmtime::DeterministicView as _;
    let engine = engine();
    let mut store = store(&engine, simulation());
    let mut view = store.data_mut().deterministic_view();
    let limit = 64 << 20;
    let error = random::random::Host::get_random_bytes(&mut view, limit + 1).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::RandomTooLong { .. })), "{error:?}");
    let bytes = p3::bindings::random::random::Host::get_random_bytes(&mut view, limit + 1).unwrap();
    assert_eq!(bytes.len() as u64, limit);
}

#[test]
fn strict_refuses_secure_bytes_in_both() {
    use deterministic_wasmtime::DeterministicView as _;
    let mut store = store(&engine(), Preset::Strict.policies(&Seed::default()));
    let mut view = store.data_mut().deterministic_view();
    for error in [
        random::random::Host::get_random_u64(&mut view).unwrap_err(),
        p3::bindings::random::random::Host::get_random_bytes(&mut view, 0).unwrap_err(),
    ] {
        assert!(matches!(error.downcast_ref(), Some(PolicyError::RandomRefused)), "{error:?}");
    }
    assert!(random::insecure::Host::get_insecure_random_u64(&mut view).is_ok());
}

#[test]
fn all_versions_draw_from_the_same_streams() {
    use deterministic_wasmtime::DeterministicView as _;
    let draw = |draw: &dyn Fn(&mut deterministic_wasmtime::DeterministicCtxView<'_>) -> Vec<u8>| {
        let mut store = store(&engine(), simulation());
        draw(&mut store.data_mut().deterministic_view())
    };
    let whole = draw(&|view| random::random::Host::get_random_bytes(view, 24).unwrap());
    let mixed = draw(&|view| {
        let mut bytes = random::random::Host::get_random_bytes(view, 3).unwrap();
        bytes.extend(p3::bindings::random::random::Host::get_random_bytes(view, 5).unwrap());
        bytes.extend(random::random::Host::get_random_u64(view).unwrap().to_le_bytes());
        bytes.extend(p3::bindings::random::random::Host::get_random_u64(view).unwrap().to_le_bytes());
        bytes
    });
    assert_eq!(whole, mixed);
    let insecure = draw(&|view| random::insecure::Host::get_insecure_random_bytes(view, 24).unwrap());
    assert_ne!(whole, insecure);
}

#[test]
fn a_world_that_nothing_provides_is_refused_before_it_starts() {
    let engine = engine();
    let component =
        Component::new(&engine, r#"(component (import "wasi:nn/tensor@0.2.0" (instance (export "x" (func)))))"#)
            .unwrap();
    let Err(error) = async_linker(&engine).instantiate_pre(&component) else { panic!("it links") };
    assert!(format!("{error:?}").contains("wasi:nn/tensor@0.2.0"), "{error:?}");
}

#[test]
fn an_error_says_nothing_of_the_host() {
    use deterministic_wasmtime::DeterministicView as _;
    use wasmtime_wasi_io::bindings::wasi::io::error::HostError as _;
    let mut store = store(&engine(), simulation());
    let mut view = store.data_mut().deterministic_view();
    let host = std::fs::File::open("/nonexistent").unwrap_err();
    let error = view.table.push(wasmtime::Error::new(host)).unwrap();
    assert_eq!(view.to_debug_string(error).unwrap(), "NotFound");
    let error = view.table.push(wasmtime::Error::msg("at 0x7f00dead")).unwrap();
    assert_eq!(view.to_debug_string(error).unwrap(), "stream error");
}

/// Interface by interface, as wasmtime-wasi's own.
#[test]
fn interfaces_can_be_linked_one_by_one() {
    let engine = engine();
    let mut linker = Linker::new(&engine);
    p2::poll::add_to_linker_sync(&mut linker).unwrap();
    p2::monotonic_clock::add_to_linker(&mut linker).unwrap();
    let mut store = wasmtime::Store::new(&engine, WasiCtxBuilder::new().build_deterministic(Policies::default()));
    let component = Component::new(&engine, clocks("0.2.3")).unwrap();
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let now = instance.get_typed_func::<(), (u64,)>(&mut store, "now").unwrap();
    assert_eq!(now.call(&mut store, ()).unwrap(), (1,));
}
