//! Every interface of the worlds that wasmtime-wasi and wasmtime-wasi-http define is linked, and has a label.

use std::path::{Path, PathBuf};
use std::process::Command;

use deterministic_wasmtime::coverage::{Label, label};
use deterministic_wasmtime::{config_store, http, keyvalue};
use wasmtime::component::Component;

use crate::host::{async_linker, engine};

/// Where cargo keeps the source of a package, whose WIT files say what its worlds import.
pub(crate) fn sources() -> Vec<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // For this host alone, so that what only others need is not asked for.
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", host];
    let output = Command::new(cargo).args(arguments).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let wanted = packages.filter(|package| {
        ["wasmtime-wasi", "wasmtime-wasi-http"].contains(&package["name"].as_str().unwrap_or_default())
    });
    wanted.map(|package| Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().into()).collect()
}

fn wit_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            wit_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            found.push(path);
        }
    }
}

/// The interfaces that the worlds of one WIT file import, with versions; those of its own package are written without.
fn imports(text: &str) -> Vec<String> {
    let Some(package) = text.lines().find_map(|line| line.strip_prefix("package ")) else { return Vec::new() };
    let package = package.trim_end_matches(';');
    let Some((package, version)) = package.split_once('@') else { return Vec::new() };
    let imports = text.lines().filter_map(|line| line.trim().strip_prefix("import ")?.strip_suffix(';'));
    imports
        .filter(|import| !import.contains(": "))
        .map(|import| if import.contains('/') { import.to_owned() } else { format!("{package}/{import}@{version}") })
        .collect()
}

#[test]
fn every_interface_of_the_worlds_is_linked_and_has_a_label() {
    let engine = engine();
    let mut linker = async_linker(&engine);
    http::p2::add_to_linker(&mut linker).unwrap();
    http::p3::add_to_linker(&mut linker).unwrap();
    config_store::add_to_linker(&mut linker).unwrap();
    keyvalue::add_to_linker(&mut linker).unwrap();
    let mut files = Vec::new();
    sources().iter().for_each(|directory| wit_files(directory, &mut files));
    let mut interfaces: Vec<_> =
        files.iter().flat_map(|file| imports(&std::fs::read_to_string(file).unwrap())).collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    interfaces.retain(|interface| interface.starts_with("wasi:") && !interface.contains("/handler@"));
    assert!(interfaces.len() > 40, "{interfaces:?}");
    for interface in interfaces {
        assert!(label(&interface).is_some(), "{interface} has no label");
        let component = format!(r#"(component (import "{interface}" (instance)))"#);
        let linked = linker.instantiate_pre(&Component::new(&engine, component).unwrap());
        assert!(linked.is_ok(), "{interface} is not linked");
    }
}

#[test]
fn labels_do_not_depend_on_the_version() {
    assert_eq!(label("wasi:io/poll@0.2.0"), Some(Label::Virtual));
    assert_eq!(label("wasi:io/poll"), Some(Label::Virtual));
    assert_eq!(label("wasi:sockets/tcp@0.2.12"), Some(Label::Eliminated));
    for unknown in ["wasi:nn/tensor@0.2.0", "", "wasi:io", "@"] {
        assert_eq!(label(unknown), None);
    }
}
