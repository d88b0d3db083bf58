//! Which calls are written.

use deterministic_core::Instant;

use super::Call;

/// Which calls are written: those that all of its conditions hold for. Without any, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// One of these names the function, if there are any: see [`only`](Filter::only).
    pub names: Vec<String>,
    /// The first call, by its number, and the one behind the last.
    pub calls: (Option<u64>, Option<u64>),
    /// From when on a call begins, and before when.
    pub time: (Option<Instant>, Option<Instant>),
}

impl Filter {
    /// Functions of this name, too: the function's (`fd_read`), or with the interface's and a dot before it, with or without a
    /// version (`wasi:io/poll.poll`). `*` stands for anything: `fd_*`, `wasi:filesystem/*`.
    #[must_use]
    pub fn only(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Calls from this number on, and before that one.
    #[must_use]
    pub fn calls(mut self, from: Option<u64>, before: Option<u64>) -> Self {
        self.calls = (from, before);
        self
    }

    /// Calls that begin from this time on, and before that one.
    #[must_use]
    pub fn time(mut self, from: Option<Instant>, before: Option<Instant>) -> Self {
        self.time = (from, before);
        self
    }

    /// Whether it lets a call pass.
    pub fn passes(&self, call: &Call<'_>) -> bool {
        within(self.calls, call.number) && within(self.time, call.at) && self.names_it(call)
    }

    fn names_it(&self, call: &Call<'_>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let whole = format!("{}.{}", call.interface, call.function);
        let interface = call.interface.split_once('@').map_or(call.interface, |(name, _)| name);
        let without_version = format!("{interface}.{}", call.function);
        let names = [call.function, &whole, &without_version];
        self.names.iter().any(|pattern| names.iter().any(|name| matches(pattern, name)))
    }
}

fn within<T: PartialOrd>((from, before): (Option<T>, Option<T>), it: T) -> bool {
    from.is_none_or(|from| it >= from) && before.is_none_or(|before| it < before)
}

/// Whether `name` is `pattern`, whose `*` stand for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<_> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place is as good as any, as anything may follow.
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Outcome;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, is) in [
            ("fd_read", "fd_read", true),
            ("fd_read", "fd_readdir", false),
            ("fd_*", "fd_read", true),
            ("*", "", true),
            ("*_get", "clock_time_get", true),
            ("*_get", "clock_time_get_", false),
            ("c*_*t", "clock_time_get", true),
            ("a*a", "a", false),
            ("*read*", "[method]input-stream.blocking-read", true),
            ("x**y", "xy", true),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn all_conditions_hold() {
        let (at, outcome) = (Instant::from_nanos(50), Outcome::Returned(Vec::new()));
        let (interface, function) = ("wasi:io/poll@0.2.6", "poll");
        let call = Call { number: 7, at, until: at, interface, function, arguments: &[], outcome: &outcome };
        let all = Filter::default();
        assert!(all.passes(&call));
        for name in ["poll", "wasi:io/poll.poll", "wasi:io/poll@0.2.6.poll", "wasi:io/*"] {
            assert!(all.clone().only("other").only(name).passes(&call), "{name}");
        }
        assert!(!all.clone().only("other").passes(&call));
        assert!(all.clone().calls(Some(7), Some(8)).passes(&call) && !all.clone().calls(None, Some(7)).passes(&call));
        let at = |nanos| Some(Instant::from_nanos(nanos));
        assert!(all.clone().time(at(50), None).passes(&call) && !all.clone().time(at(51), None).passes(&call));
        assert!(!all.clone().only("poll").time(at(0), at(50)).passes(&call));
    }
}
