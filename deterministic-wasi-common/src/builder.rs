//! A context in one call, or with all that a run is given.

use deterministic_core::{Policies, Seed};
use deterministic_policies::Preset;
use wasi_common::{StringArrayError, WasiCtx, WasiFile};

use crate::hooks::Hooks;
use crate::shared::Handle;

/// A context with the answers of deterministic-wasi-ctx, as that crate had it in one call while it was on wasi-common: the preset
/// [`DeterministicWasiCtx`](Preset::DeterministicWasiCtx), no arguments, no environment, no directories, an empty input, and output
/// that goes nowhere.
///
/// The crate's front page runs a guest with it.
pub fn build_wasi_ctx() -> WasiCtx {
    Hooks::new(Preset::DeterministicWasiCtx.policies(&Seed::default())).into_ctx().0
}

/// Makes a context: policies, arguments, environment, standard streams. What is not set is as a context of wasi-common has it: nothing.
///
/// ```
/// use deterministic_core::Seed;
/// use deterministic_policies::Preset;
/// use deterministic_wasi_common::DeterministicWasiCtxBuilder;
/// use deterministic_wasi_common::wasi_common::pipe::WritePipe;
///
/// let stdout = WritePipe::new_in_memory();
/// let (ctx, handle) = DeterministicWasiCtxBuilder::new()
///     .preset(Preset::Simulation)
///     .seed(Seed::from_u64(7))
///     .args(["guest", "--fast"])
///     .env("LANG", "C")
///     .stdin_bytes("hello")
///     .stdout(Box::new(stdout.clone()))
///     .build()?;
/// // … the run …
/// drop(ctx);
/// assert_eq!(handle.now().as_nanos(), 1);
/// assert!(stdout.try_into_inner().unwrap().into_inner().is_empty());
/// # Ok::<(), deterministic_wasi_common::wasi_common::StringArrayError>(())
/// ```
#[derive(Default)]
pub struct DeterministicWasiCtxBuilder {
    source: Source,
    seed: Seed,
    args: Vec<String>,
    env: Vec<(String, String)>,
    streams: [Option<Box<dyn WasiFile>>; 3],
}

/// Where the policies come from.
#[derive(Default)]
enum Source {
    #[default]
    Default,
    Preset(Preset),
    Policies(Box<Policies>),
}

impl DeterministicWasiCtxBuilder {
    /// A builder for a context under the preset `simulation` and seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The policies of `preset`, under the builder's seed.
    #[must_use]
    pub fn preset(mut self, preset: Preset) -> Self {
        self.source = Source::Preset(preset);
        self
    }

    /// Policies of one's own, in place of a preset's. The builder's seed is not used.
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.source = Source::Policies(Box::new(policies));
        self
    }

    /// What all that is random in a preset is derived from.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// One more argument. The first is the program's name.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// One more variable of the environment. The guest sees them in this order.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The standard input. It is an input of the run: a file or a pipe of the host's is as deterministic as what is in it.
    #[must_use]
    pub fn stdin(mut self, file: Box<dyn WasiFile>) -> Self {
        self.streams[0] = Some(file);
        self
    }

    /// The standard input, of these bytes.
    #[must_use]
    pub fn stdin_bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin(Box::new(wasi_common::pipe::ReadPipe::from(bytes.into())))
    }

    /// Where the standard output goes.
    #[must_use]
    pub fn stdout(mut self, file: Box<dyn WasiFile>) -> Self {
        self.streams[1] = Some(file);
        self
    }

    /// Where the standard error goes.
    #[must_use]
    pub fn stderr(mut self, file: Box<dyn WasiFile>) -> Self {
        self.streams[2] = Some(file);
        self
    }

    /// The context, and the handle to its time.
    ///
    /// # Errors
    ///
    /// What wasi-common says of arguments or an environment of 4 GiB.
    pub fn build(self) -> Result<(WasiCtx, Handle), StringArrayError> {
        let policies = match self.source {
            Source::Default => Preset::Simulation.policies(&self.seed),
            Source::Preset(preset) => preset.policies(&self.seed),
            Source::Policies(policies) => *policies,
        };
        let (mut ctx, handle) = Hooks::new(policies).into_ctx();
        for arg in &self.args {
            ctx.push_arg(arg)?;
        }
        for (name, value) in &self.env {
            ctx.push_env(name, value)?;
        }
        let [stdin, stdout, stderr] = self.streams;
        if let Some(stdin) = stdin {
            ctx.set_stdin(stdin);
        }
        if let Some(stdout) = stdout {
            ctx.set_stdout(stdout);
        }
        if let Some(stderr) = stderr {
            ctx.set_stderr(stderr);
        }
        Ok((ctx, handle))
    }
}

impl std::fmt::Debug for DeterministicWasiCtxBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeterministicWasiCtxBuilder")
            .field("seed", &self.seed)
            .field("args", &self.args)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}
