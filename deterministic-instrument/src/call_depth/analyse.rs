//! Validates a module and learns what the rewriting needs to know beforehand.

use wasmparser::{
    Catch, FuncToValidate, FuncType, FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, ValType,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

use super::{CALL_DEPTH_EXPORT, CallCost, CallDepthError, FRAME_UNITS};
use crate::summary::Summary;

/// What can be limited. Stack switching is left out: with several stacks there is no one depth.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// A module, as far as the rewriting needs it.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) summary: Summary,
    /// The defined functions.
    pub(super) bodies: Vec<Body>,
}

/// A defined function, as far as the rewriting needs it.
pub(super) struct Body {
    /// Whether it makes calls that come back: all but tail calls.
    pub(super) calls: bool,
    /// Its parameters and locals.
    pub(super) locals: u32,
    /// The most values that its operand stack holds.
    pub(super) height: u32,
    /// How many instructions it has.
    pub(super) operators: u32,
    /// The positions of the operators after which an exception caught in this function goes on, in ascending order.
    pub(super) landings: Vec<usize>,
}

/// Validates `wasm` and reads it.
pub(super) fn analyse(wasm: &[u8]) -> Result<Analysis, CallDepthError> {
    let mut analysis = Analysis::default();
    let mut validator = Validator::new_with_features(FEATURES);
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let (body, used) = self::body(function, &body, allocations)?;
            analysis.bodies.push(body);
            allocations = used;
        }
        analysis.section(&payload)?;
    }
    Ok(analysis)
}

impl Analysis {
    /// The results of the defined function at `index` of the code section.
    pub(super) fn results(&self, index: usize) -> &[ValType] {
        let signature = self.summary.signatures.get(index).and_then(|ty| self.summary.function_type(*ty));
        signature.map_or(&[], FuncType::results)
    }

    /// What a call of the defined function at `index` of the code section adds to the depth.
    pub(super) fn cost(&self, index: usize, cost: CallCost) -> u32 {
        let results = self.results(index).len() as u32;
        let Some(body) = self.bodies.get(index) else { return 1 };
        // Each of these is far below a billion: the implementation limits see to it.
        let frame = FRAME_UNITS + body.locals + results + body.height;
        match cost {
            CallCost::Call => 1,
            CallCost::Frame => frame,
            CallCost::Code => frame + body.operators.div_ceil(2),
        }
    }

    fn section(&mut self, payload: &Payload<'_>) -> Result<(), CallDepthError> {
        self.summary.section(payload)?;
        if let Payload::ExportSection(section) = payload {
            for export in section.clone() {
                if export?.name == CALL_DEPTH_EXPORT {
                    return Err(CallDepthError::ReservedExport(CALL_DEPTH_EXPORT));
                }
            }
        }
        Ok(())
    }
}

fn body(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> wasmparser::Result<(Body, FuncValidatorAllocations)> {
    let mut validator = function.into_validator(allocations);
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let mut operators = wasmparser::OperatorsReader::new(reader);
    let (mut calls, mut height, mut position) = (false, 0, 0);
    let mut landings = Landings::default();
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        validator.op(offset, &operator)?;
        height = height.max(validator.operand_stack_height());
        calls |= matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. });
        landings.operator(position, &operator);
        position += 1;
    }
    operators.finish()?;
    let locals = validator.len_locals();
    // A body is at most some megabytes, so this cannot be cut short.
    let operators = u32::try_from(position).unwrap_or(u32::MAX);
    Ok((Body { calls, locals, height, operators, landings: landings.finish() }, validator.into_allocations()))
}

/// Finds the operators after which a caught exception goes on: the `end` of a block, the beginning of a loop.
#[derive(Default)]
struct Landings {
    /// The open blocks, without the function's own.
    open: Vec<Open>,
    found: Vec<usize>,
}

struct Open {
    /// Where it begins, if it is a loop.
    head: Option<usize>,
    caught: bool,
}

impl Landings {
    fn operator(&mut self, position: usize, operator: &Operator<'_>) {
        let head = match operator {
            Operator::Block { .. } | Operator::If { .. } => None,
            Operator::Loop { .. } => Some(position),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    self.catch(*catch);
                }
                None
            }
            Operator::End => {
                if let Some(Open { caught: true, head }) = self.open.pop() {
                    self.found.push(head.unwrap_or(position));
                }
                return;
            }
            _ => return,
        };
        self.open.push(Open { head, caught: false });
    }

    /// A label that lies outside of `open` is the function's own: there the counter is put back in any case.
    fn catch(&mut self, catch: Catch) {
        let (Catch::One { label, .. } | Catch::OneRef { label, .. } | Catch::All { label } | Catch::AllRef { label }) =
            catch;
        if let Some(target) = self.open.iter_mut().rev().nth(label as usize) {
            target.caught = true;
        }
    }

    fn finish(mut self) -> Vec<usize> {
        self.found.sort_unstable();
        self.found
    }
}
