//! `--http-request`.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use deterministic_wasmtime::{DeterministicView, http as wasi_http};
use http::Request;
use wasmtime::Store;
use wasmtime::component::{Component, Instance};

use super::exports::{self, Export};
use crate::guest::{Guest, listed};
use crate::problem::Problem;

/// Of each, an export of a compatible version is found too.
const HANDLERS: [&str; 2] = ["wasi:http/incoming-handler@0.2.12", "wasi:http/handler@0.3.0"];

/// A request to a component that exports a handler.
pub(crate) struct Call {
    request: Box<Request<Bytes>>,
}

impl Call {
    /// Reads the request, once it is known that there is somebody to answer it.
    pub(crate) fn read(path: &Path, component: &Component, guest: &Guest) -> Result<Self, Problem> {
        if HANDLERS.iter().all(|handler| component.get_export_index(None, *handler).is_none()) {
            let exports = listed(exports::all(component).iter().map(Export::signature));
            return Err(Problem::NoHandler { path: guest.path().into(), exports });
        }
        let message = fs::read(path).map_err(|error| Problem::RequestUnreadable { path: path.into(), error })?;
        let request =
            wasi_http::parse_request(&message).map_err(|error| Problem::BadRequest { path: path.into(), error })?;
        Ok(Call { request: request.into() })
    }

    /// Calls the handler, and writes what it answered as an HTTP/1.1 message.
    pub(crate) async fn run<T: DeterministicView + 'static>(
        &self,
        instance: &Instance,
        store: &mut Store<T>,
    ) -> wasmtime::Result<Vec<u8>> {
        let response = wasi_http::handle_async(store, instance, Request::clone(&self.request)).await?;
        Ok(wasi_http::format_response(&response))
    }
}
