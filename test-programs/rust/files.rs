//! In the first preopened directory, which must be writable: creates, writes, reads back, seeks, appends, cuts, renames
//! and removes files and directories, and leaves nothing. Without a preopen it says so.

#[path = "support/preopens.rs"]
mod preopens;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let preopens = preopens::preopens();
    let root = match preopens.first() {
        Some(root) => Path::new(if root.is_empty() { "." } else { root }),
        None => {
            println!("no preopen");
            return Ok(());
        }
    };
    let work = root.join("files-guest");
    fs::create_dir(&work)?;
    let (first, second) = (work.join("first"), work.join("second"));

    File::create(&first)?.write_all(b"0123456789")?;
    assert_eq!(fs::read(&first)?, b"0123456789");

    let mut file = OpenOptions::new().read(true).write(true).open(&first)?;
    assert_eq!(file.seek(SeekFrom::Start(4))?, 4);
    file.write_all(b"____")?;
    assert_eq!(file.seek(SeekFrom::Current(-2))?, 6);
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    assert_eq!(rest, "__89");
    assert_eq!(file.seek(SeekFrom::End(-1))?, 9);
    file.set_len(5)?;
    drop(file);
    OpenOptions::new().append(true).open(&first)?.write_all(b"end")?;

    fs::rename(&first, &second)?;
    assert_eq!(fs::metadata(&first).unwrap_err().kind(), ErrorKind::NotFound);
    let text = fs::read_to_string(&second)?;
    println!("{} {}", text, fs::metadata(&second)?.len());
    assert_eq!(text, "0123_end");

    let mut names = Vec::new();
    for number in 0..10 {
        fs::write(work.join(number.to_string()), [number; 3])?;
    }
    for entry in fs::read_dir(&work)? {
        names.push(entry?.file_name().into_string().expect("UTF-8"));
    }
    println!("{:?}", names);
    assert_eq!(names.len(), 11);

    for name in names {
        fs::remove_file(work.join(name))?;
    }
    fs::remove_dir(&work)?;
    assert_eq!(fs::read_dir(&work).unwrap_err().kind(), ErrorKind::NotFound);
    Ok(())
}
