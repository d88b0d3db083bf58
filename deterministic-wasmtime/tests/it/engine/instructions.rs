//! The instructions of the golden test, as functions of WebAssembly text.

use super::edge_values::COUNT;

/// What lies in one of the tables of numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    I32,
    I64,
    /// Vectors of f32, of f64 and of integers.
    V32,
    V64,
    VInt,
}

use Kind::{F32, F64, I32, I64, V32, V64, VInt};

impl Kind {
    fn wasm(self) -> &'static str {
        match self {
            F32 => "f32",
            F64 => "f64",
            I32 => "i32",
            I64 => "i64",
            V32 | V64 | VInt => "v128",
        }
    }

    /// Where its table begins; i32 are the low halves of the i64.
    fn table(self) -> usize {
        let index = match self {
            F32 => 0,
            F64 => 1,
            I32 | I64 => 2,
            V32 => 3,
            V64 => 4,
            VInt => 5,
        };
        index * COUNT * 16
    }
}

/// Where results are written, after the tables.
pub(super) const RESULTS: usize = 1 << 16;

/// The SHA-256 over what every engine gives, wasmi too. A change of it breaks what was cached, agreed upon or recorded.
pub(super) const GOLDEN: &str = "cffc1760b0144afeb3f1136fc719739355fd42d3c8f4bc1c510d2f0df545b260";

/// A name, and a formula over operands `$a`, `$b`, `$c`.
pub(super) struct Function {
    pub(super) name: String,
    formula: String,
    takes: Vec<Kind>,
    gives: Kind,
    /// Whether it may trap, and is called once for each operand.
    pub(super) traps: bool,
}

impl Function {
    /// How many results of 16 bytes it writes: one for each operand, or for each pair.
    pub(super) fn results(&self) -> usize {
        if self.takes.len() == 1 { COUNT } else { COUNT * COUNT }
    }

    /// The function as text. It writes all results; one that may trap takes the number of its operand.
    pub(super) fn text(&self) -> String {
        let load = |(name, kind, index): (&str, &Kind, &str)| {
            let (wasm, table) = (kind.wasm(), kind.table());
            format!("(local.set ${name} ({wasm}.load offset={table} (i32.shl {index} (i32.const 4))))\n")
        };
        // The third operand takes its own way, as pairs already visit every combination of the first two.
        let third =
            format!("(i32.rem_u (i32.add (local.get $i) (i32.mul (local.get $j) (i32.const 3))) (i32.const {COUNT}))");
        let indices = ["(local.get $i)", "(local.get $j)", &third];
        let names = ["a", "b", "c"];
        let locals: String =
            names.iter().zip(&self.takes).map(|(name, kind)| format!("(local ${name} {}) ", kind.wasm())).collect();
        let loads: String =
            names.iter().zip(&self.takes).zip(indices).map(|((name, kind), index)| load((name, kind, index))).collect();
        let store = format!("({}.store offset={RESULTS} (local.get $out) {})", self.gives.wasm(), self.formula);
        let name = &self.name;
        if self.traps {
            return format!("(func (export \"{name}\") (param $i i32) {locals}(local $out i32)\n{loads}{store})\n");
        }
        let next = |index: &str, label: &str| {
            format!(
                "(br_if ${label} (i32.lt_u (local.tee ${index} (i32.add (local.get ${index}) (i32.const 1))) (i32.const {COUNT})))"
            )
        };
        let step = "(local.set $out (i32.add (local.get $out) (i32.const 16)))";
        let body = if self.takes.len() == 1 {
            format!("(loop $outer {loads}{store}{step}{})", next("i", "outer"))
        } else {
            let inner = format!("(loop $inner {loads}{store}{step}{})", next("j", "inner"));
            format!("(loop $outer (local.set $j (i32.const 0)) {inner}{})", next("i", "outer"))
        };
        format!("(func (export \"{name}\") {locals}(local $i i32) (local $j i32) (local $out i32)\n{body})\n")
    }
}

fn function(name: &str, takes: &[Kind], gives: Kind) -> Function {
    let operands = ["(local.get $a)", "(local.get $b)", "(local.get $c)"];
    let formula = format!("({name} {})", operands[..takes.len()].join(" "));
    Function { name: name.into(), formula, takes: takes.into(), gives, traps: false }
}

const UNARY: [&str; 7] = ["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"];
const ARITHMETIC: [&str; 6] = ["add", "sub", "mul", "div", "min", "max"];
const COMPARISONS: [&str; 6] = ["eq", "ne", "lt", "gt", "le", "ge"];

/// Instructions of one type each.
fn plain(all: &mut Vec<Function>) {
    for (kind, prefix) in [(F32, "f32"), (F64, "f64"), (V32, "f32x4"), (V64, "f64x2")] {
        let vector = matches!(kind, V32 | V64);
        let truth = if vector { kind } else { I32 };
        all.extend(UNARY.map(|name| function(&format!("{prefix}.{name}"), &[kind], kind)));
        all.extend(ARITHMETIC.map(|name| function(&format!("{prefix}.{name}"), &[kind, kind], kind)));
        all.extend(COMPARISONS.map(|name| function(&format!("{prefix}.{name}"), &[kind, kind], truth)));
        let more: &[&str] = if vector { &["pmin", "pmax"] } else { &["copysign"] };
        all.extend(more.iter().map(|name| function(&format!("{prefix}.{name}"), &[kind, kind], kind)));
    }
}

