//! `wasi:http` of WASI 0.2: `types` and `outgoing-handler`.
//!
//! `types` is wasmtime-wasi-http's, but for what waits: responses to come, and outgoing bodies, which hand what is written to
//! another task there. What its functions make and keep counts to
//! [`max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes).

use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::p2::HeaderResult;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, HostFields, HostIncomingRequest};
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostIncomingBody, HyperOutgoingBody, StreamContext};
use wasmtime_wasi_http::p2::types::{
    HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse, HostResponseOutparam,
};
use wasmtime_wasi_http::{FieldMap, RequestOptions, WasiHttpCtxView};

use deterministic_wasi::HostCall;
use deterministic_wasi::http::declared_length;
use http_body_util::BodyExt;

use super::body::OutgoingBody;
use super::held::Counted;
use super::outgoing::Exchange;
use super::stock;
use crate::component::{Interface, p2_name};
use crate::{DeterministicCtxView, DeterministicView};

/// Defines `wasi:http/types` and `wasi:http/outgoing-handler` in `linker`, in addition to the interfaces of
/// [`p2::add_to_linker_sync`](crate::p2::add_to_linker_sync) or
/// [`add_to_linker_async`](crate::p2::add_to_linker_async): it serves both kinds of linker. Together they are all that
/// the world `wasi:http/proxy` imports.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    fields(linker)?;
    messages(linker)?;
    futures(linker)?;
    bodies(linker)
}

const TYPES: &str = p2_name!("wasi:http/types");
const OUTGOING_HANDLER: &str = p2_name!("wasi:http/outgoing-handler");

type Store<'a, T> = StoreContextMut<'a, T>;

/// Fields, by whichever function a guest gets some.
fn fields<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(Interface::new(linker, TYPES)?);
    types.drops::<FieldMap>(HostCall::fields_drop)?;
    types.makes(HostCall::fields_new, |http, ()| HostFields::new(http))?;
    types.makes(HostCall::fields_from_list, |http, (entries,)| {
        let made = HostFields::from_list(http, entries);
        header(http, made)
    })?;
    types.asks(HostCall::fields_get, |http, (id, name)| types::HostFields::get(http, id, name))?;
    types.asks(HostCall::fields_has, |http, (id, name)| types::HostFields::has(http, id, name))?;
    types.asks(HostCall::fields_entries, |http, (id,)| types::HostFields::entries(http, id))?;
    types.makes(HostCall::fields_clone, |http, (id,)| HostFields::clone(http, id))?;
    types.changes(HostCall::fields_set, |http, (id, name, values)| {
        let set = HostFields::set(http, id, name, values);
        header(http, set)
    })?;
    types.changes(HostCall::fields_delete, |http, (id, name)| {
        let deleted = HostFields::delete(http, id, name);
        header(http, deleted)
    })?;
    // The interface has no error for too much; wasmtime-wasi-http ends the guest at its own limit, too.
    types.appends(
        HostCall::fields_append,
        |exceeded| Err(crate::Error::from(exceeded).into()),
        |http, (id, name, value)| {
            let appended = HostFields::append(http, id, name, value);
            header(http, appended)
        },
    )?;
    types.makes(HostCall::incoming_request_headers, |http, (id,)| HostIncomingRequest::headers(http, id))?;
    types.makes(HostCall::incoming_response_headers, |http, (id,)| types::HostIncomingResponse::headers(http, id))?;
    types.makes(HostCall::outgoing_request_headers, |http, (id,)| types::HostOutgoingRequest::headers(http, id))?;
    types.makes(HostCall::outgoing_response_headers, |http, (id,)| types::HostOutgoingResponse::headers(http, id))?;
    types.drops::<HostFutureTrailers>(HostCall::future_trailers_drop)?;
    types.makes(HostCall::future_trailers_subscribe, |http, (id,)| types::HostFutureTrailers::subscribe(http, id))?;
    types.makes(HostCall::future_trailers_get, |http, (id,)| types::HostFutureTrailers::get(http, id))
}

/// What the fields functions fail with.
fn header<R>(http: &mut WasiHttpCtxView<'_>, result: HeaderResult<R>) -> Result<Result<R, types::HeaderError>> {
    match result {
        Ok(result) => Ok(Ok(result)),
        Err(error) => types::Host::convert_header_error(http, error).map(Err),
    }
}

