//! Command lines that are meant for `wasmtime`, or for `detwasi run` without its `run`: what they are called here.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Args;

/// Every engine setting that a run could see is fixed, or an option of its own.
const ENGINE: &str = "the engine's settings are fixed here, so that each run is the same; leave it out";
/// Settings that only the time depends on.
const COMPILER: &str =
    "how a guest is compiled makes no difference to a run; leave it out, or see `detwasi run --engine`";
const NETWORK: &str = "there is no network here; leave it out";
const PRESENT: &str = "it is always there; leave it out";
const ABSENT: &str = "nobody here provides it; `detwasi audit` says which imports are provided";
const DEBUGGING: &str = "there is no debugging here, and no profile but that of `detwasi run --profile`; leave it out";

/// What stands in place of an option. `=` in front: an option of ours, that takes the same value.
type Row = (&'static str, &'static str);

/// `-W`, `--wasm`.
const WASM: &[Row] = &[
    ("fuel", "=--fuel"),
    ("max-memory-size", "=--max-memory"),
    ("max-wasm-stack", "=--max-wasm-stack"),
    ("timeout", "=--timeout"),
    ("unknown-imports-trap", "`--allow-import NAME` here, as in `--allow-import 'env::*'`"),
    ("unknown-imports-default", "not there: `--allow-import NAME` ends a guest that calls such an import"),
    ("unknown-exports-allow", "what always holds here; leave it out"),
    ("epoch-interruption", "`--timeout DURATION` here, or `--fuel N`, which ends each run at the same place"),
    ("", ENGINE),
];
/// `-S`, `--wasi`.
const WASI: &[Row] = &[
    ("inherit-env", "`--env NAME=VALUE` here, once for each variable"),
    ("inherit-network", NETWORK),
    ("allow-ip-name-lookup", NETWORK),
    ("tcp", NETWORK),
    ("udp", NETWORK),
    ("tcplisten", NETWORK),
    ("listenfd", NETWORK),
    ("network-error-code", NETWORK),
    ("nn", ABSENT),
    ("nn-graph", ABSENT),
    ("threads", ABSENT),
    ("tls", ABSENT),
    ("cli", PRESENT),
    ("cli-exit-with-code", PRESENT),
    ("common", PRESENT),
    ("preview0", PRESENT),
    ("preview2", PRESENT),
    ("p3", PRESENT),
    ("http", PRESENT),
    ("config", PRESENT),
    ("keyvalue", PRESENT),
    ("config-var", "`wasi:config` begins empty here; give the guest a variable with `--env NAME=VALUE`, or a file"),
    ("keyvalue-in-memory-data", "`wasi:keyvalue` begins empty here; give the guest a file"),
    ("max-resources", "what a guest may hold of the host is fixed here; leave it out"),
    ("hostcall-fuel", "what a guest may hold of the host is fixed here; leave it out"),
    ("max-random-size", "what a guest may hold of the host is fixed here; leave it out"),
    ("max-http-fields-size", "what a guest may hold of the host is fixed here; leave it out"),
    ("", "what WASI answers is decided by `--preset` here; leave it out"),
];
/// `-C`, `--codegen`.
const CODEGEN: &[Row] = &[("cache", "`--no-compile-cache` here, if it is to be off"), ("", COMPILER)];
const OPTIMIZE: &[Row] = &[("", COMPILER)];
const DEBUG: &[Row] = &[("", DEBUGGING)];
/// Options that begin with two hyphens, those of older versions too.
const LONG: &[Row] = &[
    ("mapdir", "`--dir HOST::GUEST` here, the host's name first"),
    ("tcplisten", NETWORK),
    ("listenfd", NETWORK),
    ("addr", "`detwasi run --http-request FILE` here: it answers one request"),
    ("config", ENGINE),
    ("target", COMPILER),
    ("allow-precompiled", "not there; give the .wasm file that the .cwasm file was made from"),
    ("disable-cache", "`--no-compile-cache` here"),
    ("wasm-timeout", "=--timeout"),
    ("max-memory-size", "=--max-memory"),
    ("trap-unknown-imports", "`--allow-import NAME` here, as in `--allow-import 'env::*'`"),
    ("default-values-unknown-imports", "not there: `--allow-import NAME` ends a guest that calls such an import"),
    ("allow-unknown-exports", "what always holds here; leave it out"),
    ("epoch-interruption", "`--timeout DURATION` here, or `--fuel N`, which ends each run at the same place"),
    ("wasm-features", ENGINE),
    ("enable-cranelift-nan-canonicalization", "what always holds here; leave it out"),
    ("wasi-modules", "what `detwasi audit` lists; leave it out"),
    ("opt-level", COMPILER),
];
/// The groups of options, each with its short and its long name.
const GROUPS: &[(&str, &str, &[Row])] = &[
    ("-W", "--wasm", WASM),
    ("-S", "--wasi", WASI),
    ("-C", "--codegen", CODEGEN),
    ("-O", "--optimize", OPTIMIZE),
    ("-D", "--debug", DEBUG),
];
/// Commands of `wasmtime`.
const COMMANDS: &[Row] = &[
    ("serve", "`detwasi run --http-request FILE` here, which answers one request"),
    ("compile", "not there: `detwasi run` compiles, and keeps what it compiled"),
    ("explore", "not there"),
    ("objdump", "not there"),
    ("settings", "not there: the engine's settings are fixed, so that each run is the same"),
    ("config", "not there: the engine's settings are fixed, so that each run is the same"),
    ("wast", "not there"),
    ("completion", "`detwasi completions SHELL` here"),
];

