//! Encodes the functions again in which a NaN is made canonical.
//!
//! Behind the instruction its result is kept in a local and compared with itself, to which only a NaN is not equal. A number is
//! replaced behind a branch, which processors foresee, as hardly any is a NaN; the lanes of a vector are chosen without one. A function
//! that is called for it would take two to four times as long.

use wasm_encoder::{
    BlockType, CustomSection, Function, Ieee32, Ieee64, InstructionSink, Module, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{CustomSectionReader, FunctionBody, KnownCustom};

use super::analyse::{Body, Site};
use super::operators::Shape;
use crate::custom;
use crate::rewriting::{Result, Rewriting};

const F32_NAN: u32 = 0x7fc0_0000;
const F64_NAN: u64 = 0x7ff8_0000_0000_0000;

/// Encodes the module that was analysed again.
pub(super) struct Rewriter {
    bodies: std::vec::IntoIter<Body>,
}

impl Rewriter {
    pub(super) fn new(bodies: Vec<Body>) -> Self {
        Self { bodies: bodies.into_iter() }
    }
}

impl Rewriting for Rewriter {
    fn body(&mut self, body: &FunctionBody<'_>) -> Result<Option<Function>> {
        match self.bodies.next() {
            Some(analysis) if !analysis.sites.is_empty() => rewrite(body, &analysis).map(Some),
            _ => Ok(None),
        }
    }

    fn custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result {
        // A module is valid even if its name section cannot be read; it then stays.
        if let KnownCustom::Name(names) = section.as_known()
            && let Ok(names) = custom::without_labels(names)
        {
            module.section(&names);
        } else if !custom::is_about_code(section.name()) {
            module.section(&CustomSection::from(section));
        }
        Ok(())
    }
}

fn rewrite(body: &FunctionBody<'_>, analysis: &Body) -> Result<Function> {
    let kept = Kept::new(analysis);
    let mut locals = Vec::new();
    for pair in body.get_locals_reader()? {
        let (count, ty) = pair?;
        locals.push((count, RoundtripReencoder.val_type(ty)?));
    }
    locals.extend(kept.types.iter().map(|ty| (1, *ty)));
    let mut function = Function::new(locals);
    let mut sites = analysis.sites.iter().peekable();
    let mut operators = body.get_operators_reader()?;
    for position in 0.. {
        if operators.eof() {
            break;
        }
        function.instruction(&RoundtripReencoder.instruction(operators.read()?)?);
        if let Some(Site { shape, .. }) = sites.next_if(|site| site.position == position) {
            kept.canonicalize(*shape, function.instructions());
        }
    }
    Ok(function)
}

/// The locals for results that are looked at: one of each type, behind the function's own.
struct Kept {
    first: u32,
    types: Vec<ValType>,
}

impl Kept {
    fn new(analysis: &Body) -> Self {
        let is_used = |ty: &ValType| analysis.sites.iter().any(|site| val_type(site.shape) == *ty);
        let types = [ValType::F32, ValType::F64, ValType::V128].into_iter().filter(is_used).collect();
        Self { first: analysis.locals, types }
    }

    /// The canonical NaN in place of the number on top of the stack, or of each of its lanes, if that is a NaN.
    fn canonicalize(&self, shape: Shape, mut code: InstructionSink<'_>) {
        // Those of the types used are all there, so the place is found.
        let place = self.types.iter().position(|ty| *ty == val_type(shape)).unwrap_or_default();
        let kept = self.first.saturating_add(place as u32);
        code.local_tee(kept);
        match shape {
            Shape::F32 => {
                code.local_get(kept).f32_ne().if_(BlockType::Empty);
                code.f32_const(Ieee32::new(F32_NAN)).local_set(kept).end().local_get(kept)
            }
            Shape::F64 => {
                code.local_get(kept).f64_ne().if_(BlockType::Empty);
                code.f64_const(Ieee64::new(F64_NAN)).local_set(kept).end().local_get(kept)
            }
            Shape::F32x4 => code
                .f32_const(Ieee32::new(F32_NAN))
                .f32x4_splat()
                .local_get(kept)
                .local_get(kept)
                .f32x4_eq()
                .v128_bitselect(),
            Shape::F64x2 => code
                .f64_const(Ieee64::new(F64_NAN))
                .f64x2_splat()
                .local_get(kept)
                .local_get(kept)
                .f64x2_eq()
                .v128_bitselect(),
        };
    }
}

fn val_type(shape: Shape) -> ValType {
    match shape {
        Shape::F32 => ValType::F32,
        Shape::F64 => ValType::F64,
        Shape::F32x4 | Shape::F64x2 => ValType::V128,
    }
}
