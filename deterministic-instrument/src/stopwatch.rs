//! A stopwatch around the imported functions of a core module.
//!
//! Each imported function that is to be measured gets a function in the module that calls [`BEGIN`], the import and [`END`],
//! and that takes its place wherever the module uses it: calls, references, exports. So the import is still called by the
//! same instance, whose memory it finds.

use std::collections::BTreeMap;

use wasm_encoder::{
    CodeSection, EntityType, Function, FunctionSection, ImportSection, Instruction, Module, TypeSection, ValType,
    reencode,
};
use wasmparser::CustomSectionReader;

use crate::rewriting::{self, Rewriting};
use crate::summary::{Import, Summary};

/// Where the two functions of the host's are imported from.
pub const HOST: &str = "detwasi:compare";
/// Takes an `i32`: the number of the function that is about to be called.
pub const BEGIN: &str = "begin";
/// Takes nothing.
pub const END: &str = "end";

/// Two more imports: all defined functions move by as many.
const ADDED: u32 = 2;

/// A module with its stopwatch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timed {
    /// The module.
    pub wasm: Vec<u8>,
    /// The functions that are measured, each once, by the number that [`BEGIN`] is given.
    pub names: Vec<String>,
}

/// Why a module could not be given a stopwatch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StopwatchError {
    /// It calls nothing itself. Measure the modules that do.
    #[error("it defines no function of its own")]
    NoFunctions,
    /// The bytes are no core module; the source says where. Give a module that an engine takes.
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    /// The module could not be encoded again; the source says why. It is measured without, or not at all.
    #[error("it cannot be encoded again: {0}")]
    Encode(#[from] reencode::Error),
}

/// Gives the valid core module `wasm` a stopwatch around each function that it imports from one of the modules `from`.
///
/// The result imports [`BEGIN`] and [`END`] from [`HOST`] as well. Functions of one name are one, whichever module they are
/// from. Custom sections are left out, since they are about the code as it was.
///
/// # Errors
///
/// See [`StopwatchError`]. What is given must be valid: of what is not, the result is not.
pub fn add_stopwatch(wasm: &[u8], from: &[&str]) -> Result<Timed, StopwatchError> {
    let mut rewriter = Rewriter::read(wasm, from)?;
    if rewriter.summary.defined() == 0 {
        return Err(StopwatchError::NoFunctions);
    }
    let wasm = rewriting::rewrite(wasm, &mut rewriter)?;
    Ok(Timed { wasm, names: rewriter.names })
}

#[derive(Debug)]
struct Rewriter {
    summary: Summary,
    /// The functions that are measured, each once.
    names: Vec<String>,
    /// By imported function.
    wrappers: Vec<Option<Wrapper>>,
}

#[derive(Clone, Copy, Debug)]
struct Wrapper {
    /// Among the wrappers.
    index: u32,
    /// Its place in [`Rewriter::names`].
    name: u32,
}

impl Rewriter {
    fn read(wasm: &[u8], from: &[&str]) -> Result<Self, wasmparser::Error> {
        let summary = Summary::read(wasm)?;
        let (mut names, mut places, mut wrapped) = (Vec::new(), BTreeMap::new(), 0);
        let wrapper = |import: &Import| {
            from.contains(&import.module.as_str()).then(|| {
                let name = *places.entry(import.name.clone()).or_insert_with_key(|name| {
                    names.push(name.clone());
                    names.len() as u32 - 1
                });
                wrapped += 1;
                Wrapper { index: wrapped - 1, name }
            })
        };
        let wrappers = summary.imports.iter().map(wrapper).collect();
        Ok(Rewriter { summary, names, wrappers })
    }

    fn begin(&self) -> u32 {
        self.summary.imported()
    }

    fn end(&self) -> u32 {
        self.begin() + 1
    }

    /// The type of [`BEGIN`]; that of [`END`] follows. After all others, so that those stay.
    fn begin_type(&self) -> u32 {
        self.summary.types.len() as u32
    }

    /// Each wrapped import with its index.
    fn wrappers(&self) -> impl Iterator<Item = (u32, &Import, Wrapper)> {
        let imports = self.summary.imports.iter().zip(&self.wrappers);
        (0..).zip(imports).filter_map(|(index, (import, wrapper))| Some((index, import, (*wrapper)?)))
    }
}

impl Rewriting for Rewriter {
    fn add_types(&mut self, types: &mut TypeSection) -> rewriting::Result {
        types.ty().function([ValType::I32], []);
        types.ty().function([], []);
        Ok(())
    }

    fn add_imports(&self, imports: &mut ImportSection) {
        imports.import(HOST, BEGIN, EntityType::Function(self.begin_type()));
        imports.import(HOST, END, EntityType::Function(self.begin_type() + 1));
    }

    fn add_functions(&self, functions: &mut FunctionSection) {
        for (_, import, _) in self.wrappers() {
            functions.function(import.ty);
        }
    }

    fn add_bodies(&self, code: &mut CodeSection) {
        for (index, import, wrapper) in self.wrappers() {
            let mut body = Function::new([]);
            body.instruction(&Instruction::I32Const(wrapper.name as i32)).instruction(&Instruction::Call(self.begin()));
            let params = self.summary.function_type(import.ty).map_or(0, |ty| ty.params().len() as u32);
            for param in 0..params {
                body.instruction(&Instruction::LocalGet(param));
            }
            // What the import returns stays on the stack.
            body.instruction(&Instruction::Call(index))
                .instruction(&Instruction::Call(self.end()))
                .instruction(&Instruction::End);
            code.function(&body);
        }
    }

    fn function_index(&self, function: u32) -> u32 {
        match self.wrappers.get(function as usize) {
            None => function + ADDED,
            Some(None) => function,
            Some(Some(wrapper)) => self.summary.functions() + ADDED + wrapper.index,
        }
    }

    fn custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> rewriting::Result {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::Parser;

    use super::*;

    const WASI: &[&str] = &["wasi_snapshot_preview1", "wasi_unstable"];

    fn validated(text: &str) -> Timed {
        let wasm = wat::parse_str(text).expect("a module");
        let timed = add_stopwatch(&wasm, WASI).expect("it can be given a stopwatch");
        wasmparser::Validator::new().validate_all(&timed.wasm).expect("a valid module");
        timed
    }

    #[test]
    fn every_use_of_an_import_goes_through_its_wrapper() {
        let timed = validated(
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
        assert_eq!(timed.names, ["fd_close", "proc_exit"]);
        // Only wrappers call what is wrapped: every body but the last three is the module's own.
        let mut calls = Vec::new();
        for payload in Parser::new(0).parse_all(&timed.wasm) {
            if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("valid") {
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
    fn a_module_without_imports_stays_valid() {
        let timed = validated(r#"(module (func $own (export "own")) (func (call $own)) (start 1))"#);
        assert!(timed.names.is_empty());
    }

    #[test]
    fn a_module_of_imports_alone_is_left_alone() {
        let wasm = wat::parse_str(r#"(module (import "env" "f" (func)))"#).expect("a module");
        assert!(matches!(add_stopwatch(&wasm, WASI), Err(StopwatchError::NoFunctions)));
    }
}