/// Requests, responses, their options, and the bodies that come in.
fn messages<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(Interface::new(linker, TYPES)?);
    types.drops::<HostOutgoingRequest>(HostCall::outgoing_request_drop)?;
    types.turns(HostCall::outgoing_request_new, |http, (headers,)| types::HostOutgoingRequest::new(http, headers))?;
    types.changes(HostCall::outgoing_request_set_method, |http, (id, method)| {
        types::HostOutgoingRequest::set_method(http, id, method)
    })?;
    types.changes(HostCall::outgoing_request_set_path_with_query, |http, (id, path)| {
        types::HostOutgoingRequest::set_path_with_query(http, id, path)
    })?;
    types.changes(HostCall::outgoing_request_set_scheme, |http, (id, scheme)| {
        types::HostOutgoingRequest::set_scheme(http, id, scheme)
    })?;
    types.changes(HostCall::outgoing_request_set_authority, |http, (id, authority)| {
        types::HostOutgoingRequest::set_authority(http, id, authority)
    })?;
    options(&mut types)?;
    types.asks(HostCall::outgoing_request_method, |http, (id,)| types::HostOutgoingRequest::method(http, id))?;
    types.asks(HostCall::outgoing_request_path_with_query, |http, (id,)| {
        types::HostOutgoingRequest::path_with_query(http, id)
    })?;
    types.asks(HostCall::outgoing_request_scheme, |http, (id,)| types::HostOutgoingRequest::scheme(http, id))?;
    types.asks(HostCall::outgoing_request_authority, |http, (id,)| types::HostOutgoingRequest::authority(http, id))?;
    types.drops::<HostOutgoingResponse>(HostCall::outgoing_response_drop)?;
    types.turns(HostCall::outgoing_response_new, |http, (headers,)| types::HostOutgoingResponse::new(http, headers))?;
    types.0.func_of_store(
        HostCall::response_outparam_set,
        |mut store: Store<'_, T>,
         (id, response): (Resource<HostResponseOutparam>, Result<Resource<HostOutgoingResponse>, ErrorCode>)| {
            let view = store.data_mut().deterministic_view();
            if let Ok(response) = &response {
                view.ctx.held.release(response.rep());
            }
            types::HostResponseOutparam::set(&mut stock(view), id, response)
        },
    )?;
    types.asks(HostCall::outgoing_response_status_code, |http, (id,)| {
        types::HostOutgoingResponse::status_code(http, id)
    })?;
    types.asks(HostCall::outgoing_response_set_status_code, |http, (id, status_code)| {
        types::HostOutgoingResponse::set_status_code(http, id, status_code)
    })?;
    types.drops::<HostResponseOutparam>(HostCall::response_outparam_drop)?;
    types.drops::<types::IncomingRequest>(HostCall::incoming_request_drop)?;
    types.asks(HostCall::incoming_request_method, |http, (id,)| types::HostIncomingRequest::method(http, id))?;
    types.asks(HostCall::incoming_request_path_with_query, |http, (id,)| {
        types::HostIncomingRequest::path_with_query(http, id)
    })?;
    types.asks(HostCall::incoming_request_scheme, |http, (id,)| types::HostIncomingRequest::scheme(http, id))?;
    types.asks(HostCall::incoming_request_authority, |http, (id,)| types::HostIncomingRequest::authority(http, id))?;
    types.drops::<HostIncomingResponse>(HostCall::incoming_response_drop)?;
    types.asks(HostCall::incoming_response_status, |http, (id,)| types::HostIncomingResponse::status(http, id))?;
    types.asks(HostCall::http_error_code, |http, (error,)| types::Host::http_error_code(http, error))?;
    types.makes(HostCall::incoming_request_consume, |http, (id,)| HostIncomingRequest::consume(http, id))?;
    types.makes(HostCall::incoming_response_consume, |http, (id,)| types::HostIncomingResponse::consume(http, id))?;
    types.drops::<HostIncomingBody>(HostCall::incoming_body_drop)?;
    types.makes(HostCall::incoming_body_stream, |http, (id,)| types::HostIncomingBody::stream(http, id))?;
    types.turns(HostCall::incoming_body_finish, |http, (id,)| types::HostIncomingBody::finish(http, id))
}

