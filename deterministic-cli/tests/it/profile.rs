//! `--profile`: where a module's fuel goes, to the unit.

use serde_json::{Value, json};

use crate::{Place, component_guests, guests};

/// Much of what counts: calls of each kind, branches of each kind, and what works in bulk on memories, tables and arrays.
const BUSY: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (type $number (func (param i32) (result i32)))
    (type $array (array (mut i32)))
    (memory (export "memory") 1)
    (memory $wide i64 1)
    (global $own (mut i32) (i32.const 3))
    (table $table 10 funcref)
    (table $long i64 10 funcref)
    (elem $elem func $leaf $leaf $leaf)
    (elem declare func $tail)
    (data $data "0123456789")
    (func $leaf (type $number) (i32.add (local.get 0) (global.get $own)))
    (func $tail (type $number) (return_call $leaf (local.get 0)))
    (func $bulk (param $n i32)
        (local $length i64)
        (local.set $length (i64.extend_i32_u (local.get $n)))
        (memory.fill (i32.const 0) (i32.const 7) (local.get $n))
        (memory.copy (i32.const 100) (i32.const 0) (local.get $n))
        (memory.copy (i32.const 300) (i32.const 0) (i32.const 5))
        (memory.init $data (i32.const 400) (i32.const 0) (local.get $n))
        (memory.fill $wide (i64.const 0) (i32.const 7) (local.get $length))
        (memory.copy $wide $wide (i64.const 100) (i64.const 0) (local.get $length))
        (memory.copy $wide 0 (i64.const 100) (i32.const 0) (local.get $n))
        (drop (memory.grow (local.get $n)))
        (table.init $table $elem (i32.const 0) (i32.const 0) (i32.const 3))
        (table.copy $table $table (i32.const 5) (i32.const 0) (local.get $n))
        (table.fill $table (i32.const 3) (ref.null func) (local.get $n))
        (table.fill $long (i64.const 3) (ref.null func) (local.get $length))
        (drop (table.grow $table (ref.null func) (local.get $n)))
        (drop (table.grow $long (ref.null func) (local.get $length)))
        (array.fill $array (array.new_default $array (i32.const 20)) (i32.const 1) (i32.const 2) (local.get $n))
        (drop (array.new $array (i32.const 2) (local.get $n))))
    (func $branches (param $n i32)
        (local $sum i32)
        (loop $more
            (block $out
                (block $two
                    (block $one (br_table $one $two $out (i32.rem_u (local.get $n) (i32.const 4))))
                    (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
                    (br $out))
                (if (i32.and (local.get $n) (i32.const 4))
                    (then (local.set $sum (call $leaf (local.get $sum))))
                    (else (nop) (drop (call_indirect (type $number) (local.get $sum) (i32.const 0)))))
                (br_if $out (i32.eqz (local.get $n)))
                (drop (call_ref $number (local.get $n) (ref.func $tail))))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (if (i32.eqz (local.get $n)) (then (return)))
        (unreachable))
    (func $unused)
    (func (export "_start")
        (call $bulk (i32.const 2))
        (call $branches (i32.const 50))
        (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 64)))
        (call $branches (i32.const 7))))"#;

fn report(place: &Place, args: &[&str]) -> Value {
    let ran = place.detwasi(&[&["run", "--report", "report.json"], args].concat());
    assert!(ran.code.is_some_and(|code| code != 2), "{ran:?}");
    place.json("report.json")
}

fn lines(report: &Value) -> &Vec<Value> {
    report["profile"].as_array().expect("a profile")
}

#[test]
fn the_sum_is_what_fuel_is_consumed() {
    let place = Place::new();
    for (guest, text) in
        [("busy.wat", BUSY.to_owned()), ("args.wat", guests::args()), ("answers.wat", guests::answers())]
    {
        place.file(guest, text);
        for preset in ["simulation", "strict"] {
            // Which wants no random bytes.
            if (guest, preset) == ("answers.wat", "strict") {
                continue;
            }
            let counted = report(&place, &["--fuel", "1e9", "--preset", preset, guest]);
            let profiled = report(&place, &["--profile", "--preset", preset, guest]);
            let sum: u64 = lines(&profiled).iter().map(|line| line["fuel"].as_u64().expect("a number")).sum();
            assert_eq!(counted["outcome"], json!({ "exit_code": 0 }), "{counted}");
            // The engine itself takes one to set up a module with segments of elements.
            let setup = u64::from(guest == "busy.wat");
            assert_eq!(json!(sum + setup), counted["fuel_consumed"], "{guest} {preset}: {profiled}");
            // The guest does not notice, and nothing else of the report does.
            let mut plain = report(&place, &["--preset", preset, guest]);
            assert!(plain["profile"].is_null());
            plain["profile"] = profiled["profile"].clone();
            assert_eq!(plain, profiled);
        }
    }
}

#[test]
fn each_function_has_its_own_and_the_largest_are_first() {
    let place = Place::new();
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1)
        (func $_ZN3foo3barEv (drop (i32.add (i32.const 1) (i32.const 2))))
        (func (call 1) (call 1))
        (func $never)
        (func $main (export "_start") (drop (call $yield)) (call 2) (call 2)))"#;
    place.file("guest.wat", text);
    let profile = report(&place, &["--profile", "guest.wat"])["profile"].clone();
    assert_eq!(
        profile,
        json!([
            { "function": "foo::bar()", "index": 1, "calls": 4, "fuel": 16 },
            { "function": null, "index": 2, "calls": 2, "fuel": 6 },
            { "function": "main", "index": 4, "calls": 1, "fuel": 4 },
        ])
    );
    // A guest that is ended got somewhere.
    place.file("trap.wat", guests::trap());
    let report = report(&place, &["--profile", "trap.wat"]);
    assert_eq!(report["outcome"]["trap"]["kind"], "UnreachableCodeReached");
    assert!(lines(&report).iter().any(|line| line["function"] == "inner" && line["calls"] == 1), "{report}");
}

#[test]
fn what_cannot_be_profiled_is_refused() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("component.wat", component_guests::args());
    place.file("invalid.wat", "(module (func (export \"_start\") (drop (global.get 2))))");
    for (args, says) in [
        (&["--profile", "args.wat"][..], "--report"),
        (&["--profile", "--report", "r", "--cache", "c", "args.wat"], "--cache"),
        (&["--profile", "--report", "r", "--fuel", "9", "args.wat"], "--fuel"),
        (&["--profile", "--report", "r", "component.wat"], "--profile is for core modules"),
        // What counts is behind the guest's own, where it must not reach.
        (&["--profile", "--report", "r", "invalid.wat"], "cannot be compiled"),
    ] {
        let ran = place.detwasi(&[&["run"], args].concat());
        ran.assert(2, "");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{ran:?}");
    }
}
