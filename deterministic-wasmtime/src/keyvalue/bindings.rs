//! The interfaces of `wasi:keyvalue`.

use std::collections::BTreeMap;
use std::sync::Arc;

use deterministic_wasi::log::{Field, Value};
use deterministic_wasi::{Exceeded, HANDLE, HostCall};
use wasmtime::Result;
use wasmtime::component::{ComponentType, Linker, Lower, Resource, ResourceTableError};

use super::{Full, MAX_BYTES};
use crate::component::{Answer, AsValue, keyvalue_name, linked, named};
use crate::{DeterministicCtxView, DeterministicView};

mod generated {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue",
        world: "wasi:keyvalue/imports",
        imports: { default: trappable },
        with: { "wasi:keyvalue/store.bucket": super::Bucket },
        trappable_error_type: { "wasi:keyvalue/store.error" => super::Error },
    });
}
use generated::wasi::keyvalue as wasi;

linked! {
    /// `wasi:keyvalue/store`: reading, writing, listing.
    store, keyvalue_name!("wasi:keyvalue/store"), |store| {
        use wasi::store::{Host, HostBucket};
        store.resource_taken::<Bucket>(HostCall::bucket_drop)?;
        store.func(HostCall::keyvalue_open, |view, (identifier,)| Host::open(view, identifier))?;
        store.func(HostCall::bucket_get, |view, (bucket, key)| HostBucket::get(view, bucket, key))?;
        store.func(HostCall::bucket_set, |view, (bucket, key, value)| HostBucket::set(view, bucket, key, value))?;
        store.func(HostCall::bucket_delete, |view, (bucket, key)| HostBucket::delete(view, bucket, key))?;
        store.func(HostCall::bucket_exists, |view, (bucket, key)| HostBucket::exists(view, bucket, key))?;
        store.func(HostCall::bucket_list_keys, |view, (bucket, cursor)| HostBucket::list_keys(view, bucket, cursor))?;
    }
}

linked! {
    /// `wasi:keyvalue/atomics`: counting.
    atomics, keyvalue_name!("wasi:keyvalue/atomics");
    keyvalue_increment(bucket, key, delta) = wasi::atomics::Host::increment;
}

linked! {
    /// `wasi:keyvalue/batch`: several keys at once.
    batch, keyvalue_name!("wasi:keyvalue/batch");
    keyvalue_get_many(bucket, keys) = wasi::batch::Host::get_many;
    keyvalue_set_many(bucket, key_values) = wasi::batch::Host::set_many;
    keyvalue_delete_many(bucket, keys) = wasi::batch::Host::delete_many;
}

named!(wasi::store::Error);

impl AsValue for wasi::store::KeyResponse {
    fn as_value(&self) -> Value {
        Value::Record(vec![Field::new("keys", self.keys.as_value()), Field::new("cursor", self.cursor.as_value())])
    }
}

/// Defines all three interfaces in `linker`.
///
/// # Errors
///
/// If the linker has one already and does not allow shadowing.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    store::add_to_linker(linker)?;
    atomics::add_to_linker(linker)?;
    batch::add_to_linker(linker)
}

/// A handle to a bucket: its name.
#[expect(unreachable_pub, reason = "what bindgen makes of it is public")]
pub struct Bucket(Arc<str>);

/// What a call fails with: an answer for the guest, or a trap.
#[expect(unreachable_pub, reason = "what bindgen makes of it is public")]
pub enum Error {
    Answer(wasi::store::Error),
    Trap(wasmtime::Error),
}

impl Error {
    fn other(text: impl ToString) -> Self {
        Error::Answer(wasi::store::Error::Other(text.to_string()))
    }
}

impl<R: ComponentType + Lower + AsValue + 'static> Answer for Result<R, Error> {
    type Lowered = Result<R, wasi::store::Error>;

    fn lowered(self, _: &mut DeterministicCtxView<'_>) -> Result<Self::Lowered> {
        match self {
            Ok(result) => Ok(Ok(result)),
            Err(Error::Answer(error)) => Ok(Err(error)),
            Err(Error::Trap(error)) => Err(error),
        }
    }
}

impl From<ResourceTableError> for Error {
    /// A handle that is not there is the guest's fault and traps, as everywhere.
    fn from(error: ResourceTableError) -> Self {
        Error::Trap(error.into())
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Error::other(crate::Error::from(exceeded))
    }
}

impl From<Full> for Error {
    fn from(full: Full) -> Self {
        Error::other(full)
    }
}

