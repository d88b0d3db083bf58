//! The options of the call log.

use std::path::PathBuf;

use deterministic_run::core::Instant;
use deterministic_run::log::{Filter, Format};

use crate::numbers;

// What is told of the guest's calls. (With a doc comment, clap would take it for the command's text.)
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// Where to write each WASI call of the guest's with what it asked and got, when it is over; `-` for standard error. It changes
    /// nothing for the guest
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// How calls are written: text, json (an object on a line), perfetto (for ui.perfetto.dev), or digests, which are of every 4096
    /// calls and stand in the others, too
    #[arg(long, value_name = "FORMAT", default_value_t = Format::Text, requires = "log")]
    pub(crate) log_format: Format,

    /// Writes calls of this function alone: `fd_read`, `wasi:io/poll.poll`; `*` stands for anything: `fd_*`. May be given again
    #[arg(long, value_name = "NAME", requires = "log")]
    log_only: Vec<String>,

    /// Writes calls from number A on and before B alone; either may be left out
    #[arg(long, value_name = "A..B", value_parser = calls, requires = "log")]
    log_calls: Option<Range<u64>>,

    /// Writes calls that begin A after the guest's beginning or later, in its own time, and before B: 1s..2s; either may be left out
    #[arg(long, value_name = "A..B", value_parser = times, requires = "log")]
    log_time: Option<Range<u64>>,
}

impl LogArgs {
    /// Which calls are written.
    pub(crate) fn filter(&self) -> Filter {
        let mut filter = self.log_only.iter().fold(Filter::default(), |filter, name| filter.only(name));
        if let Some(Range(from, before)) = self.log_calls {
            filter = filter.calls(from, before);
        }
        if let Some(Range(from, before)) = self.log_time {
            filter = filter.time(from.map(Instant::from_nanos), before.map(Instant::from_nanos));
        }
        filter
    }
}

/// From the first on, and before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range<T>(Option<T>, Option<T>);

fn calls(text: &str) -> Result<Range<u64>, &'static str> {
    range(text, numbers::whole)
        .ok_or("give numbers, from which call on and before which, such as 100..200, 100.. or ..200")
}

fn times(text: &str) -> Result<Range<u64>, &'static str> {
    let error = "give times and their units, from when on and before when, such as 1s..1500ms, 1s.. or ..2s";
    range(text, |time| numbers::nanoseconds(time).ok()).ok_or(error)
}

fn range(text: &str, read: impl Fn(&str) -> Option<u64>) -> Option<Range<u64>> {
    let (from, before) = text.split_once("..")?;
    let side = |text: &str| if text.is_empty() { Some(None) } else { read(text).map(Some) };
    let (from, before) = (side(from)?, side(before)?);
    // One without any calls is a mistake.
    let empty = from.zip(before).is_some_and(|(from, before)| from >= before);
    (!empty).then_some(Range(from, before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_one_side_or_two() {
        assert_eq!(calls("1..1e3"), Ok(Range(Some(1), Some(1000))));
        assert_eq!(calls(".."), Ok(Range(None, None)));
        assert_eq!(times("500ms.."), Ok(Range(Some(500_000_000), None)));
        for wrong in ["", "1", "2..1", "1..1", "a..", "1...2"] {
            assert!(calls(wrong).is_err(), "{wrong}");
        }
        assert!(times("1..2").is_err());
    }
}
