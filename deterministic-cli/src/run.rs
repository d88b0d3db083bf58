//! `detwasi run`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use deterministic_wasmtime::core::{Policies, WallTime};
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use jiff::Timestamp;
use wasmtime::{
    Config, Engine, Instance, InstancePre, Linker, Store, StoreLimits, StoreLimitsBuilder, Trap, WasmBacktrace,
};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::args::RunArgs;
use crate::guest::{Guest, chain};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::report::{self, Report, Target};
use crate::stdio::{self, Outputs, Summary};

/// What a store of ours holds.
struct State {
    wasi: p1::P1Ctx,
    limits: StoreLimits,
}

/// Checks everything that can be checked, runs the guest, reports.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Problem> {
    let mut policies = args.preset.policies(&args.seed);
    policies.epoch = args.epoch.unwrap_or(policies.epoch);
    let (epoch, start) = (policies.epoch, policies.clock.now());
    // A clock that measures fuel needs it counted, be it without a limit.
    let fuel = args.fuel.or(policies.clock.observes_fuel().then_some(u64::MAX));
    let limits = match args.max_memory {
        Some(size) => StoreLimitsBuilder::new().memory_size(size.as_u64().try_into().unwrap_or(usize::MAX)).build(),
        None => StoreLimits::default(),
    };

    let engine = Engine::new(configure(&mut Config::new()).consume_fuel(fuel.is_some())).map_err(refused)?;
    let guest = Guest::read(args.guest())?;
    let module = guest.compile(&engine, args.max_memory.map(|size| size.as_u64()))?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi).map_err(refused)?;
    let linked = guest.link(&linker, &module, || {
        let wasi = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
        Store::new(&engine, State { wasi, limits: StoreLimits::default() })
    })?;

    let outputs = Outputs::default();
    let mut builder = context(args, &guest, &outputs)?;
    let target = args.report.as_deref().map(Target::probe).transpose()?;
    // Last, since it may wait for whoever writes at the other end.
    builder.stdin(stdio::stdin(args.stdin.as_deref())?);

    let mut store = Store::new(&engine, State { wasi: builder.build_deterministic_p1(policies), limits });
    store.limiter(|state| &mut state.limits);
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).map_err(refused)?;
    }
    let (instance, outcome) = start_guest(&guest, &linked, &mut store)?;

    let (stdout, stderr) = outputs.finish()?;
    let Some(target) = target else { return Ok(outcome.tell()) };
    let memories = instance.map(|instance| memories(&instance, &mut store)).unwrap_or_default();
    let state = store.data().wasi.deterministic();
    let report = Report {
        format: report::FORMAT,
        guest_sha256: Summary::of(guest.binary()).sha256,
        preset: args.preset.to_string(),
        seed: args.seed.to_string(),
        epoch: rfc3339(epoch),
        outcome,
        elapsed_ns: state.now().saturating_since(start),
        fuel_consumed: fuel.and_then(|fuel| Some(fuel.saturating_sub(store.get_fuel().ok()?))),
        host_calls: state.host_calls().collect(),
        stdout,
        stderr,
        memories,
    };
    let written = target.write(&report);
    // How the guest ended is told even if the report fails; what is our own problem decides the exit code.
    let code = report.outcome.tell();
    written.map(|()| code)
}

/// What the guest gets from the command line. The streams are set here too, but for the input.
fn context(args: &RunArgs, guest: &Guest, outputs: &Outputs) -> Result<WasiCtxBuilder, Problem> {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(outputs.stdout()).stderr(outputs.stderr());
    // As `wasmtime run`: the file name alone, so that where it lies makes no difference.
    let argv0 = match &args.argv0 {
        Some(name) => name.clone(),
        None => guest.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    builder.arg(argv0);
    for arg in args.guest_args() {
        match arg.to_str() {
            Some(arg) => builder.arg(arg),
            None => return Err(Problem::ArgumentNotUtf8(arg.to_string_lossy().into_owned())),
        };
    }
    for (name, value) in &args.envs {
        builder.env(name, value);
    }
    // Each directory remembers this, so it comes first: no other thread decides an order.
    builder.allow_blocking_current_thread(true);
    for dir in &args.dirs {
        builder
            .preopened_dir(&dir.host, &dir.guest, FsPerms::ReadWrite)
            .map_err(|error| Problem::Directory { host: dir.host.clone(), reason: chain(&error) })?;
    }
    Ok(builder)
}

/// Instantiates and calls `_start`. There is no instance if the module's start function ended the guest.
fn start_guest(
    guest: &Guest,
    linked: &InstancePre<State>,
    store: &mut Store<State>,
) -> Result<(Option<Instance>, Outcome), Problem> {
    let instance = match linked.instantiate(&mut *store) {
        Ok(instance) => instance,
        Err(error) if error.is::<WasmBacktrace>() || error.is::<Trap>() => return Ok((None, Outcome::of(Err(error)))),
        Err(error) => return Err(Problem::Unstartable { path: guest.path().into(), reason: chain(&error) }),
    };
    let called = instance.get_typed_func::<(), ()>(&mut *store, "_start").and_then(|start| start.call(store, ()));
    Ok((Some(instance), Outcome::of(called)))
}

/// What each exported memory holds, by name.
fn memories(instance: &Instance, store: &mut Store<State>) -> BTreeMap<String, Summary> {
    let exports: Vec<_> = instance
        .exports(&mut *store)
        .filter_map(|export| Some((export.name().to_owned(), export.into_memory()?)))
        .collect();
    exports.into_iter().map(|(name, memory)| (name, Summary::of(memory.data(&*store)))).collect()
}

fn rfc3339(time: WallTime) -> String {
    // A WASI timestamp ends in 2554, jiff's in 9999.
    Timestamp::from_nanosecond(time.as_unix_nanos().into()).map(|time| time.to_string()).unwrap_or_default()
}

fn refused(error: wasmtime::Error) -> Problem {
    Problem::Engine(chain(&error))
}
