//! Requests that are let out, to servers of the tests' own.
#![cfg(feature = "http-client")]

mod server;

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use deterministic_wasi::http::client::Client;
use deterministic_wasi::http::{HttpError, Reply, Responder, Timeouts, Trailers};
use http::{HeaderMap, Method, Request, Response};

use server::{Certified, Server, request};

const MS: u64 = 1_000_000;

fn client() -> Client {
    Client::new(["127.0.0.1:*".parse().unwrap(), "localhost:*".parse().unwrap()])
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

fn ask(client: &mut Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    client.respond(request).result
}

/// What `client` makes of a server that answers with this.
fn answered(mut client: Client, response: impl Into<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
    let server = Server::answering(response);
    ask(&mut client, get(&format!("http://127.0.0.1:{}/", server.port())))
}

#[test]
fn what_is_sent_is_what_the_guest_says() {
    let (send, requests) = mpsc::channel();
    let server = Server::new(move |stream| {
        send.send(request(stream)).unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    let host = format!("127.0.0.1:{}", server.port());
    let mut client = client();
    for (method, body, length) in [
        ("GET", "", ""),
        ("GET", "x", "content-length: 1\r\n"),
        ("HEAD", "", ""),
        ("DELETE", "", ""),
        ("DELETE", "body", "content-length: 4\r\n"),
        ("OPTIONS", "", ""),
        ("TRACE", "", ""),
        ("POST", "", "content-length: 0\r\n"),
        ("PUT", "body\n", "content-length: 5\r\n"),
        ("PATCH", "body", "content-length: 4\r\n"),
        ("PROPFIND", "body", "content-length: 4\r\n"),
        ("X-OWN", "", ""),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{host}/a/%20?b=c&d"))
            .header("host", "evil")
            .header("accept-encoding", "gzip")
            .header("x-a", "1")
            .header("x-a", "2")
            .header("connection", "keep-alive")
            .header("transfer-encoding", "chunked")
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(ask(&mut client, request).unwrap().status(), 204, "{method}");
        let sent = requests.recv().unwrap();
        let mut lines: Vec<_> = sent.split_inclusive("\r\n").collect();
        lines[1..].sort_unstable();
        let mut expected = format!("{method} /a/%20?b=c&d HTTP/1.1\r\n\r\n,accept-encoding: gzip\r\n,{length}");
        expected += &format!(",host: {host}\r\n,x-a: 1\r\n,x-a: 2\r\n,{body}");
        let mut expected: Vec<_> = expected.split(',').filter(|line| !line.is_empty()).collect();
        let (first, last) = expected[0].split_at(expected[0].len() - 2);
        expected[0] = first;
        expected.push(last);
        expected[1..].sort_unstable();
        assert_eq!(lines, expected, "{sent}");
    }
}

#[test]
fn what_comes_back_is_what_the_host_says() {
    let body = |response: Response<Bytes>| String::from_utf8(response.into_body().to_vec()).unwrap();
    // Nobody follows, decodes, or makes an error of a status.
    let found = answered(client(), "HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 2\r\n\r\nhi").unwrap();
    assert_eq!(
        (found.status().as_u16(), &found.headers()["location"], &found.body()[..]),
        (302, &"/other".parse().unwrap(), &b"hi"[..])
    );
    let bare = answered(client(), "HTTP/1.1 301 Moved\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n").unwrap();
    assert_eq!(bare.status(), 301);
    for status in [400, 404, 418, 500, 599] {
        let response = answered(client(), format!("HTTP/1.1 {status} No\r\ncontent-length: 1\r\n\r\nx")).unwrap();
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, &b"x"[..]));
    }
    let encoded = answered(
        client(),
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 3\r\n\r\nabc",
    );
    let encoded = encoded.unwrap();
    assert_eq!(encoded.headers()["content-encoding"], "gzip");
    assert_eq!(encoded.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(body(encoded), "abc");
    // Each way in which a body may end.
    for (response, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi and more", "hi"),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end"),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", "to the end"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n", "hi!"),
        // Trailers are not kept.
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-t: 1\r\n\r\n", "hi"),
        ("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi"),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n", ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
    ] {
        assert_eq!(answered(client(), response).map(body), Ok(expected.to_owned()), "{response}");
    }
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
    let head = Request::head(format!("http://127.0.0.1:{}/", server.port())).body(Bytes::new()).unwrap();
    let response = ask(&mut client(), head).unwrap();
    assert_eq!((&response.headers()["content-length"], response.body().len()), (&"1000000000".parse().unwrap(), 0));
}

