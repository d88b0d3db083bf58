//! The findings for people.

use std::fmt;

use deterministic_wasmtime::shown;

use super::findings::{Counted, Findings, HostCall, Measured};
use super::inputs::Side;

/// How many host calls have a line of their own.
const LINES: usize = 20;

/// Nanoseconds with three digits and a unit.
pub(super) fn duration(nanos: u128) -> String {
    let (value, unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Three digits, or all before the point.
fn digits(value: f64) -> String {
    let after = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.after$}")
}

/// As a factor.
fn ratio(of: u64, to: u64) -> String {
    match (of, to) {
        (_, 0) => "-".into(),
        (of, to) if of < to / 10 => format!("{:.4}", of as f64 / to as f64),
        (of, to) => digits(of as f64 / to as f64),
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { guest, preset, runs, .. } = self;
        let guest = shown(guest);
        let seed = seed(&self.seed);
        let each = if *runs == 1 { "1 run of each".into() } else { format!("{runs} runs of each, in turn") };
        writeln!(f, "{guest} on stock WASI and on detwasi (preset {preset}, seed {seed}): {each}\n")?;
        if cfg!(debug_assertions) {
            writeln!(f, "This detwasi is a debug build, whose times say little: build it with --release.\n")?;
        }
        writeln!(f, "{:24}{:>10}{:>11}{:>11}{:>10}", "time of a run", "median", "least", "most", "of stock")?;
        for side in Side::ALL {
            let Measured { run, .. } = self.side(side);
            let [median, min, max] = [run.median, run.min, run.max].map(|nanos| duration(nanos.into()));
            let ratio = if side == Side::Stock { String::new() } else { ratio(run.median, self.stock.run.median) };
            let line = format!("{:24}{median:>10}{min:>11}{max:>11}{ratio:>10}", side.name());
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "{}\n", self.engine())?;
        writeln!(f, "{}", self.exits())?;
        writeln!(f, "{}\n", self.outputs())?;
        self.calls(f)?;
        writeln!(f, "{}.", self.verdict)
    }
}

/// An integer if it is one.
fn seed(hex: &str) -> String {
    let bytes: Vec<_> =
        (2..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    match bytes.split_first_chunk::<8>() {
        Some((low, high)) if high.iter().all(|byte| *byte == 0) => u64::from_le_bytes(*low).to_string(),
        _ => hex.into(),
    }
}

impl Findings {
    /// What the settings of the engine cost, which both of the first two lines have.
    fn engine(&self) -> String {
        let (same, default) = (&self.stock.run, &self.stock_default_engine.run);
        let difference = same.difference_to(default);
        let amount = duration(difference.unsigned_abs());
        let begin = "The engine settings that make runs the same, which both first lines have, take";
        if same.is_like(default) {
            return format!("{begin} no time beyond the noise ({amount}).");
        }
        let factor = ratio(same.median, default.median);
        format!("{begin} {amount} {} ({factor} of a default engine).", if difference < 0 { "less" } else { "more" })
    }

    fn exits(&self) -> String {
        let (stock, ours) = (self.stock.exit_code, self.detwasi.exit_code);
        if self.same_exit_code {
            return format!("Exit code: {stock} on both sides.");
        }
        format!("Exit code: {stock} on stock, {ours} on detwasi: the two did not do the same work.")
    }

    fn outputs(&self) -> String {
        let said = |measured: &Measured| {
            let same = match (self.runs, measured.stdout_same) {
                (1, _) => "",
                (_, true) => ", the same in all runs",
                (_, false) => ", not the same in all runs",
            };
            format!("{} bytes{same}", measured.stdout_bytes)
        };
        let (stock, ours) = (&self.stock, &self.detwasi);
        let is_one = stock.stdout_same && ours.stdout_same && stock.stdout_sha256 == ours.stdout_sha256;
        if is_one && stock.stdout_bytes == ours.stdout_bytes {
            return format!("Stdout: {}, and the same on both sides.", said(stock));
        }
        format!("Stdout: on stock {}; on detwasi {}.", said(stock), said(ours))
    }

    fn calls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host_calls.is_empty() {
            return writeln!(f, "The guest called nothing that is counted.\n");
        }
        let width =
            self.host_calls.iter().take(LINES).map(|call| name(call).chars().count()).max().unwrap_or(0).max(24);
        if let Some(reason) = &self.not_timed {
            writeln!(f, "{:width$}{:>10}", "host calls of a run", "detwasi")?;
            for call in self.host_calls.iter().take(LINES) {
                writeln!(f, "{:width$}{:>10}", name(call), calls(&call.detwasi))?;
            }
            self.others(f)?;
            return writeln!(f, "What each takes is not measured, and stock counts none: {reason}.\n");
        }
        let [begin, both] = ["host calls of a run", "stock   detwasi"];
        writeln!(f, "{begin:width$}{:>18}{:>20}{:>20}", "how many", "median of one", "all together")?;
        writeln!(f, "{:width$}{both:>18}{both:>20}{both:>20}{:>13}", "", "difference")?;
        for call in self.host_calls.iter().take(LINES) {
            writeln!(f, "{}", row(call, width))?;
        }
        self.others(f)?;
        let runs = if self.timed_runs == 1 { "1 run".into() } else { format!("{} runs", self.timed_runs) };
        writeln!(f, "From {runs} of each beside those above, with a stopwatch around each call.\n")
    }

    /// The calls without a line of their own.
    fn others(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.host_calls.get(LINES..).unwrap_or_default();
        if others.is_empty() {
            return Ok(());
        }
        let differences: Vec<_> = others.iter().filter_map(HostCall::difference).collect();
        let count: u64 = others.iter().filter_map(|call| Some(call.detwasi.as_ref()?.calls)).sum();
        write!(f, "and {} others, with {count} calls on detwasi", others.len())?;
        if differences.is_empty() { writeln!(f) } else { writeln!(f, ": {}", signed(differences.iter().sum())) }
    }
}

/// The guest may import anything under the name of WASI's modules.
pub(super) fn name(call: &HostCall) -> String {
    shown(&call.name).most(64).to_string()
}

fn row(call: &HostCall, width: usize) -> String {
    let text = |nanos: Option<u64>| nanos.map_or("-".into(), |nanos| duration(nanos.into()));
    let one = |counted: &Option<Counted>| text(counted.as_ref().and_then(|counted| counted.median_ns));
    let all = |counted: &Option<Counted>| text(counted.as_ref().and_then(|counted| Some(counted.total?.median)));
    format!(
        "{:width$}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>13}",
        name(call),
        calls(&call.stock),
        calls(&call.detwasi),
        one(&call.stock),
        one(&call.detwasi),
        all(&call.stock),
        all(&call.detwasi),
        call.difference().map_or("-".into(), signed),
    )
}

/// The number of calls; `~` if other runs had another.
fn calls(counted: &Option<Counted>) -> String {
    match counted {
        None => "-".into(),
        Some(Counted { calls, varies: true, .. }) => format!("~{calls}"),
        Some(Counted { calls, .. }) => calls.to_string(),
    }
}

fn signed(nanos: i128) -> String {
    format!("{}{}", if nanos < 0 { "-" } else { "+" }, duration(nanos.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        let texts = [0, 999, 1_000, 12_345, 999_999, 123_456_789, 1_500_000_000, 7_200_000_000_000].map(duration);
        assert_eq!(texts, ["0 ns", "999 ns", "1.00 µs", "12.3 µs", "1000 µs", "123 ms", "1.50 s", "7200 s"]);
        assert_eq!([ratio(1, 0), ratio(1, 1000), ratio(15, 10), ratio(1500, 10)], ["-", "0.0010", "1.50", "150"]);
        assert_eq!([signed(-1500), signed(7)], ["-1.50 µs", "+7 ns"]);
    }

    #[test]
    fn seeds_are_numbers_if_they_can_be() {
        let zeros = "0".repeat(48);
        assert_eq!(seed(&format!("0x0501000000000000{zeros}")), "261");
        let whole = format!("0x{}", "ab".repeat(32));
        assert_eq!(seed(&whole), whole);
    }
}
