//! One call, as it is logged.

use std::borrow::Cow;
use std::fmt;

use deterministic_core::Instant;

use super::Value;
use super::text;

/// A call that is over. It prints as one line.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// Its number among the store's calls, in the order in which they begin, from 1.
    pub number: u64,
    /// Where the timeline stood when it began.
    pub at: Instant,
    /// And when it was over: later if it waited.
    pub until: Instant,
    /// The interface: `wasi_snapshot_preview1`; of a component with the version that is linked, `wasi:io/streams@0.2.12`.
    pub interface: &'a str,
    /// The function; `[resource-drop]NAME` where a handle ends.
    pub function: &'a str,
    /// What it was given, by the names of the interface. A length that belongs to a text or data before it is left out, and so are
    /// pointers to where results go.
    pub arguments: &'a [Field],
    /// What came of it.
    pub outcome: &'a Outcome,
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::call(f, self)
    }
}

/// An argument or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// What the interface calls it; empty for a result without a name.
    pub name: Cow<'static, str>,
    /// What it is.
    pub value: Value,
}

impl Field {
    /// A value by its name.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        Field { name: name.into(), value: value.into() }
    }
}

/// How a call came out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The guest got these results. Of WASI 0.1 the first is the errno, and the others are what was written behind pointers.
    Returned(Vec<Field>),
    /// The guest exits with this status.
    Exit(i32),
    /// The guest ends, for this reason.
    Trap(String),
}
