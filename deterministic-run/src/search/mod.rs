//! One guest under many seeds: which of them fail, and what else comes of them.
//!
//! 1. A [`Search`] says which seeds, what counts as [`Failing`], and when it is over.
//! 2. The guest is compiled once; seeds are run in blocks, by as many threads as are wanted, each run on its own. No run sees
//!    another.
//! 3. A failing run is [made small](crate::Inputs::minimize): a [recipe](crate::recipe) of the fewest decisions that make it fail.
//! 4. What came of a block goes into [`Found`] seed by seed. So what is found is the same, whatever the threads did, and takes the same memory for any
//!    number of seeds.

mod block;
mod failing;
mod found;
mod minimize;

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub use failing::Failing;
pub use found::{Failure, Found, Group, MAX_FAILURES, MAX_GROUPS, SeedsFailed};
pub use minimize::Small;

use crate::inputs::PolicySource;
use crate::{Error, Inputs};

/// The first block, in seeds.
const FIRST_BLOCK: u64 = 64;

/// How long a block should take: long enough that threads do not wait for each other, and short enough for whoever looks on.
const BLOCK_TIME: Duration = Duration::from_millis(200);

/// The longest block, in seeds: what came of each is kept for so long.
const LONGEST_BLOCK: u64 = 1 << 16;

/// What is searched, and for what.
#[derive(Clone, Debug)]
pub struct Search {
    /// The seeds, as [`Seed::from_u64`](crate::core::Seed::from_u64) takes them.
    pub seeds: Range<u64>,
    /// How many threads run the guest; as many as there are cores, unless it is said.
    pub jobs: Option<NonZeroUsize>,
    /// What counts as failing.
    pub failing: Failing,
    /// After how many failing seeds it is over. No seed after the last of these counts.
    pub until_failures: Option<u64>,
    /// After how much of the host's time it is over. How many seeds that are is the host's matter.
    pub time: Option<Duration>,
    /// Whether the calls of each run are digested, to tell how many seeds saw something new.
    pub histories: bool,
    /// It is over as soon as somebody sets this.
    pub stop: Arc<AtomicBool>,
}

impl Search {
    /// All of these seeds, for runs that trap or exit with another code than 0.
    pub fn new(seeds: Range<u64>) -> Self {
        Search {
            seeds,
            jobs: None,
            failing: Failing::default(),
            until_failures: None,
            time: None,
            histories: false,
            stop: Arc::default(),
        }
    }
}

impl Inputs {
    /// Runs the guest under each seed.
    ///
    /// ```
    /// use deterministic_run::Inputs;
    /// use deterministic_run::policies::Preset;
    /// use deterministic_run::search::Search;
    ///
    /// let guest = "(module (func (export \"_start\")))";
    /// Inputs::new(guest)?.preset(Preset::Chaos, Default::default()).search(&Search::new(0..1000))?.all_passed()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); [`Error::NoSeed`] if the guest is answered by policies of your own; [`Error::Tainted`] if a run has no
    /// [fingerprint](Self::fingerprint), as on the host's clock or in a live directory.
    pub fn search(&self, search: &Search) -> Result<Found, Error> {
        self.search_told(search, |_| ControlFlow::Continue(()))
    }

    /// The same, and `told` hears after each block what was found so far, and can end it there.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search).
    pub fn search_told(
        &self,
        search: &Search,
        mut told: impl FnMut(&Found) -> ControlFlow<()>,
    ) -> Result<Found, Error> {
        let PolicySource::Bundle(bundle) = &self.policies else { return Err(Error::NoSeed) };
        if self.reads_stdin() {
            self.stdin.read_ahead()?;
        }
        // What is not the same each time cannot be repeated, and live directories would be those of several runs at once.
        self.fingerprint()?;
        let jobs = search.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let inputs = self.for_many(jobs)?;
        let deadline = search.time.and_then(|time| Instant::now().checked_add(time));
        let mut found = Found::new(search.seeds.start, bundle.preset);
        let mut size = FIRST_BLOCK;
        let mut next = search.seeds.start;
        while next < search.seeds.end {
            let seeds = next..next.saturating_add(size).min(search.seeds.end);
            let begun = Instant::now();
            let block = block::run(&inputs, bundle, search, jobs, deadline, seeds.clone())?;
            for ran in block.runs {
                found.take(next, ran, &search.failing);
                next += 1;
                if search.until_failures.is_some_and(|enough| found.failed() >= enough) {
                    found.over();
                    return Ok(found);
                }
            }
            found.settle(&search.failing, next == search.seeds.end || block.cut);
            if block.cut {
                found.interrupted();
                break;
            }
            if told(&found).is_break() {
                found.interrupted();
                break;
            }
            // For the next one, as long as wanted by what this one took.
            let took = begun.elapsed().max(Duration::from_micros(1));
            let fits = (seeds.end - seeds.start) as f64 * BLOCK_TIME.as_secs_f64() / took.as_secs_f64();
            size = (fits as u64).clamp(FIRST_BLOCK, (size * 4).min(LONGEST_BLOCK));
        }
        found.over();
        Ok(found)
    }
}
