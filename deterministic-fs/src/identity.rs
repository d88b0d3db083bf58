//! What identifies an object, made of what the guest can know.

use std::sync::Arc;

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

/// How the guest reached an object: the path from its mount's root, without `.`, `..` and symbolic links. What is longer
/// than [`PATH_MAX`] counts as in [`of_place`]: by the name, and by the parent's part. So it is never longer than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CanonicalPath {
    text: Arc<str>,
    deep: bool,
}

impl CanonicalPath {
    /// That of a mount's root.
    pub(crate) fn root() -> Self {
        CanonicalPath { text: "".into(), deep: false }
    }

    /// That of what is at `path` from here, which has no `.`, `..` and symbolic links in it.
    pub(crate) fn to(&self, path: &str) -> Self {
        if path.is_empty() {
            return self.clone();
        }
        if let Some(text) = self.path_to(path) {
            return CanonicalPath { text: text.into(), deep: false };
        }
        let mut at = self.clone();
        for name in path.split('/') {
            at = match at.path_to(name) {
                Some(text) => CanonicalPath { text: text.into(), deep: false },
                None => CanonicalPath { text: format!("{:x}/{name}", of_path(&at.text, 0)).into(), deep: true },
            };
        }
        at
    }

    /// The path from the mount's root to `path` from here; `None` if it is too long.
    pub(crate) fn path_to(&self, path: &str) -> Option<String> {
        let slash = usize::from(!self.text.is_empty());
        if self.deep || self.text.len() + slash + path.len() > PATH_MAX {
            return None;
        }
        Some([&*self.text, &"/"[..slash], path].concat())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// As [`of_path`].
    pub(crate) fn identity(&self, moves: u64) -> u128 {
        of_path(&self.text, moves)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what was not moved, whatever the strides: the same as in a tree.
    #[test]
    fn a_canonical_path_says_who_the_object_of_a_tree_is() {
        let name = "n".repeat(100);
        let (mut path, mut of_tree) = (String::new(), of_path("", 0));
        let mut at = CanonicalPath::root();
        for level in 1..100 {
            if level > 1 {
                path.push('/');
            }
            path.push_str(&name);
            of_tree = of_place(&path, of_tree, &name);
            at = at.to(&name);
            assert_eq!(at.identity(0), of_tree, "{level}");
            assert_eq!(CanonicalPath::root().to(&path), at);
            assert!(at.len() <= PATH_MAX);
        }
        // The longest path there is.
        let longest = "d".repeat(PATH_MAX);
        assert_eq!(CanonicalPath::root().to(&longest).identity(0), of_path(&longest, 0));
    }
}
