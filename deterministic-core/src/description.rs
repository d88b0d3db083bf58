//! What a policy says of itself, for the fingerprint of a run.

use alloc::vec::Vec;
use core::{fmt, str};

/// What a policy says of itself: its name, the version of its algorithm, and its parameters, in one canonical encoding.
///
/// Two policies with equal descriptions give the same answers to the same calls. The reverse is not promised: `1/2` and
/// `2/4` are described differently.
///
/// ```
/// use deterministic_core::Description;
///
/// let clock = Description::new("VirtualClock", 1).number("now", 1u64).number("tick", 1_000u64);
/// assert_eq!(clock.to_string(), "VirtualClock v1 { now: 1, tick: 1000 }");
///
/// let slow = Description::new("Drift", 1).list("rate", [4u64, 5]).policy("inner", clock);
/// assert_eq!(slow.to_string(), "Drift v1 { rate: [4, 5], inner: VirtualClock v1 { now: 1, tick: 1000 } }");
/// ```
///
/// # Encoding
///
/// All integers are unsigned and little-endian; there is nothing between one item and the next.
///
/// | what | bytes |
/// |---|---|
/// | a description | its name as a *string*; its version in 4 bytes; its *parameters*, in the policy's order |
/// | a *parameter* | its name as a *string*; its *value* |
/// | a *string* | its length in bytes, in 8 bytes; so many bytes of UTF-8 |
/// | a *value* | its kind in 1 byte; the length of its content, in 8 bytes; its content |
///
/// | kind | value | content |
/// |---|---|---|
/// | 0 | a number from 0 to 2^128-1 | 16 bytes |
/// | 1 | bytes | they |
/// | 2 | text | UTF-8, as it is given |
/// | 3 | a list | its values |
/// | 4 | a policy inside | its description |
///
/// Every length stands before what it measures, so that different content never has the same bytes.
///
/// # Secrets
///
/// A seeded policy's description holds its key, which gives away all that it will draw, though not the seed that the
/// key was derived from. Publish a digest, and know that a small seed can be found from it by trying.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Description(Vec<u8>);

/// The value of a parameter that is an item of a [list](Description::list): made with `From` of an unsigned integer, a
/// slice of bytes, text, a description, or a `Vec` of values, which is a list.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value(Vec<u8>);

const NUMBER: u8 = 0;
const BYTES: u8 = 1;
const TEXT: u8 = 2;
const LIST: u8 = 3;
const POLICY: u8 = 4;

impl Description {
    /// A policy without parameters.
    ///
    /// `name` is the policy's alone: an embedder's begins with the name of its crate, as in `mycrate::Clock`. `version`
    /// grows whenever equal parameters come to give another answer to some call, or to mean something else; never for
    /// anything else, as every fingerprint changes with it.
    #[must_use]
    pub fn new(name: &str, version: u32) -> Self {
        let mut bytes = Vec::new();
        push(&mut bytes, name.as_bytes());
        bytes.extend_from_slice(&version.to_le_bytes());
        Description(bytes)
    }

    /// Adds a number: a quantity, a position, a choice by its number.
    #[must_use]
    pub fn number(self, name: &str, number: impl Into<u128>) -> Self {
        self.with(name, &Value::from(number.into()))
    }

    /// Adds bytes, such as a key.
    #[must_use]
    pub fn bytes(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.with(name, &Value::from(bytes.as_ref()))
    }

    /// Adds text. It is compared byte by byte: text that only looks the same differs.
    #[must_use]
    pub fn text(self, name: &str, text: &str) -> Self {
        self.with(name, &Value::from(text))
    }

    /// Adds a list, whose order counts. An empty one is not the same as none.
    #[must_use]
    pub fn list(self, name: &str, items: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.with(name, &items.into_iter().map(Into::into).collect())
    }

    /// Adds the description of a policy inside, or of a part that has parameters of its own.
    #[must_use]
    pub fn policy(self, name: &str, inside: Description) -> Self {
        self.with(name, &Value::from(inside))
    }

    fn with(mut self, name: &str, value: &Value) -> Self {
        push(&mut self.0, name.as_bytes());
        self.0.extend_from_slice(&value.0);
        self
    }

    /// The canonical encoding: equal if and only if the descriptions are.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Value {
    fn new(kind: u8, content: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(9 + content.len());
        bytes.push(kind);
        push(&mut bytes, content);
        Value(bytes)
    }
}

