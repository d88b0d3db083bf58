//! One call of any policy, so that a suite is written once for clocks, generators and schedulers.

use deterministic_core::{Clock, ClockId, Description, Instant, PolicyError, Rng, Scheduler, Undescribed};

/// Any policy: what one call, chosen by `number`, makes of it, as text; its state; its description.
pub(crate) trait Step {
    fn step(&mut self, number: u64) -> String;
    fn state(&self) -> Result<Vec<u8>, PolicyError>;
    fn description(&self) -> Result<Description, Undescribed>;
    fn set_state(&mut self, state: &[u8]) -> Result<(), PolicyError>;
}

macro_rules! step {
    ($policy:ident, |$this:ident, $number:ident| $body:expr) => {
        impl Step for dyn $policy {
            fn step(&mut self, $number: u64) -> String {
                let $this = self;
                format!("{:?}", $body)
            }
            fn state(&self) -> Result<Vec<u8>, PolicyError> {
                self.save()
            }
            fn description(&self) -> Result<Description, Undescribed> {
                self.describe()
            }
            fn set_state(&mut self, state: &[u8]) -> Result<(), PolicyError> {
                self.restore(state)
            }
        }
    };
}

step!(Clock, |clock, number| {
    let result = match number % 3 {
        0 => clock.read(ClockId::Monotonic),
        1 => {
            clock.elapse(number);
            Ok(clock.now())
        }
        _ => clock.advance_to(clock.now().saturating_add(number)).map(|()| clock.now()),
    };
    (result, clock.now())
});
step!(Rng, |rng, number| {
    let mut bytes = vec![0; number as usize % 10 * rng.word().get()];
    (rng.fill(&mut bytes).map(|()| bytes), rng.draw_u64())
});
step!(Scheduler, |scheduler, number| {
    let ids: Vec<u64> = (0..number % 12 + 1).map(|i| i * number % 7).collect();
    let mut ready = super::events(&ids);
    let selection = scheduler.select(Instant::ZERO, &mut ready).unwrap();
    (ready, selection, scheduler.yielded(Instant::ZERO))
});
