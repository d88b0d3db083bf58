//! Lists and stats every preopened directory and all that is below, in the order that the host gives. Prints kinds,
//! sizes and names. Needs no preopen.

#[path = "support/preopens.rs"]
mod preopens;

use std::fs;
use std::io;
use std::path::Path;

fn list(directory: &Path, depth: usize) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        let kind = if meta.is_dir() {
            "directory"
        } else if meta.file_type().is_symlink() {
            "link"
        } else {
            "file"
        };
        println!("{:1$}{2} {3} {4}", "", depth * 2, kind, meta.len(), path.display());
        count += 1;
        if meta.is_dir() {
            count += list(&path, depth + 1)?;
        }
    }
    Ok(count)
}

fn main() -> io::Result<()> {
    let preopens = preopens::preopens();
    println!("{} preopens", preopens.len());
    for name in preopens {
        println!("{:?}", name);
        // A preopen may be named "", which is no path.
        let root = Path::new(if name.is_empty() { "." } else { &name });
        let first = list(root, 1)?;
        println!("{} entries", first);
    }
    Ok(())
}
