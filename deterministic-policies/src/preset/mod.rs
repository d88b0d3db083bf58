//! Bundles by name.

mod chaos;
mod deferred;

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use deterministic_core::{Instant, Policies, Rules, Seed, WallTime};

use crate::{DeterministicWasiCtxRng, FrozenClock, Refusing, UnknownName, VirtualClock};

/// A bundle of policies by name. The names are API; the crate's front page helps to choose.
///
/// ```
/// use deterministic_core::Seed;
/// use deterministic_policies::Preset;
///
/// let preset: Preset = "simulation".parse()?;
/// let policies = preset.policies(&Seed::from_u64(7));
/// assert_eq!(policies.clock.now().as_nanos(), 1);
/// # Ok::<(), deterministic_policies::UnknownName>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// `frozen`: time stands still, and a sleep moves nothing: a guest that sleeps until an instant never sees it.
    Frozen,
    /// `simulation`: virtual time, which a sleep moves to its deadline and a reading by a microsecond; seeded randomness, events in order.
    Simulation,
    /// `chaos`: as `simulation`, with everything about time and order seeded and unkind.
    Chaos,
    /// `strict`: as `simulation`, but secure randomness is refused.
    Strict,
    /// `host`: the host answers, and a sleep takes its time. Not deterministic.
    #[cfg(feature = "std")]
    Host,
    /// `deterministic_wasi_ctx`: what the crate of that name answers. Every sleep is over at once and moves nothing.
    DeterministicWasiCtx,
}

/// How far each reading moves the clock of `simulation`, `chaos` and `strict`: a microsecond.
const TICK: u64 = 1_000;

impl Preset {
    /// Every preset that this build has.
    pub const ALL: &[Preset] = &[
        Preset::Frozen,
        Preset::Simulation,
        Preset::Chaos,
        Preset::Strict,
        #[cfg(feature = "std")]
        Preset::Host,
        Preset::DeterministicWasiCtx,
    ];

    /// The name, as [`FromStr`] reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Preset::Frozen => "frozen",
            Preset::Simulation => "simulation",
            Preset::Chaos => "chaos",
            Preset::Strict => "strict",
            #[cfg(feature = "std")]
            Preset::Host => "host",
            Preset::DeterministicWasiCtx => "deterministic_wasi_ctx",
        }
    }

    /// What it answers and whom it is for, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Preset::Frozen => "time stands still, seeded randomness: for caching results and for snapshots",
            Preset::Simulation => "virtual time, seeded randomness, events in order: for tests and CI",
            Preset::Chaos => "uneven time, delayed and shuffled events, all seeded: for finding bugs of timing",
            Preset::Strict => "virtual time, secure randomness refused: for agreement between machines",
            #[cfg(feature = "std")]
            Preset::Host => "the host answers, nothing is deterministic: for recording and for measuring against",
            Preset::DeterministicWasiCtx => "the answers of deterministic-wasi-ctx: for moving over from it unchanged",
        }
    }

    /// The bundle, with all that is random in it derived from `seed`.
    ///
    /// `host` takes nothing from the seed, unless the host has no entropy to give: then `insecure_seed` is the seed's.
    /// `deterministic_wasi_ctx` takes only `insecure_seed` from it, which the crate it copies leaves to the host.
    pub fn policies(self, seed: &Seed) -> Policies {
        let simulation = || Policies::with_clock(*seed, Box::new(VirtualClock::with_tick(TICK)));
        match self {
            Preset::Frozen => Policies::with_clock(*seed, Box::new(FrozenClock::new())),
            Preset::Simulation => simulation(),
            Preset::Chaos => {
                Policies { scheduler: chaos::scheduler(seed), ..Policies::with_clock(*seed, chaos::clock(seed)) }
            }
            Preset::Strict => Policies { secure_random: Box::new(Refusing), ..simulation() },
            #[cfg(feature = "std")]
            Preset::Host => host(seed),
            Preset::DeterministicWasiCtx => Policies {
                epoch: WallTime::UNIX_EPOCH,
                clock: Box::new(FrozenClock::at(Instant::ZERO)),
                secure_random: Box::new(DeterministicWasiCtxRng::new()),
                insecure_random: Box::new(DeterministicWasiCtxRng::new()),
                rules: Rules { timers_are_due: true, ..Rules::default() },
                ..Policies::new(*seed)
            },
        }
    }
}

#[cfg(feature = "std")]
fn host(seed: &Seed) -> Policies {
    use crate::{HostClock, HostRng, InOrder};
    use deterministic_core::Rng as _;

    let clock = HostClock::new();
    let mut bytes = [0; 16];
    Policies {
        epoch: clock.epoch(),
        clock: Box::new(clock),
        secure_random: Box::new(HostRng),
        insecure_random: Box::new(HostRng),
        insecure_seed: match HostRng.fill(&mut bytes) {
            Ok(()) => u128::from_le_bytes(bytes).into(),
            // A host without entropy: this value promises nothing, and the streams will say so at the first draw.
            Err(_) => (*seed).into(),
        },
        scheduler: Box::new(InOrder),
        rules: Rules::default(),
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = UnknownName;

    /// Reads a name; `-` in place of `_` will do.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let plain = |byte| if byte == b'-' { b'_' } else { byte };
        let found = Self::ALL.iter().find(|preset| preset.name().bytes().eq(text.bytes().map(plain)));
        found.copied().ok_or_else(|| UnknownName::new("preset", text, Self::ALL))
    }
}
