//! Puts a stopwatch around the host calls of a core module.
//!
//! Each imported function of WASI gets a function in the module that calls [`BEGIN`], the import and [`END`], and that
//! takes its place wherever the module uses it: calls, references, exports. So the import is still called by the same
//! instance, whose memory it finds.

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, EntityType, Function, FunctionSection, ImportSection, Instruction, Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, CompositeInnerType, CustomSectionReader, FunctionSectionReader, ImportSectionReader, Parser,
    Payload, TypeRef, TypeSectionReader,
};

/// Where the two functions of the host's are imported from.
pub(super) const HOST: &str = "detwasi:compare";
/// Takes the number of the function that is about to be called.
pub(super) const BEGIN: &str = "begin";
/// Takes nothing.
pub(super) const END: &str = "end";

/// Two more imports: all defined functions move by as many.
const ADDED: u32 = 2;

/// A module with its stopwatch.
#[derive(Debug)]
pub(super) struct Instrumented {
    pub(super) wasm: Vec<u8>,
    /// The functions of WASI, by the number that [`BEGIN`] is given.
    pub(super) names: Vec<String>,
}

/// Why a module could not be given a stopwatch.
#[derive(Debug, thiserror::Error)]
pub(super) enum InstrumentError {
    #[error("it defines no function of its own")]
    NoFunctions,
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    #[error("it cannot be encoded again: {0}")]
    Encode(#[from] reencode::Error),
}

/// Gives the valid core module `wasm` a stopwatch. Custom sections are left out, since they speak of the code as it was.
pub(super) fn instrument(wasm: &[u8]) -> Result<Instrumented, InstrumentError> {
    let mut rewriter = Rewriter::read(wasm)?;
    if rewriter.defined == 0 {
        return Err(InstrumentError::NoFunctions);
    }
    let mut module = Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(Instrumented { wasm: module.finish(), names: rewriter.names })
}

#[derive(Debug, Default)]
struct Rewriter {
    /// How many parameters each type has; 0 for those of no function.
    params: Vec<u32>,
    /// The imported functions.
    imports: Vec<Import>,
    /// How many functions the module defines.
    defined: u32,
    /// The functions of WASI that are imported, each once.
    names: Vec<String>,
    /// How many imports are wrapped.
    wrapped: u32,
}

#[derive(Debug)]
struct Import {
    ty: u32,
    wrapper: Option<Wrapper>,
}

#[derive(Clone, Copy, Debug)]
struct Wrapper {
    /// Among the wrappers.
    index: u32,
    /// Its place in [`Rewriter::names`].
    name: u32,
}

type Result_<T = ()> = Result<T, reencode::Error<Infallible>>;

impl Rewriter {
    fn read(wasm: &[u8]) -> Result<Self, wasmparser::Error> {
        let mut this = Rewriter::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        this.params.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                            CompositeInnerType::Func(function) => function.params().len() as u32,
                            _ => 0,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty {
                            this.import(import.module, import.name, ty);
                        }
                    }
                }
                Payload::FunctionSection(section) => this.defined = section.count(),
                _ => {}
            }
        }
        Ok(this)
    }

    fn import(&mut self, module: &str, name: &str, ty: u32) {
        let is_wasi = ["wasi_snapshot_preview1", "wasi_unstable"].contains(&module);
        let wrapper = is_wasi.then(|| {
            let known = self.names.iter().position(|known| known == name);
            let place = known.unwrap_or_else(|| {
                self.names.push(name.to_owned());
                self.names.len() - 1
            });
            self.wrapped += 1;
            Wrapper { index: self.wrapped - 1, name: place as u32 }
        });
        self.imports.push(Import { ty, wrapper });
    }

    fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    fn begin(&self) -> u32 {
        self.imported()
    }

    fn end(&self) -> u32 {
        self.imported() + 1
    }

    /// The type of [`BEGIN`]; that of [`END`] follows. After all others, so that those stay.
    fn begin_type(&self) -> u32 {
        self.params.len() as u32
    }

    /// Each wrapped import with its index.
    fn wrappers(&self) -> impl Iterator<Item = (u32, &Import, Wrapper)> {
        (0..).zip(&self.imports).filter_map(|(index, import)| Some((index, import, import.wrapper?)))
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result_<u32> {
        Ok(match self.imports.get(function as usize) {
            None => function + ADDED,
            Some(Import { wrapper: None, .. }) => function,
            Some(Import { wrapper: Some(wrapper), .. }) => self.imported() + ADDED + self.defined + wrapper.index,
        })
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Result_ {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], []);
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(&mut self, imports: &mut ImportSection, section: ImportSectionReader<'_>) -> Result_ {
        utils::parse_import_section(self, imports, section)?;
        imports.import(HOST, BEGIN, EntityType::Function(self.begin_type()));
        imports.import(HOST, END, EntityType::Function(self.begin_type() + 1));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result_ {
        utils::parse_function_section(self, functions, section)?;
        for (_, import, _) in self.wrappers() {
            functions.function(import.ty);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result_ {
        utils::parse_code_section(self, code, section)?;
        for (index, import, wrapper) in self.wrappers() {
            let mut body = Function::new([]);
            body.instruction(&Instruction::I32Const(wrapper.name as i32)).instruction(&Instruction::Call(self.begin()));
            for param in 0..self.params.get(import.ty as usize).copied().unwrap_or_default() {
                body.instruction(&Instruction::LocalGet(param));
            }
            // What the import returns stays on the stack.
            body.instruction(&Instruction::Call(index))
                .instruction(&Instruction::Call(self.end()))
                .instruction(&Instruction::End);
            code.function(&body);
        }
        Ok(())
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> Result_ {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validated(text: &str) -> Instrumented {
        let wasm = wat::parse_str(text).expect("a module");
        let instrumented = instrument(&wasm).expect("it can be given a stopwatch");
        wasmparser::Validator::new().validate_all(&instrumented.wasm).expect("a valid module");
        instrumented
    }

    #[test]
    fn every_use_of_an_import_goes_through_its_wrapper() {
        let instrumented = validated(
            r#"(module
                (import "env" "other" (func $other (result i64)))
                (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
                (import "wasi_unstable" "fd_close" (func $old (param i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (table 4 funcref)
                (global funcref (ref.func $close))
                (export "close" (func $close))
                (export "other" (func $other))
                (elem (i32.const 0) $close $other $own)
                (elem declare func $exit)
                (func $own (drop (ref.func $exit)) (drop (call $old (call $close (i32.const 1)))) (return_call $exit (i32.const 0)))
                (start $own))"#,
        );
        assert_eq!(instrumented.names, ["fd_close", "proc_exit"]);
        // Only wrappers call what is wrapped: every body but the last three is the module's own.
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(&instrumented.wasm) {
            if let Payload::CodeSectionEntry(body) = payload.expect("valid") {
                let operators = body.get_operators_reader().expect("valid").into_iter().map(|op| op.expect("valid"));
                calls.push(
                    operators
                        .filter_map(|operator| match operator {
                            wasmparser::Operator::Call { function_index }
                            | wasmparser::Operator::ReturnCall { function_index }
                            | wasmparser::Operator::RefFunc { function_index } => Some(function_index),
                            _ => None,
                        })
                        .collect::<Vec<_>>(),
                );
            }
        }
        assert_eq!(calls, [vec![9, 7, 8, 9], vec![4, 1, 5], vec![4, 2, 5], vec![4, 3, 5]]);
    }

    #[test]
    fn a_module_of_imports_alone_is_left_alone() {
        let wasm = wat::parse_str(r#"(module (import "env" "f" (func)))"#).expect("a module");
        assert!(matches!(instrument(&wasm), Err(InstrumentError::NoFunctions)));
    }
}
