//! A core module that exports each of its memories, so that whoever runs it can see what is in them.
//!
//! Its code and its numbering stay. The guest cannot tell: nobody in it asks what is exported. Another module that is linked to
//! it could; do not show it the added exports.

use wasm_encoder::{
    ExportKind, ExportSection, Module, reencode, reencode::Reencode as _, reencode::RoundtripReencoder,
};
use wasmparser::{CustomSectionReader, ExternalKind, Parser, Payload, TypeRef};

use crate::rewriting::{self, Rewriting};

/// What the names of added exports begin with. The number of the memory comes behind it.
pub const MEMORY_EXPORT: &str = "detwasi:memory:";

/// A module all of whose memories are exported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// The module.
    pub wasm: Vec<u8>,
    /// One export of each memory, those first that are imported: its own, the first by name if it has several, or one that begins with
    /// [`MEMORY_EXPORT`].
    pub memories: Vec<String>,
    /// Those of them that were added.
    pub added: Vec<String>,
}

/// Why a module's memories cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoriesError {
    /// The bytes are no core module; the source says where. Give a module that an engine takes.
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    /// The module could not be encoded again; the source says why. It is run without, or not at all.
    #[error("it cannot be rewritten to export its memories: {0}")]
    Encode(#[from] reencode::Error),
}

/// Has the valid core module `wasm` export each of its memories. One that does so comes back as it was.
///
/// Of custom sections only the names are kept: others are about the code as it was.
///
/// # Errors
///
/// See [`MemoriesError`]. What is given must be valid: of what is not, the result is not.
pub fn export_memories(wasm: &[u8]) -> Result<Exported, MemoriesError> {
    let mut rewriter = Rewriter::read(wasm)?;
    let wasm = if rewriter.added.is_empty() { wasm.to_vec() } else { rewriting::rewrite(wasm, &mut rewriter)? };
    let Rewriter { memories, added } = rewriter;
    Ok(Exported { wasm, memories, added: added.into_iter().map(|(name, _)| name).collect() })
}

struct Rewriter {
    memories: Vec<String>,
    /// With the memory's number.
    added: Vec<(String, u32)>,
}

impl Rewriter {
    fn read(wasm: &[u8]) -> Result<Self, wasmparser::Error> {
        let mut memories: Vec<Option<String>> = Vec::new();
        let mut exports = std::collections::BTreeSet::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if matches!(import?.ty, TypeRef::Memory(_)) {
                            memories.push(None);
                        }
                    }
                }
                Payload::MemorySection(section) => memories.extend((0..section.count()).map(|_| None)),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        exports.insert(export.name.to_owned());
                        let memory = memories.get_mut(export.index as usize);
                        if export.kind == ExternalKind::Memory
                            && let Some(memory) = memory
                            && memory.as_deref().is_none_or(|known| export.name < known)
                        {
                            *memory = Some(export.name.to_owned());
                        }
                    }
                }
                Payload::CodeSectionStart { .. } => break,
                _ => {}
            }
        }
        let mut added = Vec::new();
        let memories = (0..).zip(memories).map(|(index, name)| {
            name.unwrap_or_else(|| {
                let mut name = format!("{MEMORY_EXPORT}{index}");
                // Whoever has an export of that name keeps it.
                while exports.contains(&name) {
                    name.push('\'');
                }
                added.push((name.clone(), index));
                name
            })
        });
        let memories = memories.collect();
        Ok(Rewriter { memories, added })
    }
}

impl Rewriting for Rewriter {
    fn add_exports(&self, exports: &mut ExportSection) {
        for (name, index) in &self.added {
            exports.export(name, ExportKind::Memory, *index);
        }
    }

    fn custom_section(&mut self, module: &mut Module, section: CustomSectionReader<'_>) -> rewriting::Result {
        if section.name() == "name" { RoundtripReencoder.parse_custom_section(module, section) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(text: &str) -> Exported {
        let wasm = wat::parse_str(text).expect("a module");
        let exported = export_memories(&wasm).expect("its memories can be exported");
        wasmparser::Validator::new().validate_all(&exported.wasm).expect("a valid module");
        exported
    }

    #[test]
    fn each_memory_has_an_export() {
        let all = exported(
            r#"(module (import "env" "m" (memory 1)) (memory 1) (memory 1)
                (func (export "detwasi:memory:0")) (export "b" (memory 1)) (export "a" (memory 1)))"#,
        );
        assert_eq!(all.memories, ["detwasi:memory:0'", "a", "detwasi:memory:2"]);
        assert_eq!(all.added, ["detwasi:memory:0'", "detwasi:memory:2"]);
        assert_eq!(exported("(module (memory 1) (data (i32.const 0) \"x\"))").added, ["detwasi:memory:0"]);
    }

    #[test]
    fn what_exports_them_all_is_left_alone() {
        for text in ["(module)", r#"(module (memory (export "memory") 1) (func $named))"#] {
            assert_eq!(exported(text).wasm, wat::parse_str(text).expect("a module"), "{text}");
        }
        assert!(matches!(export_memories(b"none"), Err(MemoriesError::Read(_))));
    }
}
