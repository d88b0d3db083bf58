//! `wasi:http` of WASI 0.3: `types` and `client`.
//!
//! `types` is wasmtime-wasi-http's, whose bodies are streams of the guest's own and of this store. Whoever calls into the
//! guest does so through [`drive`](crate::p3::drive). What the functions make and keep counts to
//! [`max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes).

use std::future::poll_fn;

use deterministic_wasi::{HANDLE, HostCall};
use wasmtime::component::{Access, Accessor, FutureReader, Linker, Resource, StreamReader};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi_http::WasiHttp;
use wasmtime_wasi_http::p2::body::StreamContext;
use wasmtime_wasi_http::p3::bindings::http::types::{
    ErrorCode, Fields, HeaderError, HostFields, HostRequest, HostRequestOptions, HostRequestWithStore, HostResponse,
    HostResponseWithStore, RequestOptions, Trailers as Fields3,
};
use wasmtime_wasi_http::p3::{DEFAULT_OUTGOING_BODY_CHUNK_SIZE, Request, Response};

use super::body::{Chunks, Collector};
use super::held::{Counted, field, swept};
use super::outgoing::{Answer, timeouts};
use super::{HttpError, Trailers, error, held, stock, stock_of, visible};
use crate::component::{Interface, Results as _, p3_name, wait};
use crate::{Deterministic, DeterministicView};

/// Defines `wasi:http/types` and `wasi:http/client` in `linker`, in addition to the interfaces of
/// [`p3::add_to_linker`](crate::p3::add_to_linker). Together they are all that the world `wasi:http/service` imports.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    fields(linker)?;
    requests(linker)?;
    responses(linker)?;
    client(linker)
}

const TYPES: &str = p3_name!("wasi:http/types");
const CLIENT: &str = p3_name!("wasi:http/client");

type Store<'a, T> = StoreContextMut<'a, T>;
type TrailersReader = FutureReader<Result<Option<Resource<Fields3>>, ErrorCode>>;
/// The fields, the body, what follows it, and the options.
type NewRequest = (Resource<Fields>, Option<StreamReader<u8>>, TrailersReader, Option<Resource<RequestOptions>>);
type SentReader = FutureReader<Result<(), ErrorCode>>;

/// The store as wasmtime-wasi-http's functions want it.
fn access<T: DeterministicView + 'static>(store: Store<'_, T>) -> Access<'_, T, WasiHttp> {
    Access::<'_, T, WasiHttp>::new(store, stock_of::<T>)
}

/// What the functions fail with that have an error of their own.
fn outcome<R, E: std::error::Error + Send + Sync + 'static>(
    result: Result<R, TrappableError<E>>,
) -> Result<Result<R, E>> {
    match result {
        Ok(result) => Ok(Ok(result)),
        Err(error) => error.downcast().map(Err),
    }
}

/// Fields, whose errors know that they are too large.
fn fields<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(Interface::new(linker, TYPES)?);
    types.drops::<Fields>(HostCall::fields_drop)?;
    types.makes(HostCall::fields_new, |http, ()| HostFields::new(http))?;
    types.asks(HostCall::fields_get, |http, (id, name)| HostFields::get(http, id, name))?;
    types.asks(HostCall::fields_has, |http, (id, name)| HostFields::has(http, id, name))?;
    types.asks(HostCall::fields_copy_all, |http, (id,)| HostFields::copy_all(http, id))?;
    types.makes(HostCall::fields_clone, |http, (id,)| HostFields::clone(http, id))?;
    types.changes(HostCall::fields_delete, |http, (id, name)| outcome(HostFields::delete(http, id, name)))?;
    types.changes(HostCall::fields_get_and_delete, |http, (id, name)| {
        outcome(HostFields::get_and_delete(http, id, name))
    })?;
    types.appends(
        HostCall::fields_append,
        |_| Ok(HeaderError::SizeExceeded),
        |http, (id, name, value)| outcome(HostFields::append(http, id, name, value)),
    )?;
    types.0.func_of_store(
        HostCall::fields_from_list,
        |mut store: Store<'_, T>, (entries,): (Vec<(String, Vec<u8>)>,)| {
            let mut view = store.data_mut().deterministic_view();
            let bytes = entries.iter().map(|(name, value)| field(name, value)).sum::<u64>();
            if view.ctx.held.account().room(HANDLE + bytes).is_err() {
                return Ok((Err(HeaderError::SizeExceeded),));
            }
            let made = outcome(HostFields::from_list(&mut stock(view.reborrow()), entries))?;
            if let Ok(fields) = &made {
                view.recount(fields.rep()).map_err(crate::Error::from)?;
            }
            Ok((made,))
        },
    )?;
    types.0.func_of_store(
        HostCall::fields_set,
        |mut store: Store<'_, T>, (id, name, values): (Resource<Fields>, String, Vec<Vec<u8>>)| {
            let mut view = store.data_mut().deterministic_view();
            let number = id.rep();
            let bytes = values.iter().map(|value| field(&name, value)).sum::<u64>();
            if view.ctx.held.account().room(bytes).is_err() {
                return Ok((Err(HeaderError::SizeExceeded),));
            }
            let set = outcome(HostFields::set(&mut stock(view.reborrow()), id, name, values))?;
            view.recount(number).map_err(crate::Error::from)?;
            Ok((set,))
        },
    )
}

