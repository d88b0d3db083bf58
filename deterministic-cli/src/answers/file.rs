//! The file of answers, as it is written.

use std::ops::Range;
use std::path::{Path, PathBuf};

use deterministic_wasmtime::http::HttpError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{Answer, Parts, Url, plain};

/// What is wrong with a file, and on which of its lines.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct Mistake {
    line: usize,
    what: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    answer: Vec<WrittenAnswer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenAnswer {
    request: Spanned<String>,
    status: Option<Spanned<u16>>,
    #[serde(default)]
    headers: Vec<Spanned<String>>,
    body: Option<Spanned<String>>,
    body_file: Option<Spanned<PathBuf>>,
    error: Option<Spanned<String>>,
    after: Option<Spanned<String>>,
    times: Option<u64>,
}

/// Reads the text of a file; `file` reads those that it names.
pub(super) fn parse(
    text: &str,
    mut file: impl FnMut(&Path) -> Result<Vec<u8>, String>,
) -> Result<Vec<Answer>, Mistake> {
    let text = Text(text);
    let written: Written =
        toml::from_str(text.0).map_err(|error| text.mistake(error.span().unwrap_or(0..0), error.message()))?;
    written.answer.into_iter().map(|answer| text.answer(answer, &mut file)).collect()
}

/// The text, for the places of mistakes.
struct Text<'a>(&'a str);

