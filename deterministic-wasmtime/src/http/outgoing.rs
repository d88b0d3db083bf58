//! Requests of WASI 0.2 on their way: from `outgoing-handler.handle` to `future-incoming-response.get`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, Response, Uri, header, uri};
use bytes::Bytes;
use deterministic_core::Instant;
use deterministic_wasi::http::{Timeouts, declared_length};
use deterministic_wasi::{Charge, HANDLE, after};
use http_body_util::{BodyExt, Empty};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::body::{HostIncomingBody, StreamContext};
use wasmtime_wasi_http::p2::http_request_error;
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{FieldMap, RequestOptions};

use super::body::{Chunks, Collector};
use super::{Http, HttpError, Reply, Trailers, error, held, stock, visible};
use crate::DeterministicCtxView;

/// What stands behind `future-incoming-response`.
pub(super) struct Exchange {
    number: u64,
    state: State,
}

enum State {
    /// The guest has not finished the request's body.
    Sending(Box<Sending>),
    /// The reply is known, and comes at this time.
    Answered(Instant, Box<Answer>),
    Consumed,
}

pub(super) struct Answer {
    pub(super) result: Result<Response<Bytes>, HttpError>,
    /// What the response counts.
    pub(super) held: Option<Charge>,
}

struct Sending {
    request: Request<()>,
    timeouts: Option<Timeouts>,
    body: Collector,
}

#[async_trait]
impl Pollable for Exchange {
    /// Only asked while no deadline is known, which is what `wasi:io/poll` looks at first.
    async fn ready(&mut self) {
        std::future::pending().await
    }
}

/// The requests of a store that were sent and not answered.
#[derive(Default)]
pub(super) struct Sent {
    next: u64,
    /// Where each stands in the table of resources.
    reps: BTreeMap<u64, u32>,
    /// Those whose body has ended since.
    ended: Arc<Mutex<Vec<u64>>>,
}

/// Notes that a request's body has ended.
struct Ended(u64, Arc<Mutex<Vec<u64>>>);

