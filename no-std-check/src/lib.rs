//! The standard library brings a panic handler of its own, so that a crate which defines one compiles only if none of its
//! dependencies, however deep, links the standard library.
#![no_std]
#![forbid(unsafe_code)]

use deterministic_core as _;
use deterministic_policies as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
