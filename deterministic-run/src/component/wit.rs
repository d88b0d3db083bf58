//! Types as WIT writes them, for messages.

use std::fmt::{self, Write as _};

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use crate::bounded::Bounded;

/// Deeper types are cut off: a message is for reading.
const DEPTH: u32 = 4;
/// So are wider ones, of which each may have many of another: bytes.
const WIDTH: usize = 1024;

/// Parameters and results of a function, as `(a: u32) -> string`.
pub(crate) fn function(ty: &ComponentFunc) -> String {
    let mut text = Bounded::new(WIDTH);
    // Fails where it is cut.
    let _ = write_function(&mut text, ty);
    text.finish()
}

fn write_function(to: &mut Bounded, ty: &ComponentFunc) -> fmt::Result {
    to.write_str("(")?;
    list(to, ty.params(), |to, (name, ty)| field(to, name, &ty, DEPTH))?;
    to.write_str(")")?;
    match ty.results().next() {
        Some(result) => {
            to.write_str(" -> ")?;
            write(to, &result, DEPTH)
        }
        None => Ok(()),
    }
}

/// Whether WAVE has values of this type: those that are data, and nothing that lives in the component.
pub(crate) fn in_wave(ty: &Type) -> bool {
    let optional = |ty: Option<Type>| ty.is_none_or(|ty| in_wave(&ty));
    match ty {
        Type::List(list) => in_wave(&list.ty()),
        Type::Option(option) => in_wave(&option.ty()),
        Type::Result(result) => optional(result.ok()) && optional(result.err()),
        Type::Record(record) => record.fields().all(|field| in_wave(&field.ty)),
        Type::Tuple(tuple) => tuple.types().all(|ty| in_wave(&ty)),
        Type::Variant(variant) => variant.cases().all(|case| optional(case.ty)),
        Type::Own(_) | Type::Borrow(_) | Type::Stream(_) | Type::Future(_) | Type::ErrorContext => false,
        // Parts of the component model that are off, and that WAVE's reader or writer lacks.
        Type::Map(_) | Type::FixedLengthList(_) => false,
        _ => true,
    }
}

/// Writes them with commas between.
fn list<T>(
    to: &mut Bounded,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Bounded, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            to.write_str(", ")?;
        }
        write(to, item)?;
    }
    Ok(())
}

fn field(to: &mut Bounded, name: &str, ty: &Type, depth: u32) -> fmt::Result {
    write!(to, "{name}: ")?;
    write(to, ty, depth)
}

/// `name<…>`.
fn generic(to: &mut Bounded, name: &str, types: &[Option<Type>], depth: u32) -> fmt::Result {
    write!(to, "{name}<")?;
    list(to, types, |to, ty| match ty {
        Some(ty) => write(to, ty, depth),
        None => to.write_str("_"),
    })?;
    to.write_str(">")
}

fn write(to: &mut Bounded, ty: &Type, depth: u32) -> fmt::Result {
    let Some(depth) = depth.checked_sub(1) else { return to.write_str("…") };
    let text = match ty {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        // A resource's name is not kept.
        Type::Own(_) => "own<resource>",
        Type::Borrow(_) => "borrow<resource>",
        Type::Future(_) => "future",
        Type::Stream(_) => "stream",
        Type::ErrorContext => "error-context",
        Type::List(list) => return generic(to, "list", &[Some(list.ty())], depth),
        Type::Option(option) => return generic(to, "option", &[Some(option.ty())], depth),
        Type::Map(map) => return generic(to, "map", &[Some(map.key()), Some(map.value())], depth),
        Type::FixedLengthList(list) => {
            to.write_str("list<")?;
            write(to, &list.ty(), depth)?;
            return write!(to, ", {}>", list.len());
        }
        Type::Tuple(tuple) => {
            to.write_str("tuple<")?;
            list(to, tuple.types(), |to, ty| write(to, &ty, depth))?;
            ">"
        }
        Type::Record(record) => {
            to.write_str("record { ")?;
            list(to, record.fields(), |to, member| field(to, member.name, &member.ty, depth))?;
            " }"
        }
        Type::Variant(variant) => {
            to.write_str("variant { ")?;
            list(to, variant.cases(), |to, case| match &case.ty {
                Some(ty) => {
                    write!(to, "{}(", case.name)?;
                    write(to, ty, depth)?;
                    to.write_str(")")
                }
                None => to.write_str(case.name),
            })?;
            " }"
        }
        Type::Enum(cases) => {
            to.write_str("enum { ")?;
            list(to, cases.names(), |to, name| to.write_str(name))?;
            " }"
        }
        Type::Flags(flags) => {
            to.write_str("flags { ")?;
            list(to, flags.names(), |to, name| to.write_str(name))?;
            " }"
        }
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result",
            (ok, None) => return generic(to, "result", &[ok], depth),
            (ok, err) => return generic(to, "result", &[ok, err], depth),
        },
    };
    to.write_str(text)
}
