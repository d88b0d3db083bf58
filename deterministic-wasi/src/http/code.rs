//! The error codes of `wasi:http`.

use std::fmt;

/// Defines the codes, their names, and what they mean in a few words.
macro_rules! codes {
    (
        plain { $($plain:ident, $plain_name:literal, $plain_words:literal;)* }
        sized { $($sized:ident($size:ty), $sized_name:literal, $sized_words:literal;)* }
        field { $($field:ident, $field_name:literal, $field_words:literal;)* }
        quoted { $($quoted:ident, $quoted_name:literal, $quoted_words:literal;)* }
    ) => {
        /// What a request or a response can fail with: the `error-code` of `wasi:http`, which is the same in 0.2 and 0.3. An adapter
        /// makes each version's own of it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(any(feature = "serde", feature = "trace"), derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum HttpError {
            $(#[doc = concat!("`", $plain_name, "`: ", $plain_words, ".")] $plain,)*
            $(#[doc = concat!("`", $sized_name, "`: ", $sized_words, "; with how many bytes it has, if that is told.")]
                $sized(Option<$size>),)*
            $(#[doc = concat!("`", $field_name, "`: ", $field_words, ".")]
                $field {
                    /// The field, if it is told.
                    field_name: Option<String>,
                    /// How many bytes it has, if that is told.
                    field_size: Option<u32>,
                },)*
            $(#[doc = concat!("`", $quoted_name, "`: ", $quoted_words, ", with its text if that is told.")]
                $quoted(Option<String>),)*
            /// `DNS-error`: the host has no address.
            DnsError {
                /// The response code, as text.
                rcode: Option<String>,
                /// The extended code of RFC 8914.
                info_code: Option<u16>,
            },
            /// `TLS-alert-received`: the other side ended the connection.
            TlsAlertReceived {
                /// The alert, by its number in RFC 8446.
                alert_id: Option<u8>,
                /// The alert, as text.
                alert_message: Option<String>,
            },
        }

        impl HttpError {
            /// Those that say no more than their name.
            pub const PLAIN: &[HttpError] = &[$(HttpError::$plain),*];

            /// The interface's name for it, such as `DNS-timeout`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(HttpError::$plain => $plain_name,)*
                    $(HttpError::$sized(_) => $sized_name,)*
                    $(HttpError::$field { .. } => $field_name,)*
                    $(HttpError::$quoted(_) => $quoted_name,)*
                    HttpError::DnsError { .. } => "DNS-error",
                    HttpError::TlsAlertReceived { .. } => "TLS-alert-received",
                }
            }
        }

        /// In a few words, with all that it tells; what may be a guest's text is quoted.
        impl fmt::Display for HttpError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(HttpError::$plain => f.write_str($plain_words),)*
                    $(HttpError::$sized(size) => {
                        f.write_str($sized_words)?;
                        told(f, size, |f, size| write!(f, ": {size} bytes"))
                    })*
                    $(HttpError::$field { field_name, field_size } => {
                        f.write_str($field_words)?;
                        told(f, field_name, |f, name| write!(f, ": {name:?}"))?;
                        told(f, field_size, |f, size| write!(f, " ({size} bytes)"))
                    })*
                    $(HttpError::$quoted(text) => {
                        f.write_str($quoted_words)?;
                        told(f, text, |f, text| write!(f, ": {text:?}"))
                    })*
                    HttpError::DnsError { rcode, info_code } => {
                        f.write_str("the host has no address")?;
                        told(f, rcode, |f, code| write!(f, ": {code:?}"))?;
                        told(f, info_code, |f, code| write!(f, " (RFC 8914: {code})"))
                    }
                    HttpError::TlsAlertReceived { alert_id, alert_message } => {
                        f.write_str("the other side ended the connection")?;
                        told(f, alert_id, |f, alert| write!(f, ": alert {alert}"))?;
                        told(f, alert_message, |f, text| write!(f, " ({text:?})"))
                    }
                }
            }
        }
    };
}

