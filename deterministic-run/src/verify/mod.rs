//! Proof by disturbance: a guest is run again under whatever must not matter, and held against its undisturbed run to the last byte
//! of memory and the last call.
//!
//! 1. [`Inputs::observe`](crate::Inputs::observe) makes one run under one [`Disturbance`] and keeps what it is compared by, an [`Observed`]: what came of it, and a
//!    digest of its calls at intervals. It takes the same memory for 10 calls and nearly so for 10 million.
//! 2. [`parting`] compares two ways to make a run. Where their digests part, both are made again, and only the calls of that interval
//!    are kept: the first that differs is what [`Parted`] tells, with those before it.
//! 3. [`Inputs::verify`](crate::Inputs::verify) does so for a list of disturbances. Ways that are not a matter of one process (another locale, say) are
//!    `detwasi`'s, which observes in a process of its own and compares by the same function.

mod copies;
mod disturbance;
mod observed;
mod parted;

pub use disturbance::Disturbance;
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
        self.verify_told(disturbances, |_, _| ())
    }

    /// The same, and `told` hears of each run when it was compared.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn verify_told(
        &self,
        disturbances: &[Disturbance],
        mut told: impl FnMut(&Disturbance, &Checked),
    ) -> Result<Verified, Error> {
        let inputs = self.observable()?;
        let undisturbed = inputs.observe(Disturbance::None, 0..0)?.observed;
        let mut verified = Verified { undisturbed, checked: Vec::new() };
        for &disturbance in disturbances {
            let checked = match inputs.cannot(disturbance) {
                Some(reason) => Checked::LeftOut(reason),
                None => {
                    let undisturbed = |window| inputs.observe(Disturbance::None, window);
                    let disturbed = |window| inputs.observe(disturbance, window);
                    match parting(&verified.undisturbed, undisturbed, disturbed)? {
                        Some(parted) => Checked::Parted(parted.into()),
                        None => Checked::Same,
                    }
                }
            };
            told(&disturbance, &checked);
            let over = matches!(checked, Checked::Parted(_));
            verified.checked.push((disturbance, checked));
            if over {
                break;
            }
        }
        Ok(verified)
    }
}
