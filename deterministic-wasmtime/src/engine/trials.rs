//! The instructions that the probes try: as text, with arguments, and with what a deterministic engine gives.

/// How the operands or the result of an instruction lie in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

impl Shape {
    /// The operand that parameter `index` stands for.
    fn operand(self, index: usize) -> String {
        match self {
            Shape::F32 => format!("(f32.reinterpret_i32 (i32.wrap_i64 (local.get {index})))"),
            Shape::F64 => format!("(f64.reinterpret_i64 (local.get {index}))"),
            Shape::F32x4 | Shape::F64x2 => format!("(i64x2.splat (local.get {index}))"),
        }
    }

    /// The result as 64 bits.
    fn result(self, value: &str) -> String {
        match self {
            Shape::F32 => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
            Shape::F64 => format!("(i64.reinterpret_f64 {value})"),
            Shape::F32x4 | Shape::F64x2 => format!("(i64x2.extract_lane 0 {value})"),
        }
    }

    /// The first NaN in `bits` that is not the canonical one.
    pub(super) fn odd_nan(self, bits: u64) -> Option<u64> {
        match self {
            Shape::F32 | Shape::F32x4 => [bits & 0xffff_ffff, bits >> 32]
                .into_iter()
                .find(|lane| lane & 0x7fff_ffff > 0x7f80_0000 && *lane != 0x7fc0_0000),
            Shape::F64 | Shape::F64x2 => {
                let nan = bits & (u64::MAX >> 1) > 0x7ff0_0000_0000_0000;
                (nan && bits != 0x7ff8_0000_0000_0000).then_some(bits)
            }
        }
    }

    pub(super) fn canonical_nan(self) -> &'static str {
        match self {
            Shape::F32 | Shape::F32x4 => "0x7fc00000",
            Shape::F64 | Shape::F64x2 => "0x7ff8000000000000",
        }
    }

    pub(super) fn is_vector(self) -> bool {
        matches!(self, Shape::F32x4 | Shape::F64x2)
    }
}

/// An instruction whose result may be a NaN.
#[derive(Clone, Copy, Debug)]
pub(super) struct NanTrial {
    pub(super) name: &'static str,
    pub(super) takes: Shape,
    pub(super) gives: Shape,
    arity: usize,
}

