//! The limit on call depth, from outside.
#![forbid(unsafe_code)]

mod after_trap;
mod bad_input;
mod components;
mod depth;
mod exceptions;
mod faithful;
mod generated;
mod host;
mod stack;
mod support;
mod tail_calls;
