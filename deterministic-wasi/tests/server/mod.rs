//! Servers on loopback.
#![allow(dead_code, reason = "not each of those who use it uses all of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// What a server speaks through.
pub(crate) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A server, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Has `serve` speak on each connection, in a thread of its own.
    pub(crate) fn new(serve: impl Fn(&mut dyn Stream) + Send + Sync + 'static) -> Self {
        Self::of(None, serve)
    }

    /// The same over TLS.
    pub(crate) fn with_tls(certified: &Certified, serve: impl Fn(&mut dyn Stream) + Send + Sync + 'static) -> Self {
        Self::of(Some(certified.config.clone()), serve)
    }

    /// Answers each request with this.
    pub(crate) fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::new(move |stream| {
            request(stream);
            let _ = stream.write_all(&response);
        })
    }

    fn of(tls: Option<Arc<ServerConfig>>, serve: impl Fn(&mut dyn Stream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, ends, serve) = (asked.clone(), over.clone(), Arc::new(serve));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                let (tls, serve) = (tls.clone(), serve.clone());
                std::thread::spawn(move || match tls {
                    None => serve(&mut stream),
                    Some(config) => {
                        let connection = ServerConnection::new(config).expect("a connection");
                        serve(&mut StreamOwned::new(connection, stream));
                    }
                });
            }
        });
        Server { address, asked, over, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections there were.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads a request to the end of its body.
pub(crate) fn request(stream: &mut dyn Stream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    let mut left = None;
    while left != Some(0) && stream.read(&mut byte).is_ok_and(|len| len > 0) {
        read.push(byte[0]);
        left = left.map(|left| left - 1);
        if left.is_none() && read.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            left = Some(length.map_or(0, |length| length.trim().parse::<usize>().expect("a length")));
        }
    }
    String::from_utf8(read).expect("text")
}

/// A certificate that vouches for itself, and a server's use of it.
pub(crate) struct Certified {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    key: Vec<u8>,
    config: Arc<ServerConfig>,
}

impl Certified {
    /// For a host of this name, or at this address.
    pub(crate) fn new(host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
        let (der, key) = (made.cert.der().to_vec(), made.signing_key.serialize_der());
        let config = config(&der, &key, false);
        Certified { der, pem: made.cert.pem(), key, config }
    }

    /// The same of a server that wants the other side to have one, too.
    pub(crate) fn asking_for_another(&self) -> Self {
        let (der, key) = (self.der.clone(), self.key.clone());
        let config = config(&der, &key, true);
        Certified { der, pem: self.pem.clone(), key, config }
    }
}

fn config(der: &[u8], key: &[u8], asks: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from(der.to_vec());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions of TLS");
    let builder = if asks {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).expect("a certificate");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(key.to_vec()).expect("a key");
    Arc::new(builder.with_single_cert(vec![certificate], key).expect("a certificate and its key"))
}
