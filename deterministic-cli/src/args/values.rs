//! What options are given, read from text.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use deterministic_run::trace::Omitted;
use deterministic_wasmtime::core::WallTime;
use jiff::{SignedDuration, Timestamp};

use crate::numbers;

/// A directory of the host's, and which of the guest's is to be written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriteBack {
    pub(crate) target: PathBuf,
    pub(crate) guest: Option<String>,
}

pub(super) fn parse_write_back(text: &str) -> Result<WriteBack, &'static str> {
    let (target, guest) = match text.split_once("::") {
        Some((target, guest)) => (target, Some(guest)),
        None => (text, None),
    };
    if target.is_empty() || guest == Some("") {
        return Err("give a directory, as in `--write-back out` or `--write-back out::/data`");
    }
    Ok(WriteBack { target: target.into(), guest: guest.map(str::to_owned) })
}

pub(super) fn parse_env(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("give the variable a name, as in `--env K=V`".into()),
        Some((name, value)) => Ok((name.into(), value.into())),
        None => Err(format!(
            "the host's environment is not passed on, as it differs between hosts; give the value, as in `--env \
             {text}=\"${text}\"`"
        )),
    }
}

pub(super) fn parse_preload(text: &str) -> Result<(String, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((name, file)) if name.is_empty() || ["", "-"].contains(&file) => {
            Err("give a name and a file, as in `--preload lib=lib.wasm`")
        }
        Some(("wasi_snapshot_preview1" | "wasi_unstable", _)) => Err("that name is WASI's own; give another"),
        Some((name, file)) => Ok((name.into(), file.into())),
        None => Err("give it a name, by which the guest imports from it: `--preload lib=lib.wasm`"),
    }
}

pub(super) fn parse_epoch(text: &str) -> Result<WallTime, &'static str> {
    let time: Timestamp =
        text.parse().map_err(|_| "give a date and time with its offset from UTC, such as 2025-01-01T00:00:00Z")?;
    if is_leap_second(text) {
        return Err("the wall clock, as Unix's, has no leap seconds; give the second before it or the one after");
    }
    u64::try_from(time.as_nanosecond())
        .map(WallTime::from_unix_nanos)
        .map_err(|_| "WASI's wall clock goes from 1970 to 2554; give a time between")
}

/// Whether the second of a date and time is 60, which the parser takes for 59. Between hours, minutes and seconds there may be
/// colons.
fn is_leap_second(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    let digits = time.chars().filter(|&c| c != ':').take_while(char::is_ascii_digit);
    digits.skip(4).take(2).eq("60".chars())
}

pub(super) fn parse_timeout(text: &str) -> Result<Duration, &'static str> {
    let duration: Option<SignedDuration> = text.parse().ok();
    duration
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or("give a duration, such as 500ms, 10s or 2m")
}

pub(super) fn parse_stack(text: &str) -> Result<ByteSize, String> {
    match numbers::size(text)? {
        ByteSize(0) => Err("a guest without a stack can call nothing; give bytes, such as 512KiB".into()),
        size => Ok(size),
    }
}

/// What a trace leaves out.
pub(super) fn parse_omit(text: &str) -> Result<Omitted, String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(Omitted::Env(name.to_owned())),
        None if text == "stdin" => Ok(Omitted::Stdin),
        _ => Err("it is neither `env:NAME` nor `stdin`".into()),
    }
}
