//! Engines that lack one setting each, and what the checker says of them.

use deterministic_wasmtime::configure;
use deterministic_wasmtime::engine::{Compiler, EngineError, Evidence, MAX_WASM_STACK, Setting, Weight, check_engine};
use wasmtime::{
    Collector, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy, WasmBacktraceDetails,
};

type Change = fn(&mut Config) -> &mut Config;

/// The configuration of `configure`, and then `change`.
fn engine(change: impl FnOnce(&mut Config) -> &mut Config) -> Engine {
    let mut config = Config::new();
    change(configure(&mut config));
    Engine::new(&config).unwrap()
}

fn settings(engine: &Engine) -> Vec<Setting> {
    check_engine(engine).unwrap().findings.into_iter().map(|finding| finding.setting).collect()
}

#[test]
fn a_configured_engine_lacks_nothing_with_every_compiler() {
    let engines: [(Compiler, Change); 4] = [
        (Compiler::Cranelift, |config| config),
        (Compiler::Cranelift, |config| config.consume_fuel(true)),
        (Compiler::Winch, |config| config.strategy(Strategy::Winch)),
        (Compiler::Pulley, |config| config.target("pulley64").unwrap()),
    ];
    for (index, (compiler, change)) in engines.into_iter().enumerate() {
        let report = check_engine(&engine(change)).unwrap().require().unwrap();
        assert_eq!((report.findings.as_slice(), report.compiler, report.fuel), (&[][..], compiler, index == 1));
        assert!(report.call_depth.unwrap() > 1000, "{report:?}");
    }
}

