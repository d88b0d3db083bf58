//! No file is from the future: neither those that the preopened directories hold, nor one that the guest writes there
//! (and removes) if it may. Prints how many it looked at and, in nanoseconds, the times of the new one.

#[path = "support/preopens.rs"]
mod preopens;

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

fn check(path: &Path, meta: &Metadata) {
    let now = SystemTime::now();
    for time in [meta.modified(), meta.accessed()].into_iter().flatten() {
        assert!(time <= now, "{}: {:?} is after {:?}", path.display(), time, now);
    }
}

fn walk(directory: &Path) -> io::Result<usize> {
    let mut count = 1;
    check(directory, &fs::metadata(directory)?);
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        check(&path, &meta);
        count += if meta.is_dir() { walk(&path)? } else { 1 };
    }
    Ok(count)
}

fn main() -> io::Result<()> {
    for name in preopens::preopens() {
        let root = Path::new(if name.is_empty() { "." } else { &name });
        println!("{:?}: {} entries", name, walk(root)?);
        let new = root.join("file-times-guest");
        if let Err(error) = fs::write(&new, "new") {
            println!("not written: {:?}", error.kind());
            continue;
        }
        let meta = fs::metadata(&new)?;
        check(&new, &meta);
        check(root, &fs::metadata(root)?);
        for time in [meta.modified(), meta.accessed()].into_iter().flatten() {
            println!("{}", time.duration_since(UNIX_EPOCH).expect("before 1970").as_nanos());
        }
        fs::remove_file(&new)?;
    }
    Ok(())
}
