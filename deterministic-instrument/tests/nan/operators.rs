//! Every operator over every kind of number.

use std::fmt::Write;

use proptest::prelude::*;

use crate::support::*;

/// An operator with the types of its result and its operands.
struct Operator {
    name: String,
    result: &'static str,
    operands: Vec<&'static str>,
    /// Whether its result may be a NaN that Wasmtime makes canonical.
    is_arithmetic: bool,
}

fn operators(with_relaxed: bool) -> Vec<Operator> {
    let mut all = Vec::new();
    let mut add = |name: String, result, operands: &[&'static str], is_arithmetic| {
        all.push(Operator { name, result, operands: operands.to_vec(), is_arithmetic });
    };
    for (shape, ty) in [("f32", "f32"), ("f64", "f64"), ("f32x4", "v128"), ("f64x2", "v128")] {
        for name in ["ceil", "floor", "trunc", "nearest", "sqrt"] {
            add(format!("{shape}.{name}"), ty, &[ty], true);
        }
        for name in ["add", "sub", "mul", "div", "min", "max"] {
            add(format!("{shape}.{name}"), ty, &[ty, ty], true);
        }
        for name in ["abs", "neg"] {
            add(format!("{shape}.{name}"), ty, &[ty], false);
        }
        if ty == "v128" {
            for name in ["pmin", "pmax"] {
                add(format!("{shape}.{name}"), ty, &[ty, ty], false);
            }
        } else {
            add(format!("{shape}.copysign"), ty, &[ty, ty], false);
        }
        if ty == "v128" && with_relaxed {
            for name in ["relaxed_min", "relaxed_max"] {
                add(format!("{shape}.{name}"), ty, &[ty, ty], true);
            }
            for name in ["relaxed_madd", "relaxed_nmadd"] {
                add(format!("{shape}.{name}"), ty, &[ty, ty, ty], true);
            }
        }
    }
    add("f32.demote_f64".into(), "f32", &["f64"], true);
    add("f64.promote_f32".into(), "f64", &["f32"], true);
    add("f32x4.demote_f64x2_zero".into(), "v128", &["v128"], true);
    add("f64x2.promote_low_f32x4".into(), "v128", &["v128"], true);
    all
}

/// A module with a function for each: operands at 0, 16 and 32, the result at 48.
fn module(operators: &[Operator]) -> Vec<u8> {
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    for Operator { name, result, operands, .. } in operators {
        let loads: String = [0, 16, 32].iter().zip(operands).map(|(at, ty)| load(ty, *at)).collect();
        writeln!(text, "(func (export \"{name}\") ({result}.store (i32.const 48) ({name} {loads})))")
            .expect("a string");
    }
    binary(&(text + ")"))
}

fn load(ty: &str, at: u32) -> String {
    format!("({ty}.load (i32.const {at}))")
}

/// A module on one engine after the other, against the same that canonicalises by itself.
struct Compared {
    operators: Vec<Operator>,
    expected: OnWasmtime,
    plain: OnWasmtime,
    others: Vec<(&'static str, Box<dyn Running>)>,
}

impl Compared {
    fn new(with_relaxed: bool) -> Self {
        let operators = operators(with_relaxed);
        let wasm = module(&operators);
        Self {
            expected: OnWasmtime::new(&canonical(), &wasm),
            plain: OnWasmtime::new(&wasmtime::Engine::new(&plain()).expect("Cranelift"), &wasm),
            others: on_all(&rewritten(&wasm), with_relaxed),
            operators,
        }
    }

    /// Which operators gave another NaN before.
    fn on(&mut self, operands: [u128; 3]) -> Vec<bool> {
        let input: Vec<u8> = operands.iter().flat_map(|operand| operand.to_le_bytes()).chain([0; 16]).collect();
        let mut differed = Vec::new();
        for Operator { name, .. } in &self.operators {
            let expected = self.expected.call(name, &input);
            for (engine, other) in &mut self.others {
                let found = other.call(name, &input);
                assert_eq!(found, expected, "{name} of {operands:x?} on {engine}");
            }
            differed.push(self.plain.call(name, &input) != expected);
        }
        differed
    }
}

fn f32_lanes(lanes: [u32; 4]) -> u128 {
    lanes.iter().rev().fold(0, |bits, lane| bits << 32 | u128::from(*lane))
}

fn f64_lanes(lanes: [u64; 2]) -> u128 {
    u128::from(lanes[1]) << 64 | u128::from(lanes[0])
}

/// Each pair of numbers that matter, in the lowest lane and in another.
#[test]
fn every_pair_of_numbers_that_matter() {
    for with_relaxed in [false, true] {
        let mut compared = Compared::new(with_relaxed);
        let mut differed = vec![false; compared.operators.len()];
        let mut compare = |operands| {
            for (all, one) in differed.iter_mut().zip(compared.on(operands)) {
                *all |= one;
            }
        };
        for first in 0..20 {
            for second in 0..20 {
                let third = (first + second) % 20;
                let of_32 =
                    |at: usize| f32_lanes([F32[at], F32[(at + 7) % 20], F32[(at + 11) % 20], F32[(at + 13) % 20]]);
                let of_64 = |at: usize| f64_lanes([F64[at], F64[(at + 7) % 20]]);
                compare([first, second, third].map(of_32));
                compare([first, second, third].map(of_64));
            }
        }
        // Or the comparison could not fail: on this kind of processor each of them gives other NaNs by itself.
        if cfg!(target_arch = "x86_64") {
            for (operator, differed) in compared.operators.iter().zip(differed) {
                assert_eq!(differed, operator.is_arithmetic, "{}", operator.name);
            }
        }
    }
}

fn any_32() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), prop::sample::select(&F32[..]), any::<u32>().prop_map(|bits| bits | 0x7f80_0000)]
}

fn any_64() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        prop::sample::select(&F64[..]),
        any::<u64>().prop_map(|bits| bits | 0x7ff0_0000_0000_0000)
    ]
}

fn any_operand() -> impl Strategy<Value = u128> {
    prop_oneof![[any_32(), any_32(), any_32(), any_32()].prop_map(f32_lanes), [any_64(), any_64()].prop_map(f64_lanes),]
}

/// Numbers and NaNs of any bits.
#[test]
fn any_numbers() {
    use std::cell::RefCell;
    for with_relaxed in [false, true] {
        let compared = RefCell::new(Compared::new(with_relaxed));
        let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(operands in [any_operand(), any_operand(), any_operand()])| {
            compared.borrow_mut().on(operands);
        });
    }
}