/// What an option that clap does not know is called here. `given` are all arguments after the program's name.
pub(crate) fn option(option: &str, given: &[OsString]) -> Option<String> {
    let text: Vec<_> = given.iter().map(|arg| arg.to_string_lossy()).collect();
    let (name, attached) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
    // The value is behind the option, with or without something between.
    let value = attached.map(str::to_owned).or_else(|| {
        text.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix(name)? {
            "" => text.get(at + 1).map(ToString::to_string),
            rest if rest.starts_with('=') => Some(rest[1..].to_owned()),
            rest if !name.starts_with("--") => Some(rest.to_owned()),
            _ => None,
        })
    });
    if let Some((short, _, rows)) = GROUPS.iter().find(|(short, long, _)| name == *short || name == *long) {
        let settings = value.unwrap_or_default();
        let hints = settings.split(',').map(|setting| {
            let (key, value) = setting.split_once('=').map_or((setting, None), |(key, value)| (key, Some(value)));
            hint(rows, &key.replace('_', "-"), value).map(|hint| told(&format!("{short} {setting}"), &hint))
        });
        return hints.collect::<Option<Vec<_>>>().map(|hints| hints.join("; "));
    }
    let hint = hint(LONG, name.strip_prefix("--")?, value.as_deref())?;
    Some(told(name, &hint))
}

fn hint(rows: &[Row], key: &str, value: Option<&str>) -> Option<String> {
    let &(_, hint) = rows.iter().find(|(name, _)| *name == key || name.is_empty())?;
    Some(match hint.strip_prefix('=') {
        Some(ours) => format!("`{ours} {}` here", value.unwrap_or("VALUE")),
        None => hint.to_owned(),
    })
}

fn told(theirs: &str, hint: &str) -> String {
    let theirs = format!("`{}` of wasmtime", theirs.trim());
    // Some say what it is, others what to do.
    if hint.starts_with("`-")
        || hint.starts_with("`detwasi")
        || hint.starts_with("not ")
        || hint.starts_with("what always")
    {
        format!("{theirs} is {hint}")
    } else {
        format!("{theirs}: {hint}")
    }
}

/// What a command that clap does not know is called here.
pub(crate) fn command(name: &str, given: &[OsString]) -> Option<String> {
    if let Some((_, hint)) = COMMANDS.iter().find(|(command, _)| *command == name) {
        return Some(format!("`wasmtime {name}` is {hint}"));
    }
    let path = Path::new(name);
    let looks = ["wasm", "wat", "cwasm"].iter().any(|known| path.extension() == Some(OsStr::new(known)));
    (looks || name == "-" || path.is_file()).then(|| meant(given))
}

/// What an option is before any command, if `run` has it.
pub(crate) fn option_of_run(option: &str, given: &[OsString]) -> Option<String> {
    let name = option.strip_prefix("--")?;
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    let args = Args::command();
    let run = args.find_subcommand("run")?;
    run.get_arguments().any(|arg| arg.get_long() == Some(name)).then(|| meant(given))
}

fn meant(given: &[OsString]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    let args = given.iter().map(|arg| {
        let arg = arg.to_string_lossy();
        if !arg.is_empty() && arg.chars().all(plain) {
            arg.into_owned()
        } else {
            format!("'{}'", arg.replace('\'', r"'\''"))
        }
    });
    format!("did you mean `detwasi run {}`?", args.collect::<Vec<_>>().join(" "))
}
