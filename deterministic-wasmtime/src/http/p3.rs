//! `wasi:http` of WASI 0.3: `types` and `client`.
//!
//! `types` is wasmtime-wasi-http's, whose bodies are streams of the guest's own and of this store. Whoever calls into the
//! guest does so through [`drive`](crate::p3::drive).

use std::future::poll_fn;

use wasmtime::Result;
use wasmtime::component::{Accessor, HasData, Linker, Resource};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi_http::p2::body::StreamContext;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::bindings::http::{client, types};
use wasmtime_wasi_http::p3::{Request, Response};
use wasmtime_wasi_http::{Error, WasiHttp, WasiHttpCtxView};

use super::body::{Chunks, Collector};
use super::{Trailers, error, stock, stock_of, visible};
use crate::calls::HostCall;
use crate::p3::wait;
use crate::{Deterministic, DeterministicView};

/// Defines `wasi:http/types` and `wasi:http/client` in `linker`, beside the interfaces of
/// [`p3::add_to_linker`](crate::p3::add_to_linker). Together they are all that the world `wasi:http/service` imports.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    types::add_to_linker::<T, WasiHttp>(linker, stock_of::<T>)?;
    client::add_to_linker::<T, Client>(linker, stock_of::<T>)
}

/// The marker by which `client::add_to_linker` knows who sends requests.
pub(super) struct Client;

impl HasData for Client {
    type Data<'a> = WasiHttpCtxView<'a>;
}

impl<U: DeterministicView + 'static> client::HostWithStore<U> for Client {
    async fn send(
        store: &Accessor<U, Self>,
        request: Resource<Request>,
    ) -> Result<Resource<Response>, TrappableError<ErrorCode>> {
        let store = &store.with_getter::<Deterministic>(U::deterministic_view);
        let (request, options, mut body) = store.with(|mut store| {
            let view = store.get();
            view.ctx.calls.count(HostCall::http_send);
            let budget = view.ctx.http.budget.clone();
            let request = view.table.delete(request).map_err(TrappableError::trap)?;
            // Takes the body over from the guest, whatever comes of the request.
            let (request, options) = request.into_http_with_getter(&mut store, async { Ok(()) }, stock_of::<U>)?;
            if store.get().ctx.http.responder.is_none() {
                return Err(TrappableError::from(ErrorCode::HttpRequestDenied));
            }
            let (parts, body) = request.into_parts();
            let body = Collector::new(body, StreamContext::Request, budget);
            Ok((::http::Request::from_parts(parts, ()), options, body))
        })?;
        let (body, trailers) = poll_fn(|context| body.poll(context)).await.map_err(refused)?;
        // The interface sets whole nanoseconds below 2^64.
        let timeout = options.and_then(|options| options.first_byte_timeout).map(|time| time.as_nanos() as u64);
        let (delay, result) = store.with(|mut store| store.get().ask(request, body, trailers, timeout));
        wait(store, None, |now| now.saturating_add(delay)).await.map_err(TrappableError::trap)?;
        let (mut parts, data) = result.map_err(refused)?.into_parts();
        let trailers = parts.extensions.remove::<Trailers>().map(|Trailers(trailers)| visible(trailers));
        parts.headers = visible(parts.headers);
        store.with(|mut store| {
            let view = stock(store.get());
            let response = ::http::Response::from_parts(parts, Chunks { data, trailers });
            // Nobody on the host waits to hear what the guest made of the response.
            let (response, _) = Response::from_http(view.hooks, response);
            view.table.push(response).map_err(TrappableError::trap)
        })
    }
}

fn refused(error: Error) -> TrappableError<ErrorCode> {
    error::p3_code(error).into()
}
