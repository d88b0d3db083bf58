//! What has nothing to do with NaNs stays as it was, and what cannot be rewritten is said to be.

use std::error::Error;

use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::support::*;

const MIXED: &str = r#"(module $mixed
    (memory (export "memory") 1)
    (func $add (export "add") (param $x f32) (param $y f32) (result f32) (local $kept i32)
        (f32.add (local.get $x) (local.get $y)))
    (func $whole (export "whole") (param $x i32) (result i32) (block $out (br_if $out (local.get $x))) (i32.const 1)))"#;

fn bodies(wasm: &[u8]) -> Vec<Vec<u8>> {
    let payloads = Parser::new(0).parse_all(wasm).map(|payload| payload.expect("valid"));
    payloads
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(wasm[body.range()].to_vec()),
            _ => None,
        })
        .collect()
}

fn customs(wasm: &[u8]) -> Vec<(String, Vec<u8>)> {
    let payloads = Parser::new(0).parse_all(wasm).map(|payload| payload.expect("valid"));
    payloads
        .filter_map(|payload| match payload {
            Payload::CustomSection(section) => Some((section.name().to_owned(), section.data().to_vec())),
            _ => None,
        })
        .collect()
}

fn with_customs(wasm: &[u8], names: &[&str]) -> Vec<u8> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Some((id, range)) = payload.expect("valid").as_section() {
            module.section(&RawSection { id, data: &wasm[range] });
        }
    }
    for name in names {
        module.section(&CustomSection { name: (*name).into(), data: (&[0][..]).into() });
    }
    module.finish()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let wasm = binary(MIXED);
    assert_eq!(rewritten(&wasm), rewritten(&wasm));
}

#[test]
fn other_functions_and_all_names_stay() {
    let wasm = binary(MIXED);
    let canonical = rewritten(&wasm);
    let (before, after) = (bodies(&wasm), bodies(&canonical));
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1]);
    // But for those of labels.
    let [plain, canonical] = [&wasm, &canonical].map(|wasm| wasmprinter::print_bytes(wasm).expect("text"));
    for name in ["$mixed", "$add", "$whole", "$x", "$y", "$kept"] {
        assert!(plain.contains(name) && canonical.contains(name), "{name}");
    }
    assert!(plain.contains("$out") && !canonical.contains("$out"));
    let unreadable = with_customs(&bare(&wasm), &["name"]);
    assert_eq!(customs(&rewritten(&unreadable)), customs(&unreadable));
}

/// Without custom sections.
fn bare(wasm: &[u8]) -> Vec<u8> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Some((id, range)) = payload.expect("valid").as_section()
            && id != 0
        {
            module.section(&RawSection { id, data: &wasm[range] });
        }
    }
    module.finish()
}

#[test]
fn sections_about_code_offsets_are_dropped() {
    let keep = ["name", "producers", "target_features", "dylink.0", "mine"];
    let drop = [".debug_info", "sourceMappingURL", "metadata.code.branch_hint", "reloc.CODE", "linking"];
    let canonical = rewritten(&with_customs(&binary(MIXED), &[&keep[1..], &drop].concat()));
    let names: Vec<_> = customs(&canonical).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, keep);
}

#[test]
fn a_module_without_arithmetic_comes_back_as_it_was() {
    for text in [
        "(module)",
        "(module (func (param f64) (result f64) (f64.neg (local.get 0))))",
        "(module (func (param f32) (result f32) (f32.copysign (f32.abs (local.get 0)) (f32.const nan:0x200001))))",
        // Nobody sees what is compared and thrown away.
        "(module (func (param f32) (result i32) (f32.lt (f32.sqrt (local.get 0)) (f32.const 1))))",
    ] {
        let wasm = with_customs(&binary(text), &[".debug_info", "metadata.code.branch_hint"]);
        assert_eq!(rewritten(&wasm), wasm, "{text}");
    }
}

/// How often a number is compared with itself.
fn checks(text: &str) -> usize {
    let canonical = wasmprinter::print_bytes(rewritten(&binary(text))).expect("text");
    [".ne\n", "x2.eq\n", "x4.eq\n"].iter().map(|check| canonical.matches(check).count()).sum()
}

#[test]
fn only_what_is_seen_is_checked() {
    for (count, body) in [
        (1, "(result f64) (f64.add (f64.mul (local.get 0) (local.get 0)) (f64.sqrt (local.get 0)))"),
        (2, "(result f64) (local.set 0 (f64.mul (local.get 0) (local.get 0))) (f64.sqrt (local.get 0))"),
        (2, "(result f64) (f64.add (f64.neg (f64.mul (local.get 0) (local.get 0))) (local.get 0))"),
        (2, "(result f64) (f64.add (local.tee 0 (f64.mul (local.get 0) (local.get 0))) (local.get 0))"),
        (1, "(result f32) (f32.demote_f64 (f64.add (local.get 0) (local.get 0)))"),
        (1, "(drop (f64.add (local.get 0) (local.get 0)))"),
        (0, "(result i32) (i32.trunc_f64_s (f64.add (local.get 0) (local.get 0)))"),
        // Lanes of another shape are other numbers.
        (
            1,
            "(result v128) (f32x4.add (f32x4.mul (v128.const i64x2 1 2) (v128.const i64x2 1 2)) (v128.const i64x2 1 2))",
        ),
        (
            2,
            "(result v128) (f64x2.add (f32x4.mul (v128.const i64x2 1 2) (v128.const i64x2 1 2)) (v128.const i64x2 1 2))",
        ),
        // Out of a block the value is still on the stack, but not followed there.
        (2, "(result f64) (f64.add (block (result f64) (f64.mul (local.get 0) (local.get 0))) (local.get 0))"),
        // What waits below a block is taken behind it, though the block takes from nowhere.
        (1, "(result f64) (f64.mul (local.get 0) (local.get 0)) (block (unreachable) (f64.lt) (drop))"),
    ] {
        assert_eq!(checks(&format!("(module (func (param f64) {body}))")), count, "{body}");
    }
}

#[test]
fn what_is_not_valid() {
    let type_error = binary("(module (func (result f32) (f32.add)))");
    for wasm in [&b""[..], b"\0asm", b"hello, world", &type_error, &binary(MIXED)[..30]] {
        let error = canonicalize_nans(wasm).expect_err("not valid");
        assert!(matches!(error, NanError::Invalid(_)), "{error:?}");
        assert!(error.source().is_some());
    }
}

#[test]
fn a_function_with_too_many_locals() {
    let text = |locals: usize| {
        format!(
            "(module (func (local {}) (f32.store (i32.const 0) (f32.sqrt (f32.const 1)))) (memory 1))",
            "i64 ".repeat(locals)
        )
    };
    rewritten(&binary(&text(49_999)));
    let error = canonicalize_nans(&binary(&text(50_000))).expect_err("full");
    assert!(matches!(error, NanError::NoRoom(_)), "{error:?}");
    assert!(error.source().is_some());
}

/// Garbage in any place gives an error or a module, and no panic.
#[test]
fn damaged_modules() {
    let good = binary(MIXED);
    for place in 8..good.len() {
        for value in [0, 1, 2, 0x40, 0x7f, 0x80, 0xff, good[place].wrapping_add(1)] {
            let mut bad = good.clone();
            bad[place] = value;
            let _ = canonicalize_nans(&bad);
        }
    }
}