impl DeterministicCtxView<'_> {
    fn name(&self, bucket: &Resource<Bucket>) -> Result<Arc<str>, Error> {
        Ok(self.table.get(bucket)?.0.clone())
    }

    fn data(&self, bucket: &Resource<Bucket>) -> Result<&BTreeMap<String, Vec<u8>>, Error> {
        let name = &self.table.get(bucket)?.0;
        // The embedder may have replaced all buckets between two calls into the guest.
        self.ctx.keyvalue.bucket(name).ok_or(Error::Answer(wasi::store::Error::NoSuchStore))
    }
}

/// What the guest sets counts to what it holds, and what it removes no longer does; never less than nothing, for some of it
/// may be the embedder's.
impl DeterministicCtxView<'_> {
    fn insert(&mut self, bucket: &str, key: String, value: Vec<u8>) -> Result<(), Error> {
        let (keyvalue, keyvalue_held) = self.ctx.keyvalue_and_held();
        let (more, less) = keyvalue.exchanged(bucket, &key, value.len() as u64);
        keyvalue_held.grow(more)?;
        match keyvalue.insert(bucket, key, value) {
            Ok(()) => {
                keyvalue_held.shrink(less);
                Ok(())
            }
            Err(full) => {
                keyvalue_held.shrink(more);
                Err(full.into())
            }
        }
    }

    fn remove(&mut self, bucket: &str, key: &str) {
        let (keyvalue, keyvalue_held) = self.ctx.keyvalue_and_held();
        keyvalue_held.shrink(keyvalue.released(bucket, key));
        keyvalue.remove(bucket, key);
    }
}

impl wasi::store::Host for DeterministicCtxView<'_> {
    fn open(&mut self, identifier: String) -> Result<Resource<Bucket>, Error> {
        if self.ctx.keyvalue.bucket(&identifier).is_none() {
            return Err(Error::Answer(wasi::store::Error::NoSuchStore));
        }
        let bytes = HANDLE + identifier.len() as u64;
        self.ctx.held.account().room(bytes)?;
        let bucket = self.table.push(Bucket(identifier.into()))?;
        self.ctx.held.set(bucket.rep(), bytes)?;
        Ok(bucket)
    }

    fn convert_error(&mut self, error: Error) -> Result<wasi::store::Error> {
        match error {
            Error::Answer(error) => Ok(error),
            Error::Trap(error) => Err(error),
        }
    }
}

impl wasi::store::HostBucket for DeterministicCtxView<'_> {
    fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.data(&bucket)?.get(&key).cloned())
    }

    fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Result<(), Error> {
        let name = self.name(&bucket)?;
        self.insert(&name, key, value)
    }

    fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Result<(), Error> {
        let name = self.name(&bucket)?;
        self.remove(&name, &key);
        Ok(())
    }

    fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Result<bool, Error> {
        Ok(self.data(&bucket)?.contains_key(&key))
    }

    fn list_keys(&mut self, bucket: Resource<Bucket>, cursor: Option<u64>) -> Result<wasi::store::KeyResponse, Error> {
        let skipped = usize::try_from(cursor.unwrap_or(0)).unwrap_or(usize::MAX);
        let keys = self.data(&bucket)?.keys().skip(skipped).cloned().collect();
        Ok(wasi::store::KeyResponse { keys, cursor: None })
    }

    fn drop(&mut self, bucket: Resource<Bucket>) -> Result<()> {
        self.take(bucket).map(drop)
    }
}

impl wasi::atomics::Host for DeterministicCtxView<'_> {
    fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: u64) -> Result<u64, Error> {
        let name = self.name(&bucket)?;
        let before = match self.data(&bucket)?.get(&key) {
            None => 0,
            Some(value) => std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| Error::other("the value is no decimal number below 2^64"))?,
        };
        let after = before.checked_add(delta).ok_or_else(|| Error::other("the sum is 2^64 or more"))?;
        self.insert(&name, key, after.to_string().into_bytes())?;
        Ok(after)
    }
}

impl wasi::batch::Host for DeterministicCtxView<'_> {
    fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, Error> {
        let data = self.data(&bucket)?;
        // A list may name one large value very often.
        let mut left = MAX_BYTES;
        keys.into_iter()
            .map(|key| {
                let Some(value) = data.get(&key) else { return Ok(None) };
                left = left
                    .checked_sub(key.len() + value.len())
                    .ok_or_else(|| Error::other(format_args!("the answer would take more than {MAX_BYTES} bytes")))?;
                Ok(Some((key, value.clone())))
            })
            .collect()
    }

    fn set_many(&mut self, bucket: Resource<Bucket>, key_values: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        let name = self.name(&bucket)?;
        for (key, value) in key_values {
            self.insert(&name, key, value)?;
        }
        Ok(())
    }

    fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Result<(), Error> {
        let name = self.name(&bucket)?;
        for key in keys {
            self.remove(&name, &key);
        }
        Ok(())
    }
}
