//! Encodes a module again with the counter, its export and the function that traps.

use std::{collections::HashMap, convert::Infallible};

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, Module, NameSection, SectionId, TypeSection, ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, ExportSectionReader, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, KnownCustom, NameSectionReader, TypeSectionReader,
};

use super::{CALL_DEPTH_EXPORT, CallCost, EXCEEDED, analyse::Analysis, body, custom};

type Result<T = ()> = std::result::Result<T, Error<Infallible>>;

/// Encodes the module that was analysed again.
pub(super) struct Rewriter {
    analysis: Analysis,
    limit: u32,
    cost: CallCost,
    /// The next body of the code section.
    next: usize,
    /// The types for blocks around bodies with several results, by the body's index.
    block_types: HashMap<usize, u32>,
    has_globals: bool,
    has_exports: bool,
    has_names: bool,
}

impl Rewriter {
    pub(super) fn new(analysis: Analysis, limit: u32, cost: CallCost) -> Self {
        Self {
            analysis,
            limit,
            cost,
            next: 0,
            block_types: HashMap::new(),
            has_globals: false,
            has_exports: false,
            has_names: false,
        }
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

    fn add_global(&mut self, globals: &mut GlobalSection) {
        self.has_globals = true;
        globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));
    }

    fn add_export(&mut self, exports: &mut ExportSection) {
        self.has_exports = true;
        exports.export(CALL_DEPTH_EXPORT, ExportKind::Global, self.counter());
    }

    /// The type of a block with the results of the function at `index` of the code section.
    fn block_type(&mut self, index: usize) -> Result<BlockType> {
        match *self.analysis.results(index) {
            [] => Ok(BlockType::Empty),
            [result] => Ok(BlockType::Result(self.val_type(result)?)),
            _ => {
                self.block_types.get(&index).copied().map(BlockType::FunctionType).ok_or(Error::InvalidCodeSectionSize)
            }
        }
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Result {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([], []);
        let mut next = self.exceeded_type() + 1;
        let mut known: HashMap<Vec<ValType>, u32> = HashMap::new();
        for index in 0..self.analysis.bodies.len() {
            let results = self.analysis.results(index).to_vec();
            if results.len() < 2 {
                continue;
            }
            let results = self.val_types(results)?;
            let block_type = *known.entry(results).or_insert_with_key(|results| {
                types.ty().function([], results.iter().copied());
                next += 1;
                next - 1
            });
            self.block_types.insert(index, block_type);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.exceeded_type());
        Ok(())
    }

    fn parse_global_section(&mut self, globals: &mut GlobalSection, section: GlobalSectionReader<'_>) -> Result {
        utils::parse_global_section(self, globals, section)?;
        self.add_global(globals);
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Result {
        utils::parse_export_section(self, exports, section)?;
        self.add_export(exports);
        Ok(())
    }

    /// Adds the sections that the module lacks. Its code section is always there: a module without is not rewritten.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result {
        use SectionId::{Code, DataCount, Element, Export, Start};
        if !self.has_globals && matches!(before, Some(Export | Start | Element | DataCount | Code)) {
            let mut globals = GlobalSection::new();
            self.add_global(&mut globals);
            module.section(&globals);
        }
        if !self.has_exports && matches!(before, Some(Start | Element | DataCount | Code)) {
            let mut exports = ExportSection::new();
            self.add_export(&mut exports);
            module.section(&exports);
        }
        if before.is_none() && !self.has_names {
            let mut names = NameSection::new();
            custom::add_function_name(&mut names, self.exceeded());
            module.section(&names);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result {
        utils::parse_code_section(self, code, section)?;
        let mut exceeded = Function::new([]);
        exceeded
            .instruction(&Instruction::I32Const(EXCEEDED))
            .instruction(&Instruction::GlobalSet(self.counter()))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
        code.function(&exceeded);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, function: FunctionBody<'_>) -> Result {
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
        code.function(&counting.rewrite(self, &function)?);
        Ok(())
    }

    fn parse_custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result {
        if let KnownCustom::Name(names) = section.as_known() {
            // A name section that cannot be read is no error of the module; it just says nothing.
            if let Ok(names) = self.custom_name_section(names) {
                module.section(&names);
                self.has_names = true;
            }
        } else if !custom::is_about_code(section.name()) {
            module.section(&CustomSection::from(section));
        }
        Ok(())
    }

    fn custom_name_section(&mut self, section: NameSectionReader<'_>) -> Result<NameSection> {
        let exceeded = self.exceeded();
        custom::names(self, section, exceeded)
    }
}
