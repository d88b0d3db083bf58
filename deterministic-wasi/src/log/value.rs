//! What is asked and answered, without a runtime's types.

use std::borrow::Cow;
use std::fmt;

use super::Field;

/// How many bytes a text may have to be logged as it is. A longer one is logged as data.
pub const MAX_TEXT: usize = 4096;

/// How many items of a list are logged.
pub const MAX_ITEMS: usize = 32;

/// A value of the guest's or for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A number, such as a size, a time in nanoseconds, a descriptor.
    Unsigned(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A truth value.
    Bool(bool),
    /// A path, a name. What is not UTF-8 of it is given as `\xNN`.
    Text(String),
    /// Bytes.
    Data {
        /// How many.
        len: u64,
        /// Their digest.
        digest: Digest,
    },
    /// A member of an enumeration.
    Name(Cow<'static, str>),
    /// The flags that are set, by name.
    Flags(Vec<Cow<'static, str>>),
    /// The first [`MAX_ITEMS`] of a list.
    List {
        /// These.
        items: Vec<Value>,
        /// How many there are beyond them.
        more: u64,
    },
    /// A record by its fields.
    Record(Vec<Field>),
    /// A case of a variant and what it holds: `some(…)`, `ok(…)`, `err(…)`.
    Case(Cow<'static, str>, Box<Value>),
    /// A resource, or a stream or future, by the number that the host has for it.
    Handle(u32),
    /// A pointer of the guest's leads nowhere, so nobody knows what it meant.
    Unreadable,
}

impl Value {
    /// Bytes, by length and digest.
    pub fn data(bytes: &[u8]) -> Self {
        Value::Data { len: bytes.len() as u64, digest: Digest::of(bytes) }
    }

    /// Bytes that are to be text.
    pub fn text(bytes: &[u8]) -> Self {
        if bytes.len() > MAX_TEXT {
            return Value::data(bytes);
        }
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        Value::Text(text)
    }

    /// A list, of which no more is looked at than is logged.
    pub fn list(items: impl ExactSizeIterator<Item = Value>) -> Self {
        let more = items.len().saturating_sub(MAX_ITEMS) as u64;
        Value::List { items: items.take(MAX_ITEMS).collect(), more }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Unsigned(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Unsigned(number.into())
    }
}

/// The BLAKE3 digest of bytes. It prints as hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// That of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Digest {
    /// With a precision, that many digits of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(blake3::Hash::from(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_lists_are_bounded() {
        assert_eq!(Value::text(b"a/\xff\xc3\xa9"), Value::Text("a/\\xff\u{e9}".into()));
        assert_eq!(Value::text(&[b'a'; MAX_TEXT + 1]), Value::data(&[b'a'; MAX_TEXT + 1]));
        let list = Value::list(std::iter::repeat_n(Value::from(7_u64), 100));
        assert!(matches!(list, Value::List { items, more: 68 } if items.len() == MAX_ITEMS));
        assert_eq!(format!("{:.8}", Digest::of(b"")), "af1349b9");
    }
}
