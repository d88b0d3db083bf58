//! What was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use deterministic_wasmtime::policies::Preset;
use serde::Serialize;

use super::block::Ran;
use super::failing::Failing;
use crate::text::hex;

/// How many failing seeds are listed, the first ones. All are counted.
pub const MAX_FAILURES: usize = 1000;

/// How many outcomes are told apart. Of more, the rest is counted as one.
pub const MAX_GROUPS: usize = 10_000;

/// How many histories are told apart.
const MAX_HISTORIES: usize = 1 << 20;

/// By how many of the first seeds it is said what is usual.
const USUAL_OF: u64 = 64;

/// What was found under the seeds that were run. The same for the same seeds, however many threads there were.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    preset: Preset,
    first: u64,
    runs: u64,
    failed: u64,
    groups: BTreeMap<[u8; 32], Group>,
    /// Runs with an outcome of which there was no room.
    others: u64,
    failures: Vec<Failure>,
    histories: BTreeSet<u64>,
    usual: Option<[u8; 32]>,
    /// Those of whom it is not known yet whether they are unusual.
    unsettled: Vec<(u64, [u8; 32])>,
    interrupted: bool,
}

/// Runs with one outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Group {
    /// The [digest](crate::Outcome::digest) of the outcome.
    pub digest: String,
    /// How many runs had it.
    pub runs: u64,
    /// The first of their seeds.
    pub seed: u64,
    /// How the guest ended.
    pub ended: String,
    /// Why it fails.
    pub failing: Option<String>,
}

/// A failing seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Why it fails.
    pub why: String,
    /// The digest of its outcome.
    pub digest: String,
}

/// Some seeds failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct SeedsFailed {
    preset: Preset,
    runs: u64,
    failed: u64,
    first: Failure,
}

impl fmt::Display for SeedsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SeedsFailed { preset, runs, failed, first: Failure { seed, why, .. } } = self;
        write!(
            f,
            "{failed} of {runs} seeds fail, the first of them {seed}: {why}; it is repeated by `detwasi run --preset {preset} --seed {seed} GUEST`, \
             or `Inputs::preset` with that preset and `Seed::from_u64({seed})`"
        )
    }
}

impl Found {
    pub(super) fn new(first: u64, preset: Preset) -> Self {
        Found {
            preset,
            first,
            runs: 0,
            failed: 0,
            groups: BTreeMap::new(),
            others: 0,
            failures: Vec::new(),
            histories: BTreeSet::new(),
            usual: None,
            unsettled: Vec::new(),
            interrupted: false,
        }
    }

    /// How many seeds were run, from the first on.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many of them failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The first failing seeds, up to [`MAX_FAILURES`].
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The outcomes, by the first seed of each.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.values().collect();
        groups.sort_by_key(|group| group.seed);
        groups
    }

    /// How many runs had an outcome beside the first [`MAX_GROUPS`].
    pub fn ungrouped(&self) -> u64 {
        self.others
    }

    /// How many different histories of calls there were, up to 2^20, if they were asked for.
    pub fn histories(&self) -> u64 {
        self.histories.len() as u64
    }

    /// Whether it was over before all seeds were run, and before there were as many failures as wanted.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Fails if a seed did, with what repeats it.
    ///
    /// # Errors
    ///
    /// [`SeedsFailed`].
    pub fn all_passed(&self) -> Result<(), SeedsFailed> {
        let Some(first) = self.failures.first() else { return Ok(()) };
        Err(SeedsFailed { preset: self.preset, runs: self.runs, failed: self.failed, first: first.clone() })
    }

    pub(super) fn take(&mut self, seed: u64, ran: Ran, failing: &Failing) {
        let Ran { digest, ended, why, history } = ran;
        self.runs += 1;
        if let Some(history) = history
            && self.histories.len() < MAX_HISTORIES
        {
            let [a, b, c, d, e, f, g, h, ..] = history;
            self.histories.insert(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        }
        let room = self.groups.len() < MAX_GROUPS;
        match self.groups.get_mut(&digest) {
            Some(group) => group.runs += 1,
            None if room => {
                let (ended, failing) = (ended.to_string(), why.clone());
                self.groups.insert(digest, Group { digest: hex(&digest), runs: 1, seed, ended, failing });
            }
            None => self.others += 1,
        }
        match why {
            Some(why) => self.fails(seed, why, digest),
            None if failing.unusual => match self.usual {
                Some(usual) if usual != digest => self.is_unusual(seed, digest),
                Some(_) => {}
                None => self.unsettled.push((seed, digest)),
            },
            None => {}
        }
        if failing.unusual && self.usual.is_none() && seed - self.first + 1 == USUAL_OF {
            self.settle(failing, true);
        }
    }

    /// Finds out what is usual, if it is time to.
    pub(super) fn settle(&mut self, failing: &Failing, last: bool) {
        if !failing.unusual || !last || self.usual.is_some() {
            return;
        }
        let most = self.groups.iter().max_by_key(|(_, group)| (group.runs, std::cmp::Reverse(group.seed)));
        self.usual = most.map(|(digest, _)| *digest);
        for (seed, digest) in std::mem::take(&mut self.unsettled) {
            if self.usual != Some(digest) {
                self.is_unusual(seed, digest);
            }
        }
    }

    fn is_unusual(&mut self, seed: u64, digest: [u8; 32]) {
        const WHY: &str = "another outcome than the usual one";
        if let Some(group) = self.groups.get_mut(&digest) {
            group.failing.get_or_insert_with(|| WHY.into());
        }
        self.fails(seed, WHY.into(), digest);
    }

    fn fails(&mut self, seed: u64, why: String, digest: [u8; 32]) {
        self.failed += 1;
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(Failure { seed, why, digest: hex(&digest) });
        }
    }

    pub(super) fn interrupted(&mut self) {
        self.interrupted = true;
    }

    pub(super) fn over(&mut self) {
        self.failures.sort_by_key(|failure| failure.seed);
    }
}
