//! Requests that a guest of WASI 0.3 sends: its host function, called as the linker calls it.

use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

use ::http::{Method, Request, Response};
use bytes::Bytes;
use deterministic_core::Seed;
use deterministic_policies::Preset;
use wasmtime::component::Accessor;
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{TrappableError, WasiCtxBuilder};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p3::Request as Request3;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;

use super::body::Chunks;
use super::{Reply, p3};
use crate::p3::block_on;
use crate::{ComponentCtx, Deterministic, DeterministicView as _, WasiCtxBuilderExt as _};

const HOUR: u64 = 3_600_000_000_000;

fn store() -> Store<ComponentCtx> {
    let mut config = Config::new();
    let engine = Engine::new(crate::configure(&mut config).wasm_component_model_async(true)).unwrap();
    let policies = Preset::Simulation.policies(&Seed::from_u64(7));
    Store::new(&engine, WasiCtxBuilder::new().build_deterministic(policies))
}

async fn send(accessor: &Accessor<ComponentCtx>, path: &'static str) -> Result<u16, ErrorCode> {
    let request = accessor.with(|mut access| {
        let body = Chunks { data: Bytes::from("body"), trailers: None, _held: None };
        let authority = Some("host".parse().unwrap());
        let (request, _) =
            Request3::new(Method::POST, None, authority, Some(path.parse().unwrap()), FieldMap::default(), None, body);
        access.data_mut().deterministic_view().table.push(request).unwrap()
    });
    let response = p3::send(&accessor.with_getter::<Deterministic>(ComponentCtx::deterministic_view), request).await;
    let response = response.map_err(|error: TrappableError<ErrorCode>| error.downcast().unwrap())?;
    Ok(accessor
        .with(|mut access| access.data_mut().deterministic_view().table.delete(response).unwrap().status.as_u16()))
}

fn answered() -> Store<ComponentCtx> {
    let mut store = store();
    store.data_mut().deterministic_view().ctx.set_responder(|request: Request<Bytes>| {
        assert_eq!(request.body(), "body");
        let hours: u16 = request.uri().path()[1..].parse().unwrap();
        let response = Response::builder().status(200 + hours).body(Bytes::new()).unwrap();
        Reply::from(response).after(u64::from(hours) * HOUR)
    });
    store
}

#[test]
fn requests_are_refused_by_default() {
    let mut store = store();
    let waits = store.data_mut().deterministic_view().ctx.waits();
    let result = block_on(&waits, store.run_concurrent(async |accessor| send(accessor, "/1").await));
    assert!(matches!(result.unwrap().unwrap(), Err(ErrorCode::HttpRequestDenied)));
}

#[test]
fn responses_come_in_the_order_of_their_deadlines() {
    let mut store = answered();
    let waits = store.data_mut().deterministic_view().ctx.waits();
    let sent = store.data().deterministic().now();
    let order = block_on(
        &waits,
        store.run_concurrent(async |accessor| {
            let order = Mutex::new(Vec::new());
            let one = async |path| {
                let status = send(accessor, path).await.unwrap();
                let now = accessor.with(|mut access| access.data_mut().deterministic().now());
                order.lock().unwrap().push((status, now.saturating_since(sent) / HOUR));
            };
            let (mut first, mut second, mut third) = (pin!(one("/3")), pin!(one("/1")), pin!(one("/2")));
            let mut open = [true; 3];
            std::future::poll_fn(|context| {
                open[0] = open[0] && first.as_mut().poll(context).is_pending();
                open[1] = open[1] && second.as_mut().poll(context).is_pending();
                open[2] = open[2] && third.as_mut().poll(context).is_pending();
                if open.contains(&true) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            std::mem::take(&mut *order.lock().unwrap())
        }),
    );
    assert_eq!(order.unwrap().unwrap(), [(201, 1), (202, 2), (203, 3)]);
}