impl Text<'_> {
    fn mistake(&self, span: Range<usize>, what: impl Into<String>) -> Mistake {
        let before = self.0.bytes().take(span.start);
        Mistake { line: 1 + before.filter(|&byte| byte == b'\n').count(), what: what.into() }
    }

    fn answer(
        &self,
        written: WrittenAnswer,
        file: &mut impl FnMut(&Path) -> Result<Vec<u8>, String>,
    ) -> Result<Answer, Mistake> {
        let (method, url) = self.request(&written.request)?;
        let after = written.after.as_ref().map_or(Ok(0), |after| self.after(after))?;
        if let Some(error) = &written.error {
            let beside = [
                written.status.as_ref().map(|status| ("status", status.span())),
                written.headers.first().map(|field| ("headers", field.span())),
                written.body.as_ref().map(|body| ("body", body.span())),
                written.body_file.as_ref().map(|body| ("body-file", body.span())),
            ];
            if let Some((name, span)) = beside.into_iter().flatten().next() {
                return Err(self.mistake(span, format!("`error` stands in place of a response; leave out `{name}`")));
            }
            let reply = Err(self.code(error)?);
            return Ok(Answer { method, url, reply, after, times: written.times });
        }
        let status = match &written.status {
            // The others say that a response is yet to come.
            Some(status) => StatusCode::from_u16(*status.get_ref())
                .ok()
                .filter(|code| !code.is_informational())
                .ok_or_else(|| self.mistake(status.span(), "give `status` a number from 200 to 999"))?,
            None => StatusCode::OK,
        };
        let mut headers = HeaderMap::new();
        for field in &written.headers {
            let (name, value) = self.header(field)?;
            headers.append(name, value);
        }
        let body = match (written.body, written.body_file) {
            (Some(_), Some(second)) => {
                return Err(self.mistake(second.span(), "give either `body` or `body-file`"));
            }
            (Some(body), None) => body.into_inner().into_bytes(),
            (None, Some(name)) => file(name.get_ref()).map_err(|reason| {
                let what = format!("cannot read `{}`: {reason}; name a file beside this one", name.get_ref().display());
                self.mistake(name.span(), what)
            })?,
            (None, None) => Vec::new(),
        };
        let reply = Ok(Parts { status, headers, body: body.into() });
        Ok(Answer { method, url, reply, after, times: written.times })
    }

    fn request(&self, written: &Spanned<String>) -> Result<(Option<String>, Url), Mistake> {
        let wrong = || {
            let what = "give `request` a method and an absolute URL, as in `GET https://example.com/a?b`; `*` stands for any \
                        method, and at the end of the URL for anything";
            self.mistake(written.span(), what)
        };
        let (method, url) = written.get_ref().split_once(' ').ok_or_else(wrong)?;
        let method = match method {
            "*" => None,
            _ => Some(method.parse::<Method>().map_err(|_| wrong())?.to_string()),
        };
        let url = url.trim();
        let (beginning, is_whole) = url.strip_suffix('*').map_or((url, true), |beginning| (beginning, false));
        if !is_whole && beginning.split_once("://").is_none_or(|(_, rest)| !rest.contains('/')) {
            // Of a URL that is not complete, what there is of scheme and host.
            return Ok((method, Url::Beginning(beginning.to_ascii_lowercase())));
        }
        let parsed: Uri = beginning.parse().map_err(|_| wrong())?;
        if parsed.scheme().is_none() || parsed.authority().is_none() {
            return Err(wrong());
        }
        Ok((method, if is_whole { Url::Whole(plain(&parsed)) } else { Url::Beginning(plain(&parsed)) }))
    }

    fn header(&self, written: &Spanned<String>) -> Result<(HeaderName, HeaderValue), Mistake> {
        let wrong = || self.mistake(written.span(), "give a field of `headers` as `name: value`");
        let (name, value) = written.get_ref().split_once(':').ok_or_else(wrong)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong())?;
        Ok((name, HeaderValue::from_str(value.trim()).map_err(|_| wrong())?))
    }

    fn after(&self, written: &Spanned<String>) -> Result<u64, Mistake> {
        let duration: Option<SignedDuration> = written.get_ref().parse().ok();
        duration
            .and_then(|duration| u64::try_from(duration.as_nanos()).ok())
            .ok_or_else(|| self.mistake(written.span(), "give `after` a duration, such as `50ms` or `2s`"))
    }

    /// An error code that needs no more than its name.
    fn code(&self, written: &Spanned<String>) -> Result<HttpError, Mistake> {
        let found = HttpError::PLAIN.iter().find(|code| code.name().eq_ignore_ascii_case(written.get_ref()));
        found.cloned().ok_or_else(|| {
            let known = HttpError::PLAIN.iter().map(HttpError::name).collect::<Vec<_>>().join(", ");
            self.mistake(written.span(), format!("`{}` is no error; choose one of: {known}", written.get_ref()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Mistake, Url, parse};

    fn read(text: &str) -> Result<Vec<super::Answer>, Mistake> {
        parse(text, |name| if name.ends_with("there") { Ok(b"bytes".to_vec()) } else { Err("it is not there".into()) })
    }

    #[test]
    fn answers_are_read() {
        let answers = read(
            r#"
            [[answer]]
            request = "GET HTTPS://Example.com/A?b"
            status = 404
            headers = ["content-type: text/plain", "set-cookie: a=1", "Set-Cookie: b=2"]
            body = 'no'
            after = "50ms"
            times = 2

            [[answer]]
            request = "* https://example.com/*"
            body-file = "there"

            [[answer]]
            request = "* http*"
            error = "dns-timeout"
            "#,
        )
        .expect("answers");
        let [first, second, third] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(first.url, Url::Whole("https://example.com/A?b".into()));
        assert_eq!((first.method.as_deref(), first.after, first.times), (Some("GET"), 50_000_000, Some(2)));
        let parts = first.reply.as_ref().expect("a response");
        assert_eq!((parts.status.as_u16(), &parts.body[..]), (404, &b"no"[..]));
        assert_eq!(parts.headers.get_all("set-cookie").iter().count(), 2);
        assert!(first.fits("GET", "https://example.com/A?b") && !first.fits("POST", "https://example.com/A?b"));
        assert_eq!(second.reply.as_ref().expect("a response").body, "bytes");
        assert!(second.fits("PUT", "https://example.com/x") && !second.fits("PUT", "https://example.com.evil/x"));
        assert!(third.reply.is_err() && third.fits("GET", "https://other.org/"));
        assert!(read("").expect("none").is_empty());
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let request = "[[answer]]\nrequest = \"GET https://a.b/\"\n";
        for (text, line, says) in [
            ("[[answer]\n".to_owned(), 1, "]"),
            ("[[answer]]\nstatus = 200\n".to_owned(), 1, "request"),
            ("[[answer]]\nrequest = \"https://a.b/\"\n".to_owned(), 2, "method"),
            ("[[answer]]\nrequest = \"GET /path\"\n".to_owned(), 2, "absolute URL"),
            ("[[answer]]\n\nrequest = \"G@T https://a.b/\"\n".to_owned(), 3, "method"),
            (format!("{request}status = 99\n"), 3, "200 to 999"),
            (format!("{request}status = 101\n"), 3, "200 to 999"),
            (format!("{request}body = 1\n"), 3, "string"),
            (format!("{request}\nheaders = [\"a\"]\n"), 4, "name: value"),
            (format!("{request}headers = [\n\"a: b\",\n\"ä: b\"]\n"), 5, "name: value"),
            (format!("{request}after = \"soon\"\n"), 3, "50ms"),
            (format!("{request}after = \"-1s\"\n"), 3, "50ms"),
            (format!("{request}error = \"broken\"\n"), 3, "connection-refused"),
            (format!("{request}error = \"dns-timeout\"\nbody = \"\"\n"), 4, "leave out `body`"),
            (format!("{request}body = \"\"\nbody-file = \"there\"\n"), 4, "either"),
            (format!("{request}body-file = \"missing\"\n"), 3, "cannot read `missing`: it is not there"),
            (format!("{request}delay = 1\n"), 3, "delay"),
            ("answers = 1\n".to_owned(), 1, "answers"),
        ] {
            let mistake = read(&text).expect_err(&text);
            assert_eq!(mistake.line, line, "{text}: {mistake}");
            assert!(mistake.what.contains(says), "{text}: {mistake}");
        }
    }
}
