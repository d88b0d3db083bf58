//! What wraps a policy passes on every method, those too that have a default.

use std::num::NonZeroUsize;

use deterministic_core::{
    Clock, ClockId, Described, Description, Event, EventKind, FuelObserver, Instant, Policy, PolicyError, Rng, Rules,
    Scheduler, Selection, Undescribed, YieldObserver,
};

/// Answers nothing as a default would, and remembers what it was told last.
#[derive(Clone, Debug)]
struct Odd(u64);

impl Policy for Odd {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Odd", 1).number("told", self.0))
    }
    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(vec![self.0 as u8])
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.0 = u64::from(state[0]) + 1;
        Ok(())
    }
}

impl Clock for Odd {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0)
    }
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.0 += 1000;
        Ok(Instant::from_nanos(7))
    }
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.0 = deadline.as_nanos() + 1;
        Ok(())
    }
    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.0 += 10 + clock as u64;
        Ok(Instant::from_nanos(3))
    }
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        Some(self)
    }
}

impl FuelObserver for Odd {
    fn elapse(&mut self, fuel: u64) {
        self.0 += fuel * 100;
    }
}

impl Rng for Odd {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.0 += 1;
        buf.fill(9);
        Ok(())
    }
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        self.0 += 10;
        Ok(8)
    }
    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::new(24).unwrap()
    }
}

impl Scheduler for Odd {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.0 += now.as_nanos();
        ready.reverse();
        Ok(Selection { deliver: 1, delay: 6 })
    }
    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        Some(self)
    }
}

impl YieldObserver for Odd {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.0 += now.as_nanos() * 100;
        Ok(5)
    }
}

/// The answers to all that can be asked of a clock.
fn clock(mut clock: impl Clock) -> String {
    let says = format!("{:?}", clock.describe());
    clock.advance_to(Instant::from_nanos(40)).unwrap();
    let caught_up = clock.catch_up().unwrap();
    let reading = clock.read(ClockId::Realtime).unwrap();
    clock.fuel_observer().expect("it observes fuel").elapse(2);
    let (now, saved) = (clock.now(), clock.save().unwrap());
    clock.restore(&[9]).unwrap();
    format!("{says} {caught_up} {reading} {now} {saved:?} {}", clock.now())
}

fn rng(mut rng: impl Rng) -> String {
    let says = format!("{:?} {:?}", rng.word(), rng.describe());
    let mut bytes = [0; 24];
    rng.fill(&mut bytes).unwrap();
    let number = rng.draw_u64().unwrap();
    let saved = rng.save().unwrap();
    rng.restore(&[9]).unwrap();
    format!("{says} {bytes:?} {number} {saved:?} {:?}", rng.save().unwrap())
}

fn scheduler(mut scheduler: impl Scheduler) -> String {
    let says = format!("{:?}", scheduler.describe());
    let mut ready = [0, 1].map(|i| Event::new(i, 7, EventKind::Readable));
    let selection = scheduler.select(Instant::from_nanos(1), &mut ready).unwrap();
    let observer = scheduler.yield_observer().expect("it observes yields");
    let passed = observer.yielded(Instant::from_nanos(1)).unwrap();
    let saved = scheduler.save().unwrap();
    scheduler.restore(&[9]).unwrap();
    format!("{says} {ready:?} {selection:?} {passed} {saved:?} {:?}", scheduler.save().unwrap())
}

#[test]
fn a_boxed_policy_answers_as_itself() {
    let odd = || Odd(4);
    assert_eq!(clock(Box::new(odd()) as Box<dyn Clock>), clock(odd()));
    assert_eq!(rng(Box::new(odd()) as Box<dyn Rng>), rng(odd()));
    assert_eq!(scheduler(Box::new(odd()) as Box<dyn Scheduler>), scheduler(odd()));
}

#[test]
fn a_described_policy_answers_as_itself() {
    let description = Odd(4).describe().unwrap();
    let described = || Described::new(Odd(4), description.clone());
    assert_eq!(clock(described()), clock(Odd(4)));
    assert_eq!(rng(described()), rng(Odd(4)));
    assert_eq!(scheduler(described()), scheduler(Odd(4)));
}

#[test]
fn a_clock_under_a_rule_answers_as_itself_where_it_is_not_refused() {
    let rules = Rules { refused_clocks: [ClockId::Monotonic].into(), ..Rules::default() };
    let (mut ruled, mut plain) = (rules.enforce(Box::new(Odd(4))), Odd(4));
    let description = ruled.describe().unwrap().to_string();
    assert_eq!(description, format!("RefusingClock v1 {{ refused: [1], inner: {} }}", plain.describe().unwrap()));
    for clock in [&mut ruled as &mut dyn Clock, &mut plain] {
        clock.advance_to(Instant::from_nanos(40)).unwrap();
        clock.catch_up().unwrap();
        clock.fuel_observer().expect("it observes fuel").elapse(2);
    }
    assert_eq!(ruled.read(ClockId::Realtime).unwrap(), plain.read(ClockId::Realtime).unwrap());
    assert!(matches!(ruled.read(ClockId::Monotonic), Err(PolicyError::ClockRefused { clock: ClockId::Monotonic })));
    assert_eq!(ruled.now(), plain.now());

    // What was saved under another rule is not taken.
    let state = ruled.save().unwrap();
    assert_eq!(state[1..], plain.save().unwrap());
    plain.restore(&state[1..]).unwrap();
    assert!(matches!(ruled.restore(&state[1..]), Err(PolicyError::BadSnapshot { .. })));
    ruled.restore(&state).unwrap();
    assert_eq!(ruled.now(), plain.now());
}

/// The lines of `source` from `begin` to the end of the item.
fn item<'a>(source: &'a str, begin: &str) -> &'a str {
    let (_, body) = source.split_once(begin).unwrap_or_else(|| panic!("no `{begin}`"));
    body.split("\n}").next().unwrap()
}

/// The names of the methods there.
fn methods(item: &str) -> Vec<&str> {
    item.lines().filter_map(|line| line.trim_start().strip_prefix("fn ")?.split('(').next()).collect()
}

/// What a decorator forgets to pass on does not compile, as long as these traits have no defaults.
#[test]
fn what_decides_an_answer_has_no_default() {
    for (source, name) in [
        (include_str!("../src/clock.rs"), "Clock: Policy"),
        (include_str!("../src/clock.rs"), "FuelObserver"),
        (include_str!("../src/rng.rs"), "Rng: Policy"),
        (include_str!("../src/scheduler.rs"), "Scheduler: Policy"),
        (include_str!("../src/scheduler.rs"), "YieldObserver"),
    ] {
        let body = item(source, &format!("pub trait {name} {{"));
        assert!((1..=5).contains(&methods(body).len()), "{name}");
        assert!(!body.contains('{'), "{name} has a method with a body");
    }
}

/// A method that [`Policy`] gets later cannot be missed above.
#[test]
fn every_method_that_has_a_default_is_passed_on() {
    let all = methods(item(include_str!("../src/policy.rs"), "pub trait Policy: Send {"));
    assert_eq!(all, ["describe", "save", "restore"]);
    assert_eq!(methods(item(include_str!("../src/boxed.rs"), "impl Policy for Box<dyn $policy> {")), all);
    assert_eq!(methods(item(include_str!("../src/described.rs"), "Policy for Described<P> {")), all);
    assert_eq!(methods(item(include_str!("../src/rules.rs"), "Policy for RefusingClock {")), all);
}
