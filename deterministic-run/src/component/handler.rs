//! HTTP requests for a component.

use bytes::Bytes;
use deterministic_wasmtime::{DeterministicView, http as wasi_http};
use wasmtime::Store;
use wasmtime::component::{Component, Instance};

use super::exports::{self, Export};
use crate::text::listed;
use crate::{Error, Guest};

/// Of each, an export of a compatible version is found too.
const HANDLERS: [&str; 2] = ["wasi:http/incoming-handler@0.2.12", "wasi:http/handler@0.3.0"];

/// An HTTP/1.1 request for a component's handler, read once.
#[derive(Clone, Debug)]
pub struct Request {
    message: Bytes,
    parsed: http::Request<Bytes>,
}

impl Request {
    /// Reads a message: request line, header fields, empty line, body.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub fn parse(message: &[u8]) -> Result<Self, Error> {
        let parsed = wasi_http::parse_request(message)?;
        Ok(Request { message: Bytes::copy_from_slice(message), parsed })
    }

    /// As it was written.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// As it is handed over.
    pub(crate) fn parsed(&self) -> http::Request<Bytes> {
        self.parsed.clone()
    }
}

/// A component that answers requests.
pub(crate) struct Call;

impl Call {
    /// Whether there is somebody to answer a request.
    pub(crate) fn check(component: &Component, guest: &Guest) -> Result<Self, Error> {
        if HANDLERS.iter().all(|handler| component.get_export_index(None, *handler).is_none()) {
            let exports = listed(exports::all(component).iter().map(Export::signature));
            return Err(Error::NoHandler { guest: guest.called(), exports });
        }
        Ok(Call)
    }

    /// Calls the handler, and writes what it answered as an HTTP/1.1 message.
    pub(crate) async fn run<T: DeterministicView + 'static>(
        &self,
        instance: &Instance,
        store: &mut Store<T>,
        request: http::Request<Bytes>,
    ) -> wasmtime::Result<Vec<u8>> {
        let response = wasi_http::handle_async(store, instance, request).await?;
        Ok(wasi_http::format_response(&response))
    }
}
