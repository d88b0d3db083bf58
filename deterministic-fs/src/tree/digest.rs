//! What stands for a tree's contents.

use std::fmt;

use super::walk::Walk;
use super::{Bytes, Tree, TreeBody, TreeNode};
use crate::error::Result;
use crate::types::FileType;

/// 256 bits that are equal for trees that are the same to a guest, and different for all others. Shown as 64 lower-case
/// hexadecimal digits. See [`Tree::digest`].
///
/// ```
/// use deterministic_fs::Tree;
///
/// let (mut a, mut b) = (Tree::new(), Tree::new());
/// a.insert_file("one", *b"1")?;
/// b.insert_file("one", *b"1")?;
/// assert_eq!(a.digest()?, b.digest()?);
/// assert_eq!(a.digest()?.to_string().len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

const CONTEXT: &str = "deterministic-fs 2026-11-21 digest of a tree";

impl Tree {
    /// The digest of all that a guest can see of the tree: names, kinds, contents, targets of symbolic links, and which
    /// names are of one object. Owners, permissions, times, the host's numbers and order, and when files were read have
    /// no part in it. Files that were left for later are read now and kept.
    ///
    /// # The encoding
    ///
    /// BLAKE3 in derive-key mode, with the context `deterministic-fs 2026-11-21 digest of a tree`, of the encoding of the
    /// root. Numbers are 8 bytes, little-endian. Objects are numbered from 0 in the order in which they are first
    /// encoded, the root being 0. An object is encoded as a byte for its kind and
    ///
    /// | byte | kind | followed by |
    /// |---|---|---|
    /// | 0 | another name of an object that was encoded before | the number of that object |
    /// | 1 | directory | how many entries it has; then of each, by the bytes of the names: the length of the name, the name in UTF-8, the encoding of the object |
    /// | 2 | regular file | the length, the BLAKE3 hash (32 bytes, no key) of the contents |
    /// | 3 | symbolic link | the length of the target, the target in UTF-8 |
    /// | 4 | block device | nothing |
    /// | 5 | character device | nothing |
    /// | 6 | fifo, socket, or anything else | nothing |
    ///
    /// It is part of the API: tests hold it to reference vectors.
    ///
    /// # Errors
    ///
    /// [`Error::Contents`](crate::Error::Contents) if a file was left for later and cannot be read now.
    pub fn digest(&self) -> Result<Digest> {
        self.digest_by(Bytes::hash)
    }

    /// The same, and what is read for it is not kept.
    pub(super) fn passing_digest(&self) -> Result<Digest> {
        self.digest_by(Bytes::passing_hash)
    }

    fn digest_by(&self, hash: impl Fn(&Bytes) -> Result<(u64, blake3::Hash)>) -> Result<Digest> {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        let mut numbers: Vec<Option<u64>> = vec![None; self.nodes.len()];
        let mut next = 1;
        numbers[0] = Some(0);
        encode(&mut hasher, self.node(0), &hash)?;
        let mut walk = Walk::new(self);
        while let Some(step) = walk.step() {
            text(&mut hasher, step.name);
            match numbers[step.index as usize] {
                Some(number) => {
                    hasher.update(&[0]);
                    hasher.update(&number.to_le_bytes());
                }
                None => {
                    numbers[step.index as usize] = Some(next);
                    next += 1;
                    encode(&mut hasher, step.node, &hash)?;
                }
            }
        }
        Ok(Digest(*hasher.finalize().as_bytes()))
    }
}

/// All of it but a directory's entries, which follow in the order of the walk.
fn encode(
    hasher: &mut blake3::Hasher,
    node: &TreeNode,
    hash: &impl Fn(&Bytes) -> Result<(u64, blake3::Hash)>,
) -> Result<()> {
    match &node.body {
        TreeBody::Directory(entries) => {
            hasher.update(&[1]);
            hasher.update(&(entries.len() as u64).to_le_bytes());
        }
        TreeBody::File(bytes) => {
            let (len, hash) = hash(bytes)?;
            hasher.update(&[2]);
            hasher.update(&len.to_le_bytes());
            hasher.update(hash.as_bytes());
        }
        TreeBody::SymbolicLink(target) => {
            hasher.update(&[3]);
            text(hasher, target);
        }
        TreeBody::Special(FileType::BlockDevice) => {
            hasher.update(&[4]);
        }
        TreeBody::Special(FileType::CharacterDevice) => {
            hasher.update(&[5]);
        }
        TreeBody::Special(_) => {
            hasher.update(&[6]);
        }
    }
    Ok(())
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}
