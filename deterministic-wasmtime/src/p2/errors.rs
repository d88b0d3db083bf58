//! `wasi:io/error`.

use deterministic_wasi::HostCall;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::IoError;
use wasmtime_wasi_io::bindings::wasi::io::error as bindings;

use crate::DeterministicCtxView;
use crate::component::{linked, p2_name};

linked! {
    /// `wasi:io/error`: stock shows the host's error with its text, and at times a backtrace with addresses.
    error, p2_name!("wasi:io/error"), |error| {
        error.resource_taken::<IoError>(HostCall::error_drop)?;
        error.func(HostCall::error_to_debug_string, |view, (error,)| bindings::HostError::to_debug_string(view, error))?;
    }
}

impl bindings::Host for DeterministicCtxView<'_> {}

impl bindings::HostError for DeterministicCtxView<'_> {
    fn to_debug_string(&mut self, error: Resource<IoError>) -> Result<String> {
        let error = self.table.get(&error)?;
        if let Some(code) = error.downcast_ref::<deterministic_fs::ErrorCode>() {
            return Ok(code.to_string());
        }
        Ok(match error.downcast_ref::<std::io::Error>() {
            // The kind is Rust's name for it, the same on every host and in every language.
            Some(error) => format!("{:?}", error.kind()),
            None => "stream error".to_owned(),
        })
    }

    fn drop(&mut self, error: Resource<IoError>) -> Result<()> {
        self.take(error).map(drop)
    }
}
