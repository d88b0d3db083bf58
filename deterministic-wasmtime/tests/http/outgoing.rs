//! Requests that a guest of WASI 0.2 sends.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use deterministic_wasmtime::Error;
use deterministic_wasmtime::core::{Instant, Policies};
use deterministic_wasmtime::http::{HttpError, Reply, Timeouts};
use http::{Request, Response};

use crate::guests::{Guest, simulation};

const HOUR: u64 = 3_600_000_000_000;

/// Where the guest's functions leave what they answer.
const TO: u32 = 1024;

/// The numbers of the interface's error codes.
const CONNECTION_READ_TIMEOUT: u8 = 9;
const DENIED: u8 = 15;
const REQUEST_BODY_SIZE: u8 = 17;
const PROTOCOL_ERROR: u8 = 35;

fn caller(policies: Policies) -> Guest {
    Guest::new("caller", include_str!("caller.wat"), policies)
}

/// A guest whose requests are answered with their path, after as many hours as the path says.
fn answered(policies: Policies) -> Guest {
    let mut guest = caller(policies);
    guest.store.data_mut().deterministic_mut().set_responder(|request: Request<Bytes>| {
        let hours: u64 = request.uri().path()[1..].parse().unwrap();
        let body = format!("{} at {}", request.uri(), request.extensions().get::<Instant>().unwrap());
        Reply::from(Response::builder().status(200).body(Bytes::from(body)).unwrap()).after(hours * HOUR)
    });
    guest
}

impl Guest {
    pub(crate) fn request(&mut self, path: &str) -> u32 {
        let (fields,) = self.call::<_, (u32,)>("fields", ()).unwrap();
        let (request,) = self.call::<_, (u32,)>("request", (fields,)).unwrap();
        self.put(0, b"host");
        self.call::<_, (u32,)>("set-authority", (request, 1u32, 0u32, 4u32)).unwrap();
        self.put(0, path.as_bytes());
        self.call::<_, (u32,)>("set-path", (request, 1u32, 0u32, path.len() as u32)).unwrap();
        request
    }

    /// The response to come, or an error code.
    pub(crate) fn handle(&mut self, request: u32, options: Option<u32>) -> Result<u32, u8> {
        let (some, options) = (u32::from(options.is_some()), options.unwrap_or(0));
        self.call::<_, ()>("handle", (request, some, options, TO)).unwrap();
        if self.byte(TO) == 0 { Ok(self.peek(TO + 8)) } else { Err(self.byte(TO + 8)) }
    }

    pub(crate) fn send(&mut self, path: &str) -> u32 {
        let request = self.request(path);
        self.handle(request, None).unwrap()
    }

    fn subscribe(&mut self, response: u32) -> u32 {
        self.call::<_, (u32,)>("subscribe", (response,)).unwrap().0
    }

    fn poll(&mut self, pollables: &[u32]) -> wasmtime::Result<Vec<u32>> {
        let words: Vec<u8> = pollables.iter().flat_map(|pollable| pollable.to_le_bytes()).collect();
        self.put(0, &words);
        self.call::<_, ()>("poll", (0u32, pollables.len() as u32, TO))?;
        let (at, len) = (self.peek(TO), self.peek(TO + 4));
        Ok((0..len).map(|number| self.peek(at + 4 * number)).collect())
    }

    pub(crate) fn get(&mut self, response: u32) -> Option<Result<u32, u8>> {
        self.call::<_, ()>("get", (response, TO)).unwrap();
        if self.byte(TO) == 0 {
            return None;
        }
        assert_eq!(self.byte(TO + 8), 0, "the response was taken before");
        Some(if self.byte(TO + 16) == 0 { Ok(self.peek(TO + 24)) } else { Err(self.byte(TO + 24)) })
    }

    /// The lengths of what each read gives, and all of it.
    fn read(&mut self, response: u32) -> (Vec<u32>, Vec<u8>) {
        self.call::<_, ()>("consume", (response, TO)).unwrap();
        let body = self.peek(TO + 4);
        self.call::<_, ()>("stream", (body, TO)).unwrap();
        let stream = self.peek(TO + 4);
        let (mut lengths, mut all) = (Vec::new(), Vec::new());
        loop {
            self.call::<_, ()>("read", (stream, 1u64 << 30, TO)).unwrap();
            if self.byte(TO) == 1 {
                return (lengths, all);
            }
            let (at, len) = (self.peek(TO + 4), self.peek(TO + 8));
            lengths.push(len);
            // A long one is all the same.
            all.extend(self.bytes(at, len.min(64)));
        }
    }

    pub(crate) fn body(&mut self, request: u32) -> (u32, u32) {
        self.call::<_, ()>("body", (request, TO)).unwrap();
        let body = self.peek(TO + 4);
        self.call::<_, ()>("write", (body, TO)).unwrap();
        (body, self.peek(TO + 4))
    }

