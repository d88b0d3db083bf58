//! Calls as text, in the manner of strace.
//!
//! ```text
//! 7 0.001000000 wasi_snapshot_preview1.fd_write(fd=1, iovs=6 bytes 2f9a0b…) = success, nwritten=6
//! 8 0.001000000 wasi_snapshot_preview1.poll_oneoff(…) = success, … <1.000000000>
//! ```
//!
//! The number, the virtual time in seconds, the call, what it gave, and how long it took if that is not nothing.

use std::fmt;

use deterministic_core::Instant;

use super::{Call, Field, Outcome, Value};

/// How many digits of a digest are for a person.
const DIGITS: usize = 16;

pub(super) fn call(f: &mut impl fmt::Write, call: &Call<'_>) -> fmt::Result {
    write!(f, "{} ", call.number)?;
    seconds(f, call.at.as_nanos())?;
    write!(f, " {}.{}(", call.interface, call.function)?;
    fields(f, call.arguments)?;
    f.write_char(')')?;
    match call.outcome {
        Outcome::Returned(results) => {
            // An errno needs no name.
            match results.split_first() {
                Some((Field { name, value: errno }, results)) if name == "errno" => {
                    f.write_str(" = ")?;
                    value(f, errno)?;
                    f.write_str(if results.is_empty() { "" } else { ", " })?;
                    fields(f, results)?;
                }
                Some(_) => {
                    f.write_str(" = ")?;
                    fields(f, results)?;
                }
                None => {}
            }
        }
        Outcome::Exit(status) => write!(f, " exits with {status}")?,
        Outcome::Trap(reason) => {
            f.write_str(" ends the guest: ")?;
            escaped(f, reason)?;
        }
    }
    match call.until.saturating_since(call.at) {
        0 => Ok(()),
        took => {
            f.write_str(" <")?;
            seconds(f, took)?;
            f.write_char('>')
        }
    }
}

fn seconds(f: &mut impl fmt::Write, nanos: u64) -> fmt::Result {
    // An instant prints its unit, too.
    let text = Instant::from_nanos(nanos).to_string();
    f.write_str(text.trim_end_matches(" s"))
}

fn fields(f: &mut impl fmt::Write, fields: &[Field]) -> fmt::Result {
    for (position, Field { name, value: shown }) in fields.iter().enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        if !name.is_empty() {
            write!(f, "{name}=")?;
        }
        value(f, shown)?;
    }
    Ok(())
}

fn value(f: &mut impl fmt::Write, shown: &Value) -> fmt::Result {
    match shown {
        Value::Unsigned(number) => write!(f, "{number}"),
        Value::Signed(number) => write!(f, "{number}"),
        Value::Bool(truth) => write!(f, "{truth}"),
        Value::Text(text) => {
            f.write_char('"')?;
            escaped(f, text)?;
            f.write_char('"')
        }
        Value::Data { len, digest } => write!(f, "{len} bytes {digest:.DIGITS$}"),
        Value::Name(name) => f.write_str(name),
        Value::Flags(flags) if flags.is_empty() => f.write_char('0'),
        Value::Flags(flags) => f.write_str(&flags.join("|")),
        Value::List { items, more } => {
            f.write_char('[')?;
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    f.write_str(", ")?;
                }
                value(f, item)?;
            }
            if *more > 0 {
                write!(f, ", and {more} more")?;
            }
            f.write_char(']')
        }
        Value::Record(record) => {
            f.write_char('{')?;
            fields(f, record)?;
            f.write_char('}')
        }
        Value::Case(name, held) => {
            write!(f, "{name}(")?;
            value(f, held)?;
            f.write_char(')')
        }
        Value::Handle(number) => write!(f, "#{number}"),
        Value::Unreadable => f.write_str("?"),
    }
}

/// So that a line stays one, and a guest cannot tell a terminal anything: by code points alone, which no later Unicode changes.
fn escaped(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => {
                write!(f, "\\u{{{:x}}}", u32::from(c))?;
            }
            '\u{2060}'..='\u{206f}' | '\u{feff}' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_of_a_call() {
        let arguments = [
            Field::new("fd", 3_u32),
            Field::new("path", Value::text(b"a\"\n\x1b[1m")),
            Field::new("data", Value::data(b"x")),
            Field::new("flags", Value::Flags(vec!["a".into(), "b".into()])),
            Field::new("none", Value::Flags(Vec::new())),
            Field::new("list", Value::list(std::iter::repeat_n(Value::Unsigned(1), 34))),
        ];
        let record = Value::Record(vec![Field::new("at", Value::Signed(-1)), Field::new("ok", Value::Bool(true))]);
        let results = vec![
            Field::new("", Value::Name("success".into())),
            Field::new("it", Value::Case("some".into(), record.into())),
        ];
        let (at, until) = (Instant::from_nanos(1), Instant::from_nanos(1_000_000_003));
        let outcome = Outcome::Returned(results);
        let call =
            Call { number: 9, at, until, interface: "i", function: "f", arguments: &arguments, outcome: &outcome };
        let ones = ["1"; 32].join(", ");
        let expected = format!(
            "9 0.000000001 i.f(fd=3, path=\"a\\\"\\n\\u{{1b}}[1m\", data=1 bytes 7aff2cc12d6a3b4d, flags=a|b, none=0, \
             list=[{ones}, and 2 more]) = success, it=some({{at=-1, ok=true}}) <1.000000002>"
        );
        let digest = format!("{:.16}", super::super::Digest::of(b"x"));
        assert_eq!(call.to_string(), expected.replace("7aff2cc12d6a3b4d", &digest));
        let call = Call { outcome: &Outcome::Exit(3), arguments: &[], until: at, ..call };
        assert_eq!(call.to_string(), "9 0.000000001 i.f() exits with 3");
        let call = Call { outcome: &Outcome::Trap("no\nway".into()), ..call };
        assert_eq!(call.to_string(), "9 0.000000001 i.f() ends the guest: no\\nway");
    }
}
