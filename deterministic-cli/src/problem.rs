//! All that can be wrong before, beside and after the guest, each told in one line: what, where, and what to do.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use deterministic_run::fingerprint::{Taint, Tainted};
use deterministic_run::text::{chain, one_line};
use deterministic_run::{Ended, Error};
use deterministic_wasmtime::http::MessageError;

use crate::answers::Mistake;
use crate::{outcome, stdio};

/// The exit code of every problem of our own.
pub(crate) const EXIT_CODE: u8 = 2;
/// What a shell shows for a program that a closed pipe ended (128 + SIGPIPE).
const BROKEN_PIPE: u8 = 141;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("cannot read the guest `{}`: {error}; give the path of a .wasm or .wat file", path.display())]
    GuestUnreadable { path: PathBuf, error: io::Error },
    #[error("`{}` is no WebAssembly: {reason}; give a .wasm or .wat file", path.display())]
    NotWebAssembly { path: PathBuf, reason: String },
    #[error("`{}` is no WebAssembly, but {what}; {fix}", path.display())]
    ForeignFile { path: PathBuf, what: &'static str, fix: &'static str },
    #[error(
        "`{}` cannot be compiled: {reason}; build it without threads and shared memory, and for the features that \
         Wasmtime 48 has on by default", path.display()
    )]
    Invalid { path: PathBuf, reason: String },
    #[error(
        "`{}` is no WASI command: {reason}; build it as a program with a `main`, or call one of its exports with `detwasi \
         run --invoke`", path.display()
    )]
    NoCommand { path: PathBuf, reason: &'static str },
    #[error(
        "`{}` is no WASI command: it exports no `wasi:cli/run` of WASI 0.2 or 0.3, but {exports}; build it as a program \
         with a `main`, or call an export with `detwasi run --invoke 'NAME(ARGUMENTS)'` or `--http-request FILE`", path.display()
    )]
    NoRun { path: PathBuf, exports: String },
    #[error(
        "`{}` handles no HTTP requests: it exports neither `wasi:http/incoming-handler` of WASI 0.2 nor \
         `wasi:http/handler` of 0.3.0, but {exports}; build it as a handler, or leave out --http-request", path.display()
    )]
    NoHandler { path: PathBuf, exports: String },
    #[error(
        "`{}` is a core module, and only a component can handle HTTP requests; build it as a component, or leave out \
         --http-request", path.display()
    )]
    ModuleAsHandler { path: PathBuf },
    #[error("cannot run `detwasi` in a process of its own: {reason}")]
    Elsewhere { reason: String },
    #[error("cannot read the HTTP request `{}`: {error}; give --http-request a file that may be read", path.display())]
    RequestUnreadable { path: PathBuf, error: io::Error },
    #[error("`{}` is no HTTP/1.1 request: {error}", path.display())]
    BadRequest { path: PathBuf, error: MessageError },
    #[error("cannot read the answers `{}`: {error}; give --http-answers a file that may be read", path.display())]
    AnswersUnreadable { path: PathBuf, error: io::Error },
    #[error("`{}` has a mistake in {mistake}", path.display())]
    BadAnswers { path: PathBuf, mistake: Mistake },
    #[error("`{}` is a core module, and only a component can send HTTP requests; leave out --http-answers and --allow-http", path.display())]
    AnswersForModule { path: PathBuf },
    #[error("`{}` is a component, and --preload is for core modules; leave it out", path.display())]
    PreloadForComponent { path: PathBuf },
    #[error("`{}` is a component, and --preload takes core modules; build it as one", path.display())]
    PreloadIsComponent { path: PathBuf },
    #[error(
        "`{}` is a program, which --preload makes anew for each call, so that its calls cannot be counted; build it as a library \
         with `_initialize`, or leave out --max-call-depth and the preset `strict`", path.display()
    )]
    PreloadUncounted { path: PathBuf },
    #[error("--preload gives `{name}` twice; give each a name of its own")]
    PreloadTwice { name: String },
    #[error("`{}` exports no function `{name}`, but {exports}; give --invoke one of those", path.display())]
    NoSuchExport { path: PathBuf, name: String, exports: String },
    #[error("`{}` exports several functions `{name}`: {exports}; give --invoke one of those names whole", path.display())]
    AmbiguousExport { path: PathBuf, name: String, exports: String },
    #[error("cannot call `{call}`: {reason}; the function is `{signature}`")]
    BadCall { call: String, reason: String, signature: String },
    #[error(
        "`{}` imports what nobody here provides: {imports}; build it for {provided} alone, or name what it never calls \
         with --allow-import", path.display()
    )]
    UnknownImports { path: PathBuf, imports: String, provided: &'static str },
    #[error("`{}` cannot be linked: {reason}; build it for {provided}", path.display())]
    Unlinkable { path: PathBuf, reason: String, provided: &'static str },
    #[error(
        "`{}` begins with a memory of {initial} bytes, and --max-memory allows {max}; allow at least as much",
        path.display()
    )]
    MemoryTooSmall { path: PathBuf, initial: u128, max: u64 },
    #[error("`{}` cannot be started: {reason}; build it without threads and shared memory, or give the host more memory", path.display())]
    Unstartable { path: PathBuf, reason: String },
    #[error(
        "`{}` cannot be started: the host lets no file become as large as its memory is at the beginning, which is held in one; \
         raise the limit (`ulimit -f`)", path.display()
    )]
    MemoryImage { path: PathBuf },
    #[error("the guest's argument `{0}` is no UTF-8, which WASI asks for; give another")]
    ArgumentNotUtf8(String),
    #[error("cannot open the directory `{host}` for the guest: {reason}; give --dir one that exists and may be read")]
    Directory { host: String, reason: String },
    #[error("cannot take in the directory `{host}` for the guest: {reason}")]
    HermeticDirectory { host: String, reason: String },
    #[error(
        "it is not clear what to write to `{}`; what --dir-hermetic gives the guest to change is {}; name one of them, as in \
         `--write-back DIR::GUEST`", target.display(), listed(guests)
    )]
    WriteBackOfWhat { target: PathBuf, guests: Vec<String> },
    #[error(
        "the guest can only read `{guest}`, so that there is nothing to write back; leave out --write-back, or the `::ro` of \
         --dir-hermetic"
    )]
    WriteBackOfReadOnly { guest: String },
    #[error(
        "--write-back `{}` and `{}` are the same, or one is inside the other; give it a directory that nothing else is written to",
        target.display(), other.display()
    )]
    WriteBackOverlaps { target: PathBuf, other: PathBuf },
    #[error("`{guest}` cannot be written back to two places; give --write-back once for it")]
    WriteBackTwice { guest: String },
    #[error(
        "`{path}` in `{host}` is no file, directory or symbolic link, and could not be written back; remove it, or leave \
         out --write-back"
    )]
    WriteBackSpecial { host: String, path: String },
    #[error("cannot report what the guest changed: {reason}")]
    HermeticLeft { reason: String },
    #[error("`{}` is a component, and --profile is for core modules; leave it out", path.display())]
    ProfileOfComponent { path: PathBuf },
    #[error("cannot use --cache, because the run is not the same each time: {}", causes(.0))]
    Uncacheable(#[from] Tainted),
    #[error("cannot search, because a run is not the same each time: {}", causes(.0))]
    Unsearchable(Tainted),
    #[error("cannot write back: {reason}")]
    WriteBack { reason: String },
    #[error("cannot read the guest's input from `{}`: {error}; give --stdin a file that may be read", path.display())]
    StdinFile { path: PathBuf, error: io::Error },
    #[error("cannot read standard input: {0}; give a file with --stdin, or redirect it from /dev/null")]
    Stdin(io::Error),
    #[error(
        "the guest's input has more than {max} bytes, which is all that --max-stdin allows; allow more, or give less"
    )]
    StdinTooLong { max: u64 },
    #[error(
        "cannot give the guest a stack of {bytes} bytes: {error}; lower --max-wasm-stack, or give the process more memory"
    )]
    NoStack { bytes: u64, error: io::Error },
    #[error("cannot watch the run: {0}; give the process room for some more threads and files")]
    Unwatched(io::Error),
    #[error("cannot write the guest's {stream}: {error}; the run was ended there")]
    Output { stream: &'static str, error: io::Error },
    #[error("whoever read the output closed it")]
    BrokenPipe,
    #[error("cannot write the call log `{}`: {error}; give --log a path that may be written and has room", path.display())]
    Log { path: PathBuf, error: io::Error },
    #[error("cannot write the report `{}`: {error}; give --report a path that may be written", path.display())]
    Report { path: PathBuf, error: io::Error },
    #[error("cannot write the report `{}`: {reason}, or give --report another path", path.display())]
    ReportDirectory { path: PathBuf, reason: String },
    #[error("cannot write the core dump `{}`: {error}; give --core a path that may be written and has room", path.display())]
    Core { path: PathBuf, error: io::Error },
    #[error("`{}` is there, and is no core dump; remove it, or give --core another path", path.display())]
    CoreOverOther { path: PathBuf },
    #[error("there is no core dump for `{}`: {reason}", path.display())]
    NoCore { path: PathBuf, reason: String },
    #[error("the engine `{engine}` has no {what}; choose another, as with --engine cranelift")]
    NotOnEngine { engine: &'static str, what: &'static str },
    #[error("`{name}` is no command of detwasi; there are {}", known.join(", "))]
    NoSuchCommand { name: String, known: Vec<String> },
    #[error("cannot write to standard output: {0}")]
    OwnOutput(io::Error),
    #[error("the guest was ended {place}")]
    Ended { place: String, ended: Box<Ended>, stderr: Vec<u8>, beside: Option<String> },
    #[error(
        "`{}` ends with exit code {first} in one run {place} and with {other} in another, so the runs are not the same work \
         and cannot be compared; give it arguments and input with which it always ends alike", path.display()
    )]
    ExitVaries { path: PathBuf, place: &'static str, first: i32, other: i32 },
    #[error("cannot give stock WASI a copy of `{guest}`: {reason}; make room in the directory for temporary files")]
    Copy { guest: String, reason: String },
    #[error("the demo's guest was ended: {0}; please report this")]
    Demo(String),
    #[error("cannot write the trace `{}`: {error}; what was written before can be replayed", path.display())]
    TraceUnwritable { path: PathBuf, error: io::Error },
    #[error(
        "the trace `{}` has come to {max} bytes, which is all that --max-trace allows; allow more, or let the run go on without it \
         with --when-full recording", path.display()
    )]
    TraceFull { path: PathBuf, max: u64 },
    #[error("cannot read the trace `{}`: {error}; give what `detwasi record` wrote", path.display())]
    TraceUnreadable { path: PathBuf, error: io::Error },
    #[error("`{}`: {reason}", path.display())]
    BadTrace { path: PathBuf, reason: String },
    #[error("a run that is recorded is run, and not looked up; leave out --cache")]
    RecordCached,
    #[error("{0}")]
    Run(Error),
    #[error("the engine refuses: {0}; please report this")]
    Engine(String),
}

