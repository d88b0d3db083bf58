//! The call log of a run: passed on to whoever looks on, and what kept them from taking it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deterministic_wasmtime::wasi::log::{Call, CallLog};

use crate::Error;

/// A log of somebody's that a run is told to. A clone is of the same run.
#[derive(Clone)]
pub(crate) struct Logging {
    to: Arc<Mutex<dyn CallLog>>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Logging {
    pub(crate) fn new(to: Arc<Mutex<dyn CallLog>>) -> Self {
        Logging { to, failed: Arc::default() }
    }

    /// Fails if it could not take all of it.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        lock(&self.failed).take().map_or(Ok(()), |error| Err(Error::Log(error)))
    }
}

impl CallLog for Logging {
    fn call(&mut self, call: &Call<'_>) -> io::Result<()> {
        lock(&self.to).call(call).map_err(|error| {
            let kind = error.kind();
            lock(&self.failed).get_or_insert(error);
            kind.into()
        })
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
