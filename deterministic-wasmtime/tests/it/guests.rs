//! Every guest under every preset, twice, with its memory searched for at each call and with it known: stdout, stderr, how
//! it ended, the time that passed in it, the calls it made and its final memory are the same. Each guest has a function here; one without does not compile.

use deterministic_wasmtime::core::{Instant, PolicyError, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{MAX_SLEEPS_IN_VAIN, WasiCtxBuilderExt as _, configure, p1};
use test_programs::Guest;
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, Trap};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

macro_rules! assert_test_exists {
    ($($name:ident)*) => { $(#[expect(unused_imports, reason = "that it resolves is the check")] use self::$name as _;)* };
}
test_programs::foreach_guest!(assert_test_exists);

/// What a guest is given.
#[derive(Clone, Copy, Default)]
struct Setting {
    args: &'static [&'static str],
    stdin: &'static str,
    directory: Directory,
    /// The exit code, 0 unless said.
    code: i32,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Directory {
    #[default]
    None,
    /// A small tree that the guest may read; the same one for all runs.
    Tree,
    /// An empty one for each run.
    Empty,
}

#[derive(Debug, PartialEq)]
enum End {
    Exit(i32),
    Trap(String),
    Refused,
}

/// A finished run. The store is kept for its memory, which is compared in place: some guests have gigabytes.
struct Run {
    store: Store<p1::P1Ctx>,
    memory: Option<Memory>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    end: End,
}

/// How the guest finds its imports.
enum Linked {
    /// By an ordinary linker.
    Plain(Linker<p1::P1Ctx>, Module),
    Prepared(p1::InstancePre<p1::P1Ctx>),
}

impl Linked {
    fn plain(module: &Module) -> Self {
        let mut linker = Linker::new(module.engine());
        p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        Linked::Plain(linker, module.clone())
    }

    fn prepared(module: &Module) -> Self {
        let linker = Linker::new(module.engine());
        Linked::Prepared(p1::instantiate_pre_sync(&linker, module, |ctx: &mut p1::P1Ctx| ctx).unwrap())
    }

    fn instantiate(&self, ctx: p1::P1Ctx) -> (Store<p1::P1Ctx>, Instance) {
        let engine = match self {
            Linked::Plain(linker, _) => linker.engine(),
            Linked::Prepared(program) => program.module().engine(),
        };
        let mut store = Store::new(engine, ctx);
        let instance = match self {
            Linked::Plain(linker, module) => linker.instantiate(&mut store, module),
            Linked::Prepared(program) => program.instantiate(&mut store),
        };
        (store, instance.unwrap())
    }
}

fn run(linked: &Linked, guest: Guest, setting: Setting, preset: Preset, tree: &std::path::Path) -> Run {
    let (stdout, stderr) = (MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 20));
    let own = tempfile::tempdir().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.arg(guest.name).args(setting.args).env("LANG", "C");
    builder.stdin(MemoryInputPipe::new(setting.stdin)).stdout(stdout.clone()).stderr(stderr.clone());
    match setting.directory {
        Directory::None => {}
        Directory::Tree => _ = builder.preopened_dir(tree, "/", FsPerms::ReadOnly).unwrap(),
        Directory::Empty => _ = builder.preopened_dir(own.path(), "/", FsPerms::ReadWrite).unwrap(),
    }
    let (mut store, instance) =
        linked.instantiate(builder.build_deterministic_p1(preset.policies(&Seed::from_u64(11))));
    let result = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap().call(&mut store, ());
    let end = match result {
        Ok(()) => End::Exit(0),
        Err(error) => match (error.downcast_ref::<I32Exit>(), error.downcast_ref::<Trap>()) {
            (Some(exit), _) => End::Exit(exit.0),
            (_, Some(trap)) => End::Trap(trap.to_string()),
            _ if matches!(error.downcast_ref(), Some(PolicyError::RandomRefused)) => End::Refused,
            _ => End::Trap(error.root_cause().to_string()),
        },
    };
    let memory = instance.get_memory(&mut store, "memory");
    Run { store, memory, stdout: stdout.contents().to_vec(), stderr: stderr.contents().to_vec(), end }
}

impl Run {
    fn assert_same(&self, other: &Run, context: &str) {
        let (a, b) = (&self.store.data().deterministic(), &other.store.data().deterministic());
        assert_eq!(String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&other.stdout), "{context}");
        assert_eq!(String::from_utf8_lossy(&self.stderr), String::from_utf8_lossy(&other.stderr), "{context}");
        assert_eq!(self.end, other.end, "{context}");
        assert_eq!(a.now(), b.now(), "{context}");
        assert_eq!(a.host_calls().collect::<Vec<_>>(), b.host_calls().collect::<Vec<_>>(), "{context}");
        let memory = |run: &Self| run.memory.map(|memory| memory.data_size(&run.store));
        assert_eq!(memory(self), memory(other), "{context}");
        if let (Some(ours), Some(theirs)) = (self.memory, other.memory) {
            assert!(ours.data(&self.store) == theirs.data(&other.store), "{context}: the final memories differ");
        }
    }
}

