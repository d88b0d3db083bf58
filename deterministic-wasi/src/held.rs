//! What a guest makes the host hold, in one total for each store.
//!
//! Each thing that a guest can make and keep counts [`HANDLE`] bytes, and what it says or gets to keep through it (names,
//! fields, bodies, listings, values) counts by its length. So the total is a function of what the guest did, on every
//! machine: it knows nothing of allocators, nor of how a compiler lays things out.
//!
//! What is counted belongs to a number in the table of resources ([`Held::set`], [`Held::release`]), or to a [`Charge`] for
//! things that are dropped where the context cannot be reached.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Wasi};

/// How many bytes a guest may make the host hold, unless [`Wasi::set_max_held_bytes`] says otherwise: 1 GiB.
pub const DEFAULT_MAX_HELD_BYTES: u64 = 1 << 30;

/// What each thing counts that a guest can keep: with room for the host's tables, above what any of them takes.
pub const HANDLE: u64 = 256;

/// What an entry of a listing, or a key, counts in addition to its bytes.
pub const ENTRY: u64 = 64;

/// The total would be beyond the limit.
#[derive(Clone, Copy, Debug)]
pub struct Exceeded {
    limit: u64,
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Error::HeldTooMuch { limit: exceeded.limit }
    }
}

type Result<T = (), E = Exceeded> = std::result::Result<T, E>;

/// The total of a store. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Account(Arc<Total>);

#[derive(Debug)]
struct Total {
    held: AtomicU64,
    limit: AtomicU64,
}

impl Default for Account {
    fn default() -> Self {
        Account(Arc::new(Total { held: AtomicU64::new(0), limit: AtomicU64::new(DEFAULT_MAX_HELD_BYTES) }))
    }
}

// One thread at a time has the store, so that nothing comes between a load and what follows from it. Things may be dropped
// elsewhere, so that what is given back must not be lost.
impl Account {
    /// How many bytes are held.
    #[inline]
    pub fn held(&self) -> u64 {
        self.0.held.load(Ordering::Relaxed)
    }

