//! Types as WIT writes them, for messages.

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

/// Deeper types are cut off: a message is for reading.
const DEPTH: u32 = 4;

/// Parameters and results of a function, as `(a: u32) -> string`.
pub(crate) fn function(ty: &ComponentFunc) -> String {
    let params = ty.params().map(|(name, ty)| format!("{name}: {}", text(&ty, DEPTH)));
    let mut results = ty.results().map(|ty| text(&ty, DEPTH));
    let params = params.collect::<Vec<_>>().join(", ");
    match results.next() {
        Some(result) => format!("({params}) -> {result}"),
        None => format!("({params})"),
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

fn text(ty: &Type, depth: u32) -> String {
    let Some(depth) = depth.checked_sub(1) else { return "…".into() };
    let inner = |ty: &Type| text(ty, depth);
    let optional = |ty: Option<Type>| ty.map_or("_".to_owned(), |ty| inner(&ty));
    let join = |parts: &mut dyn Iterator<Item = String>| parts.collect::<Vec<_>>().join(", ");
    match ty {
        Type::Bool => "bool".into(),
        Type::S8 => "s8".into(),
        Type::U8 => "u8".into(),
        Type::S16 => "s16".into(),
        Type::U16 => "u16".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "s64".into(),
        Type::U64 => "u64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", inner(&list.ty())),
        Type::FixedLengthList(list) => format!("list<{}, {}>", inner(&list.ty()), list.len()),
        Type::Map(map) => format!("map<{}, {}>", inner(&map.key()), inner(&map.value())),
        Type::Record(record) => {
            let fields = &mut record.fields().map(|field| format!("{}: {}", field.name, inner(&field.ty)));
            format!("record {{ {} }}", join(fields))
        }
        Type::Tuple(tuple) => format!("tuple<{}>", join(&mut tuple.types().map(|ty| inner(&ty)))),
        Type::Variant(variant) => {
            let cases = &mut variant.cases().map(|case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, inner(ty)),
                None => case.name.to_owned(),
            });
            format!("variant {{ {} }}", join(cases))
        }
        Type::Enum(cases) => format!("enum {{ {} }}", join(&mut cases.names().map(str::to_owned))),
        Type::Flags(flags) => format!("flags {{ {} }}", join(&mut flags.names().map(str::to_owned))),
        Type::Option(option) => format!("option<{}>", inner(&option.ty())),
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result".into(),
            (ok, None) => format!("result<{}>", optional(ok)),
            (ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
        },
        // A resource's name is not kept.
        Type::Own(_) => "own<resource>".into(),
        Type::Borrow(_) => "borrow<resource>".into(),
        Type::Future(_) => "future".into(),
        Type::Stream(_) => "stream".into(),
        Type::ErrorContext => "error-context".into(),
    }
}
