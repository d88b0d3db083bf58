//! The options that say what is called of a guest, who is there beside it, and what it runs on.

use std::path::PathBuf;

use deterministic_run::{EngineKind, opt_level};
use deterministic_wasmtime::http::client::AllowedHost;
use wasmtime::OptLevel;

use super::values::parse_preload;

// (With a doc comment, clap would take it for the commands' text.)
#[derive(Debug, clap::Args)]
pub(crate) struct CalledArgs {
    /// The export to call instead of running the program: `NAME(ARGS)`, for components in WAVE; or a core module's NAME,
    /// whose arguments are then ARGS
    #[arg(long, value_name = "CALL")]
    pub(crate) invoke: Option<String>,

    /// The HTTP/1.1 request (request line, header fields, empty line, body) to call a component's `wasi:http` handler with
    /// instead of running the program; prints the response
    #[arg(long, value_name = "FILE", conflicts_with = "invoke")]
    pub(crate) http_request: Option<PathBuf>,

    /// What a component's own HTTP requests are answered with, in TOML: `[[answer]]` with `request`, `status`, `headers`, `body`
    /// and others. One without an answer is refused, unless --allow-http lets it out
    #[arg(long, value_name = "FILE")]
    pub(crate) http_answers: Option<PathBuf>,

    /// A host that a component's own HTTP requests are let out to, such as `example.org`, `*.example.org`, `127.0.0.1:8080`, `[::1]:*`; the port is
    /// the scheme's own unless it is given. What it answers may be something else the next time: `record` keeps it. May be given again
    #[arg(long = "allow-http", value_name = "HOST")]
    pub(crate) allowed_hosts: Vec<AllowedHost>,

    /// A core module that is there before the guest, which can import what it exports from NAME; may be given again, and a
    /// later one can import from those before it
    #[arg(long = "preload", value_name = "NAME=FILE", value_parser = parse_preload)]
    pub(crate) preloads: Vec<(String, PathBuf)>,

    /// Which engine runs the guest: cranelift, winch (which compiles sooner, to slower code), or an interpreter: pulley, or wasmi, which
    /// shares nothing with the others. What comes of it is the same on each. `compare` has no such option, as stock has but cranelift
    #[arg(long, value_name = "NAME", default_value_t = EngineKind::Cranelift)]
    pub(crate) engine: EngineKind,

    /// How much Cranelift optimises, for itself or for pulley: none, speed or speed-and-size [default: speed]
    #[arg(long, value_name = "LEVEL", value_parser = opt_level)]
    pub(crate) engine_opt_level: Option<OptLevel>,
}
