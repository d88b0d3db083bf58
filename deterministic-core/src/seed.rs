//! The seed of a run, and the streams derived from it.

use alloc::string::String;
use core::{fmt, str::FromStr};

use blake3::hazmat::{ContextKey, HasherExt as _};

/// 256 bits from which everything random in a run is derived.
///
/// ```
/// use deterministic_core::Seed;
///
/// let seed: Seed = "42".parse()?;
/// assert_eq!(seed, Seed::from_u64(42));
/// assert_eq!(seed.to_string().parse(), Ok(seed));
/// assert_ne!(seed.stream("secure"), seed.stream("insecure"));
/// # Ok::<(), deterministic_core::ParseSeedError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed([u8; 32]);

/// Context strings of BLAKE3's key derivation. They are part of the streams' definition and never change.
const STREAM: Context = Context {
    #[cfg(test)]
    text: "deterministic-wasi 2026-11-21 stream of a seed",
    key: [
        85, 252, 16, 107, 164, 99, 184, 190, 29, 59, 103, 45, 210, 65, 140, 43, 89, 131, 104, 61, 206, 94, 48, 69, 105,
        235, 39, 140, 224, 172, 40, 204,
    ],
};
const SECRET: Context = Context {
    #[cfg(test)]
    text: "deterministic-wasi 2026-11-21 seed from a secret",
    key: [
        91, 83, 63, 97, 153, 179, 154, 69, 140, 68, 4, 1, 238, 204, 136, 141, 13, 152, 35, 30, 211, 119, 58, 93, 181,
        146, 189, 30, 97, 155, 60, 24,
    ],
};

/// A context string and the key that BLAKE3 makes of it. As a constant, it takes half of the time of a derivation off the
/// making of each store.
struct Context {
    #[cfg(test)]
    text: &'static str,
    key: ContextKey,
}

impl Seed {
    /// The seed with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Seed(bytes)
    }

    /// The seed with `number` in its first eight bytes, little-endian, and zeros behind.
    pub const fn from_u64(number: u64) -> Self {
        let number = number.to_le_bytes();
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < number.len() {
            bytes[i] = number[i];
            i += 1;
        }
        Seed(bytes)
    }

    /// A seed that the owner of `secret` can make again and nobody else can: one for each `context`, such as a tenant's
    /// or a request's name.
    ///
    /// Defined as BLAKE3's `derive_key` with the context string
    /// `deterministic-wasi 2026-11-21 seed from a secret` over: the length of `secret` in bytes as eight bytes
    /// little-endian, `secret`, `context`.
    pub fn derive(secret: &[u8], context: &[u8]) -> Self {
        Seed(derive_key(&SECRET, secret, context))
    }

    /// The key of the consumer called `name`. Names are free; drawing from one stream never shifts another.
    ///
    /// Defined as BLAKE3's `derive_key` with the context string `deterministic-wasi 2026-11-21 stream of a seed` over:
    /// 32 as eight bytes little-endian, the seed, the name in UTF-8. The names in use are `secure`, `insecure`,
    /// `insecure-seed`, `scheduler` and `clock`.
    pub fn stream(&self, name: &str) -> [u8; 32] {
        derive_key(&STREAM, &self.0, name.as_bytes())
    }

    /// The value of `wasi:random/insecure-seed`: the first 16 bytes of the stream key `insecure-seed`, little-endian.
    pub fn insecure_seed(&self) -> u128 {
        let key = self.stream("insecure-seed");
        u128::from_le_bytes(core::array::from_fn(|i| key[i]))
    }

    /// The bytes of the seed.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The length before the first part keeps two different pairs from meaning the same bytes.
fn derive_key(context: &Context, first: &[u8], second: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new_from_context_key(&context.key)
        .update(&(first.len() as u64).to_le_bytes())
        .update(first)
        .update(second)
        .finalize()
        .as_bytes()
}

/// Seed 0.
impl Default for Seed {
    fn default() -> Self {
        Seed::from_u64(0)
    }
}

impl From<u64> for Seed {
    fn from(number: u64) -> Self {
        Seed::from_u64(number)
    }
}

/// `0x` and 64 hexadecimal digits, byte 0 first.
impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({self})")
    }
}

/// The text is not a seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a seed; give an integer from 0 to 18446744073709551615, or the same as 0x and up to 16 hexadecimal digits, \
     or the bytes of a whole seed as 0x and 64 of them"
)]
pub struct ParseSeedError(String);

impl FromStr for Seed {
    type Err = ParseSeedError;

    /// Reads an integer of 64 bits, decimal or as `0x` and one to 16 hexadecimal digits, or what
    /// [`Display`](fmt::Display) writes (digits in either case).
    fn from_str(text: &str) -> Result<Self, ParseSeedError> {
        let error = || ParseSeedError(text.into());
        let Some(hex) = text.strip_prefix("0x") else {
            // `u64::from_str` would take a sign.
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            return if digits { text.parse().map(Seed::from_u64).map_err(|_| error()) } else { Err(error()) };
        };
        if (1..=16).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return u64::from_str_radix(hex, 16).map(Seed::from_u64).map_err(|_| error());
        }
        let digits: &[u8; 64] = hex.as_bytes().try_into().map_err(|_| error())?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let digit = |d: u8| char::from(d).to_digit(16).ok_or_else(error);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Ok(Seed(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{SECRET, STREAM};

    #[test]
    fn the_keys_are_of_the_contexts() {
        for context in [STREAM, SECRET] {
            assert_eq!(context.key, blake3::hazmat::hash_derive_key_context(context.text));
        }
    }
}
