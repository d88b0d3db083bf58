//! `detwasi demo`: one guest, twice on stock WASI and twice on ours; then a component, twice on ours.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use deterministic_policies::Preset;
use deterministic_run::Summary;
use deterministic_run::text::chain;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::demo_tasks::tasks;
use crate::problem::Problem;
use crate::stdio::say;

/// Prints what the host answers it, and sleeps for as many nanoseconds as its argument says.
const GUEST: &str = include_str!("demo.wat");
/// Stock WASI sleeps for real, so it sleeps for a tenth of a second there, and here for an hour.
const STOCK_SLEEP: &str = "100000000";
const OUR_SLEEP: &str = "3600000000000";

/// The width of a run's column. Four of them and what lies between fit into 100 characters.
const COLUMN: usize = 22;
/// How much of a digest fits in beside its name.
const DIGITS: usize = COLUMN - "stdout ".len();

/// Runs the guest and prints the table. Fails if our two runs differ.
pub(crate) fn demo() -> Result<ExitCode, Problem> {
    let (stock, ours) = four_runs().map_err(|error| Problem::Demo(chain(&error)))?;
    let (tasks, tasks_equal) = tasks().map_err(|error| Problem::Demo(chain(&error)))?;
    let text = table(&stock, &ours) + &tasks;
    say(&text)?;
    Ok(if ours[0].is_like(&ours[1]) && tasks_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What one run left behind.
struct Run {
    lines: Vec<String>,
    stdout: Summary,
    memory: Summary,
    took: Duration,
}

impl Run {
    fn is_like(&self, other: &Run) -> bool {
        self.stdout == other.stdout && self.memory == other.memory
    }
}

fn four_runs() -> wasmtime::Result<([Run; 2], [Run; 2])> {
    let engine = Engine::new(configure(&mut Config::new()))?;
    let module = Module::new(&engine, GUEST)?;
    Ok(([on_stock(&module)?, on_stock(&module)?], [on_ours(&module)?, on_ours(&module)?]))
}

fn on_stock(module: &Module) -> wasmtime::Result<Run> {
    let mut linker = Linker::new(module.engine());
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi: &mut WasiP1Ctx| wasi)?;
    let stdout = MemoryOutputPipe::new(1 << 16);
    let mut builder = WasiCtxBuilder::new();
    builder.args(&["demo", STOCK_SLEEP]).stdout(stdout.clone());
    measure(module, &linker, builder.build_p1(), &stdout)
}

fn on_ours(module: &Module) -> wasmtime::Result<Run> {
    let mut linker = Linker::new(module.engine());
    p1::add_to_linker_sync(&mut linker, |wasi: &mut p1::P1Ctx| wasi)?;
    let stdout = MemoryOutputPipe::new(1 << 16);
    let policies = Preset::Simulation.policies(&Seed::default());
    let mut builder = WasiCtxBuilder::new();
    builder.args(&["demo", OUR_SLEEP]).stdout(stdout.clone());
    measure(module, &linker, builder.build_deterministic_p1(policies), &stdout)
}

/// The part of a run that both have.
fn measure<T: 'static>(
    module: &Module,
    linker: &Linker<T>,
    state: T,
    stdout: &MemoryOutputPipe,
) -> wasmtime::Result<Run> {
    // For the line `took`: the host's time, which no guest sees.
    let begin = Instant::now();
    let mut store = Store::new(module.engine(), state);
    let instance = linker.instantiate(&mut store, module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
    let took = begin.elapsed();
    let memory = instance.get_memory(&mut store, "memory").map(|memory| Summary::of(memory.data(&store)));
    let written = stdout.contents();
    Ok(Run {
        lines: String::from_utf8_lossy(&written).lines().map(str::to_owned).collect(),
        stdout: Summary::of(&written),
        memory: memory.unwrap_or_else(|| Summary::of(&[])),
        took,
    })
}

/// The four runs side by side.
fn table(stock: &[Run; 2], ours: &[Run; 2]) -> String {
    let mut rows = Vec::new();
    let heights = stock.iter().chain(ours).map(|run| run.lines.len());
    for i in 0..heights.max().unwrap_or(0) {
        rows.push(row(stock, ours, |run| run.lines.get(i).cloned().unwrap_or_default()));
    }
    let digests: [fn(&Run) -> String; 2] = [
        |run| format!("stdout {:.DIGITS$}", run.stdout.sha256),
        |run| format!("memory {:.DIGITS$}", run.memory.sha256),
    ];
    let lines = rows.len();
    rows.extend(digests.map(|digest| row(stock, ours, digest)));

    let mut text = String::from(
        "One guest, run twice on stock WASI and twice on detwasi (preset simulation, seed 0). It reads the\n\
         clocks, draws random numbers and sleeps: for a tenth of a second on stock, for an hour on detwasi.\n\n",
    );
    let mut put = |cells: [&str; 4], marks: [&str; 2]| {
        let [a, b, c, d] = cells;
        let line = format!("{a:COLUMN$}  {b:COLUMN$} {:2} {c:COLUMN$}  {d:COLUMN$} {:2}", marks[0], marks[1]);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    put(["stock WASI, run 1", "stock WASI, run 2", "detwasi, run 1", "detwasi, run 2"], [""; 2]);
    let rule = "-".repeat(COLUMN);
    put([&rule; 4], [""; 2]);
    for (i, row) in rows.iter().enumerate() {
        if i == lines {
            put(["SHA-256 of both:", "", "", ""], [""; 2]);
        }
        put(row.cells.each_ref().map(String::as_str), row.same.map(|same| if same { "==" } else { "!=" }));
    }
    let took = [&stock[0], &stock[1], &ours[0], &ours[1]].map(|run| format!("took {:.1?}", run.took));
    put(took.each_ref().map(String::as_str), [""; 2]);

    for (name, side) in [("stock WASI", 0), ("detwasi", 1)] {
        let differ: Vec<_> = rows.iter().filter(|row| !row.same[side]).map(Row::name).collect();
        let _ = match differ.as_slice() {
            [] => write!(text, "\n{name}: the two runs are equal, to the last byte of memory."),
            differ => write!(text, "\n{name}: the two runs differ in {}.", differ.join(", ")),
        };
    }
    text.push('\n');
    text
}

/// A line of each run, and whether both runs of a side have the same.
struct Row {
    cells: [String; 4],
    same: [bool; 2],
}

impl Row {
    fn name(&self) -> &str {
        self.cells[0].split(' ').next().unwrap_or_default()
    }
}

fn row(stock: &[Run; 2], ours: &[Run; 2], cell: impl Fn(&Run) -> String) -> Row {
    let cells = [&stock[0], &stock[1], &ours[0], &ours[1]].map(cell);
    let same = [cells[0] == cells[1], cells[2] == cells[3]];
    Row { cells, same }
}