    pub(crate) fn write(&mut self, stream: u32, bytes: &[u8]) {
        self.put(0, bytes);
        self.call::<_, ()>("write-bytes", (stream, 0u32, bytes.len() as u32, TO)).unwrap();
        assert_eq!(self.byte(TO), 0, "the write failed");
    }

    pub(crate) fn finish(&mut self, body: u32, stream: u32) -> Result<(), u8> {
        self.call::<_, ()>("drop-output", (stream,)).unwrap();
        self.call::<_, ()>("finish", (body, 0u32, 0u32, TO)).unwrap();
        if self.byte(TO) == 0 { Ok(()) } else { Err(self.byte(TO + 8)) }
    }
}

#[test]
fn requests_are_refused_by_default() {
    let mut guest = caller(simulation());
    let request = guest.request("/");
    assert_eq!(guest.handle(request, None), Err(DENIED));
    let calls: Vec<_> = guest.store.data().deterministic().host_calls().collect();
    let expected = [
        "wasi:http/outgoing-handler.handle",
        "wasi:http/types.[constructor]fields",
        "wasi:http/types.[constructor]outgoing-request",
        "wasi:http/types.[method]outgoing-request.set-path-with-query",
        "wasi:http/types.[method]outgoing-request.set-authority",
    ];
    assert_eq!(calls, expected.map(|name| (name, 1)));
}

#[test]
fn responses_come_in_the_order_of_their_deadlines() {
    let mut guest = answered(simulation());
    let sent = guest.now();
    let responses = [3, 1, 2].map(|hours| guest.send(&format!("/{hours}")));
    let pollables = responses.map(|response| guest.subscribe(response));
    assert!(responses.iter().all(|response| guest.get(*response).is_none()));
    let began = std::time::Instant::now();
    let mut waiting = pollables.to_vec();
    for (position, hours) in [(1, 1), (2, 2), (0, 3)] {
        let first = waiting.iter().position(|pollable| *pollable == pollables[position]).unwrap();
        assert_eq!(guest.poll(&waiting).unwrap(), [first as u32]);
        waiting.remove(first);
        assert_eq!(guest.now() - sent, hours * HOUR);
        let response = guest.get(responses[position]).unwrap().unwrap();
        assert_eq!(guest.call::<_, (u32,)>("status", (response,)).unwrap(), (200,));
        let (_, body) = guest.read(response);
        assert_eq!(String::from_utf8(body).unwrap(), format!("https://host/{hours} at {}", Instant::from_nanos(sent)));
    }
    assert!(began.elapsed().as_secs() < 60, "the hours took time of the host");
}

#[test]
fn a_frozen_clock_does_not_hold_responses_back() {
    use deterministic_wasmtime::core::Seed;
    use deterministic_wasmtime::policies::Preset;
    for preset in [Preset::Frozen, Preset::DeterministicWasiCtx] {
        let mut guest = answered(preset.policies(&Seed::default()));
        let response = guest.send("/5");
        let pollable = guest.subscribe(response);
        assert_eq!(guest.poll(&[pollable]).unwrap(), [0]);
        assert!(guest.get(response).unwrap().is_ok());
    }
}

#[test]
fn the_responder_gets_a_complete_body() {
    let mut guest = caller(simulation());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    guest.store.data_mut().deterministic_mut().set_responder(move |request: Request<Bytes>| {
        sink.lock().unwrap().push(request.into_body());
        Reply::from(Response::new(Bytes::new())).after(7)
    });
    let request = guest.request("/");
    let (body, stream) = guest.body(request);
    guest.write(stream, b"one ");
    let response = guest.handle(request, None).unwrap();
    let pollable = guest.subscribe(response);
    guest.write(stream, b"two");
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(guest.get(response), None);
    assert_eq!(guest.finish(body, stream), Ok(()));
    assert_eq!(*seen.lock().unwrap(), [Bytes::from("one two")]);
    let sent = guest.now();
    assert_eq!(guest.get(response), None);
    assert_eq!(guest.poll(&[pollable]).unwrap(), [0]);
    assert_eq!(guest.now(), sent + 7);
    assert!(guest.get(response).unwrap().is_ok());
}

#[test]
fn waiting_before_the_body_ends_is_a_deadlock() {
    let mut guest = answered(simulation());
    let request = guest.request("/0");
    guest.body(request);
    let response = guest.handle(request, None).unwrap();
    let pollable = guest.subscribe(response);
    let error = guest.poll(&[pollable]).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Deadlock { .. })), "{error:?}");
}

