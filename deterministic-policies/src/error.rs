//! What is wrong with the parameters of a policy.

use alloc::string::String;
use core::fmt::Display;

/// Why a policy could not be made from these parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A script's reading is earlier than the one before it.
    #[error(
        "reading {index} of the clock's script is {reading} ns, earlier than the {before} ns before it; the readings \
         of a clock must not decrease"
    )]
    ScriptDecreases {
        /// Position of the reading in the script, from 0.
        index: usize,
        /// The reading, in nanoseconds.
        reading: u64,
        /// The reading before it, in nanoseconds.
        before: u64,
    },
    /// A clock's rate is 0.
    #[error("the clock's rate is 0, at which no sleep ever ends; give a rate above 0, or choose a frozen clock")]
    ZeroRate,
    /// A ratio's denominator is 0.
    #[error("the ratio's denominator is 0; give one of at least 1")]
    ZeroDenominator,
    /// The text is not a ratio.
    #[error("`{0}` is not a ratio; give one integer, or two with `/` between them, as in `3/2`")]
    NotARatio(String),
    /// A generator that repeats bytes was given none.
    #[error("there are no bytes to repeat; give at least one")]
    NothingToRepeat,
}

/// The text names nothing of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a {kind}; choose one of: {known}")]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    known: String,
}

impl UnknownName {
    /// `known` are all the names there are; the message lists them.
    pub(crate) fn new<T: Display>(kind: &'static str, name: &str, known: &[T]) -> Self {
        let known = known.iter().map(alloc::string::ToString::to_string).collect::<alloc::vec::Vec<_>>().join(", ");
        UnknownName { kind, name: name.into(), known }
    }
}
