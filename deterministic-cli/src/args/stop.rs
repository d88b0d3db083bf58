//! Where to stop, and what to keep of it.

use std::num::NonZeroU64;
use std::path::PathBuf;

use deterministic_run::core::Instant;
use deterministic_run::log::StopAt;

use crate::numbers;

// Where a guest is stopped, and what is kept of one that was ended. (With a doc comment, clap would take it for the command's text.)
#[derive(Debug, clap::Args)]
pub(crate) struct StopArgs {
    /// Stops the guest before its call of this number, as --log counts them, or before the first one at this time of its own or later:
    /// 17, 1.5s. Its frames are told, and the exit code is 133
    #[arg(long, value_name = "CALL|TIME", value_parser = stop_at, allow_negative_numbers = true)]
    pub(crate) stop_at: Option<StopAt>,

    /// Where to write a core dump, if the guest is stopped or ended by a trap: its memories, globals and frames, in WebAssembly's format for
    /// that. Only its owner may read the file, which holds what the guest did
    #[arg(long, value_name = "FILE")]
    pub(crate) core: Option<PathBuf>,
}

fn stop_at(text: &str) -> Result<StopAt, &'static str> {
    let call = numbers::whole(text).map(|number| NonZeroU64::new(number).map(StopAt::Call));
    call.unwrap_or_else(|| numbers::nanoseconds(text).ok().map(|nanos| StopAt::Time(Instant::from_nanos(nanos))))
        .ok_or("give the number of a call, from 1 on, or a time and its unit, such as 17, 1e6, 1.5s or 500ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_a_call_or_a_time() {
        let call = |number| Ok(StopAt::Call(NonZeroU64::new(number).expect("from 1 on")));
        assert_eq!((stop_at("17"), stop_at("1e3")), (call(17), call(1000)));
        assert_eq!(stop_at("1.5s"), Ok(StopAt::Time(Instant::from_nanos(1_500_000_000))));
        assert_eq!(stop_at("0s"), Ok(StopAt::Time(Instant::ZERO)));
        for wrong in ["0", "-1", "1.5", "", "s", "-1s"] {
            assert!(stop_at(wrong).is_err(), "{wrong}");
        }
    }
}