#[test]
fn what_is_not_allowed_is_not_asked() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = server.port();
    let mut client = Client::new([format!("127.0.0.1:{port}").parse().unwrap()]);
    let denied = |client: &mut Client, url: &str| {
        let Reply { result, delay, .. } = client.respond(get(url));
        assert_eq!(delay, 0);
        result.unwrap_err()
    };
    for url in [format!("http://localhost:{port}/"), format!("http://127.1:{port}/"), "http://127.0.0.1/".to_owned()] {
        assert_eq!(denied(&mut client, &url), HttpError::HttpRequestDenied, "{url}");
    }
    assert_eq!(denied(&mut client, &format!("ftp://127.0.0.1:{port}/")), HttpError::HttpRequestDenied);
    for url in [
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}@evil/"),
        "http://127.0.0.1:/".into(),
    ] {
        assert_eq!(denied(&mut client, &url), HttpError::HttpRequestUriInvalid, "{url}");
    }
    let url = format!("http://127.0.0.1:{port}/");
    let request = |method: Method| Request::builder().method(method).uri(&url).body(Bytes::from("body")).unwrap();
    assert_eq!(ask(&mut client, request(Method::CONNECT)).unwrap_err(), HttpError::HttpRequestMethodInvalid);
    let mut trailing = request(Method::POST);
    let trailers: HeaderMap = [("x-t".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
    trailing.extensions_mut().insert(Trailers(trailers));
    assert_eq!(ask(&mut client, trailing).unwrap_err(), HttpError::HttpRequestTrailerSectionSize(None));
    let mut longer = request(Method::POST);
    longer.headers_mut().insert("content-length", "5".parse().unwrap());
    assert_eq!(ask(&mut client, longer).unwrap_err(), HttpError::HttpRequestBodySize(Some(4)));
    assert_eq!(server.asked(), 0);
    assert_eq!(ask(&mut client, get(&url)).unwrap().status(), 200);
    assert_eq!(server.asked(), 1);
    // A field that is too long to be sent, and many that are not.
    let mut long = get(&url);
    long.headers_mut().insert("x-a", "x".repeat(1 << 20).parse().unwrap());
    assert_eq!(ask(&mut client, long).unwrap_err(), HttpError::HttpRequestHeaderSectionSize(None));
    let mut many = get(&url);
    for _ in 0..20_000 {
        many.headers_mut().append("x-a", "x".parse().unwrap());
    }
    assert_eq!(ask(&mut client, many).unwrap().status(), 200);
}

#[test]
fn what_a_host_does_wrong_has_its_code() {
    let fields = "x: y\r\n".repeat(100_000);
    let long = "y".repeat(100_000);
    for (response, expected) in [
        ("", HttpError::ConnectionTerminated),
        ("HTTP/1.1 200 OK\r\nx-a:", HttpError::ConnectionTerminated),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", HttpError::HttpProtocolError),
        ("\0\u{1}\u{2}\u{3}\r\n\r\n", HttpError::HttpProtocolError),
        ("HTTP/1.1 99999 OK\r\n\r\n", HttpError::HttpProtocolError),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", HttpError::HttpProtocolError),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nab", HttpError::HttpProtocolError),
        ("HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\nab", HttpError::HttpProtocolError),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", HttpError::HttpResponseIncomplete),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab", HttpError::HttpResponseIncomplete),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n", HttpError::HttpProtocolError),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", HttpError::HttpResponseBodySize(Some(1001))),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n",
            HttpError::HttpResponseBodySize(Some(u64::MAX)),
        ),
    ] {
        assert_eq!(answered(client().max_body(1000), response).unwrap_err(), expected, "{response}");
    }
    let is_fields = |error| matches!(error, HttpError::HttpResponseHeaderSectionSize(_));
    for head in [
        format!("HTTP/1.1 200 OK\r\n{fields}\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n"),
        format!("HTTP/1.1 200 {long}"),
    ] {
        let error = answered(client(), head).unwrap_err();
        assert!(is_fields(error.clone()), "{error:?}");
    }
    // Without an end.
    for endless in
        ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n"]
    {
        let server = Server::new(move |stream| {
            request(stream);
            let _ = stream.write_all(endless.as_bytes());
            let piece = match endless {
                "HTTP/1.1 200 OK\r\n" => "x: y\r\n".repeat(1000),
                _ => format!("1000\r\n{}\r\n", "y".repeat(4096)),
            };
            while stream.write_all(piece.as_bytes()).is_ok() {}
        });
        let error =
            ask(&mut client().max_body(1 << 20), get(&format!("http://127.0.0.1:{}/", server.port()))).unwrap_err();
        assert!(error == HttpError::HttpResponseBodySize(None) || is_fields(error.clone()), "{error:?}");
    }
}

