//! What there is to know of a module before it is written anew.

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// What a module has of each kind.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// How many functions it imports.
    pub(super) imported: u32,
    /// The names of those that it defines.
    pub(super) names: Vec<Option<String>>,
    /// How many globals it imports and defines.
    pub(super) globals: u32,
    /// Of each memory, and of each table, whether it is addressed by 64 bits.
    pub(super) memories: Vec<bool>,
    pub(super) tables: Vec<bool>,
}

impl Shape {
    pub(super) fn read(wasm: &[u8]) -> Result<Self, wasmparser::Error> {
        let mut shape = Shape::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => shape.imported += 1,
                            TypeRef::Global(_) => shape.globals += 1,
                            TypeRef::Memory(memory) => shape.memories.push(memory.memory64),
                            TypeRef::Table(table) => shape.tables.push(table.table64),
                            TypeRef::Tag(_) => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => shape.names.resize(section.count() as usize, None),
                Payload::GlobalSection(section) => shape.globals += section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        shape.memories.push(memory?.memory64);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        shape.tables.push(table?.ty.table64);
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        shape.read_names(names);
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// A name section that cannot be read says nothing, and is no fault of the module's.
    fn read_names(&mut self, section: wasmparser::NameSectionReader<'_>) {
        for names in section.into_iter().map_while(Result::ok) {
            let Name::Function(names) = names else { continue };
            for naming in names.into_iter().map_while(Result::ok) {
                let place = naming.index.checked_sub(self.imported).and_then(|at| self.names.get_mut(at as usize));
                if let Some(place) = place {
                    *place = Some(naming.name.to_owned());
                }
            }
        }
    }
}
