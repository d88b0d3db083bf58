//! What a guest makes the host hold, by its number in the table of resources.

use deterministic_wasi::HANDLE;
use wasmtime::component::Resource;

use crate::{DeterministicCtxView, DeterministicView, Error};

impl DeterministicCtxView<'_> {
    /// Counts a handle that was just made.
    pub(crate) fn held<T: 'static>(&mut self, made: Resource<T>) -> wasmtime::Result<Resource<T>> {
        self.ctx.held.set(made.rep(), HANDLE).map_err(Error::from)?;
        Ok(made)
    }

    /// Takes a resource out of the table, with what it counts.
    pub(crate) fn take<T: 'static>(&mut self, resource: Resource<T>) -> wasmtime::Result<T> {
        let number = resource.rep();
        let taken = self.table.delete(resource)?;
        self.ctx.held.release(number);
        Ok(taken)
    }
}

/// Counts a handle that may have been made.
pub(crate) fn counted<T: DeterministicView, R: 'static>(
    data: &mut T,
    made: Option<Resource<R>>,
) -> wasmtime::Result<Option<Resource<R>>> {
    made.map(|made| data.deterministic_view().held(made)).transpose()
}
