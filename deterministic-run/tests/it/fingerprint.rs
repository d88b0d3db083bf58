//! Fingerprints: pinned, told apart by everything that makes a difference, and refused where the host has a part.

use std::collections::BTreeSet;

use bytes::Bytes;
use deterministic_run::core::{Clock, ClockId, FuelObserver, Instant, Policies, Policy, PolicyError, Seed};
use deterministic_run::fingerprint::{Fingerprint, Pieces, Taint};
use deterministic_run::fs::{Access, Tree};
use deterministic_run::http::{HttpError, Reply};
use deterministic_run::policies::Preset;
use deterministic_run::{Ended, Error, Inputs, Left, Outcome};
use deterministic_wasmtime::configure;
use http::Request;
use wasmtime::{Config, Engine};

const GUEST: &[u8] = b"\0asm\x01\0\0\0";

fn engine() -> Engine {
    Engine::new(configure(&mut Config::new())).unwrap()
}

fn tree() -> Tree {
    let mut tree = Tree::new();
    tree.insert_file("a", *b"contents").unwrap();
    tree
}

/// Of a run with something of everything, changed by `change`.
fn fingerprint(policies: &Policies, change: impl for<'a> FnOnce(Pieces<'a>) -> Pieces<'a>) -> Fingerprint {
    let (engine, tree) = (engine(), tree());
    let arguments = ["guest".to_owned(), "one".to_owned()];
    let environment = [("LANG".to_owned(), "C".to_owned())];
    let inputs = Pieces::new(GUEST, policies, &engine)
        .entry("run")
        .arguments(&arguments)
        .environment(&environment)
        .stdin(b"input")
        .hermetic("/data", &tree, Access::ReadOnly)
        .setting("fuel", 1_000)
        .portable();
    change(inputs).fingerprint().unwrap()
}

/// Values are API: these were computed once, and a change of one is a change for all that was kept by it.
#[test]
fn fingerprints_and_outcomes_are_pinned() {
    let policies = Preset::Simulation.policies(&Seed::from_u64(42));
    let run = fingerprint(&policies, |inputs| inputs);
    assert_eq!(run.to_string(), "8d6eeddee533b6f4dfd5a6d7b22eb903ea49a8a86b51a31465cc5faf2dc8fc9b");
    let mut after = tree();
    after.insert_file("b", *b"new").unwrap();
    let mut outcome = Outcome::new(Ended::Exit(3));
    outcome.stdout = b"out".to_vec().into();
    outcome.stderr = b"err".to_vec().into();
    outcome.results = Some(vec!["7".into()]);
    outcome.directories = vec![Left::new("/data", after).unwrap()];
    let exit = outcome.digest().unwrap();
    assert_eq!(exit.to_string(), "e829cf59b9d049dfa55f80d5e3eae36483816a3ee32a1604d8ba8db5003e1073");
    outcome.elapsed_ns = 1;
    assert_eq!(outcome.digest(), Some(exit), "what it took is not in it");
    let error = deterministic_wasmtime::core::PolicyError::RandomRefused;
    outcome.ended = Ended::of(Err(error.into()));
    let trap = outcome.digest().unwrap();
    assert_eq!(
        trap.to_string(),
        "55d80b2e6156c329c1f91ffbdca4c23ea202a8a9a2cbb26862d3abe2943caa1d",
        "as when it had the name of another crate's error"
    );
    if let Ended::Trap(trap) = &mut outcome.ended {
        trap.message = "for people".into();
        trap.frames = Some("for people".into());
    }
    assert_eq!(outcome.digest(), Some(trap));
}

