//! A block of seeds, run by several threads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use deterministic_wasmtime::wasi::log::{Call, CallLog, Digests};

use super::Search;
use crate::core::Seed;
use crate::trace::Tape;
use crate::{Bundle, Ended, Error, Inputs, Observer, Outcome, Wanted, with_stack};

/// What came of a block.
pub(super) struct Block {
    /// In the order of the seeds, from the first on.
    pub(super) runs: Vec<Ran>,
    /// Whether it was stopped before its end.
    pub(super) cut: bool,
}

/// What came of one seed.
pub(super) struct Ran {
    /// Names the outcome.
    pub(super) digest: [u8; 32],
    pub(super) ended: Ended,
    /// Why it fails.
    pub(super) why: Option<String>,
    /// Names its calls.
    pub(super) history: Option<[u8; 32]>,
}

pub(super) fn run(
    inputs: &Inputs,
    bundle: &Bundle,
    search: &Search,
    jobs: usize,
    deadline: Option<Instant>,
    seeds: Range<u64>,
) -> Result<Block, Error> {
    let next = AtomicU64::new(seeds.start);
    let cut = AtomicBool::new(false);
    let work = || {
        let mut done = Vec::new();
        loop {
            let late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if search.stop.load(Ordering::Relaxed) || late() {
                cut.store(true, Ordering::Relaxed);
            }
            if cut.load(Ordering::Relaxed) {
                break;
            }
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let ran = one(inputs, bundle, search, seed);
            // Nothing after it counts.
            if ran.is_err() {
                next.fetch_max(seeds.end, Ordering::Relaxed);
            }
            done.push((seed, ran));
        }
        done
    };
    let mut all = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| with_stack(inputs.wasm_stack(), work))).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<(), Error>(())
    })?;
    all.sort_unstable_by_key(|(seed, _)| *seed);
    // Where it was cut, some that were begun later may be missing.
    let whole = all.into_iter().zip(seeds).take_while(|((seed, _), expected)| seed == expected);
    let runs = whole.map(|((_, ran), _)| ran).collect::<Result<_, _>>()?;
    Ok(Block { runs, cut: cut.into_inner() })
}

fn one(inputs: &Inputs, bundle: &Bundle, search: &Search, seed: u64) -> Result<Ran, Error> {
    let policies = Bundle { seed: Seed::from_u64(seed), ..bundle.clone() }.policies();
    let history = search.histories.then(|| Arc::new(Mutex::new(History::default())));
    let observer = Observer {
        log: history.clone().map(|history| history as Arc<Mutex<dyn CallLog>>),
        wanted: Wanted { memories: false, ..Wanted::default() },
        ..Observer::default()
    };
    let outcome = inputs.run_given(policies, &Tape::off(), &observer)?;
    let history = history.map(|history| history.lock().unwrap_or_else(PoisonError::into_inner).0.mark().digest.0);
    Ok(Ran { digest: digest(&outcome), why: search.failing.why(&outcome), ended: outcome.ended, history })
}

/// The digest of the outcome; of one that wrote more than is kept, of how it ended and how much that was.
fn digest(outcome: &Outcome) -> [u8; 32] {
    outcome.digest().map_or_else(
        || {
            let (stdout, stderr) = (outcome.stdout.written(), outcome.stderr.written());
            *blake3::hash(format!("{} {stdout} {stderr}", outcome.ended).as_bytes()).as_bytes()
        },
        |digest| *digest.as_bytes(),
    )
}

/// The digest of a run's calls.
#[derive(Default)]
struct History(Digests);

impl CallLog for History {
    fn call(&mut self, call: &Call<'_>) -> std::io::Result<()> {
        self.0.call(call);
        Ok(())
    }
}