impl NanTrial {
    /// A function of two numbers around the instruction.
    pub(super) fn function(&self) -> String {
        let operands: Vec<String> = (0..self.arity).map(|index| self.takes.operand(index)).collect();
        let body = self.gives.result(&format!("({} {})", self.name, operands.join(" ")));
        format!(r#"(func (export "{}") (param i64 i64) (result i64) {body})"#, self.name)
    }
}

const fn trial(name: &'static str, takes: Shape, gives: Shape, arity: usize) -> NanTrial {
    NanTrial { name, takes, gives, arity }
}

const fn one(name: &'static str, shape: Shape) -> NanTrial {
    trial(name, shape, shape, 1)
}

const fn two(name: &'static str, shape: Shape) -> NanTrial {
    trial(name, shape, shape, 2)
}

/// Every instruction that WebAssembly allows to give a NaN of the engine's choice.
pub(super) const NAN_TRIALS: &[NanTrial] = &[
    two("f32.add", Shape::F32),
    two("f32.sub", Shape::F32),
    two("f32.mul", Shape::F32),
    two("f32.div", Shape::F32),
    two("f32.min", Shape::F32),
    two("f32.max", Shape::F32),
    one("f32.sqrt", Shape::F32),
    one("f32.ceil", Shape::F32),
    one("f32.floor", Shape::F32),
    one("f32.trunc", Shape::F32),
    one("f32.nearest", Shape::F32),
    trial("f32.demote_f64", Shape::F64, Shape::F32, 1),
    two("f64.add", Shape::F64),
    two("f64.sub", Shape::F64),
    two("f64.mul", Shape::F64),
    two("f64.div", Shape::F64),
    two("f64.min", Shape::F64),
    two("f64.max", Shape::F64),
    one("f64.sqrt", Shape::F64),
    one("f64.ceil", Shape::F64),
    one("f64.floor", Shape::F64),
    one("f64.trunc", Shape::F64),
    one("f64.nearest", Shape::F64),
    trial("f64.promote_f32", Shape::F32, Shape::F64, 1),
    two("f32x4.add", Shape::F32x4),
    two("f32x4.sub", Shape::F32x4),
    two("f32x4.mul", Shape::F32x4),
    two("f32x4.div", Shape::F32x4),
    two("f32x4.min", Shape::F32x4),
    two("f32x4.max", Shape::F32x4),
    one("f32x4.sqrt", Shape::F32x4),
    one("f32x4.ceil", Shape::F32x4),
    one("f32x4.floor", Shape::F32x4),
    one("f32x4.trunc", Shape::F32x4),
    one("f32x4.nearest", Shape::F32x4),
    trial("f32x4.demote_f64x2_zero", Shape::F64x2, Shape::F32x4, 1),
    two("f64x2.add", Shape::F64x2),
    two("f64x2.sub", Shape::F64x2),
    two("f64x2.mul", Shape::F64x2),
    two("f64x2.div", Shape::F64x2),
    two("f64x2.min", Shape::F64x2),
    two("f64x2.max", Shape::F64x2),
    one("f64x2.sqrt", Shape::F64x2),
    one("f64x2.ceil", Shape::F64x2),
    one("f64x2.floor", Shape::F64x2),
    one("f64x2.trunc", Shape::F64x2),
    one("f64x2.nearest", Shape::F64x2),
    trial("f64x2.promote_low_f32x4", Shape::F32x4, Shape::F64x2, 1),
];

/// What they are tried with, each with each: NaNs with a payload, quiet and signalling, of both signs, and numbers between
/// which an operation gives a new NaN. An f32 is in both halves.
pub(super) const fn nan_inputs(shape: Shape) -> [u64; 8] {
    match shape {
        Shape::F32 | Shape::F32x4 => {
            let both = 0x1_0000_0001;
            [
                0x7fc1_2345 * both,
                0xffc5_4321 * both,
                0x7fa0_1234 * both,
                0x7f80_0000 * both,
                0xff80_0000 * both,
                0,
                0xbf80_0000 * both,
                0x3f80_0000 * both,
            ]
        }
        Shape::F64 | Shape::F64x2 => [
            0x7ff8_1234_5678_9abc,
            0xfffc_cba9_8765_4321,
            0x7ff4_0000_0000_1234,
            0x7ff0_0000_0000_0000,
            0xfff0_0000_0000_0000,
            0,
            0xbff0_0000_0000_0000,
            0x3ff0_0000_0000_0000,
        ],
    }
}

/// A relaxed instruction, with arguments for which x86-64 gives something else than what the specification calls
/// deterministic. Each argument and the result are the same 64 bits in both halves of a vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct RelaxedTrial {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [u64],
    pub(super) expected: u64,
}

impl RelaxedTrial {
    /// Whether a NaN is expected.
    pub(super) fn gives_nan(&self) -> bool {
        matches!(self.expected, 0x7fc0_0000_7fc0_0000 | 0x7ff8_0000_0000_0000)
    }

