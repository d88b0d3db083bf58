//! A client for requests that are let out to the host's network. **Not deterministic**, unless what it says is recorded.

mod allowed;
mod code;

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::{HeaderName, Method, Request, Response, Uri, header};
use bytes::Bytes;
use rustls::crypto::ring;
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

use self::code::{Stage, code};
use super::{HttpError, Reply, Responder, Timeouts, Trailers, declared_length, without};

pub use allowed::{AllowedHost, AllowedHostError};

/// How many bytes a response's body may have, unless it is told otherwise: 64 MiB.
pub const DEFAULT_MAX_BODY: u64 = 64 << 20;

/// How long connecting may take, names and TLS included, unless it is told otherwise: 30 s.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request may take altogether, unless it is told otherwise: 5 min.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// How many bytes the fields of a response may have together. ureq takes 128 of them.
const MAX_FIELDS: usize = 64 << 10;

/// A responder that asks the hosts that are allowed, over HTTP/1.1 and TLS, and denies all other requests (`HTTP-request-denied`).
///
/// - What is sent is what the guest says, and `host` and `content-length`; nothing else is added. What comes back is what the host says: a
///   redirect or a status of 400 and more is a response like any other, a compressed body stays one, cookies are the guest's business. (ureq is
///   built without its features for those; a program that turns them on elsewhere has them here, too.)
/// - The trailers of a response are not kept. A request that has some cannot be sent (`HTTP-request-trailer-section-size`), nor can one
///   with the method CONNECT or with a name and password in its URL.
/// - Certificates are those that the host trusts, on Linux those of `SSL_CERT_FILE` if that is set, or [`trusting`](Self::trusting). Nothing else of the
///   host's environment has a say: no proxy is asked.
/// - Each request has a connection of its own, so that nothing is left of one before.
/// - A body, the fields, connecting and the whole have limits. So have the guest's own [`Timeouts`] for connecting and for the first byte, if they are
///   shorter; its third one never strikes, since the guest gets a body whole.
///
/// [`Reply::delay`] is how long it took by the host's clock: in virtual time the guest sees that latency, and on the host's own clock, where it has passed
/// by then, none besides. Requests go out one after another, each while its guest waits in the call that completes it. So in virtual time those
/// that are under way together are so for the guest, too; on the host's clock each begins when the one before is through.
#[derive(Debug)]
pub struct Client {
    allowed: Vec<AllowedHost>,
    /// `None` for the host's.
    trusted: Option<Vec<Certificate<'static>>>,
    max_body: u64,
    connect_timeout: Duration,
    timeout: Duration,
    /// Made for the first request that is allowed.
    agent: Option<Agent>,
}

impl Client {
    /// A client that asks these hosts alone.
    pub fn new(allowed: impl IntoIterator<Item = AllowedHost>) -> Self {
        Client {
            allowed: allowed.into_iter().collect(),
            trusted: None,
            max_body: DEFAULT_MAX_BODY,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            timeout: DEFAULT_TIMEOUT,
            agent: None,
        }
    }

    /// Trusts these certificates (X.509 in DER) and those that they vouch for, in place of the host's. One that cannot be read vouches for none.
    #[must_use]
    pub fn trusting<C: AsRef<[u8]>>(self, certificates: impl IntoIterator<Item = C>) -> Self {
        let trusted = certificates.into_iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
        Client { trusted: Some(trusted), agent: None, ..self }
    }

    /// How many bytes a response's body may have; one that has more is `HTTP-response-body-size`.
    #[must_use]
    pub fn max_body(self, bytes: u64) -> Self {
        Client { max_body: bytes, ..self }
    }

