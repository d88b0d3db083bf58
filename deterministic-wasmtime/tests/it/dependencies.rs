//! What an embedder pays for who turns off all that can be turned off.

use std::collections::BTreeSet;
use std::process::Command;

/// Each package that this crate is built from without features of its own, with the features of that package.
fn packages() -> BTreeSet<(String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "-p", "deterministic-wasmtime", "--no-default-features"])
        .args(["-e", "normal,build", "--prefix", "none", "-f", "{p}|{f}"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let package = |line: &str| {
        let (package, features) = line.split_once('|')?;
        let package = package.split(' ').take(2).collect::<Vec<_>>().join(" ");
        Some((package, features.trim_end_matches(" (*)").to_owned()))
    };
    text.lines().filter_map(package).collect()
}

#[test]
fn the_adapter_asks_wasmtime_for_what_it_calls_and_for_nothing_else() {
    let packages = packages();
    let features_of = |name: &str| -> BTreeSet<&str> {
        let of_package = packages.iter().filter(|(package, _)| package.split(' ').next() == Some(name));
        of_package.flat_map(|(_, features)| features.split(',')).collect()
    };
    // The last three are what others of these turn on.
    let expected = [
        "std",
        "runtime",
        "async",
        "component-model",
        "component-model-async",
        "cranelift",
        "gc",
        "gc-copying",
        "component-model-bytes",
        "once_cell",
        "wasmtime-jit-icache-coherence",
    ];
    assert_eq!(features_of("wasmtime"), BTreeSet::from(expected));
    assert_eq!(features_of("wasmtime-wasi"), BTreeSet::from(["p0", "p1", "p2", "p3"]));
    assert_eq!(features_of("deterministic-wasmtime"), BTreeSet::from([""]));
}

#[test]
fn what_the_adapter_does_not_call_is_not_built() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().filter_map(|(package, _)| package.split(' ').next()).collect();
    for name in
        ["wasmtime-internal-winch", "wasmtime-internal-cache", "rayon", "wasm-wave", "hyper", "http", "tempfile"]
    {
        assert!(!names.contains(name), "{name} is back");
    }
    // 184 when it was last counted. More is not an error, but should be intended.
    let versions: BTreeSet<&String> = packages.iter().map(|(package, _)| package).collect();
    assert!(versions.len() <= 190, "{} packages: {versions:?}", versions.len());
}
