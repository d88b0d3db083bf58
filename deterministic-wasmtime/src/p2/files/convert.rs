//! The words of `deterministic-fs` in those of the bindings.

use deterministic_fs::{ErrorCode, FileType, NewTime, Stat};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types as codes;
use wasmtime_wasi::p2::bindings::sync::filesystem::types;

use crate::p2::clocks::datetime;

/// What WASI 0.2 and 0.3 have under the same names. `$types` and `$codes` are their generated modules; in 0.2 the errors are
/// always of the asynchronous one.
macro_rules! conversions {
    ($types:ident, $codes:ident) => {
        pub(super) fn error_code(code: deterministic_fs::ErrorCode) -> $codes::ErrorCode {
            conversions!(@ codes $codes code
                Access BadDescriptor Busy CrossDevice Exist FileTooLarge IllegalByteSequence InsufficientSpace Invalid
                Io IsDirectory Loop NameTooLong NoEntry NotDirectory NotEmpty NotPermitted Overflow TooManyLinks
                Unsupported)
        }

        impl From<$crate::p2::files::Failure> for wasmtime_wasi::TrappableError<$codes::ErrorCode> {
            fn from(failure: $crate::p2::files::Failure) -> Self {
                match failure {
                    $crate::p2::files::Failure::Code(code) => error_code(code).into(),
                    $crate::p2::files::Failure::Held(_) => $codes::ErrorCode::InsufficientMemory.into(),
                    $crate::p2::files::Failure::Trap(error) => Self::trap(error),
                }
            }
        }

        pub(super) fn descriptor_flags(object: &deterministic_fs::Handle) -> $types::DescriptorFlags {
            let mut flags = $types::DescriptorFlags::empty();
            if object.is_readable() {
                flags |= $types::DescriptorFlags::READ;
            }
            if object.is_writable() {
                flags |= match object.file_type() {
                    deterministic_fs::FileType::Directory => $types::DescriptorFlags::MUTATE_DIRECTORY,
                    _ => $types::DescriptorFlags::WRITE,
                };
            }
            flags
        }

        pub(super) fn follow(flags: $types::PathFlags) -> bool {
            flags.contains($types::PathFlags::SYMLINK_FOLLOW)
        }

        pub(super) fn open_options(
            path: $types::PathFlags,
            open: $types::OpenFlags,
            flags: $types::DescriptorFlags,
        ) -> deterministic_fs::OpenOptions {
            deterministic_fs::OpenOptions {
                create: open.contains($types::OpenFlags::CREATE),
                directory: open.contains($types::OpenFlags::DIRECTORY),
                exclusive: open.contains($types::OpenFlags::EXCLUSIVE),
                truncate: open.contains($types::OpenFlags::TRUNCATE),
                read: flags.contains($types::DescriptorFlags::READ),
                write: flags.contains($types::DescriptorFlags::WRITE),
                follow: follow(path),
            }
        }

        /// Whether a flag for synchronous writes is set.
        pub(super) fn synchronous(flags: $types::DescriptorFlags) -> bool {
            flags.intersects(
                $types::DescriptorFlags::FILE_INTEGRITY_SYNC
                    | $types::DescriptorFlags::DATA_INTEGRITY_SYNC
                    | $types::DescriptorFlags::REQUESTED_WRITE_SYNC,
            )
        }

        pub(super) fn metadata_hash(stat: deterministic_fs::Stat) -> $types::MetadataHashValue {
            $types::MetadataHashValue { lower: stat.identity as u64, upper: (stat.identity >> 64) as u64 }
        }
    };
    (@ codes $codes:ident $code:ident $($name:ident)*) => {
        match $code {
            $(deterministic_fs::ErrorCode::$name => $codes::ErrorCode::$name,)*
            // There are no others; one that is added later counts as an error of the file system.
            _ => $codes::ErrorCode::Io,
        }
    };
}
pub(crate) use conversions;

conversions!(types, codes);

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The time to set. One that is past 2^64 nanoseconds cannot be set.
pub(super) fn new_time(time: types::NewTimestamp) -> Result<NewTime, ErrorCode> {
    Ok(match time {
        types::NewTimestamp::NoChange => NewTime::Keep,
        types::NewTimestamp::Now => NewTime::Now,
        types::NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) => {
            let nanos = seconds.checked_mul(NANOS_PER_SECOND).and_then(|nanos| nanos.checked_add(nanoseconds.into()));
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
        FileType::Unknown => types::DescriptorType::Unknown,
    }
}

pub(super) fn descriptor_stat(stat: Stat) -> types::DescriptorStat {
    types::DescriptorStat {
        type_: descriptor_type(stat.file_type),
        link_count: stat.links,
        size: stat.size,
        data_access_timestamp: Some(datetime(stat.times.access)),
        data_modification_timestamp: Some(datetime(stat.times.modification)),
        status_change_timestamp: Some(datetime(stat.times.change)),
    }
}
