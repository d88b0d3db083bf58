//! Exits with the code in its first argument, 0 if there is none. Wasmtime takes codes from 0 to 125.

fn main() {
    let code = std::env::args().nth(1).map_or(0, |arg| arg.parse().expect("an exit code"));
    println!("exits with {}", code);
    std::process::exit(code);
}
