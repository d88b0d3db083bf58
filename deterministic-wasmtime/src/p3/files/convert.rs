//! The words of `deterministic-fs` in those of the bindings.

use deterministic_fs::{ErrorCode, FileType, Nanos, NewTime, Stat};
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant;
use wasmtime_wasi::p3::bindings::filesystem::types;

use crate::p2::files::conversions;

conversions!(types, types);

const NANOS_PER_SECOND: u64 = 1_000_000_000;

fn instant(nanos: Nanos) -> Instant {
    // 2^64 nanoseconds are fewer seconds than 2^63, and the remainder is below 10^9.
    Instant { seconds: (nanos / NANOS_PER_SECOND) as i64, nanoseconds: (nanos % NANOS_PER_SECOND) as u32 }
}

/// The time to set. One before 1970, or past 2^64 nanoseconds, cannot be set.
pub(super) fn new_time(time: types::NewTimestamp) -> Result<NewTime, ErrorCode> {
    Ok(match time {
        types::NewTimestamp::NoChange => NewTime::Keep,
        types::NewTimestamp::Now => NewTime::Now,
        types::NewTimestamp::Timestamp(Instant { seconds, nanoseconds }) => {
            let nanos = u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(NANOS_PER_SECOND));
            let nanos = nanos.and_then(|nanos| nanos.checked_add(nanoseconds.into()));
            NewTime::At(nanos.ok_or(ErrorCode::Overflow)?)
        }
    })
}

pub(super) fn descriptor_type(file_type: FileType) -> types::DescriptorType {
    match file_type {
        FileType::Directory => types::DescriptorType::Directory,
        FileType::RegularFile => types::DescriptorType::RegularFile,
        FileType::SymbolicLink => types::DescriptorType::SymbolicLink,
        FileType::BlockDevice => types::DescriptorType::BlockDevice,
        FileType::CharacterDevice => types::DescriptorType::CharacterDevice,
        FileType::Unknown => types::DescriptorType::Other(None),
    }
}

pub(super) fn descriptor_stat(stat: Stat) -> types::DescriptorStat {
    types::DescriptorStat {
        type_: descriptor_type(stat.file_type),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: Some(instant(stat.times.access)),
        data_modification_timestamp: Some(instant(stat.times.modification)),
        status_change_timestamp: Some(instant(stat.times.change)),
    }
}
