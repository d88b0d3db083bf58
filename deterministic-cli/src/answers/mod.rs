//! `--http-answers` and `--allow-http`: who answers a guest's HTTP requests.

mod file;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use deterministic_run::Inputs;
use deterministic_run::text::hex;
use deterministic_wasmtime::http::client::{AllowedHost, Client};
use deterministic_wasmtime::http::{HttpError, Reply, Responder};
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

pub(crate) use file::Mistake;

/// Has a file of answers asked first, and then those hosts that may be.
pub(crate) fn give(inputs: Inputs, file: Option<&Path>, hosts: &[AllowedHost]) -> Result<Inputs, Problem> {
    let Some(file) = file else {
        return Ok(if hosts.is_empty() { inputs } else { inputs.allow_http(hosts.to_vec()) });
    };
    let answers = Answers::read(file)?;
    let key = answers.key();
    if hosts.is_empty() {
        return Ok(inputs.responder(key, move || answers.responder(None)));
    }
    let hosts = hosts.to_vec();
    let names = hosts.iter().map(AllowedHost::to_string).collect::<Vec<_>>().join(" ");
    Ok(inputs.live_responder(format!("{key}, allow-http {names}"), move || {
        answers.responder(Some(Client::new(hosts.clone())))
    }))
}

/// All answers of a file, read once and checked.
#[derive(Clone, Debug)]
struct Answers {
    all: Arc<[Answer]>,
    digest: [u8; 32],
}

#[derive(Debug)]
struct Answer {
    /// `None` fits any.
    method: Option<String>,
    url: Url,
    reply: Result<Parts, HttpError>,
    /// In nanoseconds of the guest's time.
    after: u64,
    /// `None` is without end.
    times: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Url {
    Whole(String),
    /// What it begins with.
    Beginning(String),
}

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answers {
    /// Reads the file, and those that it names.
    fn read(path: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(path).map_err(|error| Problem::AnswersUnreadable { path: path.into(), error })?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let mut digest = Sha256::new();
        let all = file::parse(&text, |name| {
            let body = fs::read(beside.join(name)).map_err(|error| error.to_string())?;
            digest.update((body.len() as u64).to_le_bytes());
            digest.update(&body);
            Ok(body)
        });
        let all = all.map_err(|mistake| Problem::BadAnswers { path: path.into(), mistake })?;
        digest.update(&text);
        Ok(Answers { all: all.into(), digest: digest.finalize().into() })
    }

    /// What names everything that was read.
    fn key(&self) -> String {
        hex(&self.digest)
    }

    /// Who answers in one run; `rest` gets what no answer fits.
    fn responder(&self, rest: Option<Client>) -> impl Responder + use<> {
        Canned { left: self.all.iter().map(|answer| answer.times).collect(), all: self.all.clone(), rest }
    }
}

/// The answers of one run.
struct Canned {
    all: Arc<[Answer]>,
    /// How often each may be given yet.
    left: Vec<Option<u64>>,
    rest: Option<Client>,
}

impl Responder for Canned {
    /// The first that fits and is not used up.
    fn respond(&mut self, request: Request<Bytes>) -> Reply {
        let url = plain(request.uri());
        let mut all = self.all.iter().zip(&mut self.left);
        let Some((answer, left)) =
            all.find(|(answer, left)| **left != Some(0) && answer.fits(request.method().as_str(), &url))
        else {
            return match &mut self.rest {
                Some(rest) => rest.respond(request),
                None => HttpError::HttpRequestDenied.into(),
            };
        };
        *left = left.map(|left| left.saturating_sub(1));
        let reply = match &answer.reply {
            Ok(Parts { status, headers, body }) => {
                let mut response = Response::new(body.clone());
                *response.status_mut() = *status;
                *response.headers_mut() = headers.clone();
                Reply::from(response)
            }
            Err(code) => Reply::from(code.clone()),
        };
        reply.after(answer.after)
    }
}

impl Answer {
    fn fits(&self, method: &str, url: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method)
            && match &self.url {
                Url::Whole(whole) => whole == url,
                Url::Beginning(beginning) => url.starts_with(beginning.as_str()),
            }
    }
}

/// A URL with its scheme and host in small letters.
fn plain(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = url.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    format!("{scheme}://{host}{path}")
}
