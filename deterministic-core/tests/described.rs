//! The policies of the core, and bundles of them, say what they are.

use std::num::NonZeroU64;

use deterministic_core::rand_core::SeedableRng;
use deterministic_core::{
    ChaCha8, Clock, ClockId, Described, Description, Event, EventKind, FuelObserver, InOrder, Instant, Policies,
    Policy, PolicyError, Rng, Role, Rules, Scheduler, Seed, Selection, Undescribed, VirtualClock, WallTime,
    YieldObserver,
};
use rand_pcg::Pcg64Mcg;

#[test]
fn the_policies_of_the_core_describe_what_they_are_and_where_they_stand() {
    let mut clock = VirtualClock::with_tick(5);
    assert_eq!(clock.describe().unwrap().to_string(), "VirtualClock v1 { now: 1, tick: 5 }");
    clock.read(ClockId::Monotonic).unwrap();
    assert_eq!(clock.describe(), VirtualClock::starting_at(Instant::from_nanos(6), 5).describe());

    let mut rng = ChaCha8::from_key([0xcd; 32]);
    let key = "cd".repeat(32);
    assert_eq!(rng.describe().unwrap().to_string(), format!("ChaCha8 v1 {{ key: 0x{key}, position: 0 }}"));
    rng.draw_u64().unwrap();
    assert_eq!(rng.describe().unwrap().to_string(), format!("ChaCha8 v1 {{ key: 0x{key}, position: 2 }}"));
    let mut copy = ChaCha8::from_key([0; 32]);
    copy.restore(&rng.save().unwrap()).unwrap();
    assert_eq!(copy.describe(), rng.describe());

    assert_eq!(InOrder.describe().unwrap().to_string(), "InOrder v1");
}

#[test]
fn a_bundle_is_described_with_all_that_it_holds() {
    let seed = Seed::from_u64(7);
    let describe = |policies: Policies| policies.describe().unwrap();
    let ruled = |rules| Policies { rules, ..Policies::new(seed) };
    let all = [
        describe(Policies::new(seed)),
        describe(Policies::default()),
        describe(Policies { epoch: WallTime::UNIX_EPOCH, ..Policies::new(seed) }),
        describe(Policies { insecure_seed: (1 << 127).into(), ..Policies::new(seed) }),
        describe(Policies { clock: Box::new(VirtualClock::with_tick(1)), ..Policies::new(seed) }),
        describe(Policies { secure_random: Box::new(ChaCha8::new(&seed, "insecure")), ..Policies::new(seed) }),
        describe(Policies { insecure_random: Box::new(ChaCha8::new(&seed, "secure")), ..Policies::new(seed) }),
        describe(ruled(Rules { resolution: NonZeroU64::new(2).unwrap(), ..Rules::default() })),
        describe(ruled(Rules { refused_clocks: [ClockId::Realtime].into(), ..Rules::default() })),
        describe(ruled(Rules { refused_clocks: [ClockId::Monotonic].into(), ..Rules::default() })),
        describe(ruled(Rules { refused_clocks: ClockId::ALL.into(), ..Rules::default() })),
        describe(ruled(Rules { timers_are_due: true, ..Rules::default() })),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b), "{a}");
    }
    assert_eq!(all[0], describe(Policies::new(seed)));
    assert_eq!(all[0], describe(ruled(Rules::default())));
    let text = all[1].to_string();
    assert!(text.starts_with("Policies v1 { epoch: 1735689600000000000, insecure_seed: "), "{text}");
    assert!(text.contains(", clock: VirtualClock v1 { now: 1, tick: 0 }, secure_random: ChaCha8 v1 { key: "), "{text}");
    assert!(text.ends_with(", scheduler: InOrder v1 }"), "{text}");
}

/// As what a guest was shown to have before there were rules: fingerprints outlive them.
#[test]
fn a_rule_is_described_as_what_it_makes_of_a_policy() {
    let described = |rules| Policies { rules, ..Policies::default() }.describe().unwrap().to_string();
    let text = described(Rules { resolution: NonZeroU64::new(20).unwrap(), ..Rules::default() });
    assert!(text.contains(", resolution: 20, clock: VirtualClock v1"), "{text}");
    let refused_clocks = [ClockId::Monotonic, ClockId::Realtime].into();
    let text = described(Rules { refused_clocks, ..Rules::default() });
    let clock = "clock: RefusingClock v1 { refused: [0, 1], inner: VirtualClock v1 { now: 1, tick: 0 } }";
    assert!(text.contains(clock), "{text}");
    let due = Rules { timers_are_due: true, ..Rules::default() };
    let text = described(due.clone());
    assert!(text.ends_with(", scheduler: AllAtOnce v1 }"), "{text}");
    let scheduler = Box::new(Described::new(InOrder, Description::new("mine", 1)));
    let text = Policies { rules: due, scheduler, ..Policies::default() }.describe().unwrap().to_string();
    assert!(text.ends_with(", scheduler: AllAtOnce v1 { inner: mine v1 } }"), "{text}");

    // The clock under the rule says the same.
    let rules = Rules { refused_clocks: ClockId::ALL.into(), ..Rules::default() };
    let clock = rules.enforce(Box::new(VirtualClock::new())).describe().unwrap().to_string();
    assert!(described(rules).contains(&format!("clock: {clock}, secure_random")), "{clock}");
}

/// Policies of an embedder that do not say what they are.
struct Mine;

