//! What becomes of the names.

use wasm_encoder::{
    NameMap, NameSection,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{Name, NameSectionReader};

use super::EXCEEDED_FUNCTION;
use crate::rewriting::Result;

/// The name section with a name for the function that traps, which no other function may have.
pub(super) fn names(section: NameSectionReader<'_>, exceeded: u32) -> Result<NameSection> {
    let mut names = NameSection::new();
    let mut named = false;
    for subsection in section {
        match subsection? {
            Name::Function(functions) => {
                let mut map = NameMap::new();
                for function in functions {
                    let function = function?;
                    if function.name != EXCEEDED_FUNCTION && function.index < exceeded {
                        map.append(function.index, function.name);
                    }
                }
                map.append(exceeded, EXCEEDED_FUNCTION);
                names.functions(&map);
                named = true;
            }
            // Labels are numbered within their function, where there are now more of them.
            Name::Label(_) => {}
            other => RoundtripReencoder.parse_custom_name_subsection(&mut names, other)?,
        }
    }
    if !named {
        add_function_name(&mut names, exceeded);
    }
    Ok(names)
}

/// Adds a list of function names that holds only that of the function that traps.
pub(super) fn add_function_name(names: &mut NameSection, exceeded: u32) {
    let mut map = NameMap::new();
    map.append(exceeded, EXCEEDED_FUNCTION);
    names.functions(&map);
}
