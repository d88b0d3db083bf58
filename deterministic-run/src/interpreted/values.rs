//! Types and values as both engines have them: calls are read by those of Wasmtime.

use wasmi::{ExternType, F32, F64, V128, Val, ValType};
use wasmtime::FuncType;

use super::compiled::Compiled;
use crate::module;

/// What a module of wasmi's exports, in the types of an engine of Wasmtime's.
pub(super) struct Exports<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) types: &'a wasmtime::Engine,
}

impl Exports<'_> {
    fn ty(&self, ty: &ExternType) -> Option<FuncType> {
        let ExternType::Func(ty) = ty else { return None };
        let each = |types: &[ValType]| types.iter().map(val_type).collect::<Vec<_>>();
        Some(FuncType::new(self.types, each(ty.params()), each(ty.results())))
    }
}

impl module::Exports for Exports<'_> {
    fn function(&self, name: &str) -> Option<FuncType> {
        self.ty(&self.compiled.module.get_export(name).filter(|_| self.compiled.had(name))?)
    }

    fn functions(&self) -> Vec<(String, FuncType)> {
        let exports = self.compiled.module.exports().filter(|export| self.compiled.had(export.name()));
        exports.filter_map(|export| Some((export.name().to_owned(), self.ty(export.ty())?))).collect()
    }
}

fn val_type(ty: &ValType) -> wasmtime::ValType {
    match ty {
        ValType::I32 => wasmtime::ValType::I32,
        ValType::I64 => wasmtime::ValType::I64,
        ValType::F32 => wasmtime::ValType::F32,
        ValType::F64 => wasmtime::ValType::F64,
        ValType::V128 => wasmtime::ValType::V128,
        ValType::FuncRef => wasmtime::ValType::FUNCREF,
        ValType::ExternRef => wasmtime::ValType::EXTERNREF,
    }
}

/// An argument, which is a number.
pub(super) fn to(value: &wasmtime::Val) -> Option<Val> {
    match value {
        wasmtime::Val::I32(value) => Some(Val::I32(*value)),
        wasmtime::Val::I64(value) => Some(Val::I64(*value)),
        wasmtime::Val::F32(bits) => Some(Val::F32(F32::from_bits(*bits))),
        wasmtime::Val::F64(bits) => Some(Val::F64(F64::from_bits(*bits))),
        wasmtime::Val::V128(value) => Some(Val::V128(V128::from(value.as_u128()))),
        _ => None,
    }
}

/// A result as it is printed.
pub(super) fn text(value: &Val) -> String {
    module::text(&match value {
        Val::I32(value) => wasmtime::Val::I32(*value),
        Val::I64(value) => wasmtime::Val::I64(*value),
        Val::F32(value) => wasmtime::Val::F32(value.to_bits()),
        Val::F64(value) => wasmtime::Val::F64(value.to_bits()),
        Val::V128(value) => wasmtime::Val::V128(value.as_u128().into()),
        Val::FuncRef(reference) if reference.is_null() => wasmtime::Val::FuncRef(None),
        Val::ExternRef(reference) if reference.is_null() => wasmtime::Val::ExternRef(None),
        // As there.
        Val::FuncRef(_) | Val::ExternRef(_) => return "ref".into(),
    })
}
