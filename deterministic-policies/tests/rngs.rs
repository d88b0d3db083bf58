//! What generators promise beyond the contract of their trait, which `contract.rs` tests.

use deterministic_core::{ByteStream, Policy, PolicyError, Rng, Seed};
use deterministic_policies::*;

fn bytes(rng: Box<dyn Rng>, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ByteStream::new(rng).fill(&mut bytes).unwrap();
    bytes
}

#[test]
fn seeds_and_streams_have_bytes_of_their_own() {
    let mut all = Vec::new();
    for &generator in Generator::ALL {
        for number in 0..20 {
            for stream in ["secure", "insecure", "scheduler", ""] {
                let make = || generator.rng(&Seed::from_u64(number), stream);
                assert_eq!(bytes(make(), 32), bytes(make(), 32));
                all.push(bytes(make(), 32));
            }
        }
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_generator_is_found_by_its_name_alone() {
    for &generator in Generator::ALL {
        assert_eq!(generator.to_string().parse(), Ok(generator));
    }
    for bad in ["", "ChaCha8", "chacha", " chacha8"] {
        let error = bad.parse::<Generator>().unwrap_err().to_string();
        assert_eq!(error, format!("`{bad}` is not a generator; choose one of: chacha8, chacha12, chacha20, pcg64mcg"));
    }
}

#[test]
fn pcg_uses_the_first_sixteen_bytes_of_its_key() {
    let key = |last| std::array::from_fn(|i| if i < 16 { i as u8 } else { last });
    assert_eq!(Pcg64Mcg::from_key(key(0)), Pcg64Mcg::from_key(key(255)));
}

#[test]
fn repeating_needs_something_to_repeat() {
    assert_eq!(Repeating::new([]), Err(ConfigError::NothingToRepeat));
    assert_eq!(bytes(Box::new(Repeating::new([7]).unwrap()), 3), [7, 7, 7]);
}

#[test]
fn a_counter_counts_and_comes_round() {
    assert_eq!(bytes(Box::new(Counter::new()), 17), [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
    let mut counter = Counter::starting_at(u64::MAX);
    assert_eq!([counter.draw_u64().unwrap(), counter.draw_u64().unwrap()], [u64::MAX, 0]);
}

#[test]
fn refusing_gives_nothing_at_all() {
    assert!(matches!(Refusing.fill(&mut [0; 8]), Err(PolicyError::RandomRefused)));
    assert!(matches!(Refusing.fill(&mut []), Err(PolicyError::RandomRefused)));
    assert!(matches!(Refusing.draw_u64(), Err(PolicyError::RandomRefused)));
}

#[cfg(feature = "std")]
#[test]
fn the_host_gives_other_bytes_each_time() {
    assert_ne!(bytes(Box::new(HostRng), 32), bytes(Box::new(HostRng), 32));
    assert!(matches!(HostRng.save(), Err(PolicyError::NoSnapshot { policy: "HostRng" })));
}