impl Problem {
    /// Prints the line and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        match self {
            Problem::BrokenPipe => ExitCode::from(BROKEN_PIPE),
            Problem::OwnOutput(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(BROKEN_PIPE),
            Problem::Ended { place, ended, stderr, beside } => {
                // What the guest said last may say why.
                let _ = io::stderr().write_all(stderr);
                let code = outcome::tell_where(ended, &format!(" {place}"));
                if let Some(beside) = beside {
                    let _ = writeln!(io::stderr(), "detwasi: {}", one_line(beside));
                }
                code
            }

            _ => tell(&self.to_string()),
        }
    }
}

/// The same in the words of the command line, with its options.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let path = PathBuf::from;
        match error {
            Error::NotWebAssembly { guest, reason } => Problem::NotWebAssembly { path: path(guest), reason },
            Error::Invalid { guest, reason } => Problem::Invalid { path: path(guest), reason },
            Error::NoCommand { guest, reason } => Problem::NoCommand { path: path(guest), reason },
            Error::NoRun { guest, exports } => Problem::NoRun { path: path(guest), exports },
            Error::NoHandler { guest, exports } => Problem::NoHandler { path: path(guest), exports },
            Error::ModuleAsHandler { guest } => Problem::ModuleAsHandler { path: path(guest) },
            Error::ResponderForModule { guest } => Problem::AnswersForModule { path: path(guest) },
            Error::PreloadForComponent { guest } => Problem::PreloadForComponent { path: path(guest) },
            Error::PreloadIsComponent { guest } => Problem::PreloadIsComponent { path: path(guest) },
            Error::PreloadUncounted { guest } => Problem::PreloadUncounted { path: path(guest) },
            Error::PreloadTwice { name } => Problem::PreloadTwice { name },
            Error::ProfileOfComponent { guest } => Problem::ProfileOfComponent { path: path(guest) },
            Error::NoSuchExport { guest, name, exports } => Problem::NoSuchExport { path: path(guest), name, exports },
            Error::AmbiguousExport { guest, name, exports } => {
                Problem::AmbiguousExport { path: path(guest), name, exports }
            }
            Error::BadCall { call, reason, signature } => Problem::BadCall { call, reason, signature },
            Error::UnknownImports { guest, imports, provided } => {
                Problem::UnknownImports { path: path(guest), imports, provided }
            }
            Error::Unlinkable { guest, reason, provided } => {
                Problem::Unlinkable { path: path(guest), reason, provided }
            }
            Error::MemoryTooSmall { guest, initial, max } => {
                Problem::MemoryTooSmall { path: path(guest), initial, max }
            }
            Error::Unstartable { guest, reason } => Problem::Unstartable { path: path(guest), reason },
            Error::MemoryImage { guest } => Problem::MemoryImage { path: path(guest) },
            Error::Directory { host, reason } => Problem::Directory { host, reason },
            Error::Hermetic { guest, reason } => Problem::HermeticDirectory { host: guest, reason },
            Error::HermeticLeft { reason } => Problem::HermeticLeft { reason },
            Error::Tainted(tainted) => Problem::Uncacheable(tainted),
            Error::Output(error) => stdio::failed(error),
            Error::NoStack { bytes, source } => Problem::NoStack { bytes, error: source },
            Error::NotOnEngine { kind, what } => Problem::NotOnEngine { engine: kind.name(), what },
            Error::Engine(reason) => Problem::Engine(reason),
            other => Problem::Run(other),
        }
    }
}

/// What the engine refuses of what it was asked by us.
pub(crate) fn refused(error: wasmtime::Error) -> Problem {
    Problem::Engine(chain(&error))
}

/// Prints one line and gives the exit code of problems.
pub(crate) fn tell(line: &str) -> ExitCode {
    note(line);
    ExitCode::from(EXIT_CODE)
}

/// What keeps a run from being the same each time, by the options' names.
fn causes(tainted: &Tainted) -> String {
    let causes = tainted.reasons.iter().map(|reason| match reason {
        Taint::LiveDirectory { guest } => {
            format!(
                "--dir gives the guest `{guest}` as the host has it; give it by --dir-hermetic, which reads it first"
            )
        }
        Taint::LiveResponder => {
            "--allow-http lets HTTP requests out; answer them by --http-answers alone, or record the run".into()
        }
        other => other.to_string(),
    });
    let mut causes: Vec<_> = causes.collect();
    if tainted.reasons.iter().any(|reason| matches!(reason, Taint::Policy { .. })) {
        causes.push("choose another --preset".into());
    }
    causes.join("; ")
}

/// Prints one line that is no problem.
pub(crate) fn note(line: &str) {
    // When stderr is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "detwasi: {}", one_line(line));
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}
