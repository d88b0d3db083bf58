//! In which form calls are written.

use std::fmt;
use std::str::FromStr;

/// In which form calls are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A line for each call, to be read by people. Lines that begin with `#` are digests.
    #[default]
    Text,
    /// An object of JSON on a line for each call, and for each digest one with `calls` and `digest`.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    Json,
    /// Chrome's trace events, which Perfetto (<https://ui.perfetto.dev>) shows on the guest's own time.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    Perfetto,
    /// No calls, but digests alone, as lines of text.
    Digests,
}

impl Format {
    /// All there are.
    pub const ALL: &[Format] = &[
        Format::Text,
        #[cfg(feature = "json")]
        Format::Json,
        #[cfg(feature = "json")]
        Format::Perfetto,
        Format::Digests,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            #[cfg(feature = "json")]
            Format::Json => "json",
            #[cfg(feature = "json")]
            Format::Perfetto => "perfetto",
            Format::Digests => "digests",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No format is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no format of a call log; choose one of: {}", names())]
pub struct UnknownFormat {
    name: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Format::ALL.iter().find(|format| format.name() == name);
        found.copied().ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

fn names() -> String {
    Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}
