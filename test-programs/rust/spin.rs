//! Waits for 1 ms of its own time by reading the clock, but no more often than 10 000 000 times (or than its first
//! argument says): where time stands still it gives up and says so.

use std::time::{Duration, Instant};

fn main() {
    let limit = std::env::args().nth(1).map_or(10_000_000, |arg| arg.parse().expect("a number"));
    let start = Instant::now();
    for reading in 1..=limit {
        if start.elapsed() >= Duration::from_millis(1) {
            println!("1 ms after {} readings", reading);
            return;
        }
    }
    println!("gave up after {} readings, at {:?}", limit, start.elapsed());
}
