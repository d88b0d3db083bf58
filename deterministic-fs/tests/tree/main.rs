//! Trees as values: taking them in, making them by hand, digests, differences, writing them out.

mod build;
mod changes;
mod digest;
mod read;
mod target;
mod write;

use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_fs::{Contents, FileType, Tree};
use tempfile::TempDir;

fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path) -> Dir {
    Dir::open_ambient_dir(path, ambient_authority()).unwrap()
}

fn read(path: &Path) -> Tree {
    Tree::read(&open(path), Contents::AtStart).unwrap()
}

/// All there is to see.
fn shown(tree: &Tree) -> Vec<String> {
    tree.entries()
        .map(|entry| {
            let what = match (entry.bytes(), entry.target()) {
                (Some(bytes), _) => format!("{:?}", String::from_utf8_lossy(bytes.unwrap())),
                (_, Some(target)) => format!("-> {target}"),
                _ => format!("{:?}", entry.file_type()),
            };
            format!("{} {} {} {what}", entry.path(), entry.size(), entry.links())
        })
        .collect()
}

/// What is on the host below `path`, as this crate has no part in it: paths and bytes.
fn host(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![path.to_path_buf()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(path).unwrap().to_str().unwrap().to_owned();
            let kind = entry.file_type().unwrap();
            let bytes = match () {
                () if kind.is_dir() => {
                    left.push(entry.path());
                    b"directory".to_vec()
                }
                () if kind.is_symlink() => {
                    std::fs::read_link(entry.path()).unwrap().to_str().unwrap().as_bytes().to_vec()
                }
                () => std::fs::read(entry.path()).unwrap(),
            };
            found.push((name, bytes));
        }
    }
    found.sort();
    found
}

/// Whether the permissions of files keep this process from anything: they do not keep root.
#[cfg(unix)]
fn permissions_bind() -> bool {
    use std::os::unix::fs::PermissionsExt;

    let dir = temp();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o000)).unwrap();
    std::fs::read(&file).is_err()
}

#[cfg(unix)]
fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Directories `d/d/d/…`, `depth` of them, each with a directory `e` that has a file `f` in it if `comb`.
fn deep(path: &Path, depth: usize, comb: bool) {
    let mut dir = open(path);
    for _ in 0..depth {
        if comb {
            dir.create_dir("e").unwrap();
            dir.open_dir("e").unwrap().write("f", "x").unwrap();
        }
        dir.create_dir("d").unwrap();
        dir = dir.open_dir("d").unwrap();
    }
    dir.write("end", "deep").unwrap();
}

/// Too deep for `TempDir` to remove.
fn remove_deep(dir: TempDir) {
    assert!(std::process::Command::new("rm").arg("-rf").arg(dir.path()).status().unwrap().success());
}

#[test]
fn the_path_of_the_root_is_empty() {
    let tree = Tree::new();
    let root = tree.get("").unwrap();
    assert_eq!((root.path(), root.file_type(), root.size(), root.links()), ("", FileType::Directory, 0, 1));
    assert_eq!(tree.entries().count(), 0);
}
