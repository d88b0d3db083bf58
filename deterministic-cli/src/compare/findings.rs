//! What the runs say together.

use std::path::Path;

use deterministic_run::text::one_line;
use deterministic_run::{Guest, Kind, Summary};
use deterministic_wasmtime::shown;
use serde::Serialize;

use super::inputs::{Ran, Side, Stdout};
use super::stats::{Stats, median, nanos};
use super::stopwatch::Calls;
use super::verdict;
use crate::args::GuestArgs;

/// Grows when a field changes its meaning or goes away; a new field changes nothing.
const FORMAT: u32 = 1;

/// All that is printed; as JSON in this order.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    format: u32,
    pub(super) guest: String,
    guest_sha256: String,
    pub(super) kind: &'static str,
    pub(super) preset: String,
    pub(super) seed: String,
    pub(super) runs: usize,
    pub(super) stock: Measured,
    pub(super) detwasi: Measured,
    pub(super) stock_default_engine: Measured,
    /// Whether both sides ended with the same exit code.
    pub(super) same_exit_code: bool,
    /// With how many runs of each side host calls were measured.
    pub(super) timed_runs: usize,
    /// Why host calls were only counted, and on ours alone.
    pub(super) not_timed: Option<String>,
    pub(super) host_calls: Vec<HostCall>,
    /// Where the difference comes from, in one line.
    pub(super) verdict: String,
}

/// One side.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) exit_code: i32,
    /// A whole run: making store, context and instance, and the call.
    pub(super) run: Stats,
    /// All but the call.
    pub(super) setup: Stats,
    /// Of the first run.
    pub(super) stdout_bytes: u64,
    /// `null` if it is more than 64 MiB.
    pub(super) stdout_sha256: Option<String>,
    /// Whether all runs had the same.
    pub(super) stdout_same: bool,
}

/// A function of the host's on both sides; `None` is not known.
#[derive(Debug, Serialize)]
pub(super) struct HostCall {
    pub(super) name: String,
    pub(super) stock: Option<Counted>,
    pub(super) detwasi: Option<Counted>,
}

/// The calls of a function in one run.
#[derive(Debug, Serialize)]
pub(super) struct Counted {
    /// The median of the runs.
    pub(super) calls: u64,
    /// Whether another run had another number.
    pub(super) varies: bool,
    /// What one call takes, over all runs.
    pub(super) median_ns: Option<u64>,
    /// What those of one run take together.
    pub(super) total: Option<Stats>,
}

impl HostCall {
    /// What the calls of a run take together, on stock and on ours.
    pub(super) fn totals(&self) -> Option<(Stats, Stats)> {
        Some((self.stock.as_ref()?.total?, self.detwasi.as_ref()?.total?))
    }

    /// How much longer the calls of a run take on ours than on stock, in nanoseconds.
    pub(super) fn difference(&self) -> Option<i128> {
        self.totals().map(|(stock, ours)| ours.difference_to(&stock))
    }
}

/// The names of the functions that were measured, and the runs of stock and of ours; or why there are none.
type Timed<'a> = Result<(&'a [String], Option<&'a [Vec<Ran>; 2]>), &'a str>;

impl Findings {
    /// `plain` has at least one run of each side.
    pub(super) fn new(guest: &Guest, args: &GuestArgs, plain: &[Vec<Ran>; 3], timed: Timed<'_>) -> Self {
        let [stock, detwasi, stock_default_engine] = plain.each_ref().map(|runs| Measured::of(runs));
        let ours = plain[1].as_slice();
        let (timed_runs, not_timed, host_calls) = match timed {
            Ok((names, Some(timed))) => match other_work(&plain[0], ours, names, timed) {
                None => (timed[0].len(), None, measured(names, timed)),
                Some(what) => {
                    (0, Some(format!("with a stopwatch in it the guest does other work: {what}")), counted(ours))
                }
            },
            Ok((_, None)) => (0, Some("it was not tried".into()), counted(ours)),
            Err(reason) => (0, Some(one_line(reason)), counted(ours)),
        };
        let mut findings = Findings {
            format: FORMAT,
            guest: Path::new(guest.name()).file_name().unwrap_or_default().to_string_lossy().into_owned(),
            guest_sha256: Summary::of(guest.binary()).sha256,
            kind: if guest.kind() == Kind::Module { "module" } else { "component" },
            preset: args.preset().to_string(),
            seed: args.seed.seed().to_string(),
            runs: ours.len(),
            same_exit_code: stock.exit_code == detwasi.exit_code,
            stock,
            detwasi,
            stock_default_engine,
            timed_runs,
            not_timed,
            host_calls,
            verdict: String::new(),
        };
        findings.verdict = verdict::verdict(&findings);
        findings
    }

