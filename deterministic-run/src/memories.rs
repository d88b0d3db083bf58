//! What a guest left in its memories.

use std::collections::{BTreeMap, BTreeSet};

use wasmtime::{Instance, Memory, Store};

use crate::Summary;

/// What each exported memory holds, by the name of its export, and each of those `beside`. A memory is digested once, however many
/// names it has.
pub(crate) fn exported<T: 'static>(
    instance: &Instance,
    beside: Vec<(String, Memory)>,
    store: &mut Store<T>,
) -> BTreeMap<String, Summary> {
    let exports: Vec<_> = instance
        .exports(&mut *store)
        .filter_map(|export| Some((export.name().to_owned(), export.into_memory()?)))
        .collect();
    let mut known = BTreeMap::new();
    let summaries = beside.into_iter().chain(exports).map(|(name, memory)| {
        let data = memory.data(&*store);
        let summary = known.entry(memory.debug_index_in_store()).or_insert_with(|| Summary::of(data));
        (name, summary.clone())
    });
    summaries.collect()
}

/// What each memory of a module holds, and each of those `beside`: once, by the first of its names. `names` are exports, one of each
/// memory.
pub(crate) fn of_module<T: 'static>(
    names: &[String],
    instance: &Instance,
    beside: Vec<(String, Memory)>,
    store: &mut Store<T>,
) -> BTreeMap<String, Summary> {
    let own = names.iter().filter_map(|name| Some((name.clone(), instance.get_memory(&mut *store, name)?)));
    let all: Vec<_> = beside.into_iter().chain(own.collect::<Vec<_>>()).collect();
    let mut known = BTreeSet::new();
    let once = all.into_iter().filter(|(_, memory)| known.insert(memory.debug_index_in_store()));
    once.map(|(name, memory)| (name, Summary::of(memory.data(&*store)))).collect()
}

/// What each memory in a component holds, once, by the number of the instance and its own in that. The engine must be set up to be
/// inspected, or there is none.
pub(crate) fn of_component<T: 'static>(store: &mut Store<T>) -> BTreeMap<String, Summary> {
    let mut known = BTreeSet::new();
    let mut summaries = BTreeMap::new();
    for (number, instance) in (0_u32..).zip(store.debug_all_instances()) {
        // The first that is not there is the end: none is shared.
        for index in 0.. {
            let Some(memory) = instance.debug_memory(&mut *store, index) else { break };
            if known.insert(memory.debug_index_in_store()) {
                summaries.insert(format!("instance {number} memory {index}"), Summary::of(memory.data(&*store)));
            }
        }
    }
    summaries
}
