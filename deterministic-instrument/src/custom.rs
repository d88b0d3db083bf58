//! What becomes of custom sections.

use wasm_encoder::NameSection;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::{Name, NameSectionReader};

use crate::rewriting::Result;

/// Whether the custom section `name` holds offsets into the code, which no longer fit.
pub(crate) fn is_about_code(name: &str) -> bool {
    const PREFIXES: [&str; 4] = [".debug_", "metadata.code.", "reloc.", ".zdebug_"];
    const NAMES: [&str; 3] = ["external_debug_info", "linking", "sourceMappingURL"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The name section without those of labels: they are numbered within their function, where there are now more of them.
pub(crate) fn without_labels(section: NameSectionReader<'_>) -> Result<NameSection> {
    let mut names = NameSection::new();
    for subsection in section {
        match subsection? {
            Name::Label(_) => {}
            other => RoundtripReencoder.parse_custom_name_subsection(&mut names, other)?,
        }
    }
    Ok(names)
}
