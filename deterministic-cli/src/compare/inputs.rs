//! What every run is started with, on whichever side.

use std::time::Duration;

use bytes::Bytes;
use deterministic_run::parts::Outputs;
use deterministic_run::text::chain;
use deterministic_run::{Ended, Summary};
use deterministic_wasmtime::fs::Access;
use tempfile::TempDir;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

use super::stopwatch::Calls;
use crate::args::GuestArgs;
use crate::dir::permissions;
use crate::directories::Directories;
use crate::problem::Problem;
use crate::stdin;

/// On what a guest is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// wasmtime-wasi, on an engine with the same settings as ours.
    Stock,
    /// The policies.
    Ours,
    /// wasmtime-wasi, on an engine as Wasmtime sets it.
    StockDefault,
}

impl Side {
    pub(super) const ALL: [Side; 3] = [Side::Stock, Side::Ours, Side::StockDefault];

    /// In tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Stock => "stock WASI",
            Side::Ours => "detwasi",
            Side::StockDefault => "stock, default engine",
        }
    }

    /// In messages.
    pub(super) fn place(self) -> &'static str {
        match self {
            Side::Stock => "on stock WASI",
            Side::Ours => "on detwasi",
            Side::StockDefault => "on stock WASI with a default engine",
        }
    }
}

/// What all runs have in common.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) value: deterministic_run::Inputs,
    stdin: Bytes,
    pub(super) max_held: u64,
    pub(super) allowed: Vec<String>,
    /// If fuel is counted, how much there is.
    pub(super) fuel: Option<u64>,
}

/// One run.
#[derive(Debug)]
pub(super) struct Ran {
    /// Making the store, its context and the instance.
    pub(super) setup: Duration,
    /// The call.
    pub(super) call: Duration,
    pub(super) ended: Ended,
    pub(super) stdout: Stdout,
    /// What the guest wrote to stderr, if it was ended.
    pub(super) stderr: Vec<u8>,
    /// By name: what ours counts. Empty on stock.
    pub(super) host_calls: Vec<(String, u64)>,
    /// By number of function, if the guest has a stopwatch.
    pub(super) timed: Vec<Calls>,
}

/// What a guest wrote to its stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stdout {
    pub(super) bytes: u64,
    /// `None` if it was too much to be kept.
    pub(super) sha256: Option<String>,
}

impl Stdout {
    /// What was captured; and stderr, which is kept of a guest that was ended.
    pub(super) fn of(outputs: &Outputs, ended: &Ended) -> (Self, Vec<u8>) {
        let (stdout, stderr) = outputs.take();
        let sha256 = stdout.is_whole().then(|| Summary::of(&stdout).sha256);
        let stderr = if ended.exit_code().is_none() { stderr.to_vec() } else { Vec::new() };
        (Stdout { bytes: stdout.written(), sha256 }, stderr)
    }
}

/// Outputs that are kept, as far as they are not too much, and shown to nobody.
pub(super) fn captured() -> Outputs {
    Outputs::new(None, true)
}

impl Inputs {
    /// Takes in the directories and the input.
    pub(super) fn read(args: &GuestArgs, value: deterministic_run::Inputs) -> Result<Self, Problem> {
        let value = Directories::read(args, &[])?.give(value);
        // So that a wrong option is heard of before the input is waited for, which comes last.
        value.context(&captured())?;
        let stdin = stdin::open(args, &value)?;
        let stdin = stdin::read_ahead(args, &stdin, "each run")?;
        args.seed.tell();
        let fuel = value.counted_fuel();
        Ok(Inputs { value, stdin, max_held: args.max_held.as_u64(), allowed: args.allowed_imports.clone(), fuel })
    }

    /// The context of a run, but for the hermetic directories.
    pub(super) fn context(&self, outputs: &Outputs) -> Result<WasiCtxBuilder, Problem> {
        let mut builder = self.value.context(outputs)?;
        builder.stdin(MemoryInputPipe::new(self.stdin.clone()));
        Ok(builder)
    }

    /// The same for stock.
    pub(super) fn stock_context(&self, outputs: &Outputs, copies: &Copies) -> Result<WasiCtxBuilder, Problem> {
        let mut builder = self.context(outputs)?;
        // As `wasmtime run` does, and the faster way of stock's.
        builder.allow_blocking_current_thread(true);
        for Copy { guest, dir, access } in &copies.0 {
            builder
                .preopened_dir(dir.path().join(COPY), guest, permissions(*access))
                .map_err(|error| Problem::Copy { guest: guest.clone(), reason: chain(&error) })?;
        }
        Ok(builder)
    }
}

/// The name of a copy within its temporary directory.
const COPY: &str = "copy";

/// The hermetic directories for one run on stock, which has none: each is a directory of the host's that is made for the run
/// and removed after it.
#[derive(Debug)]
pub(super) struct Copies(Vec<Copy>);

#[derive(Debug)]
struct Copy {
    guest: String,
    dir: TempDir,
    access: Access,
}

impl Copies {
    pub(super) fn none() -> Self {
        Copies(Vec::new())
    }

    pub(super) fn of(inputs: &Inputs) -> Result<Self, Problem> {
        let copies = inputs.value.trees().map(|(guest, tree, access)| {
            let failed = |reason: String| Problem::Copy { guest: guest.to_owned(), reason };
            let dir = TempDir::new().map_err(|error| failed(error.to_string()))?;
            tree.write_to_path(&dir.path().join(COPY)).map_err(|error| failed(error.to_string()))?;
            Ok(Copy { guest: guest.to_owned(), dir, access })
        });
        copies.collect::<Result<_, _>>().map(Copies)
    }
}
