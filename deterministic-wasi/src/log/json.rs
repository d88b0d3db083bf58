//! Calls as JSON: an object on a line for each.

use serde::ser::{Serialize, SerializeMap, SerializeSeq as _, Serializer};

use super::{Call, Digest, Field, Mark, Outcome, Value};

/// A call, with all that it has.
pub(super) struct Line<'a>(pub(super) &'a Call<'a>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("number", &call.number)?;
        map.serialize_entry("at_ns", &call.at.as_nanos())?;
        map.serialize_entry("until_ns", &call.until.as_nanos())?;
        map.serialize_entry("interface", call.interface)?;
        map.serialize_entry("function", call.function)?;
        asked_and_got(&mut map, call)?;
        map.end()
    }
}

/// What a call was given, and what came of it.
pub(super) fn asked_and_got<M: SerializeMap>(map: &mut M, call: &Call<'_>) -> Result<(), M::Error> {
    map.serialize_entry("arguments", &Fields(call.arguments))?;
    match call.outcome {
        Outcome::Returned(results) => map.serialize_entry("results", &Fields(results)),
        Outcome::Exit(status) => map.serialize_entry("exit", status),
        Outcome::Trap(reason) => map.serialize_entry("trap", reason),
    }
}

/// The digest of the calls so far.
pub(super) struct MarkLine(pub(super) Mark);

impl Serialize for MarkLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("calls", &self.0.calls)?;
        map.serialize_entry("digest", &self.0.digest)?;
        map.end()
    }
}

/// An object by the names of the fields; one without a name is called `result`.
struct Fields<'a>(&'a [Field]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for Field { name, value } in self.0 {
            map.serialize_entry(if name.is_empty() { "result" } else { name }, value)?;
        }
        map.end()
    }
}

/// What lies beyond the items of a list that are shown.
struct More(u64);

impl Serialize for More {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("more", &self.0)?;
        map.end()
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Numbers and texts are JSON's, whole; names are texts; flags and lists are lists, whose last item is `{"more": N}` if that many are
/// left out; data is `{"len", "blake3"}`; a case of a variant is an object of one field; what cannot be read is null.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Unsigned(number) => serializer.serialize_u64(*number),
            Value::Signed(number) => serializer.serialize_i64(*number),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Name(name) => serializer.serialize_str(name),
            Value::Flags(flags) => serializer.collect_seq(flags),
            Value::Record(fields) => Fields(fields).serialize(serializer),
            Value::Unreadable => serializer.serialize_unit(),
            Value::List { items, more } => {
                let mut list = serializer.serialize_seq(None)?;
                for item in items {
                    list.serialize_element(item)?;
                }
                if *more > 0 {
                    list.serialize_element(&More(*more))?;
                }
                list.end()
            }
            Value::Data { len, digest } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("len", len)?;
                map.serialize_entry("blake3", digest)?;
                map.end()
            }
            Value::Case(name, held) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry(name, held)?;
                map.end()
            }
            Value::Handle(number) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("handle", number)?;
                map.end()
            }
        }
    }
}
