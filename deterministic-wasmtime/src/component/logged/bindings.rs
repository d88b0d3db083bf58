//! The types of the interfaces.

use deterministic_wasi::log::{Field, Value};
use wasmtime_wasi::p2::bindings as p2;
use wasmtime_wasi::p3::bindings as p3;
use wasmtime_wasi_io::bindings::wasi::io;

use super::value::{AsValue, case};

/// Enumerations, flags, and variants that hold nothing or a text, whose names their `Debug` prints: `ErrorCode::NoEntry`,
/// `(READ|WRITE)`, `ErrorCode::Other(Some("x"))`.
macro_rules! named {
    ($($ty:ty)*) => {$(
        impl $crate::component::AsValue for $ty {
            fn as_value(&self) -> ::deterministic_wasi::log::Value {
                $crate::component::by_name(&format!("{self:?}"))
            }
        }
    )*};
}
pub(crate) use named;

/// Records by their fields.
macro_rules! records {
    ($($ty:ty { $($field:ident $name:literal,)* })*) => {$(
        impl AsValue for $ty {
            fn as_value(&self) -> Value {
                Value::Record(vec![$(Field::new($name, self.$field.as_value())),*])
            }
        }
    )*};
}

/// A value by what `Debug` prints of it.
pub(crate) fn by_name(printed: &str) -> Value {
    if let Some(flags) = printed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let flags = flags.split('|').map(str::trim).filter(|flag| !flag.is_empty());
        return Value::Flags(flags.map(|flag| flag.to_ascii_lowercase().replace('_', "-").into()).collect());
    }
    // An enumeration that functions fail with prints its number, name and documentation.
    if let Some((_, error)) = printed.split_once(" { code: ")
        && let Some((_, name)) = error.split_once("name: \"")
        && let Some((name, _)) = name.split_once('"')
    {
        return Value::Name(name.to_owned().into());
    }
    let printed = printed.split_once("::").map_or(printed, |(_, case)| case);
    match printed.split_once('(') {
        Some((name, held)) => {
            let held = Value::text(held.strip_suffix(')').unwrap_or(held).as_bytes());
            Value::Case(kebab(name).into(), held.into())
        }
        None => Value::Name(kebab(printed).into()),
    }
}

/// `NoEntry` is `no-entry` in the interface.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

named! {
    p2::sync::filesystem::types::DescriptorType p2::sync::filesystem::types::DescriptorFlags
    p2::sync::filesystem::types::PathFlags p2::sync::filesystem::types::OpenFlags
    p2::sync::filesystem::types::ErrorCode p2::filesystem::types::ErrorCode p2::sync::filesystem::types::Advice
    p2::sockets::network::ErrorCode p2::sockets::network::IpAddressFamily p2::sockets::tcp::ShutdownType
    p2::sockets::network::IpAddress p2::sockets::network::IpSocketAddress
    p3::filesystem::types::DescriptorType p3::filesystem::types::DescriptorFlags p3::filesystem::types::PathFlags
    p3::filesystem::types::OpenFlags p3::filesystem::types::ErrorCode p3::filesystem::types::Advice
    p3::sockets::types::ErrorCode p3::sockets::types::IpAddressFamily p3::sockets::types::IpSocketAddress
    p3::sockets::types::IpAddress p3::sockets::ip_name_lookup::ErrorCode p3::cli::types::ErrorCode
}

records! {
    p2::clocks::wall_clock::Datetime { seconds "seconds", nanoseconds "nanoseconds", }
    p2::sync::filesystem::types::DescriptorStat {
        type_ "type", link_count "link-count", size "size", data_access_timestamp "data-access-timestamp",
        data_modification_timestamp "data-modification-timestamp", status_change_timestamp "status-change-timestamp",
    }
    p2::sync::filesystem::types::DirectoryEntry { type_ "type", name "name", }
    p2::sync::filesystem::types::MetadataHashValue { lower "lower", upper "upper", }
    p2::sockets::udp::IncomingDatagram { data "data", remote_address "remote-address", }
    p2::sockets::udp::OutgoingDatagram { data "data", remote_address "remote-address", }
    p3::clocks::system_clock::Instant { seconds "seconds", nanoseconds "nanoseconds", }
    p3::filesystem::types::DescriptorStat {
        type_ "type", link_count "link-count", size "size", data_access_timestamp "data-access-timestamp",
        data_modification_timestamp "data-modification-timestamp", status_change_timestamp "status-change-timestamp",
    }
    p3::filesystem::types::DirectoryEntry { type_ "type", name "name", }
    p3::filesystem::types::MetadataHashValue { lower "lower", upper "upper", }
}

/// When a file is to have been used or changed.
macro_rules! new_timestamps {
    ($($ty:ident)::*) => {
        impl AsValue for $($ty)::* {
            fn as_value(&self) -> Value {
                match self {
                    $($ty)::*::NoChange => Value::Name("no-change".into()),
                    $($ty)::*::Now => Value::Name("now".into()),
                    $($ty)::*::Timestamp(at) => case("timestamp", at.as_value()),
                }
            }
        }
    };
}

new_timestamps!(p2::sync::filesystem::types::NewTimestamp);
new_timestamps!(p3::filesystem::types::NewTimestamp);

impl AsValue for io::streams::StreamError {
    fn as_value(&self) -> Value {
        match self {
            io::streams::StreamError::LastOperationFailed(error) => case("last-operation-failed", error.as_value()),
            io::streams::StreamError::Closed => Value::Name("closed".into()),
        }
    }
}

#[cfg(feature = "http")]
mod http {
    use wasmtime_wasi_http::p2::bindings::http::types as p2;
    use wasmtime_wasi_http::p3::bindings::http::types as p3;

    named! {
        p2::Method p2::Scheme p2::ErrorCode p2::HeaderError
        p3::Method p3::Scheme p3::ErrorCode p3::HeaderError p3::RequestOptionsError
    }
}

#[cfg(test)]
mod tests {
    use super::super::Values as _;
    use super::*;

    #[test]
    fn names_are_those_of_the_interfaces() {
        use p2::sync::filesystem::types::{DescriptorFlags, DescriptorType, ErrorCode, OpenFlags};
        assert_eq!(ErrorCode::NoEntry.as_value(), Value::Name("no-entry".into()));
        assert_eq!(DescriptorType::RegularFile.as_value(), Value::Name("regular-file".into()));
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        assert_eq!(flags.as_value(), Value::Flags(vec!["read".into(), "mutate-directory".into()]));
        assert_eq!(OpenFlags::empty().as_value(), Value::Flags(Vec::new()));
        let other = p3::filesystem::types::ErrorCode::Other(Some("x".into()));
        assert!(matches!(other.as_value(), Value::Case(name, _) if name == "other"));
        assert_eq!(Ok::<(), ErrorCode>(()).as_value(), Value::Name("ok".into()));
        assert_eq!(vec![1_u8, 2].as_value(), Value::data(&[1, 2]));
        assert_eq!((1_u64, true).values(), [Value::Unsigned(1), Value::Bool(true)]);
    }
}
