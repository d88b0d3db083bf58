//! A failing run, made small: the fewest decisions that make it fail.
//!
//! After Zeller and Hildebrandt, *Simplifying and isolating failure-inducing input*, IEEE Transactions on Software Engineering 28(2),
//! 2002: halves of the decisions are left out, then quarters, and so on, as long as the run still fails for the same reason.

use deterministic_wasmtime::policies::Preset;

use super::Failing;
use crate::core::Seed;
use crate::inputs::PolicySource;
use crate::recipe::{Decision, Noted, Recipe};
use crate::trace::Tape;
use crate::verify::{Baseline, Checked, Disturbance, Parted};
use crate::{Bundle, Error, Inputs, Observer, Outcome, Wanted, with_stack};

/// How many runs are made to make one small.
const MOST_RUNS: u32 = 3000;

/// A failing run, made small.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Small {
    /// The preset, the seed and the decisions that fail.
    pub bundle: Bundle,
    /// Why it fails, as at first.
    pub why: String,
    /// How many decisions there were at first.
    pub decisions: usize,
    /// How many runs it took.
    pub runs: u32,
    /// Where the run parts from the one without its last decision, which does not fail: that is the undisturbed one here. `None` if it fails
    /// without any.
    pub parted: Option<Parted>,
}

/// Tries decisions.
struct Trial<'a> {
    inputs: &'a Inputs,
    failing: &'a Failing,
    base: Bundle,
    why: String,
    runs: u32,
}

impl Inputs {
    /// Makes the run under this seed small: to the fewest decisions under [`Preset::Simulation`] that fail for the same reason. `None` if
    /// it does not fail, or not by what its policies decide about time and order.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search).
    pub fn minimize(&self, seed: u64, failing: &Failing) -> Result<Option<Small>, Error> {
        let PolicySource::Bundle(bundle) = &self.policies else { return Err(Error::NoSeed) };
        let inputs = self.for_many(1)?;
        with_stack(inputs.wasm_stack(), || minimize(&inputs, bundle, Seed::from_u64(seed), failing))?
    }
}

/// On a thread that has the guest's stack.
fn minimize(inputs: &Inputs, bundle: &Bundle, seed: Seed, failing: &Failing) -> Result<Option<Small>, Error> {
    let noted = Noted::default();
    let calm = Preset::Simulation.policies(&seed);
    let wild = match &bundle.recipe {
        Some(recipe) => recipe.apply(bundle.preset.policies(&seed)).0,
        None => bundle.preset.policies(&seed),
    };
    let outcome = run(inputs, bundle.changed(noted.of(wild, calm)))?;
    let (Some(why), Some(recipe)) = (failing.why(&outcome), noted.recipe()) else { return Ok(None) };
    let base = Bundle { preset: Preset::Simulation, seed, recipe: None, ..bundle.clone() };
    let mut trial = Trial { inputs, failing, base, why, runs: 1 };
    let all = recipe.decisions().to_vec();
    if !trial.fails(&all)? {
        return Ok(None);
    }
    let seeded = std::mem::take(&mut trial.base.seed);
    if !trial.fails(&all)? {
        trial.base.seed = seeded;
    }
    let mut left = trial.fewest(all.clone())?;
    trial.simplest(&mut left)?;
    let parted = match left.split_last() {
        None => None,
        Some((_, fewer)) => trial.parted(&left, fewer)?,
    };
    let Trial { why, runs, .. } = trial;
    let bundle = Bundle { recipe: (!left.is_empty()).then(|| left.into_iter().collect()), ..trial.base };
    Ok(Some(Small { bundle, why, decisions: all.len(), runs, parted }))
}

fn run(inputs: &Inputs, policies: crate::core::Policies) -> Result<Outcome, Error> {
    let observer = Observer { wanted: Wanted { memories: false, ..Wanted::default() }, ..Observer::default() };
    inputs.run_given(policies, &Tape::off(), &observer)
}

impl Trial<'_> {
    fn with(&self, decisions: &[Decision]) -> Bundle {
        let recipe: Recipe = decisions.iter().cloned().collect();
        Bundle { recipe: Some(recipe), ..self.base.clone() }
    }

    /// Whether these fail, for the same reason.
    fn fails(&mut self, decisions: &[Decision]) -> Result<bool, Error> {
        self.runs += 1;
        let outcome = run(self.inputs, self.with(decisions).policies())?;
        Ok(self.failing.why(&outcome).as_ref() == Some(&self.why))
    }

    /// As few of them as can be without any one of them being too many.
    fn fewest(&mut self, mut left: Vec<Decision>) -> Result<Vec<Decision>, Error> {
        if self.fails(&[])? {
            return Ok(Vec::new());
        }
        let mut parts = 2;
        while left.len() > 1 && self.runs < MOST_RUNS {
            let size = left.len().div_ceil(parts);
            let mut fewer = None;
            for at in (0..left.len()).step_by(size) {
                let part = at..(at + size).min(left.len());
                // Later decisions are left out first: they matter less often.
                let part = left.len() - part.end..left.len() - part.start;
                let (alone, without) = (&left[part.clone()], [&left[..part.start], &left[part.end..]].concat());
                if parts == 2 && self.fails(alone)? {
                    fewer = Some((alone.to_vec(), 2));
                } else if self.fails(&without)? {
                    fewer = Some((without, (parts - 1).max(2)));
                }
                if fewer.is_some() || self.runs >= MOST_RUNS {
                    break;
                }
            }
            match fewer {
                Some((fewer, next)) => (left, parts) = (fewer, next),
                None if size == 1 => break,
                None => parts = (2 * parts).min(left.len()),
            }
        }
        Ok(left)
    }

    /// Each of them as simple as can be.
    fn simplest(&mut self, decisions: &mut [Decision]) -> Result<(), Error> {
        for at in 0..decisions.len() {
            for simpler in simpler(&decisions[at]) {
                if self.runs >= MOST_RUNS {
                    return Ok(());
                }
                let was = std::mem::replace(&mut decisions[at], simpler);
                if !self.fails(decisions)? {
                    decisions[at] = was;
                }
            }
        }
        Ok(())
    }

    fn parted(&self, decisions: &[Decision], fewer: &[Decision]) -> Result<Option<Parted>, Error> {
        // With every memory told, compiled once for both.
        let observable = self.inputs.clone().pooled(0).observable()?;
        observable.prepare()?;
        let of = |decisions: &[Decision]| observable.clone().bundle(self.with(decisions));
        let failing = of(decisions).disturbed(Disturbance::None).map_err(Error::Engine)?;
        let checked = Baseline::of(&of(fewer))?.check_way(|window| failing.observe(window))?;
        Ok(match checked {
            Checked::Parted(parted) => Some(*parted),
            _ => None,
        })
    }
}

/// What could stand in its place, the simplest last: each is tried, and kept if it still fails.
fn simpler(decision: &Decision) -> Vec<Decision> {
    match decision {
        Decision::Wait { number, places, delay } => {
            let wait = |places: &[u32], delay| Decision::Wait { number: *number, places: places.to_vec(), delay };
            let mut all = Vec::new();
            if *delay > 0 {
                all.push(wait(places, 0));
            }
            if places.len() > 1 {
                all.push(wait(&places[..1], 0));
            }
            all
        }
        Decision::Read { number, moves, shows } if moves != shows => {
            vec![Decision::Read { number: *number, moves: *moves, shows: *moves }]
        }
        _ => Vec::new(),
    }
}
