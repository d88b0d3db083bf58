//! A restored copy continues as the original, also one that was made of other parameters; `contract.rs` tests that bytes that
//! do not fit change nothing.

mod catalogue;

use deterministic_core::{Policy, PolicyError};
use deterministic_policies::testing::Steps;
use proptest::prelude::*;

/// The three policies of the core save themselves; all others need the feature.
#[cfg(not(feature = "serde"))]
#[test]
fn without_the_feature_nothing_is_saved() {
    fn check<T: Steps + ?Sized>(list: Vec<catalogue::Entry<T>>) {
        for (name, make) in list {
            let of_the_core = catalogue::OF_THE_CORE;
            let state = make(1).save();
            assert_eq!(state.is_ok(), of_the_core.contains(&name), "{name}");
            if let Err(error) = state {
                assert!(matches!(error, PolicyError::NoSnapshot { .. }), "{name}: {error}");
                assert!(matches!(
                    make(1).restore(&[0; 64]),
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

fn continues<T: Steps + ?Sized>(list: Vec<catalogue::Entry<T>>, before: &[u64], after: &[u64]) {
    for (name, make) in list {
        let mut original = make(1);
        before.iter().for_each(|&number| drop(original.step(number)));
        let state = match original.save() {
            Err(PolicyError::NoSnapshot { .. }) if !cfg!(feature = "serde") => continue,
            state => state.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        // A copy of the same kind that was made of other stuff and has a past of its own.
        let mut copy = make(2);
        after.iter().for_each(|&number| drop(copy.step(number)));
        copy.restore(&state).unwrap_or_else(|error| panic!("{name}: {error}"));
        for &number in after {
            assert_eq!(original.step(number), copy.step(number), "{name}");
        }
        assert_eq!(original.save().unwrap(), copy.save().unwrap(), "{name}");
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
