//! Reads both clocks many times, around a sleep of 5 ms or of the nanoseconds in its first argument: the monotonic clock
//! never goes back, and the distance between the two stays the same. Prints every fiftieth reading.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a wall clock may differ by: a host slews it while we sleep. No policy of ours uses any of it.
const SLEW: i128 = 1_000_000;

/// The least and the most by which the wall clock may be ahead of the monotonic one, given that it was read between two
/// readings of that.
fn distance(origin: Instant) -> (i128, i128) {
    let before = origin.elapsed().as_nanos() as i128;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("before 1970").as_nanos() as i128;
    let after = origin.elapsed().as_nanos() as i128;
    assert!(before <= after, "the monotonic clock went back from {} to {}", before, after);
    (wall - after, wall - before)
}

fn main() {
    let nanos = std::env::args().nth(1).map_or(5_000_000, |arg| arg.parse().expect("nanoseconds"));
    let origin = Instant::now();
    let (mut least, mut most) = distance(origin);
    let mut last = origin;
    for reading in 0..1000 {
        if reading == 500 {
            std::thread::sleep(Duration::from_nanos(nanos));
        }
        let now = Instant::now();
        assert!(now >= last, "the monotonic clock went back");
        last = now;

        let (lower, upper) = distance(origin);
        least = least.max(lower);
        most = most.min(upper);
        assert!(least <= most + SLEW, "the clocks moved apart at reading {}: {} > {}", reading, least, most);
        if reading % 50 == 0 {
            println!("{} {:?} {:?}", reading, now - origin, SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        }
    }
}
