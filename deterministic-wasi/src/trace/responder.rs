//! Who answers a guest's requests, on a tape.

use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::call::Source;
use super::error::TraceError;
use super::tape::Tape;
use crate::http::{HttpError, Reply, Responder, Trailers};

type Fields = Vec<(String, Vec<u8>)>;

/// A reply as it stands in a trace.
#[derive(Serialize, Deserialize)]
struct Told {
    delay: u64,
    result: Result<(u16, Fields, Vec<u8>, Option<Fields>), HttpError>,
}

/// A responder on a tape.
struct TapedResponder {
    source: Source,
    /// `None` where it is replayed alone.
    inner: Option<Box<dyn Responder>>,
}

impl Tape {
    /// Who answers the guest's requests, whom `make` makes if it is needed. A request that cannot be replayed gets
    /// [`HttpError::ConfigurationError`], and the run is [another](Tape::failure).
    ///
    /// # Errors
    ///
    /// [`TraceError`].
    pub fn responder(&self, make: impl FnOnce() -> Box<dyn Responder>) -> Result<Box<dyn Responder>, TraceError> {
        if self.is_off() {
            return Ok(make());
        }
        Ok(Box::new(TapedResponder { source: self.source("http")?, inner: self.asks().then(make) }))
    }
}

impl Responder for TapedResponder {
    /// The question is the method, the URL, the fields and the body.
    fn respond(&mut self, request: Request<Bytes>) -> Reply {
        let method = request.method().as_str().to_owned();
        let question = (method, request.uri().to_string(), fields(request.headers()), request.body().to_vec());
        let inner = &mut self.inner;
        let told = self.source.answer(&question, || match inner {
            Some(inner) => told(inner.respond(request)),
            None => Told { delay: 0, result: Err(HttpError::ConfigurationError) },
        });
        told.ok().and_then(reply).unwrap_or_else(|| HttpError::ConfigurationError.into())
    }
}

fn fields(fields: &HeaderMap) -> Fields {
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

fn map(fields: Fields) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.try_append(name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?).ok()?;
    }
    Some(map)
}

fn told(reply: Reply) -> Told {
    let result = reply.result.map(|response| {
        let trailers = response.extensions().get().map(|Trailers(trailers)| fields(trailers));
        (response.status().as_u16(), fields(response.headers()), response.body().to_vec(), trailers)
    });
    Told { delay: reply.delay, result }
}

fn reply(told: Told) -> Option<Reply> {
    let reply = match told.result {
        Ok((status, fields, body, trailers)) => {
            let mut response = Response::builder().status(status).body(Bytes::from(body)).ok()?;
            *response.headers_mut() = map(fields)?;
            if let Some(trailers) = trailers {
                response.extensions_mut().insert(Trailers(map(trailers)?));
            }
            Reply::from(response)
        }
        Err(error) => Reply::from(error),
    };
    Some(reply.after(told.delay))
}
