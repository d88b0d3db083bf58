//! Functions made of many operators, in which one takes what the other gives: what is seen of each is the same, whatever was left out
//! because nobody sees it.

use std::fmt::Write;

use arbitrary::{Result, Unstructured};
use proptest::{collection::vec, num::u8::ANY, prelude::*};

use crate::support::*;

/// Where results go; operands are before.
const RESULTS: usize = 128;

/// A number of one of `f32`, `f64`, `v128` and `i32`, as text.
fn value(u: &mut Unstructured<'_>, ty: &str, depth: u32) -> Result<String> {
    if depth == 0 || u.is_empty() {
        return leaf(u, ty);
    }
    let depth = depth - 1;
    // What can be of any type.
    let kind = u.int_in_range(0..=19)?;
    Ok(match kind {
        0 => format!("(local.tee ${ty} {})", value(u, ty, depth)?),
        1 => {
            let (yes, no, condition) = (value(u, ty, depth)?, value(u, ty, depth)?, value(u, "i32", depth)?);
            format!("(select (result {ty}) {yes} {no} {condition})")
        }
        2 => {
            let (condition, yes, no) = (value(u, "i32", depth)?, value(u, ty, depth)?, value(u, ty, depth)?);
            format!("(if (result {ty}) {condition} (then {yes}) (else {no}))")
        }
        3 => {
            let (out, condition, on) = (value(u, ty, depth)?, value(u, "i32", depth)?, value(u, ty, depth)?);
            format!("(block (result {ty}) (drop (br_if 0 {out} {condition})) {on})")
        }
        // Behind the jump, operands come from nowhere.
        4 => {
            let (out, dead) = (value(u, ty, depth)?, dead(ty));
            format!("(block (result {ty}) (br 0 {out}) {dead})")
        }
        5 => format!("(call $same_{ty} {})", value(u, ty, depth)?),
        _ => arithmetic(u, ty, depth)?,
    })
}

fn dead(ty: &str) -> &'static str {
    match ty {
        "f32" => "(f32.add)",
        "f64" => "(f64.sqrt)",
        "v128" => "(f32x4.mul)",
        _ => "(i32.reinterpret_f32 (f32.mul))",
    }
}

fn leaf(u: &mut Unstructured<'_>, ty: &str) -> Result<String> {
    let at = u.int_in_range(0..=(RESULTS / 16 - 1))? * 16;
    Ok(match u.int_in_range(0..=5)? {
        0 => format!("(local.get ${ty})"),
        _ => format!("({ty}.load (i32.const {at}))"),
    })
}

fn arithmetic(u: &mut Unstructured<'_>, ty: &str, depth: u32) -> Result<String> {
    let unary = ["ceil", "floor", "trunc", "nearest", "sqrt", "abs", "neg"];
    let binary = ["add", "sub", "mul", "div", "min", "max"];
    let same = ["eq", "ne", "lt", "gt", "le", "ge"];
    let shape = match ty {
        "v128" => *u.choose(&["f32x4", "f64x2"])?,
        "i32" => *u.choose(&["f32", "f64", "v128"])?,
        other => other,
    };
    if ty == "i32" {
        return Ok(match (shape, u.int_in_range(0..=2)?) {
            ("v128", 0) => format!("(v128.any_true {})", value(u, "v128", depth)?),
            ("v128", 1) => format!("(i32x4.extract_lane 2 (i32x4.trunc_sat_f32x4_s {}))", value(u, "v128", depth)?),
            ("v128", _) => format!("(i8x16.bitmask {})", value(u, "v128", depth)?),
            ("f32", 0) => format!("(i32.reinterpret_f32 {})", value(u, "f32", depth)?),
            (_, 1) => format!("(i32.trunc_sat_{shape}_u {})", value(u, shape, depth)?),
            _ => format!("({shape}.{} {} {})", u.choose(&same)?, value(u, shape, depth)?, value(u, shape, depth)?),
        });
    }
    let choice = u.int_in_range(0..=11)?;
    Ok(match (ty, choice) {
        ("f32", 0) => format!("(f32.demote_f64 {})", value(u, "f64", depth)?),
        ("f64", 0) => format!("(f64.promote_f32 {})", value(u, "f32", depth)?),
        ("f32", 1) => format!("(f32x4.extract_lane 3 {})", value(u, "v128", depth)?),
        ("f64", 1) => format!("(f64x2.extract_lane 1 {})", value(u, "v128", depth)?),
        ("f32" | "f64", 2) => format!("({ty}.copysign {} {})", value(u, ty, depth)?, value(u, ty, depth)?),
        ("v128", 0) => format!("(f32x4.demote_f64x2_zero {})", value(u, "v128", depth)?),
        ("v128", 1) => format!("(f64x2.promote_low_f32x4 {})", value(u, "v128", depth)?),
        ("v128", 2) => format!("({shape}.{} {} {})", u.choose(&same)?, value(u, ty, depth)?, value(u, ty, depth)?),
        ("v128", 3) => format!("({shape}.pmin {} {})", value(u, ty, depth)?, value(u, ty, depth)?),
        ("v128", 4) => format!("(f32x4.splat {})", value(u, "f32", depth)?),
        ("v128", 5) => format!("(f64x2.replace_lane 1 {} {})", value(u, ty, depth)?, value(u, "f64", depth)?),
        (_, 6 | 7) => format!("({shape}.{} {})", u.choose(&unary)?, value(u, ty, depth)?),
        _ => format!("({shape}.{} {} {})", u.choose(&binary)?, value(u, ty, depth)?, value(u, ty, depth)?),
    })
}

/// A module that keeps four results, and the locals at the end.
fn module(u: &mut Unstructured<'_>) -> Result<String> {
    let types = ["f32", "f64", "v128", "i32"];
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    for ty in types {
        writeln!(text, "(func $same_{ty} (param {ty}) (result {ty}) (local.get 0))").expect("a string");
    }
    text.push_str("(func (export \"run\") (local $f32 f32) (local $f64 f64) (local $v128 v128) (local $i32 i32)\n");
    for at in 0..4 {
        let ty = *u.choose(&types)?;
        writeln!(text, "({ty}.store (i32.const {}) {})", RESULTS + 16 * at, value(u, ty, 6)?).expect("a string");
    }
    for (at, ty) in types.iter().enumerate() {
        writeln!(text, "({ty}.store (i32.const {}) (local.get ${ty}))", RESULTS + 16 * (4 + at)).expect("a string");
    }
    text.push_str("))");
    Ok(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_seen_is_canonical(bytes in vec(ANY, 50..800), picks in vec(0usize..20, RESULTS / 8)) {
        let Ok(text) = module(&mut Unstructured::new(&bytes)) else { return Ok(()) };
        let wasm = binary(&text);
        // Numbers of 64 bits, and pairs of 32.
        let input: Vec<u8> = picks.iter().enumerate().flat_map(|(at, pick)| match at % 4 {
            0 => F64[*pick],
            _ => u64::from(F32[*pick]) << 32 | u64::from(F32[(*pick + at) % 20]),
        }.to_le_bytes()).collect();
        let expected = OnWasmtime::new(&canonical(), &wasm).call("run", &input);
        let once = rewritten(&wasm);
        for (engine, mut other) in on_all(&once, true).into_iter().chain(on_all(&rewritten(&once), true)) {
            prop_assert_eq!(&other.call("run", &input), &expected, "on {}\n{}", engine, text);
        }
    }
}
