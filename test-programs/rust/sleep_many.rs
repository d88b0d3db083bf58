//! Sleeps many times: arguments are how often (20 if there is none) and for how many nanoseconds each (100 µs). Prints
//! the time that passed in all, which is that of the sleeps or more, or 0 if time stands still.

use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>().expect("a number"));
    let count = args.next().unwrap_or(20);
    let each = Duration::from_nanos(args.next().unwrap_or(100_000));

    let start = Instant::now();
    let mut last = start;
    for _ in 0..count {
        std::thread::sleep(each);
        let now = Instant::now();
        assert!(now == last || now - last >= each, "woke after {:?} of {:?}", now - last, each);
        last = now;
    }
    let total = start.elapsed().as_nanos();
    println!("{} sleeps of {} ns: {} ns", count, each.as_nanos(), total);
    assert!(total == 0 || total >= each.as_nanos() * u128::from(count));
}
