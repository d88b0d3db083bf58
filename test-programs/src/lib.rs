#![doc = include_str!("../README.md")]

/// A program for a host of WASI 0.1 or `wasi_unstable`, which checks what the host tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its language and the name of its source file: `rust_sleep` is `rust/sleep.rs`.
    pub name: &'static str,
    /// The module, in the binary format; for the `wat_` guests in the text format. Wasmtime takes either.
    pub wasm: &'static [u8],
}

impl Guest {
    /// Whether the host, or the guest itself, must end it with a trap: its file's name starts with `trap_`.
    pub fn must_trap(&self) -> bool {
        self.name.split_once('_').is_some_and(|(_language, stem)| stem.starts_with("trap_"))
    }
}

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
