//! `detwasi audit`.

use std::process::ExitCode;

use deterministic_run::{Kind, Summary, engine_config};
use deterministic_wasmtime::coverage::{Coverage, Import};
use deterministic_wasmtime::engine::MAX_WASM_STACK;
use serde::Serialize;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::args::AuditArgs;
use crate::compiled;
use crate::guest;
use crate::problem::{Problem, refused};
use crate::stdio::say;

/// Grows when a field changes its meaning or goes away; a new field changes nothing.
const FORMAT: u32 = 1;

/// What a guest with uncovered imports makes the exit code.
const UNCOVERED: u8 = 1;

#[derive(Debug, Serialize)]
struct Audit<'a> {
    format: u32,
    guest_sha256: String,
    kind: &'static str,
    imports: &'a [Import],
    uncovered: usize,
}

/// Prints each import with its label.
pub(crate) fn audit(args: &AuditArgs) -> Result<ExitCode, Problem> {
    let engine =
        Engine::new(engine_config(false, MAX_WASM_STACK).cache(compiled::kept(&args.compile))).map_err(refused)?;
    let guest = guest::read(args.guest.clone())?;
    let (kind, coverage) = match guest.kind() {
        Kind::Module => ("module", Coverage::of_module(&guest.compile(|binary| Module::from_binary(&engine, binary))?)),
        Kind::Component => {
            let component = guest.compile(|binary| Component::from_binary(&engine, binary))?;
            ("component", Coverage::of_component(&component))
        }
    };
    let uncovered = coverage.uncovered().count();
    let text = if args.json {
        let guest_sha256 = Summary::of(guest.binary()).sha256;
        let audit = Audit { format: FORMAT, guest_sha256, kind, imports: coverage.imports(), uncovered };
        serde_json::to_string_pretty(&audit).map_err(|error| Problem::OwnOutput(error.into()))? + "\n"
    } else {
        coverage.to_string()
    };
    say(&text)?;
    Ok(if uncovered == 0 { ExitCode::SUCCESS } else { ExitCode::from(UNCOVERED) })
}
