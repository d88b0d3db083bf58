//! `wasi:http` of WASI 0.2: `types` and `outgoing-handler`.
//!
//! `types` is wasmtime-wasi-http's, but for what waits: responses to come, and outgoing bodies, which hand what is written to
//! another task there. What its functions make and keep counts to
//! [`max_held_bytes`](crate::DeterministicCtx::set_max_held_bytes).

use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::p2::HeaderResult;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, HostFields, HostIncomingRequest};
use wasmtime_wasi_http::p2::body::{HostFutureTrailers, HostIncomingBody, HyperOutgoingBody, StreamContext};
use wasmtime_wasi_http::p2::types::{
    HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse, HostResponseOutparam,
};
use wasmtime_wasi_http::{FieldMap, RequestOptions, WasiHttp, WasiHttpCtxView};

use http_body_util::BodyExt;

use super::body::OutgoingBody;
use super::held::Counted;
use super::outgoing::{Exchange, declared_length};
use super::{stock, stock_of};
use crate::{DeterministicCtxView, DeterministicView};

/// Defines `wasi:http/types` and `wasi:http/outgoing-handler` in `linker`, beside the interfaces of
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
    types::add_to_linker::<T, WasiHttp>(linker, &LinkOptions::default().into(), stock_of::<T>)?;
    fields(linker)?;
    messages(linker)?;
    futures(linker)?;
    bodies(linker)
}

// The version must be the one that wasmtime-wasi-http defines, for what follows to replace it; a test says so.
const TYPES: &str = "wasi:http/types@0.2.12";
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Store<'a, T> = StoreContextMut<'a, T>;

/// Fields, by whichever function a guest gets some.
fn fields<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = Counted(linker.instance(TYPES)?);
    types.drops::<FieldMap>("fields")?;
    types.makes("[constructor]fields", |http, ()| HostFields::new(http))?;
    types.makes("[static]fields.from-list", |http, (entries,)| {
        let made = HostFields::from_list(http, entries);
        header(http, made)
    })?;
    types.makes("[method]fields.clone", |http, (id,)| HostFields::clone(http, id))?;
    types.changes("[method]fields.set", |http, (id, name, values)| {
        let set = HostFields::set(http, id, name, values);
        header(http, set)
    })?;
    types.changes("[method]fields.delete", |http, (id, name)| {
        let deleted = HostFields::delete(http, id, name);
        header(http, deleted)
    })?;
    // The interface has no error for too much; wasmtime-wasi-http ends the guest at its own limit, too.
    types.appends(
        "[method]fields.append",
        |exceeded| Err(exceeded.into()),
        |http, (id, name, value)| {
            let appended = HostFields::append(http, id, name, value);
            header(http, appended)
        },
    )?;
    types.makes("[method]incoming-request.headers", |http, (id,)| HostIncomingRequest::headers(http, id))?;
    types.makes("[method]incoming-response.headers", |http, (id,)| types::HostIncomingResponse::headers(http, id))?;
    types.makes("[method]outgoing-request.headers", |http, (id,)| types::HostOutgoingRequest::headers(http, id))?;
    types.makes("[method]outgoing-response.headers", |http, (id,)| types::HostOutgoingResponse::headers(http, id))?;
    types.drops::<HostFutureTrailers>("future-trailers")?;
    types.makes("[method]future-trailers.subscribe", |http, (id,)| types::HostFutureTrailers::subscribe(http, id))?;
    types.makes("[method]future-trailers.get", |http, (id,)| types::HostFutureTrailers::get(http, id))
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
    let mut types = Counted(linker.instance(TYPES)?);
    types.drops::<HostOutgoingRequest>("outgoing-request")?;
    types.turns("[constructor]outgoing-request", |http, (headers,)| types::HostOutgoingRequest::new(http, headers))?;
    types.changes("[method]outgoing-request.set-method", |http, (id, method)| {
        types::HostOutgoingRequest::set_method(http, id, method)
    })?;
    types.changes("[method]outgoing-request.set-path-with-query", |http, (id, path)| {
        types::HostOutgoingRequest::set_path_with_query(http, id, path)
    })?;
    types.changes("[method]outgoing-request.set-scheme", |http, (id, scheme)| {
        types::HostOutgoingRequest::set_scheme(http, id, scheme)
    })?;
    types.changes("[method]outgoing-request.set-authority", |http, (id, authority)| {
        types::HostOutgoingRequest::set_authority(http, id, authority)
    })?;
    types.drops::<RequestOptions>("request-options")?;
    types.makes("[constructor]request-options", |http, ()| types::HostRequestOptions::new(http))?;
    types.drops::<HostOutgoingResponse>("outgoing-response")?;
    types
        .turns("[constructor]outgoing-response", |http, (headers,)| types::HostOutgoingResponse::new(http, headers))?;
    types.0.func_wrap(
        "[static]response-outparam.set",
        |mut store: Store<'_, T>,
         (id, response): (Resource<HostResponseOutparam>, Result<Resource<HostOutgoingResponse>, ErrorCode>)| {
            let view = store.data_mut().deterministic_view();
            if let Ok(response) = &response {
                view.ctx.held.release(response.rep());
            }
            types::HostResponseOutparam::set(&mut stock(view), id, response)
        },
    )?;
    types.drops::<HostIncomingResponse>("incoming-response")?;
    types.makes("[method]incoming-request.consume", |http, (id,)| HostIncomingRequest::consume(http, id))?;
    types.makes("[method]incoming-response.consume", |http, (id,)| types::HostIncomingResponse::consume(http, id))?;
    types.drops::<HostIncomingBody>("incoming-body")?;
    types.makes("[method]incoming-body.stream", |http, (id,)| types::HostIncomingBody::stream(http, id))?;
    types.turns("[static]incoming-body.finish", |http, (id,)| types::HostIncomingBody::finish(http, id))
}

