//! Sockets that nobody has.

use deterministic_wasi::HostCall;
use wasmtime::Result;
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower, ResourceTableError};

use super::{AsValue, Interface, Values};
use crate::DeterministicView;

/// A resource that no guest has: sockets and what belongs to them, told apart by a number.
pub(crate) enum NoSocket<const KIND: u8> {}

impl<T: DeterministicView + 'static> Interface<'_, T> {
    /// A function of a resource that no guest has: its type.
    pub(crate) fn never<P, R>(&mut self, call: HostCall) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentType + Lower + AsValue + 'static,
    {
        self.func::<P, Result<R>>(call, |_, _| Err(ResourceTableError::NotPresent.into()))
    }

    /// The same, of one that is asynchronous to the guest.
    pub(crate) fn never_concurrent<P, R>(&mut self, call: HostCall) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentType + Lower + AsValue + Send + 'static,
    {
        self.at_once::<P, Result<R>>(call, |_, _| Err(ResourceTableError::NotPresent.into()))
    }
}
