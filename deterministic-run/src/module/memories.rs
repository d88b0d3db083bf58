//! What a module left in its memories.

use std::collections::BTreeMap;

use wasmtime::{Instance, Memory, Store};

use crate::Summary;

/// What each exported memory holds, by the name of its export, and each of those `beside`. A memory is digested once, however many names it has.
pub(super) fn summaries<T: 'static>(
    instance: &Instance,
    beside: Vec<(String, Memory)>,
    store: &mut Store<T>,
) -> BTreeMap<String, Summary> {
    let exports: Vec<_> = instance
        .exports(&mut *store)
        .filter_map(|export| Some((export.name().to_owned(), export.into_memory()?)))
        .collect();
    // Two handles say nothing of whether they are of one memory; where it lies and how long it is does. Two that are empty
    // may look alike, and are.
    let mut known = BTreeMap::new();
    let summaries = beside.into_iter().chain(exports).map(|(name, memory)| {
        let data = memory.data(&*store);
        let summary = known.entry((data.as_ptr(), data.len())).or_insert_with(|| Summary::of(data));
        (name, summary.clone())
    });
    summaries.collect()
}
