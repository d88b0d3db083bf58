//! Text that a guest or the engine made, as it may reach a terminal or a log.

use std::fmt::{self, Write as _};

use deterministic_wasmtime::shown;

use crate::bounded::Bounded;
use crate::frames;

/// How many characters a line has at most.
const LINE: usize = 8192;
/// How many messages of an error are told, and how many bytes of each.
const CAUSES: usize = 16;
const CAUSE: usize = 2048;

/// `text` with line breaks and indentation made single spaces, and all else that nobody sees [shown].
pub fn one_line(text: &str) -> String {
    shown(&text.split_whitespace().collect::<Vec<_>>().join(" ")).most(LINE).to_string()
}

/// The message of an error and of those behind it, in one line and without the guest's frames, which have lines of their own.
pub fn chain(error: &wasmtime::Error) -> String {
    let causes = error.chain().filter_map(|cause| {
        let mut text = Bounded::new(CAUSE);
        let _ = write!(NoFrames(&mut text), "{cause}");
        (!is_frames(text.text())).then(|| text.finish())
    });
    one_line(&causes.take(CAUSES).collect::<Vec<_>>().join(": "))
}

/// Stops who begins to write frames: Wasmtime demangles their names, whatever comes of it.
struct NoFrames<'a>(&'a mut Bounded);

impl fmt::Write for NoFrames<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.0.write_str(more)?;
        if is_frames(self.0.text()) { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Whether Wasmtime begins to write frames, or what it gathered for a core dump, which ends with them.
fn is_frames(text: &str) -> bool {
    text.starts_with(frames::HEAD) || text.starts_with("wasm coredump generated while executing ")
}

/// Exports or imports in a message, of which a guest may have thousands.
pub(crate) fn listed(exports: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 20;
    let mut exports = exports.into_iter();
    let mut shown: Vec<_> = exports.by_ref().take(MOST).map(|export| format!("`{}`", shown(&export))).collect();
    match exports.count() {
        0 if shown.is_empty() => return "no function at all".into(),
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
