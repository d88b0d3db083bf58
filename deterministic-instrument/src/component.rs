//! The core modules in a component.
//!
//! A component's sections know nothing of where in it they stand, so one can take another's place while all around it stay,
//! byte for byte.

use wasm_encoder::{Component, RawSection};
use wasmparser::{ComponentInstance, Instance, Parser, Payload};

/// How deep components may be nested. Toolchains go no deeper than a few; each level is copied once more.
pub(crate) const MAX_NESTING: usize = 100;

/// Whether nothing in the component `wasm` is nested deeper than [`MAX_NESTING`]. What follows is called for those only.
pub(crate) fn is_shallow(wasm: &[u8]) -> wasmparser::Result<bool> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    Ok(deepest <= MAX_NESTING)
}

/// The valid component `wasm` with each of its core modules, and of those of components nested in it, put through `rewrite`.
///
/// # Errors
///
/// Those of `rewrite`, and whatever keeps the component from being read.
pub(crate) fn map_modules<E: From<wasmparser::Error>>(
    wasm: &[u8],
    rewrite: &mut impl FnMut(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let mut component = Component::new();
    for payload in sections(wasm) {
        let (payload, bytes) = payload?;
        let mut add = |data: &[u8]| {
            if let Some((id, _)) = payload.as_section() {
                component.section(&RawSection { id, data });
            }
        };
        match &payload {
            Payload::ModuleSection { .. } => add(&rewrite(bytes)?),
            Payload::ComponentSection { .. } => add(&map_modules(bytes, rewrite)?),
            _ => add(bytes),
        }
    }
    Ok(component.finish())
}

/// How many instances of core modules the valid component `wasm` has when it is instantiated, or a little more: one of a
/// component that is not defined in it counts as the largest of those that are.
pub(crate) fn module_instances(wasm: &[u8]) -> wasmparser::Result<usize> {
    let (mut own, mut nested, mut largest) = (0_usize, 0_usize, 0_usize);
    for payload in sections(wasm) {
        match payload? {
            (Payload::InstanceSection(section), _) => {
                for instance in section {
                    own += usize::from(matches!(instance?, Instance::Instantiate { .. }));
                }
            }
            (Payload::ComponentInstanceSection(section), _) => {
                for instance in section {
                    nested += usize::from(matches!(instance?, ComponentInstance::Instantiate { .. }));
                }
            }
            (Payload::ComponentSection { .. }, bytes) => largest = largest.max(module_instances(bytes)?),
            _ => {}
        }
    }
    Ok(own.saturating_add(nested.saturating_mul(largest)))
}

/// The sections of `wasm` itself, each with its content.
fn sections(wasm: &[u8]) -> impl Iterator<Item = wasmparser::Result<(Payload<'_>, &[u8])>> {
    // How far into nested modules and components the parser is, of which the section around them tells.
    let mut skipped_to = 0;
    Parser::new(0).parse_all(wasm).filter_map(move |payload| {
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => return Some(Err(error)),
        };
        let (_, range) = payload.as_section()?;
        if range.start < skipped_to {
            return None;
        }
        if let Payload::ModuleSection { .. } | Payload::ComponentSection { .. } = payload {
            skipped_to = range.end;
        }
        Some(Ok((payload, wasm.get(range)?)))
    })
}
