//! The digest of a log at intervals, by which two runs are compared.
//!
//! A digest is of all calls from the first one on. So of two logs the first digest that differs tells in which interval they part,
//! and a search by halves finds it; only that interval is logged again in full.

use std::num::NonZeroU64;

use super::{Call, Digest, Field, Outcome, Value};

/// How many calls there are from one digest to the next, unless told.
pub const DEFAULT_INTERVAL: NonZeroU64 = NonZeroU64::new(4096).unwrap();

/// The digest of the calls so far. It takes the same memory, however many there are.
#[derive(Clone, Debug)]
pub struct Digests {
    every: NonZeroU64,
    calls: u64,
    hasher: blake3::Hasher,
    /// The bytes of one call, kept from call to call.
    bytes: Vec<u8>,
}

/// The digest of the first so many calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// So many.
    pub calls: u64,
    /// Their digest.
    pub digest: Digest,
}

impl Default for Digests {
    fn default() -> Self {
        Digests::new(DEFAULT_INTERVAL)
    }
}

impl Digests {
    /// That of no calls, and then one after `every` so many.
    pub fn new(every: NonZeroU64) -> Self {
        // Other bytes for a call are another version.
        let hasher = blake3::Hasher::new_derive_key("deterministic-wasi call log, version 1");
        Digests { every, calls: 0, hasher, bytes: Vec::new() }
    }

    /// Takes a call, and gives the digest if an interval is over.
    pub fn call(&mut self, call: &Call<'_>) -> Option<Mark> {
        self.bytes.clear();
        encode(call, &mut self.bytes);
        // Each with its length, so that no two lists of calls have the same bytes.
        self.hasher.update(&(self.bytes.len() as u64).to_le_bytes());
        self.hasher.update(&self.bytes);
        self.calls += 1;
        self.calls.is_multiple_of(self.every.get()).then(|| self.mark())
    }

    /// The digest of all calls so far.
    pub fn mark(&self) -> Mark {
        Mark { calls: self.calls, digest: Digest(*self.hasher.finalize().as_bytes()) }
    }
}

/// Numbers are little-endian, texts and lists begin with their length, a value with the number of its kind.
fn encode(call: &Call<'_>, bytes: &mut Vec<u8>) {
    for number in [call.number, call.at.as_nanos(), call.until.as_nanos()] {
        unsigned(bytes, number);
    }
    text(bytes, call.interface);
    text(bytes, call.function);
    fields(bytes, call.arguments);
    match call.outcome {
        Outcome::Returned(results) => {
            bytes.push(0);
            fields(bytes, results);
        }
        Outcome::Exit(status) => {
            bytes.push(1);
            bytes.extend_from_slice(&status.to_le_bytes());
        }
        // Its reason is for a person, and may say it in other words on another engine.
        Outcome::Trap(_) => bytes.push(2),
    }
}

fn unsigned(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    unsigned(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn fields(bytes: &mut Vec<u8>, fields: &[Field]) {
    unsigned(bytes, fields.len() as u64);
    for field in fields {
        text(bytes, &field.name);
        value(bytes, &field.value);
    }
}

fn value(bytes: &mut Vec<u8>, encoded: &Value) {
    match encoded {
        Value::Unsigned(number) => {
            bytes.push(0);
            unsigned(bytes, *number);
        }
        Value::Signed(number) => {
            bytes.push(1);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::Bool(truth) => bytes.extend_from_slice(&[2, u8::from(*truth)]),
        Value::Text(held) => {
            bytes.push(3);
            text(bytes, held);
        }
        Value::Data { len, digest } => {
            bytes.push(4);
            unsigned(bytes, *len);
            bytes.extend_from_slice(&digest.0);
        }
        Value::Name(name) => {
            bytes.push(5);
            text(bytes, name);
        }
        Value::Flags(flags) => {
            bytes.push(6);
            unsigned(bytes, flags.len() as u64);
            flags.iter().for_each(|flag| text(bytes, flag));
        }
        Value::List { items, more } => {
            bytes.push(7);
            unsigned(bytes, *more);
            unsigned(bytes, items.len() as u64);
            items.iter().for_each(|item| value(bytes, item));
        }
        Value::Record(record) => {
            bytes.push(8);
            fields(bytes, record);
        }
        Value::Case(name, held) => {
            bytes.push(9);
            text(bytes, name);
            value(bytes, held);
        }
        Value::Handle(number) => {
            bytes.push(10);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Value::Unreadable => bytes.push(11),
    }
}

#[cfg(test)]
mod tests {
    use deterministic_core::Instant;

    use super::*;

    fn call<'a>(number: u64, arguments: &'a [Field], outcome: &'a Outcome) -> Call<'a> {
        let at = Instant::from_nanos(5);
        Call { number, at, until: at, interface: "i", function: "f", arguments, outcome }
    }

    /// The first digest that differs is that of the interval in which the logs part, and all later ones differ, too.
    #[test]
    fn logs_part_in_the_first_interval_whose_digest_differs() {
        let outcome = Outcome::Returned(Vec::new());
        let marks = |odd_one: u64| {
            let mut digests = Digests::new(NonZeroU64::new(10).unwrap());
            let marks = (1..=100).filter_map(|number| {
                let arguments = [Field::new("n", u64::from(number == odd_one))];
                digests.call(&call(number, &arguments, &outcome))
            });
            marks.collect::<Vec<_>>()
        };
        let (one, other) = (marks(0), marks(57));
        assert_eq!(one.iter().map(|mark| mark.calls).collect::<Vec<_>>(), (1..=10).map(|n| n * 10).collect::<Vec<_>>());
        let parted = one.iter().zip(&other).position(|(one, other)| one != other);
        assert_eq!(parted, Some(5));
        assert!(one[5..].iter().zip(&other[5..]).all(|(one, other)| one != other));
    }

    /// Bytes that were digested once are so for ever.
    #[test]
    fn a_digest_is_of_these_bytes() {
        let arguments = [
            Field::new("a", 7_u64),
            Field::new("b", Value::Signed(-1)),
            Field::new("c", Value::Bool(true)),
            Field::new("d", Value::text(b"text")),
            Field::new("e", Value::data(b"data")),
            Field::new("f", Value::Name("name".into())),
            Field::new("g", Value::Flags(vec!["x".into()])),
            Field::new("h", Value::list([Value::Handle(3)].into_iter())),
            Field::new("i", Value::Record(vec![Field::new("k", Value::Unreadable)])),
            Field::new("l", Value::Case("some".into(), Value::Unsigned(1).into())),
        ];
        let outcomes = [Outcome::Returned(vec![Field::new("", 1_u64)]), Outcome::Exit(-1), Outcome::Trap("why".into())];
        let mut digests = Digests::default();
        for (number, outcome) in (1..).zip(&outcomes) {
            assert_eq!(digests.call(&call(number, &arguments, outcome)), None);
        }
        let Mark { calls, digest } = digests.mark();
        assert_eq!(
            (calls, digest.to_string().as_str()),
            (3, "0e6ab8c48eb2e11d7c375473a8f7e16b76531f66599263ac4c378cef4645128d")
        );
    }
}
