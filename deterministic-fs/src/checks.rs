//! What operations look at first, the same for both kinds of mount.

use crate::error::{ErrorCode, Result};
use crate::handle::Handle;
use crate::types::{Access, FileType};

pub(crate) fn directory(handle: &Handle) -> Result<()> {
    if handle.file_type == FileType::Directory { Ok(()) } else { Err(ErrorCode::NotDirectory.into()) }
}

/// wasmtime-wasi's answer for a directory where a file is needed.
pub(crate) fn regular(handle: &Handle) -> Result<()> {
    if handle.file_type == FileType::Directory { Err(ErrorCode::BadDescriptor.into()) } else { Ok(()) }
}

/// POSIX has signed offsets, and Linux looks at them first.
pub(crate) fn in_range(offset: u64) -> Result<()> {
    if i64::try_from(offset).is_err() { Err(ErrorCode::Invalid.into()) } else { Ok(()) }
}

pub(crate) fn changeable(handle: &Handle) -> Result<()> {
    if handle.access == Access::ReadOnly { Err(ErrorCode::NotPermitted.into()) } else { Ok(()) }
}
