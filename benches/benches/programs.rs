//! Whole programs: SQLite, QuickJS, a compression run and a Go program, on stock wasmtime-wasi and on ours, each on an engine
//! as Wasmtime makes it and on one that is configured for determinism. Only lines with the same engine say what our WASI
//! costs; between the two engines lies what the engine's determinism costs.
//!
//! An iteration is all that a run needs but the compilation: a store, a context, an instance, and `_start`. It must exit
//! with 0 and have printed what it is known to print; ours must print the same bytes on each run, on either engine, live
//! or hermetic.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::fs::{Access, Tree};
use deterministic_wasmtime::p1::P1Ctx;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use tempfile::TempDir;
use wasmtime::{Config, Engine, Instance, Linker, Module, Result, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

/// What the last line of a program is, whichever host it has.
const SQLITE: &str = "digest 8d33a6812faadca3";
const QUICKJS: &str = "digest 0406c968dc875af3";
const GO: &str = "digest d79f1590f8571f13";

/// How long the text is that is compressed, in bytes.
const TEXT: usize = 1 << 20;

struct Program {
    /// Its file in `target/bench-guests`, without `.wasm`.
    name: &'static str,
    stdin: &'static [u8],
    prints: Prints,
    /// What ours is, and whether it comes to the directory `/work`.
    ours: &'static [(Preset, Files)],
}

#[derive(Clone, Copy, PartialEq)]
enum Files {
    None,
    Live,
    Hermetic,
}

enum Prints {
    /// Many lines, and this one at last.
    LastLine(&'static str),
    /// Its input.
    Input,
}

impl Program {
    fn check(&self, stdout: &[u8]) {
        match self.prints {
            Prints::Input => assert!(stdout == self.stdin, "{}: not what went in", self.name),
            Prints::LastLine(wanted) => {
                let last = stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                assert_eq!(String::from_utf8_lossy(last), wanted, "{}: not its last line", self.name);
            }
        }
    }

    /// What both hosts are given, and where the guest's standard output goes.
    fn builder(&self) -> (WasiCtxBuilder, MemoryOutputPipe) {
        let stdout = MemoryOutputPipe::new(2 * TEXT);
        let mut builder = WasiCtxBuilder::new();
        builder.arg(self.name);
        builder.stdin(MemoryInputPipe::new(self.stdin)).stdout(stdout.clone());
        // The faster way of stock's.
        builder.allow_blocking_current_thread(true);
        (builder, stdout)
    }
}

fn programs() -> [Program; 4] {
    use Files::{Hermetic, Live};
    use Preset::{Host, Simulation};
    let script = include_bytes!("../programs/script.js");
    let alone: &[_] = &[(Simulation, Files::None)];
    // Go's collector of garbage goes by the clock: by a virtual one it does a few percent more, which is the guest's own
    // work. What our WASI costs is seen where both have the host's clock.
    let by_both_clocks = &[(Simulation, Files::None), (Host, Files::None)];
    [
        Program {
            name: "sqlite",
            stdin: &[],
            prints: Prints::LastLine(SQLITE),
            ours: &[(Simulation, Live), (Simulation, Hermetic)],
        },
        Program { name: "quickjs", stdin: script, prints: Prints::LastLine(QUICKJS), ours: alone },
        Program { name: "zlib", stdin: text(), prints: Prints::Input, ours: alone },
        Program { name: "go", stdin: &[], prints: Prints::LastLine(GO), ours: by_both_clocks },
    ]
}

/// A text that compresses about as texts do: sentences of made-up words, of which some are common and most are rare.
fn text() -> &'static [u8] {
    let syllables = ["ka", "len", "mi", "nor", "ru", "s", "ta", "vi", "o", "bre", "dun", "e", "fi", "gal", "hi", "jo"];
    let mut text = String::with_capacity(TEXT + 64);
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    while text.len() < TEXT {
        let rarity = random(10);
        let word = random(16 << rarity);
        for place in 0..1 + word % 4 {
            text.push_str(syllables[(word >> (3 * place)) as usize % syllables.len()]);
        }
        text.push_str([" ", " ", " ", " ", " ", ", ", ".\n"][random(7) as usize]);
    }
    text.leak().as_bytes()
}

/// Runs `_start` in a store of its own; the store is gone when this returns.
fn start<T: 'static>(engine: &Engine, data: T, instantiate: impl Fn(&mut Store<T>) -> Result<Instance>) {
    let mut store = Store::new(engine, data);
    let instance = instantiate(&mut store).expect("the guest links");
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("a program");
    if let Err(error) = start.call(&mut store, ()) {
        assert_eq!(error.downcast_ref::<I32Exit>().map(|exit| exit.0), Some(0), "{error:?}");
    }
}

/// Our half of the comparison: all that knows how ours is linked.
fn ours(module: &Module) -> impl Fn(P1Ctx) + use<> {
    let linker = Linker::new(module.engine());
    let guest = p1::instantiate_pre_sync(&linker, module, |ctx: &mut P1Ctx| ctx).expect("the guest links");
    move |ctx| start(guest.module().engine(), ctx, |store| guest.instantiate(store))
}