/// Requests and their options.
fn requests<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(Interface::new(linker, TYPES)?);
    types.drops::<RequestOptions>(HostCall::request_options_drop)?;
    types.makes(HostCall::request_options_new, |http, ()| HostRequestOptions::new(http))?;
    types.asks(HostCall::request_options_get_connect_timeout, |http, (id,)| {
        HostRequestOptions::get_connect_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_connect_timeout, |http, (id, duration)| {
        outcome(HostRequestOptions::set_connect_timeout(http, id, duration))
    })?;
    types.asks(HostCall::request_options_get_first_byte_timeout, |http, (id,)| {
        HostRequestOptions::get_first_byte_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_first_byte_timeout, |http, (id, duration)| {
        outcome(HostRequestOptions::set_first_byte_timeout(http, id, duration))
    })?;
    types.asks(HostCall::request_options_get_between_bytes_timeout, |http, (id,)| {
        HostRequestOptions::get_between_bytes_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_between_bytes_timeout, |http, (id, duration)| {
        outcome(HostRequestOptions::set_between_bytes_timeout(http, id, duration))
    })?;
    types.makes(HostCall::request_options_clone, |http, (id,)| HostRequestOptions::clone(http, id))?;
    types.makes(HostCall::request_get_options, |http, (id,)| HostRequest::get_options(http, id))?;
    types.makes(HostCall::request_get_headers, |http, (id,)| HostRequest::get_headers(http, id))?;
    types.asks(HostCall::request_get_method, |http, (id,)| HostRequest::get_method(http, id))?;
    types.asks(HostCall::request_get_path_with_query, |http, (id,)| HostRequest::get_path_with_query(http, id))?;
    types.asks(HostCall::request_get_scheme, |http, (id,)| HostRequest::get_scheme(http, id))?;
    types.asks(HostCall::request_get_authority, |http, (id,)| HostRequest::get_authority(http, id))?;
    types.changes(HostCall::request_set_method, |http, (id, method)| HostRequest::set_method(http, id, method))?;
    types.changes(HostCall::request_set_path_with_query, |http, (id, path)| {
        HostRequest::set_path_with_query(http, id, path)
    })?;
    types.changes(HostCall::request_set_scheme, |http, (id, scheme)| HostRequest::set_scheme(http, id, scheme))?;
    types.changes(HostCall::request_set_authority, |http, (id, authority)| {
        HostRequest::set_authority(http, id, authority)
    })?;
    types.0.func_of_store(
        HostCall::request_new,
        |mut store: Store<'_, T>, (headers, contents, trailers, options): NewRequest| {
            let held = &mut store.data_mut().deterministic_view().ctx.held;
            held.release(headers.rep());
            if let Some(options) = &options {
                held.release(options.rep());
            }
            let access = access(store.as_context_mut());
            let made = <WasiHttp as HostRequestWithStore<T>>::new(access, headers, contents, trailers, options)?;
            store.data_mut().deterministic_view().recount(made.0.rep()).map_err(crate::Error::from)?;
            Ok((made,))
        },
    )?;
    types.0.func_of_store(
        HostCall::request_consume_body,
        |mut store: Store<'_, T>, (request, sent): (Resource<Request>, SentReader)| {
            store.data_mut().deterministic_view().ctx.held.release(request.rep());
            let access = access(store);
            Ok((<WasiHttp as HostRequestWithStore<T>>::consume_body(access, request, sent)?,))
        },
    )?;
    types.0.resource::<Request>(HostCall::request_drop, |mut store, request| {
        store.data_mut().deterministic_view().ctx.held.release(request.rep());
        <WasiHttp as HostRequestWithStore<T>>::drop(access(store), request)
    })
}

