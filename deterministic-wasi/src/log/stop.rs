//! Where a run is to be stopped.

use std::num::NonZeroU64;

use deterministic_core::Instant;

/// Where a run is to be stopped: before a call, by which it is found again in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopAt {
    /// Before the call of this number, as the log counts them.
    Call(NonZeroU64),
    /// Before the first call that begins at this time of the guest's or later, as the log tells it.
    Time(Instant),
}

impl StopAt {
    /// Whether the call of this number, which begins at that time, is the one.
    pub(super) fn is_here(self, call: u64, at: Instant) -> bool {
        match self {
            StopAt::Call(number) => call >= number.get(),
            StopAt::Time(time) => at >= time,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use deterministic_core::Policies;

    use super::*;
    use crate::log::{Call, CallLog};
    use crate::{Error, TrapKind, Wasi};

    struct Nothing;

    impl CallLog for Nothing {
        fn call(&mut self, _: &Call<'_>) -> io::Result<()> {
            Ok(())
        }
    }

    /// Whether a call is told to a log, or its number if the guest is stopped before it.
    fn begin(wasi: &mut Wasi) -> Result<bool, u64> {
        match wasi.log_begins(("interface", "function")) {
            Ok(begun) => Ok(begun.is_some()),
            Err(TrapKind::Error(Error::Stopped { call, function, .. })) => {
                assert_eq!(function, "interface.function");
                Err(call)
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_stop_needs_no_log_and_stays_without() {
        let mut wasi = Wasi::new(Policies::default());
        assert!(!wasi.is_attended() && wasi.take_log().is_none());
        wasi.set_stop(StopAt::Call(NonZeroU64::new(2).expect("from 1 on")));
        assert!(wasi.is_attended() && wasi.take_log().is_none() && wasi.is_attended());
        assert_eq!([begin(&mut wasi), begin(&mut wasi), begin(&mut wasi)], [Ok(false), Err(2), Err(3)]);
        wasi.set_log(Box::new(Nothing));
        assert_eq!([begin(&mut wasi), begin(&mut wasi)], [Ok(true), Err(2)]);
        wasi.set_stop(StopAt::Time(wasi.now().saturating_add(1)));
        assert_eq!(begin(&mut wasi), Ok(true));
        wasi.advance_to(wasi.now().saturating_add(1)).expect("a clock that moves");
        assert_eq!(begin(&mut wasi), Err(4));
        assert!(wasi.take_log().is_some() && wasi.is_attended());

        let mut wasi = Wasi::new(Policies::default());
        wasi.set_log(Box::new(Nothing));
        assert!(wasi.take_log().is_some() && !wasi.is_attended());
    }
}