fn stock(module: &Module) -> impl Fn(WasiP1Ctx) + use<> {
    let mut linker = Linker::new(module.engine());
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx: &mut WasiP1Ctx| ctx).expect("a fresh linker");
    let guest = linker.instantiate_pre(module).expect("the guest links");
    move |ctx| start(guest.module().engine(), ctx, |store| guest.instantiate(store))
}

fn timed<R>(run: impl Fn() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

/// Times `run`, which gives what the guest printed, and has that checked outside the time.
///
/// Lines that are measured one after the other say little on a machine that others use, too: so `stock` runs right before
/// or after each run, and what is said at the end is the median of the ratios of such pairs.
fn time(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (program, line): (&str, &str),
    run: impl Fn() -> MemoryOutputPipe,
    check: impl Fn(&[u8]),
    stock: Option<&dyn Fn() -> MemoryOutputPipe>,
) {
    let mut ratios = Vec::new();
    group.bench_function(line, |bencher| {
        bencher.iter_custom(|runs| {
            let once = |_| {
                // Now one first, now the other, so that neither gains by its place.
                let stock_first = ratios.len() % 2 == 0;
                let before = stock.filter(|_| stock_first).map(|stock| timed(stock).1);
                let (stdout, taken) = timed(&run);
                let after = stock.filter(|_| !stock_first).map(|stock| timed(stock).1);
                check(&stdout.contents());
                ratios.extend(before.or(after).map(|stock| taken.as_secs_f64() / stock.as_secs_f64()));
                taken
            };
            (0..runs).map(once).sum()
        });
    });
    // One pair only is not measured, but tried with `--test`.
    if ratios.len() > 1 {
        ratios.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|quarter| ratios[ratios.len() * quarter / 4]);
        println!("{line:42} {median:.3} of stock (quartiles {low:.3} and {high:.3}, {} pairs)\n", ratios.len());
        // For the table that is made of all results.
        let pairs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-pairs");
        fs::create_dir_all(&pairs).expect("a directory");
        fs::write(pairs.join(format!("{program}, {line}")), format!("{median:.3}\n")).expect("a file");
    }
}

fn give(builder: &mut WasiCtxBuilder, root: &TempDir) {
    builder.preopened_dir(root.path(), "/work", FsPerms::ReadWrite).expect("a directory");
}

fn bench(criterion: &mut Criterion, program: &Program, engines: &[(&str, Engine)], wasm: &[u8]) {
    let root = tempfile::tempdir().expect("a directory");
    let tree = Arc::new(Tree::new());
    let printed = OnceCell::<Vec<u8>>::new();
    let mut group = criterion.benchmark_group(format!("programs/{}", program.name));
    group.sampling_mode(SamplingMode::Flat).sample_size(15);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));

    for (engine_name, engine) in engines {
        let module = Module::new(engine, wasm).expect("a program");

        let run = stock(&module);
        let on_stock = || {
            let (mut builder, stdout) = program.builder();
            if program.ours.iter().any(|(_, files)| *files == Files::Live) {
                give(&mut builder, &root);
            }
            run(builder.build_p1());
            stdout
        };
        let line = format!("stock, {engine_name} engine");
        time(&mut group, (program.name, &line), on_stock, |stdout| program.check(stdout), None);

        let run = ours(&module);
        for (preset, files) in program.ours {
            let on_ours = || {
                let (mut builder, stdout) = program.builder();
                if *files == Files::Live {
                    give(&mut builder, &root);
                }
                let mut ctx = builder.build_deterministic_p1(preset.policies(&Seed::default()));
                if *files == Files::Hermetic {
                    let mounts = ctx.deterministic_mut().files();
                    mounts.mount_hermetic(&tree, "/work", Access::ReadWrite).expect("room");
                }
                run(ctx);
                stdout
            };
            let check = |stdout: &[u8]| {
                program.check(stdout);
                let known = printed.get_or_init(|| stdout.to_vec());
                assert!(known == stdout || *preset == Preset::Host, "{}: another output", program.name);
            };
            let kind = match files {
                Files::None => "",
                Files::Live => ", live",
                Files::Hermetic => ", hermetic",
            };
            time(
                &mut group,
                (program.name, &format!("{}{kind}, {engine_name} engine", preset.name())),
                on_ours,
                check,
                Some(&on_stock),
            );
        }
    }
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-guests");
    let engines = [
        ("default", Engine::default()),
        ("deterministic", Engine::new(configure(&mut Config::new())).expect("an engine")),
    ];
    for program in programs() {
        let file = guests.join(program.name).with_extension("wasm");
        let wasm = fs::read(&file).unwrap_or_else(|error| {
            panic!("{}: {error}: run scripts/bench-guests first", file.display());
        });
        bench(criterion, &program, &engines, &wasm);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
