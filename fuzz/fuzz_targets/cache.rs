//! Entries of a cache of results that say of themselves that they are whole: each is an outcome of the run or a miss.
#![no_main]

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::sync::LazyLock;

use deterministic_run::cache::{ResultStore, cached};
use deterministic_run::fingerprint::Fingerprint;
use deterministic_run::fs::Tree;
use deterministic_run::{Inputs, Outcome};
use libfuzzer_sys::fuzz_target;

/// Keeps one entry.
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

/// A run, its name, its outcome, and the head of its entry: magic, format, fingerprint, and the hash of what follows.
static RUN: LazyLock<(Inputs, Fingerprint, Outcome, Vec<u8>)> = LazyLock::new(|| {
    let mut tree = Tree::new();
    tree.insert_file("a", *b"one").expect("a name");
    let inputs = Inputs::new(r#"(module (func (export "_start")))"#).expect("a guest").dir(tree, "/data");
    let key = inputs.fingerprint().expect("a name");
    let store = One(RefCell::new(None));
    let (outcome, _) = cached(&store, &inputs, &key, |warning| panic!("{warning}"), || inputs.run()).expect("a run");
    let mut entry = store.0.into_inner().expect("it is stored");
    entry.truncate(76);
    (inputs, key, outcome, entry)
});

fuzz_target!(|body: &[u8]| {
    let (inputs, key, outcome, head) = &*RUN;
    let mut entry = head.clone();
    entry[44..].copy_from_slice(blake3::hash(body).as_bytes());
    entry.extend_from_slice(body);
    let store = One(RefCell::new(Some(entry)));
    let run = || Ok::<_, Infallible>(outcome.clone());
    let Ok((found, _)) = cached(&store, inputs, key, drop, run);
    let _ = (found.digest(), found.turns());
});
