//! Prints a `HashMap` and a `HashSet` in the order in which they are iterated, which the host's randomness decides.

use std::collections::{HashMap, HashSet};

fn main() {
    let mut map = HashMap::new();
    for number in 0..64_u32 {
        *map.entry(format!("key {}", number)).or_insert(0) += number * number;
    }
    for (key, value) in &map {
        println!("{} = {}", key, value);
    }
    let order: Vec<_> = (0..32).collect::<HashSet<u8>>().into_iter().collect();
    println!("{:?}", order);

    assert_eq!(map.len(), 64);
    assert_eq!(map.values().sum::<u32>(), (0..64).map(|n| n * n).sum());
    assert_eq!(order.iter().collect::<HashSet<_>>().len(), 32);
}
