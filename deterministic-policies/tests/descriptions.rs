//! What a policy says of itself: the same of equal ones, something else of every other, and what is documented.

mod catalogue;

use std::collections::HashMap;

use deterministic_core::{
    Clock, ClockId, Description, Event, EventKind, FuelObserver, Instant, Policies, Policy, Rng, Rules, Scheduler, Seed,
};
use deterministic_policies::testing::Steps;
use deterministic_policies::*;
use proptest::prelude::*;

fn describe<T: Policy + ?Sized>(policy: &T) -> Description {
    policy.describe().unwrap()
}

/// A policy of the list that was made from `number` and has had some calls.
fn after<T: Steps + ?Sized>(make: fn(u64) -> Box<T>, number: u64, calls: &[u64]) -> Box<T> {
    let mut policy = make(number);
    calls.iter().for_each(|&call| drop(policy.step(call)));
    policy
}

fn describes<T: Steps + ?Sized>(list: Vec<catalogue::Entry<T>>, calls: &[u64]) {
    // What each description was said of: the answers to come, and the state where there is one.
    let mut said = HashMap::new();
    let mut states = HashMap::new();
    for (name, make) in list {
        for number in [1, 2] {
            for count in [0, 1, calls.len()] {
                let mut policy = after(make, number, &calls[..count]);
                let description = describe(&*policy);
                assert_eq!(description, describe(&*after(make, number, &calls[..count])), "{name}");

                if let Ok(state) = policy.save() {
                    assert_eq!(
                        &description,
                        states.entry(state.clone()).or_insert_with(|| description.clone()),
                        "{name}"
                    );
                    // A copy that was made of other parameters and has a past of its own.
                    let mut copy = after(make, 3, calls);
                    copy.restore(&state).unwrap();
                    assert_eq!(describe(&*copy), description, "{name}");
                }

                let state = policy.save().ok();
                let answers: Vec<_> = calls.iter().map(|&call| policy.step(call)).collect();
                let first = said.entry(description.clone()).or_insert_with(|| (state.clone(), answers.clone()));
                assert_eq!(first, &(state, answers), "{name} after {count} calls: {description}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Over all policies, two seeds and different pasts. With the feature `serde`, descriptions are equal if and only if
    /// the states are; without, at least the answers are.
    #[test]
    fn equal_descriptions_mean_equal_policies(calls in prop::collection::vec(0u64..5_000, 1..20)) {
        describes(catalogue::clocks(), &calls);
        describes(catalogue::rngs(), &calls);
        describes(catalogue::schedulers(), &calls);
    }
}

/// Policies no two of which are the same.
#[derive(Default)]
struct Different(Vec<Description>);

impl Different {
    fn add(&mut self, description: Description) {
        assert!(self.0.iter().all(|other| other.as_bytes() != description.as_bytes()), "twice: {description}");
        self.0.push(description);
    }
    fn clock(&mut self, clock: impl Clock) {
        self.add(clock.describe().unwrap());
    }
    fn rng(&mut self, rng: impl Rng) {
        self.add(rng.describe().unwrap());
    }
    fn scheduler(&mut self, scheduler: impl Scheduler) {
        self.add(scheduler.describe().unwrap());
    }
}

fn nanos(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn ratio(num: u64, den: u64) -> Ratio {
    Ratio::new(num, den).unwrap()
}

fn virtual_time() -> Box<dyn Clock> {
    Box::new(VirtualClock::new())
}

#[test]
fn every_parameter_of_a_clock_changes_its_description() {
    let mut all = Different::default();
    all.clock(FrozenClock::new());
    all.clock(FrozenClock::at(nanos(2)));
    all.clock(VirtualClock::new());
    all.clock(VirtualClock::with_tick(2));
    all.clock(VirtualClock::starting_at(nanos(2), 0));
    all.clock(FuelClock::default());
    all.clock(FuelClock::new(ratio(1, 2)));
    all.clock(FuelClock::new(ratio(2, 1)));
    for end in [ScriptEnd::Hold, ScriptEnd::Fail, ScriptEnd::Tick(0), ScriptEnd::Tick(1)] {
        for script in [&[][..], &[1], &[1, 1], &[1, 2]] {
            all.clock(ScriptedClock::new(script.iter().copied().map(nanos), end).unwrap());
        }
    }
    for inner in [VirtualClock::new(), VirtualClock::with_tick(1)] {
        let inner = || inner.clone();
        all.clock(Drift::new(inner(), ratio(1, 1)).unwrap());
        all.clock(Drift::new(inner(), ratio(2, 1)).unwrap());
        all.clock(Drift::new(inner(), ratio(1, 2)).unwrap());
        all.clock(Scaled::new(inner(), ratio(1, 1)).unwrap());
        all.clock(Scaled::new(inner(), ratio(2, 1)).unwrap());
        all.clock(Scaled::new(inner(), ratio(1, 2)).unwrap());
        for jumps in [&[][..], &[(1, 2)], &[(1, 3)], &[(2, 2)], &[(1, 2), (2, 2)]] {
            all.clock(Jumps::new(inner(), jumps.iter().map(|&(at, by)| Jump { at: nanos(at), by })));
        }
        all.clock(Jitter::new(inner(), 5, &1.into()));
        all.clock(Jitter::new(inner(), 6, &1.into()));
        all.clock(Jitter::new(inner(), 5, &2.into()));
    }
    let refused = |clocks| Rules { refused_clocks: clocks, ..Rules::default() };
    all.clock(refused(ClockId::ALL.into()).enforce(virtual_time()));
    all.clock(refused([ClockId::Realtime].into()).enforce(virtual_time()));
    all.clock(refused([ClockId::Monotonic].into()).enforce(virtual_time()));
    all.clock(refused([ClockId::Monotonic].into()).enforce(Box::new(VirtualClock::with_tick(1))));
    all.clock(Until::new(virtual_time(), nanos(5)));
    all.clock(Until::new(virtual_time(), nanos(6)));
    all.clock(Until::new(VirtualClock::with_tick(1), nanos(5)));
    // The order of nesting counts.
    let jitter = Jitter::new(virtual_time(), 5, &1.into());
    all.clock(Drift::new(jitter, ratio(2, 1)).unwrap());
    let drift = Drift::new(virtual_time(), ratio(2, 1)).unwrap();
    all.clock(Jitter::new(drift, 5, &1.into()));
}

#[test]
fn every_parameter_of_a_generator_changes_its_description() {
    let mut all = Different::default();
    for &generator in Generator::ALL {
        for number in [1, 2] {
            for stream in ["secure", "insecure"] {
                all.add(generator.rng(&Seed::from_u64(number), stream).describe().unwrap());
            }
        }
    }
    all.rng(Counter::new());
    all.rng(Counter::starting_at(1));
    for bytes in [&[0][..], &[0, 0], &[1], &[0, 1]] {
        all.rng(Repeating::new(bytes).unwrap());
    }
    all.rng(Refusing);
    all.rng(DeterministicWasiCtxRng::new());
    // The same generator as that of the crate, from which bytes are drawn in another way.
    let seed = <rand_pcg::Pcg64Mcg as rand_core::SeedableRng>::seed_from_u64(42).state().to_le_bytes();
    all.rng(Pcg64Mcg::from_key(std::array::from_fn(|i| seed.get(i).copied().unwrap_or(0))));
}

#[test]
fn every_parameter_of_a_scheduler_changes_its_description() {
    let mut all = Different::default();
    all.scheduler(InOrder);
    all.scheduler(OneAtATime::new());
    for seed in [1, 2].map(Seed::from_u64) {
        all.scheduler(SeededOrder::new(&seed));
        all.scheduler(Pct::new(&seed, 1, 1_000_000));
        all.scheduler(Pct::new(&seed, 3, 1_000_000));
        all.scheduler(Pct::new(&seed, 4, 1_000_000));
        all.scheduler(Pct::new(&seed, 3, 2_000_000));
        let delaying = |withhold, most| Delaying::new(InOrder, withhold, most, &seed);
        all.scheduler(delaying(ratio(1, 2), 5));
        all.scheduler(delaying(ratio(1, 3), 5));
        // As probable, and drawn otherwise.
        all.scheduler(delaying(ratio(2, 4), 5));
        all.scheduler(delaying(ratio(1, 2), 6));
        all.scheduler(Delaying::new(OneAtATime::new(), ratio(1, 2), 5, &seed));
    }
}

#[test]
fn what_a_policy_does_not_keep_is_not_described() {
    let jumps = |list: &[(u64, u64)]| {
        Jumps::new(virtual_time(), list.iter().map(|&(at, by)| Jump { at: nanos(at), by })).describe().unwrap()
    };
    assert_eq!(jumps(&[(9, 1), (5, 3), (5, 4)]), jumps(&[(5, 7), (9, 1)]));
    assert_eq!(stepping(5).describe(), VirtualClock::with_tick(5).describe());
    assert_eq!(Pct::new(&1.into(), 0, 9).describe(), Pct::new(&1.into(), 1, 9).describe());
}

#[test]
fn a_description_follows_its_policy() {
    let mut clock = ScriptedClock::new([3, 8].map(nanos), ScriptEnd::Tick(2)).unwrap();
    let text = clock.describe().unwrap().to_string();
    assert_eq!(text, "ScriptedClock v1 { now: 3, readings: [3, 8], next: 0, end: 2 }");
    clock.read(ClockId::Monotonic).unwrap();
    clock.advance_to(nanos(5)).unwrap();
    let text = clock.describe().unwrap().to_string();
    assert_eq!(text, "ScriptedClock v1 { now: 5, readings: [3, 8], next: 1, end: 2 }");

    let mut rng = Repeating::new([7, 8]).unwrap();
    rng.fill(&mut [0; 3]).unwrap();
    assert_eq!(rng.describe().unwrap().to_string(), "Repeating v1 { bytes: 0x0708, next: 1 }");

    let mut scheduler = OneAtATime::new();
    scheduler.select(Instant::ZERO, &mut catalogue::events(&[1, 2])).unwrap();
    assert_eq!(scheduler.describe().unwrap().to_string(), "OneAtATime v1 { next: 1 }");
}

#[test]
fn what_cannot_be_seen_yet_is_described() {
    // A third of a nanosecond shows after two more.
    let (mut clock, fresh) = (FuelClock::new(ratio(1, 3)), FuelClock::new(ratio(1, 3)));
    clock.elapse(1);
    assert_eq!(clock.now(), fresh.now());
    assert_ne!(clock.describe(), fresh.describe());

    // The only change point is at the first wait; another has fallen each time.
    let mut all = Different::default();
    for (id, kind) in [(3, EventKind::Readable), (4, EventKind::Readable), (3, EventKind::Writable)] {
        let mut scheduler = Pct::new(&1.into(), 2, 1);
        scheduler.select(Instant::ZERO, &mut [Event::new(0, id, kind)]).unwrap();
        all.scheduler(scheduler);
    }
}

fn bundle(preset: Preset) -> Policies {
    preset.policies(&Seed::from_u64(42))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reference: *the model* of value_stability.rs, which encodes what the README says of each policy.
#[test]
fn presets_are_described_as_the_model_says() {
    let mut expected: HashMap<_, _> =
        include_str!("reference/descriptions.txt").lines().filter_map(|line| line.split_once(' ')).collect();
    for &preset in Preset::ALL.iter().filter(|preset| preset.name() != "host") {
        let description = bundle(preset).describe().unwrap();
        assert_eq!(Some(&*hex(description.as_bytes())), expected.remove(preset.name()), "{preset}: {description}");
    }
    assert!(expected.is_empty(), "{expected:?}");
}

#[test]
fn every_seed_of_every_preset_has_a_description_of_its_own() {
    let mut all = Different::default();
    for &preset in Preset::ALL.iter().filter(|preset| preset.name() != "host") {
        for number in 0..20 {
            all.add(preset.policies(&Seed::from_u64(number)).describe().unwrap());
        }
    }
}

#[cfg(feature = "std")]
#[test]
fn a_policy_that_touches_the_host_is_named() {
    use deterministic_core::{Role, Undescribed};

    let clock = Undescribed::TouchesHost { policy: "HostClock" };
    let rng = Undescribed::TouchesHost { policy: "HostRng" };
    assert_eq!(HostClock::new().describe().as_ref(), Err(&clock));
    assert_eq!(HostRng.describe().as_ref(), Err(&rng));

    // Also inside of others.
    let host = HostClock::new;
    assert_eq!(Drift::new(host(), ratio(1, 2)).unwrap().describe().as_ref(), Err(&clock));
    assert_eq!(Scaled::new(HostClock::new(), ratio(1, 2)).unwrap().describe().as_ref(), Err(&clock));
    assert_eq!(Jitter::new(host(), 5, &1.into()).describe().as_ref(), Err(&clock));
    assert_eq!(Jumps::new(Jumps::new(host(), []), []).describe().as_ref(), Err(&clock));

    let error = bundle(Preset::Host).describe().unwrap_err();
    assert_eq!(error.roles(), [(Role::Clock, clock), (Role::SecureRandom, rng.clone()), (Role::InsecureRandom, rng)]);
    let text = error.to_string();
    assert!(text.contains("clock (HostClock asks the host"), "{text}");
}