    #[inline]
    fn limit(&self) -> u64 {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// Whether so many `bytes` more may be held.
    #[inline]
    pub fn room(&self, bytes: u64) -> Result {
        let limit = self.limit();
        if self.held().saturating_add(bytes) > limit { Err(Exceeded { limit }) } else { Ok(()) }
    }

    /// Takes `bytes`, which are to be given back.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if that is too much; nothing has changed then.
    #[inline]
    pub fn take(&self, bytes: u64) -> Result {
        self.room(bytes)?;
        self.0.held.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back what was taken.
    #[inline]
    pub fn give(&self, bytes: u64) {
        self.0.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes `bytes` until what is given is dropped.
    pub fn charge(&self, bytes: u64) -> Result<Charge> {
        self.take(bytes)?;
        Ok(Charge { account: self.clone(), bytes })
    }

    /// A charge of nothing, to grow.
    pub fn nothing(&self) -> Charge {
        Charge { account: self.clone(), bytes: 0 }
    }
}

/// Bytes that are held for as long as this is.
#[derive(Debug)]
pub struct Charge {
    account: Account,
    bytes: u64,
}

impl Charge {
    /// Takes `more` bytes.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if that is too much; nothing has changed then.
    pub fn grow(&mut self, more: u64) -> Result {
        self.account.take(more)?;
        self.bytes += more;
        Ok(())
    }

    /// Gives back `less`, or all that there is.
    pub fn shrink(&mut self, less: u64) {
        let less = less.min(self.bytes);
        self.account.give(less);
        self.bytes -= less;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.give(self.bytes);
    }
}

/// The total, and what of it belongs to which number in the table of resources.
#[derive(Debug, Default)]
pub struct Held {
    /// Made when something is first counted: many guests keep nothing.
    account: OnceCell<Account>,
    /// By number, as deadlines are: freed numbers are given again first.
    by_number: Vec<u64>,
    /// How many resources wasmtime's own functions took out of the table since [`Held::sweep`] last looked.
    unseen: usize,
}

/// How many resources there may be in a table for each that was taken out unseen, before the table is looked through.
const SWEPT_PER_UNSEEN: usize = 64;

impl Held {
    /// The total.
    #[inline]
    pub fn account(&self) -> &Account {
        self.account.get_or_init(Account::default)
    }

    /// What the resource `number` counts from now on. Nothing has changed if that is too much.
    #[inline]
    pub fn set(&mut self, number: u32, bytes: u64) -> Result {
        let index = number as usize;
        let account = self.account.get_or_init(Account::default);
        let Some(counted) = self.by_number.get_mut(index) else {
            account.take(bytes)?;
            self.by_number.resize(index + 1, 0);
            self.by_number[index] = bytes;
            return Ok(());
        };
        if bytes > *counted {
            account.take(bytes - *counted)?;
        } else {
            account.give(*counted - bytes);
        }
        *counted = bytes;
        Ok(())
    }

    /// What the resource `number` counts.
    #[inline]
    pub fn of(&self, number: u32) -> u64 {
        self.by_number.get(number as usize).copied().unwrap_or_default()
    }

    /// The resource `number` is gone: call it before the number can be given again. One that was never counted counts nothing.
    #[inline]
    pub fn release(&mut self, number: u32) {
        if let Some(bytes) = self.by_number.get_mut(number as usize) {
            let bytes = std::mem::take(bytes);
            self.account().give(bytes);
        }
    }

    /// Something was taken out of the table by a function that did not say so. Now and then, looks which: `is_alive` says whether the
    /// table has that number.
    pub fn sweep(&mut self, mut is_alive: impl FnMut(u32) -> bool) {
        self.unseen += 1;
        if self.unseen * SWEPT_PER_UNSEEN < self.by_number.len() {
            return;
        }
        self.unseen = 0;
        let account = self.account.get_or_init(Account::default);
        for (number, bytes) in (0..).zip(&mut self.by_number) {
            if *bytes > 0 && !is_alive(number) {
                account.give(std::mem::take(bytes));
            }
        }
    }
}

impl Wasi {
    /// How many bytes the store's guests may make the host hold, all together; [`DEFAULT_MAX_HELD_BYTES`] unless set here.
    ///
    /// Each of these counts 256 bytes, and in addition what is listed here:
    ///
    /// | what | and |
    /// |---|---|
    /// | a descriptor or a stream of a file; a pollable, a timer, a wait of WASI 0.3; a stream error; a standard stream of 0.2; a network | |
    /// | a directory that is being read | 64 for each entry, and its name |
    /// | `wasi:http`: fields, trailers | 128 for each field, its name and its value |
    /// | a request, a response | its method, scheme, authority, path and fields |
    /// | a body, until it is handed over | its bytes |
    /// | a request of 0.3 that is under way | 1 MiB, which its body may be ahead |
    /// | a handle to a bucket of `wasi:keyvalue` | the bucket's name |
    ///
    /// A value that a guest sets in `wasi:keyvalue` counts 64, its key and its bytes. What the embedder gives (preopened
    /// directories, standard streams of 0.1, requests to a handler, keys, settings) does not count.
    ///
    /// Beyond it, a guest gets the interface's own error where it has one: `ENOMEM` in 0.1, `insufficient-memory` from
    /// directories and files, `other` from `wasi:keyvalue`, `size-exceeded`, `HTTP-request-body-size`,
    /// `HTTP-response-body-size` and `internal-error` from `wasi:http`. Where it has none, the guest ends with
    /// [`Error::HeldTooMuch`], which is its own fault and the same on every machine.
    ///
    /// Not part of it, because it has a limit of its own: linear memories and tables (the limits of the adapter),
    /// the contents of hermetic directories, captured output, and the handles that Wasmtime keeps for components
    /// (`Store::set_max_component_handles`).
    ///
    /// What the guest already has stays, also if it is more than `bytes`.
    pub fn set_max_held_bytes(&mut self, bytes: u64) {
        self.held.account().0.limit.store(bytes, Ordering::Relaxed);
    }

    /// The limit that [`set_max_held_bytes`](Self::set_max_held_bytes) sets.
    pub fn max_held_bytes(&self) -> u64 {
        self.held.account().limit()
    }

    /// How much of it the store's guests hold now.
    pub fn held_bytes(&self) -> u64 {
        self.held.account().held()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limited(limit: u64) -> Held {
        let held = Held::default();
        held.account().0.limit.store(limit, Ordering::Relaxed);
        held
    }

    #[test]
    fn what_is_too_much_changes_nothing_and_what_is_released_makes_room() {
        let mut held = limited(100);
        held.set(3, 60).unwrap();
        let charge = held.account().charge(40).unwrap();
        assert!(held.set(0, 1).is_err() && held.account().charge(1).is_err() && held.set(3, 61).is_err());
        assert_eq!((held.account().held(), held.of(3), held.of(0)), (100, 60, 0));
        drop(charge);
        held.set(0, 40).unwrap();
        held.release(3);
        held.set(1, 60).unwrap();
        assert!(held.account().room(u64::MAX).is_err());
        held.release(77);
        assert_eq!(held.account().held(), 100);
    }

    #[test]
    fn what_goes_unseen_is_found() {
        let mut held = Held::default();
        held.set(0, 7).unwrap();
        held.set(1, 9).unwrap();
        let is_alive = |number| number == 1;
        held.sweep(is_alive);
        assert_eq!(held.account().held(), 9);
        // In a large table not each time.
        held.set(1000, 5).unwrap();
        held.sweep(is_alive);
        assert_eq!(held.account().held(), 14);
        (0..1000 / SWEPT_PER_UNSEEN).for_each(|_| held.sweep(is_alive));
        assert_eq!(held.account().held(), 9);
    }

    proptest! {
        /// Whatever is done, the total is the sum of what is there, and nothing when that is gone.
        #[test]
        fn the_total_is_a_sum(steps in prop::collection::vec((0..4_u8, 0..8_u32, 0..400_u64), 0..200)) {
            let mut held = limited(1000);
            let mut numbers = [0; 8];
            let mut charges: Vec<Charge> = Vec::new();
            for (kind, number, bytes) in steps {
                let free = 1000 - held.account().held();
                let at = number as usize;
                match kind {
                    0 => {
                        let fits = bytes <= numbers[at] + free;
                        prop_assert_eq!(held.set(number, bytes).is_ok(), fits);
                        if fits {
                            numbers[at] = bytes;
                        }
                    }
                    1 => {
                        held.release(number);
                        numbers[at] = 0;
                    }
                    2 => match held.account().charge(bytes) {
                        Ok(charge) => charges.push(charge),
                        Err(_) => prop_assert!(bytes > free),
                    },
                    _ => match charges.get_mut(at) {
                        Some(charge) if bytes % 2 == 0 => charge.shrink(bytes),
                        Some(charge) => prop_assert_eq!(charge.grow(bytes).is_ok(), bytes <= free),
                        None => {}
                    },
                }
                let charged: u64 = charges.iter().map(|charge| charge.bytes).sum();
                prop_assert_eq!(held.account().held(), charged + numbers.iter().sum::<u64>());
            }
            drop(charges);
            (0..8).for_each(|number| held.release(number));
            prop_assert_eq!(held.account().held(), 0);
        }
    }
}
