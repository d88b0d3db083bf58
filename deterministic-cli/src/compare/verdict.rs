//! One line that says where the difference comes from.

use super::findings::{Findings, HostCall};
use super::stats::Stats;
use super::text::{duration, name};

/// Parts that are less of the difference than this share of it are told together.
const SMALLEST_SHARE: u128 = 20;
/// How many parts are told apart.
const MOST_PARTS: usize = 4;

/// How much longer something takes on ours, in nanoseconds.
struct Part {
    name: String,
    more: i128,
}

impl Part {
    /// `None` if that is noise.
    fn new(name: impl Into<String>, stock: &Stats, ours: &Stats) -> Option<Self> {
        (!ours.is_like(stock)).then(|| Part { name: name.into(), more: ours.difference_to(stock) })
    }
}

/// The line, without an end of line.
pub(super) fn verdict(findings: &Findings) -> String {
    let (stock, ours) = (&findings.stock, &findings.detwasi);
    let difference = ours.run.difference_to(&stock.run);
    let size = duration(difference.unsigned_abs());
    if ours.run.is_like(&stock.run) {
        let noise = duration(ours.run.spread.max(stock.run.spread).into());
        return format!(
            "detwasi and stock differ by {size}, which is within the noise: runs of one side lie {noise} apart"
        );
    }
    let host_calls = findings.host_calls.iter().filter_map(|call| {
        let (stock, ours) = call.totals()?;
        Part::new(name(call) + waits(call), &stock, &ours)
    });
    let setup = Part::new("setting up (store, context, instance)", &stock.setup, &ours.setup);
    let mut parts: Vec<Part> = host_calls.chain(setup).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.more.unsigned_abs()));
    parts.retain(|part| part.more.unsigned_abs() >= difference.unsigned_abs() / SMALLEST_SHARE);
    parts.truncate(MOST_PARTS);

    let rest = difference - parts.iter().map(|part| part.more).sum::<i128>();
    let mut told: Vec<String> = parts.iter().map(|part| format!("{} in {}", amount(part.more), part.name)).collect();
    if rest != 0 {
        let place = match (&findings.not_timed, told.is_empty()) {
            (None, true) => "in no single place that stands out of the noise",
            (None, false) => "elsewhere (the guest itself, smaller parts, noise)",
            (Some(_), _) => "in the guest and its host calls, which are not told apart",
        };
        told.push(format!("{} {place}", amount(rest)));
    }
    let unsure = if findings.runs == 1 { ", as far as one run of each tells" } else { "" };
    let more_or_less = if difference < 0 { "less" } else { "more" };
    format!("detwasi took {size} {more_or_less} than stock{unsure}: {}", told.join(", "))
}

fn amount(more: i128) -> String {
    format!("{} {}", duration(more.unsigned_abs()), if more < 0 { "less" } else { "more" })
}

/// The one host call of WASI 0.1 that takes long on purpose.
fn waits(call: &HostCall) -> &'static str {
    match call.totals() {
        Some((stock, ours)) if call.name == "poll_oneoff" && ours.median < stock.median / 10 => {
            " (stock waits for real)"
        }
        _ => "",
    }
}
