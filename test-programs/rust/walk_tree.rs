//! Lists, stats and reads every preopened directory and all that is below: names in the order that the host gives, kinds,
//! sizes, all times, targets of links, and a sum of each file's bytes. Asserts that no time lies in the future. Needs no
//! preopen.

#[path = "support/preopens.rs"]
mod preopens;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

fn nanos(time: io::Result<SystemTime>) -> io::Result<u128> {
    let time = time?;
    assert!(time <= SystemTime::now(), "a time lies in the future");
    Ok(time.duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos())
}

/// FNV-1a, 64 bits: offset basis and prime as published by Fowler, Noll and Vo.
fn sum(mut file: fs::File) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            read => {
                for byte in &buffer[..read] {
                    sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
    }
}

fn walk(path: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    let times = (nanos(meta.accessed())?, nanos(meta.modified())?);
    print!("{} {} {:?}", path.display(), meta.len(), times);
    if meta.is_dir() {
        println!(" directory");
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            println!("{:?} {:?}", entry.file_name(), entry.file_type()?);
            walk(&entry.path())?;
        }
    } else if meta.file_type().is_symlink() {
        println!(" link to {:?}", fs::read_link(path));
    } else if meta.is_file() {
        println!(" file {:016x}", sum(fs::File::open(path)?)?);
    } else {
        println!(" special {:?}", fs::File::open(path).map(drop).map_err(|error| error.raw_os_error()));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    for name in preopens::preopens() {
        // A preopen may be named "", which is no path.
        walk(Path::new(if name.is_empty() { "." } else { &name }))?;
    }
    Ok(())
}
