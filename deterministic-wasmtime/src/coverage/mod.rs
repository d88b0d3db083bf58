//! Coverage: each import of a guest with one label that says why two runs get the same answers from it.
//!
//! ```
//! use deterministic_wasmtime::coverage::{Coverage, Label};
//! use wasmtime::{Engine, Module};
//!
//! let engine = Engine::default();
//! let module = Module::new(&engine, r#"(module
//!     (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
//!     (import "env" "now" (func (result i64))))"#)?;
//! let coverage = Coverage::of_module(&module);
//! assert_eq!(coverage.imports()[0].label, Label::Virtual);
//! assert_eq!(coverage.imports()[0].policy, Some("secure_random"));
//! let refused = coverage.refuse_uncovered(&[]).unwrap_err();
//! assert_eq!(refused.imports, ["env::now"]);
//! # wasmtime::error::Ok(())
//! ```

mod interfaces;

use std::fmt;

use deterministic_wasi::p1::function;
use wasmtime::Module;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::shown;

pub use deterministic_wasi::Label;

/// One import of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Import {
    /// `module::name` of a core module's, the interface with its version of a component's.
    pub name: String,
    /// Why two runs get the same answers from it.
    pub label: Label,
    /// The policy that answers it, by its field in `Policies`, or `responder` for HTTP. `None` if none does.
    pub policy: Option<&'static str>,
}

/// All imports of a guest, in the guest's order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Coverage {
    imports: Vec<Import>,
}

/// A guest imports what nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the guest imports what is not covered: {}; build it without, or allow by name what you know to be the same on every run",
    listed(imports)
)]
pub struct Uncovered {
    /// The imports, as [`Import::name`] has them.
    pub imports: Vec<String>,
}

/// Some of them, as they are shown: a guest may have many.
fn listed(imports: &[String]) -> String {
    const MOST: usize = 20;
    let mut names: Vec<_> = imports.iter().take(MOST).map(|name| shown(name).to_string()).collect();
    if let Some(more @ 1..) = imports.len().checked_sub(MOST) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

impl Coverage {
    /// Of a core module: `wasi_snapshot_preview1` and `wasi_unstable` function by function.
    pub fn of_module(module: &Module) -> Self {
        let imports = module.imports().map(|import| {
            let function = import.ty().func().and_then(|_| function(import.module(), import.name()));
            let answer = function.map(|function| (function.label, function.policy));
            Import::new(format!("{}::{}", import.module(), import.name()), answer)
        });
        Coverage { imports: imports.collect() }
    }

    /// Of a component: interface by interface. An interface of types alone does not count as an import.
    pub fn of_component(component: &Component) -> Self {
        let engine = component.engine();
        let ty = component.component_type();
        let imports = ty.imports(engine).filter_map(|(name, import)| match import.ty {
            ComponentItem::Type(_) => None,
            ComponentItem::ComponentInstance(_) => Some(Import::new(name.to_owned(), interfaces::answer(name))),
            // WASI has no functions, resources or modules outside its interfaces.
            _ => Some(Import::new(name.to_owned(), None)),
        });
        Coverage { imports: imports.collect() }
    }

    /// The imports.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Those that are not covered.
    pub fn uncovered(&self) -> impl Iterator<Item = &Import> {
        self.imports.iter().filter(|import| import.label == Label::Uncovered)
    }

    /// Fails if something is uncovered that is not in `allowed`. Ask before the guest starts.
    ///
    /// # Errors
    ///
    /// [`Uncovered`], with all of them.
    pub fn refuse_uncovered(&self, allowed: &[&str]) -> Result<(), Uncovered> {
        let refused = self.uncovered().filter(|import| !allowed.contains(&import.name.as_str()));
        let imports: Vec<_> = refused.map(|import| import.name.clone()).collect();
        if imports.is_empty() { Ok(()) } else { Err(Uncovered { imports }) }
    }
}

impl Import {
    fn new(name: String, answer: Option<(Label, Option<&'static str>)>) -> Self {
        let (label, policy) = answer.unwrap_or((Label::Uncovered, None));
        Import { name, label, policy }
    }
}

/// A table: label, name as it is [shown], policy.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.imports.iter().map(|import| shown(&import.name).to_string()).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        for (Import { label, policy, .. }, name) in self.imports.iter().zip(&names) {
            let line = format!("{:10}  {name:width$}  {}", label.name(), policy.unwrap_or_default());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The label of an interface such as `wasi:io/poll@0.2.6`; its version is not looked at. `None` if it is none of WASI's that
/// this crate links.
pub fn label(interface: &str) -> Option<Label> {
    interfaces::answer(interface).map(|(label, _)| label)
}
