//! What a run remembers of the files it met, for all WASI versions.

use std::collections::BTreeMap;

/// Numbers and times of files. Objects are numbered in the order in which the guest meets them; times are the policy's
/// epoch unless the guest has set them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The host's number of an object, and ours.
    numbers: BTreeMap<u64, u64>,
    /// How many objects were met, also those that are gone.
    met: u64,
    /// Access and modification times that the guest set, in nanoseconds since 1970, by our number.
    times: BTreeMap<u64, [u64; 2]>,
}

impl Files {
    /// Our number of the object that the host calls `inode`, from 1.
    pub(crate) fn number(&mut self, inode: u64) -> u64 {
        *self.numbers.entry(inode).or_insert_with(|| {
            self.met += 1;
            self.met
        })
    }

    /// The object is gone; another that the host numbers alike is another.
    pub(crate) fn forget(&mut self, inode: u64) {
        if let Some(number) = self.numbers.remove(&inode) {
            self.times.remove(&number);
        }
    }

    /// The access and modification time of object `number`.
    pub(crate) fn times(&self, number: u64, epoch: u64) -> [u64; 2] {
        self.times.get(&number).copied().unwrap_or([epoch; 2])
    }

    /// Remembers what the guest set, for it to read back.
    pub(crate) fn set_times(&mut self, number: u64, epoch: u64, set: [Option<u64>; 2]) {
        let times = self.times.entry(number).or_insert([epoch; 2]);
        for (time, set) in times.iter_mut().zip(set) {
            *time = set.unwrap_or(*time);
        }
    }
}
