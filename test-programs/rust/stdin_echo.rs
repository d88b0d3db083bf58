//! Copies stdin to stdout until its end, then prints on a line of its own how many bytes and newlines it was and their
//! FNV-1a hash. That stays so: a read after the end gives nothing either.

use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let mut buffer = [0; 4096];
    let (mut bytes, mut lines, mut hash) = (0, 0, 0xcbf29ce484222325_u64);
    loop {
        let count = stdin.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        stdout.write_all(&buffer[..count])?;
        bytes += count;
        for &byte in &buffer[..count] {
            lines += usize::from(byte == b'\n');
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3);
        }
    }
    writeln!(stdout, "\n{} bytes, {} newlines, {:016x}", bytes, lines, hash)?;
    assert_eq!(stdin.read(&mut buffer)?, 0, "stdin went on after its end");
    Ok(())
}
