//! Why a handler gave no response; the interfaces' error codes.

use wasmtime_wasi_http::{Error, p2, p3};

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
    #[error("the guest's handler answered with an error: {0}")]
    Failed(#[source] Error),
    /// The guest set a response and did not finish its body.
    #[error("the guest's handler did not finish the body of its response: {0}")]
    Incomplete(#[source] Error),
}

/// Defines a function from `Error` to the error code of a version of the interface. wasmtime-wasi-http keeps its own to itself.
macro_rules! error_code {
    ($name:ident, $version:ident) => {
        pub(super) fn $name(error: Error) -> $version::bindings::http::types::ErrorCode {
            use $version::bindings::http::types::{
                DnsErrorPayload, ErrorCode as Code, FieldSizePayload, TlsAlertReceivedPayload,
            };
            match error {
                Error::DnsTimeout => Code::DnsTimeout,
                Error::DestinationNotFound => Code::DestinationNotFound,
                Error::DestinationUnavailable => Code::DestinationUnavailable,
                Error::DestinationIpProhibited => Code::DestinationIpProhibited,
                Error::DestinationIpUnroutable => Code::DestinationIpUnroutable,
                Error::ConnectionRefused => Code::ConnectionRefused,
                Error::ConnectionTerminated => Code::ConnectionTerminated,
                Error::ConnectionTimeout => Code::ConnectionTimeout,
                Error::ConnectionReadTimeout => Code::ConnectionReadTimeout,
                Error::ConnectionWriteTimeout => Code::ConnectionWriteTimeout,
                Error::ConnectionLimitReached => Code::ConnectionLimitReached,
                Error::TlsProtocolError => Code::TlsProtocolError,
                Error::TlsCertificateError => Code::TlsCertificateError,
                Error::HttpRequestDenied => Code::HttpRequestDenied,
                Error::HttpRequestLengthRequired => Code::HttpRequestLengthRequired,
                Error::HttpRequestMethodInvalid => Code::HttpRequestMethodInvalid,
                Error::HttpRequestUriInvalid => Code::HttpRequestUriInvalid,
                Error::HttpRequestUriTooLong => Code::HttpRequestUriTooLong,
                Error::HttpResponseIncomplete => Code::HttpResponseIncomplete,
                Error::HttpResponseTimeout => Code::HttpResponseTimeout,
                Error::HttpUpgradeFailed => Code::HttpUpgradeFailed,
                Error::HttpProtocolError => Code::HttpProtocolError,
                Error::LoopDetected => Code::LoopDetected,
                Error::ConfigurationError => Code::ConfigurationError,
                Error::HttpRequestBodySize(value) => Code::HttpRequestBodySize(value),
                Error::HttpRequestHeaderSectionSize(value) => Code::HttpRequestHeaderSectionSize(value),
                Error::HttpRequestTrailerSectionSize(value) => Code::HttpRequestTrailerSectionSize(value),
                Error::HttpResponseHeaderSectionSize(value) => Code::HttpResponseHeaderSectionSize(value),
                Error::HttpResponseBodySize(value) => Code::HttpResponseBodySize(value),
                Error::HttpResponseTrailerSectionSize(value) => Code::HttpResponseTrailerSectionSize(value),
                Error::HttpResponseTransferCoding(value) => Code::HttpResponseTransferCoding(value),
                Error::HttpResponseContentCoding(value) => Code::HttpResponseContentCoding(value),
                Error::InternalError(value) => Code::InternalError(value),
                Error::DnsError { rcode, info_code } => Code::DnsError(DnsErrorPayload { rcode, info_code }),
                Error::TlsAlertReceived { alert_id, alert_message } => {
                    Code::TlsAlertReceived(TlsAlertReceivedPayload { alert_id, alert_message })
                }
                Error::HttpRequestHeaderSize { field_name, field_size } => {
                    Code::HttpRequestHeaderSize(Some(FieldSizePayload { field_name, field_size }))
                }
                Error::HttpRequestTrailerSize { field_name, field_size } => {
                    Code::HttpRequestTrailerSize(FieldSizePayload { field_name, field_size })
                }
                Error::HttpResponseHeaderSize { field_name, field_size } => {
                    Code::HttpResponseHeaderSize(FieldSizePayload { field_name, field_size })
                }
                Error::HttpResponseTrailerSize { field_name, field_size } => {
                    Code::HttpResponseTrailerSize(FieldSizePayload { field_name, field_size })
                }
                // Errors of a real connection, whose texts are the host's: their kind only, as on stock.
                Error::Connect(_) => Code::ConnectionRefused,
                Error::Tls(_) => Code::TlsProtocolError,
                _ => Code::HttpProtocolError,
            }
        }
    };
}

error_code!(p2_code, p2);
error_code!(p3_code, p3);
