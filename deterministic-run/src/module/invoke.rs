//! What is called of a core module: its program, or an export of it.

use deterministic_wasmtime::shown;
use wasmtime::{ExternType, FuncType, Instance, Module, Store, Val, ValType};

use crate::text::listed;
use crate::{Error, Guest};

/// What a module exports, whatever engine it is for.
pub(crate) trait Exports {
    /// The type of the function `name`, if there is one.
    fn function(&self, name: &str) -> Option<FuncType>;

    /// Each function with its type.
    fn functions(&self) -> Vec<(String, FuncType)>;
}

impl Exports for Module {
    fn function(&self, name: &str) -> Option<FuncType> {
        match self.get_export(name) {
            Some(ExternType::Func(ty)) => Some(ty),
            _ => None,
        }
    }

    fn functions(&self) -> Vec<(String, FuncType)> {
        self.exports().filter_map(|export| Some((export.name().to_owned(), export.ty().func()?.clone()))).collect()
    }
}

/// A call that fits its function.
#[derive(Clone, Debug)]
pub struct Call {
    /// `None` calls nothing but what initialises the module.
    name: Option<String>,
    params: Vec<Val>,
    results: usize,
    /// Whether the module wants to be initialised first, as libraries do.
    initialize: bool,
}

/// What a module exports to be called before everything else.
const INITIALIZE: &str = "_initialize";
/// What `wasmtime run` calls of a module: the first of these that there is, if there is one.
const PROGRAMS: [&str; 2] = ["", "_start"];

impl Call {
    /// Reads `NAME(ARGS)`, or `NAME` with the arguments behind the guest, as `wasmtime run` has it.
    pub(crate) fn parse(text: &str, args: &[String], module: &impl Exports, guest: &Guest) -> Result<Self, Error> {
        let text = text.trim();
        let function = |name: &str| module.function(name);
        let parts = text.split_once('(').and_then(|(name, args)| Some((name.trim(), args.strip_suffix(')')?.trim())));
        // An export's name may have parentheses of its own.
        let (name, ty, given) = match (function(text), parts) {
            (Some(ty), _) => (text, Some(ty), args.to_vec()),
            (None, Some((name, ""))) => (name, function(name), Vec::new()),
            (None, Some((name, args))) => {
                (name, function(name), args.split(',').map(|arg| arg.trim().into()).collect())
            }
            (None, None) => (text, None, Vec::new()),
        };
        let Some(ty) = ty else {
            let exports = listed(module.functions().iter().map(|(name, ty)| signature(name, ty)));
            return Err(Error::NoSuchExport { guest: guest.called(), name: name.into(), exports });
        };
        let params = params(&ty, &given).map_err(|reason| Error::BadCall {
            call: text.into(),
            reason,
            signature: shown(&signature(name, &ty)).to_string(),
        })?;
        let initialize = name != INITIALIZE
            && function(INITIALIZE).is_some_and(|ty| ty.params().len() == 0 && ty.results().len() == 0);
        Ok(Call { name: Some(name.into()), params, results: ty.results().len(), initialize })
    }

    /// What `wasmtime run` calls: `_initialize`, then the default function or `_start`, with as many of the guest's arguments
    /// as it has parameters. A module without any of them is instantiated, and that is all.
    ///
    /// # Errors
    ///
    /// [`Error::NoCommand`] and [`Error::BadCall`].
    pub fn program(args: &[String], module: &Module, guest: &Guest) -> Result<Self, Error> {
        Self::program_of(args, module, guest)
    }

    /// The same of any engine's module.
    pub(crate) fn program_of(args: &[String], module: &impl Exports, guest: &Guest) -> Result<Self, Error> {
        let function = |name: &str| module.function(name);
        let initialize = match function(INITIALIZE) {
            Some(ty) if ty.params().len() > 0 || ty.results().len() > 0 => {
                let reason = "its export `_initialize` is no function without parameters and results";
                return Err(Error::NoCommand { guest: guest.called(), reason });
            }
            found => found.is_some(),
        };
        let Some((name, ty)) = PROGRAMS.iter().find_map(|name| Some((*name, function(name)?))) else {
            return Ok(Call { name: None, params: Vec::new(), results: 0, initialize });
        };
        let given = &args[..args.len().min(ty.params().len())];
        let params = params(&ty, given).map_err(|reason| Error::BadCall {
            call: name.into(),
            reason,
            signature: signature(name, &ty),
        })?;
        Ok(Call { name: Some(name.into()), params, results: ty.results().len(), initialize })
    }

