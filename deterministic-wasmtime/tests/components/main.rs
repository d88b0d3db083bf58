//! WASI 0.2 and 0.3, one binary.

mod adapted;
mod bad_input;
mod captured;
mod coverage;
mod door;
mod echo;
mod files;
mod held;
mod host;
mod mixed;
mod neighbours;
mod sockets;
mod standstill;
mod tasks;
mod timers;
