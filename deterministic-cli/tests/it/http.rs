//! `--http-request`, and components that import `wasi:http`, `wasi:config` and `wasi:keyvalue`.

use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::{Place, component_guests, guests};

/// The handlers are those that the adapter's tests call.
macro_rules! adapters {
    ($name:literal) => {
        include_str!(concat!("../../../deterministic-wasmtime/tests/http/", $name))
    };
}

const HANDLER: &str = adapters!("handler.wat");
const HANDLER3: &str = adapters!("handler3.wat");
const LISTER: &str = adapters!("lister.wat");

/// Asks for `/` and returns how that failed: the error code's number, or 99 if it did not.
const ASKS: &str = r#"(module
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "example.com/")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "ask") (result i32)
    (local $request i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $authority (local.get $request) (i32.const 1) (i32.const 512) (i32.const 11)))
    (drop (call $path (local.get $request) (i32.const 1) (i32.const 523) (i32.const 1)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 1024))
    (if (result i32) (i32.load8_u (i32.const 1024)) (then (i32.load8_u (i32.const 1032))) (else (i32.const 99)))))"#;
const ASKS_WORLD: &str = "
world asks {
  import wasi:http/types@0.2.0;
  import wasi:http/outgoing-handler@0.2.0;
  export ask: func() -> u32;
}
";

const REQUEST: &str = "POST /path?query HTTP/1.1\nHost: example.com\nContent-Length: 5\n\nhello\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n\
                        10\r\n/path?queryhello\r\n0\r\nx-t: 1\r\n\r\n";

/// The component of world `world` whose core module is `wat`.
fn component(world: &str, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = [adapters!("guests.wit"), ASKS_WORLD].concat();
    let package = resolve.push_str("guests.wit", &wit).expect("interfaces");
    let world = resolve.select_world(&[package], Some(world)).expect("a world");
    let mut module = wat::parse_str(wat).expect("a module");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("a module of the world");
    ComponentEncoder::default().module(&module).expect("its world").encode().expect("a component")
}

#[test]
fn the_response_is_printed_and_part_of_the_report() {
    let place = Place::new();
    let handler = place.file("handler.wasm", component("handler", HANDLER));
    let request = place.file("request.http", REQUEST);
    let args = ["run", "--report", "report.json", "--http-request", &request, &handler];
    let ran = place.detwasi(&args);
    ran.assert(0, RESPONSE);
    assert_eq!(ran.stderr, "");
    let report = place.json("report.json");
    let sha256: String = Sha256::digest(RESPONSE).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(report["outcome"], serde_json::json!({ "exit_code": 0 }));
    assert_eq!(report["stdout"], serde_json::json!({ "bytes": RESPONSE.len(), "sha256": sha256 }));
    assert_eq!(report["results"], serde_json::Value::Null);
    let text = std::fs::read(place.path("report.json")).expect("a report");
    assert_eq!(place.detwasi(&args), ran);
    assert_eq!(std::fs::read(place.path("report.json")).expect("a report"), text);
}

#[test]
fn a_handler_of_0_3_answers_too() {
    let place = Place::new();
    let handler = place.file("handler3.wasm", component("handler3", HANDLER3));
    let request = place.file("request.http", REQUEST);
    place
        .detwasi(&["run", "--http-request", &request, &handler])
        .assert(0, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
}

#[test]
fn a_handler_without_a_response_ends_as_a_trap_does() {
    let place = Place::new();
    let handler = place.file("handler.wasm", component("handler", HANDLER));
    for (path, kind) in [("/t", "UnreachableCodeReached"), ("/n", "NoResponse"), ("/e", "Failed"), ("/o", "Incomplete")]
    {
        let request = place.file("request.http", format!("GET {path} HTTP/1.1\nHost: example.com\n\n"));
        let args = ["run", "--report", "report.json", "--http-request", &request, &handler];
        let ran = place.detwasi(&args);
        ran.assert(134, "");
        assert!(ran.stderr.starts_with(&format!("detwasi: the guest was ended ({kind}): ")), "{ran:?}");
        assert!(path == "/t" || ran.stderr.lines().count() == 1, "{ran:?}");
        let report = place.json("report.json");
        assert_eq!(report["outcome"]["trap"]["kind"], kind);
        assert_eq!(report["stdout"]["bytes"], 0);
        assert_eq!(place.detwasi(&args), ran);
    }
}

#[test]
fn what_cannot_be_asked_or_answered_is_told_in_one_line() {
    let place = Place::new();
    let handler = place.file("handler.wasm", component("handler", HANDLER));
    let library = place.file("library.wat", component_guests::library());
    let module = place.file("module.wat", guests::args());
    place.file("request.http", REQUEST);
    place.file("text.http", "hello\n\n");
    place.file("hostless.http", "GET / HTTP/1.1\n\n");
    place.file("open.http", "GET / HTTP/1.1\nHost: example.com\n");
    for (args, says) in [
        (
            &["--http-request", "request.http", &library][..],
            &["library.wat", "`wasi:http/incoming-handler`", "`add(a: u32, b: u32) -> u32`"][..],
        ),
        (&["--http-request", "request.http", &module], &["module.wat", "core module", "--http-request"]),
        (&["--http-request", "request.http", "--invoke", "f()", &handler], &["--http-request", "--invoke"]),
        (&["--http-request", "request.http", "--invoke", "f()", &module], &["--http-request", "--invoke"]),
        (&["--http-request", "missing.http", &handler], &["`missing.http`", "--http-request"]),
        (&["--http-request", ".", &handler], &["`.`", "--http-request"]),
        (&["--http-request", "text.http", &handler], &["`text.http`", "HTTP/1.1"]),
        (&["--http-request", "hostless.http", &handler], &["`hostless.http`", "`Host`"]),
        (&["--http-request", "open.http", &handler], &["`open.http`", "empty line"]),
        (&[&handler], &["exports no `wasi:cli/run`", "wasi:http/incoming-handler@0.2.0#handle", "--http-request"]),
    ] {
        let ran = place.detwasi(&[&["run", "--report", "report.json"], args].concat());
        ran.assert(2, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for text in says {
            assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
        }
        assert!(!place.path("report.json").exists(), "{ran:?}");
    }
}

#[test]
fn requests_of_the_guest_are_refused_and_stores_are_empty() {
    let place = Place::new();
    let asks = place.file("asks.wasm", component("asks", ASKS));
    // The number of `HTTP-request-denied`.
    place.detwasi(&["run", "--invoke", "ask()", &asks]).assert(0, "15\n");
    let lister = place.file("lister.wasm", component("lister", LISTER));
    for call in ["get-all(1024)", "open(0, 0, 1024)"] {
        place.detwasi(&["run", "--invoke", call, &lister]).assert(0, "()\n");
    }
}