fn check(guest: Guest, setting: Setting) {
    let mut config = Config::new();
    let engine = Engine::new(configure(&mut config)).unwrap();
    let module = Module::new(&engine, guest.wasm).unwrap();
    let (plain, prepared) = (Linked::plain(&module), Linked::prepared(&module));
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("directory")).unwrap();
    for name in ["zeta", "alpha", "directory/inner"] {
        std::fs::write(tree.path().join(name), name).unwrap();
    }
    for preset in Preset::ALL.iter().copied() {
        let context = format!("{} under {preset}", guest.name);
        let first = run(&plain, guest, setting, preset, tree.path());
        match &first.end {
            End::Trap(_) => assert!(guest.must_trap(), "{context}: {:?}", first.end),
            End::Exit(code) => {
                let stderr = String::from_utf8_lossy(&first.stderr);
                assert!(!guest.must_trap() && *code == setting.code, "{context}: exit {code}, {stderr}");
            }
            End::Refused => assert!(preset == Preset::Strict, "{context}: randomness was refused"),
        }
        if preset.name() != "host" {
            run(&prepared, guest, setting, preset, tree.path()).assert_same(&first, &context);
        }
    }
}

macro_rules! guests {
    ($($name:ident $guest:ident $({ $($field:ident: $value:expr),* })?;)*) => {$(
        #[test]
        fn $name() {
            check(test_programs::$guest, Setting { $($($field: $value,)*)? ..Setting::default() });
        }
    )*};
}

