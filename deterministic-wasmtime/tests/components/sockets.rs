//! There is no network: what a guest is told that asks for one, here and on stock wasmtime-wasi where nothing is allowed.

use deterministic_wasmtime::p3;
use wasmtime::Store;
use wasmtime::component::{Component, Instance, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::door::{component, interfaces};
use crate::host::{async_linker, engine, simulation, store};

struct Stock {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Stock {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

const WORLD: &str = "export tcp: func(family: u32) -> u32;
    export udp: func(family: u32) -> u32;
    export resolve: func() -> u32;";

/// What each function gives: 256 and the code, of an error.
fn module(imports: &str, resolve: &str) -> String {
    format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            (data (i32.const 1024) "localhost")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func $told (result i32)
                (i32.add (i32.mul (i32.load8_u (i32.const 16)) (i32.const 256)) (i32.load8_u (i32.const 20))))
            (func (export "tcp") (param i32) (result i32)
                (call $tcp (local.get 0) (i32.const 16)) (call $told))
            (func (export "udp") (param i32) (result i32)
                (call $udp (local.get 0) (i32.const 16)) (call $told))
            (func (export "resolve") (result i32) {resolve} (call $told)))"#
    )
}

/// A guest of WASI 0.2.
fn old() -> Component {
    let imports = r#"
        (import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $tcp (param i32 i32)))
        (import "wasi:sockets/udp-create-socket@0.2.12" "create-udp-socket" (func $udp (param i32 i32)))
        (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
        (import "wasi:sockets/ip-name-lookup@0.2.12" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
        (import "wasi:sockets/network@0.2.12" "[resource-drop]network" (func $drop (param i32)))"#;
    let resolve = "(local $network i32)
        (local.set $network (call $network))
        (call $resolve (local.get $network) (i32.const 1024) (i32.const 9) (i32.const 16))
        (call $drop (local.get $network))";
    let world = format!(
        "world old {{
            import wasi:sockets/tcp-create-socket@0.2.12;
            import wasi:sockets/udp-create-socket@0.2.12;
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            {WORLD}
        }}"
    );
    component(&engine(), interfaces(), &world, &module(imports, resolve))
}

/// A guest of WASI 0.3.
fn new() -> Component {
    let imports = r#"
        (import "wasi:sockets/types@0.3.0" "[static]tcp-socket.create" (func $tcp (param i32 i32)))
        (import "wasi:sockets/types@0.3.0" "[static]udp-socket.create" (func $udp (param i32 i32)))
        (import "wasi:sockets/ip-name-lookup@0.3.0" "resolve-addresses" (func $resolve (param i32 i32 i32)))"#;
    let resolve = "(call $resolve (i32.const 1024) (i32.const 9) (i32.const 16))";
    let world = format!(
        "world new {{
            import wasi:sockets/types@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
            {}
        }}",
        WORLD.replace("func(", "async func(")
    );
    component(&engine(), interfaces(), &world, &module(imports, resolve))
}

async fn told<T: Send>(store: &mut Store<T>, instance: Instance) -> Vec<u32> {
    let mut told = Vec::new();
    for name in ["tcp", "udp"] {
        for family in [0_u32, 1] {
            let function = instance.get_typed_func::<(u32,), (u32,)>(&mut *store, name).unwrap();
            told.push(function.call_async(&mut *store, (family,)).await.unwrap().0);
        }
    }
    let function = instance.get_typed_func::<(), (u32,)>(&mut *store, "resolve").unwrap();
    told.push(function.call_async(&mut *store, ()).await.unwrap().0);
    told
}

fn on_stock(component: &Component) -> Vec<u32> {
    let mut linker = Linker::new(component.engine());
    linker.allow_shadowing(true);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
    let wasi = WasiCtx::builder().allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false).build();
    let mut store = Store::new(component.engine(), Stock { wasi, table: ResourceTable::new() });
    wasmtime_wasi::runtime::in_tokio(async {
        let instance = linker.instantiate_async(&mut store, component).await.unwrap();
        told(&mut store, instance).await
    })
}

fn here(component: &Component) -> Vec<u32> {
    let linker = async_linker(component.engine());
    let mut store = store(component.engine(), simulation());
    let waits = store.data().deterministic().waits();
    p3::block_on(&waits, async {
        let instance = linker.instantiate_async(&mut store, component).await.unwrap();
        told(&mut store, instance).await
    })
    .unwrap()
}

#[test]
fn no_socket_is_made_and_no_name_resolved() {
    let [denied, failed] =
        [ErrorCode::AccessDenied, ErrorCode::PermanentResolverFailure].map(|code| 256 + u32::from(code as u8));
    let old = old();
    assert_eq!(here(&old), [denied, denied, denied, denied, failed]);
    assert_eq!(on_stock(&old), here(&old));
    let new = new();
    let told = here(&new);
    assert!(told.iter().all(|told| *told >= 256), "{told:?}");
    assert_eq!(on_stock(&new), told);
}
