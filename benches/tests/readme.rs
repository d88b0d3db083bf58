//! The texts of the repository, held against what they speak of. They are tested here since no package that is published holds
//! them; that the examples in the README compile, the documentation of this crate tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use deterministic_policies::Preset;

const README: &str = include_str!("../../README.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The Markdown files of the repository and of its crates.
fn texts() -> Vec<PathBuf> {
    let crates =
        root().read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").is_file());
    let folders = crates.chain([root().to_owned(), root().join("docs")]);
    let files = folders.flat_map(|folder| folder.read_dir().unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn every_preset_is_in_the_table_and_the_table_stands_once() {
    let section = README.split("\n## Presets\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let table: BTreeSet<_> = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(table, Preset::ALL.iter().map(|preset| preset.name()).collect());

    let row = |path: &PathBuf| std::fs::read_to_string(path).unwrap().contains("\n| `frozen` |");
    assert_eq!(texts().into_iter().filter(row).collect::<Vec<_>>(), [root().join("README.md")]);
}

#[test]
fn the_readme_can_be_read_in_five_minutes() {
    assert!(README.lines().count() <= 150, "what a crate's README can say belongs there");
}

#[test]
fn every_link_leads_to_a_file() {
    for path in texts() {
        let text = std::fs::read_to_string(&path).unwrap();
        // In rustdoc, a target may be an item.
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !target.is_empty() && !target.contains(':') {
                assert!(path.parent().unwrap().join(target).exists(), "{} links to {target}", path.display());
            }
        }
    }
}
