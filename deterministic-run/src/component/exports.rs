//! The functions that a component exports, and the names that they go by.

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

use super::wit;

/// A function, of the component's own or in an interface that it exports.
pub(crate) struct Export {
    /// The interfaces that it lies in, outermost first.
    interfaces: Vec<String>,
    name: String,
    pub(crate) ty: ComponentFunc,
}

impl Export {
    /// Its whole name, such as `ns:package/interface@1.0.0#name`.
    pub(crate) fn spelled(&self) -> String {
        self.interfaces.iter().rev().fold(self.name.clone(), |name, interface| format!("{interface}#{name}"))
    }

    /// Its whole name and type, as WIT has it.
    pub(crate) fn signature(&self) -> String {
        format!("{}{}", self.spelled(), wit::function(&self.ty))
    }

    /// Whether it is the component's own.
    pub(crate) fn is_own(&self) -> bool {
        self.interfaces.is_empty()
    }

    /// Whether `name` may mean it. Beside the whole name: without the interface, or with the interface's version or
    /// package left out; `/` or `.` instead of `#`; and `ns:package/interface.name@1.0.0`, as newer Wasmtimes have it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        if name == self.name || name == self.spelled() {
            return true;
        }
        let Some(interface) = self.interfaces.last() else { return false };
        let (unversioned, version) = match interface.split_once('@') {
            Some((unversioned, version)) => (unversioned, Some(version)),
            None => (interface.as_str(), None),
        };
        let short = unversioned.rsplit('/').next().unwrap_or(unversioned);
        [interface, unversioned, short].iter().any(|interface| {
            let rest = name.strip_prefix(interface);
            let rest = rest
                .and_then(|rest| rest.strip_prefix(['#', '/', '.']))
                .and_then(|rest| rest.strip_prefix(&*self.name));
            match rest {
                Some("") => true,
                Some(rest) => rest.strip_prefix('@').is_some_and(|given| Some(given) == version),
                None => false,
            }
        })
    }

    /// Where an instance has it.
    pub(crate) fn index(&self, component: &Component) -> Option<ComponentExportIndex> {
        let mut interface = None;
        for name in &self.interfaces {
            interface = Some(component.get_export_index(interface.as_ref(), name.as_str())?);
        }
        component.get_export_index(interface.as_ref(), self.name.as_str())
    }
}

/// All functions, in the order of the component.
pub(crate) fn all(component: &Component) -> Vec<Export> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut found = Vec::new();
    // Interfaces in interfaces are rare, and may lie as deep as the guest likes.
    let mut ahead: Vec<_> = ty.exports(engine).map(|(name, item)| (Vec::new(), name.to_owned(), item.ty)).collect();
    ahead.reverse();
    while let Some((interfaces, name, item)) = ahead.pop() {
        match item {
            ComponentItem::ComponentFunc(ty) => found.push(Export { interfaces, name, ty }),
            ComponentItem::ComponentInstance(instance) => {
                let mut inner = interfaces;
                inner.push(name);
                let mut exports: Vec<_> =
                    instance.exports(engine).map(|(name, item)| (inner.clone(), name.to_owned(), item.ty)).collect();
                exports.reverse();
                ahead.append(&mut exports);
            }
            _ => {}
        }
    }
    found
}

/// The names of the component's own exports.
pub(crate) fn names(component: &Component) -> impl Iterator<Item = String> {
    let ty = component.component_type();
    let names: Vec<_> = ty.exports(component.engine()).map(|(name, _)| name.to_owned()).collect();
    names.into_iter()
}
