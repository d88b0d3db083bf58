//! Text that is cut where it gets too long, while it is made.

use std::fmt::{self, Write};

/// Takes so many bytes of text. Whoever writes more is told of an error, and stops making it.
#[derive(Debug)]
pub(crate) struct Bounded {
    text: String,
    most: usize,
    is_cut: bool,
}

impl Bounded {
    pub(crate) fn new(most: usize) -> Self {
        Bounded { text: String::new(), most, is_cut: false }
    }

    /// What was written so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether there was more.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What was written, with a mark if there was more.
    pub(crate) fn finish(mut self) -> String {
        if self.is_cut {
            self.text.push('…');
        }
        self.text
    }
}

impl Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let fits = more.floor_char_boundary(self.most - self.text.len());
        self.text.push_str(&more[..fits]);
        if fits < more.len() {
            self.is_cut = true;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        let mut text = Bounded::new(4);
        assert!(write!(text, "aä").is_ok() && !text.is_cut());
        assert!(write!(text, "ää").is_err() && text.is_cut());
        assert_eq!(text.text(), "aä");
        assert_eq!(text.finish(), "aä…");
        let mut text = Bounded::new(4);
        assert!(write!(text, "abcd").is_ok());
        assert_eq!(text.finish(), "abcd");
    }
}
