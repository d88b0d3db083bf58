//! Who answers a guest's requests.

use ::http::{Request, Response};
use bytes::Bytes;

use super::HttpError;

/// Answers the requests that a guest sends. A closure `FnMut(http::Request<Bytes>) -> Reply` is one.
///
/// The same requests must get the same replies, or runs differ: answer from memory, from a recording, or from a generator
/// that is seeded.
pub trait Responder: Send {
    /// The reply to `request`, whose URI is absolute and whose body is complete.
    ///
    /// Among the request's extensions are the [`Instant`](deterministic_core::Instant) of the timeline at which it is
    /// sent, [`Trailers`](super::Trailers) if it has any, and [`Timeouts`] if it has options. [`HttpError`] among the replies is what the guest gets as an error code.
    fn respond(&mut self, request: Request<Bytes>) -> Reply;
}

impl<F: FnMut(Request<Bytes>) -> Reply + Send> Responder for F {
    fn respond(&mut self, request: Request<Bytes>) -> Reply {
        self(request)
    }
}

/// How long a guest waits at most, in nanoseconds, as far as it says so: an extension of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Option<u64>,
    /// From then on for the response to begin. Who has a [`Reply::delay`] that is longer gives the guest `connection-read-timeout`.
    pub first_byte: Option<u64>,
    /// From each piece of the response's body to the next.
    pub between_bytes: Option<u64>,
}

/// What the guest gets, and when.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The response, with [`Trailers`](super::Trailers) among its extensions if it has any; or the error code that the guest gets instead.
    pub result: Result<Response<Bytes>, HttpError>,
    /// How long after the request it comes, in nanoseconds of the timeline: from when the responder is asked, so that on a clock that runs by itself
    /// the time that it takes to answer is part of it. 0 is at once. A sum of 2^64 or more is the end of the timeline.
    pub delay: u64,
}

impl Reply {
    /// The same, `delay` nanoseconds of the timeline after the request.
    #[must_use]
    pub fn after(self, delay: u64) -> Self {
        Reply { delay, ..self }
    }
}

impl From<Response<Bytes>> for Reply {
    /// At once.
    fn from(response: Response<Bytes>) -> Self {
        Reply { result: Ok(response), delay: 0 }
    }
}

impl From<HttpError> for Reply {
    /// At once.
    fn from(error: HttpError) -> Self {
        Reply { result: Err(error), delay: 0 }
    }
}
