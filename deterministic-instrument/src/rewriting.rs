//! What all rewritings have in common: a module is copied section by section, and what is added stands at the end of each list,
//! so that the indices of what was there stay.

use std::convert::Infallible;

use wasm_encoder::{
    CodeSection, ExportSection, Function, FunctionSection, GlobalSection, ImportSection, Module, SectionId,
    TypeSection, reencode,
    reencode::{Reencode, utils},
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, ExportSectionReader, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, ImportSectionReader, Parser, TypeSectionReader,
};

pub(crate) type Result<T = ()> = std::result::Result<T, reencode::Error>;

/// What a rewriting adds and changes, in the order of the sections. Whatever it does not mention is copied.
pub(crate) trait Rewriting {
    fn add_types(&mut self, _types: &mut TypeSection) -> Result {
        Ok(())
    }

    /// Functions that are imported last move those that are defined: see [`function_index`](Self::function_index).
    fn add_imports(&self, _imports: &mut ImportSection) {}

    fn add_functions(&self, _functions: &mut FunctionSection) {}

    fn add_globals(&self, _globals: &mut GlobalSection) {}

    fn add_exports(&self, _exports: &mut ExportSection) {}

    /// The bodies of the added functions.
    fn add_bodies(&self, _code: &mut CodeSection) {}

    /// The next defined function; `None` if it is copied.
    fn body(&mut self, _body: &FunctionBody<'_>) -> Result<Option<Function>> {
        Ok(None)
    }

    /// What is used in place of a function.
    fn function_index(&self, function: u32) -> u32 {
        function
    }

    /// Custom sections may be about the code as it was, so each rewriting says which it keeps.
    fn custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result;

    /// Adds custom sections after all others.
    fn add_custom_sections(&self, _module: &mut Module) {}
}

/// The module `wasm`, which must be valid, after `rewriting`.
pub(crate) fn rewrite(wasm: &[u8], rewriting: &mut impl Rewriting) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut copy = Copying { rewriting, has_imports: false, has_globals: false, has_exports: false };
    copy.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// A module on its way through a rewriting, with which of the sections that may be missing were written.
struct Copying<'a, R> {
    rewriting: &'a mut R,
    has_imports: bool,
    has_globals: bool,
    has_exports: bool,
}

impl<R: Rewriting> Copying<'_, R> {
    fn end_imports(&mut self, imports: &mut ImportSection) {
        self.has_imports = true;
        self.rewriting.add_imports(imports);
    }

    fn end_globals(&mut self, globals: &mut GlobalSection) {
        self.has_globals = true;
        self.rewriting.add_globals(globals);
    }

    fn end_exports(&mut self, exports: &mut ExportSection) {
        self.has_exports = true;
        self.rewriting.add_exports(exports);
    }
}

impl<R: Rewriting> Reencode for Copying<'_, R> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32> {
        Ok(self.rewriting.function_index(function))
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Result {
        utils::parse_type_section(self, types, section)?;
        self.rewriting.add_types(types)
    }

    fn parse_import_section(&mut self, imports: &mut ImportSection, section: ImportSectionReader<'_>) -> Result {
        utils::parse_import_section(self, imports, section)?;
        self.end_imports(imports);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result {
        utils::parse_function_section(self, functions, section)?;
        self.rewriting.add_functions(functions);
        Ok(())
    }

    fn parse_global_section(&mut self, globals: &mut GlobalSection, section: GlobalSectionReader<'_>) -> Result {
        utils::parse_global_section(self, globals, section)?;
        self.end_globals(globals);
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Result {
        utils::parse_export_section(self, exports, section)?;
        self.end_exports(exports);
        Ok(())
    }

    /// Adds the sections that the module lacks. Those of functions and code are there, or nothing would be rewritten.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result {
        use SectionId::{Code, Data, DataCount, Element, Export, Function, Global, Memory, Start, Table, Tag};
        let is_behind_exports = matches!(before, None | Some(Start | Element | DataCount | Code | Data));
        let is_behind_globals = is_behind_exports || before == Some(Export);
        let is_behind_imports = is_behind_globals || matches!(before, Some(Function | Table | Memory | Tag | Global));
        if !self.has_imports && is_behind_imports {
            let mut imports = ImportSection::new();
            self.end_imports(&mut imports);
            if !imports.is_empty() {
                module.section(&imports);
            }
        }
        if !self.has_globals && is_behind_globals {
            let mut globals = GlobalSection::new();
            self.end_globals(&mut globals);
            if !globals.is_empty() {
                module.section(&globals);
            }
        }
        if !self.has_exports && is_behind_exports {
            let mut exports = ExportSection::new();
            self.end_exports(&mut exports);
            if !exports.is_empty() {
                module.section(&exports);
            }
        }
        if before.is_none() {
            self.rewriting.add_custom_sections(module);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result {
        utils::parse_code_section(self, code, section)?;
        self.rewriting.add_bodies(code);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result {
        match self.rewriting.body(&body)? {
            Some(function) => code.function(&function),
            None => return utils::parse_function_body(self, code, body),
        };
        Ok(())
    }

    fn parse_custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> Result {
        self.rewriting.custom_section(module, section)
    }
}
