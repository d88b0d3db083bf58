//! Who an object is, made of what the guest can know.

use crate::types::PATH_MAX;

const CONTEXT: &str = "deterministic-fs 2026-11-21 identity of an object";

/// The part that comes of the path by which the guest first reached the object, from its mount's root, after `moves`
/// objects were renamed or removed. Two objects of a mount that exist at one time differ in one of the two.
///
/// The first 16 bytes of BLAKE3 in derive-key mode, of `moves` (8 bytes, little-endian) and the path; read as a
/// little-endian number.
pub(crate) fn of_path(path: &str, moves: u64) -> u128 {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&moves.to_le_bytes());
    hasher.update(path.as_bytes());
    first_half(&hasher)
}

/// The same for an object of a tree, by its parent's part. A path that no host could open at once counts by the name and
/// the parent's part: hashing every path of a deep tree would take time in the square of its depth.
pub(crate) fn of_place(path: &str, parent: u128, name: &str) -> u128 {
    if path.len() <= PATH_MAX { of_path(path, 0) } else { of_path(&format!("{parent:x}/{name}"), 0) }
}

/// The part that comes of the mount, by its number and the guest's name for it.
pub(crate) fn of_mount(number: u32, guest: &str) -> u128 {
    let mut hasher = blake3::Hasher::new_derive_key("deterministic-fs 2026-11-21 identity of a mount");
    hasher.update(&number.to_le_bytes());
    hasher.update(guest.as_bytes());
    first_half(&hasher)
}

/// Both parts. Its lowest bit is set, because an inode number of 0 means that there is none.
pub(crate) fn join(path: u128, mount: u128) -> u128 {
    (path ^ mount) | 1
}

fn first_half(hasher: &blake3::Hasher) -> u128 {
    let hash = hasher.finalize();
    u128::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i]))
}
