//! The host functions by name, and how often each was called.

mod parameters;
mod table;

pub use table::HostCall;
pub(crate) use table::NAMES;

#[cfg(any(test, not(feature = "watch")))]
use table::P1;
use table::STILL;

/// A [`HostCall`] for each function of a table: those of components by interface, and behind them the rows of
/// [`p1_functions!`](crate::p1_functions), which come first among the calls. Behind the name of one of a component stands `=`, or `~`
/// if it changes nothing, for the guest or for anybody else: such calls tell the time, yield and wait, which those of WASI 0.1 do that
/// the clock and the scheduler answer.
macro_rules! host_calls {
    (
        $($interface:literal { $($name:ident $mark:tt $function:literal,)* })*;
        $($kind:ident $modules:ident $p1:ident($($arg:ident: $ty:ident [$points:ident]),*)
            -> $ret:tt, $label:ident [$($policy:tt)?];)*
    ) => {
        /// A host function. Linking one takes its variant, so that none is uncounted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(non_camel_case_types, missing_docs, reason = "the names are WASI's")]
        pub enum HostCall { $($p1,)* $($($name,)*)* }

        impl HostCall {
            /// All of them.
            pub const ALL: &[HostCall] = &[$(HostCall::$p1,)* $($(HostCall::$name,)*)*];
        }

        /// How many are WASI 0.1's: the first.
        #[cfg_attr(all(feature = "watch", not(test)), expect(dead_code, reason = "the counters lie together"))]
        pub(super) const P1: usize = [$(stringify!($p1)),*].len();

        /// What they are called.
        pub(crate) const NAMES: &[&str] =
            &[$(stringify!($p1),)* $($(concat!($interface, ".", $function),)*)*];

        /// Those that change nothing.
        pub(super) const STILL: &[bool] =
            &[$($crate::calls::host_calls!(@ $($policy)?),)* $($($crate::calls::host_calls!(@ $mark),)*)*];
    };
    (@ =) => { false };
    (@ ~) => { true };
    (@ "clock") => { true };
    (@ "scheduler") => { true };
    (@ "clock, scheduler") => { true };
    (@ $($other:tt)?) => { false };
}
pub(crate) use host_calls;

impl HostCall {
    /// What it is called: the interface without its version, a dot, and the function as a component names it.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// The interface and the function of a component's.
    pub fn parts(self) -> (&'static str, &'static str) {
        self.name().split_once('.').unwrap_or_default()
    }
}

/// A counter for each function.
#[derive(Debug, Default)]
pub struct HostCalls {
    pub(crate) counts: Counts,
}

impl HostCalls {
    /// Counts a call.
    #[inline]
    pub fn count(&mut self, call: HostCall) {
        self.counts.add(call);
    }

    /// How many calls there were but those that tell the time, yield and wait.
    pub fn that_change(&self) -> u64 {
        self.counts.iter().zip(STILL).filter(|(_, still)| !**still).map(|(count, _)| count).sum()
    }

    /// How often each was called, by name, those never called left out; in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.iter().copied().zip(self.counts.iter()).filter(|(_, count)| *count > 0)
    }
}

#[cfg(feature = "watch")]
use crate::watch::Counts;

/// The counters, which nobody else sees.
#[cfg(not(feature = "watch"))]
#[derive(Debug)]
pub(crate) struct Counts {
    p1: [u64; P1],
    /// Those of components: empty until one calls, since they are many and a context is made often.
    components: Vec<u64>,
}

#[cfg(not(feature = "watch"))]
impl Counts {
    #[inline]
    fn add(&mut self, call: HostCall) {
        // Known when compiled, for WASI 0.1.
        match self.p1.get_mut(call as usize) {
            Some(count) => *count += 1,
            None => self.add_component(call as usize - P1),
        }
    }

    #[inline]
    fn add_component(&mut self, index: usize) {
        match self.components.get_mut(index) {
            Some(count) => *count += 1,
            None => self.add_first(index),
        }
    }

    #[cold]
    fn add_first(&mut self, index: usize) {
        self.components.resize(NAMES.len() - P1, 0);
        self.components[index] += 1;
    }

    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.p1.iter().chain(&self.components).copied()
    }
}

#[cfg(not(feature = "watch"))]
impl Default for Counts {
    fn default() -> Self {
        Counts { p1: [0; P1], components: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_have_two_parts() {
        assert_eq!(NAMES.iter().collect::<BTreeSet<_>>().len(), NAMES.len());
        assert!(NAMES[..P1].iter().all(|name| !name.contains('.')));
        assert_eq!(HostCall::poll.parts(), ("wasi:io/poll", "poll"));
        let read = HostCall::descriptor_read_via_stream;
        assert_eq!(read.parts(), ("wasi:filesystem/types", "[method]descriptor.read-via-stream"));
    }

    #[test]
    fn calls_that_tell_the_time_and_wait_change_nothing() {
        let mut calls = HostCalls::default();
        calls.count(HostCall::clock_time_get);
        calls.count(HostCall::poll);
        assert_eq!(calls.that_change(), 0);
        calls.count(HostCall::fd_write);
        calls.count(HostCall::output_stream_write);
        assert_eq!(calls.that_change(), 2);
    }
}
