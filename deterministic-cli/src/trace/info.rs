//! What a run was given and what came of it.

use std::io::{self, Write};

use deterministic_run::trace::Record;
use serde_json::{Value, json};

use super::event::Events;

#[derive(Default)]
pub(super) struct Info {
    header: Value,
    outcome: Value,
    bytes: u64,
    records: u64,
    events: Events,
}

impl Info {
    pub(super) fn add(&mut self, record: &Record, read: u64) {
        match record {
            Record::Header(text) => self.header = serde_json::from_slice(text).unwrap_or_default(),
            Record::Outcome(text) => self.outcome = serde_json::from_slice(text).unwrap_or_default(),
            _ => {}
        }
        self.events.of(record);
        self.bytes = read;
        self.records += 1;
    }

    pub(super) fn write(&self, out: &mut impl Write, as_json: bool) -> io::Result<()> {
        let Info { header, outcome, bytes, records, events } = self;
        if as_json {
            let all = json!({
                "header": header, "outcome": outcome, "bytes": bytes, "records": records,
                "elapsed_ns": events.at().as_nanos(),
            });
            return writeln!(out, "{all:#}");
        }
        let guest = &header["guest"];
        let embedded = if guest["blob"].is_null() { "not in the trace" } else { "in the trace" };
        writeln!(out, "guest      {}, {embedded}", guest["name"])?;
        writeln!(out, "sha256     {}", text(&guest["sha256"]))?;
        for (title, key) in [
            ("arguments", "arguments"),
            ("policies", "policies"),
            ("stdin", "stdin"),
            ("engine", "engine"),
            ("written by", "written_by"),
        ] {
            writeln!(out, "{title:10} {}", text(&header[key]))?;
        }
        let dirs = |key: &str| header[key].as_array().into_iter().flatten().map(|dir| text(&dir["guest"])).collect();
        let (live, hermetic): (Vec<_>, Vec<_>) = (dirs("live_dirs"), dirs("hermetic_dirs"));
        writeln!(
            out,
            "dirs       {} live, {} hermetic: {}",
            live.len(),
            hermetic.len(),
            [live, hermetic].concat().join(", ")
        )?;
        writeln!(out, "trace      {bytes} bytes, {records} records, {} of the guest's time", events.at())?;
        match &outcome["ended"] {
            Value::Null => writeln!(out, "outcome    none: the trace ends before the run did"),
            ended => writeln!(out, "outcome    {}, digest {}", text(ended), text(&outcome["digest"])),
        }
    }
}

/// Text without quotes, and other things as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.escape_debug().to_string(),
        other => other.to_string(),
    }
}
