//! `--allow-http`: requests that are let out, and what comes of them on a trace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::fetchers::fetchers;
use crate::server::{Certified, Server, Stream, request};
use crate::{Place, Ran, guests, http};

/// Answers each request with how many there were before, after as long as that.
fn counting(pause: Duration) -> impl Fn(&mut dyn Stream) + Send + Sync + 'static {
    let count = Arc::new(AtomicUsize::new(0));
    move |stream| {
        request(stream);
        std::thread::sleep(pause);
        let number = count.fetch_add(1, Ordering::SeqCst);
        let _ = write!(stream, "HTTP/1.1 201 Created\r\nx-number: {number}\r\ncontent-length: 5\r\n\r\n<{number:03}>");
        let _ = stream.flush();
    }
}

/// The status, the bodies and the time that a guest tells.
fn told(ran: &Ran) -> (u16, String, Duration) {
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    let text = String::from_utf8_lossy(&ran.stdout);
    let parts = text.trim().strip_prefix("ok((").and_then(|text| text.strip_suffix("))"));
    let parts: Vec<_> = parts.unwrap_or_else(|| panic!("{ran:?}")).split(", ").collect();
    let [status, bodies, nanos] = parts[..] else { panic!("{ran:?}") };
    let nanos = nanos.parse().expect("a number");
    (status.parse().expect("a number"), bodies.trim_matches('"').to_owned(), Duration::from_nanos(nanos))
}

#[test]
fn answers_of_the_network_are_the_same_from_a_trace() {
    const PAUSE: Duration = Duration::from_millis(400);
    let place = Place::new();
    for preset in ["host", "simulation", "chaos"] {
        let server = Server::new(counting(PAUSE));
        let host = format!("127.0.0.1:{}", server.port());
        let mut recorded = Vec::new();
        for (at, (world, guest)) in fetchers("http", &host).into_iter().enumerate() {
            let (name, trace) = (format!("{world}.wasm"), format!("{world}.trace"));
            place.file(&name, guest);
            let ran = place.detwasi(&[
                "record",
                "--embed",
                "-o",
                &trace,
                "--preset",
                preset,
                "--allow-http",
                &host,
                "--invoke",
                "fetch()",
                &name,
            ]);
            let (status, bodies, took) = told(&ran);
            let expected = format!("<{:03}><{:03}>", 2 * at, 2 * at + 1);
            assert_eq!((status, bodies), (201, expected), "{world} on {preset}");
            // The guest sees how long each took, and once.
            assert!(took >= 2 * PAUSE && (took < 4 * PAUSE || preset == "chaos"), "{world} on {preset}: {took:?}");
            recorded.push((trace, ran.stdout));
        }
        assert_eq!(server.asked(), 4);
        drop(server);
        for (trace, stdout) in recorded {
            for engine in [&[][..], &["--engine", "pulley"]] {
                let again = place.detwasi(&[&["replay"], engine, &[&*trace]].concat());
                assert_eq!((again.code, &*again.stderr, &again.stdout), (Some(0), "", &stdout), "{trace} on {preset}");
            }
        }
    }
}

