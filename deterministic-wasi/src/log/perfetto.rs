//! Calls as Chrome's trace events, which Perfetto shows: one process, the guest, on its own time.
//!
//! A call is a slice (`X`) on the guest's one track. Slices of a track must lie inside or beside each other: a call of 0.3 that was
//! waited for while others went on is a pair of asynchronous events (`b`, `e`), which have tracks of their own.

use std::io;

use deterministic_core::Instant;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::json::asked_and_got;
use super::{Call, Mark};

/// What the file begins with: whose track it is.
pub(super) const BEGIN: &[u8] = br#"{"displayTimeUnit":"ns","traceEvents":[
{"name":"process_name","ph":"M","pid":1,"tid":1,"args":{"name":"guest"}},
{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"WASI calls"}}"#;

/// What it ends with.
pub(super) const END: &[u8] = b"\n]}\n";

/// The track as far as it is drawn.
#[derive(Debug, Default)]
pub(super) struct Track {
    until: Instant,
}

impl Track {
    /// Writes the events of a call, each after a comma.
    pub(super) fn call(&mut self, out: &mut impl io::Write, call: &Call<'_>) -> io::Result<()> {
        let mut event = |phase, at| {
            out.write_all(b",\n")?;
            serde_json::to_writer(&mut *out, &Event { call, phase, at }).map_err(io::Error::from)
        };
        if call.at < self.until {
            event("b", call.at)?;
            return event("e", call.until);
        }
        self.until = call.until;
        event("X", call.at)
    }
}

/// A digest, where the track stands.
pub(super) fn mark(out: &mut impl io::Write, mark: Mark, at: Instant) -> io::Result<()> {
    out.write_all(b",\n")?;
    serde_json::to_writer(&mut *out, &MarkEvent { mark, at }).map_err(io::Error::from)
}

/// Microseconds, to the nanosecond. Beyond 2^53 of them a number of JSON's readers is less exact, which a picture may be.
fn micros(nanos: u64) -> serde_json::Number {
    let text = format!("{}.{:03}", nanos / 1000, nanos % 1000);
    text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).unwrap_or_else(|| 0.into())
}

struct Event<'a> {
    call: &'a Call<'a>,
    phase: &'static str,
    at: Instant,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Event { call, phase, at } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", call.function)?;
        map.serialize_entry("cat", call.interface)?;
        map.serialize_entry("ph", phase)?;
        map.serialize_entry("ts", &micros(at.as_nanos()))?;
        if *phase == "X" {
            map.serialize_entry("dur", &micros(call.until.saturating_since(call.at)))?;
        } else {
            map.serialize_entry("id", &call.number)?;
        }
        map.serialize_entry("pid", &1)?;
        map.serialize_entry("tid", &1)?;
        if *phase != "e" {
            map.serialize_entry("args", &Args(call))?;
        }
        map.end()
    }
}

struct Args<'a>(&'a Call<'a>);

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("number", &self.0.number)?;
        asked_and_got(&mut map, self.0)?;
        map.end()
    }
}

struct MarkEvent {
    mark: Mark,
    at: Instant,
}

impl Serialize for MarkEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", "digest")?;
        map.serialize_entry("ph", "i")?;
        map.serialize_entry("ts", &micros(self.at.as_nanos()))?;
        map.serialize_entry("pid", &1)?;
        map.serialize_entry("tid", &1)?;
        map.serialize_entry("s", "t")?;
        map.serialize_entry("args", &super::json::MarkLine(self.mark))?;
        map.end()
    }
}
