//! Why a message could not be read.

/// Why [`parse_request`](super::parse_request) cannot read a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The request line or a header field is malformed.
    #[error("not an HTTP/1.1 request: {0}")]
    Head(#[from] httparse::Error),
    /// The empty line after the header fields is missing.
    #[error("the message ends within the header fields; an empty line must follow them")]
    NoEmptyLine,
    /// The method, the URL or a field has a form that HTTP forbids.
    #[error("not an HTTP request: {0}")]
    Request(#[from] ::http::Error),
    /// Neither the URL nor a `host` field names the host.
    #[error("the request names no host; write an absolute URL, or a `Host` field")]
    NoHost,
    /// `content-length` is given more than once, together with `transfer-encoding`, or is not a decimal number.
    #[error(
        "the length of the body is unclear; give one decimal `Content-Length`, or `Transfer-Encoding: chunked`, or none"
    )]
    Length,
    /// A transfer coding other than `chunked`.
    #[error("the only transfer coding that can be read is `chunked`")]
    Coding,
    /// The body is not as long as it says.
    #[error("the body is {found} bytes long, and `Content-Length` says {declared}")]
    BodySize {
        /// What `content-length` says, in bytes.
        declared: u64,
        /// What follows the head, in bytes.
        found: u64,
    },
    /// A chunk is malformed or cut short.
    #[error("the chunked body is malformed or cut short, at byte {at} of the message")]
    Chunk {
        /// How many bytes of the message were read before.
        at: usize,
    },
}
