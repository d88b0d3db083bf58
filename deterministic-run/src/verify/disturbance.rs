//! What must not matter.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::OptLevel;

use super::copies::Order;
use super::observed::{Marks, Seen};
use crate::opt_level::opt_level_name;
use crate::trace::{Recording, Told, Trace, TraceError};
use crate::{EngineKind, Error, Inputs, Kind, Observer, Outcome, Stdin, with_stack};

/// What a run is disturbed by. None of it reaches a guest that is deterministic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// Nothing.
    None,
    /// Nothing; the guest is run once more.
    Again,
    /// Another engine.
    Engine(EngineKind),
    /// Cranelift, which optimises so much.
    OptLevel(OptLevel),
    /// Instances that come from a pool.
    Pool,
    /// Threads beside it that keep every core busy.
    Load,
    /// Other things in memory, and another stack.
    Memory,
    /// Standard input that comes slowly, in pieces of a few bytes.
    SlowInput,
    /// Directories that are copied in another order, with other times, on another file system if there is one in memory.
    Directories,
    /// The run is recorded.
    Recorded,
    /// The run is recorded, and made again from the trace alone.
    Replayed,
}

impl Disturbance {
    /// All that one process can do.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Disturbance::Again];
        all.extend([OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize].map(Disturbance::OptLevel));
        let engines = EngineKind::ALL.iter().copied().filter(|kind| *kind != EngineKind::Cranelift);
        all.extend(engines.map(Disturbance::Engine));
        all.extend([
            Disturbance::Pool,
            Disturbance::Load,
            Disturbance::Memory,
            Disturbance::SlowInput,
            Disturbance::Directories,
            Disturbance::Recorded,
            Disturbance::Replayed,
        ]);
        all
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disturbance::None => f.write_str("nothing"),
            Disturbance::Again => f.write_str("once more"),
            Disturbance::Engine(kind) => write!(f, "on {kind}"),
            Disturbance::OptLevel(level) => write!(f, "on cranelift, optimising for {}", opt_level_name(*level)),
            Disturbance::Pool => f.write_str("from a pool of instances"),
            Disturbance::Load => f.write_str("with every core busy"),
            Disturbance::Memory => f.write_str("with other things in memory"),
            Disturbance::SlowInput => f.write_str("with slow input in small pieces"),
            Disturbance::Directories => f.write_str("with directories copied in another order"),
            Disturbance::Recorded => f.write_str("recorded"),
            Disturbance::Replayed => f.write_str("replayed"),
        }
    }
}

impl Inputs {
    /// The value that is observed: with all of its input at hand, with every memory told, and in whatever directory this process works.
    ///
    /// # Errors
    ///
    /// [`Error::Stdin`].
    pub fn observable(&self) -> Result<Self, Error> {
        let mut inputs = self.clone();
        for live in &mut inputs.directories.live {
            // What has no such path is told of when it is opened.
            live.host = std::path::absolute(&live.host).unwrap_or_else(|_| live.host.clone());
        }
        if inputs.reads_stdin() {
            inputs.stdin.read_ahead()?;
        }
        Ok(inputs.all_memories(true))
    }

    /// The value under this disturbance, compiled; or why there is no such run of this guest. Of [`observable`](Self::observable).
    ///
    /// # Errors
    ///
    /// The reason, as a line.
    pub fn disturbed(&self, by: Disturbance) -> Result<Disturbed, String> {
        let no = |reason: &str| Err(reason.to_owned());
        match by {
            Disturbance::SlowInput if !self.reads_stdin() => return no("it reads no input"),
            Disturbance::Directories if self.directories.live.is_empty() && self.directories.hermetic.is_empty() => {
                return no("it has no directories");
            }
            #[cfg(feature = "wasmi")]
            Disturbance::Engine(EngineKind::Wasmi) if self.counted_fuel().is_some() => {
                return no("fuel is counted in another way there");
            }
            Disturbance::Pool if !self.fits_a_pool() => {
                return no("its memories may become larger than those of a pool");
            }
            Disturbance::Pool if self.guest.kind() == Kind::Component => {
                return no("how much it takes is not known before it runs");
            }
            _ => {}
        }
        let inputs = self.clone().on_other_engine(by);
        inputs.prepare().map_err(|error| error.to_string())?;
        Ok(Disturbed { inputs, by })
    }

