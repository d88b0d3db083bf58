//! A run as a value: all that decides how it goes, each thing read once.
//!
//! The fingerprint and the run are made of the same bytes. So nothing that changes in between, or that can be read only
//! once, can have the answer of one run kept under the name of another.

use bytes::Bytes;
use deterministic_wasmtime::DEFAULT_MAX_HELD_BYTES;
use deterministic_wasmtime::core::{Instant, Policies, WallTime};
use deterministic_wasmtime::engine::MAX_WASM_STACK;
use deterministic_wasmtime::fingerprint::{self, Fingerprint, Tainted};
use wasmtime::Engine;

use crate::answers::Answers;
use crate::args::{Entry, RunArgs};
use crate::component::Request;
use crate::directories::Directories;
use crate::guest::Guest;
use crate::module::Preload;
use crate::problem::Problem;
use crate::run::{Start, arguments, context};
use crate::stdin::Stdin;
use crate::stdio::Summary;
use crate::watch::{Stage, Watch};

/// What a guest is run with.
pub(crate) struct Inputs<'a> {
    args: &'a RunArgs,
    pub(crate) guest: &'a Guest,
    arguments: Vec<String>,
    pub(crate) directories: Directories,
    request: Option<Request>,
    preloads: &'a [Preload],
    answers: Option<Answers>,
    pub(crate) stdin: Stdin,
    /// All of the standard input, if it was read ahead.
    input: Bytes,
    policies: Policies,
    fuel: Option<u64>,
}

impl<'a> Inputs<'a> {
    /// Takes in what is not yet: all of the standard input too if there is `whoever` needs it. `watch` looks on, and is no part of
    /// the value.
    pub(crate) fn read(
        args: &'a RunArgs,
        guest: &'a Guest,
        preloads: &'a [Preload],
        answers: Option<Answers>,
        whoever: Option<&str>,
        watch: &Watch,
    ) -> Result<Self, Problem> {
        watch.at(Stage::Inputs);
        let common = &args.common;
        let mut policies = common.policies();
        let fuel = common.counted_fuel(&mut policies);
        let arguments = arguments(common, guest)?;
        // So that a wrong option is heard of before something is waited for.
        context(common, &arguments, watch.outputs())?;
        let directories = Directories::read(common, &args.write_backs)?;
        let request = args.http_request.as_deref().map(Request::read).transpose()?;
        // Last, since it may wait for whoever writes at the other end.
        let stdin = Stdin::open(common.stdin.as_deref(), common.max_stdin.as_u64(), guest, preloads)?;
        watch.stdin(stdin.waiting());
        let input = whoever.map(|whoever| stdin.read_ahead(whoever)).transpose()?.unwrap_or_default();
        Ok(Inputs { args, guest, arguments, directories, request, preloads, answers, stdin, input, policies, fuel })
    }

    /// What the guest's clocks show when it begins.
    pub(crate) fn begin(&self) -> (WallTime, Instant) {
        (self.policies.epoch, self.policies.clock.now())
    }

    /// The fuel that the guest begins with, if it is counted.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.fuel
    }

    /// The name of the run, all of whose input was read ahead. Whatever makes no difference is not in it: a setting that is given as it is without being given,
    /// that has nothing to act on, or that is given twice.
    pub(crate) fn fingerprint(&self, engine: &Engine) -> Result<Fingerprint, Tainted> {
        let entry = match (self.args.entry(), &self.request) {
            (Entry::Invoke(call), _) => format!("invoke {}", call.trim()),
            (_, Some(request)) => format!("http-request {}", Summary::of(request.message()).sha256),
            (_, None) => String::new(),
        };
        let args = &self.args.common;
        let mut allowed: Vec<String> = args.allowed_imports.iter().map(|name| format!("allow-import {name}")).collect();
        let answers = self.answers.iter().map(Answers::key);
        let beside: Vec<String> = self.preloads.iter().map(Preload::key).chain(answers).collect();
        allowed.sort_unstable();
        allowed.dedup();

        let mut inputs = fingerprint::Inputs::new(self.guest.binary(), &self.policies, engine)
            .entry(&entry)
            .arguments(&self.arguments)
            .environment(&args.envs)
            .stdin(&self.input);
        for dir in &args.dirs {
            inputs = inputs.live(&dir.guest);
        }
        for (guest, tree, access) in self.directories.trees() {
            inputs = inputs.hermetic(guest, tree, access);
        }
        if let Some(fuel) = self.fuel {
            inputs = inputs.setting("fuel", fuel);
        }
        inputs = inputs.setting("max_memory", args.max_memory.as_u64());
        if args.max_held.as_u64() != DEFAULT_MAX_HELD_BYTES {
            inputs = inputs.setting("max_held", args.max_held.as_u64());
        }
        if let Some(units) = args.call_depth() {
            inputs = inputs.setting("max_call_depth", units.into());
        }
        if args.wasm_stack() != MAX_WASM_STACK {
            inputs = inputs.setting("max_wasm_stack", args.max_wasm_stack.as_u64());
        }
        if self.directories.trees().next().is_some() {
            inputs = inputs.setting("max_files", args.max_files.as_u64());
        }
        for key in &beside {
            inputs = inputs.setting(key, 1);
        }
        for import in &allowed {
            inputs = inputs.setting(import, 1);
        }
        inputs.fingerprint()
    }

    /// Hands the guest what it is started with, and keeps the directories as they were.
    pub(crate) fn start(self, watch: &Watch, memories: bool) -> Result<(Start, Directories), Problem> {
        let common = &self.args.common;
        let mut wasi = context(common, &self.arguments, watch.outputs())?;
        wasi.stdin(self.stdin);
        let mut policies = self.policies;
        policies.clock = watch.clock(policies.clock, self.fuel.is_some());
        let start = Start {
            wasi,
            request: self.request,
            policies,
            limits: common.limits(),
            max_held: common.max_held.as_u64(),
            fuel: self.fuel,
            answers: self.answers,
            memories,
            watch: watch.clone(),
        };
        Ok((start, self.directories))
    }
}
