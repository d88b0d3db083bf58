//! Generators, one in each file.

mod chacha;
mod counter;
mod deterministic_wasi_ctx;
mod generator;
#[cfg(feature = "std")]
mod host;
mod pcg;
mod refusing;
mod repeating;

pub use chacha::{ChaCha12, ChaCha20};
pub use counter::Counter;
pub use deterministic_core::ChaCha8;
pub use deterministic_wasi_ctx::DeterministicWasiCtxRng;
pub use generator::Generator;
#[cfg(feature = "std")]
pub use host::HostRng;
pub use pcg::Pcg64Mcg;
pub use refusing::Refusing;
pub use repeating::Repeating;

/// What most generators make at once: eight bytes.
const WORD: core::num::NonZeroUsize = core::num::NonZeroUsize::new(8).expect("8 is not 0");