/// The options of requests.
fn options<T: DeterministicView + 'static>(types: &mut Counted<'_, T>) -> Result<()> {
    types.drops::<RequestOptions>(HostCall::request_options_drop)?;
    types.makes(HostCall::request_options_new, |http, ()| types::HostRequestOptions::new(http))?;
    types.asks(HostCall::request_options_connect_timeout, |http, (id,)| {
        types::HostRequestOptions::connect_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_connect_timeout, |http, (id, duration)| {
        types::HostRequestOptions::set_connect_timeout(http, id, duration)
    })?;
    types.asks(HostCall::request_options_first_byte_timeout, |http, (id,)| {
        types::HostRequestOptions::first_byte_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_first_byte_timeout, |http, (id, duration)| {
        types::HostRequestOptions::set_first_byte_timeout(http, id, duration)
    })?;
    types.asks(HostCall::request_options_between_bytes_timeout, |http, (id,)| {
        types::HostRequestOptions::between_bytes_timeout(http, id)
    })?;
    types.asks(HostCall::request_options_set_between_bytes_timeout, |http, (id, duration)| {
        types::HostRequestOptions::set_between_bytes_timeout(http, id, duration)
    })
}

/// `outgoing-handler`, and the responses to come.
fn futures<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    Interface::new(linker, OUTGOING_HANDLER)?.func_of_store(
        HostCall::http_handle,
        |mut store: Store<'_, T>,
         (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>)| {
            Ok((store.data_mut().deterministic_view().send(request, options)?,))
        },
    )?;
    let mut types = Interface::new(linker, TYPES)?;
    types.resource::<Exchange>(HostCall::future_incoming_response_drop, |mut store, response| {
        store.data_mut().deterministic_view().drop_response(response)
    })?;
    types.func_of_store(
        HostCall::future_incoming_response_subscribe,
        |mut store: Store<'_, T>, (id,): (Resource<Exchange>,)| {
            Ok((store.data_mut().deterministic_view().subscribe_response(id)?,))
        },
    )?;
    types.func_of_store(
        HostCall::future_incoming_response_get,
        |mut store: Store<'_, T>, (id,): (Resource<Exchange>,)| {
            Ok((store.data_mut().deterministic_view().get_response(&id)?,))
        },
    )
}

/// Outgoing bodies.
fn bodies<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Interface::new(linker, TYPES)?;
    types.resource::<OutgoingBody>(HostCall::outgoing_body_drop, |mut store, body| {
        let mut view = store.data_mut().deterministic_view();
        view.take(body)?.abort();
        view.progress_ended()
    })?;
    types.func_of_store(
        HostCall::outgoing_request_body,
        |mut store: Store<'_, T>, (id,): (Resource<HostOutgoingRequest>,)| {
            let mut view = store.data_mut().deterministic_view();
            let request = view.table.get(&id)?;
            let declared = declared_length(&request.headers);
            let body = view.new_body(StreamContext::Request, request.body.is_some(), declared);
            let Some((body, reader)) = body else { return Ok((Err(()),)) };
            view.table.get_mut(&id)?.body = Some(reader);
            let body = view.table.push(body)?;
            Ok((Ok(view.held(body)?),))
        },
    )?;
    types.func_of_store(
        HostCall::outgoing_response_body,
        |mut store: Store<'_, T>, (id,): (Resource<HostOutgoingResponse>,)| {
            let mut view = store.data_mut().deterministic_view();
            let response = view.table.get(&id)?;
            let declared = declared_length(&response.headers);
            let body = view.new_body(StreamContext::Response, response.body.is_some(), declared);
            let Some((body, reader)) = body else { return Ok((Err(()),)) };
            view.table.get_mut(&id)?.body = Some(reader);
            let body = view.table.push(body)?;
            Ok((Ok(view.held(body)?),))
        },
    )?;
    types.func_of_store(
        HostCall::outgoing_body_write,
        |mut store: Store<'_, T>, (id,): (Resource<OutgoingBody>,)| {
            let mut view = store.data_mut().deterministic_view();
            let Some(stream) = view.table.get_mut(&id)?.stream() else { return Ok((Err(()),)) };
            let stream: DynOutputStream = stream;
            let stream = view.table.push_child(stream, &id)?;
            Ok((Ok::<_, ()>(view.held(stream)?),))
        },
    )?;
    types.func_of_store(
        HostCall::outgoing_body_finish,
        |mut store: Store<'_, T>, (id, trailers): (Resource<OutgoingBody>, Option<Resource<FieldMap>>)| {
            let mut view = store.data_mut().deterministic_view();
            let body = view.take(id)?;
            let trailers = trailers.map(|trailers| view.take::<FieldMap>(trailers)).transpose()?;
            let finished = body.finish(trailers.map(Into::into)).map_err(crate::Error::from)?;
            view.progress_ended()?;
            Ok((finished,))
        },
    )
}

impl DeterministicCtxView<'_> {
    /// A body and its reader, unless there is one already or its length is unclear.
    fn new_body(
        &self,
        context: StreamContext,
        exists: bool,
        declared: Result<Option<u64>, String>,
    ) -> Option<(OutgoingBody, HyperOutgoingBody)> {
        let declared = declared.ok().filter(|_| !exists)?;
        let (body, reader) = OutgoingBody::new(context, declared, self.ctx.held.account());
        Some((body, reader.boxed_unsync()))
    }
}
