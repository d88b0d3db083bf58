//! Encodes one function again so that it counts.
//!
//! The function counts, not its callers: so there is one place per function, however it is called. On entry it reads
//! the counter and traps if its own cost no longer fits. A function that makes no calls leaves it at that: nobody could
//! see the counter changed. Any other keeps the value it found in a local, adds its cost, and puts the value back where
//! it returns, where it tail calls, and (with its own cost) where it catches an exception. Putting a kept value back,
//! rather than subtracting, also corrects what frames left behind that never returned.

use wasm_encoder::{
    BlockType, Function, InstructionSink, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{FunctionBody, Operator};

use crate::rewriting::Result;

/// How one function counts.
pub(super) struct Counting {
    /// The global that holds the depth.
    pub(super) counter: u32,
    /// The function that traps.
    pub(super) exceeded: u32,
    pub(super) limit: u32,
    /// What this function adds to the depth.
    pub(super) cost: u32,
    /// The local for the counter's value on entry; `None` if the function makes no calls.
    pub(super) saved: Option<u32>,
    /// The function's results.
    pub(super) results: BlockType,
    /// The positions of the operators after which a caught exception goes on, in ascending order.
    pub(super) landings: Vec<usize>,
}

impl Counting {
    /// The function with counting added.
    pub(super) fn rewrite(self, body: &FunctionBody<'_>) -> Result<Function> {
        let mut locals = Vec::new();
        for pair in body.get_locals_reader()? {
            let (count, ty) = pair?;
            locals.push((count, RoundtripReencoder.val_type(ty)?));
        }
        if self.saved.is_some() {
            locals.push((1, ValType::I32));
        }
        let mut function = Function::new(locals);
        self.enter(function.instructions());
        let mut operators = body.get_operators_reader()?;
        let mut landings = self.landings.iter().peekable();
        for position in 0.. {
            if operators.eof() {
                break;
            }
            let operator = operators.read()?;
            if leaves(&operator) {
                self.put_back(function.instructions());
            }
            function.instruction(&RoundtripReencoder.instruction(operator)?);
            if landings.next_if_eq(&&position).is_some() {
                self.count(&mut function.instructions());
            }
        }
        if self.saved.is_some() {
            // The last `end` above closed the block around the body, to which branches out of the body now lead.
            self.put_back(function.instructions());
            function.instructions().end();
        }
        Ok(function)
    }

    fn enter(&self, mut code: InstructionSink<'_>) {
        match self.limit.checked_sub(self.cost) {
            Some(room) => {
                code.global_get(self.counter);
                if let Some(saved) = self.saved {
                    code.local_tee(saved);
                }
                code.i32_const(room.cast_signed()).i32_gt_u();
                code.if_(BlockType::Empty).call(self.exceeded).unreachable().end();
                self.count(&mut code);
            }
            // Never fits.
            None => {
                code.call(self.exceeded).unreachable();
            }
        }
        if self.saved.is_some() {
            code.block(self.results);
        }
    }

    /// Sets the counter to this function's own depth.
    fn count(&self, code: &mut InstructionSink<'_>) {
        if let Some(saved) = self.saved {
            code.local_get(saved).i32_const(self.cost.cast_signed()).i32_add().global_set(self.counter);
        }
    }

    /// Sets the counter to what it was on entry.
    fn put_back(&self, mut code: InstructionSink<'_>) {
        if let Some(saved) = self.saved {
            code.local_get(saved).global_set(self.counter);
        }
    }
}

/// Whether an operator leaves the function other than by its end.
fn leaves(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
    )
}
