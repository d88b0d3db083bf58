//! What every policy can be asked, whatever it decides.

use alloc::vec::Vec;
use core::any::type_name;

use crate::{Description, PolicyError, Undescribed};

/// A [`Clock`](crate::Clock), an [`Rng`](crate::Rng) or a [`Scheduler`](crate::Scheduler): what it is, where it stands, and how it
/// continues.
///
/// All of it is optional. A policy that only answers says so in one line, and everything but fingerprints and snapshots works:
///
/// ```
/// struct Mine;
///
/// impl deterministic_core::Policy for Mine {}
/// ```
///
/// [`describe`](Policy::describe) gives runs under a policy a fingerprint; [`save`](Policy::save) and [`restore`](Policy::restore)
/// let them be continued.
pub trait Policy: Send {
    /// What this policy is and where it stands, for the fingerprint of a run.
    ///
    /// Equal descriptions mean that the same calls have the same answers from here on. Name all that influences one: of a clock,
    /// where the timeline stands; of a generator, the key and the position, or the state; of a scheduler, what it remembers; of
    /// each, its parameters and the policy inside.
    ///
    /// # Errors
    ///
    /// [`Undescribed::TouchesHost`] if it asks the host; [`Undescribed::Unknown`] unless the policy describes itself, which a
    /// generator of `rand_core` does not. [`Described`](crate::Described) gives it a description from outside.
    fn describe(&self) -> Result<Description, Undescribed> {
        Err(Undescribed::Unknown { policy: type_name::<Self>() })
    }

    /// The policy's state, for [`restore`](Policy::restore) to continue from.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSnapshot`] unless the policy supports it.
    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        Err(PolicyError::NoSnapshot { policy: type_name::<Self>() })
    }

    /// Continues from a state that a policy of the same kind saved.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSnapshot`] or [`PolicyError::BadSnapshot`]; the policy is then as it was.
    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let _ = state;
        Err(PolicyError::NoSnapshot { policy: type_name::<Self>() })
    }
}
