//! What a file is that is no WebAssembly, for those who gave the wrong one.

use std::ffi::OsStr;
use std::path::Path;

use wasmtime::{Engine, Precompiled};

/// What it is, and what to do about it.
pub(crate) type Sort = (&'static str, &'static str);

const REBUILD: &str = "build it for WebAssembly: the target wasm32-wasip1 or wasm32-wasip2";
const UNPACK: &str = "unpack it first";
const SOURCE: &str = "build it, and give the .wasm file that comes of it";

/// What binary files begin with.
const MAGIC: &[(&[u8], Sort)] = &[
    (b"\x7fELF", ("a native program or library (ELF)", REBUILD)),
    (b"MZ", ("a native program or library of Windows", REBUILD)),
    (b"\xfe\xed\xfa\xce", ("a native program or library of macOS", REBUILD)),
    (b"\xfe\xed\xfa\xcf", ("a native program or library of macOS", REBUILD)),
    (b"\xce\xfa\xed\xfe", ("a native program or library of macOS", REBUILD)),
    (b"\xcf\xfa\xed\xfe", ("a native program or library of macOS", REBUILD)),
    (b"\xca\xfe\xba\xbe", ("a native program of macOS, or a class of Java", REBUILD)),
    (b"!<arch>\n", ("a library of object files", "link it into a program, and give the .wasm file")),
    (b"BC\xc0\xde", ("bitcode of LLVM", "compile and link it, and give the .wasm file")),
    (b"\x1f\x8b", ("compressed by gzip", UNPACK)),
    (b"PK\x03\x04", ("a zip archive", UNPACK)),
    (b"\x28\xb5\x2f\xfd", ("compressed by zstd", UNPACK)),
    (b"\xfd7zXZ\0", ("compressed by xz", UNPACK)),
    (b"BZh", ("compressed by bzip2", UNPACK)),
    (b"\xff\xfe", ("text in UTF-16", "save it as UTF-8")),
    (b"\xfe\xff", ("text in UTF-16", "save it as UTF-8")),
];

/// What text begins with, in small letters.
const BEGINNINGS: &[(&str, Sort)] = &[
    ("#!", ("a script", "give the .wasm file that it starts")),
    ("<!doctype html", HTML),
    ("<html", HTML),
    ("<?xml", ("XML", SOURCE)),
    ("version https://git-lfs", ("a pointer of Git LFS", "fetch the file itself with `git lfs pull`")),
    ("{", ("JSON", "give a .wasm or .wat file")),
];
const HTML: Sort = ("a page of HTML", "if it was downloaded, look what it says and download the file itself");
const JAVASCRIPT: Sort = ("JavaScript", "give the .wasm file that it loads");

/// Names of source files.
const SOURCES: &[(&str, Sort)] = &[
    ("js", JAVASCRIPT),
    ("mjs", JAVASCRIPT),
    ("cjs", JAVASCRIPT),
    ("ts", ("TypeScript", SOURCE)),
    ("c", ("source text in C", SOURCE)),
    ("cc", ("source text in C++", SOURCE)),
    ("cpp", ("source text in C++", SOURCE)),
    ("rs", ("source text in Rust", SOURCE)),
    ("go", ("source text in Go", SOURCE)),
    ("py", ("source text in Python", SOURCE)),
    ("zig", ("source text in Zig", SOURCE)),
    ("wit", ("a description of interfaces in WIT", SOURCE)),
    ("wast", ("a script of tests for WebAssembly", "give a module of it as a .wat file")),
];

/// The sort of a binary file that is known and no WebAssembly.
pub(crate) fn binary(bytes: &[u8]) -> Option<Sort> {
    if bytes.is_empty() {
        return Some(("empty", "look whether it was built or downloaded to its end"));
    }
    if let Some(compiled) = Engine::detect_precompiled(bytes) {
        let what = match compiled {
            Precompiled::Module => {
                "a module that Wasmtime has compiled (.cwasm), for one version of itself and one machine"
            }
            Precompiled::Component => {
                "a component that Wasmtime has compiled (.cwasm), for one version of itself and one machine"
            }
        };
        return Some((what, "give the .wasm file that it was made from"));
    }
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, sort)| sort)
}

/// The sort of a text that is no WebAssembly: by its name, else by how it begins.
pub(crate) fn text(path: &Path, bytes: &[u8]) -> Option<Sort> {
    let by_name = SOURCES.iter().find(|(extension, _)| path.extension() == Some(OsStr::new(extension)));
    if let Some(&(_, sort)) = by_name {
        return Some(sort);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    BEGINNINGS.iter().find(|(with, _)| begins(with)).map(|&(_, sort)| sort)
}
