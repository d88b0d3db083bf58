//! Calling an export of a component.

use deterministic_wasmtime::shown;
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::wasm_wave::wasm::DisplayFuncResults;
use wasmtime::component::{Component, ComponentExportIndex, Instance, Val};
use wasmtime::{Store, format_err};

use super::exports::{self, Export};
use super::wit;
use crate::text::listed;
use crate::{Error, Guest};

/// A call that fits its function.
pub(crate) struct Call {
    index: ComponentExportIndex,
    params: Vec<Val>,
    results: usize,
}

impl Call {
    /// Reads `NAME(ARGS)`, the arguments in WAVE. A function without parameters may do without parentheses.
    pub(crate) fn parse(text: &str, component: &Component, guest: &Guest) -> Result<Self, Error> {
        let text = text.trim();
        let (name, args) = text.split_at(text.find('(').unwrap_or(text.len()));
        let export = find(name.trim(), component, guest)?;
        let bad =
            |reason| Error::BadCall { call: text.into(), reason, signature: shown(&export.signature()).to_string() };

        let params: Vec<_> = export.ty.params().map(|(_, ty)| ty).collect();
        if !params.iter().all(wit::in_wave) {
            return Err(bad("WAVE has no text for one of its parameters".into()));
        }
        if !export.ty.results().all(|ty| wit::in_wave(&ty)) {
            return Err(bad("WAVE has no text for its result".into()));
        }
        // WAVE has a word for the name, and this one has as many bytes: where errors point to stays right.
        let args = if args.is_empty() { "()" } else { args };
        let wave = format!("{}{args}", "f".repeat(name.len().max(1)));
        let call = UntypedFuncCall::parse(&wave).map_err(|error| bad(error.to_string()))?;
        let params = call.to_wasm_params::<Val>(&params).map_err(|error| bad(error.to_string()))?;
        let index = export.index(component).ok_or_else(|| bad("it cannot be found".into()))?;
        Ok(Call { index, params, results: export.ty.results().len() })
    }

    /// Calls it, and writes what it returned in WAVE.
    pub(crate) async fn run<T: Send>(
        &self,
        instance: &Instance,
        store: &mut Store<T>,
    ) -> wasmtime::Result<Vec<String>> {
        let function = instance
            .get_func(&mut *store, self.index)
            .ok_or_else(|| format_err!("the component's export is not there; please report this"))?;
        let mut results = vec![Val::Bool(false); self.results];
        function.call_async(store, &self.params, &mut results).await?;
        Ok(vec![DisplayFuncResults(&results).to_string()])
    }
}

/// The one function that `name` may mean; the component's own come first.
fn find(name: &str, component: &Component, guest: &Guest) -> Result<Export, Error> {
    let all = exports::all(component);
    let whole = all.iter().position(|export| export.spelled() == name || export.is_own() && export.is_called(name));
    let called: Vec<_> = (0..all.len()).filter(|&at| all[at].is_called(name)).collect();
    let at = match (whole, &called[..]) {
        (Some(at), _) | (None, &[at]) => at,
        (None, &[]) => {
            let exports = listed(all.iter().map(Export::signature));
            return Err(Error::NoSuchExport { guest: guest.called(), name: name.into(), exports });
        }
        (None, several) => {
            let exports = listed(several.iter().map(|&at| all[at].spelled()));
            return Err(Error::AmbiguousExport { guest: guest.called(), name: name.into(), exports });
        }
    };
    all.into_iter().nth(at).ok_or_else(|| Error::NoSuchExport {
        guest: guest.called(),
        name: name.into(),
        exports: String::new(),
    })
}
