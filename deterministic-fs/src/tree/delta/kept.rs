//! The contents of a file in a delta.

use crate::error::Result;
use crate::tree::Bytes;

/// Bytes that are in memory.
#[derive(Clone, Debug)]
pub(super) struct Kept(Bytes);

impl Kept {
    pub(super) fn of(bytes: &Bytes) -> Result<Self> {
        Ok(Kept(bytes.without_host()?))
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        // What is in memory can be looked at.
        self.0.same(&other.0).unwrap_or(false)
    }
}

impl Eq for Kept {}

/// As a sequence of bytes.
#[cfg(feature = "serde")]
impl serde::Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeSeq};

        let len = usize::try_from(self.0.len()).map_err(Error::custom)?;
        let mut sequence = serializer.serialize_seq(Some(len))?;
        for piece in self.0.pieces().map_err(Error::custom)? {
            piece.iter().try_for_each(|byte| sequence.serialize_element(byte))?;
        }
        sequence.end()
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Kept {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        Ok(Kept(Bytes::Shared(bytes.into())))
    }
}

/// `Arc<str>` as a string, without asking of everybody that serde has its traits for `Arc`.
#[cfg(feature = "serde")]
pub(super) mod text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}
