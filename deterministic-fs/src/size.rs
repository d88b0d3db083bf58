//! What things count against the capacity.

/// What an object counts beside its bytes.
pub const OBJECT_SIZE: u64 = 512;

/// What a name counts beside its bytes.
pub const NAME_SIZE: u64 = 64;

pub(crate) fn of_name(name: &str) -> u64 {
    NAME_SIZE + name.len() as u64
}
