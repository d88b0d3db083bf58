//! How what a guest may ask is answered.

/// Why two runs get the same answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Label {
    /// Refused, or constant.
    Eliminated,
    /// Answered by a policy, or by what the guest did before.
    Virtual,
    /// The host's answer, made the same everywhere.
    Normalised,
    /// The host's answer, kept in a trace and replayed.
    Recorded,
    /// An input that the embedder vouches for.
    Assumed,
    /// The host shows, or it is not known here.
    Uncovered,
}

impl Label {
    /// Its name in reports, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Label::Eliminated => "eliminated",
            Label::Virtual => "virtual",
            Label::Normalised => "normalised",
            Label::Recorded => "recorded",
            Label::Assumed => "assumed",
            Label::Uncovered => "uncovered",
        }
    }
}