/// `outgoing-handler`, and the responses to come.
fn futures<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.instance(OUTGOING_HANDLER)?.func_wrap(
        "handle",
        |mut store: Store<'_, T>,
         (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>)| {
            Ok((store.data_mut().deterministic_view().send(request, options)?,))
        },
    )?;
    let mut types = linker.instance(TYPES)?;
    types.resource("future-incoming-response", ResourceType::host::<Exchange>(), |mut store, rep| {
        store.data_mut().deterministic_view().drop_response(Resource::new_own(rep))
    })?;
    types.func_wrap(
        "[method]future-incoming-response.subscribe",
        |mut store: Store<'_, T>, (id,): (Resource<Exchange>,)| {
            Ok((store.data_mut().deterministic_view().subscribe_response(id)?,))
        },
    )?;
    types.func_wrap("[method]future-incoming-response.get", |mut store: Store<'_, T>, (id,): (Resource<Exchange>,)| {
        Ok((store.data_mut().deterministic_view().get_response(&id)?,))
    })
}

/// Outgoing bodies.
fn bodies<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut types = linker.instance(TYPES)?;
    types.resource("outgoing-body", ResourceType::host::<OutgoingBody>(), |mut store, rep| {
        let mut view = store.data_mut().deterministic_view();
        view.take(Resource::<OutgoingBody>::new_own(rep))?.abort();
        view.progress_ended()
    })?;
    types.func_wrap(
        "[method]outgoing-request.body",
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
    types.func_wrap(
        "[method]outgoing-response.body",
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
    types.func_wrap("[method]outgoing-body.write", |mut store: Store<'_, T>, (id,): (Resource<OutgoingBody>,)| {
        let mut view = store.data_mut().deterministic_view();
        let Some(stream) = view.table.get_mut(&id)?.stream() else { return Ok((Err(()),)) };
        let stream: DynOutputStream = stream;
        let stream = view.table.push_child(stream, &id)?;
        Ok((Ok::<_, ()>(view.held(stream)?),))
    })?;
    types.func_wrap(
        "[static]outgoing-body.finish",
        |mut store: Store<'_, T>, (id, trailers): (Resource<OutgoingBody>, Option<Resource<FieldMap>>)| {
            let mut view = store.data_mut().deterministic_view();
            let body = view.take(id)?;
            let trailers = trailers.map(|trailers| view.take::<FieldMap>(trailers)).transpose()?;
            let finished = body.finish(trailers.map(Into::into))?;
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
