//! Prints a line `name digest` for each thing that must be the same on every processor, and last one digest of all of them.

extern crate alloc; // as the code of `deterministic-policies` that is taken in says

mod draws;
mod floats;
mod guests;
mod p1;
mod policies;
mod report;
mod rewriting;
mod streams;
mod trees;

use report::Report;

fn main() -> std::io::Result<()> {
    let mut report = Report::new();
    streams::report(&mut report)?;
    policies::report(&mut report)?;
    trees::report(&mut report)?;
    rewriting::report(&mut report)?;
    p1::report(&mut report)?;
    floats::report(&mut report)?;
    guests::report(&mut report)?;
    report.finish()
}
