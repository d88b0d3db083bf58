//! `--http-request`, and components that import `wasi:http`, `wasi:config` and `wasi:keyvalue`.

use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::{Place, component_guests, fetchers, guests};

/// The handlers are those that the adapter's tests call.
macro_rules! adapters {
    ($name:literal) => {
        include_str!(concat!("../../../deterministic-wasmtime/tests/http/", $name))
    };
}

pub(crate) const HANDLER: &str = adapters!("handler.wat");
pub(crate) const HANDLER3: &str = adapters!("handler3.wat");
pub(crate) const LISTER: &str = adapters!("lister.wat");
pub(crate) const CALLER: &str = adapters!("caller.wat");
pub(crate) const HOARDER: &str = adapters!("hoarder.wat");
pub(crate) const HOARDER3: &str = adapters!("hoarder3.wat");

/// Asks for `/` and returns how that failed: the error code's number, or 99 if it did not.
pub(crate) const ASKS: &str = r#"(module
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

/// Asks for `https://example.com/` twice, one after the other. Returns the status of the first answer, times 10 000, plus that of the second;
/// for an error, 1000 and its number.
pub(crate) const FETCHES: &str = r#"(module
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
    (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
    (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-response.status" (func $status (param i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "example.com/")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func $fetch (result i32)
    (local $request i32) (local $future i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $authority (local.get $request) (i32.const 1) (i32.const 512) (i32.const 11)))
    (drop (call $path (local.get $request) (i32.const 1) (i32.const 523) (i32.const 1)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 1032))))))
    (local.set $future (i32.load (i32.const 1032)))
    (i32.store (i32.const 2048) (call $subscribe (local.get $future)))
    (call $poll (i32.const 2048) (i32.const 1) (i32.const 2056))
    (call $get (local.get $future) (i32.const 3072))
    (if (result i32) (i32.load8_u (i32.const 3088))
      (then (i32.add (i32.const 1000) (i32.load8_u (i32.const 3096))))
      (else (call $status (i32.load (i32.const 3096))))))
  (func (export "fetch") (result i32)
    (i32.add (i32.mul (call $fetch) (i32.const 10000)) (call $fetch))))"#;
const FETCHES_WORLD: &str = "
world fetches {
  import wasi:http/types@0.2.0;
  import wasi:http/outgoing-handler@0.2.0;
  import wasi:io/poll@0.2.0;
  export fetch: func() -> u32;
}
";

pub(crate) const REQUEST: &str = "POST /path?query HTTP/1.1\nHost: example.com\nContent-Length: 5\n\nhello\n";
pub(crate) const RESPONSE: &str = "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n\
                        10\r\n/path?queryhello\r\n0\r\nx-t: 1\r\n\r\n";

/// The component of world `world` whose core module is `wat`.
pub(crate) fn component(world: &str, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = [adapters!("guests.wit"), ASKS_WORLD, FETCHES_WORLD, fetchers::WORLDS].concat();
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

#[test]
fn requests_of_the_guest_are_answered_from_a_file() {
    let place = Place::new();
    let guest = place.file("fetches.wasm", component("fetches", FETCHES));
    let fetch = |answers: &str| {
        place.file("answers.toml", answers);
        let call = ["run", "--http-answers", "answers.toml", "--report", "report.json", "--invoke", "fetch()", &guest];
        let ran = place.detwasi(&call);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        (
            String::from_utf8(ran.stdout).expect("text"),
            place.json("report.json")["elapsed_ns"].as_u64().expect("a number"),
        )
    };
    // One that can be given once, and one for the rest, each in its time.
    let (statuses, elapsed) = fetch(
        r#"
        [[answer]]
        request = "GET https://example.com/"
        status = 503
        after = "2s"
        times = 1

        [[answer]]
        request = "* https://example.com/*"
        headers = ["content-type: text/plain"]
        body = "hello"
        after = "1ms"
        "#,
    );
    assert_eq!((statuses.as_str(), elapsed), ("5030200\n", 2_001_000_000));
    // Errors have their numbers, and what has no answer is denied.
    let denied = 15;
    let refused = 6;
    let (errors, _) = fetch(
        r#"
        [[answer]]
        request = "GET https://example.com/"
        error = "connection-refused"
        times = 1

        [[answer]]
        request = "GET http://example.com/"

        [[answer]]
        request = "POST https://example.com/"
        "#,
    );
    assert_eq!(errors, format!("{}\n", (1000 + refused) * 10_000 + 1000 + denied));
    // Without a file every request is denied, as ever.
    let ran = place.detwasi(&["run", "--invoke", "fetch()", &guest]);
    ran.assert(0, format!("{}\n", (1000 + denied) * 10_001));
}

#[test]
fn answers_are_part_of_the_run_with_all_that_they_name() {
    let place = Place::new();
    let guest = place.file("fetches.wasm", component("fetches", FETCHES));
    let known = || {
        let call = [
            "run",
            "--http-answers",
            "a/answers.toml",
            "--cache",
            "kept",
            "--report",
            "report.json",
            "--invoke",
            "fetch()",
            &guest,
        ];
        let ran = place.detwasi(&call);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        place.json("report.json")["cache"].clone()
    };
    std::fs::create_dir(place.path("a")).expect("a directory");
    place.file("a/answers.toml", "[[answer]]\nrequest = \"GET https://example.com/\"\nbody-file = \"body\"\n");
    place.file("a/body", "one");
    assert_eq!((known(), known()), ("miss".into(), "hit".into()));
    place.file("a/body", "two");
    assert_eq!((known(), known()), ("miss".into(), "hit".into()));
}

#[test]
fn answers_that_cannot_be_used_are_told_with_their_line() {
    let place = Place::new();
    let guest = place.file("fetches.wasm", component("fetches", FETCHES));
    let module = place.file("module.wat", guests::args());
    place.file("good.toml", "");
    place.file("bad.toml", "[[answer]]\n\nrequest = \"GET https://example.com/\"\nstatus = \"fine\"\n");
    place.file("worse.toml", "[[answer]]\nrequest = \"example.com\"\n");
    place.file("bodiless.toml", "[[answer]]\nrequest = \"GET https://a.b/\"\nbody-file = \"missing\"\n");
    for (args, says) in [
        (["missing.toml", "--invoke", "fetch()", &guest], &["`missing.toml`", "--http-answers"][..]),
        (["bad.toml", "--invoke", "fetch()", &guest], &["`bad.toml` has a mistake in line 4", "expected u16"]),
        (["worse.toml", "--invoke", "fetch()", &guest], &["line 2", "a method and an absolute URL"]),
        (["bodiless.toml", "--invoke", "fetch()", &guest], &["line 3", "`missing`"]),
        (["good.toml", "--argv0", "x", &module], &["`", "only a component can send HTTP requests"]),
    ] {
        let ran = place.detwasi(&[&["run", "--http-answers"], &args[..]].concat());
        ran.assert(2, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for text in says {
            assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
        }
    }
}
