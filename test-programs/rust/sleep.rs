//! Sleeps for the nanoseconds in its first argument (5 ms if there is none) and prints what both clocks saw of it.

use std::time::{Duration, Instant, SystemTime};

fn main() {
    let nanos = std::env::args().nth(1).map_or(5_000_000, |arg| arg.parse().expect("nanoseconds"));
    let asked = Duration::from_nanos(nanos);

    let (wall, start) = (SystemTime::now(), Instant::now());
    std::thread::sleep(asked);
    let slept = start.elapsed();
    let wall_slept = wall.elapsed().expect("the wall clock went back");

    println!("asked {} slept {} wall {}", nanos, slept.as_nanos(), wall_slept.as_nanos());
    assert!(slept.as_nanos() == 0 || slept >= asked, "woke too early: {slept:?} of {asked:?}");
    // It was read before and after the other clock. A host's wall clock may be slewed meanwhile.
    assert!(slept.as_nanos() == 0 || wall_slept + Duration::from_millis(1) >= asked, "the wall clock stood still");
}
