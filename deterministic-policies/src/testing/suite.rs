//! What is promised of every policy, whatever it answers.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use deterministic_core::PolicyError;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Has;
use super::steps::{Make, Steps};

/// Runs `test` over generated values; `policy` is whose contract it is.
///
/// # Panics
///
/// Where the test fails, with the smallest value found.
pub(super) fn check<S: Strategy>(policy: &str, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    run(policy, Config::default(), strategy, test);
}

/// The same over few values, for a test that does much with each.
pub(super) fn check_few<S: Strategy>(policy: &str, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config::default();
    run(policy, Config { cases: config.cases.div_ceil(64), ..config }, strategy, test);
}

fn run<S: Strategy>(policy: &str, config: Config, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    // There is no source file of the caller's to write failures beside.
    let config = Config { failure_persistence: None, ..config };
    if let Err(error) = TestRunner::new(config).run(&strategy, test) {
        panic!("{policy} breaks its contract: {error}");
    }
}

/// All that is promised of every policy.
pub(super) fn every<P: Steps + ?Sized>(policy: &str, make: Make<'_, P>) -> Has {
    let has = Has { description: make().describe().is_ok(), snapshots: make().save().is_ok() };
    check(policy, (calls(0..40), calls(1..40)), |(before, after)| {
        alike(make, &after)?;
        described(make, &after)?;
        if has.snapshots { continues(make, &before, &after) } else { Ok(()) }
    });
    if has.snapshots {
        check_few(policy, (calls(1..8), 1u8..), |(calls, damage)| refuses(make, &calls, damage));
    }
    has
}

fn calls(count: core::ops::Range<usize>) -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0u64..5_000, count)
}

fn steps<P: Steps + ?Sized>(policy: &mut P, calls: &[u64]) -> Vec<String> {
    calls.iter().map(|&number| policy.step(number)).collect()
}

/// A policy that has had some calls.
fn after<P: Steps + ?Sized>(make: Make<'_, P>, calls: &[u64]) -> Box<P> {
    let mut policy = make();
    steps(&mut *policy, calls);
    policy
}

fn alike<P: Steps + ?Sized>(make: Make<'_, P>, calls: &[u64]) -> Result<(), TestCaseError> {
    let (mut policy, mut twin) = (make(), make());
    for &number in calls {
        prop_assert_eq!(policy.describe(), twin.describe(), "two made alike describe themselves otherwise");
        prop_assert_eq!(policy.step(number), twin.step(number), "two made alike answer otherwise at {}", number);
    }
    Ok(())
}

/// Equal descriptions mean equal answers from there on.
fn described<P: Steps + ?Sized>(make: Make<'_, P>, calls: &[u64]) -> Result<(), TestCaseError> {
    let mut said = BTreeMap::new();
    for count in [0, 1, calls.len() / 2, calls.len()] {
        let mut policy = after(make, &calls[..count.min(calls.len())]);
        let Ok(description) = policy.describe() else { continue };
        prop_assert!(!description.as_bytes().is_empty());
        let answers = steps(&mut *policy, calls);
        let first = said.entry(description.as_bytes().to_vec()).or_insert_with(|| answers.clone());
        prop_assert_eq!(first, &answers, "two that are both described as {} answer otherwise", description);
    }
    Ok(())
}

fn continues<P: Steps + ?Sized>(make: Make<'_, P>, before: &[u64], calls: &[u64]) -> Result<(), TestCaseError> {
    let mut original = after(make, before);
    let state = saved(&*original)?;
    // A copy that has a past of its own.
    let mut copy = after(make, calls);
    if let Err(error) = copy.restore(&state) {
        return Err(TestCaseError::fail(format!("it does not take back what it saved: {error}")));
    }
    if let (Ok(a), Ok(b)) = (original.describe(), copy.describe()) {
        prop_assert_eq!(a, b, "a restored copy describes itself otherwise");
    }
    for &number in calls {
        prop_assert_eq!(original.step(number), copy.step(number), "a restored copy answers otherwise at {}", number);
    }
    prop_assert_eq!(saved(&*original)?, saved(&*copy)?, "a restored copy saves another state in the end");
    Ok(())
}

fn saved<P: Steps + ?Sized>(policy: &P) -> Result<Vec<u8>, TestCaseError> {
    policy.save().map_err(|error| TestCaseError::fail(format!("it saved its state before, and now: {error}")))
}

/// Damages a state in every place; what is refused must have changed nothing, what is taken must not panic.
fn refuses<P: Steps + ?Sized>(make: Make<'_, P>, calls: &[u64], damage: u8) -> Result<(), TestCaseError> {
    let state = saved(&*make())?;
    let other_lengths = (0..state.len()).map(|len| state[..len].to_vec()).chain([[&state[..], &[0]].concat()]);
    for bytes in other_lengths {
        prop_assert!(refused(make, calls, &bytes)?, "it takes {} bytes for its {}", bytes.len(), state.len());
    }
    for at in 0..state.len() {
        let mut bytes = state.clone();
        bytes[at] ^= damage;
        refused(make, calls, &bytes)?;
    }
    Ok(())
}

/// Whether this is no state, of which the policy is then what it was.
fn refused<P: Steps + ?Sized>(make: Make<'_, P>, calls: &[u64], bytes: &[u8]) -> Result<bool, TestCaseError> {
    let mut policy = make();
    match policy.restore(bytes) {
        Ok(()) => {
            steps(&mut *policy, calls);
            Ok(false)
        }
        Err(error) => {
            prop_assert!(matches!(error, PolicyError::BadSnapshot { .. }), "a bad state is called {:?}", error);
            let untouched = steps(&mut *make(), calls);
            prop_assert_eq!(steps(&mut *policy, calls), untouched, "a state that it refused has changed it");
            Ok(true)
        }
    }
}