    /// A function of three numbers around the instruction, exported as `export`.
    pub(super) fn function(&self, export: &str) -> String {
        let operands: String = (0..self.arguments.len()).map(|index| Shape::F64x2.operand(index)).collect();
        let body = Shape::F64x2.result(&format!("({} {operands})", self.name));
        format!(r#"(func (export "{export}") (param i64 i64 i64) (result i64) {body})"#)
    }
}

const fn relaxed(name: &'static str, arguments: &'static [u64], expected: u64) -> RelaxedTrial {
    RelaxedTrial { name, arguments, expected }
}

const MINUS_ZERO: u64 = 0x8000_0000_0000_0000;
const MINUS_ZEROS: u64 = 0x8000_0000_8000_0000;

pub(super) const RELAXED_TRIALS: &[RelaxedTrial] = &[
    // 3e9 saturates.
    relaxed("i32x4.relaxed_trunc_f32x4_s", &[0x4f32_d05e_4f32_d05e], 0x7fff_ffff_7fff_ffff),
    // -1 saturates.
    relaxed("i32x4.relaxed_trunc_f32x4_u", &[0xbf80_0000_bf80_0000], 0),
    relaxed("i32x4.relaxed_trunc_f64x2_s_zero", &[0x41e6_5a0b_c000_0000], 0x7fff_ffff_7fff_ffff),
    relaxed("i32x4.relaxed_trunc_f64x2_u_zero", &[0xbff0_0000_0000_0000], 0),
    // The zeros have an order.
    relaxed("f32x4.relaxed_min", &[0, MINUS_ZEROS], MINUS_ZEROS),
    relaxed("f32x4.relaxed_max", &[MINUS_ZEROS, 0], 0),
    relaxed("f64x2.relaxed_min", &[0, MINUS_ZERO], MINUS_ZERO),
    relaxed("f64x2.relaxed_max", &[MINUS_ZERO, 0], 0),
    // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 when rounded once, and 0 when rounded twice; then the same for f64.
    relaxed(
        "f32x4.relaxed_madd",
        &[0x3f80_0800_3f80_0800, 0x3f80_0800_3f80_0800, 0xbf80_1000_bf80_1000],
        0x3380_0000_3380_0000,
    ),
    relaxed(
        "f32x4.relaxed_nmadd",
        &[0xbf80_0800_bf80_0800, 0x3f80_0800_3f80_0800, 0xbf80_1000_bf80_1000],
        0x3380_0000_3380_0000,
    ),
    relaxed(
        "f64x2.relaxed_madd",
        &[0x3ff0_0000_0200_0000, 0x3ff0_0000_0200_0000, 0xbff0_0000_0400_0000],
        0x3c90_0000_0000_0000,
    ),
    relaxed(
        "f64x2.relaxed_nmadd",
        &[0xbff0_0000_0200_0000, 0x3ff0_0000_0200_0000, 0xbff0_0000_0400_0000],
        0x3c90_0000_0000_0000,
    ),
    // A NaN with a payload, which Wasmtime 48 leaves as it is where the processor cannot round once.
    relaxed(
        "f32x4.relaxed_madd",
        &[0x7fc1_2345_7fc1_2345, 0x3f80_0000_3f80_0000, 0x3f80_0000_3f80_0000],
        0x7fc0_0000_7fc0_0000,
    ),
    relaxed(
        "f64x2.relaxed_madd",
        &[0x7ff8_1234_5678_9abc, 0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0000],
        0x7ff8_0000_0000_0000,
    ),
    // Place 16 is outside.
    relaxed("i8x16.relaxed_swizzle", &[0x0807_0605_0403_0201, 0x1010_1010_1010_1010], 0),
    // One bit of each lane is chosen, not the lane.
    relaxed("i8x16.relaxed_laneselect", &[u64::MAX, 0, 0x8080_8080_8080_8080], 0x8080_8080_8080_8080),
    relaxed("i16x8.relaxed_laneselect", &[u64::MAX, 0, 0x8000_8000_8000_8000], 0x8000_8000_8000_8000),
    relaxed("i32x4.relaxed_laneselect", &[u64::MAX, 0, MINUS_ZEROS], MINUS_ZEROS),
    relaxed("i64x2.relaxed_laneselect", &[u64::MAX, 0, MINUS_ZERO], MINUS_ZERO),
    // -1 * -1 saturates.
    relaxed("i16x8.relaxed_q15mulr_s", &[0x8000_8000_8000_8000, 0x8000_8000_8000_8000], 0x7fff_7fff_7fff_7fff),
    // Both sides are signed.
    relaxed("i16x8.relaxed_dot_i8x16_i7x16_s", &[u64::MAX, u64::MAX], 0x0002_0002_0002_0002),
    relaxed("i32x4.relaxed_dot_i8x16_i7x16_add_s", &[u64::MAX, u64::MAX, 0], 0x0000_0004_0000_0004),
];
