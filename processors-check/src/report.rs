//! What is said.

use std::fmt::Display;
use std::io::{self, Write as _, stdout};

/// Lines of a name and a digest, and a digest of all of them.
pub(crate) struct Report(blake3::Hasher);

impl Report {
    pub(crate) fn new() -> Self {
        Report(blake3::Hasher::new())
    }

    pub(crate) fn line(&mut self, name: impl Display, bytes: &[u8]) -> io::Result<()> {
        let line = format!("{} {}\n", name.to_string().replace(' ', "-"), blake3::hash(bytes).to_hex());
        self.0.update(line.as_bytes());
        stdout().write_all(line.as_bytes())
    }

    /// What need not be the same on a big-endian processor, and is not in the digest of all.
    pub(crate) fn line_of_little_endian(&mut self, name: impl Display, bytes: &[u8]) -> io::Result<()> {
        let name = name.to_string().replace(' ', "-");
        writeln!(stdout(), "little-endian/{name} {}", blake3::hash(bytes).to_hex())
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        writeln!(stdout(), "all {}", self.0.finalize().to_hex())
    }
}
