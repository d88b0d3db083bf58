//! `--http-request`.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use deterministic_wasmtime::{DeterministicView, http as wasi_http};
use wasmtime::Store;
use wasmtime::component::{Component, Instance};

use super::exports::{self, Export};
use crate::guest::{Guest, listed};
use crate::problem::Problem;

/// Of each, an export of a compatible version is found too.
const HANDLERS: [&str; 2] = ["wasi:http/incoming-handler@0.2.12", "wasi:http/handler@0.3.0"];

/// A request that was read.
pub(crate) struct Request {
    message: Vec<u8>,
    parsed: http::Request<Bytes>,
}

impl Request {
    /// Reads it, once.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let message = fs::read(path).map_err(|error| Problem::RequestUnreadable { path: path.into(), error })?;
        let parsed =
            wasi_http::parse_request(&message).map_err(|error| Problem::BadRequest { path: path.into(), error })?;
        Ok(Request { message, parsed })
    }

    /// As it was written.
    pub(crate) fn message(&self) -> &[u8] {
        &self.message
    }
}

/// A component that answers requests.
pub(crate) struct Call;

impl Call {
    /// Whether there is somebody to answer a request.
    pub(crate) fn check(component: &Component, guest: &Guest) -> Result<Self, Problem> {
        if HANDLERS.iter().all(|handler| component.get_export_index(None, *handler).is_none()) {
            let exports = listed(exports::all(component).iter().map(Export::signature));
            return Err(Problem::NoHandler { path: guest.path().into(), exports });
        }
        Ok(Call)
    }

    /// Calls the handler, and writes what it answered as an HTTP/1.1 message.
    pub(crate) async fn run<T: DeterministicView + 'static>(
        &self,
        instance: &Instance,
        store: &mut Store<T>,
        request: Request,
    ) -> wasmtime::Result<Vec<u8>> {
        let response = wasi_http::handle_async(store, instance, request.parsed).await?;
        Ok(wasi_http::format_response(&response))
    }
}
