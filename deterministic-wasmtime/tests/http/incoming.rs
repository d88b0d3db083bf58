//! Handlers that are called with a value.

use bytes::Bytes;
use deterministic_wasmtime::http::{self as dhttp, HandleError, HttpError, Trailers, format_response, parse_request};
use deterministic_wasmtime::p3::{self, block_on};
use http::{HeaderMap, Request, Response};
use wasmtime::Result;

use crate::guests::{async_linker, component, engine, simulation, store, sync_linker};

const HANDLER: &str = include_str!("handler.wat");
const HANDLER3: &str = include_str!("handler3.wat");

fn handle(message: &str) -> Result<Response<Bytes>> {
    let engine = engine();
    let component = component(&engine, "handler", HANDLER);
    let mut store = store(&engine, simulation());
    let instance = sync_linker(&engine).instantiate(&mut store, &component)?;
    dhttp::handle(&mut store, &instance, parse_request(message.as_bytes())?)
}

fn failure(message: &str) -> HandleError {
    handle(message).unwrap_err().downcast().unwrap()
}

const REQUEST: &str = "POST /path?query HTTP/1.1\nHost: example.com\nContent-Length: 5\n\nhello\n";

#[test]
fn a_request_gets_the_same_response_every_time() {
    let first = handle(REQUEST).unwrap();
    let text = String::from_utf8(format_response(&first)).unwrap();
    assert_eq!(
        text,
        "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n\
         10\r\n/path?queryhello\r\n0\r\nx-t: 1\r\n\r\n"
    );
    assert_eq!(text.as_bytes(), format_response(&handle(REQUEST).unwrap()));
}

#[test]
fn an_instance_serves_more_than_one_request() {
    let engine = engine();
    let component = component(&engine, "handler", HANDLER);
    let mut store = store(&engine, simulation());
    let instance = sync_linker(&engine).instantiate(&mut store, &component).unwrap();
    for body in ["one", "two"] {
        let request = Request::get("http://example.com/x").body(Bytes::from(body)).unwrap();
        let response = dhttp::handle(&mut store, &instance, request).unwrap();
        assert_eq!(*response.body(), format!("/x{body}"));
    }
}

#[test]
fn the_asynchronous_call_gives_the_same() {
    let engine = engine();
    let component = component(&engine, "handler", HANDLER);
    let mut store = store(&engine, simulation());
    let waits = store.data_mut().deterministic_mut().waits();
    let response = block_on(&waits, async {
        let instance = async_linker(&engine).instantiate_async(&mut store, &component).await?;
        dhttp::handle_async(&mut store, &instance, parse_request(REQUEST.as_bytes())?).await
    });
    assert_eq!(format_response(&response.unwrap().unwrap()), format_response(&handle(REQUEST).unwrap()));
}

#[test]
fn no_response_is_a_typed_error() {
    assert!(matches!(failure("GET /n HTTP/1.1\nHost: a\n\n"), HandleError::NoResponse));
    assert!(matches!(failure("GET /e HTTP/1.1\nHost: a\n\n"), HandleError::Failed(HttpError::HttpRequestDenied)));
    assert!(matches!(failure("GET /o HTTP/1.1\nHost: a\n\n"), HandleError::Incomplete(_)));
    let trap = handle("GET /t HTTP/1.1\nHost: a\n\n").unwrap_err();
    assert_eq!(trap.downcast_ref(), Some(&wasmtime::Trap::UnreachableCodeReached));
}

#[test]
fn a_request_without_a_host_is_refused() {
    let engine = engine();
    let component = component(&engine, "handler", HANDLER);
    let mut store = store(&engine, simulation());
    let instance = sync_linker(&engine).instantiate(&mut store, &component).unwrap();
    let error = dhttp::handle(&mut store, &instance, Request::new(Bytes::new())).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(HandleError::NoHost)), "{error:?}");
}

#[test]
fn a_handler_of_0_3_answers_with_stream_and_trailers() {
    let engine = engine();
    let component = component(&engine, "handler3", HANDLER3);
    for len in [0, 5, 20 << 20] {
        let mut store = store(&engine, simulation());
        let waits = store.data_mut().deterministic_mut().waits();
        let instance = block_on(&waits, async_linker(&engine).instantiate_async(&mut store, &component));
        let mut trailers = HeaderMap::new();
        trailers.insert("x-t", "1".parse().unwrap());
        let mut request = Request::post("http://example.com/").body(Bytes::from(vec![b'x'; len])).unwrap();
        request.extensions_mut().insert(Trailers(trailers.clone()));
        let response = dhttp::handle(&mut store, &instance.unwrap().unwrap(), request).unwrap();
        assert_eq!(response.body().len(), len);
        assert_eq!(response.extensions().get::<Trailers>(), Some(&Trailers(trailers)));
    }
}

#[test]
fn the_synchronous_call_of_a_handler_of_0_3_works_within_an_asynchronous_function() {
    let runtimes = [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()];
    for mut runtime in runtimes {
        let len = runtime.build().unwrap().block_on(async {
            let engine = engine();
            let component = component(&engine, "handler3", HANDLER3);
            let mut store = store(&engine, simulation());
            let waits = store.data().deterministic().waits();
            let instance = p3::drive(&waits, async_linker(&engine).instantiate_async(&mut store, &component)).await;
            let request = Request::post("http://example.com/").body(Bytes::from("hello")).unwrap();
            dhttp::handle(&mut store, &instance.unwrap().unwrap(), request).unwrap().into_body().len()
        });
        assert_eq!(len, 5);
    }
}
