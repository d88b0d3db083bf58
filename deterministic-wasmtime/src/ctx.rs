//! A store's policies at work: the part of its state that answers for every WASI version.

use std::ops::{Deref, DerefMut};

use deterministic_core::Policies;
use deterministic_wasi::{OnDemand, Wasi};

use crate::component::Waits;
use crate::p2::{Streams, Timers};

/// The state of one store's policies. Every WASI version that the store's guests use reads this one timeline, draws from
/// these streams and asks this scheduler.
///
/// What it has to say for all of them is [`Wasi`]'s, which it is a reference to.
#[derive(Debug)]
pub struct DeterministicCtx {
    pub(crate) wasi: Wasi,
    pub(crate) streams: OnDemand<Streams>,
    pub(crate) timers: OnDemand<Timers>,
    pub(crate) waits: OnDemand<Waits>,
    #[cfg(feature = "http")]
    pub(crate) http: OnDemand<crate::http::Http>,
}

impl DeterministicCtx {
    /// The state at the beginning of a run under `policies`.
    #[inline]
    pub fn new(policies: Policies) -> Self {
        DeterministicCtx {
            wasi: Wasi::new(policies),
            streams: OnDemand::default(),
            timers: OnDemand::default(),
            waits: OnDemand::default(),
            #[cfg(feature = "http")]
            http: OnDemand::default(),
        }
    }

    /// A handle to the queue of the guest's waits, for [`p3::drive`](crate::p3::drive).
    pub fn waits(&self) -> Waits {
        Waits::clone(&self.waits)
    }
}

impl Deref for DeterministicCtx {
    type Target = Wasi;

    #[inline]
    fn deref(&self) -> &Wasi {
        &self.wasi
    }
}

impl DerefMut for DeterministicCtx {
    #[inline]
    fn deref_mut(&mut self) -> &mut Wasi {
        &mut self.wasi
    }
}