impl Wake for Ended {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

/// What a guest's options say.
pub(super) fn timeouts(options: RequestOptions) -> Timeouts {
    // The interface sets whole nanoseconds below 2^64.
    let nanos = |time: Option<Duration>| time.map(|time| time.as_nanos() as u64);
    Timeouts {
        connect: nanos(options.connect_timeout),
        first_byte: nanos(options.first_byte_timeout),
        between_bytes: nanos(options.between_bytes_timeout),
    }
}

/// The request that the guest describes, and what it takes to send it.
fn request(described: &HostOutgoingRequest) -> Result<Request<()>, ErrorCode> {
    let internal = |text: String| ErrorCode::InternalError(Some(text));
    let length = declared_length(&described.headers).map_err(internal)?;
    if described.body.is_none() && length.is_some_and(|length| length != 0) {
        return Err(ErrorCode::HttpRequestBodySize(Some(0)));
    }
    let method: Method = described.method.clone().try_into().map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let scheme = match &described.scheme {
        Some(types::Scheme::Http) => uri::Scheme::HTTP,
        Some(types::Scheme::Https) | None => uri::Scheme::HTTPS,
        Some(types::Scheme::Other(name)) => uri::Scheme::try_from(name.as_str())
            .ok()
            .filter(|scheme| [uri::Scheme::HTTP, uri::Scheme::HTTPS].contains(scheme))
            .ok_or(ErrorCode::HttpProtocolError)?,
    };
    let authority = described.authority.as_deref().unwrap_or_default();
    let mut uri = Uri::builder().scheme(scheme).authority(authority);
    if let Some(path) = &described.path_with_query {
        uri = uri.path_and_query(path.as_str());
    }
    let mut request = Request::builder()
        .method(method)
        .uri(uri.build().map_err(http_request_error)?)
        .header(header::HOST, authority)
        .body(())
        .map_err(|error| internal(error.to_string()))?;
    for (name, value) in described.headers.iter() {
        request.headers_mut().append(name, value.clone());
    }
    Ok(request)
}

impl DeterministicCtxView<'_> {
    /// `outgoing-handler.handle`.
    pub(super) fn send(
        &mut self,
        described: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> Result<Result<Resource<Exchange>, ErrorCode>> {
        let options = options.map(|options| self.take(options)).transpose()?;
        let mut described = self.take(described)?;
        let request = match request(&described) {
            Ok(request) => request,
            Err(code) => return Ok(Err(code)),
        };
        if self.ctx.http.responder.is_none() {
            return Ok(Err(ErrorCode::HttpRequestDenied));
        }
        let body = described.body.take();
        let body = body.unwrap_or_else(|| Empty::new().map_err(|never| match never {}).boxed_unsync());
        let sending = Sending {
            request,
            timeouts: options.map(timeouts),
            body: Collector::new(body, StreamContext::Request, self.ctx.held.account()),
        };
        let words = held::request(&sending.request);
        if let Err(exceeded) = self.ctx.held.account().room(HANDLE + words) {
            return Ok(Err(ErrorCode::InternalError(Some(crate::Error::from(exceeded).to_string()))));
        }
        let sent = &mut self.ctx.http.sent;
        let number = sent.next;
        sent.next += 1;
        let exchange = Exchange { number, state: State::Sending(Box::new(sending)) };
        let exchange = self.table.push(exchange)?;
        sent.reps.insert(number, exchange.rep());
        self.ctx.held.set(exchange.rep(), HANDLE + words).map_err(crate::Error::from)?;
        self.progress(number)?;
        Ok(Ok(exchange))
    }

    /// Answers the requests whose bodies have ended, in the order in which they did.
    pub(super) fn progress_ended(&mut self) -> Result<()> {
        let ended = std::mem::take(&mut *self.ctx.http.sent.ended.lock().unwrap_or_else(PoisonError::into_inner));
        ended.into_iter().try_for_each(|number| self.progress(number))
    }

    /// Answers request `number` if its body has ended.
    fn progress(&mut self, number: u64) -> Result<()> {
        let Http { sent, .. } = &mut *self.ctx.http;
        // The guest may have dropped it.
        let Some(&rep) = sent.reps.get(&number) else { return Ok(()) };
        let exchange = self.table.get_mut(&Resource::<Exchange>::new_borrow(rep))?;
        let State::Sending(sending) = &mut exchange.state else { return Ok(()) };
        let waker = Waker::from(Arc::new(Ended(number, sent.ended.clone())));
        let Poll::Ready(body) = sending.body.poll(&mut Context::from_waker(&waker)) else { return Ok(()) };
        sent.reps.remove(&number);
        let State::Sending(sending) = std::mem::replace(&mut exchange.state, State::Consumed) else { return Ok(()) };
        let (deadline, result) = match body? {
            Ok((body, trailers)) => self.ask(sending.request, body, trailers, sending.timeouts)?,
            Err(error) => (after(self.ctx.time.catch_up()?, 0), Err(error)),
        };
        // The request is the embedder's now.
        self.ctx.held.set(rep, HANDLE).map_err(crate::Error::from)?;
        let answer = self.answer(result);
        self.ctx.timers.resolve(number, deadline);
        let exchange = self.table.get_mut(&Resource::<Exchange>::new_borrow(rep))?;
        exchange.state = State::Answered(deadline, Box::new(answer));
        Ok(())
    }

    /// A result with what its body and its fields count; one that counts too much is an error itself.
    pub(super) fn answer(&self, result: Result<Response<Bytes>, HttpError>) -> Answer {
        let (result, held) = match result {
            Err(error) => (Err(error), None),
            Ok(response) => {
                let trailers = response.extensions().get::<Trailers>();
                let trailers = trailers.map_or(0, |Trailers(trailers)| held::fields(trailers));
                let size = response.body().len() as u64;
                match self.ctx.held.account().charge(size + trailers + held::fields(response.headers())) {
                    Ok(held) => (Ok(response), Some(held)),
                    Err(_) => (Err(HttpError::HttpResponseBodySize(Some(size))), None),
                }
            }
        };
        Answer { result, held }
    }

    /// What the responder says to a request, and when that comes.
    ///
    /// # Errors
    ///
    /// What the clock says that cannot tell when the request is sent.
    pub(super) fn ask(
        &mut self,
        request: Request<()>,
        body: Bytes,
        trailers: Option<HeaderMap>,
        timeouts: Option<Timeouts>,
    ) -> Result<(Instant, Result<Response<Bytes>, HttpError>)> {
        // Before it is asked: where time goes by meanwhile, that is part of the delay.
        let sent = self.ctx.time.catch_up()?;
        let mut request = request.map(|()| body);
        request.extensions_mut().insert(sent);
        if let Some(trailers) = trailers {
            request.extensions_mut().insert(Trailers(trailers));
        }
        if let Some(timeouts) = timeouts {
            request.extensions_mut().insert(timeouts);
        }
        let Some(responder) = &mut self.ctx.http.responder else {
            return Ok((after(sent, 0), Err(HttpError::HttpRequestDenied)));
        };
        let Reply { result, delay, .. } = responder.respond(request);
        Ok(match timeouts.and_then(|timeouts| timeouts.first_byte) {
            Some(timeout) if timeout < delay => (after(sent, timeout), Err(HttpError::ConnectionReadTimeout)),
            Some(_) | None => (after(sent, delay), result),
        })
    }

    /// `future-incoming-response.subscribe`.
    pub(super) fn subscribe_response(&mut self, id: Resource<Exchange>) -> Result<Resource<DynPollable>> {
        let rep = id.rep();
        let pollable = subscribe(self.table, id)?;
        let pollable = self.held(pollable)?;
        let exchange = self.table.get_mut(&Resource::<Exchange>::new_borrow(rep))?;
        match exchange.state {
            State::Sending(_) => {
                self.ctx.timers.wait_for(pollable.rep(), exchange.number);
            }
            State::Answered(deadline, _) => self.ctx.timers.insert(pollable.rep(), deadline),
            State::Consumed => self.ctx.timers.insert(pollable.rep(), Instant::ZERO),
        }
        Ok(pollable)
    }

    /// `future-incoming-response.get`.
    #[expect(clippy::type_complexity, reason = "the interface's own")]
    pub(super) fn get_response(
        &mut self,
        id: &Resource<Exchange>,
    ) -> Result<Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>> {
        self.ctx.time.catch_up()?;
        let reached = self.ctx.reached();
        let all_due = self.ctx.time.all_timers_are_due();
        let exchange = self.table.get_mut(id)?;
        match &exchange.state {
            State::Sending(_) => return Ok(None),
            State::Answered(deadline, _) if *deadline > reached && !all_due => return Ok(None),
            State::Answered(..) => {}
            State::Consumed => return Ok(Some(Err(()))),
        }
        let State::Answered(_, answer) = std::mem::replace(&mut exchange.state, State::Consumed) else {
            return Ok(Some(Err(())));
        };
        let Answer { result, mut held } = *answer;
        let response = match result {
            Ok(response) => response,
            Err(error) => return Ok(Some(Ok(Err(error::p2_code(error))))),
        };
        let (mut parts, data) = response.into_parts();
        // They count with their handle now.
        if let Some(held) = &mut held {
            held.shrink(held::fields(&parts.headers));
        }
        let trailers = parts.extensions.remove::<Trailers>().map(|Trailers(trailers)| visible(trailers));
        let body = Chunks { data, trailers, _held: held }.map_err(|never| match never {}).boxed_unsync();
        let view = stock(DeterministicCtxView { ctx: &mut *self.ctx, table: &mut *self.table });
        let response = HostIncomingResponse {
            status: parts.status.as_u16(),
            headers: FieldMap::new_immutable(view.hooks, visible(parts.headers)),
            body: Some(HostIncomingBody::new(body)),
        };
        let response = view.table.push(response)?;
        self.recount(response.rep()).map_err(crate::Error::from)?;
        Ok(Some(Ok(Ok(response))))
    }

    /// Drops a `future-incoming-response`. A request whose body is not complete is then never sent.
    pub(super) fn drop_response(&mut self, id: Resource<Exchange>) -> Result<()> {
        let exchange = self.take(id)?;
        self.ctx.http.sent.reps.remove(&exchange.number);
        Ok(())
    }
}
