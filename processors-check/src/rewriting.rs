//! Modules, those that compilers made and generated ones, and what each rewriting makes of them.

use std::fmt::Display;
use std::io;

use arbitrary::Unstructured;
use deterministic_instrument::call_depth::{CallCost, limit_call_depth_by, module_instances, units_for_stack};
use deterministic_instrument::memories::export_memories;
use deterministic_instrument::nan::canonicalize_nans;
use deterministic_instrument::profile::add_counters;
use deterministic_instrument::start::defer_start;
use deterministic_instrument::stopwatch::add_stopwatch;
use wasm_smith::{Config, Module};

use crate::draws::Draws;
use crate::report::Report;

const GENERATED: u64 = 100;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    for guest in test_programs::ALL {
        let wasm = wat::parse_bytes(guest.wasm).expect("a guest is a module");
        rewritten(report, guest.name, &wasm)?;
    }
    for number in 0..GENERATED {
        rewritten(report, format_args!("generated-{number}"), &generated(number))?;
    }
    Ok(())
}

fn generated(number: u64) -> Vec<u8> {
    let bytes = Draws::new(number).bytes(2_000);
    let mut u = Unstructured::new(&bytes);
    let config = Config {
        bulk_memory_enabled: true,
        exceptions_enabled: true,
        gc_enabled: true,
        memory64_enabled: true,
        reference_types_enabled: true,
        simd_enabled: true,
        tail_call_enabled: true,
        max_memories: 3,
        ..Config::default()
    };
    Module::new(config, &mut u).expect("it makes a module of any bytes").to_bytes()
}

fn rewritten(report: &mut Report, name: impl Display, wasm: &[u8]) -> io::Result<()> {
    report.line(format_args!("module/{name}"), wasm)?;
    let limit = units_for_stack(512 << 10);
    for (way, cost) in [("call", CallCost::Call), ("frame", CallCost::Frame), ("code", CallCost::Code)] {
        let made = limit_call_depth_by(wasm, limit, cost);
        report.line(format_args!("module/{name}/depth-{way}"), &said(&made, |made| made))?;
    }
    let made = canonicalize_nans(wasm);
    report.line(format_args!("module/{name}/nans"), &said(&made, |made| made))?;
    let made = export_memories(wasm);
    report.line(format_args!("module/{name}/memories"), &said(&made, |made| &made.wasm))?;
    let made = add_counters(wasm);
    report.line(format_args!("module/{name}/counters"), &said(&made, |made| &made.wasm))?;
    let made = defer_start(wasm);
    report.line(format_args!("module/{name}/start"), &said(&made, |made| &made.wasm))?;
    let made = add_stopwatch(wasm, &["", "wasi_snapshot_preview1"]);
    report.line(format_args!("module/{name}/stopwatch"), &said(&made, |made| &made.wasm))?;
    report.line(format_args!("module/{name}/instances"), format!("{:?}", module_instances(wasm)).as_bytes())
}

/// The module, or why there is none.
fn said<'a, T, E: Display>(made: &'a Result<T, E>, wasm: impl Fn(&'a T) -> &'a [u8]) -> Vec<u8> {
    match made {
        Ok(made) => wasm(made).to_vec(),
        Err(error) => error.to_string().into_bytes(),
    }
}
