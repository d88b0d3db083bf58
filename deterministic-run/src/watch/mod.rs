//! A run as another thread sees it.
//!
//! A guest that computes or waits asks nobody, and code that asks for it is slower code. So it is not stopped at all: whoever
//! looks on sees how far it got. Nothing comes back to the guest, so nothing of the host's time can reach it.

mod clock;

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use deterministic_wasmtime::CallsSoFar;
use deterministic_wasmtime::core::{Policies, VirtualClock, WallTime};

use self::clock::{Moments, Watched};

/// Sees a run from another thread. A clone sees the same.
///
/// ```
/// use deterministic_run::{Inputs, Observer, Watch};
///
/// let watch = Watch::default();
/// let seen = watch.clone();
/// let looks_on = std::thread::spawn(move || seen.seen().map(|seen| seen.elapsed_ns));
/// let observer = Observer { watch: Some(watch.clone()), ..Observer::default() };
/// Inputs::new(br#"(module (func (export "_start")))"#)?.run_with(&observer)?;
/// assert!(looks_on.join().expect("no panic").is_none_or(|nanos| nanos == 0));
/// assert_eq!(watch.seen().map(|seen| seen.elapsed_ns), Some(0));
/// # Ok::<(), deterministic_run::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Option<Begun>>>);

#[derive(Clone, Debug)]
struct Begun {
    epoch: WallTime,
    moments: Moments,
    calls: CallsSoFar,
}

/// How far a guest is that has begun. The numbers are of no moment in particular: it goes on meanwhile.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// What its wall clock showed at the beginning.
    pub epoch: WallTime,
    /// How much of its own time has passed, in nanoseconds.
    pub elapsed_ns: u64,
    /// How much fuel was gone when it last called the host, if that is known.
    pub fuel: Option<u64>,
    /// What it called of the host.
    pub calls: CallsSoFar,
}

impl Watch {
    /// How far the guest is, if it has begun.
    pub fn seen(&self) -> Option<Seen> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let (elapsed_ns, fuel) = (begun.moments.elapsed(), begun.moments.fuel());
        Some(Seen { epoch: begun.epoch, elapsed_ns, fuel, calls: begun.calls })
    }

    fn begins(&self, begun: Begun) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    }
}

/// What is to be told when a guest begins.
pub(crate) struct Beginning {
    watch: Watch,
    epoch: WallTime,
    moments: Moments,
}

impl Beginning {
    /// Of a guest that is about to start under `policies`, whose clock is watched from here on, and its fuel too if that is `counted`.
    pub(crate) fn of(watch: &Watch, policies: &mut Policies, counted: bool) -> Self {
        let clock = mem::replace(&mut policies.clock, Box::new(VirtualClock::new()));
        let moments = Moments::of(&*clock);
        policies.clock = Box::new(Watched::new(clock, moments.clone(), counted));
        Beginning { watch: watch.clone(), epoch: policies.epoch, moments }
    }

    /// The guest begins.
    pub(crate) fn now(self, calls: CallsSoFar) {
        self.watch.begins(Begun { epoch: self.epoch, moments: self.moments, calls });
    }
}
