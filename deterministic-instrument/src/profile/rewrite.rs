//! What a module gets to be profiled: its counters, their exports, and the instructions that count.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, CustomSection, ExportKind, ExportSection, Function, GlobalSection, GlobalType, InstructionSink, Module,
    ValType,
};
use wasmparser::{CustomSectionReader, FunctionBody, KnownCustom, Operator};

use super::counters as names;
use crate::rewriting::{self, Result, Rewriting};
use crate::summary::Summary;

/// The module `wasm` with its counters.
pub(super) fn rewrite(wasm: &[u8], summary: Summary) -> Result<Vec<u8>> {
    rewriting::rewrite(wasm, &mut Rewriter { summary, next: 0 })
}

struct Rewriter {
    summary: Summary,
    /// The next of them in the code section.
    next: u32,
}

/// Where a function counts. Behind the module's own globals, so that those stay: two to put a length aside, and two for each
/// function.
#[derive(Clone, Copy)]
struct Counters {
    aside32: u32,
    aside64: u32,
    calls: u32,
    fuel: u32,
}

impl Rewriter {
    fn counters(&self, function: u32) -> Counters {
        let first = self.summary.globals;
        let calls = first + 2 + 2 * function;
        Counters { aside32: first, aside64: first + 1, calls, fuel: calls + 1 }
    }

    /// What the length on top of the stack is counted in, of an instruction that works in bulk.
    fn length(&self, operator: &Operator<'_>) -> Option<ValType> {
        let is_64 = |list: &[bool], index: u32| list.get(index as usize).copied().unwrap_or_default();
        let memory = |index: &u32| is_64(&self.summary.memories, *index);
        let table = |index: &u32| is_64(&self.summary.tables, *index);
        let is_64 = match operator {
            Operator::MemoryCopy { dst_mem, src_mem } => memory(dst_mem) && memory(src_mem),
            Operator::MemoryFill { mem } => memory(mem),
            Operator::TableCopy { dst_table, src_table } => table(dst_table) && table(src_table),
            Operator::TableFill { table: index } | Operator::TableGrow { table: index } => table(index),
            Operator::MemoryInit { .. }
            | Operator::TableInit { .. }
            | Operator::ArrayCopy { .. }
            | Operator::ArrayFill { .. }
            | Operator::ArrayInitData { .. }
            | Operator::ArrayInitElem { .. }
            | Operator::ArrayNew { .. }
            | Operator::ArrayNewData { .. }
            | Operator::ArrayNewDefault { .. }
            | Operator::ArrayNewElem { .. } => false,
            _ => return None,
        };
        Some(if is_64 { ValType::I64 } else { ValType::I32 })
    }
}

impl Counters {
    /// Adds a number that is known.
    fn add(counter: u32, number: i64, mut code: InstructionSink<'_>) {
        if number != 0 {
            code.global_get(counter).i64_const(number).i64_add().global_set(counter);
        }
    }

    /// Adds the length on top of the stack, and leaves it there.
    fn add_length(self, length: ValType, mut code: InstructionSink<'_>) {
        let aside = if length == ValType::I64 { self.aside64 } else { self.aside32 };
        code.global_set(aside).global_get(self.fuel).global_get(aside);
        if length != ValType::I64 {
            code.i64_extend_i32_u();
        }
        code.i64_add().global_set(self.fuel).global_get(aside);
    }
}

impl Rewriting for Rewriter {
    fn add_globals(&self, globals: &mut GlobalSection) {
        let of = |val_type| GlobalType { val_type, mutable: true, shared: false };
        globals.global(of(ValType::I32), &ConstExpr::i32_const(0));
        for _ in 0..1 + 2 * self.summary.defined() {
            globals.global(of(ValType::I64), &ConstExpr::i64_const(0));
        }
    }

    fn add_exports(&self, section: &mut ExportSection) {
        for (at, function) in (0..).zip(0..self.summary.defined()) {
            let counters = self.counters(function);
            for (name, global) in names(at).iter().zip([counters.calls, counters.fuel]) {
                section.export(name, ExportKind::Global, global);
            }
        }
    }

    /// The counters are brought up to date where the engine does so with fuel: before whatever may go elsewhere.
    fn body(&mut self, body: &FunctionBody<'_>) -> Result<Option<Function>> {
        let counters = self.counters(self.next);
        self.next += 1;
        let mut function = RoundtripReencoder.new_function_with_parsed_locals(body)?;
        Counters::add(counters.calls, 1, function.instructions());
        // For the call itself.
        let mut spent = 1;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            spent += cost(&operator);
            if goes_elsewhere(&operator) {
                Counters::add(counters.fuel, std::mem::take(&mut spent), function.instructions());
            }
            if let Some(length) = self.length(&operator) {
                counters.add_length(length, function.instructions());
            }
            function.instruction(&RoundtripReencoder.instruction(operator)?);
        }
        Ok(Some(function))
    }

    /// Names stay as they are. All else is about the code as it was.
    fn custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result {
        if let KnownCustom::Name(_) = section.as_known() {
            module.section(&CustomSection::from(section));
        }
        Ok(())
    }
}

/// What the engine takes for an instruction, beside what works in bulk.
fn cost(operator: &Operator<'_>) -> i64 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Unreachable
        | Operator::Return
        | Operator::Else
        | Operator::End => 0,
        _ => 1,
    }
}

/// Whether the next instruction is not always the next one to be done, or can be reached from elsewhere.
fn goes_elsewhere(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Unreachable
            | Operator::Return
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
    )
}