    /// Whether there is nothing to call.
    pub(crate) fn is_nothing(&self) -> bool {
        self.name.is_none() && !self.initialize
    }

    /// The export that initialises the module, if it wants that.
    #[cfg(feature = "wasmi")]
    pub(crate) fn initializer(&self) -> Option<&'static str> {
        self.initialize.then_some(INITIALIZE)
    }

    /// What is called, if anything is, with its arguments, and how many results it has.
    #[cfg(feature = "wasmi")]
    pub(crate) fn function(&self) -> Option<(&str, &[Val], usize)> {
        self.name.as_deref().map(|name| (name, self.params.as_slice(), self.results))
    }

    /// Calls it, and says what it returned.
    ///
    /// # Errors
    ///
    /// What ended the guest, for [`Ended::of`](crate::Ended::of).
    pub fn run<T>(&self, instance: &Instance, store: &mut Store<T>) -> wasmtime::Result<Vec<Val>> {
        if self.initialize {
            instance.get_typed_func::<(), ()>(&mut *store, INITIALIZE)?.call(&mut *store, ())?;
        }
        let mut results = vec![Val::I32(0); self.results];
        // It was found in the module before.
        if let Some(function) = self.name.as_ref().and_then(|name| instance.get_func(&mut *store, name)) {
            function.call(store, &self.params, &mut results)?;
        }
        Ok(results)
    }
}

fn params(ty: &FuncType, given: &[String]) -> Result<Vec<Val>, String> {
    if ty.params().len() != given.len() {
        return Err(format!("{} argument(s) given, {} needed", given.len(), ty.params().len()));
    }
    ty.params().zip(given).map(|(ty, text)| value(&ty, text).ok_or_else(|| format!("`{text}` is no {ty}"))).collect()
}

/// Integers may be signed or unsigned, decimal or, behind `0x`, hexadecimal; numbers with a point are what Rust reads.
fn value(ty: &ValType, text: &str) -> Option<Val> {
    let integer = || -> Option<i128> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        let magnitude = match hex {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => digits.parse::<u64>(),
        };
        Some(sign * i128::from(magnitude.ok()?))
    };
    match ty {
        ValType::I32 => {
            let value = integer()?;
            let value = i32::try_from(value).or_else(|_| u32::try_from(value).map(|value| value as i32));
            value.ok().map(Val::I32)
        }
        ValType::I64 => {
            let value = integer()?;
            let value = i64::try_from(value).or_else(|_| u64::try_from(value).map(|value| value as i64));
            value.ok().map(Val::I64)
        }
        ValType::F32 => text.parse::<f32>().ok().map(|value| Val::F32(value.to_bits())),
        ValType::F64 => text.parse::<f64>().ok().map(|value| Val::F64(value.to_bits())),
        _ => None,
    }
}

/// A result as it is printed.
pub(crate) fn text(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => f32::from_bits(*bits).to_string(),
        Val::F64(bits) => f64::from_bits(*bits).to_string(),
        Val::V128(value) => format!("{:#034x}", value.as_u128()),
        // What a reference refers to has no text.
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => "null".into(),
        _ => "ref".into(),
    }
}

fn signature(name: &str, ty: &FuncType) -> String {
    let list = |types: &mut dyn Iterator<Item = ValType>| types.map(|ty| ty.to_string()).collect::<Vec<_>>().join(", ");
    match ty.results().len() {
        0 => format!("{name}({})", list(&mut ty.params())),
        _ => format!("{name}({}) -> {}", list(&mut ty.params()), list(&mut ty.results())),
    }
}
