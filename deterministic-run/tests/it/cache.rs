//! What a store gives back is checked, whatever it is.

use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;

use deterministic_run::cache::{Lookup, ResultStore, Warning, cached};
use deterministic_run::fingerprint::Fingerprint;
use deterministic_run::fs::Tree;
use deterministic_run::{Inputs, Outcome};
use proptest::prelude::*;

/// Magic, format, fingerprint, and the hash of what follows.
const HASH: std::ops::Range<usize> = 44..76;

/// Keeps one entry.
#[derive(Default)]
struct One(RefCell<Option<Vec<u8>>>);

impl ResultStore for One {
    fn get(&self, _: &Fingerprint) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().clone())
    }

    fn put(&self, _: &Fingerprint, value: &[u8]) -> io::Result<()> {
        *self.0.borrow_mut() = Some(value.to_vec());
        Ok(())
    }
}

/// A run with a directory, its name, its outcome, and the entry of that.
struct Run {
    inputs: Inputs,
    key: Fingerprint,
    outcome: Outcome,
    entry: Vec<u8>,
}

static RUN: LazyLock<Run> = LazyLock::new(|| {
    let inputs = Inputs::new(super::run::WRITES).expect("a guest").dir(Tree::new(), "/data");
    let key = inputs.fingerprint().expect("a name");
    let store = One::default();
    let (outcome, lookup) =
        cached(&store, &inputs, &key, |warning| panic!("{warning}"), || inputs.run()).expect("a run");
    assert!(matches!(lookup, Lookup::Stored));
    let entry = store.0.into_inner().expect("it is stored");
    Run { inputs, key, outcome, entry }
});

/// Looks `entry` up: whether it was taken, or else what was said of it.
fn look_up(entry: Vec<u8>) -> Result<Outcome, String> {
    let Run { inputs, key, outcome, entry: right } = &*RUN;
    let store = One(RefCell::new(Some(entry)));
    let mut warned = String::new();
    let warn = |warning| match warning {
        Warning::Damaged { reason, .. } => warned = reason,
        other => panic!("{other}"),
    };
    let run = || Ok::<_, std::convert::Infallible>(outcome.clone());
    let (found, lookup) = cached(&store, inputs, key, warn, run).unwrap_or_else(|never| match never {});
    match lookup {
        Lookup::Hit => Ok(found),
        Lookup::Stored => {
            assert_eq!(store.0.into_inner().as_ref(), Some(right), "it is replaced");
            Err(warned)
        }
        Lookup::NotStored => panic!("it can be"),
        _ => unreachable!("no other is known"),
    }
}

/// With a head that says that `body` is whole and of this run.
fn vouched(body: &[u8]) -> Vec<u8> {
    let mut entry = RUN.entry[..HASH.end].to_vec();
    entry[HASH].copy_from_slice(blake3::hash(body).as_bytes());
    entry.extend_from_slice(body);
    entry
}

#[test]
fn an_entry_is_taken_as_it_was_written_and_no_other_way() {
    let right = &RUN.entry;
    assert_eq!(look_up(right.clone()).as_ref(), Ok(&RUN.outcome));
    assert_eq!(vouched(&right[HASH.end..]), *right);
    for len in 0..right.len() {
        assert!(look_up(right[..len].to_vec()).is_err(), "{len} bytes of it");
    }
    for at in 0..right.len() {
        let mut entry = right.clone();
        entry[at] ^= 1;
        assert!(look_up(entry).is_err(), "byte {at}");
    }
}

proptest! {
    /// Whoever can write into the store can make an entry that says of itself that it is whole. It is an outcome or a miss.
    #[test]
    fn an_entry_that_is_vouched_for_can_be_anything(
        at in 0..RUN.entry.len() - HASH.end,
        bytes in proptest::collection::vec(any::<u8>(), 0..12),
        cut in any::<bool>(),
    ) {
        let mut body = RUN.entry[HASH.end..].to_vec();
        let end = if cut { body.len() } else { (at + bytes.len()).min(body.len()) };
        body.splice(at..end, bytes);
        let _ = look_up(vouched(&body));
    }

    #[test]
    fn so_can_one_that_never_was_an_entry(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = look_up(vouched(&body));
    }
}
