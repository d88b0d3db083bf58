//! WASI 0.1 has no threads: asking for one is an error, not a panic, and the program goes on.

fn main() {
    for attempt in 0..3 {
        match std::thread::Builder::new().name("helper".into()).spawn(|| 42) {
            Ok(helper) => panic!("a thread ran and gave {:?}", helper.join()),
            Err(error) => println!("attempt {}: {:?}", attempt, error.kind()),
        }
    }
    println!("parallelism: {:?}", std::thread::available_parallelism().map_err(|error| error.kind()));
}
