//! State that few guests need.

use std::cell::OnceCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A `T` that is made when it is first looked at. A context is made for each run, and making and dropping what few guests use would
/// take a good part of the time for that.
pub struct OnDemand<T>(OnceCell<Box<T>>);

impl<T> Default for OnDemand<T> {
    #[inline]
    fn default() -> Self {
        OnDemand(OnceCell::new())
    }
}

impl<T: Default> Deref for OnDemand<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.get_or_init(Box::default)
    }
}

impl<T: Default> DerefMut for OnDemand<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_init(Box::default);
        self.0.get_mut().expect("it was just made")
    }
}

impl<T: fmt::Debug> fmt::Debug for OnDemand<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_kept() {
        let mut list = OnDemand::<Vec<u8>>::default();
        assert_eq!(format!("{list:?}"), "None");
        list.push(7);
        assert_eq!((&list[..], list.len()), (&[7][..], 1));
    }
}