#[test]
fn a_body_that_is_given_up_is_never_sent() {
    let mut guest = caller(simulation());
    guest.store.data_mut().deterministic_mut().set_responder(|_: Request<Bytes>| -> Reply { panic!("it was sent") });
    let request = guest.request("/");
    let (body, stream) = guest.body(request);
    let response = guest.handle(request, None).unwrap();
    guest.call::<_, ()>("drop-output", (stream,)).unwrap();
    guest.call::<_, ()>("drop-body", (body,)).unwrap();
    assert_eq!(guest.get(response), Some(Err(PROTOCOL_ERROR)));
    // Nor is one whose response nobody waits for.
    let request = guest.request("/");
    let (body, stream) = guest.body(request);
    let response = guest.handle(request, None).unwrap();
    guest.call::<_, ()>("drop-future", (response,)).unwrap();
    assert_eq!(guest.finish(body, stream), Ok(()));
}

#[test]
fn a_dropped_pollable_gives_its_number_to_others() {
    let mut guest = answered(simulation());
    let [first, second] = ["/1", "/9"].map(|path| {
        let request = guest.request(path);
        let body = guest.body(request);
        (guest.handle(request, None).unwrap(), body)
    });
    let dropped = guest.subscribe(first.0);
    guest.call::<_, ()>("drop-pollable", (dropped,)).unwrap();
    let reused = guest.subscribe(second.0);
    assert_eq!(dropped, reused, "the test wants a reused handle");
    assert_eq!(guest.finish(first.1.0, first.1.1), Ok(()));
    let error = guest.poll(&[reused]).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Deadlock { .. })), "{error:?}");
}

#[test]
fn a_first_byte_timeout_strikes_in_virtual_time() {
    let mut guest = answered(simulation());
    let sent = guest.now();
    let (options,) = guest.call::<_, (u32,)>("options", ()).unwrap();
    guest.call::<_, (u32,)>("set-first-byte-timeout", (options, 1u32, 5u64)).unwrap();
    let request = guest.request("/1");
    let response = guest.handle(request, Some(options)).unwrap();
    let pollable = guest.subscribe(response);
    guest.poll(&[pollable]).unwrap();
    assert_eq!(guest.now(), sent + 5);
    assert_eq!(guest.get(response), Some(Err(CONNECTION_READ_TIMEOUT)));
}

#[test]
fn errors_come_when_they_are_due_and_chunks_are_fixed() {
    let mut guest = caller(simulation());
    guest.store.data_mut().deterministic_mut().set_responder(|request: Request<Bytes>| match request.uri().path() {
        "/error" => Reply::from(HttpError::HttpRequestBodySize(Some(3))).after(9),
        _ => Reply::from(Response::new(Bytes::from(vec![b'x'; 150_000]))),
    });
    let response = guest.send("/error");
    assert_eq!(guest.get(response), None);
    let pollable = guest.subscribe(response);
    guest.poll(&[pollable]).unwrap();
    assert_eq!(guest.get(response), Some(Err(REQUEST_BODY_SIZE)));
    let response = guest.send("/");
    let response = guest.get(response).unwrap().unwrap();
    assert_eq!(guest.read(response).0, [65_536, 65_536, 18_928]);
}

#[test]
fn what_a_guest_waits_for_is_told_to_the_responder() {
    let mut guest = caller(simulation());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    guest.store.data_mut().deterministic_mut().set_responder(move |request: Request<Bytes>| {
        sink.lock().unwrap().push(request.extensions().get::<Timeouts>().copied());
        Reply::from(Response::new(Bytes::new()))
    });
    guest.send("/");
    let (options,) = guest.call::<_, (u32,)>("options", ()).unwrap();
    guest.call::<_, (u32,)>("set-first-byte-timeout", (options, 1u32, 5u64)).unwrap();
    let request = guest.request("/");
    guest.handle(request, Some(options)).unwrap();
    let timeouts = Timeouts { first_byte: Some(5), ..Timeouts::default() };
    assert_eq!(*seen.lock().unwrap(), [None, Some(timeouts)]);
}

#[test]
fn time_that_goes_by_while_the_responder_answers_is_part_of_the_delay() {
    use deterministic_wasmtime::core::Seed;
    use deterministic_wasmtime::policies::Preset;
    const PAUSE: u64 = 30_000_000;
    let mut guest = caller(Preset::Host.policies(&Seed::default()));
    guest.store.data_mut().deterministic_mut().set_responder(|request: Request<Bytes>| {
        std::thread::sleep(std::time::Duration::from_nanos(PAUSE));
        let delay = if request.uri().path() == "/later" { HOUR } else { PAUSE };
        Reply::from(Response::new(Bytes::new())).after(delay)
    });
    let (now, later) = (guest.send("/now"), guest.send("/later"));
    assert!(guest.get(now).unwrap().is_ok(), "it is waited for once");
    assert_eq!(guest.get(later), None);
}
