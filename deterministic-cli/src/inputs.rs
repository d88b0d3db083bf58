//! From the command line to the value of a run.

use std::path::PathBuf;

use deterministic_policies::Preset;
use deterministic_run::{Guest, Inputs};

use crate::args::GuestArgs;
use crate::compiled;
use crate::problem::Problem;

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

/// As `wasmtime run`: the file name alone, so that where it lies makes no difference.
fn argument_0(args: &GuestArgs) -> String {
    match &args.argv0 {
        Some(name) => name.clone(),
        None => args.guest().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}
