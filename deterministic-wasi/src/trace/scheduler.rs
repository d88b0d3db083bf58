//! A scheduler on a tape.

use deterministic_core::{
    Event, InOrder, Instant, Policy, PolicyError, Scheduler, Selection, Undescribed, YieldObserver,
};

use super::call::Source;
use super::error::{TraceError, policy_error, written};
use super::wire::{Cursor, put};

const IN_ORDER: u8 = 0;
const SILENT: u8 = 1;
const OBSERVES_YIELDS: u8 = 2;

/// The scheduler, of which nothing is recorded if it is the usual one.
pub(super) fn taped(source: Source, mut inner: Option<Box<dyn Scheduler>>) -> Result<Box<dyn Scheduler>, TraceError> {
    let said = source.bytes(b"", || {
        let Some(inner) = &mut inner else { return Err("no scheduler") };
        let in_order = is_in_order(inner.describe(), InOrder.describe());
        Ok(vec![match inner.yield_observer() {
            None if in_order => IN_ORDER,
            None => SILENT,
            Some(_) => OBSERVES_YIELDS,
        }])
    })??;
    match *said {
        [IN_ORDER] => Ok(Box::new(InOrder)),
        [kind @ (SILENT | OBSERVES_YIELDS)] => {
            Ok(Box::new(TapedScheduler { source, inner, observes_yields: kind == OBSERVES_YIELDS }))
        }
        _ => Err(source.misunderstood("what it is")),
    }
}

fn is_in_order(
    described: Result<deterministic_core::Description, Undescribed>,
    in_order: Result<deterministic_core::Description, Undescribed>,
) -> bool {
    matches!((described, in_order), (Ok(described), Ok(in_order)) if described.as_bytes() == in_order.as_bytes())
}

struct TapedScheduler {
    source: Source,
    inner: Option<Box<dyn Scheduler>>,
    observes_yields: bool,
}

impl Scheduler for TapedScheduler {
    /// The question is how many events there are; the answer how many of those are delivered, after how long, and which: their places.
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        let before: Vec<(u32, u64)> = ready.iter().map(|event| (event.subscription(), event.id())).collect();
        let mut question = b"select ".to_vec();
        put(&mut question, before.len() as u64);
        let inner = &mut self.inner;
        let mut ordered = false;
        let answer = self.source.bytes(&question, || {
            let Some(inner) = inner else { return Err(String::new()) };
            ordered = true;
            let selection = inner.select(now, ready).map_err(|error| written(&error))?;
            let delivered = selection.deliver.clamp(1, ready.len());
            let mut answer = Vec::new();
            put(&mut answer, delivered as u64);
            put(&mut answer, selection.delay);
            // Events of one subscription are one: it is listed once.
            let place = |event: &Event| before.iter().position(|of| *of == (event.subscription(), event.id()));
            ready[..delivered].iter().for_each(|event| put(&mut answer, place(event).unwrap_or_default() as u64));
            Ok(answer)
        })?;
        let answer = answer.map_err(|error| policy_error(&error.0))?;
        let misunderstood = || self.source.misunderstood("which events are delivered");
        let mut cursor = Cursor(&answer);
        let deliver = cursor.number().and_then(|deliver| usize::try_from(deliver).ok());
        let (Some(deliver), Some(delay)) = (deliver.filter(|deliver| *deliver <= ready.len()), cursor.number()) else {
            return Err(misunderstood().into());
        };
        if !ordered {
            for at in 0..deliver {
                let place = cursor.number().and_then(|place| before.get(usize::try_from(place).ok()?));
                let found = place.and_then(|of| {
                    let same = |event: &Event| (event.subscription(), event.id()) == *of;
                    ready[at..].iter().position(same)
                });
                // What is not delivered keeps its order among itself.
                ready[at..=at + found.ok_or_else(misunderstood)?].rotate_right(1);
            }
        }
        Ok(Selection { deliver, delay })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        if self.observes_yields { Some(self) } else { None }
    }
}

impl YieldObserver for TapedScheduler {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        let inner = &mut self.inner;
        let answer = self.source.bytes(b"yield", || {
            let observer = inner.as_mut().and_then(|inner| inner.yield_observer());
            let passed = observer.map_or(Ok(0), |observer| observer.yielded(now)).map_err(|error| written(&error))?;
            let mut answer = Vec::new();
            put(&mut answer, passed);
            Ok::<_, String>(answer)
        })?;
        let answer = answer.map_err(|error| policy_error(&error.0))?;
        let passed = Cursor(&answer).number();
        passed.ok_or_else(|| self.source.misunderstood("how long a yield takes").into())
    }
}

impl Policy for TapedScheduler {}
