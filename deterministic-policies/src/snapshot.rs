//! The bytes that `save` gives, in one place, so that the policies' own files stay free of `cfg`.
//!
//! A snapshot is postcard's encoding of the policy's name and its fields. The name keeps the state of one policy from
//! being taken for that of another. Without the feature `serde` there are no snapshots, and the functions say so.

use alloc::vec::Vec;

use deterministic_core::PolicyError;

#[cfg(feature = "serde")]
mod encoding {
    use super::*;

    pub(crate) trait State: serde::Serialize + serde::de::DeserializeOwned {}
    impl<T: serde::Serialize + serde::de::DeserializeOwned> State for T {}

    pub(crate) fn save<T: State>(policy: &'static str, state: &T) -> Result<Vec<u8>, PolicyError> {
        postcard::to_allocvec(&(policy, state)).map_err(|_| PolicyError::NoSnapshot { policy })
    }

    pub(crate) fn restore<T: State>(policy: &'static str, bytes: &[u8]) -> Result<T, PolicyError> {
        let damaged = |error| super::bad(policy, &alloc::format!("{error}"));
        let (name, bytes) = postcard::take_from_bytes::<&str>(bytes).map_err(damaged)?;
        if name != policy {
            return Err(super::bad(policy, &alloc::format!("it was saved by `{name}`")));
        }
        let (state, rest) = postcard::take_from_bytes(bytes).map_err(damaged)?;
        if rest.is_empty() { Ok(state) } else { Err(super::bad(policy, "it is too long")) }
    }
}

#[cfg(not(feature = "serde"))]
mod encoding {
    use super::*;

    pub(crate) trait State {}
    impl<T> State for T {}

    pub(crate) fn save<T: State>(policy: &'static str, _: &T) -> Result<Vec<u8>, PolicyError> {
        Err(PolicyError::NoSnapshot { policy })
    }

    pub(crate) fn restore<T: State>(policy: &'static str, _: &[u8]) -> Result<T, PolicyError> {
        Err(PolicyError::NoSnapshot { policy })
    }
}

pub(crate) use encoding::{State, restore, save};

pub(crate) fn bad(policy: &'static str, reason: &str) -> PolicyError {
    PolicyError::BadSnapshot { policy, reason: reason.into() }
}

/// The state of a decorator: its own, and what the policy inside saved.
pub(crate) fn save_around<T: State + Clone>(
    policy: &'static str,
    params: &T,
    inside: Vec<u8>,
) -> Result<Vec<u8>, PolicyError> {
    save(policy, &(params.clone(), inside))
}

/// `save` and `restore` for a policy all of whose fields are its state.
///
/// `valid` says whether fields that decoded well also belong together; a policy whose fields may hold anything has
/// none.
macro_rules! snapshots {
    ($policy:literal) => {
        snapshots!($policy, |_| true);
    };
    ($policy:literal, $valid:expr) => {
        fn save(&self) -> Result<alloc::vec::Vec<u8>, deterministic_core::PolicyError> {
            crate::snapshot::save($policy, self)
        }

        fn restore(&mut self, state: &[u8]) -> Result<(), deterministic_core::PolicyError> {
            let restored: Self = crate::snapshot::restore($policy, state)?;
            let valid: fn(&Self) -> bool = $valid;
            if !valid(&restored) {
                return Err(crate::snapshot::bad($policy, "its fields do not belong together"));
            }
            *self = restored;
            Ok(())
        }
    };
}

/// `save` and `restore` for a decorator with a field `params` of type `$own` for its state and a field `inner` for the policy
/// inside.
macro_rules! snapshots_around {
    ($policy:literal, $own:ty) => {
        snapshots_around!($policy, $own, |_| true);
    };
    ($policy:literal, $own:ty, $valid:expr) => {
        fn save(&self) -> Result<alloc::vec::Vec<u8>, deterministic_core::PolicyError> {
            crate::snapshot::save_around($policy, &self.params, self.inner.save()?)
        }

        fn restore(&mut self, state: &[u8]) -> Result<(), deterministic_core::PolicyError> {
            let (params, inside): (_, alloc::vec::Vec<u8>) = crate::snapshot::restore($policy, state)?;
            let valid: fn(&$own) -> bool = $valid;
            if !valid(&params) {
                return Err(crate::snapshot::bad($policy, "its fields do not belong together"));
            }
            // The policy inside comes first: if it refuses, nothing has changed.
            self.inner.restore(&inside)?;
            self.params = params;
            Ok(())
        }
    };
}

pub(crate) use {snapshots, snapshots_around};
