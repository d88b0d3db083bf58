//! What is left of the depth after a trap.

use crate::support::*;
use wasmtime::Trap;

const GUEST: &str = r#"(module
    (func $f (export "run") (param $n i32) (param $divisor i32) (result i32)
        (if (i32.eqz (local.get $n)) (then (return (i32.div_u (i32.const 12) (local.get $divisor)))))
        (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $divisor))))"#;

/// The guest's own trap leaves the counter where it happened: less depth, until it is set back.
#[test]
fn the_guests_own_trap() {
    for (name, engine) in engines() {
        let mut guest = Guest::new(&engine, &limited(GUEST, 10));
        assert_eq!(guest.call("run", &[5, 0]), Ending::Trapped(Trap::IntegerDivisionByZero), "{name}");
        assert_eq!(guest.counter(), 6, "{name}");
        assert_eq!(guest.call("run", &[3, 4]), Ending::Returned(vec![3]), "{name}");
        assert_eq!(guest.counter(), 6, "{name}");
        assert_eq!(guest.call("run", &[4, 4]), Ending::Exceeded, "{name}");
        guest.reset();
        assert_eq!(guest.call("run", &[9, 4]), Ending::Returned(vec![3]), "{name}");
    }
}

/// After the limit's trap nothing runs until the counter is set back.
#[test]
fn the_limits_trap() {
    for (name, engine) in engines() {
        let mut guest = Guest::new(&engine, &limited(GUEST, 10));
        assert_eq!(guest.call("run", &[10, 1]), Ending::Exceeded, "{name}");
        assert_eq!(guest.counter(), EXCEEDED, "{name}");
        assert_eq!(guest.call("run", &[0, 1]), Ending::Exceeded, "{name}");
        guest.reset();
        assert_eq!(guest.call("run", &[9, 1]), Ending::Returned(vec![12]), "{name}");
        assert_eq!(guest.counter(), 0, "{name}");
    }
}

/// The guest's own `unreachable` is not taken for the limit's, even in a function with the reserved name.
#[test]
fn the_guests_own_unreachable() {
    let text = r#"(module (func $"detwasi:call-depth-exceeded" (export "run") (unreachable)))"#;
    for (name, engine) in engines() {
        let ending = Guest::new(&engine, &limited(text, 10)).call("run", &[]);
        assert_eq!(ending, Ending::Trapped(Trap::UnreachableCodeReached), "{name}");
    }
}
