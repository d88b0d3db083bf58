//! What keeps a trace from being replayed.

/// Why a trace cannot be replayed as it is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Its header is not one.
    #[error("the trace does not say what the run was given: {reason}; it was written by something else")]
    Header {
        /// What is wrong.
        reason: String,
    },
    /// The guest is not in the trace, and was not given.
    #[error(
        "the guest `{name}` is not in the trace; give it (its SHA-256 is {sha256}), or record with the guest in the trace"
    )]
    NoGuest {
        /// What it was called.
        name: String,
        /// Its digest.
        sha256: String,
    },
    /// Another guest was given.
    #[error(
        "the trace is of another guest: of one with the SHA-256 {recorded}, and the one given has {given}; give that one, or have the replay go on where they part"
    )]
    OtherGuest {
        /// The digest of the one that was recorded.
        recorded: String,
        /// That of the one given.
        given: String,
    },
    /// Something was omitted when it was recorded, and was not given.
    #[error("{what} was omitted when the trace was recorded; give it again")]
    Omitted {
        /// What.
        what: String,
    },
    /// Something was omitted when it was recorded, and something else was given.
    #[error("{what} is not what it was when the trace was recorded, which omitted it: its digest is another")]
    Other {
        /// What.
        what: String,
    },
}
