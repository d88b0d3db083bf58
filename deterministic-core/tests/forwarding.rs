//! What wraps a policy passes on every method, those too that have a default.

use std::num::{NonZeroU64, NonZeroUsize};

use deterministic_core::{
    Clock, ClockId, Described, Description, Event, EventKind, Instant, PolicyError, Rng, Scheduler, Selection,
    Undescribed,
};

/// Answers nothing as a default would, and remembers what it was told last.
#[derive(Clone, Debug)]
struct Odd(u64);

impl Odd {
    fn description(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Odd", 1).number("told", self.0))
    }
    fn saved(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(vec![self.0 as u8])
    }
    fn restored(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.0 = u64::from(state[0]) + 1;
        Ok(())
    }
}

macro_rules! odd {
    () => {
        fn describe(&self) -> Result<Description, Undescribed> {
            self.description()
        }
        fn save(&self) -> Result<Vec<u8>, PolicyError> {
            self.saved()
        }
        fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
            self.restored(state)
        }
    };
}

impl Clock for Odd {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0)
    }
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.0 = deadline.as_nanos() + 1;
        Ok(())
    }
    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.0 += 10 + clock as u64;
        Ok(Instant::from_nanos(3))
    }
    fn refuses(&self, clock: ClockId) -> bool {
        clock == ClockId::Monotonic
    }
    fn resolution(&self) -> NonZeroU64 {
        NonZeroU64::new(77).unwrap()
    }
    fn observes_fuel(&self) -> bool {
        true
    }
    fn elapse(&mut self, fuel: u64) {
        self.0 += fuel * 100;
    }
    odd!();
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
    odd!();
}

impl Scheduler for Odd {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.0 += now.as_nanos();
        ready.reverse();
        Ok(Selection { deliver: 1, delay: 6 })
    }
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.0 += now.as_nanos() * 100;
        Ok(5)
    }
    fn observes_yields(&self) -> bool {
        false
    }
    fn timers_are_due(&self) -> bool {
        true
    }
    odd!();
}

/// The answers to all that can be asked of a clock.
fn clock(mut clock: impl Clock) -> String {
    let refuses = [ClockId::Monotonic, ClockId::Realtime].map(|id| clock.refuses(id));
    let says = format!("{refuses:?} {:?} {} {:?}", clock.resolution(), clock.observes_fuel(), clock.describe());
    clock.advance_to(Instant::from_nanos(40)).unwrap();
    let reading = clock.read(ClockId::Realtime).unwrap();
    clock.elapse(2);
    let (now, saved) = (clock.now(), clock.save().unwrap());
    clock.restore(&[9]).unwrap();
    format!("{says} {reading} {now} {saved:?} {}", clock.now())
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
    let says = format!("{} {} {:?}", scheduler.observes_yields(), scheduler.timers_are_due(), scheduler.describe());
    let mut ready = [0, 1].map(|i| Event::new(i, 7, EventKind::Readable));
    let selection = scheduler.select(Instant::from_nanos(1), &mut ready).unwrap();
    let passed = scheduler.yielded(Instant::from_nanos(1)).unwrap();
    let saved = scheduler.save().unwrap();
    scheduler.restore(&[9]).unwrap();
    format!("{says} {ready:?} {selection:?} {passed} {saved:?} {:?}", scheduler.save().unwrap())
}

#[test]
fn a_boxed_policy_answers_as_itself() {
    let odd = || Odd(4);
    assert_eq!(clock(Box::new(odd()) as Box<dyn Clock>), clock(odd()));
    assert_eq!(clock(Box::new(odd())), clock(odd()));
    assert_eq!(rng(Box::new(odd()) as Box<dyn Rng>), rng(odd()));
    assert_eq!(scheduler(Box::new(odd()) as Box<dyn Scheduler>), scheduler(odd()));
    assert_eq!(scheduler(Box::new(odd())), scheduler(odd()));
}

#[test]
fn a_described_policy_answers_as_itself() {
    let description = Odd(4).description().unwrap();
    let described = || Described::new(Odd(4), description.clone());
    assert_eq!(clock(described()), clock(Odd(4)));
    assert_eq!(rng(described()), rng(Odd(4)));
    assert_eq!(scheduler(described()), scheduler(Odd(4)));
}

/// The names of the methods between `begin` and the next line that ends an item.
fn methods<'a>(source: &'a str, begin: &str) -> Vec<&'a str> {
    let (_, body) = source.split_once(begin).unwrap_or_else(|| panic!("no `{begin}`"));
    let body = body.split("\n}").next().unwrap();
    body.lines().filter_map(|line| line.strip_prefix("    fn ")?.split('(').next()).collect()
}

/// Those above cannot miss a method that a trait gets later.
#[test]
fn every_method_of_a_trait_is_passed_on() {
    let (boxed, described) = (include_str!("../src/boxed.rs"), include_str!("../src/described.rs"));
    for (source, name, in_a_box) in [
        (include_str!("../src/clock.rs"), "Clock", "for Box<C> {"),
        (include_str!("../src/rng.rs"), "Rng", "for Box<dyn Rng> {"),
        (include_str!("../src/scheduler.rs"), "Scheduler", "for Box<S> {"),
    ] {
        let all = methods(source, &format!("pub trait {name}: Send {{"));
        assert!(all.len() >= 6, "{name}: {all:?}");
        assert_eq!(methods(boxed, in_a_box), all);
        assert_eq!(methods(described, &format!("{name} for Described<P> {{")), all);
    }
}
