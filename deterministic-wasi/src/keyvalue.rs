//! The data behind `wasi:keyvalue`.

use std::collections::BTreeMap;

use crate::held::ENTRY;

/// The most keys in all buckets of a store together.
pub const MAX_KEYS: usize = 1 << 18;

/// The most bytes of keys and values in all buckets of a store together, and in one answer to the guest.
pub const MAX_BYTES: usize = 64 << 20;

/// A limit would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Full {
    /// There are [`MAX_KEYS`] keys.
    #[error("the key-value store is full: it holds at most {MAX_KEYS} keys")]
    Keys,
    /// Keys and values would take more than [`MAX_BYTES`] bytes.
    #[error("the key-value store is full: keys and values take at most {MAX_BYTES} bytes")]
    Bytes,
}

/// Buckets of keys and values, ordered.
#[derive(Clone, Debug, Default)]
pub struct KeyValue {
    /// The bucket without a name, which is always there. Not among the others: every store would allocate for it.
    unnamed: BTreeMap<String, Vec<u8>>,
    named: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    keys: usize,
    bytes: usize,
}

impl KeyValue {
    /// Makes an empty bucket, unless there is one called so.
    pub fn create(&mut self, bucket: impl Into<String>) {
        self.bucket_mut(bucket.into());
    }

    /// Sets a value, and makes the bucket if there is none called so.
    ///
    /// # Errors
    ///
    /// [`Full`]; nothing has changed then.
    pub fn insert(
        &mut self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), Full> {
        let (bucket, key, value) = (bucket.into(), key.into(), value.into());
        let old = self.bucket(&bucket).and_then(|bucket| bucket.get(&key)).map(Vec::len);
        let keys = self.keys + usize::from(old.is_none());
        let bytes = match old {
            Some(old) => (self.bytes - old).saturating_add(value.len()),
            None => self.bytes.saturating_add(key.len()).saturating_add(value.len()),
        };
        if keys > MAX_KEYS {
            return Err(Full::Keys);
        }
        if bytes > MAX_BYTES {
            return Err(Full::Bytes);
        }
        (self.keys, self.bytes) = (keys, bytes);
        self.bucket_mut(bucket).insert(key, value);
        Ok(())
    }

    /// What setting a value would add to what the guest holds, and what it would then take from that.
    pub fn exchanged(&self, bucket: &str, key: &str, value: u64) -> (u64, u64) {
        match self.bucket(bucket).and_then(|bucket| bucket.get(key)) {
            Some(old) => (value, old.len() as u64),
            None => (ENTRY + key.len() as u64 + value, 0),
        }
    }

    /// What removing a key would take from what the guest holds.
    pub fn released(&self, bucket: &str, key: &str) -> u64 {
        let value = self.bucket(bucket).and_then(|bucket| bucket.get(key));
        value.map_or(0, |value| ENTRY + (key.len() + value.len()) as u64)
    }

    /// Removes a key; nothing happens if there is none.
    pub fn remove(&mut self, bucket: &str, key: &str) {
        if let Some(value) = self.known(bucket).and_then(|bucket| bucket.remove(key)) {
            self.keys -= 1;
            self.bytes -= key.len() + value.len();
        }
    }

    /// The keys and values of a bucket, in the order of the keys' bytes; `None` if there is no such bucket.
    pub fn bucket(&self, bucket: &str) -> Option<&BTreeMap<String, Vec<u8>>> {
        if bucket.is_empty() { Some(&self.unnamed) } else { self.named.get(bucket) }
    }

    /// The names of the buckets, in the order of their bytes.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        std::iter::once("").chain(self.named.keys().map(String::as_str))
    }

    fn known(&mut self, bucket: &str) -> Option<&mut BTreeMap<String, Vec<u8>>> {
        if bucket.is_empty() { Some(&mut self.unnamed) } else { self.named.get_mut(bucket) }
    }

    /// Made if there is none.
    fn bucket_mut(&mut self, bucket: String) -> &mut BTreeMap<String, Vec<u8>> {
        if bucket.is_empty() { &mut self.unnamed } else { self.named.entry(bucket).or_default() }
    }
}