#[test]
fn each_missing_setting_is_the_only_finding() {
    let changes: [(Setting, Change); 12] = [
        (Setting::NanBits, |config| config.cranelift_nan_canonicalization(false)),
        (Setting::RelaxedSimd, |config| config.relaxed_simd_deterministic(false)),
        (Setting::SharedMemory, |config| config.shared_memory(true)),
        (Setting::SharedEverythingThreads, |config| config.wasm_shared_everything_threads(true)),
        (Setting::ComponentThreads, |config| config.wasm_component_model_threading(true)),
        (Setting::Epochs, |config| config.epoch_interruption(true)),
        (Setting::StackSize, |config| config.max_wasm_stack(1 << 20)),
        (Setting::StackSize, |config| config.max_wasm_stack(MAX_WASM_STACK / 2)),
        (Setting::Collector, |config| config.collector(Collector::DeferredReferenceCounting)),
        (Setting::FixedMemory, |config| config.memory_may_move(false)),
        (Setting::BacktraceDetails, |config| config.wasm_backtrace_details(WasmBacktraceDetails::Enable)),
        (Setting::BacktraceDetails, |config| config.wasm_backtrace_details(WasmBacktraceDetails::Environment)),
    ];
    for (setting, change) in changes {
        let engine = engine(change);
        let report = check_engine(&engine).unwrap();
        assert_eq!(settings(&engine), [setting]);
        let finding = report.findings[0].to_string();
        assert!(finding.contains(setting.fix()) && setting.fix().contains("Config::"), "{finding}");
        assert_eq!(report.is_deterministic(), setting.weight() < Weight::Results);
        match report.require() {
            Ok(_) => assert!(setting.weight() < Weight::Results),
            Err(EngineError::NotDeterministic(findings)) => assert_eq!(findings[0].setting, setting),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn the_probes_show_what_a_guest_would_see() {
    let shown = |change: Change| match check_engine(&engine(change)).unwrap().findings.remove(0).evidence {
        Evidence::Shown { probe, gave, expected } => (probe, gave, expected),
        other => panic!("{other:?}"),
    };
    // A payload is kept on every processor, and in every compiler.
    let compilers: [Change; 3] = [
        |config| config.cranelift_nan_canonicalization(false),
        |config| config.cranelift_nan_canonicalization(false).strategy(Strategy::Winch),
        |config| config.cranelift_nan_canonicalization(false).target("pulley64").unwrap(),
    ];
    for change in compilers {
        let (probe, gave, expected) = shown(change);
        assert_eq!((probe, expected.as_str()), ("f32.add", "0x7fc00000"));
        assert_ne!(gave, expected);
    }
    assert_eq!(shown(|config| config.epoch_interruption(true)).1, "an interrupt");
    assert_eq!(shown(|config| config.shared_memory(true)).1, "a memory");
    if cfg!(target_arch = "x86_64") {
        let (probe, gave, expected) = shown(|config| config.relaxed_simd_deterministic(false));
        assert_eq!(probe, "i32x4.relaxed_trunc_f32x4_s");
        assert_eq!([gave, expected], ["0x8000000080000000", "0x7fffffff7fffffff"]);
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_processor_on_which_relaxed_madd_keeps_the_bits_of_nans_is_found() {
    let this = Engine::default().get_target().unwrap();
    let report = check_engine(&engine(|config| config.target(&this).unwrap())).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].setting, Setting::RelaxedSimd);
    assert!(report.findings[0].to_string().contains("f32x4.relaxed_madd gave 0x7fc12345"), "{}", report.findings[0]);
    assert_eq!(settings(&engine(|config| config.target(&this).unwrap().wasm_relaxed_simd(false))), []);
}

#[test]
fn what_no_guest_can_use_is_not_missing() {
    assert_eq!(settings(&engine(|config| config.relaxed_simd_deterministic(false).wasm_relaxed_simd(false))), []);
    assert_eq!(settings(&engine(|config| config.shared_memory(true).wasm_threads(false))), []);
    assert_eq!(settings(&engine(|config| config.wasm_relaxed_simd(false).wasm_simd(false))), []);
    assert_eq!(settings(&engine(|config| config.gc_support(false).collector(Collector::Null))), []);
}

#[test]
fn the_default_engine_lacks_several() {
    let found = settings(&Engine::default());
    assert_eq!(found, [Setting::NanBits, Setting::RelaxedSimd, Setting::Collector, Setting::BacktraceDetails]);
    let error = check_engine(&Engine::default()).unwrap().require().unwrap_err().to_string();
    assert!(error.contains("cranelift_nan_canonicalization") && error.contains("relaxed_simd"), "{error}");
    assert!(!error.contains("collector"), "{error}");
}

#[test]
fn an_engine_without_a_compiler_or_for_another_machine_is_a_typed_error() {
    let error = check_engine(&engine(|config| config.enable_compiler(false))).unwrap_err();
    assert!(matches!(error, EngineError::NoCompiler), "{error}");
    let foreign = if cfg!(target_arch = "s390x") { "x86_64-unknown-linux-gnu" } else { "s390x-unknown-linux-gnu" };
    let mut config = Config::new();
    // A wasmtime without that code generator cannot even be configured so.
    if let Ok(engine) = config.target(foreign).and_then(|config| Engine::new(configure(config))) {
        let error = check_engine(&engine).unwrap_err();
        assert!(matches!(error, EngineError::NotRun { .. }), "{error}");
    }
}

#[test]
fn a_check_leaves_nothing_in_the_engine() {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(1).total_memories(1).total_tables(1).total_gc_heaps(1).total_stacks(1);
    let engine = engine(|config| config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)));
    let report = check_engine(&engine).unwrap();
    assert_eq!(report, check_engine(&engine).unwrap());
    assert_eq!(report.findings, []);
    let metrics = engine.pooling_allocator_metrics().unwrap();
    assert_eq!((metrics.core_instances(), metrics.memories()), (0, 0));
    // The only place is taken.
    let mut store = wasmtime::Store::new(&engine, ());
    let module = wasmtime::Module::new(&engine, "(module)").unwrap();
    wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let error = check_engine(&engine).unwrap_err();
    assert!(matches!(error, EngineError::NotRun { .. }), "{error}");
}

#[test]
fn a_guest_with_shared_memory_is_refused() {
    let engine = engine(|config| config);
    let module = wasmtime::Module::new(&engine, r#"(module (import "env" "memory" (memory 1 1 shared)))"#).unwrap();
    let error = wasmtime::SharedMemory::new(&engine, wasmtime::MemoryType::shared(1, 1)).unwrap_err();
    assert!(error.to_string().contains("shared memor"), "{error}");
    let mut store = wasmtime::Store::new(&engine, ());
    assert!(wasmtime::Linker::new(&engine).instantiate(&mut store, &module).is_err());
}
