//! Every float and vector instruction on wasmi: the functions of the golden test, each by itself. Those of vectors are refused on
//! a big-endian processor, where wasmi's answers are wrong.

#[path = "../../deterministic-wasmtime/tests/it/engine/edge_values.rs"]
mod edge_values;
#[path = "../../deterministic-wasmtime/tests/it/engine/instructions.rs"]
#[allow(dead_code, reason = "the digest there is of all of them")]
mod instructions;

use std::io;

use deterministic_wasmi::configure;
use wasmi::{Config, Engine, Linker, Module, Store};

use self::edge_values::{COUNT, tables};
use self::instructions::{Function, RESULTS, all};
use crate::report::Report;

const SLOT: usize = 16;
const PAGES: usize = (RESULTS + COUNT * COUNT * SLOT).div_ceil(1 << 16);

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    let engine = Engine::new(configure(&mut Config::default()));
    for function in all() {
        let text = format!("(module (memory (export \"memory\") {PAGES})\n{})", function.text());
        let wasm = wat::parse_str(&text).expect("a function in text format");
        let name = format!("float/{}", function.name);
        match Module::new(&engine, &wasm) {
            Ok(module) if text.contains("v128") => {
                report.line_of_little_endian(name, &results(&engine, &module, &function))?
            }
            Ok(module) => report.line(name, &results(&engine, &module, &function))?,
            Err(error) => assert!(cfg!(target_endian = "big") && error.to_string().contains("SIMD"), "{name}: {error}"),
        }
    }
    Ok(())
}

fn results(engine: &Engine, module: &Module, function: &Function) -> Vec<u8> {
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine).instantiate_and_start(&mut store, module).expect("it imports nothing");
    let memory = instance.get_memory(&store, "memory").expect("it exports one");
    memory.write(&mut store, 0, &tables()).expect("it is that large");
    if !function.traps {
        let call = instance.get_typed_func::<(), ()>(&store, &function.name).expect("it is exported");
        call.call(&mut store, ()).expect("it does not trap");
        return memory.data(&store)[RESULTS..][..function.results() * SLOT].to_vec();
    }
    let call = instance.get_typed_func::<u32, ()>(&store, &function.name).expect("it is exported");
    let mut said = Vec::new();
    for index in 0..COUNT as u32 {
        match call.call(&mut store, index) {
            Ok(()) => said.extend_from_slice(&memory.data(&store)[RESULTS..][..SLOT]),
            Err(error) => said.extend(error.to_string().into_bytes()),
        }
    }
    said
}
