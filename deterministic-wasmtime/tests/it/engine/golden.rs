//! One SHA-256 over what every float instruction gives, which is the same under every compiler. After CosmWasm's test of
//! that kind.

use deterministic_wasmtime::configure;
use deterministic_wasmtime::engine::check_engine;
use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, Instance, Module, OptLevel, RegallocAlgorithm, Result, Store, Strategy, Trap};

use super::edge_values::{COUNT, tables};
use super::instructions::{Function, GOLDEN, RESULTS, all};

const SLOT: usize = 16;
const PAGES: usize = (RESULTS + COUNT * COUNT * SLOT).div_ceil(1 << 16);

/// The digest of each function's results; none of one that the compiler refuses.
fn digests(engine: &Engine, functions: &[Function]) -> Vec<Option<[u8; 32]>> {
    let refs: Vec<&Function> = functions.iter().collect();
    if let Ok(digests) = run(engine, &refs) {
        return digests.into_iter().map(Some).collect();
    }
    refs.iter().map(|function| run(engine, &[function]).ok().map(|digests| digests[0])).collect()
}

fn run(engine: &Engine, functions: &[&Function]) -> Result<Vec<[u8; 32]>> {
    let texts: String = functions.iter().map(|function| function.text()).collect();
    let module = Module::new(engine, format!("(module (memory (export \"memory\") {PAGES})\n{texts})"))?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.write(&mut store, 0, &tables())?;
    let digest = |function: &&Function| {
        let mut sha = Sha256::new();
        sha.update(&function.name);
        // What the function before has left, where a result is shorter than its slot.
        memory.data_mut(&mut store)[RESULTS..].fill(0);
        if function.traps {
            let call = instance.get_typed_func::<u32, ()>(&mut store, &function.name)?;
            for index in 0..COUNT as u32 {
                match call.call(&mut store, index) {
                    Ok(()) => sha.update(&memory.data(&store)[RESULTS..][..SLOT]),
                    Err(error) => sha.update(error.downcast_ref::<Trap>().unwrap().to_string()),
                }
            }
        } else {
            instance.get_typed_func::<(), ()>(&mut store, &function.name)?.call(&mut store, ())?;
            sha.update(&memory.data(&store)[RESULTS..][..function.results() * SLOT]);
        }
        Ok(sha.finalize().into())
    };
    functions.iter().map(digest).collect()
}

fn golden(digests: &[[u8; 32]]) -> String {
    let mut sha = Sha256::new();
    digests.iter().for_each(|digest| sha.update(digest));
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn engine(change: impl FnOnce(&mut Config) -> &mut Config) -> Engine {
    let mut config = Config::new();
    let engine = Engine::new(change(configure(&mut config))).unwrap();
    check_engine(&engine).unwrap().require().unwrap();
    engine
}

/// The digests under Cranelift as it is configured by default, compared with the golden one.
fn reference(functions: &[Function]) -> Vec<[u8; 32]> {
    let reference: Vec<[u8; 32]> = digests(&engine(|config| config), functions).into_iter().flatten().collect();
    assert_eq!(reference.len(), functions.len());
    assert_eq!(golden(&reference), GOLDEN, "over {} functions", functions.len());
    reference
}

/// Asserts that `engine` gives the same, and returns the names of what it refuses.
fn same(label: &str, engine: &Engine, functions: &[Function], reference: &[[u8; 32]]) -> Vec<String> {
    let digests = digests(engine, functions);
    let differs = |index: &usize| digests[*index].is_some_and(|digest| digest != reference[*index]);
    let differing: Vec<&str> = (0..functions.len()).filter(differs).map(|index| &*functions[index].name).collect();
    assert_eq!(differing, <[&str; 0]>::default(), "under {label}");
    let refused = |index: &usize| digests[*index].is_none();
    (0..functions.len()).filter(refused).map(|index| functions[index].name.clone()).collect()
}

#[test]
fn float_instructions_are_the_same_under_every_cranelift() {
    let functions = all();
    let reference = reference(&functions);
    let levels = [OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize];
    for level in levels {
        let engine = engine(|config| config.cranelift_opt_level(level));
        let refused = same(&format!("{level:?}"), &engine, &functions, &reference);
        assert_eq!(refused, <[&str; 0]>::default());
    }
    let single_pass = engine(|config| config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass));
    let no_signals = engine(|config| config.signals_based_traps(false));
    for (label, engine) in [("single pass", single_pass), ("no signals", no_signals)] {
        assert_eq!(same(label, &engine, &functions, &reference), <[&str; 0]>::default());
    }
    // The oldest processor of this kind: without any of the features of the one that runs this. On x86-64 its relaxed_madd leaves
    // NaNs as they are, which the checker finds.
    let this = Engine::default().get_target().unwrap();
    let baseline = engine(|config| config.target(&this).unwrap().wasm_relaxed_simd(false));
    let refused = same("baseline", &baseline, &functions, &reference);
    assert!(refused.len() == 20 && refused.iter().all(|name| name.contains("relaxed")), "{refused:?}");
}

#[test]
fn float_instructions_are_the_same_under_pulley() {
    let functions = all();
    let reference = reference(&functions);
    let pulley = engine(|config| config.target("pulley64").unwrap());
    assert_eq!(same("Pulley", &pulley, &functions, &reference), <[&str; 0]>::default());
}

#[test]
fn float_instructions_are_the_same_under_winch_where_it_has_them() {
    let functions = all();
    let reference = reference(&functions);
    let winch = engine(|config| config.strategy(Strategy::Winch));
    let refused = same("Winch", &winch, &functions, &reference);
    // Relaxed instructions, and on an x86-64 without AVX all those on vectors.
    #[cfg(target_arch = "x86_64")]
    let vectors = std::is_x86_feature_detected!("avx");
    #[cfg(not(target_arch = "x86_64"))]
    let vectors = false;
    let lacks = if vectors { "relaxed" } else { "x" };
    assert!(refused.iter().all(|name| name.contains(lacks)), "{refused:?}");
}
