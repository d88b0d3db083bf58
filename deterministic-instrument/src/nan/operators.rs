//! Which instructions make NaNs, and which cannot tell one from another.

use wasmparser::Operator;

/// How a value is divided into floating point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

/// The shape of the result of arithmetic that may be a NaN whose bits are the engine's choice; `None` for all other instructions.
/// Those that Cranelift makes canonical.
pub(super) fn makes_nans(operator: &Operator<'_>) -> Option<Shape> {
    use Operator as O;
    Some(match operator {
        O::F32Add | O::F32Sub | O::F32Mul | O::F32Div | O::F32Min | O::F32Max => Shape::F32,
        O::F32Sqrt | O::F32Ceil | O::F32Floor | O::F32Trunc | O::F32Nearest | O::F32DemoteF64 => Shape::F32,
        O::F64Add | O::F64Sub | O::F64Mul | O::F64Div | O::F64Min | O::F64Max => Shape::F64,
        O::F64Sqrt | O::F64Ceil | O::F64Floor | O::F64Trunc | O::F64Nearest | O::F64PromoteF32 => Shape::F64,
        O::F32x4Add | O::F32x4Sub | O::F32x4Mul | O::F32x4Div | O::F32x4Min | O::F32x4Max => Shape::F32x4,
        O::F32x4Sqrt | O::F32x4Ceil | O::F32x4Floor | O::F32x4Trunc | O::F32x4Nearest => Shape::F32x4,
        O::F32x4RelaxedMadd | O::F32x4RelaxedNmadd | O::F32x4RelaxedMin | O::F32x4RelaxedMax => Shape::F32x4,
        O::F32x4DemoteF64x2Zero => Shape::F32x4,
        O::F64x2Add | O::F64x2Sub | O::F64x2Mul | O::F64x2Div | O::F64x2Min | O::F64x2Max => Shape::F64x2,
        O::F64x2Sqrt | O::F64x2Ceil | O::F64x2Floor | O::F64x2Trunc | O::F64x2Nearest => Shape::F64x2,
        O::F64x2RelaxedMadd | O::F64x2RelaxedNmadd | O::F64x2RelaxedMin | O::F64x2RelaxedMax => Shape::F64x2,
        O::F64x2PromoteLowF32x4 => Shape::F64x2,
        _ => return None,
    })
}

/// The shape of the operands, if the instruction does the same whichever NaN an operand is: what it makes of one is made canonical
/// itself, or is no floating point number.
///
/// Not so the relaxed minimum and maximum, which may hand an operand on.
pub(super) fn takes_any_nan(operator: &Operator<'_>) -> Option<Shape> {
    use Operator as O;
    Some(match operator {
        O::F64PromoteF32 => Shape::F32,
        O::F32DemoteF64 => Shape::F64,
        O::F64x2PromoteLowF32x4 => Shape::F32x4,
        O::F32x4DemoteF64x2Zero => Shape::F64x2,
        O::F32x4RelaxedMin | O::F32x4RelaxedMax | O::F64x2RelaxedMin | O::F64x2RelaxedMax => return None,
        O::F32Eq | O::F32Ne | O::F32Lt | O::F32Gt | O::F32Le | O::F32Ge => Shape::F32,
        O::I32TruncF32S | O::I32TruncF32U | O::I64TruncF32S | O::I64TruncF32U => Shape::F32,
        O::I32TruncSatF32S | O::I32TruncSatF32U | O::I64TruncSatF32S | O::I64TruncSatF32U => Shape::F32,
        O::F64Eq | O::F64Ne | O::F64Lt | O::F64Gt | O::F64Le | O::F64Ge => Shape::F64,
        O::I32TruncF64S | O::I32TruncF64U | O::I64TruncF64S | O::I64TruncF64U => Shape::F64,
        O::I32TruncSatF64S | O::I32TruncSatF64U | O::I64TruncSatF64S | O::I64TruncSatF64U => Shape::F64,
        O::F32x4Eq | O::F32x4Ne | O::F32x4Lt | O::F32x4Gt | O::F32x4Le | O::F32x4Ge => Shape::F32x4,
        O::I32x4TruncSatF32x4S | O::I32x4TruncSatF32x4U => Shape::F32x4,
        O::F64x2Eq | O::F64x2Ne | O::F64x2Lt | O::F64x2Gt | O::F64x2Le | O::F64x2Ge => Shape::F64x2,
        O::I32x4TruncSatF64x2SZero | O::I32x4TruncSatF64x2UZero => Shape::F64x2,
        // The rest of what makes NaNs takes the shape that it gives.
        arithmetic => return makes_nans(arithmetic),
    })
}
