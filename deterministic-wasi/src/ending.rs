//! Who ended a run that ended with an error, as far as that is told without a runtime.

use deterministic_core::PolicyError;

use crate::Error;
use crate::fault::TrapKind;

/// Who ended a run that ended with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The guest, under its policy: every machine would end it so, and the end is part of the outcome.
    Guest,
    /// This machine, or the embedder: another one might go on, so the run has no outcome and is not to be kept.
    Machine,
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        if error.is_the_guests() { Fault::Guest } else { Fault::Machine }
    }
}

/// | error | fault |
/// |---|---|
/// | `RandomRefused`, `ClockRefused`, `ScriptEnded`, `TimeIsUp` | guest |
/// | `Host`, those of snapshots, an embedder's own | machine |
impl From<&PolicyError> for Fault {
    fn from(error: &PolicyError) -> Self {
        match error {
            PolicyError::RandomRefused
            | PolicyError::ClockRefused { .. }
            | PolicyError::ScriptEnded { .. }
            | PolicyError::TimeIsUp { .. } => Fault::Guest,
            _ => Fault::Machine,
        }
    }
}

impl From<&TrapKind> for Fault {
    fn from(kind: &TrapKind) -> Self {
        match kind {
            TrapKind::Exit(_) | TrapKind::Guest(_) => Fault::Guest,
            TrapKind::Error(error) => error.into(),
            TrapKind::Policy(error) => error.into(),
            TrapKind::Embedder(_) => Fault::Machine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::p1::GuestError;

    #[test]
    fn each_kind_has_its_fault() {
        let of = |kind: TrapKind| Fault::from(&kind);
        assert_eq!(of(TrapKind::Exit(7)), Fault::Guest);
        assert_eq!(of(TrapKind::Guest(GuestError::PtrOverflow)), Fault::Guest);
        assert_eq!(of(TrapKind::Error(Error::NoMemory)), Fault::Guest);
        assert_eq!(of(TrapKind::Error(Error::NoFuel)), Fault::Machine);
        assert_eq!(of(TrapKind::Policy(PolicyError::RandomRefused)), Fault::Guest);
        assert_eq!(of(TrapKind::Embedder("its own".into())), Fault::Machine);
    }

    #[test]
    fn each_kind_says_what_it_is() {
        assert_eq!(TrapKind::Exit(7).to_string(), "the guest exits with status 7");
        assert_eq!(TrapKind::Embedder("its own".into()).to_string(), "its own");
        assert_eq!(TrapKind::Guest(GuestError::PtrOverflow).to_string(), "Pointer overflow");
    }
}
