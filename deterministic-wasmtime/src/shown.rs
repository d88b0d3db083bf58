//! Text that a guest made, for a terminal or a log.

use std::fmt::{self, Write as _};

/// How many characters of a text are shown unless it is told otherwise.
const MOST_SHOWN: usize = 256;

/// Text that a guest made (a name, an import, a message), as it may be put into a line for a terminal or a log.
///
/// Control characters, line breaks, those that turn the direction of writing and those that nobody sees are written as
/// escapes, such as `\u{1b}`, so that a guest can neither forge a line nor move a cursor. Of a long text the beginning is
/// shown, 256 characters unless told otherwise, and `…`. What is shown already is shown again as it is.
///
/// ```
/// use deterministic_wasmtime::shown;
/// assert_eq!(shown("red \u{1b}[31m\nnew line").to_string(), r"red \u{1b}[31m\nnew line");
/// assert_eq!(shown("abcdef").most(3).to_string(), "abc…");
/// ```
pub fn shown(text: &str) -> Shown<'_> {
    Shown { text, most: MOST_SHOWN }
}

/// See [`shown`].
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    text: &'a str,
    most: usize,
}

impl Shown<'_> {
    /// Shows at most `characters`, counted as they are written.
    pub fn most(self, characters: usize) -> Self {
        Shown { most: characters, ..self }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.most;
        for c in self.text.chars() {
            let escape = match c {
                // Quotation marks and backslashes do no harm.
                ' '..='~' => None,
                c => Some(c.escape_debug()),
            };
            let width = escape.as_ref().map_or(1, ExactSizeIterator::len);
            let Some(rest) = left.checked_sub(width) else { return f.write_char('…') };
            left = rest;
            match escape {
                Some(escape) => write!(f, "{escape}")?,
                None => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_written_out() {
        for (text, expected) in [
            ("plain `text` \\ \"quoted\" ä → 日本 …", "plain `text` \\ \"quoted\" ä → 日本 …"),
            ("\u{1b}[2J\r\n\t\0\u{7f}\u{9b}31m", r"\u{1b}[2J\r\n\t\0\u{7f}\u{9b}31m"),
            ("\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{2028}", r"\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{2028}"),
            ("\u{e0041}\u{ad}", r"\u{e0041}\u{ad}"),
        ] {
            assert_eq!(shown(text).to_string(), expected);
            assert_eq!(shown(expected).to_string(), expected);
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        let long = "ä".repeat(1_000_000);
        assert_eq!(shown(&long).to_string(), format!("{}…", "ä".repeat(MOST_SHOWN)));
        assert_eq!(shown(&"\n".repeat(300)).to_string(), format!("{}…", r"\n".repeat(MOST_SHOWN / 2)));
        assert_eq!(shown("abc").most(3).to_string(), "abc");
        assert_eq!(shown("ab\n").most(3).to_string(), "ab…");
        assert_eq!(shown("").most(0).to_string(), "");
    }
}
