//! Proof by disturbance: a guest is run again under whatever must not matter, and held against its undisturbed run to the last byte
//! of memory and the last call.
//!
//! 1. [`Disturbed::observe`] makes one run under one [`Disturbance`] and keeps what it is compared by, an [`Observed`]: what came of it, and a
//!    digest of its calls at intervals. It takes the same memory for 10 calls and nearly so for 10 million.
//! 2. [`parting`] compares two ways to make a run. Where their digests part, both are made again, and only the calls of that interval
//!    are kept: the first that differs is what [`Parted`] tells, with those before it.
//! 3. [`Inputs::verify`](crate::Inputs::verify) does so for a list of disturbances, and a [`Baseline`] for one at a time. Ways that are not a matter of one process (another locale, say) are
//!    `detwasi`'s, which observes in a process of its own and compares by the same baseline.

mod copies;
mod disturbance;
mod observed;
mod parted;

pub use disturbance::{Disturbance, Disturbed};
pub use observed::{Observed, Seen, SeenCall};
pub use parted::{Difference, Parted, PartedCalls, parting};

use crate::{Error, Inputs};

/// What became of a run that was disturbed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checked {
    /// All was the same.
    Same,
    /// There is no such run of this guest, for this reason.
    LeftOut(String),
    /// Something was not the same.
    Parted(Box<Parted>),
}

/// What came of verifying.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The run that the others were held against.
    pub undisturbed: Observed,
    /// The others, in the order in which they were made. After one that parted there is none.
    pub checked: Vec<(Disturbance, Checked)>,
}

impl Verified {
    /// Where the first run parted, and under what.
    pub fn parted(&self) -> Option<(&Disturbance, &Parted)> {
        self.checked.iter().find_map(|(disturbance, checked)| match checked {
            Checked::Parted(parted) => Some((disturbance, &**parted)),
            _ => None,
        })
    }
}

impl Inputs {
    /// Runs the guest as it is, and then under each of these [disturbances](Disturbance::all) until one run is not the same. Standard input is read
    /// to its end before, and live directories stay as they are: each run gets a copy of its own.
    ///
    /// ```
    /// use deterministic_run::Inputs;
    /// use deterministic_run::verify::Disturbance;
    ///
    /// let verified = Inputs::new("(module (func (export \"_start\")))")?.verify(&Disturbance::all())?;
    /// assert_eq!(verified.parted(), None);
    /// # Ok::<(), deterministic_run::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn verify(&self, disturbances: &[Disturbance]) -> Result<Verified, Error> {
        let baseline = Baseline::of(&self.observable()?)?;
        let mut verified = Verified { undisturbed: baseline.observed.clone(), checked: Vec::new() };
        for &disturbance in disturbances {
            let checked = baseline.check(disturbance)?;
            let over = matches!(checked, Checked::Parted(_));
            verified.checked.push((disturbance, checked));
            if over {
                break;
            }
        }
        Ok(verified)
    }
}

/// An undisturbed run, and what is needed to make it again.
#[derive(Debug)]
#[non_exhaustive]
pub struct Baseline {
    /// The run.
    pub observed: Observed,
    inputs: Inputs,
    undisturbed: Disturbed,
}

impl Baseline {
    /// Makes it. Of [`observable`](Inputs::observable).
    ///
    /// # Errors
    ///
    /// As [`Inputs::run`].
    pub fn of(inputs: &Inputs) -> Result<Self, Error> {
        // What is wrong with the guest is an error here, and no reason.
        inputs.prepare()?;
        let undisturbed = inputs.disturbed(Disturbance::None).map_err(Error::Engine)?;
        Ok(Baseline { observed: undisturbed.observe(0..0)?.observed, inputs: inputs.clone(), undisturbed })
    }

    /// Holds a run under this disturbance against it.
    ///
    /// # Errors
    ///
    /// As [`Inputs::run`].
    pub fn check(&self, disturbance: Disturbance) -> Result<Checked, Error> {
        match self.inputs.disturbed(disturbance) {
            Ok(disturbed) => self.check_way(|window| disturbed.observe(window)),
            Err(reason) => Ok(Checked::LeftOut(reason)),
        }
    }

    /// Holds a run against it that is made in this way: called with the numbers of the calls that it is to keep.
    ///
    /// # Errors
    ///
    /// As [`Inputs::run`], and what `way` says.
    pub fn check_way<E: From<Error>>(
        &self,
        way: impl FnMut(std::ops::Range<u64>) -> Result<Seen, E>,
    ) -> Result<Checked, E> {
        let again = |window| Ok(self.undisturbed.observe(window)?);
        Ok(parting(&self.observed, again, way)?.map_or(Checked::Same, |parted| Checked::Parted(parted.into())))
    }
}