codes! {
    plain {
        DnsTimeout, "DNS-timeout", "the host's address was not told in time";
        DestinationNotFound, "destination-not-found", "there is no such host";
        DestinationUnavailable, "destination-unavailable", "the host cannot be reached";
        DestinationIpProhibited, "destination-IP-prohibited", "the host's address is forbidden";
        DestinationIpUnroutable, "destination-IP-unroutable", "there is no way to the host's address";
        ConnectionRefused, "connection-refused", "the host refused the connection";
        ConnectionTerminated, "connection-terminated", "the connection was cut";
        ConnectionTimeout, "connection-timeout", "connecting took too long";
        ConnectionReadTimeout, "connection-read-timeout", "nothing came in time";
        ConnectionWriteTimeout, "connection-write-timeout", "nothing could be sent in time";
        ConnectionLimitReached, "connection-limit-reached", "there are too many connections";
        TlsProtocolError, "TLS-protocol-error", "the other side does not speak TLS as it should";
        TlsCertificateError, "TLS-certificate-error", "the other side's certificate is not good";
        HttpRequestDenied, "HTTP-request-denied", "the request is denied";
        HttpRequestLengthRequired, "HTTP-request-length-required", "the request has to say how long it is";
        HttpRequestMethodInvalid, "HTTP-request-method-invalid", "the request has no valid method";
        HttpRequestUriInvalid, "HTTP-request-URI-invalid", "the request has no valid URL";
        HttpRequestUriTooLong, "HTTP-request-URI-too-long", "the request's URL is too long";
        HttpResponseIncomplete, "HTTP-response-incomplete", "the response is not complete";
        HttpResponseTimeout, "HTTP-response-timeout", "the response did not come in time";
        HttpUpgradeFailed, "HTTP-upgrade-failed", "the other protocol could not be chosen";
        HttpProtocolError, "HTTP-protocol-error", "it is not as HTTP has it";
        LoopDetected, "loop-detected", "the request came to where it had been";
        ConfigurationError, "configuration-error", "somebody on the way is not set up as they should";
    }
    sized {
        HttpRequestBodySize(u64), "HTTP-request-body-size", "the request's body has another length than allowed";
        HttpRequestHeaderSectionSize(u32), "HTTP-request-header-section-size", "the request's fields are too long";
        HttpRequestTrailerSectionSize(u32), "HTTP-request-trailer-section-size", "the request's trailers are too long";
        HttpResponseHeaderSectionSize(u32), "HTTP-response-header-section-size", "the response's fields are too long";
        HttpResponseBodySize(u64), "HTTP-response-body-size", "the response's body has another length than allowed";
        HttpResponseTrailerSectionSize(u32), "HTTP-response-trailer-section-size", "the response's trailers are too long";
    }
    field {
        HttpRequestHeaderSize, "HTTP-request-header-size", "a field of the request is too long";
        HttpRequestTrailerSize, "HTTP-request-trailer-size", "a trailer of the request is too long";
        HttpResponseHeaderSize, "HTTP-response-header-size", "a field of the response is too long";
        HttpResponseTrailerSize, "HTTP-response-trailer-size", "a trailer of the response is too long";
    }
    quoted {
        HttpResponseTransferCoding, "HTTP-response-transfer-coding", "the response's transfer coding is not known";
        HttpResponseContentCoding, "HTTP-response-content-coding", "the response's content coding is not known";
        InternalError, "internal-error", "it failed";
    }
}

impl std::error::Error for HttpError {}

/// Says more if there is more.
fn told<T>(
    f: &mut fmt::Formatter<'_>,
    more: &Option<T>,
    say: impl FnOnce(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    more.as_ref().map_or(Ok(()), |more| say(f, more))
}

#[cfg(test)]
mod tests {
    use super::HttpError;

    #[test]
    fn each_says_what_it_is_and_what_it_tells() {
        let mut names: Vec<_> = HttpError::PLAIN.iter().map(HttpError::name).collect();
        names.dedup();
        assert_eq!((names.len(), names[0]), (24, "DNS-timeout"));
        let shown = |error: HttpError| error.to_string();
        assert_eq!(shown(HttpError::HttpRequestDenied), "the request is denied");
        assert_eq!(shown(HttpError::HttpRequestHeaderSectionSize(None)), "the request's fields are too long");
        assert_eq!(shown(HttpError::InternalError(Some("a\nb".into()))), r#"it failed: "a\nb""#);
        let long = HttpError::HttpResponseHeaderSize { field_name: Some("etag".into()), field_size: Some(7) };
        assert_eq!(shown(long), r#"a field of the response is too long: "etag" (7 bytes)"#);
        let dns = HttpError::DnsError { rcode: Some("NXDOMAIN".into()), info_code: Some(3) };
        assert_eq!(shown(dns), r#"the host has no address: "NXDOMAIN" (RFC 8914: 3)"#);
        let alert = HttpError::TlsAlertReceived { alert_id: Some(40), alert_message: None };
        assert_eq!(shown(alert), "the other side ended the connection: alert 40");
    }
}
