//! What every float and vector instruction gives: the digest that Wasmtime gives under each of its compilers.

use sha2::{Digest, Sha256};
use wasmi::{Config, Engine, Linker, Module, Store};

use self::edge_values::{COUNT, tables};
use self::instructions::{Function, GOLDEN, RESULTS, all};
use crate::sides::trap;

#[path = "../../../deterministic-wasmtime/tests/it/engine/edge_values.rs"]
mod edge_values;
#[path = "../../../deterministic-wasmtime/tests/it/engine/instructions.rs"]
mod instructions;

const SLOT: usize = 16;
const PAGES: usize = (RESULTS + COUNT * COUNT * SLOT).div_ceil(1 << 16);

fn digest(engine: &Engine, function: &Function) -> [u8; 32] {
    let text = format!("(module (memory (export \"memory\") {PAGES})\n{})", function.text());
    let module = Module::new(engine, text).unwrap();
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine).instantiate_and_start(&mut store, &module).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    memory.write(&mut store, 0, &tables()).unwrap();
    let mut sha = Sha256::new();
    sha.update(&function.name);
    if function.traps {
        let call = instance.get_typed_func::<u32, ()>(&store, &function.name).unwrap();
        for index in 0..COUNT as u32 {
            match call.call(&mut store, index) {
                Ok(()) => sha.update(&memory.data(&store)[RESULTS..][..SLOT]),
                Err(error) => sha.update(trap(error.as_trap_code().unwrap()).to_string()),
            }
        }
    } else {
        instance.get_typed_func::<(), ()>(&store, &function.name).unwrap().call(&mut store, ()).unwrap();
        sha.update(&memory.data(&store)[RESULTS..][..function.results() * SLOT]);
    }
    sha.finalize().into()
}

#[test]
fn float_instructions_are_the_same_as_on_wasmtime() {
    let engine = Engine::new(deterministic_wasmi::configure(&mut Config::default()));
    let mut sha = Sha256::new();
    for function in all() {
        sha.update(digest(&engine, &function));
    }
    let golden: String = sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(golden, GOLDEN);
}
