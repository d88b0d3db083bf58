//! Requests and responses as HTTP/1.1 text.

use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version, header, uri};
use bytes::Bytes;

use super::{MessageError, Trailers, declared_length, without};

/// The most header fields of a message, and the most trailers.
const MAX_FIELDS: usize = 1024;

/// Reads an HTTP/1.1 request: `GET http://example.com/path HTTP/1.1`, or `GET /path HTTP/1.1` with a `Host` field; the header
/// fields; an empty line; the body. The lines before the body end with CR LF or with LF alone, so a text editor's file will
/// do.
///
/// The body is as long as `Content-Length` says (a line end after it, which editors add, is left out), or chunked, or all
/// that follows. A chunked one is put together, its trailers become [`Trailers`] among the request's extensions, and the
/// `Transfer-Encoding` field goes. The URL of the request is absolute; without a scheme it gets `http`.
///
/// # Errors
///
/// [`MessageError`]
pub fn parse_request(message: &[u8]) -> Result<Request<Bytes>, MessageError> {
    let mut fields = vec![httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(len) = head.parse(message)? else { return Err(MessageError::NoEmptyLine) };
    let mut headers = header_map(head.headers)?;
    let version = if head.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let request = Request::builder()
        .method(head.method.unwrap_or_default())
        .uri(absolute(head.path.unwrap_or_default(), &headers)?)
        .version(version)
        .body(())?;
    let (body, trailers) = body(message, len, &mut headers)?;
    let mut request = request.map(|()| body);
    *request.headers_mut() = headers;
    if let Some(trailers) = trailers {
        request.extensions_mut().insert(Trailers(trailers));
    }
    Ok(request)
}

fn header_map(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, MessageError> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::try_from(field.name).map_err(::http::Error::from)?;
        let value = HeaderValue::try_from(field.value).map_err(::http::Error::from)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The target of the request line as an absolute URL.
fn absolute(target: &str, headers: &HeaderMap) -> Result<Uri, MessageError> {
    let uri = Uri::try_from(target).map_err(::http::Error::from)?;
    if uri.scheme().is_some() && uri.authority().is_some() {
        return Ok(uri);
    }
    let host = headers.get(header::HOST).ok_or(MessageError::NoHost)?;
    let path = uri.into_parts().path_and_query.unwrap_or_else(|| uri::PathAndQuery::from_static("/"));
    Ok(Uri::builder().scheme(uri::Scheme::HTTP).authority(host.as_bytes()).path_and_query(path).build()?)
}

/// The body that begins at `start`, and its trailers.
fn body(message: &[u8], start: usize, headers: &mut HeaderMap) -> Result<(Bytes, Option<HeaderMap>), MessageError> {
    let rest = &message[start..];
    let declared = declared_length(headers).map_err(|_| MessageError::Length)?;
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next(), declared) {
        (None, _, None) => Ok((Bytes::copy_from_slice(rest), None)),
        (None, _, Some(declared)) => match usize::try_from(declared).ok().and_then(|len| rest.split_at_checked(len)) {
            Some((body, b"" | b"\n" | b"\r\n")) => Ok((Bytes::copy_from_slice(body), None)),
            Some(_) | None => Err(MessageError::BodySize { declared, found: rest.len() as u64 }),
        },
        (Some(_), _, Some(_)) => Err(MessageError::Length),
        (Some(coding), None, None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            *headers = without(std::mem::take(headers), |name| name == header::TRANSFER_ENCODING);
            chunked(message, start)
        }
        (Some(_), _, None) => Err(MessageError::Coding),
    }
}

fn chunked(message: &[u8], start: usize) -> Result<(Bytes, Option<HeaderMap>), MessageError> {
    let mut at = start;
    let mut body = Vec::new();
    loop {
        let broken = MessageError::Chunk { at };
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(&message[at..]) else {
            return Err(broken);
        };
        at += line;
        if size == 0 {
            break;
        }
        match usize::try_from(size).ok().and_then(|size| message[at..].split_at_checked(size)) {
            Some((chunk, [b'\r', b'\n', ..])) => {
                body.extend_from_slice(chunk);
                at += chunk.len() + 2;
            }
            Some(_) | None => return Err(broken),
        }
    }
    let mut fields = vec![httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(&message[at..], &mut fields)? {
        httparse::Status::Complete((_, [])) => Ok((body.into(), None)),
        httparse::Status::Complete((_, trailers)) => Ok((body.into(), Some(header_map(trailers)?))),
        httparse::Status::Partial => Err(MessageError::Chunk { at }),
    }
}

/// The response as an HTTP/1.1 message, the same bytes for the same response: status line, fields in their order, empty
/// line, body.
///
/// The message tells where it ends: `content-length` is added if it is missing and the status allows a body. With
/// [`Trailers`], the body is one chunk, `transfer-encoding: chunked` stands in place of `content-length`, and the trailers
/// follow.
pub fn format_response(response: &Response<Bytes>) -> Vec<u8> {
    let status = response.status();
    let body = response.body();
    let trailers = response.extensions().get::<Trailers>();
    let mut text = format!("HTTP/1.1 {}", status.as_str()).into_bytes();
    text.push(b' ');
    text.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    text.extend_from_slice(b"\r\n");
    for (name, value) in response.headers() {
        if trailers.is_none() || (name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING) {
            field(&mut text, name, value);
        }
    }
    let bodyless = status.is_informational() || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    match trailers {
        Some(Trailers(trailers)) => {
            text.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
            if !body.is_empty() {
                text.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                text.extend_from_slice(body);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n");
            for (name, value) in trailers {
                field(&mut text, name, value);
            }
            text.extend_from_slice(b"\r\n");
        }
        None => {
            if !response.headers().contains_key(header::CONTENT_LENGTH) && !bodyless {
                text.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
            }
            text.extend_from_slice(b"\r\n");
            text.extend_from_slice(body);
        }
    }
    text
}

fn field(text: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    text.extend_from_slice(name.as_str().as_bytes());
    text.extend_from_slice(b": ");
    text.extend_from_slice(value.as_bytes());
    text.extend_from_slice(b"\r\n");
}
