//! HTTP/1.1 text.

use bytes::Bytes;
use deterministic_wasmtime::http::{MessageError, Trailers, format_response, parse_request};
use http::{HeaderMap, Response};
use proptest::prelude::*;

fn error(message: &str) -> MessageError {
    parse_request(message.as_bytes()).unwrap_err()
}

#[test]
fn the_order_of_fields_is_kept() {
    let message = "POST /p?q HTTP/1.1\r\nB: 1\r\nHost: h:80\r\nTransfer-Encoding: chunked\r\nA: 2\r\nB: 3\r\n\r\n\
                   3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n";
    let request = parse_request(message.as_bytes()).unwrap();
    assert_eq!(request.uri(), "http://h:80/p?q");
    let fields: Vec<_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    assert_eq!(fields, [("b", &b"1"[..]), ("b", b"3"), ("host", b"h:80"), ("a", b"2")]);
    assert_eq!(request.body(), "abcde");
    assert_eq!(request.extensions().get::<Trailers>().unwrap().0["t"], "1");
}

#[test]
fn the_body_is_what_follows() {
    let body = |message: &str| parse_request(message.as_bytes()).unwrap().into_body();
    assert_eq!(body("GET http://a/ HTTP/1.1\n\n"), "");
    assert_eq!(body("PUT http://a/ HTTP/1.1\n\nall of it\n"), "all of it\n");
    assert_eq!(body("PUT http://a/ HTTP/1.1\nContent-Length: 3\n\nabc\n"), "abc");
}

#[test]
fn what_is_wrong_is_said() {
    assert!(matches!(error("nonsense"), MessageError::Head(_) | MessageError::NoEmptyLine));
    assert!(matches!(error("GET / HTTP/1.1\nHost: a\n"), MessageError::NoEmptyLine));
    assert!(matches!(error("GET / HTTP/1.1\n\n"), MessageError::NoHost));
    assert!(matches!(error("GET / HTTP/1.1\nHost: a b\n\n"), MessageError::Request(_)));
    assert!(matches!(error("GET http://a/ HTTP/1.1\nContent-Length: +3\n\nabc"), MessageError::Length));
    assert!(matches!(
        error("GET http://a/ HTTP/1.1\nContent-Length: 18446744073709551615\n\nabc"),
        MessageError::BodySize { declared: u64::MAX, found: 3 }
    ));
    assert!(matches!(error("GET http://a/ HTTP/1.1\nContent-Length: 1\n\nabc"), MessageError::BodySize { .. }));
    assert!(matches!(error("GET http://a/ HTTP/1.1\nTransfer-Encoding: gzip\n\n"), MessageError::Coding));
    assert!(matches!(
        error("GET http://a/ HTTP/1.1\nTransfer-Encoding: chunked\n\n5\r\nab"),
        MessageError::Chunk { .. }
    ));
}

#[test]
fn a_response_tells_where_it_ends() {
    let text = |response: &Response<Bytes>| String::from_utf8(format_response(response)).unwrap();
    let mut response = Response::new(Bytes::from("abc"));
    assert_eq!(text(&response), "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
    let mut trailers = HeaderMap::new();
    trailers.insert("t", "1".parse().unwrap());
    response.headers_mut().insert("content-length", "3".parse().unwrap());
    response.extensions_mut().insert(Trailers(trailers));
    assert_eq!(text(&response), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n");
    let response = Response::builder().status(204).body(Bytes::new()).unwrap();
    assert_eq!(text(&response), "HTTP/1.1 204 No Content\r\n\r\n");
}

proptest! {
    #[test]
    fn nothing_panics(message in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_request(&message);
        let mut chunked = b"GET http://a/ HTTP/1.1\nTransfer-Encoding: chunked\n\n".to_vec();
        chunked.extend_from_slice(&message);
        let _ = parse_request(&chunked);
    }
}