#[test]
fn who_cannot_be_reached_has_its_code() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = ask(&mut client(), get(&format!("http://127.0.0.1:{port}/"))).unwrap_err();
    assert_eq!(error, HttpError::ConnectionRefused);
    // What the host's resolver makes of a name that nobody has; it may ask others, and wait for them.
    let mut client = Client::new(["*.invalid".parse().unwrap()]).connect_timeout(Duration::from_millis(500));
    let error = ask(&mut client, get("http://nobody.invalid/")).unwrap_err();
    assert!(matches!(error, HttpError::DnsError { .. } | HttpError::DnsTimeout), "{error:?}");
}

#[test]
fn who_takes_too_long_is_not_waited_for() {
    let began = Instant::now();
    let silent = Server::new(|stream| {
        request(stream);
        std::thread::sleep(Duration::from_secs(60));
    });
    let url = format!("http://127.0.0.1:{}/", silent.port());
    let short = || client().timeout(Duration::from_millis(300));
    let Reply { result, delay, .. } = short().respond(get(&url));
    assert_eq!(result.unwrap_err(), HttpError::HttpResponseTimeout);
    assert!(delay >= 300 * MS, "{delay}");
    // The guest's own.
    let mut hasty = get(&url);
    hasty.extensions_mut().insert(Timeouts { first_byte: Some(50 * MS), ..Timeouts::default() });
    let Reply { result, delay, .. } = client().respond(hasty);
    assert_eq!((result.unwrap_err(), delay), (HttpError::ConnectionReadTimeout, 50 * MS));
    let mut hasty = get(&url.replace("http:", "https:"));
    hasty.extensions_mut().insert(Timeouts { connect: Some(50 * MS), ..Timeouts::default() });
    assert_eq!(ask(&mut client(), hasty).unwrap_err(), HttpError::ConnectionTimeout);
    // One who always has a little more.
    for head in ["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
        let slow = Server::new(move |stream| {
            request(stream);
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let error = ask(&mut short(), get(&format!("http://127.0.0.1:{}/", slow.port()))).unwrap_err();
        assert_eq!(error, HttpError::HttpResponseTimeout, "{head}");
    }
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn how_long_it_took_is_the_delay() {
    let server = Server::new(|stream| {
        request(stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nh");
        std::thread::sleep(Duration::from_millis(120));
        let _ = stream.write_all(b"i");
    });
    let url = format!("http://127.0.0.1:{}/", server.port());
    let Reply { result, delay, .. } = client().respond(get(&url));
    assert_eq!(result.unwrap().body(), "hi");
    assert!((120 * MS..60_000 * MS).contains(&delay), "{delay}");
    // The first byte came in time; the guest gets the others with it.
    let mut hasty = get(&url);
    hasty.extensions_mut().insert(Timeouts { first_byte: Some(100 * MS), ..Timeouts::default() });
    let Reply { result, delay, .. } = client().respond(hasty);
    assert_eq!((result.unwrap().body(), delay), (&Bytes::from("hi"), 100 * MS));
}

#[test]
fn a_host_has_to_show_a_certificate_that_is_trusted() {
    let speak = |stream: &mut dyn server::Stream| {
        request(stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret");
        let _ = stream.flush();
    };
    let (own, other) = (Certified::new("127.0.0.1"), Certified::new("localhost"));
    let server = Server::with_tls(&own, speak);
    let url = format!("https://127.0.0.1:{}/", server.port());
    assert_eq!(ask(&mut client().trusting([&own.der]), get(&url)).unwrap().body(), "secret");
    assert_eq!(ask(&mut client().trusting([&other.der]), get(&url)).unwrap_err(), HttpError::TlsCertificateError);
    let none: [&[u8]; 0] = [];
    assert_eq!(ask(&mut client().trusting(none), get(&url)).unwrap_err(), HttpError::TlsCertificateError);
    // One of another name.
    let server = Server::with_tls(&own, speak);
    let url = format!("https://localhost:{}/", server.port());
    assert_eq!(ask(&mut client().trusting([&own.der]), get(&url)).unwrap_err(), HttpError::TlsCertificateError);
    // One that wants a certificate of the client's, which has none; one that speaks no TLS; and one that hangs up.
    let server = Server::with_tls(&own.asking_for_another(), speak);
    let url = format!("https://127.0.0.1:{}/", server.port());
    let error = ask(&mut client().trusting([&own.der]), get(&url)).unwrap_err();
    let required =
        HttpError::TlsAlertReceived { alert_id: Some(116), alert_message: Some("CertificateRequired".into()) };
    assert_eq!(error, required);
    let talkative = Server::new(|stream| {
        let _ = stream.write_all(b"220 mail.example.org ESMTP\r\n");
        let _ = stream.read(&mut [0; 4096]);
    });
    let url = format!("https://127.0.0.1:{}/", talkative.port());
    assert_eq!(ask(&mut client(), get(&url)).unwrap_err(), HttpError::TlsProtocolError);
    let curt = Server::new(|stream| {
        let _ = stream.read(&mut [0; 4096]);
    });
    let url = format!("https://127.0.0.1:{}/", curt.port());
    assert_eq!(ask(&mut client(), get(&url)).unwrap_err(), HttpError::ConnectionTerminated);
}

/// Whatever comes is a response or a code: no panic, no wait without an end.
#[test]
fn garbage_is_a_response_or_a_code() {
    const SEEDS: [&str; 6] = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: 1\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nx-t: 1\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.0 404 No\r\n\r\nto the end",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nx-a: 1\r\n\r\nHTTP/1.1 204 No\r\ncontent-length: 1\r\n\r\n",
    ];
    const TOKENS: [&str; 8] = [
        "\r\n",
        "\r\n\r\n",
        "\0",
        "HTTP/1.1 200 OK\r\n",
        ":",
        "content-length: 18446744073709551616\r\n",
        "ffffffffffffffff\r\n",
        "\u{ff}",
    ];
    let number = std::sync::atomic::AtomicU64::new(0);
    let server = Server::new(move |stream| {
        request(stream);
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        // Some generator, the same each time.
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let mut response = SEEDS[draw(SEEDS.len())].as_bytes().to_vec();
        for _ in 0..draw(4) {
            let at = draw(response.len() + 1);
            match draw(4) {
                0 => response.truncate(at),
                1 => drop(response.splice(at..at, TOKENS[draw(TOKENS.len())].bytes())),
                2 => drop(response.splice(at..(at + draw(8)).min(response.len()), [])),
                _ => {
                    if let Some(byte) = response.get_mut(at) {
                        *byte ^= 1 << draw(8);
                    }
                }
            }
        }
        let _ = stream.write_all(&response);
    });
    let url = format!("http://127.0.0.1:{}/", server.port());
    let mut client = client().max_body(1000);
    let began = Instant::now();
    let (mut responses, mut codes) = (0, std::collections::BTreeSet::new());
    for number in 0..3000 {
        let method = if number % 5 == 0 { Method::HEAD } else { Method::GET };
        match ask(&mut client, Request::builder().method(method).uri(&url).body(Bytes::new()).unwrap()) {
            Ok(response) => responses += usize::from(response.body().len() <= 1000),
            Err(error) => drop(codes.insert(error.name())),
        }
    }
    assert!(responses > 100 && codes.len() >= 3, "{responses} {codes:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
}
