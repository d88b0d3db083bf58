//! Draws random numbers, sorts them by QuickSort with random pivots, and prints them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A number that follows from the host's randomness and from how many were drawn before.
fn random(keys: &RandomState, drawn: &mut u64) -> u64 {
    let mut hasher = keys.build_hasher();
    hasher.write_u64(*drawn);
    *drawn += 1;
    hasher.finish()
}

fn sort(numbers: &mut [u64], keys: &RandomState, drawn: &mut u64) {
    if numbers.len() < 2 {
        return;
    }
    let last = numbers.len() - 1;
    numbers.swap(random(keys, drawn) as usize % numbers.len(), last);
    let mut split = 0;
    for index in 0..last {
        if numbers[index] < numbers[last] {
            numbers.swap(index, split);
            split += 1;
        }
    }
    numbers.swap(split, last);
    let (less, rest) = numbers.split_at_mut(split);
    sort(less, keys, drawn);
    sort(&mut rest[1..], keys, drawn);
}

fn main() {
    let (keys, mut drawn) = (RandomState::new(), 0);
    let mut numbers: Vec<u64> = (0..100).map(|_| random(&keys, &mut drawn)).collect();
    let sum = numbers.iter().fold(0_u64, |sum, &n| sum.wrapping_add(n));

    sort(&mut numbers, &keys, &mut drawn);
    for number in &numbers {
        println!("{}", number);
    }
    println!("{} random numbers drawn", drawn);
    assert!(numbers.windows(2).all(|pair| pair[0] <= pair[1]), "not sorted");
    assert_eq!(numbers.iter().fold(0_u64, |sum, &n| sum.wrapping_add(n)), sum, "not the same numbers");
}
