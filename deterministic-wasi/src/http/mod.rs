//! HTTP messages as values, and as the text of HTTP/1.1; who answers them.

#[cfg(feature = "http-client")]
pub mod client;
mod code;
mod error;
mod message;
mod responder;

use ::http::{HeaderMap, HeaderName, header};

pub use code::HttpError;
pub use error::MessageError;
pub use message::{format_response, parse_request};
pub use responder::{Reply, Responder, Timeouts};

/// The fields after a body: an extension of requests and responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers(pub HeaderMap);

/// What `content-length` says, read as wasmtime-wasi-http does.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, String> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(|value| value.as_bytes()), second) {
        (None, _) => Ok(None),
        (Some(digits), None) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .map(Some)
                .ok_or_else(|| "`content-length` is 2^64 or more".to_owned())
        }
        (Some(_), None) => Err("`content-length` is no decimal number".to_owned()),
        (Some(_), Some(_)) => Err("`content-length` is given more than once".to_owned()),
    }
}

/// `headers` without those that are `unwanted`, in the same order, which `HeaderMap::remove` would change.
pub fn without(headers: HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    if !headers.keys().any(&unwanted) {
        return headers;
    }
    let mut kept = HeaderMap::with_capacity(headers.len());
    let mut last = None;
    for (name, value) in headers {
        // A field of the same name as the one before comes without it.
        last = name.or(last);
        if let Some(name) = last.as_ref().filter(|name| !unwanted(name)) {
            kept.append(name, value);
        }
    }
    kept
}
