//! The catalogue that users read and the lists that the contract suites run over name the same policies.

mod catalogue;

use std::collections::BTreeSet;

/// The first cells of the table under `heading`.
fn table(heading: &str) -> BTreeSet<&'static str> {
    let section = include_str!("../README.md").split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn every_policy_is_in_the_catalogue_and_under_the_contract() {
    let clocks = catalogue::clocks().into_iter().map(|entry| entry.0);
    let rngs = catalogue::rngs().into_iter().map(|entry| entry.0);
    let schedulers = catalogue::schedulers().into_iter().map(|entry| entry.0);
    let mut tested: BTreeSet<_> =
        clocks.chain(rngs).chain(schedulers).filter_map(|name| name.split(' ').next()).collect();
    tested.remove("preset");
    // These have tests of their own: they cannot be given the same calls twice, or give nothing.
    tested.extend(["HostClock", "HostRng", "Refusing"]);
    assert_eq!(table("## Catalogue"), tested);
}

#[cfg(feature = "std")]
#[test]
fn every_preset_is_in_its_table() {
    let presets: BTreeSet<_> = deterministic_policies::Preset::ALL.iter().map(|preset| preset.name()).collect();
    assert_eq!(table("## Which preset"), presets);
}
