//! Whatever a file says that should be an HTTP/1.1 request: it is read or refused, and what is read can be read again.
#![no_main]

use deterministic_wasi::http::parse_request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let Ok(request) = parse_request(message) else { return };
    let (scheme, authority) = (request.uri().scheme(), request.uri().authority());
    assert!(scheme.is_some() && authority.is_some(), "the URL is not absolute");
    let again = parse_request(message).expect("it was read before");
    assert_eq!((request.headers(), request.body()), (again.headers(), again.body()));
});
