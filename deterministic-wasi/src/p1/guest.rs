//! A guest's memory, and pointers into it.
//!
//! What is wrong with a pointer is found and said in the order in which wiggle does, which stock WASI is made with: first that it
//! lies outside, then that it is not aligned.

use std::marker::PhantomData;

use super::types::Errno;
use crate::fault::Answer;

/// An argument or a pointer of the guest's that is not valid. The guest ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// Flags that do not exist.
    #[error("Invalid flag value {0}")]
    InvalidFlagValue(&'static str),
    /// A value that the type does not have.
    #[error("Invalid enum value {0}")]
    InvalidEnumValue(&'static str),
    /// A pointer beyond 2^32.
    #[error("Pointer overflow")]
    PtrOverflow,
    /// A pointer outside of the memory.
    #[error("Pointer out of bounds: {0:?}")]
    PtrOutOfBounds(Region),
    /// A pointer that is not a multiple of the alignment of its type, in bytes.
    #[error("Pointer not aligned to {1}: {0:?}")]
    PtrNotAligned(Region, u32),
}

/// A part of a guest's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins.
    pub start: u32,
    /// How long it is.
    pub len: u32,
}

/// The memory of the guest that calls.
#[derive(Debug)]
pub struct GuestMemory<'a>(pub(super) &'a mut [u8]);

/// Where a number of type `T` lies in the memory, if it does.
#[derive(Debug)]
pub(super) struct GuestPtr<T> {
    at: u32,
    of: PhantomData<T>,
}

impl<T> Clone for GuestPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for GuestPtr<T> {}

/// A number in a guest's memory: little-endian, and aligned by its size.
pub(super) trait Number: Copy {
    const SIZE: u32;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    fn put(self, into: &mut [u8]);
}

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Number for $number {
            const SIZE: u32 = size_of::<$number>() as u32;

            #[inline]
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                Some($number::from_le_bytes(bytes.try_into().ok()?))
            }

            #[inline]
            fn put(self, into: &mut [u8]) {
                into.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64);

impl<T: Number> GuestPtr<T> {
    pub(super) fn new(at: u32) -> Self {
        GuestPtr { at, of: PhantomData }
    }

    pub(super) fn cast<U: Number>(self) -> GuestPtr<U> {
        GuestPtr::new(self.at)
    }

    /// The pointer `count` numbers further.
    pub(super) fn add(self, count: u32) -> Result<Self, GuestError> {
        let at = count.checked_mul(T::SIZE).and_then(|bytes| self.at.checked_add(bytes));
        at.map(GuestPtr::new).ok_or(GuestError::PtrOverflow)
    }

    /// The same place.
    pub(super) fn offset(self) -> u32 {
        self.at
    }
}

/// Some bytes of the guest's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes {
    pub(super) at: u32,
    pub(super) len: u32,
}

impl<'a> GuestMemory<'a> {
    /// The memory `bytes`, from its address 0 on.
    #[inline]
    pub fn new(bytes: &'a mut [u8]) -> Self {
        GuestMemory(bytes)
    }

    /// The bytes of a number of `size` at `at`.
    fn check(&self, at: u32, size: u32) -> Result<std::ops::Range<usize>, GuestError> {
        let range = self.range(at, size)?;
        if !at.is_multiple_of(size) {
            return Err(GuestError::PtrNotAligned(Region { start: at, len: size }, size));
        }
        Ok(range)
    }

    fn range(&self, at: u32, len: u32) -> Result<std::ops::Range<usize>, GuestError> {
        let end = (at as usize).checked_add(len as usize).filter(|&end| end <= self.0.len());
        end.map(|end| at as usize..end).ok_or(GuestError::PtrOutOfBounds(Region { start: at, len }))
    }

    pub(super) fn read<T: Number>(&self, from: GuestPtr<T>) -> Result<T, GuestError> {
        let range = self.check(from.at, T::SIZE)?;
        let region = Region { start: from.at, len: T::SIZE };
        T::from_bytes(&self.0[range]).ok_or(GuestError::PtrOutOfBounds(region))
    }

