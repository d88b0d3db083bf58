//! Numbers and strings as bytes.

/// Why bytes are not what they should be.
pub(crate) type Malformed = &'static str;

/// The most bytes that a number takes.
pub(super) const NUMBER_MAX: usize = 10;

const CUT: Malformed = "it ends too early";

/// Seven bits a byte from the lowest on; all but the last have their highest bit set.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The length in front.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is left to read. Nothing is believed of what is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Input(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(CUT)?;
        self.0 = rest;
        Ok(*first)
    }

    /// In the shortest form only, so that equal answers are equal bytes.
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err("a number in it has more than 64 bits");
            }
            number |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 { Err("a number in it has a zero in front") } else { Ok(number) };
            }
        }
        Err("a number in it has more than 64 bits")
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = usize::try_from(len).ok().and_then(|len| self.0.split_at_checked(len)).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(CUT)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// So many as the number in front says.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.number()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a string in it is not UTF-8")
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Or one of two.
    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag in it is neither set nor not"),
        }
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err("it goes on where it should end") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8]) -> Result<u64, Malformed> {
        let mut input = Input::new(bytes);
        let number = input.number()?;
        input.end().map(|()| number)
    }

    #[test]
    fn a_number_has_one_form() {
        for at in 0..64 {
            for value in [1 << at, (1_u64 << at) - 1, u64::MAX >> at, !(1 << at)] {
                let mut bytes = Vec::new();
                put_number(&mut bytes, value);
                assert!(bytes.len() <= NUMBER_MAX);
                assert_eq!(number(&bytes), Ok(value));
                assert_eq!(number(&bytes[..bytes.len() - 1]), Err(CUT));
                *bytes.last_mut().unwrap() |= 0x80;
                bytes.push(0);
                assert!(number(&bytes).is_err(), "{bytes:x?}");
            }
        }
        assert_eq!(number(&[0xac, 0x02]), Ok(300));
        assert!(number(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).is_err());
        assert!(number(&[0x80; 20]).is_err());
    }

    #[test]
    fn a_length_is_not_believed() {
        for len in [1, 1 << 20, u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, len);
            assert_eq!(Input::new(&bytes).bytes(), Err(CUT));
        }
    }
}
