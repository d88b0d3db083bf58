//! Validates a module and finds where a NaN that somebody could see is made.
//!
//! The operand stack is followed with, for each value on it, the arithmetic that made it. What takes a value from there says whether
//! its bits are seen; whatever is not known to be blind to them counts as seeing them.

use wasmparser::{
    FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator, OperatorsReader, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

use super::operators::{Shape, makes_nans, takes_any_nan};

/// Any proposal will do: nothing here depends on what the rest of the module does.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::all();

/// A defined function, as far as the rewriting needs it.
pub(super) struct Body {
    /// Its parameters and locals.
    pub(super) locals: u32,
    /// The arithmetic whose result is to be made canonical, in ascending order.
    pub(super) sites: Vec<Site>,
}

/// An instruction whose result may be a NaN.
#[derive(Clone, Copy)]
pub(super) struct Site {
    /// Its position among the function's instructions.
    pub(super) position: usize,
    pub(super) shape: Shape,
}

/// Validates `wasm` and reads its functions.
pub(super) fn analyse(wasm: &[u8]) -> wasmparser::Result<Vec<Body>> {
    let mut bodies = Vec::new();
    let mut validator = Validator::new_with_features(FEATURES);
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            let (body, used) = self::body(function, &body, allocations)?;
            bodies.push(body);
            allocations = used;
        }
    }
    Ok(bodies)
}

fn body(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> wasmparser::Result<(Body, FuncValidatorAllocations)> {
    let mut validator = function.into_validator(allocations);
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let mut operators = OperatorsReader::new(reader);
    let mut stack = Stack::default();
    let mut position = 0;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        // Asked before the instruction is done, which may end the block.
        let taken = Taken {
            values: operator.operator_arity(&validator).map(|(takes, _)| takes as usize),
            floor: validator.get_control_frame(0).map_or(0, |block| block.height),
        };
        validator.op(offset, &operator)?;
        stack.operator(position, &operator, taken, validator.operand_stack_height() as usize);
        position += 1;
    }
    operators.finish()?;
    Ok((Body { locals: validator.len_locals(), sites: stack.finish() }, validator.into_allocations()))
}

/// What an instruction takes from the stack.
struct Taken {
    /// How many values; `None` if that is not known.
    values: Option<usize>,
    /// How many there are below the block it is in, which it cannot reach.
    floor: usize,
}

/// The operand stack, with what made the values on it.
#[derive(Default)]
struct Stack {
    /// For each value the place in `made` of what made it; `None` if that is no arithmetic.
    values: Vec<Option<usize>>,
    /// All arithmetic so far, and whether the bits of its result are seen.
    made: Vec<(Site, bool)>,
}

impl Stack {
    /// Takes an instruction into account that leaves the stack at `height`.
    fn operator(&mut self, position: usize, operator: &Operator<'_>, taken: Taken, height: usize) {
        match taken.values {
            // In code that cannot be reached there may be fewer.
            Some(values) => {
                self.take(self.values.len().saturating_sub(values).max(taken.floor), takes_any_nan(operator));
            }
            None => self.take(0, None),
        }
        // Behind a jump the values of the block are gone, too.
        self.take(height, None);
        self.values.resize(height, None);
        if let Some(shape) = makes_nans(operator) {
            if let Some(top) = self.values.last_mut() {
                *top = Some(self.made.len());
            }
            self.made.push((Site { position, shape }, false));
        }
    }

    /// Takes all values above `kept`; of what takes them only `blind_to` is blind to which NaN they are.
    fn take(&mut self, kept: usize, blind_to: Option<Shape>) {
        for made in self.values.drain(kept.min(self.values.len())..).flatten() {
            if let Some((site, seen)) = self.made.get_mut(made) {
                *seen |= blind_to != Some(site.shape);
            }
        }
    }

    fn finish(mut self) -> Vec<Site> {
        self.take(0, None);
        self.made.into_iter().filter_map(|(site, seen)| seen.then_some(site)).collect()
    }
}