    /// How long connecting may take, names and TLS included.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Client { connect_timeout: timeout, ..self }
    }

    /// How long a request may take altogether.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Client { timeout, ..self }
    }

    fn agent(&mut self) -> Agent {
        let trusted = &self.trusted;
        let make = || {
            let tls = TlsConfig::builder()
                .root_certs(match trusted {
                    Some(trusted) => trusted.iter().cloned().into(),
                    None => RootCerts::PlatformVerifier,
                })
                .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
                .build();
            let config = Config::builder()
                .tls_config(tls)
                .proxy(None)
                .http_status_as_error(false)
                .max_redirects(0)
                .user_agent("")
                .accept("")
                .accept_encoding("")
                .max_response_header_size(MAX_FIELDS)
                .max_idle_connections(0)
                .allow_non_standard_methods(true)
                .build();
            Agent::with_parts(config, DefaultConnector::default(), Lookup(DefaultResolver::default()))
        };
        self.agent.get_or_insert_with(make).clone()
    }

    fn send(&mut self, request: Request<Bytes>, timeouts: Timeouts) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        if parts.extensions.get().is_some_and(|Trailers(trailers)| !trailers.is_empty()) {
            return Err(HttpError::HttpRequestTrailerSectionSize(None));
        }
        if parts.method == Method::CONNECT {
            return Err(HttpError::HttpRequestMethodInvalid);
        }
        let length = declared_length(&parts.headers).map_err(|_| HttpError::HttpProtocolError)?;
        if length.is_some_and(|length| length != body.len() as u64) {
            return Err(HttpError::HttpRequestBodySize(Some(body.len() as u64)));
        }
        let headers = without(std::mem::take(&mut parts.headers), is_of_the_connection);
        let agent = self.agent();
        let limit = |limit: Duration, guest: Option<u64>| {
            guest.map_or(limit, |guest| limit.min(Duration::from_nanos(guest))).max(SHORTEST)
        };
        let mut request = Request::new(());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (parts.method, parts.uri, headers);
        let connect = Some(limit(self.connect_timeout, timeouts.connect));
        let first_byte = timeouts.first_byte.map(|guest| limit(self.timeout, Some(guest)));
        macro_rules! run {
            ($request:expr) => {{
                let request = agent
                    .configure_request($request)
                    .timeout_global(Some(self.timeout))
                    .timeout_resolve(connect)
                    .timeout_connect(connect)
                    .timeout_recv_response(first_byte)
                    .build();
                agent.run(request)
            }};
        }
        // Those that go without a body say nothing of one.
        let has_body = !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
        let response = if has_body { run!(request.map(|()| &*body)) } else { run!(request) };
        let (parts, body) = response.map_err(|error| code(error, Stage::Asking))?.into_parts();
        let mut response = Response::new(self.read(body)?);
        (*response.status_mut(), *response.headers_mut()) = (parts.status, parts.headers);
        Ok(response)
    }

    fn read(&self, body: Body) -> Result<Bytes, HttpError> {
        let length = body.content_length();
        if length.is_some_and(|length| length > self.max_body) {
            return Err(HttpError::HttpResponseBodySize(length));
        }
        let mut data = Vec::new();
        let read = body.into_reader().take(self.max_body.saturating_add(1)).read_to_end(&mut data);
        read.map_err(|error| code(error.into(), Stage::Reading))?;
        if data.len() as u64 > self.max_body {
            return Err(HttpError::HttpResponseBodySize(None));
        }
        Ok(data.into())
    }
}

/// What a guest may ask for at least: 0 is no timeout to some calls of the host's.
const SHORTEST: Duration = Duration::from_millis(1);

impl Responder for Client {
    fn respond(&mut self, request: Request<Bytes>) -> Reply {
        if !is_plain(request.uri()) {
            return HttpError::HttpRequestUriInvalid.into();
        }
        if !self.allowed.iter().any(|allowed| allowed.allows(request.uri())) {
            return HttpError::HttpRequestDenied.into();
        }
        let timeouts: Timeouts = request.extensions().get().copied().unwrap_or_default();
        let began = Instant::now();
        let result = self.send(request, timeouts);
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // The first byte came in time, or this is the error of one that did not: how long the rest took is not held against it.
        Reply { result, delay: timeouts.first_byte.map_or(took, |first_byte| took.min(first_byte)) }
    }
}

/// Whether a URL has a host, perhaps a port, and nothing beside it, so that nobody reads another host out of it.
fn is_plain(url: &Uri) -> bool {
    let Some((authority, host)) = url.authority().zip(url.host()) else { return false };
    !host.is_empty()
        && match authority.as_str().strip_prefix(host) {
            Some("") => true,
            Some(_) => authority.port_u16().is_some(),
            None => false,
        }
}

/// Whether a field is about the connection, which is no business of the guest's.
fn is_of_the_connection(name: &HeaderName) -> bool {
    const OTHERS: [&str; 3] = ["keep-alive", "proxy-connection", "http2-settings"];
    [
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
        || OTHERS.contains(&name.as_str())
}

/// The host's resolver, whose errors are told from those of connecting.
#[derive(Debug)]
struct Lookup(DefaultResolver);

impl Resolver for Lookup {
    fn resolve(&self, url: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.resolve(url, config, timeout).map_err(|error| match error {
            ureq::Error::Io(_) => ureq::Error::HostNotFound,
            error => error,
        })
    }
}