    fn on_other_engine(self, disturbance: Disturbance) -> Self {
        match disturbance {
            Disturbance::Engine(kind) => {
                // Of a component it cannot tell what nobody exports.
                let blind = kind == EngineKind::Winch && self.guest.kind() == Kind::Component;
                let all_memories = self.all_memories && !blind;
                let mut inputs = self.engine_kind(kind).all_memories(all_memories);
                inputs.opt_level = None;
                inputs
            }
            Disturbance::OptLevel(level) => self.engine_kind(EngineKind::Cranelift).opt_level(level),
            Disturbance::Pool => self.pooled(1),
            _ => self,
        }
    }
}

/// A value whose runs are disturbed.
#[derive(Clone, Debug)]
pub struct Disturbed {
    inputs: Inputs,
    by: Disturbance,
}

impl Disturbed {
    /// Makes one run, and keeps the calls with these numbers, from 1.
    ///
    /// # Errors
    ///
    /// As [`Inputs::run`].
    pub fn observe(&self, window: Range<u64>) -> Result<Seen, Error> {
        let order = if self.by == Disturbance::Directories { Order::Reversed } else { Order::Host };
        // What was compiled is shared.
        let (mut inputs, copies) = self.inputs.clone().with_copies(order)?;
        let marks = Arc::new(Mutex::new(Marks::new(window)));
        let observer = Observer { log: Some(marks.clone()), ..Observer::default() };
        let outcome = match self.by {
            Disturbance::Recorded | Disturbance::Replayed => {
                // It may be long.
                let trace = tempfile::tempfile().map_err(TraceError::Unwritable)?;
                let written = trace.try_clone().map_err(TraceError::Unwritable)?;
                let recorded = self.by == Disturbance::Recorded;
                let looks_on = if recorded { observer.clone() } else { Observer::default() };
                let how = Recording { embed: true, ..Recording::default() };
                let outcome =
                    with_stack(inputs.wasm_stack(), || inputs.record_with(Box::new(written), &how, &looks_on))??
                        .outcome;
                drop(copies);
                if recorded { outcome } else { replayed(&inputs, trace, &observer)? }
            }
            Disturbance::Load => busy(|| on_thread(&inputs, &observer))?,
            Disturbance::SlowInput => {
                let bytes = inputs.stdin.read_ahead()?;
                let max = bytes.len() as u64;
                inputs.stdin = Stdin::from_reader(Slowly { bytes, pieces: 0 }, max);
                on_thread(&inputs, &observer)?
            }
            Disturbance::Memory => {
                // Kept until the run is over, so that what it allocates lies elsewhere.
                let other: Vec<_> = (1..400_usize).map(|size| vec![size as u8; size * 97]).collect();
                let size = inputs.wasm_stack().saturating_add(3 << 20);
                let outcome = with_stack(size, || inputs.run_with(&observer))??;
                drop(other);
                outcome
            }
            _ => on_thread(&inputs, &observer)?,
        };
        let mut marks = marks.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(marks.seen(Told::of(&outcome), inputs.all_memories))
    }
}

fn on_thread(inputs: &Inputs, observer: &Observer) -> Result<Outcome, Error> {
    with_stack(inputs.wasm_stack(), || inputs.run_with(observer))?
}

fn replayed(inputs: &Inputs, mut trace: File, observer: &Observer) -> Result<Outcome, Error> {
    trace.rewind().map_err(TraceError::Unreadable)?;
    let trace = Trace::open(BufReader::new(trace))?;
    let again = trace.inputs(&Default::default())?.all_memories(inputs.all_memories);
    let replayed = with_stack(again.wasm_stack(), || trace.replay_with(&again, observer))??;
    Ok(replayed.outcome)
}

/// Does `work` while other threads keep every core busy.
fn busy<R>(work: impl FnOnce() -> R) -> R {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = AtomicBool::new(false);
    let threads = 2 * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // They end also if the work does not.
        let _over = Over(&over);
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        work()
    })
}

/// Bytes that come in pieces of 1 to 7, and now and then after a while.
struct Slowly {
    bytes: Bytes,
    pieces: usize,
}

impl Read for Slowly {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.pieces += 1;
        if self.pieces < 200 && self.pieces.is_multiple_of(10) {
            thread::sleep(Duration::from_millis(1));
        }
        let len = (1 + self.pieces % 7).min(buf.len()).min(self.bytes.len());
        buf[..len].copy_from_slice(&self.bytes.split_to(len));
        Ok(len)
    }
}