/// Adds the length of `content`, and `content`.
fn push(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
    bytes.extend_from_slice(content);
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Value::new(NUMBER, &u128::from(number).to_le_bytes())
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 u128 }

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Value::new(BYTES, bytes)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::new(TEXT, text.as_bytes())
    }
}

impl From<Description> for Value {
    fn from(inside: Description) -> Self {
        Value::new(POLICY, &inside.0)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        items.into_iter().collect()
    }
}

/// A list.
impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut content = Vec::new();
        items.into_iter().for_each(|item| content.extend_from_slice(&item.0));
        Value::new(LIST, &content)
    }
}

/// For people: `VirtualClock v1 { now: 1, tick: 1000 }`. Of a long list and of many bytes it shows the beginning. To
/// compare, take [`Description::as_bytes`].
impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_description(f, &self.0)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({self})")
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_value(f, &mut &*self.0)
    }
}

/// How many items of a list are shown, and how many bytes: a key's.
const SHOWN_ITEMS: usize = 8;
const SHOWN_BYTES: usize = 32;

fn show_description(f: &mut fmt::Formatter<'_>, mut rest: &[u8]) -> fmt::Result {
    write!(f, "{} v{}", take_text(&mut rest)?, u32::from_le_bytes(take(&mut rest)?))?;
    let mut before = " {";
    while !rest.is_empty() {
        write!(f, "{before} {}: ", take_text(&mut rest)?)?;
        show_value(f, &mut rest)?;
        before = ",";
    }
    f.write_str(if before == "," { " }" } else { "" })
}

fn show_value(f: &mut fmt::Formatter<'_>, rest: &mut &[u8]) -> fmt::Result {
    let [kind] = take(rest)?;
    let mut content = take_content(rest)?;
    match kind {
        NUMBER => write!(f, "{}", u128::from_le_bytes(take(&mut content)?)),
        BYTES => show_bytes(f, content),
        TEXT => write!(f, "{:?}", str::from_utf8(content).map_err(|_| fmt::Error)?),
        LIST => show_list(f, content),
        _ => show_description(f, content),
    }
}

fn show_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let (shown, more) = bytes.split_at(bytes.len().min(SHOWN_BYTES));
    f.write_str("0x")?;
    shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    if more.is_empty() { Ok(()) } else { write!(f, " and {} bytes more", more.len()) }
}

fn show_list(f: &mut fmt::Formatter<'_>, mut rest: &[u8]) -> fmt::Result {
    f.write_str("[")?;
    let mut items = 0;
    while !rest.is_empty() {
        if items < SHOWN_ITEMS {
            f.write_str(if items == 0 { "" } else { ", " })?;
            show_value(f, &mut rest)?;
        } else {
            let [_] = take(&mut rest)?;
            take_content(&mut rest)?;
        }
        items += 1;
    }
    if items > SHOWN_ITEMS {
        write!(f, " and {} more", items - SHOWN_ITEMS)?;
    }
    f.write_str("]")
}

// What follows takes apart what this file put together, so that it finds everything in its place.

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], fmt::Error> {
    let (taken, behind) = rest.split_first_chunk().ok_or(fmt::Error)?;
    *rest = behind;
    Ok(*taken)
}

fn take_content<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], fmt::Error> {
    let len = usize::try_from(u64::from_le_bytes(take(rest)?)).map_err(|_| fmt::Error)?;
    rest.split_off(..len).ok_or(fmt::Error)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, fmt::Error> {
    str::from_utf8(take_content(rest)?).map_err(|_| fmt::Error)
}

/// Why a policy has no description, and a run under it no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undescribed {
    /// The policy asks the host.
    #[error("{policy} asks the host, which answers otherwise in each run; choose a deterministic policy in its place")]
    TouchesHost {
        /// The policy asked.
        policy: &'static str,
    },
    /// The policy does not describe itself, as those of an embedder need not.
    #[error(
        "{policy} does not describe itself; implement its `describe`, or wrap it in `Described` with a description of \
         its parameters"
    )]
    Unknown {
        /// The type of the policy asked, as Rust names it.
        policy: &'static str,
    },
    /// A [`Described`](crate::Described) policy has been used, so that what was said of it no longer holds.
    #[error(
        "{policy} was described as it was before its first call, and has been called since; ask for its description \
         before the run, or implement its `describe`"
    )]
    Used {
        /// The type of the policy inside, as Rust names it.
        policy: &'static str,
    },
}
