//! Finding what a component imports.

use deterministic_wasmtime::coverage::Coverage;
use deterministic_wasmtime::{config_store, http, keyvalue, p2, p3};
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker, LinkerInstance, ResourceType};

use super::State;
use crate::ended::{NotProvided, is_allowed};
use crate::text::{chain, listed};
use crate::{Error, Guest};

/// What guests are told to be built for.
pub(crate) const PROVIDED: &str =
    "the interfaces of `wasi:cli` and `wasi:http` 0.2 or 0.3.0, `wasi:config` and `wasi:keyvalue`";

/// WASI 0.2 and 0.3, and an empty `wasi:config` and `wasi:keyvalue`. The asynchronous flavour of 0.2, since a component that
/// imports 0.3 can only be called so. As nothing is set to answer them, HTTP requests of the guest's are refused.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    http::p2::add_to_linker(&mut linker)?;
    http::p3::add_to_linker(&mut linker)?;
    config_store::add_to_linker(&mut linker)?;
    keyvalue::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Defines the allowed imports that nobody provides: functions that end a guest that calls them.
///
/// # Errors
///
/// What keeps the linker from it.
pub fn allow<T: Send + 'static>(
    linker: &mut Linker<T>,
    component: &Component,
    allowed: &[String],
) -> wasmtime::Result<()> {
    let engine = component.engine();
    let coverage = Coverage::of_component(component);
    for (name, import) in component.component_type().imports(engine) {
        let is_uncovered = coverage.uncovered().any(|uncovered| uncovered.name == name);
        if !is_uncovered || !is_allowed(allowed, name) {
            continue;
        }
        match &import.ty {
            // Not by `define_unknown_imports_as_traps`, which makes up WASI too where the guest's version is not the linker's.
            ComponentItem::ComponentInstance(interface) => {
                let mut instance = linker.instance(name)?;
                for (item, export) in interface.exports(engine) {
                    make_up(&mut instance, item, format!("{name}#{item}"), &export.ty)?;
                }
            }
            ty => make_up(&mut linker.root(), name, name.to_owned(), ty)?,
        }
    }
    Ok(())
}

/// Anything else than functions and resources cannot be made up; linking says so.
fn make_up<T: Send + 'static>(
    linker: &mut LinkerInstance<'_, T>,
    item: &str,
    name: String,
    ty: &ComponentItem,
) -> wasmtime::Result<()> {
    let missing = NotProvided(name);
    match ty {
        ComponentItem::ComponentFunc(function) if function.async_() => {
            linker.func_new_concurrent(item, move |_, _, _, _| {
                let missing = missing.clone();
                Box::pin(async move { Err(missing.into()) })
            })
        }
        ComponentItem::ComponentFunc(_) => linker.func_new(item, move |_, _, _, _| Err(missing.clone().into())),
        ComponentItem::Resource(_) => linker.resource(item, ResourceType::host::<()>(), |_, _| Ok(())),
        _ => Ok(()),
    }
}

/// Finds everything that the component imports in `linker`.
pub(crate) fn link(guest: &Guest, linker: &Linker<State>, component: &Component) -> Result<InstancePre<State>, Error> {
    let error = match linker.instantiate_pre(component) {
        Ok(linked) => return Ok(linked),
        Err(error) => error,
    };
    let guest = guest.called();
    let imports = missing(linker, component);
    if imports.is_empty() {
        return Err(Error::Unlinkable { guest, reason: chain(&error), provided: PROVIDED });
    }
    Err(Error::UnknownImports { guest, imports: listed(imports), provided: PROVIDED })
}

/// Wasmtime names the first that it misses; these are all of them: whole interfaces, and single functions of others.
fn missing(linker: &Linker<State>, component: &Component) -> Vec<String> {
    let engine = component.engine();
    let mut missing = Vec::new();
    let mut resources = Vec::new();
    for (name, import) in component.component_type().imports(engine) {
        let interface = match &import.ty {
            ComponentItem::ComponentInstance(interface) => interface,
            ComponentItem::Type(_) => continue,
            // Functions, resources and modules beside all interfaces: WASI has none.
            _ => {
                missing.push(name.to_owned());
                continue;
            }
        };
        let mut asked = 0;
        let mut lacking = Vec::new();
        for (item, export) in interface.exports(engine) {
            let ty = match export.ty {
                // One that comes from an interface before this.
                ComponentItem::Resource(resource) if resources.contains(&resource) => continue,
                ComponentItem::Resource(resource) => {
                    resources.push(resource);
                    "(type (sub resource))"
                }
                // A method comes with its resource.
                ComponentItem::ComponentFunc(_) if !item.starts_with('[') => "(func)",
                _ => continue,
            };
            asked += 1;
            if lacks(linker, name, item, ty) {
                lacking.push(format!("{name}#{item}"));
            }
        }
        match lacking.len() {
            0 => {}
            len if len == asked => missing.push(name.to_owned()),
            _ => missing.append(&mut lacking),
        }
    }
    missing
}

/// Whether the linker lacks an item of an interface and of all compatible versions of it. It cannot be asked, but linked
/// with: what is there and of another type is told by another text than what is not there.
fn lacks(linker: &Linker<State>, interface: &str, item: &str, ty: &str) -> bool {
    let asks = format!("(component (import {interface:?} (instance (export {item:?} {ty}))))");
    let Ok(asks) = Component::new(linker.engine(), asks) else { return false };
    linker
        .instantiate_pre(&asks)
        .is_err_and(|error| error.root_cause().to_string().ends_with("implementation is missing"))
}
