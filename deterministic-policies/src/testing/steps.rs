//! One call of any policy, so that a suite is written once for clocks, generators and schedulers.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use deterministic_core::{Clock, ClockId, Event, EventKind, Instant, Policy, Rng, Scheduler};

/// A policy of any of the three kinds, for suites that treat all alike: implemented for `dyn Clock`, `dyn Rng` and `dyn
/// Scheduler`.
pub trait Steps: Policy {
    /// What one call, chosen by `number`, makes of the policy, as text.
    fn step(&mut self, number: u64) -> String;
}

macro_rules! steps {
    ($policy:ident, |$this:ident, $number:ident| $body:expr) => {
        impl Steps for dyn $policy {
            fn step(&mut self, $number: u64) -> String {
                let $this = self;
                format!("{:?}", $body)
            }
        }
    };
}

steps!(Clock, |clock, number| {
    let result = match number % 3 {
        0 => clock.read(ClockId::Monotonic),
        1 => {
            if let Some(observer) = clock.fuel_observer() {
                observer.elapse(number);
            }
            Ok(clock.now())
        }
        _ => clock.advance_to(clock.now().saturating_add(number)).map(|()| clock.now()),
    };
    (result, clock.now())
});
steps!(Rng, |rng, number| {
    let mut bytes = vec![0; number as usize % 10 * rng.word().get()];
    (rng.fill(&mut bytes).map(|()| bytes), rng.draw_u64())
});
steps!(Scheduler, |scheduler, number| {
    let ids: Vec<u64> = (0..number % 12 + 1).map(|i| i * number % 7).collect();
    let mut ready = events(&ids);
    let selection = scheduler.select(Instant::ZERO, &mut ready);
    let passed = scheduler.yield_observer().map(|observer| observer.yielded(Instant::ZERO));
    (ready, selection, passed)
});

/// The events of subscriptions with these ids, of kinds that follow from them.
pub(super) fn events(ids: &[u64]) -> Vec<Event> {
    let kind = |id: u64| match id % 3 {
        0 => EventKind::Timer { deadline: Instant::from_nanos(id) },
        1 => EventKind::Readable,
        _ => EventKind::Writable,
    };
    ids.iter().zip(0..).map(|(&id, i)| Event::new(i, id, kind(id))).collect()
}

/// Makes policies of one kind.
pub(super) type Make<'a, P> = &'a dyn Fn() -> Box<P>;
