//! Every policy, made from a number. The contract suites run over these lists, so that a policy that is listed is
//! tested, and `readme.rs` holds the lists against the catalogue that users read.

#![allow(dead_code, reason = "each suite uses its own part")]

use deterministic_core::{Clock, ClockId, Event, EventKind, Instant, Rng, Rules, Scheduler, Seed};
use deterministic_policies::*;

/// A policy's name in the README, maybe with a variant behind it, and how to make it from a number.
pub(crate) type Entry<T> = (&'static str, fn(u64) -> Box<T>);

/// What saves itself without the feature `serde`: the policies of the core, bare or under a rule.
pub(crate) const OF_THE_CORE: [&str; 8] = [
    "VirtualClock",
    "stepping",
    "preset simulation",
    "preset strict",
    "rule one refused",
    "rule all refused",
    "ChaCha8",
    "InOrder",
];

fn seed(number: u64) -> Seed {
    Seed::from_u64(number)
}

fn virtual_time() -> Box<dyn Clock> {
    Box::new(VirtualClock::with_tick(1_000))
}

fn refused<const N: usize>(clocks: [ClockId; N]) -> Box<dyn Clock> {
    Rules { refused_clocks: clocks.into(), ..Rules::default() }.enforce(virtual_time())
}

fn script(end: ScriptEnd) -> Box<dyn Clock> {
    Box::new(ScriptedClock::new([5, 5, 70, 10_000].map(Instant::from_nanos), end).unwrap())
}

fn jumps() -> Vec<Jump> {
    [(1, 3), (50, 100), (50, 1), (20_000, 1 << 40), (u64::MAX - 5, u64::MAX)]
        .map(|(at, by)| Jump { at: Instant::from_nanos(at), by })
        .to_vec()
}

/// The deterministic clocks.
pub(crate) fn clocks() -> Vec<Entry<dyn Clock>> {
    vec![
        ("FrozenClock", |_| Box::new(FrozenClock::new())),
        ("VirtualClock", |_| Box::new(VirtualClock::new())),
        ("stepping", |_| Box::new(stepping(1_000))),
        ("FuelClock", |_| Box::new(FuelClock::new(Ratio::new(7, 3).unwrap()))),
        ("FuelClock fast", |_| Box::new(FuelClock::new(Ratio::whole(u64::MAX)))),
        ("ScriptedClock hold", |_| script(ScriptEnd::Hold)),
        ("ScriptedClock tick", |_| script(ScriptEnd::Tick(9))),
        ("ScriptedClock fail", |_| script(ScriptEnd::Fail)),
        ("Drift slow", |_| Box::new(Drift::new(virtual_time(), Ratio::new(2, 7).unwrap()).unwrap())),
        ("Drift fast", |_| Box::new(Drift::new(virtual_time(), Ratio::new(u64::MAX, 3).unwrap()).unwrap())),
        ("Drift slowest", |_| Box::new(Drift::new(virtual_time(), Ratio::new(1, u64::MAX).unwrap()).unwrap())),
        ("Scaled slow", |_| Box::new(Scaled::new(virtual_time(), Ratio::new(2, 7).unwrap()).unwrap())),
        ("Scaled fast", |_| Box::new(Scaled::new(virtual_time(), Ratio::new(u64::MAX, 3).unwrap()).unwrap())),
        ("Scaled slowest", |_| Box::new(Scaled::new(virtual_time(), Ratio::new(1, u64::MAX).unwrap()).unwrap())),
        ("Jumps", |_| Box::new(Jumps::new(virtual_time(), jumps()))),
        ("Jitter", |n| Box::new(Jitter::new(virtual_time(), 5_000, &seed(n)))),
        ("Jitter widest", |n| Box::new(Jitter::new(virtual_time(), u64::MAX, &seed(n)))),
        ("Jitter over fuel", |n| Box::new(Jitter::new(FuelClock::default(), 50, &seed(n)))),
        ("rule one refused", |_| refused([ClockId::Monotonic])),
        ("rule all refused", |_| refused(ClockId::ALL)),
        ("Until", |_| Box::new(Until::new(virtual_time(), Instant::from_nanos(30_000)))),
        ("Until over jumps", |n| {
            Box::new(Until::new(Preset::Chaos.policies(&seed(n)).clock, Instant::from_nanos(30_000)))
        }),
        ("Until over fuel", |_| Box::new(Until::new(FuelClock::default(), Instant::from_nanos(30_000)))),
        ("preset frozen", |n| Preset::Frozen.policies(&seed(n)).clock),
        ("preset simulation", |n| Preset::Simulation.policies(&seed(n)).clock),
        ("preset chaos", |n| Preset::Chaos.policies(&seed(n)).clock),
        ("preset strict", |n| Preset::Strict.policies(&seed(n)).clock),
    ]
}

/// The deterministic generators that give bytes.
pub(crate) fn rngs() -> Vec<Entry<dyn Rng>> {
    vec![
        ("ChaCha8", |n| Box::new(ChaCha8::new(&seed(n), "secure"))),
        ("ChaCha12", |n| Box::new(ChaCha12::new(&seed(n), "secure"))),
        ("ChaCha20", |n| Box::new(ChaCha20::new(&seed(n), "secure"))),
        ("Pcg64Mcg", |n| Box::new(Pcg64Mcg::new(&seed(n), "secure"))),
        ("Repeating", |n| Box::new(Repeating::new([n as u8, 2, 3, 4, 5]).unwrap())),
        ("Counter", |n| Box::new(Counter::starting_at(u64::MAX - n))),
        ("DeterministicWasiCtxRng", |_| Box::new(DeterministicWasiCtxRng::new())),
    ]
}

/// The schedulers.
pub(crate) fn schedulers() -> Vec<Entry<dyn Scheduler>> {
    vec![
        ("InOrder", |_| Box::new(InOrder)),
        ("SeededOrder", |n| Box::new(SeededOrder::new(&seed(n)))),
        ("OneAtATime", |_| Box::new(OneAtATime::new())),
        ("Delaying", |n| Box::new(Delaying::new(InOrder, Ratio::new(1, 3).unwrap(), 1_000, &seed(n)))),
        ("Delaying shuffled", |n| {
            let inner = SeededOrder::new(&seed(n));
            Box::new(Delaying::new(inner, Ratio::whole(5), u64::MAX, &seed(n)))
        }),
        ("Pct", |n| Box::new(Pct::new(&seed(n), 4, 20))),
        ("Pct deepest", |n| Box::new(Pct::new(&seed(n), 255, u64::MAX))),
        ("preset chaos", |n| Preset::Chaos.policies(&seed(n)).scheduler),
    ]
}

/// An event of the `i`th subscription with an id and a kind that follow from `id`.
pub(crate) fn event(i: u32, id: u64) -> Event {
    let kind = match id % 3 {
        0 => EventKind::Timer { deadline: Instant::from_nanos(id) },
        1 => EventKind::Readable,
        _ => EventKind::Writable,
    };
    Event::new(i, id, kind)
}

/// The events of subscriptions with these ids.
pub(crate) fn events(ids: &[u64]) -> Vec<Event> {
    ids.iter().zip(0..).map(|(&id, i)| event(i, id)).collect()
}
