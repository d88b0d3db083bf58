//! The frames of a guest that was ended, as lines.
//!
//! Wasmtime writes them too, but with names as the guest made them: of any length, with any characters, and demangled
//! whatever comes of it, which can be gigabytes.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol};
use deterministic_wasmtime::shown;
use wasmtime::{FrameInfo, WasmBacktrace};

use crate::bounded::Bounded;

/// How many frames are shown, which is as many as Wasmtime keeps unless it is told otherwise.
const MOST: usize = 20;
/// How many bytes of a name are shown, before what nobody sees in it is written out.
const NAME: usize = 256;
/// Longer names stay as the compiler made them.
const MANGLED: usize = 1024;
/// Names of C++ that refer to parts of themselves more often than this stay as the compiler made them: each reference
/// may double what is to be done.
const REFERENCES: usize = 32;

/// The frames as Wasmtime writes them, if there are any.
pub(crate) fn frames(trace: &WasmBacktrace) -> Option<String> {
    let frames = trace.frames();
    let mut text = String::from(HEAD);
    for (number, frame) in frames.iter().take(MOST).enumerate() {
        // To a string; that cannot fail.
        let _ = line(&mut text, number, frame);
    }
    (!frames.is_empty()).then_some(text)
}

/// What Wasmtime begins frames with.
pub(crate) const HEAD: &str = "error while executing at wasm backtrace:";

fn line(text: &mut String, number: usize, frame: &FrameInfo) -> fmt::Result {
    write!(text, "\n  {number:>3}: ")?;
    if let Some(offset) = frame.module_offset() {
        write!(text, "{offset:#8x} - ")?;
    }
    write!(text, "{}!", shown(frame.module().name().unwrap_or("<unknown>")))?;
    match frame.func_name() {
        Some(name) => write!(text, "{}", shown(&demangled(name)).most(NAME + 1)),
        None => write!(text, "<wasm function {}>", frame.func_index()),
    }
}

/// A function's name as its source has it, if that can be known without much ado.
pub(crate) fn demangled(name: &str) -> String {
    let mut text = Bounded::new(NAME);
    let known = if name.len() > MANGLED {
        false
    } else if let Ok(symbol) = rustc_demangle::try_demangle(name) {
        write!(text, "{symbol}").is_ok()
    } else if references(name) > REFERENCES {
        false
    } else {
        Symbol::new(name).is_ok_and(|symbol| symbol.structured_demangle(&mut text, &DemangleOptions::new()).is_ok())
    };
    if known || text.is_cut() {
        return text.finish();
    }
    let mut text = Bounded::new(NAME);
    let _ = text.write_str(name);
    text.finish()
}

/// How often a mangled name may refer to a part of itself: `S_`, `T0_` and the like.
fn references(name: &str) -> usize {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let is_reference = |at: usize| {
        let rest = &name.as_bytes()[at..];
        let digits = rest.iter().skip(1).take_while(|byte| is_digit(byte)).count();
        matches!(rest[0], b'S' | b'T') && rest.get(1 + digits) == Some(&b'_')
    };
    (0..name.len()).filter(|at| is_reference(*at)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_in_their_source() {
        for (name, expected) in [
            ("main", "main"),
            ("_ZN3foo3barEv", "foo::bar()"),
            ("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write::h0123456789abcdef"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_Z", "_Z"),
        ] {
            assert_eq!(demangled(name), expected);
        }
        assert_eq!(references("_ZN1AS_T0_SZ_EStSaS"), 3);
    }

    #[test]
    fn names_that_would_grow_are_cut() {
        // Each type has the one before twice.
        let mut name = String::from("_Z1f1AI1BS0_E");
        for digit in "123456789".chars() {
            name += &format!("S_IS{digit}_S{digit}_E");
        }
        assert!(references(&name) <= REFERENCES);
        assert!(demangled(&name).starts_with("f(A<B, B>, A<A<B, B>, A<B, B> >, "), "{}", demangled(&name));
        for name in [name.as_str(), &format!("_Z1f{}", "PFvvE".repeat(10_000)), &"n\u{e4}".repeat(100_000)] {
            let shown = demangled(name);
            assert!(shown.len() <= NAME + '…'.len_utf8(), "{shown}");
        }
    }

    #[test]
    fn parts_without_text_cannot_multiply() {
        // Packs of what the pack before is twice, the first one empty: nothing is written, 2^n times.
        let mut name = String::from("_Z1fIJE");
        for depth in 0..200 {
            let reference = if depth == 0 { "T_".into() } else { format!("T{}_", base36(depth - 1)) };
            name += &format!("J{reference}{reference}E");
        }
        name += "EvT_";
        let cut: String = name.chars().take(MANGLED - 8).collect();
        for name in [name.clone(), cut, format!("{}EvT_", &name[..120])] {
            demangled(&name);
        }
    }

    fn base36(mut number: u32) -> String {
        let mut digits = Vec::new();
        loop {
            digits.push(char::from_digit(number % 36, 36).unwrap_or('0').to_ascii_uppercase());
            number /= 36;
            if number == 0 {
                return digits.iter().rev().collect();
            }
        }
    }
}
