//! In which order a guest wrote to its two output streams.

use serde::{Deserialize, Serialize};

use crate::Stream;

/// How many turns are kept: a guest that goes to and fro more often is not kept at all.
const MOST_TURNS: usize = 1 << 18;

/// How many bytes went to stdout, then to stderr, then to stdout again, and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Order(Vec<u64>);

impl Order {
    /// Notes that `bytes` more went to `stream`. `None` if these are more turns than are kept.
    pub(crate) fn then(mut self, stream: Stream, bytes: u64) -> Option<Self> {
        if bytes == 0 {
            return Some(self);
        }
        if self.0.is_empty() && stream == Stream::Stderr {
            self.0.push(0);
        }
        let is_its_turn = self.0.len().is_multiple_of(2) == (stream == Stream::Stdout);
        let is_full = self.0.len() == MOST_TURNS;
        match self.0.last_mut() {
            Some(last) if !is_its_turn => *last += bytes,
            _ if is_full => return None,
            _ => self.0.push(bytes),
        }
        Some(self)
    }

    /// Both streams cut into turns. `None` if it is not theirs.
    pub(crate) fn turns<'a>(&self, stdout: &'a [u8], stderr: &'a [u8]) -> Option<Vec<(Stream, &'a [u8])>> {
        let mut left = [stdout, stderr];
        let mut turns = Vec::new();
        for (turn, bytes) in self.0.iter().enumerate() {
            let stream = if turn.is_multiple_of(2) { Stream::Stdout } else { Stream::Stderr };
            let (now, later) = left[turn % 2].split_at_checked(usize::try_from(*bytes).ok()?)?;
            left[turn % 2] = later;
            turns.push((stream, now));
        }
        left.iter().all(|left| left.is_empty()).then_some(turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(written: &[(Stream, u64)]) -> Order {
        written.iter().fold(Order::default(), |order, (stream, bytes)| order.then(*stream, *bytes).expect("few turns"))
    }

    #[test]
    fn what_was_written_comes_back_in_its_order() {
        use Stream::{Stderr, Stdout};
        let written =
            order(&[(Stderr, 2), (Stdout, 1), (Stdout, 0), (Stdout, 2), (Stderr, 0), (Stdout, 1), (Stderr, 3)]);
        assert_eq!(written, Order(vec![0, 2, 4, 3]));
        let turns = written.turns(b"abcd", b"12345").expect("they fit");
        assert_eq!(turns, [(Stdout, &b""[..]), (Stderr, b"12"), (Stdout, b"abcd"), (Stderr, b"345")]);
        assert_eq!(Order::default().turns(b"", b""), Some(vec![]));
    }

    #[test]
    fn streams_of_another_run_do_not_fit() {
        let written = order(&[(Stream::Stdout, 3)]);
        assert_eq!(written.turns(b"ab", b""), None);
        assert_eq!(written.turns(b"abcd", b""), None);
        assert_eq!(written.turns(b"abc", b"d"), None);
        assert_eq!(Order(vec![u64::MAX, 1]).turns(b"abc", b"d"), None);
    }

    #[test]
    fn turns_are_bounded() {
        let mut order = Some(Order::default());
        let mut turns = 0;
        while let Some(known) = order {
            order = known.then(if turns % 2 == 0 { Stream::Stderr } else { Stream::Stdout }, 1);
            turns += 1;
        }
        assert_eq!(turns, MOST_TURNS);
    }
}
