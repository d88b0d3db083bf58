//! The call log: every call of a guest's, with what it asked and what it got, for a person or a comparison.
//!
//! It is a function of the run: the same on every machine and engine, and it changes nothing for the guest. What goes how:
//!
//! 1. An embedder gives a [`CallLog`] to a store ([`Wasi::set_log`]); mostly a [`Writer`], which writes to an [`io::Write`].
//! 2. That sets the store's one flag for what is out of the ordinary ([`Wasi::is_attended`]), which each call looks at anyway
//!    for the sake of clocks that mind fuel. So a log that is off costs nothing.
//! 3. Where it is set, the call goes the long way: what it asks is put into [`Field`]s, the call is made, and what it got is put into
//!    an [`Outcome`]. WASI 0.1 reads what lies behind pointers, inputs before the call and outputs after it; reading is checked
//!    and never ends a guest. Of components the adapter has the values.
//! 4. A [`Call`] of these goes to the log, which keeps nothing of it. One that fails ends the guest: nothing is left out silently.
//! 5. A call before which the run is to be stopped ([`Wasi::set_stop`]) is counted, and neither made nor logged.
//! 6. The [`Writer`] digests every call ([`Digests`]), and writes those that its [`Filter`] lets pass in its [`Format`].

mod call;
mod digest;
mod filter;
mod format;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "json")]
mod perfetto;
mod stop;
mod text;
mod value;
mod writer;

use std::io;

use deterministic_core::Instant;

pub use call::{Call, Field, Outcome};
pub use digest::{DEFAULT_INTERVAL, Digests, Mark};
pub use filter::Filter;
pub use format::{Format, UnknownFormat};
pub use stop::StopAt;
pub use value::{Digest, MAX_ITEMS, MAX_TEXT, Value};
pub use writer::Writer;

use crate::Wasi;
use crate::fault::TrapKind;

/// Who gets the calls of a store's guests, each when it is over.
///
/// ```
/// use deterministic_core::Policies;
/// use deterministic_wasi::Wasi;
/// use deterministic_wasi::log::{Call, CallLog};
///
/// struct Printed;
///
/// impl CallLog for Printed {
///     fn call(&mut self, call: &Call<'_>) -> std::io::Result<()> {
///         println!("{call}");
///         Ok(())
///     }
/// }
///
/// let mut wasi = Wasi::new(Policies::default());
/// wasi.set_log(Box::new(Printed));
/// ```
pub trait CallLog: Send {
    /// Takes a call.
    ///
    /// # Errors
    ///
    /// What keeps it from that. The guest is ended with it then.
    fn call(&mut self, call: &Call<'_>) -> io::Result<()>;
}

/// What a store does with its calls beside making them: who is told, where it stops, and how many there were.
#[derive(Default)]
pub(crate) struct Log {
    to: Option<Box<dyn CallLog>>,
    stop: Option<StopAt>,
    calls: u64,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("stop", &self.stop).field("calls", &self.calls).finish_non_exhaustive()
    }
}

/// A call that has begun: its number, and when.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    number: u64,
    at: Instant,
}

impl Wasi {
    /// Tells `log` of every call from now on. Calls are counted from 1, which is the first one that this log is told of.
    pub fn set_log(&mut self, log: Box<dyn CallLog>) {
        let stop = self.log.take().and_then(|log| log.stop);
        self.log = Some(Log { to: Some(log), stop, calls: 0 }.into());
        self.attended = true;
    }

    /// Ends the log, and gives it back.
    pub fn take_log(&mut self) -> Option<Box<dyn CallLog>> {
        let log = self.log.as_mut().and_then(|log| log.to.take());
        if self.log.as_ref().is_some_and(|log| log.stop.is_none()) {
            self.log = None;
            self.attended = self.time.observes_fuel();
        }
        log
    }

    /// Ends the guest where it comes to `stop`, with [`Error::Stopped`](crate::Error::Stopped) and before that call is made: it is
    /// not in the log. Calls are counted as the log does that there is, or else from now on.
    pub fn set_stop(&mut self, stop: StopAt) {
        self.log.get_or_insert_default().stop = Some(stop);
        self.attended = true;
    }

    /// Whether calls are to be logged, or one of them to be stopped at.
    pub fn is_logged(&self) -> bool {
        self.log.is_some()
    }

    /// Whether a call has more to do than what it is for: tell the clock of fuel, or be logged. The one thing that an adapter asks
    /// before each call.
    #[inline]
    pub fn is_attended(&self) -> bool {
        self.attended
    }

    /// For an adapter: a call begins, of an interface as it is linked and a function. `None`, if nobody is told of it.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`](crate::Error::Stopped) if this is where the run is to be stopped: the call is not to be made.
    pub fn log_begins(&mut self, (interface, function): (&str, &str)) -> Result<Option<Begun>, TrapKind> {
        let at = self.now();
        let Some(log) = &mut self.log else { return Ok(None) };
        log.calls += 1;
        if log.stop.is_some_and(|stop| stop.is_here(log.calls, at)) {
            let function = format!("{interface}.{function}");
            return Err(TrapKind::Error(crate::Error::Stopped { call: log.calls, function, at }));
        }
        Ok(log.to.is_some().then_some(Begun { number: log.calls, at }))
    }

    /// For an adapter: it is over. The interface is named as it is linked.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Embedder`] with what the log says that cannot take it: the guest has to be ended.
    pub fn log_ends(
        &mut self,
        begun: Begun,
        (interface, function): (&str, &str),
        arguments: &[Field],
        outcome: &Outcome,
    ) -> Result<(), TrapKind> {
        let until = self.now();
        let Some(to) = self.log.as_mut().and_then(|log| log.to.as_mut()) else { return Ok(()) };
        let Begun { number, at } = begun;
        let call = Call { number, at, until, interface, function, arguments, outcome };
        to.call(&call).map_err(|error| TrapKind::Embedder(Box::new(error)))
    }
}
