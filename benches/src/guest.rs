//! Guests as text.

/// The text of a guest that has `body` done again and again. `body` is WebAssembly text that leaves 0 on the stack if it
/// succeeded; `before` are definitions that it needs.
pub fn looping(before: &str, body: &str) -> String {
    let run = run("", body);
    format!(r#"(module {before} (memory (export "memory") 64) {run})"#)
}

/// The function with the loop. `first` is done at the beginning of each round.
pub(crate) fn run(first: &str, body: &str) -> String {
    format!(
        r#"(func (export "run") (param $left i64) (result i64) (local $done i64)
            (loop $again
                {first}
                (if (i32.eqz {body})
                    (then (local.set $done (i64.add (local.get $done) (i64.const 1)))))
                (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                (br_if $again (i64.ne (local.get $left) (i64.const 0))))
            (local.get $done))"#
    )
}
