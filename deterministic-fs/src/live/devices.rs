//! The devices that are the same on every host. Which one a node is, its numbers say, wherever it is and whatever it is
//! called; what it does is done here, so that the host's is never opened, read or written.

use cap_fs_ext::FileTypeExt;
use cap_std::fs::Metadata;

use crate::error::{Error, ErrorCode, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// Has nothing to read, and takes everything.
    Null,
    /// Has zeros without end, and takes everything.
    Zero,
    /// Has zeros without end, and room for nothing.
    Full,
    /// Has the random bytes of the run, and takes everything.
    Random,
}

impl Device {
    /// Which of them the host has there, if any.
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        if !metadata.file_type().is_char_device() {
            return None;
        }
        let (major, minor) = numbers(metadata)?;
        Device::numbered(major, minor)
    }

    fn numbered(major: u32, minor: u32) -> Option<Self> {
        match (major, minor) {
            (1, 3) => Some(Device::Null),
            (1, 5) => Some(Device::Zero),
            (1, 7) => Some(Device::Full),
            (1, 8 | 9) => Some(Device::Random),
            _ => None,
        }
    }

    pub(super) fn read(self, buf: &mut [u8]) -> Result<usize> {
        match self {
            Device::Null => Ok(0),
            Device::Zero | Device::Full => {
                buf.fill(0);
                Ok(buf.len())
            }
            Device::Random => Err(Error::RandomDevice),
        }
    }

    /// Linux has no room on a full device for no bytes either.
    pub(super) fn write(self, bytes: &[u8]) -> Result<usize> {
        match self {
            Device::Full => Err(ErrorCode::InsufficientSpace.into()),
            Device::Null | Device::Zero | Device::Random => Ok(bytes.len()),
        }
    }
}

/// Linux's are fixed by its list of devices. Other hosts number theirs otherwise, from release to release.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn numbers(metadata: &Metadata) -> Option<(u32, u32)> {
    let number = cap_std::fs::MetadataExt::rdev(metadata);
    Some((rustix::fs::major(number), rustix::fs::minor(number)))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn numbers(_: &Metadata) -> Option<(u32, u32)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_are_known() {
        let known: Vec<_> = (0..300)
            .flat_map(|major| (0..300).map(move |minor| (major, minor)))
            .filter_map(|(major, minor)| Some((major, minor, Device::numbered(major, minor)?)))
            .collect();
        let (random, urandom) = ((1, 8, Device::Random), (1, 9, Device::Random));
        assert_eq!(known, [(1, 3, Device::Null), (1, 5, Device::Zero), (1, 7, Device::Full), random, urandom]);
    }
}
