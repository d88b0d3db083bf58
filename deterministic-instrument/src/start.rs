//! A core module that is instantiated without calling its start function, which it exports instead.
//!
//! Who runs it calls that function as soon as the instance is there. That is what instantiating does last of all, so the guest cannot
//! tell; but an instance whose start function traps is then at hand, which some engines do not give otherwise. Everything else in the
//! module stays as it is, byte for byte, custom sections too. Another module that is linked to it could see the added export; do not
//! show it.

use wasm_encoder::reencode::{Reencode as _, RoundtripReencoder};
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection, reencode};
use wasmparser::{ExportSectionReader, Parser, Payload};

/// The name of the added export.
pub const START_EXPORT: &str = "detwasi:start";

/// A module that calls nothing when it is instantiated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deferred {
    /// The module.
    pub wasm: Vec<u8>,
    /// The export, begun by [`START_EXPORT`], that is to be called before everything else: a function without parameters and results.
    /// `None` if there is no start function.
    pub start: Option<String>,
}

/// Why a start function cannot be taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The bytes are no core module; the source says where. Give a module that an engine takes.
    #[error("it cannot be read: {0}")]
    Read(#[from] wasmparser::Error),
    /// The module could not be encoded again; the source says why. It is run with its start function, or not at all.
    #[error("it cannot be rewritten to export its start function: {0}")]
    Encode(#[from] reencode::Error),
}

/// Has the valid core module `wasm` export its start function, and call it no more by itself. One without comes back as it was.
///
/// # Errors
///
/// See [`StartError`]. What is given must be valid: of what is not, the result is not.
pub fn defer_start(wasm: &[u8]) -> Result<Deferred, StartError> {
    let Some((function, name)) = start_function(wasm)? else {
        return Ok(Deferred { wasm: wasm.to_vec(), start: None });
    };
    let mut module = Module::new();
    let add_to = |exports: Option<ExportSectionReader<'_>>| -> Result<ExportSection, StartError> {
        let mut section = ExportSection::new();
        if let Some(exports) = exports {
            RoundtripReencoder.parse_export_section(&mut section, exports)?;
        }
        section.export(&name, ExportKind::Func, function);
        Ok(section)
    };
    let mut has_exports = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ExportSection(exports) => {
                has_exports = true;
                module.section(&add_to(Some(exports))?);
            }
            // Exports stand right before it.
            Payload::StartSection { .. } if has_exports => {}
            Payload::StartSection { .. } => _ = module.section(&add_to(None)?),
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection { id, data: &wasm[range] });
                }
            }
        }
    }
    Ok(Deferred { wasm: module.finish(), start: Some(name) })
}

/// The start function, and a name that no export has.
fn start_function(wasm: &[u8]) -> Result<Option<(u32, String)>, wasmparser::Error> {
    let mut exports = std::collections::BTreeSet::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ExportSection(section) => {
                for export in section {
                    exports.insert(export?.name.to_owned());
                }
            }
            Payload::StartSection { func, .. } => {
                let mut name = START_EXPORT.to_owned();
                while exports.contains(&name) {
                    name.push('\'');
                }
                return Ok(Some((func, name)));
            }
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deferred(text: &str) -> Deferred {
        let wasm = wat::parse_str(text).expect("a module");
        let deferred = defer_start(&wasm).expect("its start function can be taken out");
        wasmparser::Validator::new().validate_all(&deferred.wasm).expect("a valid module");
        assert_eq!(defer_start(&deferred.wasm).expect("a module").start, None, "none is left");
        deferred
    }

    #[test]
    fn it_is_the_same_module_but_for_that() {
        let with = |export: &str, start: &str| {
            format!(
                r#"(module (type $t (func)) (import "env" "f" (func $f (type $t))) (memory 1) (export "memory" (memory 0)) {export}
                    (func $s (type $t) (call $f)) {start} (elem declare func $f) (data "x") (@custom "own" "bytes"))"#
            )
        };
        for (names, name) in [
            ("", "detwasi:start"),
            (r#"(export "detwasi:start" (memory 0)) (export "detwasi:start'" (func 0))"#, "detwasi:start''"),
        ] {
            for function in ["$f", "$s"] {
                let export = format!(r#"{names} (export "{name}" (func {function}))"#);
                let deferred = deferred(&with(names, &format!("(start {function})")));
                assert_eq!(deferred.start.as_deref(), Some(name));
                assert_eq!(deferred.wasm, wat::parse_str(with(&export, "")).expect("a module"));
            }
        }
    }

    #[test]
    fn exports_are_added_where_there_are_none() {
        let given = "(module (func $s) (start $s) (memory 1) (data (i32.const 0) \"x\"))";
        let expected = r#"(module (func $s) (export "detwasi:start" (func $s)) (memory 1) (data (i32.const 0) "x"))"#;
        assert_eq!(deferred(given).wasm, wat::parse_str(expected).expect("a module"));
    }

    #[test]
    fn one_without_is_left_alone() {
        for text in ["(module)", r#"(module (func (export "detwasi:start")))"#] {
            assert_eq!(deferred(text), Deferred { wasm: wat::parse_str(text).expect("a module"), start: None });
        }
        assert!(matches!(defer_start(b"none"), Err(StartError::Read(_))));
    }
}
