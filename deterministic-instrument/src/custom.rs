//! What becomes of custom sections.

/// Whether the custom section `name` holds offsets into the code, which no longer fit.
pub(crate) fn is_about_code(name: &str) -> bool {
    const PREFIXES: [&str; 4] = [".debug_", "metadata.code.", "reloc.", ".zdebug_"];
    const NAMES: [&str; 3] = ["external_debug_info", "linking", "sourceMappingURL"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
