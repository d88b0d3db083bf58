//! Calling a component's handler with a request.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use ::http::{Request, Response, Uri, header, uri};
use bytes::Bytes;
use deterministic_wasi::Account;
use wasmtime::component::{Instance, Resource};
use wasmtime::{AsContextMut, Result};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::bindings::{Proxy, sync};
use wasmtime_wasi_http::p2::body::{HyperOutgoingBody, StreamContext};
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::p3::Request as Request3;
use wasmtime_wasi_http::p3::bindings::Service;

use super::body::{Chunks, Collected, Collector};
use super::error::from_stock;
use super::held::swept;
use super::{HandleError, HttpError, Trailers, stock, stock_of, visible};
use crate::DeterministicView;
use crate::component::{p2_name, p3_name};
use crate::p3::block_on;

const HANDLER_P2: &str = p2_name!("wasi:http/incoming-handler");
const HANDLER_P3: &str = p3_name!("wasi:http/handler");

/// Calls the handler that `instance` exports with `request`, and returns the complete response, with [`Trailers`] among its
/// extensions if it has any. One call after another may go to the same instance.
///
/// The request's URL is absolute or it has a `host` field; the scheme is `http` unless the URL says otherwise. It may have
/// [`Trailers`]. The guest sees all its fields in their order but those that the interface keeps from guests, such as
/// `host` and `connection`.
///
/// For a component of 0.2 that was linked and instantiated synchronously, or for one of 0.3, whose call this drives itself;
/// it may be called within an asynchronous function, too. [`handle_async`] is for those that were instantiated asynchronously.
///
/// # Errors
///
/// [`HandleError`], or what ended the guest: a trap, an [`Error`](crate::Error), a policy's error.
pub fn handle<T: DeterministicView + 'static>(
    mut store: impl AsContextMut<Data = T>,
    instance: &Instance,
    request: Request<Bytes>,
) -> Result<Response<Bytes>> {
    let mut store = store.as_context_mut();
    if instance.get_export_index(&mut store, None, HANDLER_P2).is_none() {
        let waits = store.data_mut().deterministic_view().ctx.waits();
        return block_on(&waits, handle_async(store, instance, request))?;
    }
    let proxy = sync::Proxy::new(&mut store, instance)?;
    let (request, outparam, slot) = p2_arguments(store.data_mut(), request)?;
    proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam)?;
    p2_response(store.data_mut(), &slot)
}

/// As [`handle`], for components that are instantiated and called asynchronously. Call it through
/// [`drive`](crate::p3::drive):
///
/// ```no_run
/// # async fn run<T: deterministic_wasmtime::DeterministicView>(
/// #     mut store: wasmtime::Store<T>, instance: wasmtime::component::Instance, request: http::Request<bytes::Bytes>,
/// # ) -> wasmtime::Result<()> {
/// use deterministic_wasmtime::{http, p3};
///
/// let waits = store.data_mut().deterministic_view().ctx.waits();
/// let response = p3::drive(&waits, http::handle_async(&mut store, &instance, request)).await??;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`handle`].
pub async fn handle_async<T: DeterministicView + 'static>(
    mut store: impl AsContextMut<Data = T>,
    instance: &Instance,
    request: Request<Bytes>,
) -> Result<Response<Bytes>> {
    let mut store = store.as_context_mut();
    if instance.get_export_index(&mut store, None, HANDLER_P2).is_some() {
        let proxy = Proxy::new(&mut store, instance)?;
        let (request, outparam, slot) = p2_arguments(store.data_mut(), request)?;
        proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await?;
        return p2_response(store.data_mut(), &slot);
    }
    if instance.get_export_index(&mut store, None, HANDLER_P3).is_none() {
        return Err(HandleError::NoHandler.into());
    }
    let service = Service::new(&mut store, instance)?;
    store
        .run_concurrent(async move |accessor| {
            let (request, account) = accessor.with(|mut access| -> Result<_> {
                let request = incoming(request)?;
                let view = access.data_mut().deterministic_view();
                let account = view.ctx.held.account().clone();
                let view = stock(view);
                // Nobody on the host waits to hear what the guest made of the request.
                let (request, _) = Request3::from_http(view.hooks, request);
                Ok((view.table.push(request)?, account))
            })?;
            let response = service.wasi_http_handler().call_handle(accessor, request).await?;
            let response = response.map_err(|code| HandleError::Failed(from_stock(code)))?;
            let response = accessor.with(|mut access| {
                let response = access.data_mut().deterministic_view().take(response)?;
                response.into_http_with_getter(&mut access, async { Ok(()) }, stock_of::<T>)
            })?;
            let (parts, body) = response.into_parts();
            let mut body = Collector::new(body, StreamContext::Response, &account);
            let body = poll_fn(|context| body.poll(context)).await?;
            if matches!(body, Ok((_, Some(_)))) {
                accessor.with(|mut access| swept(access.data_mut()));
            }
            Ok(complete(parts, body)?)
        })
        .await?
}