    pub(super) fn side(&self, side: Side) -> &Measured {
        match side {
            Side::Stock => &self.stock,
            Side::Ours => &self.detwasi,
            Side::StockDefault => &self.stock_default_engine,
        }
    }
}

impl Measured {
    fn of(runs: &[Ran]) -> Self {
        let first = runs.first();
        let stdout = first.map_or(Stdout { bytes: 0, sha256: None }, |ran| ran.stdout.clone());
        Measured {
            exit_code: first.and_then(exit_code).unwrap_or_default(),
            run: Stats::of(runs.iter().map(|ran| nanos(ran.setup + ran.call))),
            setup: Stats::of(runs.iter().map(|ran| nanos(ran.setup))),
            stdout_same: runs.iter().all(|ran| ran.stdout == stdout),
            stdout_bytes: stdout.bytes,
            stdout_sha256: stdout.sha256,
        }
    }
}

fn exit_code(ran: &Ran) -> Option<i32> {
    ran.ended.exit_code()
}

/// How the runs with a stopwatch are seen not to be the work of those without.
fn other_work(
    stock: &[Ran],
    ours: &[Ran],
    names: &[String],
    [timed_stock, timed_ours]: &[Vec<Ran>; 2],
) -> Option<String> {
    for (side, plain, timed) in [(Side::Stock, stock, timed_stock), (Side::Ours, ours, timed_ours)] {
        let expected = plain.first().and_then(exit_code);
        if let Some(other) = timed.iter().find(|ran| exit_code(ran) != expected) {
            return Some(format!("{} {}", other.ended, side.place()));
        }
    }
    // Ours counts for itself: nothing may pass by the stopwatch.
    for ran in timed_ours {
        for (name, count) in &ran.host_calls {
            let at = names.iter().position(|known| known == name);
            let measured = at.and_then(|at| ran.timed.get(at)).map_or(0, |calls| calls.count);
            if measured != *count {
                return Some(format!("{count} calls of {}, of which {measured} were measured", shown(name)));
            }
        }
    }
    // The runs are alike unless the preset is `host`.
    let first = ours.first().map(|ran| &ran.host_calls);
    let is_other = |ran: &Ran| Some(&ran.host_calls) != first;
    (timed_ours.iter().any(is_other) && !ours.iter().any(is_other))
        .then(|| format!("other host calls {}", Side::Ours.place()))
}

/// What the stopwatch says.
fn measured(names: &[String], [stock, ours]: &[Vec<Ran>; 2]) -> Vec<HostCall> {
    let side = |runs: &[Ran], at: usize| {
        let calls = || runs.iter().filter_map(|ran| ran.timed.get(at));
        let mut counts: Vec<u64> = calls().map(|calls| calls.count).collect();
        let count = median(&mut counts);
        Counted {
            calls: count,
            varies: counts.first() != counts.last(),
            median_ns: Calls::median_ns(calls()),
            total: Some(Stats::of(calls().map(|calls| calls.total_ns))),
        }
    };
    let all = (0..names.len()).map(|at| HostCall {
        name: names[at].clone(),
        stock: Some(side(stock, at)),
        detwasi: Some(side(ours, at)),
    });
    let was_called = |counted: &Option<Counted>| counted.as_ref().is_some_and(|counted| counted.calls > 0);
    let mut called: Vec<_> = all.filter(|call| was_called(&call.stock) || was_called(&call.detwasi)).collect();
    called.sort_by_key(|call| std::cmp::Reverse(call.difference().unwrap_or_default().abs()));
    called
}

/// What ours counts itself, the most frequent first.
fn counted(ours: &[Ran]) -> Vec<HostCall> {
    let Some(first) = ours.first() else { return Vec::new() };
    let mut counted: Vec<_> = first
        .host_calls
        .iter()
        .map(|(name, calls)| {
            let varies = ours.iter().any(|ran| !ran.host_calls.contains(&(name.clone(), *calls)));
            let ours = Counted { calls: *calls, varies, median_ns: None, total: None };
            HostCall { name: name.clone(), stock: None, detwasi: Some(ours) }
        })
        .collect();
    counted.sort_by_key(|call| std::cmp::Reverse(call.detwasi.as_ref().map(|counted| counted.calls)));
    counted
}