fn conversions(all: &mut Vec<Function>) {
    for (integer, int) in [(I32, "i32"), (I64, "i64")] {
        for (float, flt) in [(F32, "f32"), (F64, "f64")] {
            for sign in ["s", "u"] {
                let mut trunc = function(&format!("{int}.trunc_{flt}_{sign}"), &[float], integer);
                trunc.traps = true;
                all.push(trunc);
                all.push(function(&format!("{int}.trunc_sat_{flt}_{sign}"), &[float], integer));
                all.push(function(&format!("{flt}.convert_{int}_{sign}"), &[integer], float));
            }
        }
    }
    all.extend([
        function("f32.demote_f64", &[F64], F32),
        function("f64.promote_f32", &[F32], F64),
        function("i32.reinterpret_f32", &[F32], I32),
        function("i64.reinterpret_f64", &[F64], I64),
        function("f32.reinterpret_i32", &[I32], F32),
        function("f64.reinterpret_i64", &[I64], F64),
        function("f32x4.splat", &[F32], V32),
        function("f64x2.splat", &[F64], V64),
        function("f32x4.extract_lane 3", &[V32], F32),
        function("f64x2.extract_lane 1", &[V64], F64),
        function("f32x4.replace_lane 2", &[V32, F32], V32),
        function("f64x2.replace_lane 1", &[V64, F64], V64),
        function("f32x4.demote_f64x2_zero", &[V64], V32),
        function("f64x2.promote_low_f32x4", &[V32], V64),
    ]);
    for sign in ["s", "u"] {
        all.extend([
            function(&format!("i32x4.trunc_sat_f32x4_{sign}"), &[V32], VInt),
            function(&format!("i32x4.trunc_sat_f64x2_{sign}_zero"), &[V64], VInt),
            function(&format!("f32x4.convert_i32x4_{sign}"), &[VInt], V32),
            function(&format!("f64x2.convert_low_i32x4_{sign}"), &[VInt], V64),
        ]);
    }
}

fn relaxed(all: &mut Vec<Function>) {
    for (kind, prefix) in [(V32, "f32x4"), (V64, "f64x2")] {
        for name in ["relaxed_madd", "relaxed_nmadd"] {
            all.push(function(&format!("{prefix}.{name}"), &[kind; 3], kind));
        }
        for name in ["relaxed_min", "relaxed_max"] {
            all.push(function(&format!("{prefix}.{name}"), &[kind; 2], kind));
        }
    }
    for sign in ["s", "u"] {
        all.push(function(&format!("i32x4.relaxed_trunc_f32x4_{sign}"), &[V32], VInt));
        all.push(function(&format!("i32x4.relaxed_trunc_f64x2_{sign}_zero"), &[V64], VInt));
    }
    for lanes in ["i8x16", "i16x8", "i32x4", "i64x2"] {
        all.push(function(&format!("{lanes}.relaxed_laneselect"), &[VInt; 3], VInt));
    }
    all.push(function("i8x16.relaxed_swizzle", &[VInt; 2], VInt));
    all.push(function("i16x8.relaxed_q15mulr_s", &[VInt; 2], VInt));
    all.push(function("i16x8.relaxed_dot_i8x16_i7x16_s", &[VInt; 2], VInt));
    all.push(function("i32x4.relaxed_dot_i8x16_i7x16_add_s", &[VInt; 3], VInt));
}

/// Two instructions after one another, which an optimiser may be tempted to join: `(a . b) . c`, and with constants.
fn chains(all: &mut Vec<Function>) {
    for (kind, prefix) in [(F32, "f32"), (F64, "f64"), (V32, "f32x4"), (V64, "f64x2")] {
        let mut chain = |name: String, formula: String, takes: usize| {
            all.push(Function { name, formula, takes: vec![kind; takes], gives: kind, traps: false });
        };
        for first in ["add", "sub", "mul", "div", "min", "max"] {
            for second in ["add", "sub", "mul", "div"] {
                chain(
                    format!("{prefix}: (a {first} b) {second} c"),
                    format!("({prefix}.{second} ({prefix}.{first} (local.get $a) (local.get $b)) (local.get $c))"),
                    3,
                );
            }
            chain(format!("{prefix}: a {first} a"), format!("({prefix}.{first} (local.get $a) (local.get $a))"), 1);
            for (constant, value) in [("0", "0"), ("-0", "-0"), ("1", "1"), ("nan", "nan:0x4321")] {
                let value = match kind {
                    F32 | F64 => format!("({prefix}.const {value})"),
                    V32 => format!("(v128.const f32x4 {value} {value} {value} {value})"),
                    _ => format!("(v128.const f64x2 {value} {value})"),
                };
                let formula = format!("({prefix}.{first} (local.get $a) {value})");
                chain(format!("{prefix}: a {first} {constant}"), formula, 1);
                let formula = format!("({prefix}.{first} {value} {value})");
                chain(format!("{prefix}: {constant} {first} {constant}"), formula, 1);
            }
        }
        for name in ["ceil", "floor", "trunc", "nearest", "sqrt", "neg", "abs"] {
            let formula = format!("({prefix}.{name} ({prefix}.sub (local.get $a) (local.get $b)))");
            chain(format!("{prefix}: {name} (a - b)"), formula, 2);
        }
    }
}

/// All functions of the golden test, in the order in which their results are digested.
pub(super) fn all() -> Vec<Function> {
    let mut all = Vec::new();
    plain(&mut all);
    conversions(&mut all);
    relaxed(&mut all);
    chains(&mut all);
    all
}