#[test]
fn everything_that_makes_a_difference_makes_one() {
    let policies = |seed| Preset::Simulation.policies(&Seed::from_u64(seed));
    let (first, engine) = (policies(1), engine());
    let other: &[String] = &["guest".to_owned(), "one".to_owned(), String::new()];
    let split: &[String] = &["guesto".to_owned(), "ne".to_owned()];
    let variables: &[(String, String)] = &[("LANG".to_owned(), "DE".to_owned())];
    let mut bigger = tree();
    bigger.insert_directory("empty").unwrap();
    let prints = [
        fingerprint(&first, |inputs| inputs),
        fingerprint(&policies(2), |inputs| inputs),
        fingerprint(&Preset::Chaos.policies(&Seed::from_u64(1)), |inputs| inputs),
        fingerprint(&first, |inputs| inputs.entry("other")),
        fingerprint(&first, |inputs| inputs.stdin(b"")),
        fingerprint(&first, |inputs| inputs.setting("fuel", 1_001)),
        fingerprint(&first, |inputs| inputs.setting("memory", 0)),
        Pieces::new(GUEST, &first, &engine).fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).portable().fingerprint().unwrap(),
        Pieces::new(b"\0asm\x0d\0\x01\0", &first, &engine).portable().fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).arguments(other).portable().fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).arguments(split).portable().fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).environment(variables).portable().fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).hermetic("/", &bigger, Access::ReadOnly).fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).hermetic("/", &bigger, Access::ReadWrite).fingerprint().unwrap(),
        Pieces::new(GUEST, &first, &engine).hermetic("/x", &bigger, Access::ReadWrite).fingerprint().unwrap(),
    ];
    assert_eq!(prints.iter().collect::<BTreeSet<_>>().len(), prints.len());
    assert_eq!(fingerprint(&policies(1), |inputs| inputs), prints[0], "the same again");
    // Another setting of the engine is another run, but not for those who compare machines.
    let mut config = Config::new();
    let fueled = Engine::new(configure(&mut config).consume_fuel(true)).unwrap();
    assert_ne!(Pieces::new(GUEST, &first, &fueled).fingerprint().unwrap(), prints[7]);
    assert_eq!(Pieces::new(GUEST, &first, &fueled).portable().fingerprint().unwrap(), prints[8]);
}

#[test]
fn a_run_that_the_host_has_a_part_in_has_none_and_says_why() {
    struct Own;
    impl Clock for Own {
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
            None
        }
    }
    impl Policy for Own {}
    let engine = engine();
    let host = Preset::Host.policies(&Seed::default());
    let error = Pieces::new(GUEST, &host, &engine).live("/home").fingerprint().unwrap_err();
    let text = error.to_string();
    assert!(error.reasons.len() >= 3, "{text}");
    for named in ["clock", "secure_random", "`/home` is live"] {
        assert!(text.contains(named), "{text}");
    }
    let own = Policies { clock: Box::new(Own), ..Policies::default() };
    let text = Pieces::new(GUEST, &own, &engine).fingerprint().unwrap_err().to_string();
    assert!(text.contains("clock") && text.contains("Own") && !text.contains("random"), "{text}");
}

#[test]
fn a_run_that_is_answered_from_outside_has_none() {
    let inputs = Inputs::new("(component)").unwrap();
    let refuse = || |_: Request<Bytes>| Reply::from(HttpError::ConnectionRefused);
    assert!(inputs.clone().responder("nobody", refuse).fingerprint().is_ok());
    let tainted = |inputs: Inputs| match inputs.portable_fingerprint() {
        Err(Error::Tainted(tainted)) => tainted.reasons,
        other => panic!("{other:?}"),
    };
    assert!(matches!(tainted(inputs.clone().live_responder("somebody", refuse))[..], [Taint::LiveResponder]));
    #[cfg(feature = "http-client")]
    assert!(matches!(tainted(inputs.clone().allow_http(["a.b".parse().unwrap()]))[..], [Taint::LiveResponder]));
    // Beside all else.
    let inputs = inputs.live_responder("somebody", refuse).preset(Preset::Host, Seed::default());
    assert!(tainted(inputs).len() > 1);
}
