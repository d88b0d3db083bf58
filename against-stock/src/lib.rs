#![doc = include_str!("../README.md")]

pub mod calls;
pub mod files;
pub mod probe;

use std::path::Path;
use std::sync::Arc;

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::Tree;

use crate::probe::{Called, Version};

/// A host of WASI 0.1 that is to answer as stock does.
pub trait Host {
    /// A guest on it.
    type Guest: Called;

    /// Makes ready what all guests share.
    fn new() -> Self;

    /// The guest of [`probe::text`], with one page of memory; its standard input is empty, its output goes nowhere, and descriptor 3 is
    /// `directory`, to be read and written.
    fn guest(&self, version: Version, policies: Policies, directory: Directory<'_>) -> Self::Guest;
}

/// What a guest finds at `/`.
#[derive(Clone, Debug)]
pub enum Directory<'a> {
    /// The host's own.
    Live(&'a Path),
    /// This.
    Hermetic(Arc<Tree>),
}

/// Numbers in the memory of a guest.
trait Numbers: Called {
    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(bytes(&self.contents(), at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(bytes(&self.contents(), at))
    }
}

impl<G: Called + ?Sized> Numbers for G {}

fn bytes<const N: usize>(memory: &[u8], at: usize) -> [u8; N] {
    memory[at..at + N].try_into().expect("a place in the memory")
}

/// The tests of a [`Host`], each a function of its own.
#[macro_export]
macro_rules! tests {
    ($host:ty) => {
        $crate::tests! { $host:
            calls clock_time_get, clock_res_get, random_get, poll_oneoff_on_garbage, poll_oneoff_on_lists;
            files live_directories, hermetic_directories;
        }
    };
    ($host:ty: $($module:ident $($name:ident),*;)*) => {$(
        mod $module {
            $(
                #[test]
                fn $name() {
                    $crate::$module::$name::<$host>();
                }
            )*
        }
    )*};
}
