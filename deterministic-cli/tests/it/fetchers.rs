//! Guests that send requests, of WASI 0.2 and 0.3: `fetch()` asks twice for `/` of a host, one after the other. Its result is the status of the second response,
//! both bodies, and how long it took by the guest's clock; or the number of an error code.

use crate::http::component;

pub(crate) const WORLDS: &str = "
world fetcher {
  import wasi:clocks/monotonic-clock@0.2.0;
  import wasi:http/types@0.2.0;
  import wasi:http/outgoing-handler@0.2.0;
  import wasi:io/poll@0.2.0;
  import wasi:io/streams@0.2.0;
  export fetch: func() -> result<tuple<u16, string, u64>, u32>;
}
world fetcher3 {
  import wasi:clocks/monotonic-clock@0.3.0;
  import wasi:http/types@0.3.0;
  import wasi:http/client@0.3.0;
  export fetch: async func() -> result<tuple<u16, string, u64>, u32>;
}
";

const FETCHER: &str = r#"(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-response.status" (func $status (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-response.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-body.stream" (func $stream (param i32 i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (memory (export "memory") 32)
  (data (i32.const 512) "AUTHORITY")
  (data (i32.const 768) "/")
  (global $next (mut i32) (i32.const 65536))
  (global $text (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get 3)))
    (local.get $at))
  ;; The number of an error code plus 1, or 0.
  (func $one (result i32)
    (local $request i32) (local $future i32) (local $response i32) (local $from i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $scheme (local.get $request) (i32.const 1) (i32.const SCHEME) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $request) (i32.const 1) (i32.const 512) (i32.const LENGTH)))
    (drop (call $path (local.get $request) (i32.const 1) (i32.const 768) (i32.const 1)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then (return (i32.add (i32.const 1) (i32.load8_u (i32.const 1032))))))
    (local.set $future (i32.load (i32.const 1032)))
    (i32.store (i32.const 2048) (call $subscribe (local.get $future)))
    (call $poll (i32.const 2048) (i32.const 1) (i32.const 2056))
    (call $get (local.get $future) (i32.const 3072))
    (if (i32.load8_u (i32.const 3088)) (then (return (i32.add (i32.const 1) (i32.load8_u (i32.const 3096))))))
    (local.set $response (i32.load (i32.const 3096)))
    (i32.store16 (i32.const 72) (call $status (local.get $response)))
    (call $consume (local.get $response) (i32.const 1024))
    (call $stream (i32.load (i32.const 1028)) (i32.const 1024))
    (local.set $from (i32.load (i32.const 1028)))
    (loop $more
      (global.set $next (i32.const 65536))
      (call $read (local.get $from) (i64.const 4096) (i32.const 1024))
      (if (i32.eqz (i32.load8_u (i32.const 1024))) (then
        (memory.copy (global.get $text) (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))
        (global.set $text (i32.add (global.get $text) (i32.load (i32.const 1032))))
        (br $more))))
    (i32.const 0))"#;

const FETCHER3: &str = r#"(module
  (import "wasi:clocks/monotonic-clock@0.3.0" "now" (func $now (result i64)))
  (import "wasi:http/types@0.3.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.3.0" "[static]request.new" (func $request (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[future-new-1][static]request.new" (func $trailers (result i64)))
  (import "wasi:http/types@0.3.0" "[async-lower][future-write-1][static]request.new" (func $write (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]response.get-status-code" (func $status (param i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[static]response.consume-body" (func $consume (param i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[future-new-0][static]response.consume-body" (func $consumed (result i64)))
  (import "wasi:http/types@0.3.0" "[async-lower][stream-read-1][static]response.consume-body"
    (func $begin-read (param i32 i32 i32) (result i32)))
  (import "$root" "[waitable-set-new]" (func $set (result i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
  (import "wasi:http/client@0.3.0" "send" (func $send (param i32 i32)))
  (memory (export "memory") 32)
  (data (i32.const 512) "AUTHORITY")
  (data (i32.const 768) "/")
  (global $text (mut i32) (i32.const 32768))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
  ;; Reads from a stream, and waits for it.
  (func $read (param $from i32) (param $to i32) (param $len i32) (result i32)
    (local $read i32) (local $set i32)
    (local.set $read (call $begin-read (local.get $from) (local.get $to) (local.get $len)))
    (if (i32.eq (local.get $read) (i32.const -1)) (then
      (local.set $set (call $set))
      (call $join (local.get $from) (local.get $set))
      (drop (call $wait (local.get $set) (i32.const 1536)))
      (call $join (local.get $from) (i32.const 0))
      (local.set $read (i32.load (i32.const 1540)))))
    (local.get $read))
  ;; The number of an error code plus 1, or 0.
  (func $one (result i32)
    (local $trailers i64) (local $request i32) (local $response i32) (local $read i32)
    (local.set $trailers (call $trailers))
    (call $request (call $fields) (i32.const 0) (i32.const 0) (i32.wrap_i64 (local.get $trailers)) (i32.const 0) (i32.const 0)
      (i32.const 1024))
    (local.set $request (i32.load (i32.const 1024)))
    ;; No trailers, which is what lies at 2048.
    (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $trailers) (i64.const 32))) (i32.const 2048)))
    (drop (call $scheme (local.get $request) (i32.const 1) (i32.const SCHEME) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $request) (i32.const 1) (i32.const 512) (i32.const LENGTH)))
    (drop (call $path (local.get $request) (i32.const 1) (i32.const 768) (i32.const 1)))
    (call $send (local.get $request) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then (return (i32.add (i32.const 1) (i32.load8_u (i32.const 1032))))))
    (local.set $response (i32.load (i32.const 1032)))
    (i32.store16 (i32.const 72) (call $status (local.get $response)))
    (call $consume (local.get $response) (i32.wrap_i64 (call $consumed)) (i32.const 1024))
    (loop $more
      (local.set $read (call $read (i32.load (i32.const 1024)) (global.get $text) (i32.const 4096)))
      (global.set $text (i32.add (global.get $text) (i32.shr_u (local.get $read) (i32.const 4))))
      (br_if $more (i32.eqz (i32.and (local.get $read) (i32.const 15)))))
    (i32.const 0))"#;

/// Their export, which asks twice, and the end of either.
const FETCH: &str = r#"
  (func (export "fetch") (result i32)
    (local $began i64) (local $error i32)
    (local.set $began (call $now))
    (local.set $error (call $one))
    (if (i32.eqz (local.get $error)) (then (local.set $error (call $one))))
    (if (local.get $error) (then
      (i32.store (i32.const 64) (i32.const 1))
      (i32.store (i32.const 72) (i32.sub (local.get $error) (i32.const 1)))
      (return (i32.const 64))))
    (i32.store (i32.const 76) (i32.const 32768))
    (i32.store (i32.const 80) (i32.sub (global.get $text) (i32.const 32768)))
    (i64.store (i32.const 88) (i64.sub (call $now) (local.get $began)))
    (i32.const 64)))"#;

/// Both, by their names.
pub(crate) fn fetchers(scheme: &str, authority: &str) -> [(&'static str, Vec<u8>); 2] {
    [("fetcher", FETCHER), ("fetcher3", FETCHER3)].map(|(world, wat)| {
        let scheme = if scheme == "http" { "0" } else { "1" };
        let wat = format!("{wat}{FETCH}").replace("SCHEME", scheme).replace("LENGTH", &authority.len().to_string());
        (world, component(world, &wat.replace("AUTHORITY", authority)))
    })
}
