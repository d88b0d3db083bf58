//! `wasi:http`, `wasi:config` and `wasi:keyvalue`, one binary.

mod guests;
mod held;
mod incoming;
mod message;
mod outgoing;
mod stores;
