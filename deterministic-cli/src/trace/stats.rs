//! What a trace is made of.

use std::collections::BTreeMap;
use std::io::{self, Write};

use deterministic_run::trace::{ClockRecord, Record};
use serde::Serialize;

use super::event::Events;

#[derive(Default)]
pub(super) struct Stats {
    events: Events,
    kinds: BTreeMap<String, Kind>,
}

/// The records of one kind or one source.
#[derive(Default, Serialize)]
struct Kind {
    records: u64,
    /// What was asked and said, in bytes. An answer that was given before counts again, and takes no room.
    bytes: u64,
}

impl Stats {
    pub(super) fn add(&mut self, record: &Record) {
        let (name, bytes) = match record {
            Record::Header(bytes) => ("header".into(), bytes.len()),
            Record::Blob(bytes) => ("blobs".into(), bytes.len()),
            Record::Outcome(bytes) => ("outcome".into(), bytes.len()),
            Record::Source(name) => ("names of sources".into(), name.len()),
            Record::Answer { source, question, answer } => {
                (format!("source {}", self.events.name(*source)), question.len() + answer.len())
            }
            Record::Failed { source, question, error } => {
                (format!("source {}", self.events.name(*source)), question.len() + error.len())
            }
            Record::Clock(ClockRecord::Read { .. }) => ("clock: readings".into(), 0),
            Record::Clock(ClockRecord::Advance { .. }) => ("clock: sleeps".into(), 0),
            _ => ("clock: others".into(), 0),
        };
        let kind = self.kinds.entry(name).or_default();
        kind.records += 1;
        kind.bytes += bytes as u64;
        self.events.of(record);
    }

    pub(super) fn write(&self, out: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            return writeln!(out, "{}", serde_json::to_string_pretty(&self.kinds)?);
        }
        writeln!(out, "{:>10} {:>14}", "records", "bytes")?;
        for (name, Kind { records, bytes }) in &self.kinds {
            writeln!(out, "{records:>10} {bytes:>14} {name}")?;
        }
        Ok(())
    }
}
