//! What `verify` says: a line for each run, for a person or as JSON.

use deterministic_run::verify::{Checked, Observed, Parted, PartedCalls};
use serde::Serialize;

use crate::args::VerifyArgs;
use crate::problem::Problem;
use crate::stdio::{line, say};

/// What is said of one run.
pub(super) struct Line {
    /// How it was disturbed.
    pub(super) way: String,
    pub(super) checked: Checked,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    way: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parted: Option<&'a Parted>,
}

#[derive(Serialize)]
struct JsonEnd<'a> {
    deterministic: bool,
    runs: u32,
    ended: &'a str,
    outcome_digest: &'a Option<String>,
    calls: u64,
    calls_digest: &'a str,
}

/// Says it, line by line.
pub(super) struct Report {
    json: bool,
    known: Option<Observed>,
    /// How many runs there were beside the undisturbed one.
    runs: u32,
    parted: bool,
}

impl Report {
    pub(super) fn new(args: &VerifyArgs) -> Self {
        Report { json: args.json, known: None, runs: 0, parted: false }
    }

    /// Of the undisturbed run.
    pub(super) fn begin(&mut self, known: &Observed) -> Result<(), Problem> {
        self.known = Some(known.clone());
        if self.json {
            return Ok(());
        }
        let (calls, _) = last(known);
        say(&format!("undisturbed: {}, after {calls} calls of host functions\n", known.told.ended))
    }

    /// Of another. Gives whether it parted.
    pub(super) fn line(&mut self, Line { way, checked }: Line) -> Result<bool, Problem> {
        self.runs += u32::from(!matches!(checked, Checked::LeftOut(_)));
        let parted = match &checked {
            Checked::Parted(parted) => Some(&**parted),
            _ => None,
        };
        self.parted |= parted.is_some();
        let (result, reason) = match &checked {
            Checked::Same => ("same", None),
            Checked::LeftOut(reason) => ("left-out", Some(reason.as_str())),
            _ => ("parted", None),
        };
        let line = if self.json {
            line(&JsonLine { way: &way, result, reason, parted })?
        } else {
            match (reason, parted) {
                (Some(reason), _) => format!("  left out  {way}: {reason}\n"),
                (None, None) => format!("  same      {way}\n"),
                (None, Some(parted)) => format!("  PARTED    {way}\n{}", told(parted)),
            }
        };
        say(&line)?;
        Ok(self.parted)
    }

    /// Of all of them. Gives whether one parted.
    pub(super) fn finish(&self) -> Result<bool, Problem> {
        if let Some(known) = &self.known {
            let (calls, calls_digest) = last(known);
            let (ended, outcome_digest) = (&known.told.ended, &known.told.digest);
            let deterministic = !self.parted;
            let runs = self.runs;
            if self.json {
                say(&line(&JsonEnd { deterministic, runs, ended, outcome_digest, calls, calls_digest })?)?;
            } else if deterministic {
                let outcome = outcome_digest.as_deref().unwrap_or("none, since it wrote more than is kept");
                say(&format!("the same in {runs} runs; outcome {outcome}, calls {calls_digest}\n"))?;
            }
        }
        Ok(self.parted)
    }
}

/// How many calls there were, and their digest.
fn last(observed: &Observed) -> (u64, &str) {
    observed.calls.last().map_or((0, ""), |(calls, digest)| (*calls, digest))
}

fn told(parted: &Parted) -> String {
    let mut text = String::new();
    if let Some(differs) = &parted.outcome {
        text += &format!(
            "    {}:\n      undisturbed: {}\n      here:        {}\n",
            differs.what, differs.undisturbed, differs.disturbed
        );
    }
    match &parted.calls {
        Some(calls) => {
            text += "    the first call that is not the same, after those before it:\n";
            text += &told_calls(calls, "undisturbed:", "here:");
        }
        None => text += "    every call of a host function is the same\n",
    }
    text
}

/// The first call that is not the same in two runs, after those before it.
pub(crate) fn told_calls(calls: &PartedCalls, one: &str, other: &str) -> String {
    let width = one.len().max(other.len());
    let before: String = calls.before.iter().map(|call| format!("      {call}\n")).collect();
    let call = |call: &Option<String>| call.clone().unwrap_or_else(|| "(it had ended)".into());
    let (first, second) = (call(&calls.undisturbed), call(&calls.disturbed));
    format!("{before}      {one:width$} {first}\n      {other:width$} {second}\n")
}