#[test]
fn a_replay_asks_nobody() {
    let place = Place::new();
    let server = Server::new(counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    for (world, guest) in fetchers("http", &host) {
        place.file("guest.wasm", guest);
        let ran =
            place.detwasi(&["record", "-o", "run.trace", "--allow-http", &host, "--invoke", "fetch()", "guest.wasm"]);
        let asked = server.asked();
        let again = place.detwasi(&["replay", "run.trace", "guest.wasm"]);
        assert_eq!((again.code, &again.stdout, server.asked()), (Some(0), &ran.stdout, asked), "{world}: {again:?}");
        let shown = String::from_utf8(place.detwasi(&["trace", "info", "run.trace"]).stdout).expect("text");
        assert!(!shown.is_empty());
    }
}

#[test]
fn a_host_over_tls_is_asked_if_its_certificate_is_trusted() {
    let place = Place::new();
    let (own, other) = (Certified::new("127.0.0.1"), Certified::new("127.0.0.1"));
    let server = Server::with_tls(&own, counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    place.file("own.pem", &own.pem);
    place.file("other.pem", &other.pem);
    for (world, guest) in fetchers("https", &host) {
        place.file("guest.wasm", guest);
        let record = |trusted: &str| {
            let args =
                ["record", "--embed", "-o", "run.trace", "--allow-http", &host, "--invoke", "fetch()", "guest.wasm"];
            place.detwasi_with(&args, b"", |command| {
                command.env("SSL_CERT_FILE", place.path(trusted)).env_remove("SSL_CERT_DIR");
            })
        };
        let (status, _, _) = told(&record("own.pem"));
        assert_eq!(status, 201, "{world}");
        // The number of `TLS-certificate-error`.
        record("other.pem").assert(0, "err(13)\n");
        place.detwasi(&["replay", "run.trace"]).assert(0, "err(13)\n");
    }
}

#[test]
fn what_goes_wrong_on_the_way_is_the_guests_error_and_recorded() {
    let place = Place::new();
    let server = Server::new(counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    let run = |host: &str, options: &[&str]| {
        let ran = fetchers("http", host).map(|(world, guest)| {
            place.file(&format!("{world}.wasm"), guest);
            let base = ["record", "--embed", "-o", "run.trace", "--invoke", "fetch()"];
            let ran = place.detwasi(&[&base[..], options, &[&format!("{world}.wasm")]].concat());
            let again = place.detwasi(&["replay", "run.trace"]);
            assert_eq!((again.code, &again.stdout, &*again.stderr), (ran.code, &ran.stdout, ""), "{world}");
            String::from_utf8(ran.stdout).expect("text")
        });
        assert_eq!(ran[0], ran[1]);
        let [ran, _] = ran;
        ran
    };
    // Denied, as no host, another one, another port, or another name of the same is allowed.
    for options in
        [&[][..], &["--allow-http", "example.org"], &["--allow-http", "127.0.0.1"], &["--allow-http", "localhost:*"]]
    {
        assert_eq!(run(&host, options), "err(15)\n", "{options:?}");
    }
    assert_eq!(server.asked(), 0);
    let port = server.port();
    drop(server);
    // Refused; cut; no HTTP; a body that is too long, and one that is too short; too many fields.
    assert_eq!(run(&host, &["--allow-http", &format!("127.0.0.1:{port}")]), "err(6)\n");
    for (response, code) in [
        (String::new(), 7),
        ("220 mail.example.org ESMTP\r\n".into(), 35),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 65 << 20), 28),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n1".into(), 25),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(100_000)), 26),
    ] {
        let server = Server::answering(response);
        let host = format!("127.0.0.1:{}", server.port());
        assert_eq!(run(&host, &["--allow-http", &host]), format!("err({code})\n"));
    }
}

#[test]
fn a_file_of_answers_is_asked_first() {
    let place = Place::new();
    let server = Server::new(counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    let answer = format!("[[answer]]\nrequest = \"GET http://{host}/\"\nbody = \"canned\"\ntimes = 1\n");
    place.file("answers.toml", answer);
    for (number, (world, guest)) in fetchers("http", &host).into_iter().enumerate() {
        place.file("guest.wasm", guest);
        let both = ["--http-answers", "answers.toml", "--allow-http", &host, "--invoke", "fetch()", "guest.wasm"];
        let ran = place.detwasi(&[&["record", "--embed", "-o", "run.trace"], &both[..]].concat());
        let (status, bodies, _) = told(&ran);
        assert_eq!((status, bodies), (201, format!("canned<{number:03}>")), "{world}");
        place.detwasi(&["replay", "run.trace"]).assert(0, &ran.stdout);
    }
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_run_whose_answers_come_from_the_network_has_no_name() {
    let place = Place::new();
    let server = Server::new(counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    let [(_, guest), _] = fetchers("http", &host);
    place.file("guest.wasm", guest);
    place.file("module.wat", guests::args());
    let run = |options: &[&str]| place.detwasi(&[&["run", "--allow-http", &host], options].concat());
    let (_, bodies, _) = told(&run(&["--report", "report.json", "--invoke", "fetch()", "guest.wasm"]));
    assert_eq!(bodies, "<000><001>");
    assert_eq!(place.json("report.json")["fingerprint"], serde_json::Value::Null);
    for (options, says) in [
        (&["--cache", "kept", "--invoke", "fetch()", "guest.wasm"][..], "--allow-http lets HTTP requests out"),
        (&["module.wat"], "only a component can send HTTP requests; leave out"),
        (&["--allow-http", "http://a.b", "guest.wasm"], "`http://a.b` is no host"),
        (&["--allow-http", "a.b:0", "guest.wasm"], "`0` of `a.b:0` is no port"),
        (&["--allow-http", "*", "guest.wasm"], "`*.example.org`"),
    ] {
        let ran = run(options);
        ran.assert(2, "");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{options:?}: {ran:?}");
    }
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_run_that_waits_for_the_network_is_ended_in_time() {
    let place = Place::new();
    let server = Server::new(|stream| {
        request(stream);
        std::thread::sleep(Duration::from_secs(60));
    });
    let host = format!("127.0.0.1:{}", server.port());
    for (_, guest) in fetchers("http", &host) {
        place.file("guest.wasm", guest);
        let began = std::time::Instant::now();
        let ran =
            place.detwasi(&["run", "--timeout", "2s", "--allow-http", &host, "--invoke", "fetch()", "guest.wasm"]);
        ran.assert(142, "");
        assert!(began.elapsed() < Duration::from_secs(30), "{ran:?}");
    }
    assert_eq!(server.asked(), 2);
}

/// Handlers and those that send, and those that do neither, on the host's own clock, random bytes and network.
#[test]
fn each_http_guest_on_the_host_is_the_same_from_its_trace() {
    let place = Place::new();
    let server = Server::new(counting(Duration::ZERO));
    let host = format!("127.0.0.1:{}", server.port());
    place.file("request.http", http::REQUEST);
    place.file("answers.toml", "[[answer]]\nrequest = \"* http*\"\nbody = \"hello\"\nafter = \"2ms\"\n");
    let fetchers = fetchers("http", &host);
    let asked: &[&str] = &["--http-request", "request.http"];
    let mut cases = vec![
        ("handler", http::component("handler", http::HANDLER), asked),
        ("handler3", http::component("handler3", http::HANDLER3), asked),
        ("lister", http::component("lister", http::LISTER), &["--invoke", "get-all(1024)"]),
        ("asks", http::component("asks", http::ASKS), &["--invoke", "ask()"]),
        ("asks", http::component("asks", http::ASKS), &["--http-answers", "answers.toml", "--invoke", "ask()"]),
        (
            "fetches",
            http::component("fetches", http::FETCHES),
            &["--http-answers", "answers.toml", "--invoke", "fetch()"],
        ),
        ("caller", http::component("caller", http::CALLER), &["--invoke", "request(0)"]),
        ("hoarder", http::component("hoarder", http::HOARDER), &["--invoke", "hoard(3, 100)"]),
        ("hoarder3", http::component("hoarder3", http::HOARDER3), &["--invoke", "fields()"]),
    ];
    for (world, guest) in &fetchers {
        cases.push((world, guest.clone(), &["--http-answers", "answers.toml", "--invoke", "fetch()"]));
        cases.push((world, guest.clone(), &["--invoke", "fetch()"]));
    }
    for (world, guest, options) in cases {
        place.file("guest.wasm", guest);
        let base = [
            "record",
            "--embed",
            "--all-memories",
            "--report",
            "report.json",
            "-o",
            "run.trace",
            "--allow-http",
            &host,
        ];
        let ran = place.detwasi(&[&base[..], options, &["guest.wasm"]].concat());
        std::fs::remove_file(place.path("guest.wasm")).expect("a guest");
        let again = place.detwasi(&["replay", "run.trace"]);
        assert_eq!((again.code, &again.stdout), (ran.code, &ran.stdout), "{world} {options:?}: {ran:?} {again:?}");
        assert_eq!(again.stderr, ran.stderr, "{world} {options:?}");
        assert!(world == "caller" || ran.code == Some(0), "{world} {options:?}: {ran:?}");
    }
}