impl Policy for Mine {}

impl Clock for Mine {
    fn now(&self) -> Instant {
        Instant::ZERO
    }
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }
    fn advance_to(&mut self, _: Instant) -> Result<(), PolicyError> {
        Ok(())
    }
    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        Some(self)
    }
}

impl FuelObserver for Mine {
    fn elapse(&mut self, _: u64) {}
}

impl Scheduler for Mine {
    fn select(&mut self, _: Instant, _: &mut [Event]) -> Result<Selection, PolicyError> {
        Ok(Selection { deliver: 1, delay: 0 })
    }
    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        Some(self)
    }
}

impl YieldObserver for Mine {
    fn yielded(&mut self, _: Instant) -> Result<u64, PolicyError> {
        Ok(0)
    }
}

#[test]
fn a_policy_that_does_not_describe_itself_is_named_with_its_role() {
    let policies = Policies {
        clock: Box::new(Mine),
        secure_random: Box::new(Pcg64Mcg::seed_from_u64(1)),
        scheduler: Box::new(Mine),
        ..Policies::default()
    };
    let error = policies.describe().unwrap_err();
    let roles: Vec<_> = error.roles().iter().map(|(role, _)| *role).collect();
    assert_eq!(roles, [Role::Clock, Role::SecureRandom, Role::Scheduler]);
    assert!(error.roles().iter().all(|(_, why)| matches!(why, Undescribed::Unknown { .. })));
    let text = error.to_string();
    assert!(text.contains("clock (described::Mine does not describe itself; implement its `describe`"), "{text}");
    assert!(text.contains("secure_random (rand_pcg::"), "{text}");
    assert!(!text.contains("insecure_random"), "{text}");
}

#[test]
fn a_described_policy_answers_as_the_one_inside() {
    let description = || Description::new("tests::Thing", 1);
    let used = |result: Result<Description, Undescribed>| matches!(result, Err(Undescribed::Used { .. }));

    let (mut clock, mut plain) =
        (Described::new(VirtualClock::with_tick(3), description()), VirtualClock::with_tick(3));
    assert_eq!(clock.now(), plain.now());
    assert!(clock.fuel_observer().is_none());
    assert_eq!(clock.save().unwrap(), plain.save().unwrap());
    assert_eq!(clock.describe(), Ok(description()));
    assert_eq!(clock.read(ClockId::Realtime).unwrap(), plain.read(ClockId::Realtime).unwrap());
    assert!(used(clock.describe()));

    let (mut rng, mut plain) = (Described::new(Pcg64Mcg::seed_from_u64(3), description()), Pcg64Mcg::seed_from_u64(3));
    assert_eq!(rng.word(), Rng::word(&plain));
    assert_eq!(rng.describe(), Ok(description()));
    assert_eq!(rng.draw_u64().unwrap(), Rng::draw_u64(&mut plain).unwrap());
    assert!(used(rng.describe()));

    let mut scheduler = Described::new(InOrder, description());
    assert!(scheduler.yield_observer().is_none());
    assert_eq!(scheduler.describe(), Ok(description()));
    let mut ready = [0, 1].map(|i| Event::new(i, 9, EventKind::Readable));
    assert_eq!(scheduler.select(Instant::ZERO, &mut ready).unwrap(), Selection { deliver: 2, delay: 0 });
    assert!(used(scheduler.describe()));
}

#[test]
fn every_call_that_may_change_a_policy_ends_its_description() {
    let ends = |call: fn(&mut dyn Clock)| {
        let mut clock = Described::new(VirtualClock::new(), Description::new("tests::Clock", 1));
        call(&mut clock);
        clock.describe().is_err()
    };
    assert!(ends(|clock| drop(clock.read(ClockId::Monotonic))));
    assert!(ends(|clock| drop(clock.advance_to(Instant::ZERO))));
    assert!(ends(|clock| drop(clock.restore(&[0; 16]))));
    let mut clock = Described::new(Mine, Description::new("tests::Clock", 1));
    // To ask is not to tell.
    assert!(clock.fuel_observer().is_some());
    assert!(clock.describe().is_ok());
    clock.fuel_observer().unwrap().elapse(0);
    assert!(clock.describe().is_err());

    let ends = |call: fn(&mut dyn Rng)| {
        let mut rng = Described::new(ChaCha8::from_key([0; 32]), Description::new("tests::Rng", 1));
        call(&mut rng);
        rng.describe().is_err()
    };
    assert!(ends(|rng| drop(rng.fill(&mut []))));
    assert!(ends(|rng| drop(rng.draw_u64())));
    assert!(ends(|rng| drop(rng.restore(&[]))));

    let ends = |call: fn(&mut dyn Scheduler)| {
        let mut scheduler = Described::new(InOrder, Description::new("tests::Scheduler", 1));
        call(&mut scheduler);
        scheduler.describe().is_err()
    };
    assert!(ends(|scheduler| drop(scheduler.select(Instant::ZERO, &mut []))));
    assert!(ends(|scheduler| drop(scheduler.restore(&[]))));
    let mut scheduler = Described::new(Mine, Description::new("tests::Scheduler", 1));
    assert!(scheduler.yield_observer().is_some());
    assert!(scheduler.describe().is_ok());
    scheduler.yield_observer().unwrap().yielded(Instant::ZERO).unwrap();
    assert!(scheduler.describe().is_err());
}
