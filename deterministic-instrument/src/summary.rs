//! What the rewritings need to know of a module before its sections are encoded again.

use wasmparser::{CompositeInnerType, FuncType, Parser, Payload, TypeRef};

/// How many of each kind a core module has, and of what type.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// By type index; `None` is not a function type.
    pub(crate) types: Vec<Option<FuncType>>,
    /// The imported functions.
    pub(crate) imports: Vec<Import>,
    /// The type indices of the defined functions.
    pub(crate) signatures: Vec<u32>,
    /// How many globals are imported and defined.
    pub(crate) globals: u32,
    /// Of each memory, and of each table, whether it is addressed by 64 bits.
    pub(crate) memories: Vec<bool>,
    pub(crate) tables: Vec<bool>,
}

/// An imported function.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) name: String,
    /// Its type's index.
    pub(crate) ty: u32,
}

impl Summary {
    /// Takes a section into account.
    pub(crate) fn section(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    self.types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(function) => Some(function),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => self.imports.push(Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                            ty,
                        }),
                        TypeRef::Global(_) => self.globals += 1,
                        TypeRef::Memory(memory) => self.memories.push(memory.memory64),
                        TypeRef::Table(table) => self.tables.push(table.table64),
                        TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for signature in section.clone() {
                    self.signatures.push(signature?);
                }
            }
            Payload::GlobalSection(section) => self.globals += section.count(),
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    self.memories.push(memory?.memory64);
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.tables.push(table?.ty.table64);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many functions are imported.
    pub(crate) fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// How many functions are defined.
    pub(crate) fn defined(&self) -> u32 {
        self.signatures.len() as u32
    }

    /// Reads all of `wasm`.
    pub(crate) fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let mut summary = Summary::default();
        for payload in Parser::new(0).parse_all(wasm) {
            summary.section(&payload?)?;
        }
        Ok(summary)
    }

    /// How many functions there are, and so the index of the next one.
    pub(crate) fn functions(&self) -> u32 {
        self.imported() + self.defined()
    }

    /// The type with this index, if it is a function's.
    pub(crate) fn function_type(&self, index: u32) -> Option<&FuncType> {
        self.types.get(index as usize).and_then(Option::as_ref)
    }
}
