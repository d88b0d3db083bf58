//! Panics, which ends in a trap (`unreachable`); what it printed before is there.

fn main() {
    println!("about to panic");
    let none = std::env::args().nth(1000);
    none.expect("a thousand arguments");
}
