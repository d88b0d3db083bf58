//! From the command line to the value of a run.

use std::path::PathBuf;

use bytes::Bytes;
use deterministic_policies::Preset;
use deterministic_run::{Error, Guest, Inputs, Kind, Request};

use crate::args::{CalledArgs, GuestArgs};
use crate::directories::Directories;
use crate::problem::Problem;
use crate::{answers, compiled, guest, stdin};

/// The value of a run but for what is read of files and of standard input.
pub(crate) fn inputs(args: &GuestArgs, guest: Guest) -> Result<Inputs, Problem> {
    let mut inputs = Inputs::of(guest)
        .bundle(args.bundle())
        .arg0(argument_0(args))
        .max_memory(args.max_memory.as_u64())
        .max_held(args.max_held.as_u64())
        .max_wasm_stack(args.wasm_stack())
        .max_files(args.max_files.as_u64())
        .max_call_depth_of_stack(args.preset() == Preset::Strict)
        .compile_cache(compiled::kept(&args.compile));
    for arg in args.guest_args() {
        let text = arg.to_str().ok_or_else(|| Problem::ArgumentNotUtf8(arg.to_string_lossy().into_owned()))?;
        inputs = inputs.arg(text);
    }
    for (name, value) in &args.envs {
        inputs = inputs.env(name, value);
    }
    for dir in &args.dirs {
        inputs = inputs.live_dir(PathBuf::from(&dir.host), &dir.guest, dir.access);
    }
    for name in &args.allowed_imports {
        inputs = inputs.allow_import(name);
    }
    if let Some(units) = args.max_call_depth {
        inputs = inputs.max_call_depth(units);
    }
    if let Some(fuel) = args.fuel {
        inputs = inputs.fuel(fuel);
    }
    Ok(inputs)
}

/// The value with what is called of the guest, what is there before it, and who answers it.
pub(crate) fn called(args: &CalledArgs, mut inputs: Inputs) -> Result<Inputs, Problem> {
    let (name, kind) = (inputs.guest().name().to_owned(), inputs.guest().kind());
    if let Some(call) = &args.invoke {
        inputs = inputs.invoke(call);
    }
    if let Some(path) = &args.http_request {
        // What it cannot be called with need not be read.
        if kind == Kind::Module {
            return Err(Error::ModuleAsHandler { guest: name }.into());
        }
        let read = std::fs::read(path).map_err(|error| Problem::RequestUnreadable { path: path.clone(), error })?;
        let request = Request::parse(&read).map_err(|error| match error {
            Error::BadRequest(error) => Problem::BadRequest { path: path.clone(), error },
            error => error.into(),
        })?;
        inputs = inputs.request(request);
    }
    if kind == Kind::Component && !args.preloads.is_empty() {
        return Err(Error::PreloadForComponent { guest: name }.into());
    }
    for (name, path) in &args.preloads {
        inputs = inputs.preload(name, guest::read(path.clone())?);
    }
    inputs = answers::give(inputs, args.http_answers.as_deref(), &args.allowed_hosts)?;
    if let Some(level) = args.engine_opt_level {
        inputs = inputs.opt_level(level);
    }
    Ok(inputs.engine_kind(args.engine))
}

/// The whole value, with all that is read for it, for `whoever` needs that before the guest starts; and what was read as standard input.
pub(crate) fn whole(common: &GuestArgs, args: &CalledArgs, whoever: &str) -> Result<(Inputs, Bytes), Problem> {
    let inputs = called(args, inputs(common, guest::read(common.guest())?)?)?;
    inputs.check()?;
    guest::compile(&inputs, || Ok(inputs.prepare()?))?;
    let directories = Directories::read(common, &[])?;
    let stdin = stdin::open(common, &inputs)?;
    let input = stdin::read_ahead(common, &stdin, whoever)?;
    common.seed.tell();
    Ok((directories.give(inputs).stdin_from(stdin), input))
}

/// As `wasmtime run`: the file name alone, so that where it lies makes no difference.
fn argument_0(args: &GuestArgs) -> String {
    match &args.argv0 {
        Some(name) => name.clone(),
        None => args.guest().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}
