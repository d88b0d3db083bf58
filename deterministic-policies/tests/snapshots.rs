//! A restored copy continues as the original; bytes that do not fit change nothing.

mod catalogue;

use catalogue::step::Step;
use deterministic_core::{PolicyError, Rng};
use proptest::prelude::*;

/// The three policies of the core save themselves; all others need the feature.
#[cfg(not(feature = "serde"))]
#[test]
fn without_the_feature_nothing_is_saved() {
    fn check<T: Step + ?Sized>(list: Vec<catalogue::Entry<T>>) {
        for (name, make) in list {
            let of_the_core = ["VirtualClock", "stepping", "preset simulation", "preset strict", "ChaCha8", "InOrder"];
            let state = make(1).state();
            assert_eq!(state.is_ok(), of_the_core.contains(&name), "{name}");
            if let Err(error) = state {
                assert!(matches!(error, PolicyError::NoSnapshot { .. }), "{name}: {error}");
                assert!(matches!(
                    make(1).set_state(&[0; 64]),
                    Err(PolicyError::NoSnapshot { .. } | PolicyError::BadSnapshot { .. })
                ));
            }
        }
    }
    check(catalogue::clocks());
    check(catalogue::rngs());
    check(catalogue::schedulers());
    assert!(matches!(deterministic_policies::Refusing.save(), Err(PolicyError::NoSnapshot { policy: "Refusing" })));
}

fn continues<T: Step + ?Sized>(list: Vec<catalogue::Entry<T>>, before: &[u64], after: &[u64]) {
    for (name, make) in list {
        let mut original = make(1);
        before.iter().for_each(|&number| drop(original.step(number)));
        let state = match original.state() {
            Err(PolicyError::NoSnapshot { .. }) if !cfg!(feature = "serde") => continue,
            state => state.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        // A copy of the same kind that was made of other stuff and has a past of its own.
        let mut copy = make(2);
        after.iter().for_each(|&number| drop(copy.step(number)));
        copy.set_state(&state).unwrap_or_else(|error| panic!("{name}: {error}"));
        for &number in after {
            assert_eq!(original.step(number), copy.step(number), "{name}");
        }
        assert_eq!(original.state().unwrap(), copy.state().unwrap(), "{name}");
    }
}

/// Damages a state in every place; what is refused must have changed nothing, what is accepted must not panic.
fn refuses<T: Step + ?Sized>(list: Vec<catalogue::Entry<T>>, calls: &[u64], damage: u8) {
    for (name, make) in list {
        let Ok(state) = make(1).state() else { continue };
        let mut bad = vec![[&state[..], &[0]].concat()];
        bad.extend((0..state.len()).map(|len| state[..len].to_vec()));
        for at in 0..state.len() {
            let mut changed = state.clone();
            changed[at] ^= damage;
            bad.push(changed);
        }
        for (i, bytes) in bad.iter().enumerate() {
            let (mut policy, mut untouched) = (make(1), make(1));
            match policy.set_state(bytes) {
                Ok(()) => {
                    assert!(i > state.len(), "{name} took {} bytes for its {}", bytes.len(), state.len());
                    calls.iter().for_each(|&number| drop(policy.step(number)));
                }
                Err(error) => {
                    assert!(matches!(error, PolicyError::BadSnapshot { .. }), "{name}: {error}");
                    calls.iter().for_each(|&n| assert_eq!(policy.step(n), untouched.step(n), "{name}"));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_restored_copy_continues_as_the_original(
        before in prop::collection::vec(0u64..5_000, 0..40), after in prop::collection::vec(0u64..5_000, 1..40),
    ) {
        continues(catalogue::clocks(), &before, &after);
        continues(catalogue::rngs(), &before, &after);
        continues(catalogue::schedulers(), &before, &after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn bytes_that_do_not_fit_change_nothing(calls in prop::collection::vec(0u64..5_000, 1..8), damage in 1u8..) {
        refuses(catalogue::clocks(), &calls, damage);
        refuses(catalogue::rngs(), &calls, damage);
        refuses(catalogue::schedulers(), &calls, damage);
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_state_of_another_policy_is_named() {
    use deterministic_policies::{Counter, DeterministicWasiCtxRng, Pcg64Mcg, Refusing};

    let pcg = Pcg64Mcg::from_key([1; 32]);
    let error = DeterministicWasiCtxRng::new().restore(&pcg.save().unwrap()).unwrap_err().to_string();
    assert!(error.contains("DeterministicWasiCtxRng: it was saved by `Pcg64Mcg`"), "{error}");
    assert!(Counter::new().restore(&Refusing.save().unwrap()).is_err());
    Refusing.restore(&Refusing.save().unwrap()).unwrap();
}

#[cfg(feature = "serde")]
#[test]
fn an_even_state_is_none_of_pcg() {
    use deterministic_policies::Pcg64Mcg;

    let mut rng = Pcg64Mcg::from_key([1; 32]);
    let mut state = rng.save().unwrap();
    // Behind the name and its length stands the state, lowest bits first.
    state[1 + "Pcg64Mcg".len()] ^= 1;
    let error = rng.restore(&state).unwrap_err();
    assert!(matches!(error, PolicyError::BadSnapshot { policy: "Pcg64Mcg", .. }), "{error}");
    assert_eq!(rng, Pcg64Mcg::from_key([1; 32]));
}
