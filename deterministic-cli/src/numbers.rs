//! Numbers on the command line, as people write them.

use bytesize::ByteSize;
use jiff::SignedDuration;

/// Reads `1000000`, `1_000_000`, `1e6` or `1.5e6`, as long as it is whole and below 2^64.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, digits(exponent)?.parse::<u32>().ok()?),
        None => (text, 0),
    };
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (digits(integer)?, digits(fraction)?),
        None => (digits(mantissa)?, String::new()),
    };
    let fraction = fraction.trim_end_matches('0');
    // What stands behind the point must be moved before it, all of it.
    let zeros = exponent.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let number: u64 = format!("{integer}{fraction}").parse().ok()?;
    if number == 0 { Some(0) } else { number.checked_mul(10u64.checked_pow(zeros)?) }
}

/// The digits of a number, without the `_` between them.
fn digits(text: &str) -> Option<String> {
    let all = text.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    all.then(|| text.replace('_', ""))
}

/// An amount of fuel.
pub(crate) fn fuel(text: &str) -> Result<u64, &'static str> {
    whole(text).ok_or("give a whole number below 2^64, such as 1000000, 1_000_000 or 1e6")
}

/// How many of something there are, one at least.
pub(crate) fn count(text: &str) -> Result<u32, &'static str> {
    let number = whole(text).and_then(|number| u32::try_from(number).ok());
    number.filter(|&number| number > 0).ok_or("give a whole number from 1 to 4294967295, such as 1000, 1_000 or 1e3")
}

/// A number of bytes.
pub(crate) fn size(text: &str) -> Result<ByteSize, &'static str> {
    let error = "give bytes, with a unit or without, such as 64MiB, 1GB, 1000000, 1_000_000 or 1e6";
    if let Some(bytes) = whole(text) {
        return Ok(ByteSize::b(bytes));
    }
    let unit = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).ok_or(error)?;
    let (number, unit) = text.split_at(unit);
    number.split('.').try_for_each(|part| digits(part).map(drop)).ok_or(error)?;
    format!("{}{unit}", number.replace('_', "")).parse().map_err(|_| error)
}

/// A length of time in nanoseconds.
pub(crate) fn nanoseconds(text: &str) -> Result<u64, &'static str> {
    let duration = text.parse::<SignedDuration>().ok().and_then(|duration| u64::try_from(duration.as_nanos()).ok());
    duration.ok_or("give a time and its unit, up to 584 years in hours, such as 10s, 500ms, 1h30m or PT10S")
}

#[cfg(test)]
mod tests {
    use super::{count, fuel, nanoseconds, size};

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("0", 0),
            ("007", 7),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E6", 1_000_000),
            ("1.5e6", 1_500_000),
            ("1.50e1", 15),
            ("2.0", 2),
            ("0e99", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(fuel(text), Ok(number), "{text}");
            assert_eq!(size(text).map(|size| size.as_u64()), Ok(number), "{text}");
        }
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "1e",
            "e6",
            "1e-3",
            "1e+3",
            "1.25e1",
            "_1",
            "1_",
            "1__0",
            "1e20",
            "18446744073709551616",
            "١",
            "1 0",
        ] {
            assert!(fuel(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_may_have_a_unit() {
        for (text, bytes) in [
            ("64MiB", 64 << 20),
            ("64 MiB", 64 << 20),
            ("1.5GiB", 3 << 29),
            ("1_000kB", 1_000_000),
            ("1GB", 1_000_000_000),
        ] {
            assert_eq!(size(text).map(|size| size.as_u64()), Ok(bytes), "{text}");
        }
        for text in ["", "much", "-1", "1MiBB", "MiB", "1__0MiB", "1.5", "1.2.3MiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, nanos) in [
            ("10s", 10_000_000_000),
            ("1.5s", 1_500_000_000),
            ("500ms", 500_000_000),
            ("7ns", 7),
            ("0s", 0),
            ("1h30m", 5_400_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("PT10S", 10_000_000_000),
            ("5124095h", 18_446_742_000_000_000_000),
        ] {
            assert_eq!(nanoseconds(text), Ok(nanos), "{text}");
        }
        for text in ["", "10", "-1s", "s", "1 fortnight", "5124096h", "1e3s"] {
            assert!(nanoseconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts_begin_at_one() {
        assert_eq!((count("1"), count("1e3")), (Ok(1), Ok(1000)));
        assert!(count("0").is_err() && count("4294967296").is_err());
    }
}
