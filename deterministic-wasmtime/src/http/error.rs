//! Why a handler gave no response; error codes between us and wasmtime-wasi-http.

use deterministic_wasi::http::HttpError;
use wasmtime_wasi_http::Error as Stock;
use wasmtime_wasi_http::{p2, p3};

/// Why [`handle`](super::handle) has no response: inside its [`wasmtime::Error`]. A guest that traps gives the trap itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The component exports no handler.
    #[error("the component exports neither `wasi:http/incoming-handler` of 0.2 nor `wasi:http/handler` of 0.3")]
    NoHandler,
    /// The request does not say which host it is for.
    #[error("the request names no host; give it an absolute URL or a `host` field that is a valid authority")]
    NoHost,
    /// The guest returned without having set the response.
    #[error("the guest's handler returned without setting a response")]
    NoResponse,
    /// The guest answered with an error code.
    #[error("the guest's handler answered with the error code `{name}`: {0}", name = .0.name())]
    Failed(#[source] HttpError),
    /// The guest set a response and did not finish its body.
    #[error("the guest's handler did not finish the body of its response: {0}")]
    Incomplete(#[source] HttpError),
}

/// Makes one type's code of another's, whose variants have the same names; `$beside` are those that are not built alike.
macro_rules! same_code {
    ($code:ident, $From:ident => $To:ident, { $($beside:tt)* }) => {
        same_code!(@match $code, $From => $To, { $($beside)* },
            plain: DnsTimeout DestinationNotFound DestinationUnavailable DestinationIpProhibited DestinationIpUnroutable
                ConnectionRefused ConnectionTerminated ConnectionTimeout ConnectionReadTimeout ConnectionWriteTimeout
                ConnectionLimitReached TlsProtocolError TlsCertificateError HttpRequestDenied HttpRequestLengthRequired
                HttpRequestMethodInvalid HttpRequestUriInvalid HttpRequestUriTooLong HttpResponseIncomplete
                HttpResponseTimeout HttpUpgradeFailed HttpProtocolError LoopDetected ConfigurationError,
            told: HttpRequestBodySize HttpRequestHeaderSectionSize HttpRequestTrailerSectionSize
                HttpResponseHeaderSectionSize HttpResponseBodySize HttpResponseTrailerSectionSize
                HttpResponseTransferCoding HttpResponseContentCoding InternalError)
    };
    (@match $code:ident, $From:ident => $To:ident, { $($beside:tt)* }, plain: $($plain:ident)*, told: $($told:ident)*) => {
        match $code {
            $($From::$plain => $To::$plain,)*
            $($From::$told(more) => $To::$told(more),)*
            $($beside)*
        }
    };
}

/// Defines the way to the error code of a version of the interface.
macro_rules! error_code {
    ($name:ident, $version:ident) => {
        pub(super) fn $name(error: HttpError) -> $version::bindings::http::types::ErrorCode {
            use $version::bindings::http::types::{
                DnsErrorPayload, ErrorCode as Code, FieldSizePayload, TlsAlertReceivedPayload,
            };
            same_code!(error, HttpError => Code, {
                HttpError::DnsError { rcode, info_code } => Code::DnsError(DnsErrorPayload { rcode, info_code }),
                HttpError::TlsAlertReceived { alert_id, alert_message } => {
                    Code::TlsAlertReceived(TlsAlertReceivedPayload { alert_id, alert_message })
                }
                HttpError::HttpRequestHeaderSize { field_name, field_size } => {
                    Code::HttpRequestHeaderSize(Some(FieldSizePayload { field_name, field_size }))
                }
                HttpError::HttpRequestTrailerSize { field_name, field_size } => {
                    Code::HttpRequestTrailerSize(FieldSizePayload { field_name, field_size })
                }
                HttpError::HttpResponseHeaderSize { field_name, field_size } => {
                    Code::HttpResponseHeaderSize(FieldSizePayload { field_name, field_size })
                }
                HttpError::HttpResponseTrailerSize { field_name, field_size } => {
                    Code::HttpResponseTrailerSize(FieldSizePayload { field_name, field_size })
                }
                _ => Code::HttpProtocolError,
            })
        }
    };
}

error_code!(p2_code, p2);
error_code!(p3_code, p3);

/// What a body, or a guest's error code of either version, failed with.
pub(super) fn from_stock(error: impl Into<Stock>) -> HttpError {
    let error = error.into();
    same_code!(error, Stock => HttpError, {
        Stock::DnsError { rcode, info_code } => HttpError::DnsError { rcode, info_code },
        Stock::TlsAlertReceived { alert_id, alert_message } => HttpError::TlsAlertReceived { alert_id, alert_message },
        Stock::HttpRequestHeaderSize { field_name, field_size } => {
            HttpError::HttpRequestHeaderSize { field_name, field_size }
        }
        Stock::HttpRequestTrailerSize { field_name, field_size } => {
            HttpError::HttpRequestTrailerSize { field_name, field_size }
        }
        Stock::HttpResponseHeaderSize { field_name, field_size } => {
            HttpError::HttpResponseHeaderSize { field_name, field_size }
        }
        Stock::HttpResponseTrailerSize { field_name, field_size } => {
            HttpError::HttpResponseTrailerSize { field_name, field_size }
        }
        // Errors of a real connection, whose texts are the host's: their kind only, as on stock.
        Stock::Connect(_) => HttpError::ConnectionRefused,
        Stock::Tls(_) => HttpError::TlsProtocolError,
        _ => HttpError::HttpProtocolError,
    })
}
