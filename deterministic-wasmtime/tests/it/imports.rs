//! Which part of the sources knows which: arrows run one way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the adapter. A file imports from its own and those before it.
const FOLDERS: [&str; 6] = ["p1", "component", "p2", "p3", "http", "engine"];

/// The workspace, if it is there: a package has only this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All sources below `place`, in order.
fn sources(place: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        match entry.extension() {
            _ if entry.is_dir() => found.extend(sources(&entry)),
            Some(end) if end == "rs" => found.push(entry),
            _ => {}
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a source")
}

#[test]
fn nothing_is_imported_from_a_later_folder() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut backwards = Vec::new();
    for (rank, folder) in FOLDERS.iter().enumerate() {
        for path in sources(&src.join(folder)) {
            for (number, line) in (1..).zip(read(&path).lines()) {
                // Links of docs go anywhere.
                let code = line.split("//").next().unwrap_or_default();
                let later = FOLDERS[rank + 1..].iter().find(|later| code.contains(&format!("crate::{later}::")));
                if let Some(later) = later {
                    backwards.push(format!("{}:{number}: {later}", path.display()));
                }
            }
        }
    }
    assert!(backwards.is_empty(), "{backwards:#?}");
}

/// Only the struct that holds all of a context, and the builders of contexts, know the folders.
#[test]
fn what_stands_beside_the_folders_knows_none_of_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let holds = ["ctx.rs", "hooks.rs", "deterministic_wasi_ctx.rs", "lib.rs"];
    for path in sources(&src).iter().filter(|path| path.parent() == Some(&src)) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        // The door is for whoever links an interface.
        let knows = FOLDERS
            .iter()
            .filter(|folder| **folder != "component")
            .find(|folder| read(path).lines().any(|line| line.starts_with(&format!("use crate::{folder}"))));
        assert!(holds.contains(&name) || knows.is_none(), "{name} imports {knows:?}");
    }
}

/// Stock's types are used, and none of its functions is linked.
#[test]
fn nothing_of_stock_is_linked() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src) {
        for (number, line) in (1..).zip(read(&path).lines().filter(|line| !line.trim_start().starts_with("//"))) {
            let links = line.contains("add_to_linker") && line.contains("wasmtime_wasi");
            assert!(!links, "{}:{number}: {line}", path.display());
        }
    }
}

#[test]
fn no_file_is_two_things() {
    for member in ["core", "policies", "fs", "instrument", "wasi", "wasmtime", "wasmi", "cli"] {
        for path in sources(&root().join(format!("deterministic-{member}/src"))) {
            let lines = read(&path).lines().count();
            assert!(lines <= 400, "{} has {lines} lines", path.display());
        }
    }
}

/// The first package that `deterministic-{member}` is built from and whose name begins like one of these.
fn built_from(member: &str, names: &[&str]) -> Option<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .current_dir(root())
        .args(["tree", "--offline", "--locked", "--all-features", "-e", "normal,build", "--prefix", "none"])
        .args(["-p", &format!("deterministic-{member}")])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    tree.lines().find(|line| names.iter().any(|name| line.starts_with(name))).map(str::to_owned)
}

#[test]
fn what_knows_no_runtime_is_built_without_one() {
    for member in ["core", "policies", "fs", "instrument", "wasi"] {
        assert_eq!(built_from(member, &["wasmtime", "wiggle", "tokio", "wasmi"]), None, "deterministic-{member}");
    }
}

#[test]
fn an_adapter_is_built_without_the_other_engines() {
    assert_eq!(built_from("wasmtime", &["wasmi"]), None);
    let others = ["wasmtime", "deterministic-wasmtime", "wiggle", "wasi-common", "tokio", "cranelift"];
    assert_eq!(built_from("wasmi", &others), None);
}
