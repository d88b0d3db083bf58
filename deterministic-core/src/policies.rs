//! The bundle: one of each policy.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::lazy::LazyChaCha8;
use crate::{
    Clock, Description, InOrder, InsecureSeed, Rng, Rules, Scheduler, Seed, Undescribed, VirtualClock, WallTime,
};

/// All that decides how a run's non-deterministic questions are answered.
///
/// Change one answer and keep the rest with `..`:
///
/// ```
/// use deterministic_core::{Policies, VirtualClock};
///
/// let policies = Policies { clock: Box::new(VirtualClock::with_tick(1_000)), ..Policies::default() };
/// # let _ = policies;
/// ```
pub struct Policies {
    /// What the wall clock shows at the beginning of the timeline.
    pub epoch: WallTime,
    /// Where the timeline stands and how it moves.
    pub clock: Box<dyn Clock>,
    /// Random bytes for WASI 0.1's `random_get` and `wasi:random/random`.
    pub secure_random: Box<dyn Rng>,
    /// Random bytes for `wasi:random/insecure`.
    pub insecure_random: Box<dyn Rng>,
    /// The value of `wasi:random/insecure-seed`.
    pub insecure_seed: InsecureSeed,
    /// Which events a waiting guest gets.
    pub scheduler: Box<dyn Scheduler>,
    /// What holds whichever policies answer.
    pub rules: Rules,
}

impl Policies {
    /// The deterministic defaults under `seed`: virtual time that only sleeping moves, from 2025-01-01T00:00:00Z;
    /// ChaCha8 streams; events in order.
    pub fn new(seed: Seed) -> Self {
        Self::with_clock(seed, Box::new(VirtualClock::new()))
    }

    /// The same, but of another `clock`: `Policies { clock, ..Policies::new(seed) }` without a clock made for nothing.
    // What it makes is made where it stays.
    #[inline(always)]
    pub fn with_clock(seed: Seed, clock: Box<dyn Clock>) -> Self {
        Policies {
            epoch: WallTime::DEFAULT_EPOCH,
            clock,
            secure_random: Box::new(LazyChaCha8::new(seed, "secure")),
            insecure_random: Box::new(LazyChaCha8::new(seed, "insecure")),
            insecure_seed: seed.into(),
            scheduler: Box::new(InOrder),
            rules: Rules::default(),
        }
    }

    /// What the whole bundle is and where it stands, for the fingerprint of a run: to be asked before the run.
    ///
    /// It is called `Policies`, and its parameters are the numbers `epoch` (nanoseconds since 1970) and
    /// `insecure_seed`, then the policies `clock`, `secure_random`, `insecure_random` and `scheduler`.
    ///
    /// A rule is described where it is not the default. A `resolution` is a number, behind `insecure_seed`. Where clocks are
    /// refused, the policy `clock` is `RefusingClock`, version 1, of a list `refused` of clocks by their numbers in WASI 0.1, in
    /// ascending order, and the clock as `inner`. Where timers are due, `scheduler` is `AllAtOnce`, version 1, which has
    /// the scheduler as `inner` unless that is `InOrder`.
    ///
    /// # Errors
    ///
    /// [`UndescribedPolicies`] with every role whose policy has no description.
    pub fn describe(&self) -> Result<Description, UndescribedPolicies> {
        let mut description = Description::new("Policies", 1)
            .number("epoch", self.epoch.as_unix_nanos())
            .number("insecure_seed", self.insecure_seed.value());
        let rules = &self.rules;
        if rules.resolution != Rules::default().resolution {
            description = description.number("resolution", rules.resolution.get());
        }
        let mut roles = Vec::new();
        for (role, answer) in [
            (Role::Clock, self.clock.describe().map(|clock| rules.describe_clock(clock))),
            (Role::SecureRandom, self.secure_random.describe()),
            (Role::InsecureRandom, self.insecure_random.describe()),
            (Role::Scheduler, self.scheduler.describe().map(|scheduler| rules.describe_scheduler(scheduler))),
        ] {
            match answer {
                Ok(inside) => description = description.policy(role.name(), inside),
                Err(why) => roles.push((role, why)),
            }
        }
        if roles.is_empty() { Ok(description) } else { Err(UndescribedPolicies { roles }) }
    }
}

/// What a policy does in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// [`Policies::clock`].
    Clock,
    /// [`Policies::secure_random`].
    SecureRandom,
    /// [`Policies::insecure_random`].
    InsecureRandom,
    /// [`Policies::scheduler`].
    Scheduler,
}

impl Role {
    /// The name of the field in [`Policies`].
    pub const fn name(self) -> &'static str {
        match self {
            Role::Clock => "clock",
            Role::SecureRandom => "secure_random",
            Role::InsecureRandom => "insecure_random",
            Role::Scheduler => "scheduler",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some policies of a bundle have no description, so that a run under it has no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these policies have no description, and so a run under them no fingerprint: {}", list(roles))]
pub struct UndescribedPolicies {
    roles: Vec<(Role, Undescribed)>,
}

impl UndescribedPolicies {
    /// Each role whose policy has no description, and why; at least one.
    pub fn roles(&self) -> &[(Role, Undescribed)] {
        &self.roles
    }
}

fn list(roles: &[(Role, Undescribed)]) -> String {
    roles.iter().map(|(role, why)| alloc::format!("{role} ({why})")).collect::<Vec<_>>().join(", ")
}

/// The deterministic defaults under seed 0.
impl Default for Policies {
    fn default() -> Self {
        Policies::new(Seed::default())
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").field("epoch", &self.epoch).field("now", &self.clock.now()).finish_non_exhaustive()
    }
}

/// The saved state of a run's policies; see [`Policy`](crate::Policy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The clock's state.
    pub clock: Vec<u8>,
    /// The state of the secure stream.
    pub secure_random: Vec<u8>,
    /// The state of the insecure stream.
    pub insecure_random: Vec<u8>,
    /// The scheduler's state.
    pub scheduler: Vec<u8>,
    /// How much fuel the store had left when the clock last heard of it, if the clock observes fuel. The store of a
    /// continued run begins with the fuel that the original had.
    pub fuel_left: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_seed_0() {
        let (default, new) = (Policies::default(), Policies::new(Seed::from_u64(0)));
        assert_eq!(default.insecure_seed.value(), new.insecure_seed.value());
        assert_eq!(default.insecure_seed.value(), 0x9e7b_3c71_cbc5_e356_d653_0b1e_12aa_f551);
        assert_eq!(default.describe(), new.describe());
    }
}