    pub(super) fn write<T: Number>(&mut self, to: GuestPtr<T>, number: T) -> Result<(), GuestError> {
        let range = self.check(to.at, T::SIZE)?;
        number.put(&mut self.0[range]);
        Ok(())
    }

    /// The bytes of a buffer, to be read.
    #[inline]
    pub(super) fn slice(&self, bytes: Bytes) -> Result<&[u8], GuestError> {
        match self.0.get(bytes.at as usize..).and_then(|rest| rest.get(..bytes.len as usize)) {
            Some(slice) => Ok(slice),
            None => Err(GuestError::PtrOutOfBounds(Region { start: bytes.at, len: bytes.len })),
        }
    }

    /// The bytes of a buffer, to be written to.
    #[inline]
    pub(super) fn slice_mut(&mut self, bytes: Bytes) -> Result<&mut [u8], GuestError> {
        match self.0.get_mut(bytes.at as usize..).and_then(|rest| rest.get_mut(..bytes.len as usize)) {
            Some(slice) => Ok(slice),
            None => Err(GuestError::PtrOutOfBounds(Region { start: bytes.at, len: bytes.len })),
        }
    }

    /// Text of the guest's; bytes that are not UTF-8 are `EILSEQ`.
    pub(super) fn str(&self, bytes: Bytes) -> Answer<&str> {
        Ok(std::str::from_utf8(self.slice(bytes)?).map_err(|_| Errno::Ilseq)?)
    }

    /// Copies `slice` to `at`; nothing fits anywhere.
    pub(super) fn copy_from_slice(&mut self, slice: &[u8], at: u32) -> Answer {
        if slice.is_empty() {
            return Ok(());
        }
        let len = u32::try_from(slice.len()).map_err(|_| Errno::Overflow)?;
        self.slice_mut(Bytes { at, len })?.copy_from_slice(slice);
        Ok(())
    }

    /// Writes a number, and says whether there is room for it, aligned as its type.
    #[inline]
    pub(super) fn store<const N: usize>(&mut self, at: u32, number: [u8; N]) -> bool {
        let place = self.0.get_mut(at as usize..).and_then(|bytes| bytes.first_chunk_mut());
        match place {
            Some(place) if (at as usize).is_multiple_of(N) => {
                *place = number;
                true
            }
            _ => false,
        }
    }

    /// Reads a number, if it is there, aligned as its type.
    #[inline]
    pub(super) fn load<const N: usize>(&self, at: u32) -> Option<[u8; N]> {
        self.0.get(at as usize..)?.first_chunk().filter(|_| (at as usize).is_multiple_of(N)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_lies_outside_before_it_is_misaligned() {
        let mut bytes = [0; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        let region = |start, len| Region { start, len };
        assert_eq!(memory.read(GuestPtr::<u32>::new(13)), Err(GuestError::PtrOutOfBounds(region(13, 4))));
        assert_eq!(memory.read(GuestPtr::<u32>::new(11)), Err(GuestError::PtrNotAligned(region(11, 4), 4)));
        assert_eq!(memory.write(GuestPtr::<u64>::new(8), 7), Ok(()));
        assert_eq!(memory.read(GuestPtr::<u64>::new(8)), Ok(7));
        assert_eq!(GuestPtr::<u64>::new(u32::MAX - 7).add(1).map(GuestPtr::offset), Err(GuestError::PtrOverflow));
        assert!(memory.slice(Bytes { at: 16, len: 0 }).is_ok() && memory.slice(Bytes { at: 17, len: 0 }).is_err());
        assert!(memory.copy_from_slice(&[], 99).is_ok() && memory.copy_from_slice(&[1], 16).is_err());
        assert_eq!(
            GuestError::PtrOutOfBounds(region(1, 2)).to_string(),
            "Pointer out of bounds: Region { start: 1, len: 2 }"
        );
    }
}
