//! A record as a line.

use deterministic_run::Summary;
use deterministic_run::text::hex;
use deterministic_run::trace::{ClockRecord, Record};
use deterministic_wasmtime::core::Instant;
use deterministic_wasmtime::fs;
use serde_json::{Value, json};

/// The source that live directories are.
const FILES: &str = "files";

/// What the records before one say of it.
#[derive(Default)]
pub(super) struct Events {
    number: u64,
    at: Instant,
    names: Vec<String>,
}

/// A line for people, and one for programs.
pub(super) struct Event {
    pub(super) text: String,
    pub(super) json: Value,
}

impl Events {
    /// Where the timeline stands.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// What a source is called.
    pub(super) fn name(&self, source: u64) -> String {
        let name = usize::try_from(source).ok().and_then(|at| self.names.get(at));
        name.cloned().unwrap_or_else(|| source.to_string())
    }

    pub(super) fn of(&mut self, record: &Record) -> Event {
        if let Record::Clock(clock) = record {
            self.at = self.at.saturating_add(clock.stands());
        }
        let (text, mut json) = self.told(record);
        json["n"] = self.number.into();
        json["at"] = self.at.as_nanos().into();
        let text = format!("{:6} {} {}", self.number, self.at, text);
        self.number += 1;
        if let Record::Source(name) = record {
            self.names.push(name.clone());
        }
        Event { text, json }
    }

    fn told(&self, record: &Record) -> (String, Value) {
        let whole = |kind: &str, bytes: &[u8]| {
            let Summary { bytes, sha256, .. } = Summary::of(bytes);
            (format!("{kind}: {bytes} bytes"), json!({ "kind": kind, "bytes": bytes, "sha256": sha256 }))
        };
        match record {
            Record::Header(bytes) => whole("header", bytes),
            Record::Blob(bytes) => whole("blob", bytes),
            Record::Outcome(bytes) => whole("outcome", bytes),
            Record::Source(name) => (format!("source {name:?}"), json!({ "kind": "source", "name": name })),
            Record::Answer { source, question, answer } => {
                let name = self.name(*source);
                let text = match &*name {
                    FILES => fs::describe_exchange(question, answer),
                    _ => format!("{} → {}", readable(question), readable(answer)),
                };
                let Summary { bytes, sha256, .. } = Summary::of(answer);
                let json = json!({
                    "kind": "answer", "source": name, "question": hex(question), "bytes": bytes, "sha256": sha256,
                });
                (format!("{name}: {text}"), json)
            }
            Record::Failed { source, question, error } => {
                let name = self.name(*source);
                let text = format!("{name}: {} failed: {error:?}", readable(question));
                (text, json!({ "kind": "failed", "source": name, "question": hex(question), "error": error }))
            }
            Record::Clock(clock) => clock_told(*clock),
            Record::ClockFailed { asked, error } => {
                let (text, of) = clock_told(*asked);
                (
                    format!("{text} failed: {error:?}"),
                    json!({ "kind": "clock-failed", "of": of["kind"], "error": error }),
                )
            }
            _ => ("something new".into(), json!({ "kind": "unknown" })),
        }
    }
}

fn clock_told(record: ClockRecord) -> (String, Value) {
    match record {
        ClockRecord::Begin { now, observes_fuel } => {
            ("the clock begins".into(), json!({ "kind": "begin", "now": now, "observes_fuel": observes_fuel }))
        }
        ClockRecord::Read { clock, shown, stands } => (
            format!("{clock} clock: {shown} ns later"),
            json!({ "kind": "read", "clock": clock as u8, "shown": shown, "stands": stands }),
        ),
        ClockRecord::Advance { deadline, stands } => (
            format!("sleep of {deadline} ns: {stands} ns later"),
            json!({ "kind": "sleep", "deadline": deadline, "stands": stands }),
        ),
        ClockRecord::CatchUp { stands } => {
            (format!("wait: {stands} ns later"), json!({ "kind": "wait", "stands": stands }))
        }
        ClockRecord::Elapse { fuel, stands } => (
            format!("{fuel} units of fuel: {stands} ns later"),
            json!({ "kind": "fuel", "fuel": fuel, "stands": stands }),
        ),
        _ => ("the clock".into(), json!({ "kind": "unknown" })),
    }
}

/// Few bytes as they are, and of many the beginning and how many.
fn readable(bytes: &[u8]) -> String {
    const FEW: usize = 24;
    match std::str::from_utf8(bytes) {
        Ok(text) if (2..=FEW).contains(&bytes.len()) && !text.contains(char::is_control) => format!("{text:?}"),
        _ if bytes.len() <= FEW => format!("[{}]", hex(bytes)),
        _ => format!("{} bytes, [{}…]", bytes.len(), hex(&bytes[..FEW / 2])),
    }
}
