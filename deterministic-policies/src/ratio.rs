//! A fraction, so that no rate or probability depends on floating point.

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

use crate::ConfigError;

/// An exact fraction `num/den`, both `0 ..= 2^64-1`, `den` at least 1. It is kept as given, not reduced.
///
/// ```
/// use deterministic_policies::Ratio;
///
/// assert_eq!("3/2".parse(), Ratio::new(3, 2));
/// assert_eq!(Ratio::new(3, 2)?.to_string(), "3/2");
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ratio {
    num: u64,
    den: NonZeroU64,
}

impl Ratio {
    /// The fraction `num/den`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ZeroDenominator`] if `den` is 0.
    pub const fn new(num: u64, den: u64) -> Result<Self, ConfigError> {
        match NonZeroU64::new(den) {
            Some(den) => Ok(Ratio { num, den }),
            None => Err(ConfigError::ZeroDenominator),
        }
    }

    /// The whole number `num`.
    pub const fn whole(num: u64) -> Self {
        Ratio { num, den: NonZeroU64::MIN }
    }

    /// `num/den`, for a denominator that is known not to be 0.
    pub(crate) const fn of(num: u64, den: NonZeroU64) -> Self {
        Ratio { num, den }
    }

    /// Both parts, for a description.
    pub(crate) const fn parts(self) -> [u64; 2] {
        [self.num, self.den.get()]
    }

    /// The part above the line.
    pub const fn num(self) -> u64 {
        self.num
    }

    /// The part below the line.
    pub const fn den(self) -> NonZeroU64 {
        self.den
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl FromStr for Ratio {
    type Err = ConfigError;

    /// Reads `3/2`, or `3` for `3/1`.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let number = |part: &str| {
            // `u64::from_str` would take a sign.
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten().ok_or_else(|| ConfigError::NotARatio(text.into()))
        };
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        Ratio::new(number(num)?, number(den)?)
    }
}
