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
    tested.remove("rule");
    // These have tests of their own: they cannot be given the same calls twice, or give nothing.
    tested.extend(["HostClock", "HostRng", "Refusing"]);
    assert_eq!(table("## Catalogue"), tested);
}

/// The names of a description's own parameters, from its text.
fn parameters(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut names = Vec::new();
    let inside = text.split_once(" { ").map_or("", |(_, inside)| inside);
    for word in inside.split(' ') {
        if let (0, Some(name)) = (depth, word.strip_suffix(':')) {
            names.push(name);
        }
        depth += word.matches(['{', '[']).count();
        depth = depth.saturating_sub(word.matches(['}', ']']).count());
    }
    names
}

#[test]
fn every_parameter_is_in_the_table_of_descriptions() {
    let mut texts: Vec<String> = Vec::new();
    // How rules are described, `Policies::describe` of the core says.
    let clocks = catalogue::clocks().into_iter().filter(|(name, _)| !name.starts_with("rule"));
    texts.extend(clocks.map(|(_, make)| make(1).describe().unwrap().to_string()));
    texts.extend(catalogue::rngs().iter().map(|(_, make)| make(1).describe().unwrap().to_string()));
    texts.extend(catalogue::schedulers().iter().map(|(_, make)| make(1).describe().unwrap().to_string()));
    texts.push(deterministic_core::Policy::describe(&deterministic_policies::Refusing).unwrap().to_string());

    let mut described = BTreeSet::new();
    for text in &texts {
        let (name, rest) = text.split_once(' ').unwrap();
        assert!(rest == "v1" || rest.starts_with("v1 {"), "{text}");
        let row = format!("\n| `{name}` | ");
        let section = include_str!("../README.md").split("## Descriptions").nth(1).unwrap();
        let row = section.split(&row).nth(1).unwrap_or_else(|| panic!("no row of {name}")).lines().next().unwrap();
        // The names are quoted, and so are two of the values.
        let quoted: Vec<_> =
            row.split('`').skip(1).step_by(2).filter(|word| !["hold", "fail", "1/den"].contains(word)).collect();
        assert_eq!(parameters(text), quoted, "{text}");
        described.insert(name);
    }
    assert_eq!(table("## Descriptions"), described);
}