/// Responses.
fn responses<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(Interface::new(linker, TYPES)?);
    types.asks(HostCall::response_get_status_code, |http, (id,)| HostResponse::get_status_code(http, id))?;
    types.asks(HostCall::response_set_status_code, |http, (id, status_code)| {
        HostResponse::set_status_code(http, id, status_code)
    })?;
    types.makes(HostCall::response_get_headers, |http, (id,)| HostResponse::get_headers(http, id))?;
    types.0.func_of_store(
        HostCall::response_new,
        |mut store: Store<'_, T>,
         (headers, contents, trailers): (Resource<Fields>, Option<StreamReader<u8>>, TrailersReader)| {
            store.data_mut().deterministic_view().ctx.held.release(headers.rep());
            let access = access(store.as_context_mut());
            let made = <WasiHttp as HostResponseWithStore<T>>::new(access, headers, contents, trailers)?;
            store.data_mut().deterministic_view().recount(made.0.rep()).map_err(crate::Error::from)?;
            Ok((made,))
        },
    )?;
    types.0.func_of_store(
        HostCall::response_consume_body,
        |mut store: Store<'_, T>, (response, sent): (Resource<Response>, SentReader)| {
            store.data_mut().deterministic_view().ctx.held.release(response.rep());
            let access = access(store);
            Ok((<WasiHttp as HostResponseWithStore<T>>::consume_body(access, response, sent)?,))
        },
    )?;
    types.0.resource::<Response>(HostCall::response_drop, |mut store, response| {
        store.data_mut().deterministic_view().ctx.held.release(response.rep());
        <WasiHttp as HostResponseWithStore<T>>::drop(access(store), response)
    })
}

/// `client`.
fn client<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    Interface::new(linker, CLIENT)?.concurrent(HostCall::http_send, |store, (request,): (Resource<Request>,)| {
        Box::pin(async move {
            let store = &store.with_getter::<Deterministic>(T::deterministic_view);
            send(store, request).await.results()
        })
    })
}

pub(super) async fn send<U: DeterministicView + 'static>(
    store: &Accessor<U, Deterministic>,
    request: Resource<Request>,
) -> Result<Resource<Response>, TrappableError<ErrorCode>> {
    let (request, options, mut body, held) = store.with(|mut store| {
        let mut view = store.get();
        let account = view.ctx.held.account().clone();
        let request = view.take(request).map_err(TrappableError::trap)?;
        // Takes the body over from the guest, whatever becomes of the request.
        let (request, options) = request.into_http_with_getter(&mut store, async { Ok(()) }, stock_of::<U>)?;
        if store.get().ctx.http.responder.is_none() {
            return Err(TrappableError::from(ErrorCode::HttpRequestDenied));
        }
        let (parts, body) = request.into_parts();
        let body = Collector::new(body, StreamContext::Request, &account);
        let request = ::http::Request::from_parts(parts, ());
        // In addition to the request itself: what the guest may have written and the collector not yet seen.
        let held = account.charge(HANDLE + DEFAULT_OUTGOING_BODY_CHUNK_SIZE as u64 + held::request(&request));
        let held = held.map_err(|exceeded| ErrorCode::InternalError(Some(crate::Error::from(exceeded).to_string())))?;
        Ok((request, options, body, held))
    })?;
    let (body, trailers) =
        poll_fn(|context| body.poll(context)).await.map_err(TrappableError::trap)?.map_err(refused)?;
    drop(held);
    let asked = store.with(|mut store| -> wasmtime::Result<_> {
        if trailers.is_some() {
            swept(store.data_mut());
        }
        let mut view = store.get();
        let (deadline, result) = view.ask(request, body, trailers, options.map(|options| timeouts(*options)))?;
        Ok((deadline, view.answer(result)))
    });
    let (deadline, Answer { result, mut held }) = asked.map_err(TrappableError::trap)?;
    wait(store, HostCall::http_send, |_| deadline).await.map_err(TrappableError::trap)?;
    let (mut parts, data) = result.map_err(refused)?.into_parts();
    let trailers = parts.extensions.remove::<Trailers>().map(|Trailers(trailers)| visible(trailers));
    parts.headers = visible(parts.headers);
    store.with(|mut store| {
        // They count with their handle now.
        if let Some(held) = &mut held {
            held.shrink(held::fields(&parts.headers));
        }
        let view = stock(store.get());
        let response = ::http::Response::from_parts(parts, Chunks { data, trailers, _held: held });
        // Nobody on the host waits to hear what the guest made of the response.
        let (response, _) = Response::from_http(view.hooks, response);
        let response = view.table.push(response).map_err(TrappableError::trap)?;
        store.get().recount(response.rep()).map_err(crate::Error::from).map_err(TrappableError::trap)?;
        Ok(response)
    })
}

fn refused(error: HttpError) -> TrappableError<ErrorCode> {
    error::p3_code(error).into()
}
