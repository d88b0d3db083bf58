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
        let call = standing_out(&findings.host_calls).map(|call| format!("; but {call}")).unwrap_or_default();
        return format!(
            "detwasi and stock differ by {size}, which is within the noise: runs of one side lie {noise} apart{call}"
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

/// How many calls of a run say something of each.
const MANY: u64 = 100;

/// What a run as a whole does not show: the function whose calls take at least twice as long on one side, time after time,
/// and of several the one with which that makes most.
fn standing_out(calls: &[HostCall]) -> Option<String> {
    let outstanding = calls.iter().filter_map(|call| {
        let (stock, ours) = (call.stock.as_ref()?, call.detwasi.as_ref()?);
        let (stock_ns, ours_ns) = (stock.median_ns?, ours.median_ns?);
        let (less, more) = (stock_ns.min(ours_ns), stock_ns.max(ours_ns));
        let (stock_total, ours_total) = call.totals()?;
        let is_much = more / 2 >= less.max(1) && stock.calls.min(ours.calls) >= MANY;
        let all = Part::new(name(call), &stock_total, &ours_total).filter(|_| is_much)?;
        let text = format!(
            "a call of {} takes {} here and {} on stock, {} times a run: {} in all",
            all.name,
            duration(ours_ns.into()),
            duration(stock_ns.into()),
            ours.calls,
            amount(all.more),
        );
        Some((all.more.unsigned_abs(), text))
    });
    outstanding.max_by_key(|(size, _)| *size).map(|(_, text)| text)
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

#[cfg(test)]
mod tests {
    use super::super::findings::Counted;
    use super::*;

    fn call(name: &str, calls: u64, stock_ns: u64, ours_ns: u64) -> HostCall {
        let side = |each: u64| {
            let total = Some(Stats::of((0..11).map(|run| calls * each + run)));
            Some(Counted { calls, varies: false, median_ns: Some(each), total })
        };
        HostCall { name: name.into(), stock: side(stock_ns), detwasi: side(ours_ns) }
    }

    #[test]
    fn a_call_that_stands_out_is_named_where_the_run_does_not_show_it() {
        let alike = [call("fd_read", 5000, 200, 150), call("args_get", 1, 900, 100)];
        assert_eq!(standing_out(&alike), None);
        let calls = [
            call("fd_read", 5000, 200, 150),
            call("clock_time_get", 300, 500, 100),
            call("fd_write", 2000, 700, 100),
            call("x\n", 100, 1, 4),
        ];
        let text = "a call of fd_write takes 100 ns here and 700 ns on stock, 2000 times a run: 1.20 ms less in all";
        assert_eq!(standing_out(&calls).as_deref(), Some(text));
        let text = r"a call of x\n takes 4 ns here and 1 ns on stock, 100 times a run: 300 ns more in all";
        assert_eq!(standing_out(&calls[3..]).as_deref(), Some(text));
    }
}