/// What the call leaves its answer in.
type Slot = Arc<Mutex<Option<Result<Response<HyperOutgoingBody>, ErrorCode>>>>;

fn p2_arguments<T: DeterministicView>(
    data: &mut T,
    request: Request<Bytes>,
) -> Result<(Resource<HostIncomingRequest>, Resource<HostResponseOutparam>, Slot)> {
    let request = incoming(request)?;
    let scheme = match request.uri().scheme() {
        Some(scheme) if *scheme == uri::Scheme::HTTPS => Scheme::Https,
        Some(scheme) if *scheme != uri::Scheme::HTTP => Scheme::Other(scheme.to_string()),
        Some(_) | None => Scheme::Http,
    };
    let mut view = stock_of(data);
    let request = view.new_incoming_request(scheme, request)?;
    let slot = Slot::default();
    let sender = slot.clone();
    let outparam = view.new_response_outparam_from_callback(move |response| {
        *sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    })?;
    Ok((request, outparam, slot))
}

fn p2_response<T: DeterministicView>(data: &mut T, slot: &Slot) -> Result<Response<Bytes>> {
    let response = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let response = response.ok_or(HandleError::NoResponse)?;
    let (parts, body) = response.map_err(|code| HandleError::Failed(from_stock(code)))?.into_parts();
    let account = data.deterministic_view().ctx.held.account().clone();
    Ok(complete(parts, ended(body, &account)?)?)
}

/// What the guest wrote. It has returned, so that what is not complete will never be.
fn ended(body: WasiBody, account: &Account) -> Result<Collected, crate::Error> {
    let mut body = Collector::new(body, StreamContext::Response, account);
    match body.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Ok(Err(HttpError::HttpResponseIncomplete)),
    }
}

fn complete(parts: ::http::response::Parts, body: Collected) -> Result<Response<Bytes>, HandleError> {
    let (body, trailers) = body.map_err(HandleError::Incomplete)?;
    let mut response = Response::from_parts(parts, body);
    if let Some(trailers) = trailers {
        response.extensions_mut().insert(Trailers(trailers));
    }
    Ok(response)
}

/// The request as a guest gets it: absolute, its fields filtered, its body in chunks.
fn incoming(request: Request<Bytes>) -> Result<Request<Chunks>, HandleError> {
    let (mut parts, data) = request.into_parts();
    let uri = std::mem::take(&mut parts.uri).into_parts();
    let authority = match uri.authority {
        Some(authority) => authority,
        None => {
            let host = parts.headers.get(header::HOST).ok_or(HandleError::NoHost)?;
            uri::Authority::try_from(host.as_bytes()).map_err(|_| HandleError::NoHost)?
        }
    };
    parts.uri = Uri::builder()
        .scheme(uri.scheme.unwrap_or(uri::Scheme::HTTP))
        .authority(authority)
        .path_and_query(uri.path_and_query.unwrap_or_else(|| uri::PathAndQuery::from_static("/")))
        .build()
        .map_err(|_| HandleError::NoHost)?;
    parts.headers = visible(parts.headers);
    let trailers = parts.extensions.remove::<Trailers>().map(|Trailers(trailers)| visible(trailers));
    Ok(Request::from_parts(parts, Chunks { data, trailers, _held: None }))
}
