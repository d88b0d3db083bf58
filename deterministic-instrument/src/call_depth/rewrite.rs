//! What a module gets for its limit: the counter, its export and the function that traps.

use std::collections::HashMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, Module, NameSection, TypeSection, ValType,
    reencode::{Error, Reencode, RoundtripReencoder},
};
use wasmparser::{CustomSectionReader, FunctionBody, KnownCustom};

use super::{CALL_DEPTH_EXPORT, CallCost, EXCEEDED, analyse::Analysis, body, custom};
use crate::custom::is_about_code;
use crate::rewriting::{Result, Rewriting};

/// Encodes the module that was analysed again.
pub(super) struct Rewriter {
    analysis: Analysis,
    limit: u32,
    cost: CallCost,
    /// The next body of the code section.
    next: usize,
    /// The types for blocks around bodies with several results, by the body's index.
    block_types: HashMap<usize, u32>,
    has_names: bool,
}

impl Rewriter {
    pub(super) fn new(analysis: Analysis, limit: u32, cost: CallCost) -> Self {
        Self { analysis, limit, cost, next: 0, block_types: HashMap::new(), has_names: false }
    }

    /// The counter: after all other globals, so that their indices stay.
    fn counter(&self) -> u32 {
        self.analysis.summary.globals
    }

    /// The function that traps: after all other functions, so that their indices stay.
    fn exceeded(&self) -> u32 {
        self.analysis.summary.functions()
    }

    /// The type of [`exceeded`](Self::exceeded).
    fn exceeded_type(&self) -> u32 {
        self.analysis.summary.types.len() as u32
    }

    /// The type of a block with the results of the function at `index` of the code section.
    fn block_type(&mut self, index: usize) -> Result<BlockType> {
        match *self.analysis.results(index) {
            [] => Ok(BlockType::Empty),
            [result] => Ok(BlockType::Result(RoundtripReencoder.val_type(result)?)),
            _ => {
                self.block_types.get(&index).copied().map(BlockType::FunctionType).ok_or(Error::InvalidCodeSectionSize)
            }
        }
    }
}

impl Rewriting for Rewriter {
    fn add_types(&mut self, types: &mut TypeSection) -> Result {
        types.ty().function([], []);
        let mut next = self.exceeded_type() + 1;
        let mut known: HashMap<Vec<ValType>, u32> = HashMap::new();
        for index in 0..self.analysis.bodies.len() {
            let results = self.analysis.results(index).to_vec();
            if results.len() < 2 {
                continue;
            }
            let results = RoundtripReencoder.val_types(results)?;
            let block_type = *known.entry(results).or_insert_with_key(|results| {
                types.ty().function([], results.iter().copied());
                next += 1;
                next - 1
            });
            self.block_types.insert(index, block_type);
        }
        Ok(())
    }

    fn add_functions(&self, functions: &mut FunctionSection) {
        functions.function(self.exceeded_type());
    }

    fn add_globals(&self, globals: &mut GlobalSection) {
        globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));
    }

    fn add_exports(&self, exports: &mut ExportSection) {
        exports.export(CALL_DEPTH_EXPORT, ExportKind::Global, self.counter());
    }

    fn add_bodies(&self, code: &mut CodeSection) {
        let mut exceeded = Function::new([]);
        exceeded
            .instruction(&Instruction::I32Const(EXCEEDED))
            .instruction(&Instruction::GlobalSet(self.counter()))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
        code.function(&exceeded);
    }

    fn body(&mut self, function: &FunctionBody<'_>) -> Result<Option<Function>> {
        let index = self.next;
        self.next += 1;
        let results = self.block_type(index)?;
        let cost = self.analysis.cost(index, self.cost);
        let (counter, exceeded) = (self.counter(), self.exceeded());
        let body = self.analysis.bodies.get_mut(index).ok_or(Error::InvalidCodeSectionSize)?;
        let counting = body::Counting {
            counter,
            exceeded,
            limit: self.limit,
            cost,
            saved: body.calls.then_some(body.locals),
            results,
            landings: std::mem::take(&mut body.landings),
        };
        counting.rewrite(function).map(Some)
    }

    fn custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result {
        if let KnownCustom::Name(names) = section.as_known() {
            // A module is valid even if its name section cannot be read; it then has no names.
            if let Ok(names) = custom::names(names, self.exceeded()) {
                module.section(&names);
                self.has_names = true;
            }
        } else if !is_about_code(section.name()) {
            module.section(&CustomSection::from(section));
        }
        Ok(())
    }

    fn add_custom_sections(&self, module: &mut Module) {
        if !self.has_names {
            let mut names = NameSection::new();
            custom::add_function_name(&mut names, self.exceeded());
            module.section(&names);
        }
    }
}
