//! `wasi:http` for components, 0.2 and 0.3: requests that a policy answers in virtual time, and handlers that are called
//! with a value.
//!
//! **Outgoing.** A guest's requests are refused with `HTTP-request-denied`, unless the embedder sets a [`Responder`]:
//!
//! ```
//! use bytes::Bytes;
//! use deterministic_wasmtime::DeterministicView;
//! use deterministic_wasmtime::http::{self, Reply};
//!
//! # fn link<T: DeterministicView + 'static>(
//! #     linker: &mut wasmtime::component::Linker<T>, state: &mut T,
//! # ) -> wasmtime::Result<()> {
//! deterministic_wasmtime::p2::add_to_linker_sync(linker)?; // or `add_to_linker_async`
//! http::p2::add_to_linker(linker)?;
//! state.deterministic_view().ctx.set_responder(|request: ::http::Request<Bytes>| {
//!     let body = format!("you asked for {}", request.uri());
//!     Reply::from(::http::Response::new(Bytes::from(body))).after(50_000_000) // 50 ms of the guest's time
//! });
//! # Ok(())
//! # }
//! ```
//!
//! - The responder is called once per request, as soon as the guest has finished the request's body: in
//!   `outgoing-handler.handle` if it has by then (or there is none), else in `outgoing-body.finish`; in 0.3 within
//!   `client.send`, when the body's stream and trailers have ended. So a guest that wants an answer before it ends its body
//!   waits for ever, which is the typed [`Deadlock`](crate::Error::Deadlock).
//! - The answer is there when the timeline reaches the moment at which the responder was asked plus [`Reply::delay`]. Several outstanding answers come in
//!   the order of their deadlines; the scheduler orders those that come together.
//! - A first-byte timeout shorter than the delay gives `connection-read-timeout` at its end. Without one there is none (stock
//!   has 600 s). Connecting takes no time, and the whole body comes with the first byte, in chunks of 64 KiB, so the
//!   other two timeouts never strike.
//! - Header fields keep the order they were given in, those of one name side by side.
//! - Memory: fields, requests, responses, and bodies under way count to
//!   [`max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes); beyond, a write fails with `HTTP-request-body-size` or
//!   `HTTP-response-body-size`.
//!
//! **Incoming.** [`handle`] calls a component that exports `wasi:http/incoming-handler` (0.2) or `wasi:http/handler` (0.3)
//! with a request, and returns the complete response. [`parse_request`] and [`format_response`] read and print HTTP/1.1.
//!
//! No socket, timer, thread or executor of the host takes part in any of this, unless the responder is a `client::Client` (feature
//! `http-client`), which lets the requests out to the hosts that are allowed.

mod body;
#[cfg(test)]
mod client_tests;
mod error;
mod held;
mod incoming;
mod outgoing;
pub mod p2;
pub mod p3;
mod timers;

#[cfg(feature = "http-client")]
pub use deterministic_wasi::http::client;
pub use deterministic_wasi::http::{
    HttpError, MessageError, Reply, Responder, Timeouts, Trailers, format_response, parse_request,
};
pub use error::HandleError;
pub use incoming::{handle, handle_async};

use ::http::HeaderMap;
use deterministic_wasi::http::without;
use outgoing::Sent;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use crate::{DeterministicCtx, DeterministicCtxView, DeterministicView};

/// A store's part of `wasi:http`.
#[derive(Default)]
pub(crate) struct Http {
    stock: WasiHttpCtx,
    hooks: Hooks,
    responder: Option<Box<dyn Responder>>,
    sent: Sent,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("answers", &self.responder.is_some()).finish_non_exhaustive()
    }
}

impl DeterministicCtx {
    /// Has `responder` answer the guest's HTTP requests from now on. It is not part of a saved state.
    pub fn set_responder(&mut self, responder: impl Responder + 'static) {
        self.http.responder = Some(Box::new(responder));
    }
}

/// What wasmtime-wasi-http asks its embedder. It sends nothing: whatever is sent goes through [`outgoing`] or [`p3`].
#[derive(Default)]
struct Hooks;

type Never = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _request: ::http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Never,
    ) -> Box<dyn Future<Output = Result<(::http::Response<WasiBody>, Never), Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// wasmtime-wasi-http's view of the store.
fn stock<'a>(view: DeterministicCtxView<'a>) -> WasiHttpCtxView<'a> {
    let Http { stock, hooks, .. } = &mut *view.ctx.http;
    WasiHttpCtxView { hooks, table: view.table, ctx: stock }
}

/// The same, from the data of the store.
fn stock_of<T: DeterministicView>(data: &mut T) -> WasiHttpCtxView<'_> {
    stock(data.deterministic_view())
}

/// The fields that a guest may see. wasmtime-wasi-http leaves out the same, but moves others into their places.
fn visible(headers: HeaderMap) -> HeaderMap {
    without(headers, |name| DEFAULT_FORBIDDEN_HEADERS.contains(name))
}
