//! `wasi:http` of WASI 0.2: `types` and `outgoing-handler`.
//!
//! `types` is wasmtime-wasi-http's, but for what waits: responses to come, and outgoing bodies, which hand what is written to
//! another task there.

use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::body::{HyperOutgoingBody, StreamContext};
use wasmtime_wasi_http::p2::types::{HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::{FieldMap, RequestOptions, WasiHttp};

use http_body_util::BodyExt;

use super::body::OutgoingBody;
use super::outgoing::{Exchange, declared_length};
use super::stock_of;
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
    futures(linker)?;
    bodies(linker)
}

// The version must be the one that wasmtime-wasi-http defines, for what follows to replace it; a test says so.
const TYPES: &str = "wasi:http/types@0.2.12";
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Store<'a, T> = StoreContextMut<'a, T>;

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
        view.table.delete(Resource::<OutgoingBody>::new_own(rep))?.abort();
        view.progress_ended()
    })?;
    types.func_wrap(
        "[method]outgoing-request.body",
        |mut store: Store<'_, T>, (id,): (Resource<HostOutgoingRequest>,)| {
            let view = store.data_mut().deterministic_view();
            let request = view.table.get(&id)?;
            let declared = declared_length(&request.headers);
            let body = view.new_body(StreamContext::Request, request.body.is_some(), declared);
            let Some((body, reader)) = body else { return Ok((Err(()),)) };
            view.table.get_mut(&id)?.body = Some(reader);
            Ok((Ok(view.table.push(body)?),))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-response.body",
        |mut store: Store<'_, T>, (id,): (Resource<HostOutgoingResponse>,)| {
            let view = store.data_mut().deterministic_view();
            let response = view.table.get(&id)?;
            let declared = declared_length(&response.headers);
            let body = view.new_body(StreamContext::Response, response.body.is_some(), declared);
            let Some((body, reader)) = body else { return Ok((Err(()),)) };
            view.table.get_mut(&id)?.body = Some(reader);
            Ok((Ok(view.table.push(body)?),))
        },
    )?;
    types.func_wrap("[method]outgoing-body.write", |mut store: Store<'_, T>, (id,): (Resource<OutgoingBody>,)| {
        let view = store.data_mut().deterministic_view();
        let Some(stream) = view.table.get_mut(&id)?.stream() else { return Ok((Err(()),)) };
        let stream: DynOutputStream = stream;
        Ok((Ok::<_, ()>(view.table.push_child(stream, &id)?),))
    })?;
    types.func_wrap(
        "[static]outgoing-body.finish",
        |mut store: Store<'_, T>, (id, trailers): (Resource<OutgoingBody>, Option<Resource<FieldMap>>)| {
            let mut view = store.data_mut().deterministic_view();
            let body = view.table.delete(id)?;
            let trailers = trailers.map(|trailers| view.table.delete(trailers)).transpose()?;
            let finished: Result<(), ErrorCode> = body.finish(trailers.map(Into::into));
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
        let (body, reader) = OutgoingBody::new(context, declared, self.ctx.http.budget.clone());
        Some((body, reader.boxed_unsync()))
    }
}
