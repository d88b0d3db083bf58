//! What is not about counting stays as it was.

use crate::support::*;
use wasm_encoder::{CustomSection, IndirectNameMap, Module, NameMap, NameSection, RawSection};
use wasmparser::{KnownCustom, Name, Parser, Payload};

const RICH: &str = r#"(module $rich
    (import "m" "f" (func $imported (param i32)))
    (import "m" "g" (global $base i32))
    (rec (type $list (sub (struct (field $value i32) (field $next (ref null $list)))))
         (type $long (sub $list (struct (field i32) (field (ref null $list)) (field f64)))))
    (type $callback (func (param i32) (result i32)))
    (memory $small i64 1 2) (memory $large 3)
    (table $t 4 10 funcref) (table $u (ref null $list) (elem))
    (tag $oops (param i32))
    (global $own (mut i64) (i64.add (i64.const 1) (i64.const 2)))
    (global $float f64 (f64.const nan:0x8000000000001))
    (export "own" (global $own))
    (start $begin)
    (elem $passive func $work) (elem declare func $begin)
    (func $begin)
    (func $work (export "work") (param $x i32) (result i32 f32 (ref null $list)) (local $y v128)
        (local.set $y (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $y) (v128.const i64x2 1 2)))
        (local.set $y (f32x4.relaxed_madd (local.get $y) (local.get $y) (local.get $y)))
        (i64.store8 $small offset=4 (i64.const 1) (i64.const 2))
        (memory.copy $large $large (i32.const 0) (i32.const 1) (i32.const 2))
        (memory.init $large $bytes (i32.const 0) (i32.const 0) (i32.const 1))
        (i64.add128 (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)) (drop) (drop)
        (drop (i32.atomic.rmw.add $large (i32.const 0) (i32.const 1)))
        (block (result i32)
            (try_table (catch $oops 0) (call $imported (i32.const 1)))
            (i32.const 0))
        (f32.const nan:0x200001)
        (struct.new $list (i32.const 7) (ref.null $list)))
    (data $bytes "some bytes") (data (memory $large) (i32.const 8) "more"))"#;

/// The line without comments: they number the labels, of which there are more.
fn without_comments(line: &str) -> String {
    let code = line.split(";;").next().unwrap_or_default();
    let pieces = code.split("(;").enumerate().map(|(i, piece)| match i {
        0 => piece,
        _ => piece.split_once(";)").map_or("", |(_, rest)| rest),
    });
    pieces.collect::<String>().trim().to_owned()
}

/// Everything but what was added is found again in the text, in the same order.
#[test]
fn all_proposals_pass_through() {
    let plain = wat::parse_str(RICH).expect("text format");
    for cost in [CallCost::Call, CallCost::Code] {
        let limited = limit_call_depth_by(&plain, 1000, cost).expect("valid");
        let [before, after] = [&plain, &limited].map(|wasm| wasmprinter::print_bytes(wasm).expect("text"));
        let mut after = after.lines().map(without_comments);
        for line in before.lines().map(without_comments) {
            // Closing parentheses move where something is added, and a function's locals have one more at the end.
            let found = after.any(|other| other.starts_with(line.trim_end_matches(')')));
            assert!(found, "missing: {line}");
        }
        wasmtime::Module::new(&wasmtime::Engine::new(&modern()).expect("an engine"), &limited).expect("compiles");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let plain = wat::parse_str(RICH).expect("text format");
    let once = limit_call_depth(&plain, 10).expect("valid");
    assert_eq!(once, limit_call_depth(&plain, 10).expect("valid"));
    assert_ne!(once, limit_call_depth(&plain, 11).expect("valid"));
}

/// Exports keep their order, with the counter after them: an embedder that counts exports finds them.
#[test]
fn the_counter_is_exported_last() {
    let engine = wasmtime::Engine::new(&modern()).expect("an engine");
    let limited = limited(RICH, 10);
    let module = wasmtime::Module::new(&engine, &limited).expect("compiles");
    let names: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["own", "work", CALL_DEPTH_EXPORT]);
}

fn names(wasm: &[u8]) -> (Vec<String>, Vec<(u32, String)>, bool, usize) {
    let (mut customs, mut functions, mut labels, mut locals) = (Vec::new(), Vec::new(), false, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload.expect("valid") else { continue };
        customs.push(section.name().to_owned());
        let KnownCustom::Name(section) = section.as_known() else { continue };
        for name in section.into_iter().filter_map(Result::ok) {
            match name {
                Name::Function(map) => {
                    functions.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name.to_owned())));
                }
                Name::Label(_) => labels = true,
                Name::Local(map) => locals = map.into_iter().count(),
                _ => {}
            }
        }
    }
    (customs, functions, labels, locals)
}

/// A module with the sections of `RICH` that matter here and these custom sections.
fn with_customs(customs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let plain = wat::parse_str("(module (import \"\" \"\" (func)) (func (param i32) (call 0)))").expect("text format");
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(&plain) {
        if let Some((id, range)) = payload.expect("valid").as_section() {
            module.section(&RawSection { id, data: &plain[range] });
        }
    }
    for (name, data) in customs {
        module.section(&CustomSection { name: (*name).into(), data: data.into() });
    }
    module.finish()
}

fn some_names() -> Vec<u8> {
    let mut names = NameSection::new();
    let (mut functions, mut one) = (NameMap::new(), NameMap::new());
    functions.append(0, EXCEEDED_FUNCTION);
    functions.append(1, "work");
    one.append(0, "n");
    let mut of_function = IndirectNameMap::new();
    of_function.append(1, &one);
    names.module("m");
    names.functions(&functions);
    names.locals(&of_function);
    names.labels(&of_function);
    names.as_custom().data.into_owned()
}

#[test]
fn names_stay_but_for_labels_and_the_reserved_one() {
    let limited = limit_call_depth(&with_customs(&[("name", some_names())]), 5).expect("valid");
    let expected = vec![(1, "work".to_owned()), (2, EXCEEDED_FUNCTION.to_owned())];
    assert_eq!(names(&limited), (vec!["name".to_owned()], expected, false, 1));
}

#[test]
fn a_name_section_is_added_or_replaced() {
    for customs in [&[][..], &[("name", vec![1, 0xff, 0xff])], &[("name", vec![])]] {
        let (customs, functions, ..) = names(&limit_call_depth(&with_customs(customs), 5).expect("valid"));
        assert_eq!((customs, functions), (vec!["name".to_owned()], vec![(2, EXCEEDED_FUNCTION.to_owned())]));
    }
}

#[test]
fn sections_about_code_offsets_are_dropped() {
    let keep = ["producers", "target_features", "dylink.0", "mine", "build_id", "component-type:x"];
    let drop = [
        ".debug_info",
        ".debug_line",
        "external_debug_info",
        "sourceMappingURL",
        "metadata.code.branch_hint",
        "metadata.code.trace_inst",
        "reloc.CODE",
        "linking",
    ];
    let customs: Vec<_> = keep.iter().chain(&drop).map(|name| (*name, vec![0])).collect();
    let (found, ..) = names(&limit_call_depth(&with_customs(&customs), 5).expect("valid"));
    assert_eq!(found[..keep.len()], keep);
    assert_eq!(found[keep.len()..], ["name"]);
}
