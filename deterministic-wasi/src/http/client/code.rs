//! What a request failed with, in the codes of `wasi:http`. The texts are the host's, and stay there.

use std::io::{self, ErrorKind};

use ureq::{Error, Timeout};

use crate::http::HttpError;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its response has not begun.
    Asking,
    /// The body of its response is read.
    Reading,
}

pub(super) fn code(error: Error, stage: Stage) -> HttpError {
    match error {
        Error::HostNotFound => HttpError::DnsError { rcode: None, info_code: None },
        Error::Timeout(timeout) => match timeout {
            Timeout::Resolve => HttpError::DnsTimeout,
            Timeout::Connect => HttpError::ConnectionTimeout,
            Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => HttpError::ConnectionWriteTimeout,
            Timeout::RecvResponse | Timeout::PerRead => HttpError::ConnectionReadTimeout,
            // Of all of it.
            _ => HttpError::HttpResponseTimeout,
        },
        Error::Io(error) => of_io(&error, stage),
        Error::Rustls(error) => of_tls(&error),
        Error::Tls(_) | Error::TlsRequired => HttpError::TlsProtocolError,
        Error::ConnectionFailed => HttpError::DestinationUnavailable,
        Error::BadUri(_) => HttpError::HttpRequestUriInvalid,
        Error::LargeResponseHeader(size, _) => HttpError::HttpResponseHeaderSectionSize(size.try_into().ok()),
        // Its type has no name outside of ureq.
        Error::Protocol(error) => match format!("{error:?}").as_str() {
            "HttpParseTooManyHeaders" => HttpError::HttpResponseHeaderSectionSize(None),
            "OutputOverflow" => HttpError::HttpRequestHeaderSectionSize(None),
            _ => HttpError::HttpProtocolError,
        },
        _ => HttpError::HttpProtocolError,
    }
}

fn of_io(error: &io::Error, stage: Stage) -> HttpError {
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref()) {
        return of_tls(error);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => HttpError::ConnectionRefused,
        ErrorKind::TimedOut => HttpError::ConnectionTimeout,
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => HttpError::DestinationIpUnroutable,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
            if stage == Stage::Reading =>
        {
            HttpError::HttpResponseIncomplete
        }
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => HttpError::ConnectionTerminated,
        _ => HttpError::DestinationUnavailable,
    }
}

fn of_tls(error: &rustls::Error) -> HttpError {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => HttpError::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            HttpError::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
        }
        // The host has no certificates that it trusts.
        rustls::Error::General(_) => HttpError::ConfigurationError,
        _ => HttpError::TlsProtocolError,
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use ureq::{Error, Timeout};

    use super::{Stage, code};
    use crate::http::HttpError;

    /// Those that no server of a test's own can bring about.
    #[test]
    fn each_error_has_its_code() {
        let of = |kind: ErrorKind, stage| code(Error::Io(kind.into()), stage);
        for (error, expected) in [
            (Error::Timeout(Timeout::Resolve), HttpError::DnsTimeout),
            (Error::Timeout(Timeout::Connect), HttpError::ConnectionTimeout),
            (Error::Timeout(Timeout::SendBody), HttpError::ConnectionWriteTimeout),
            (Error::Timeout(Timeout::Global), HttpError::HttpResponseTimeout),
            (Error::ConnectionFailed, HttpError::DestinationUnavailable),
            (Error::BadUri(String::new()), HttpError::HttpRequestUriInvalid),
            (Error::Tls(""), HttpError::TlsProtocolError),
            (Error::Rustls(rustls::Error::General("no roots".into())), HttpError::ConfigurationError),
        ] {
            assert_eq!(code(error, Stage::Asking), expected);
        }
        assert_eq!(of(ErrorKind::NetworkUnreachable, Stage::Asking), HttpError::DestinationIpUnroutable);
        assert_eq!(of(ErrorKind::PermissionDenied, Stage::Asking), HttpError::DestinationUnavailable);
        assert_eq!(of(ErrorKind::ConnectionReset, Stage::Asking), HttpError::ConnectionTerminated);
        assert_eq!(of(ErrorKind::ConnectionReset, Stage::Reading), HttpError::HttpResponseIncomplete);
    }
}
