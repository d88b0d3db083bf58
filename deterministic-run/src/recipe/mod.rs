//! A run as a list of decisions: where it is not as undisturbed as its preset has it.
//!
//! A schedule that breaks a guest is mostly a few decisions among many that do not matter. A [`Recipe`] has those few, by what they
//! are about: the third wait, the twelfth reading. It is text short enough for an issue, and fits a guest that was built anew with
//! small changes, too: a decision about what the guest does not ask any more is left out, and told.

mod apply;
mod note;
mod text;

pub(crate) use apply::Stale;
pub use text::BadRecipe;

pub(crate) use note::Noted;

/// Decisions, which are made in place of those of a preset. It prints, and is read, as text: `wait3=1.0+500,read12=21000`.
///
/// ```
/// use deterministic_run::core::Seed;
/// use deterministic_run::policies::Preset;
/// use deterministic_run::{Bundle, Inputs};
///
/// // The first wait gets the second of its events, alone.
/// let recipe = "wait1=1".parse()?;
/// let bundle = Bundle { recipe: Some(recipe), ..Bundle::new(Preset::Simulation, Seed::default()) };
/// let inputs = Inputs::new("(module)")?.bundle(bundle);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// At most one about each question, in this order.
    decisions: Vec<Decision>,
}

/// A decision. Questions of each kind are counted from 1, times are nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Decision {
    /// Which of the ready events a wait gets: `wait3=1.0+500`.
    Wait {
        /// Which wait at whose end something was ready.
        number: u64,
        /// Their places among those that are ready, from 0, in the order in which they come.
        places: Vec<u32>,
        /// After how long.
        delay: u64,
    },
    /// How a sleep goes: `sleep2=+500`.
    Sleep {
        /// Which sleep that took time.
        number: u64,
        /// How much later than asked it ends.
        late: u64,
    },
    /// How long a yield takes: `yield4=1000`.
    Yield {
        /// Which yield.
        number: u64,
        /// How long it takes.
        nanos: u64,
    },
    /// What a reading of a clock shows: `read12=21000`, or `read12=21000/20000`.
    Read {
        /// Which reading, of any clock.
        number: u64,
        /// How far it moves the time.
        moves: u64,
        /// What it shows, from what the time was before it.
        shows: u64,
    },
}

/// What a decision is about: its kind, and which question of that kind.
type About = (u8, u64);

impl Decision {
    fn about(&self) -> About {
        match self {
            Decision::Wait { number, .. } => (0, *number),
            Decision::Sleep { number, .. } => (1, *number),
            Decision::Yield { number, .. } => (2, *number),
            Decision::Read { number, .. } => (3, *number),
        }
    }
}

impl FromIterator<Decision> for Recipe {
    /// Of two about the same question the later one.
    fn from_iter<I: IntoIterator<Item = Decision>>(decisions: I) -> Self {
        let mut decisions: Vec<_> = decisions.into_iter().collect();
        decisions.reverse();
        // Stable, so that of equal ones the later is first now.
        decisions.sort_by_key(Decision::about);
        decisions.dedup_by_key(|decision| decision.about());
        Recipe { decisions }
    }
}

impl Recipe {
    /// The decisions, by what they are about.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn of(&self, about: About) -> Option<&Decision> {
        let at = self.decisions.binary_search_by_key(&about, Decision::about).ok()?;
        self.decisions.get(at)
    }
}