guests! {
    c_clock C_CLOCK;
    c_entropy_chunks C_ENTROPY_CHUNKS { args: &["7"] };
    c_event_loop C_EVENT_LOOP;
    c_floats C_FLOATS;
    c_getentropy C_GETENTROPY;
    c_nanosleep C_NANOSLEEP;
    c_poll C_POLL { stdin: "some input" };
    c_qsort_rand C_QSORT_RAND;
    c_stat_tree C_STAT_TREE { directory: Directory::Tree };
    rust_alloc_grow RUST_ALLOC_GROW;
    rust_args_env RUST_ARGS_ENV { args: &["one", "", "--help"] };
    rust_exit_code RUST_EXIT_CODE { args: &["7"], code: 7 };
    rust_file_times RUST_FILE_TIMES;
    rust_files RUST_FILES { directory: Directory::Empty };
    rust_hash_map RUST_HASH_MAP;
    rust_list_dir RUST_LIST_DIR { directory: Directory::Tree };
    rust_quicksort RUST_QUICKSORT;
    rust_simulation RUST_SIMULATION;
    rust_sleep RUST_SLEEP;
    rust_sleep_many RUST_SLEEP_MANY;
    rust_spin RUST_SPIN { args: &["100000"] };
    rust_stdin_echo RUST_STDIN_ECHO { stdin: "line one\nline two" };
    rust_threads_refused RUST_THREADS_REFUSED;
    rust_time RUST_TIME;
    rust_trap_panic RUST_TRAP_PANIC;
    rust_walk_tree RUST_WALK_TREE { directory: Directory::Tree };
    wat_clock_cpu WAT_CLOCK_CPU;
    wat_clock_monotonic WAT_CLOCK_MONOTONIC;
    wat_high_pointers WAT_HIGH_POINTERS;
    wat_poll_bad_clock_id WAT_POLL_BAD_CLOCK_ID;
    wat_poll_bad_fd WAT_POLL_BAD_FD;
    wat_poll_bad_flags WAT_POLL_BAD_FLAGS;
    wat_poll_bad_tag WAT_POLL_BAD_TAG;
    wat_poll_clock_abs WAT_POLL_CLOCK_ABS;
    wat_poll_clock_rel WAT_POLL_CLOCK_REL;
    wat_poll_huge_timeout WAT_POLL_HUGE_TIMEOUT;
    wat_poll_stdin_stdout WAT_POLL_STDIN_STDOUT { stdin: "input" };
    wat_poll_too_many WAT_POLL_TOO_MANY;
    wat_poll_two_timers WAT_POLL_TWO_TIMERS;
    wat_poll_wrong_way WAT_POLL_WRONG_WAY;
    wat_poll_zero_subs WAT_POLL_ZERO_SUBS;
    wat_random_bytes WAT_RANDOM_BYTES;
    wat_random_zero_len WAT_RANDOM_ZERO_LEN;
    wat_trap_clock_bad_id WAT_TRAP_CLOCK_BAD_ID;
    wat_trap_clock_bad_id_low_byte WAT_TRAP_CLOCK_BAD_ID_LOW_BYTE;
    wat_trap_clock_misaligned WAT_TRAP_CLOCK_MISALIGNED;
    wat_trap_clock_oob WAT_TRAP_CLOCK_OOB;
    wat_trap_clock_res_bad_id WAT_TRAP_CLOCK_RES_BAD_ID;
    wat_trap_clock_res_oob WAT_TRAP_CLOCK_RES_OOB;
    wat_trap_clock_wrap WAT_TRAP_CLOCK_WRAP;
    wat_trap_no_memory WAT_TRAP_NO_MEMORY;
    wat_trap_poll_count_oob WAT_TRAP_POLL_COUNT_OOB;
    wat_trap_poll_misaligned WAT_TRAP_POLL_MISALIGNED;
    wat_trap_poll_oob WAT_TRAP_POLL_OOB;
    wat_trap_poll_subs_oob WAT_TRAP_POLL_SUBS_OOB;
    wat_trap_random_oob WAT_TRAP_RANDOM_OOB;
    wat_trap_random_too_long WAT_TRAP_RANDOM_TOO_LONG;
    wat_trap_random_wrap WAT_TRAP_RANDOM_WRAP;
    wat_trap_unstable_clock_bad_id WAT_TRAP_UNSTABLE_CLOCK_BAD_ID;
    wat_trap_unstable_clock_oob WAT_TRAP_UNSTABLE_CLOCK_OOB;
    wat_unstable_clock WAT_UNSTABLE_CLOCK;
    wat_unstable_poll_two WAT_UNSTABLE_POLL_TWO;
    wat_unstable_random WAT_UNSTABLE_RANDOM;
    wat_unstable_yield WAT_UNSTABLE_YIELD;
    wat_yield WAT_YIELD;
}

/// Seeds and presets tell runs apart: what is equal above is not equal because nothing varies.
#[test]
fn another_seed_is_another_run() {
    let engine = Engine::default();
    let module = Module::new(&engine, test_programs::RUST_HASH_MAP.wasm).unwrap();
    let outputs = [1, 2].map(|seed| {
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        let stdout = MemoryOutputPipe::new(1 << 20);
        let policies = Preset::Simulation.policies(&Seed::from_u64(seed));
        let ctx = WasiCtxBuilder::new().stdout(stdout.clone()).build_deterministic_p1(policies);
        let mut store = Store::new(&engine, ctx);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap().call(&mut store, ()).unwrap();
        stdout.contents()
    });
    assert!(outputs[0] != outputs[1]);
}

/// An hour, a million times, is 10^6 hours on the guest's clock. How long it takes is measured by the benchmarks. Where time
/// stands still, a guest may do nothing but sleep as often as it may in vain.
#[test]
fn a_million_hours_pass_by_sleeping() {
    let engine = Engine::default();
    let module = Module::new(&engine, test_programs::RUST_SLEEP_MANY.wasm).unwrap();
    let setting = Setting { args: &["1000000", "3600000000000"], ..Setting::default() };
    let linked = Linked::prepared(&module);
    let fewer = Setting { args: &["100000", "3600000000000"], ..Setting::default() };
    assert_eq!(fewer.args[0].parse(), Ok(MAX_SLEEPS_IN_VAIN));
    let run = run(&linked, test_programs::RUST_SLEEP_MANY, fewer, Preset::Frozen, std::path::Path::new("."));
    assert_eq!(run.end, End::Exit(0));
    let run =
        self::run(&linked, test_programs::RUST_SLEEP_MANY, setting, Preset::Simulation, std::path::Path::new("."));
    assert_eq!(run.end, End::Exit(0), "{}", String::from_utf8_lossy(&run.stderr));
    let hours = 3_600_000_000_000 * 1_000_000;
    assert!(run.store.data().deterministic().now() >= Instant::from_nanos(hours));
}
