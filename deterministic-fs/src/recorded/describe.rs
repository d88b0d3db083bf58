//! Exchanges in words.

use std::fmt::{self, Write};

use super::answer::{self, Answer, Opened};
use super::question::{Question, Told};
use super::wire::{Input, Malformed};
use crate::error::{Error, Result};
use crate::types::{Access, DirectoryEntry, FileType, NewTime, OpenOptions, Position, Stat};

/// No description has more characters.
const LINE_MAX: usize = 200;

/// How many characters of a string are shown.
const STRING_MAX: usize = 40;

/// How many characters of an error are shown.
const ERROR_MAX: usize = 90;

/// A question and its answer in one line, for people; of any bytes, whether they are these or not. No longer than 200
/// characters, none of which controls a terminal.
///
/// ```
/// use deterministic_fs::describe_exchange;
///
/// assert_eq!(describe_exchange(b"\x03\x05\x04\x00", b"\x00text"), "read #5 4@0 → 4 bytes");
/// assert_eq!(describe_exchange(b"\x08\x00\x01a\x01", b"\x0e"), r#"stat-at #0 "a" follow → no such file or directory"#);
/// ```
pub fn describe_exchange(question: &[u8], answer: &[u8]) -> String {
    line(|line| {
        let parsed = Question::parse(question);
        put_question(line, question, parsed)?;
        line.write_str(" → ")?;
        match parsed.and_then(|parsed| outcome(&parsed, answer)) {
            Ok(Ok(done)) => line.write_str(&done),
            Ok(Err(Error::Code(code))) => write!(line, "{code}"),
            Ok(Err(error)) => shortened(line, &error.to_string(), ERROR_MAX),
            Err(what) if parsed.is_ok() => write!(line, "{} that are no answer: {what}", bytes(answer.len())),
            Err(_) => line.write_str(&bytes(answer.len())),
        }
    })
}

/// The question alone.
pub fn describe_question(question: &[u8]) -> String {
    line(|line| put_question(line, question, Question::parse(question)))
}

fn put_question(line: &mut Line, bytes: &[u8], parsed: Result<Question<'_>, Malformed>) -> fmt::Result {
    use Question as Q;

    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(what) => return write!(line, "{} that are no question: {what}", self::bytes(bytes.len())),
    };
    match parsed {
        Q::Mount { handle, mount, guest, access } => {
            let access = if access == Access::ReadOnly { "ro" } else { "rw" };
            write!(line, "mount #{handle} {guest} {access} as mount {mount}")
        }
        Q::OpenAt { dir, path, options } => write!(line, "open-at #{dir} {path}{}", Options(options)),
        Q::Read { file, len, offset } => write!(line, "read #{file} {len}@{offset}"),
        Q::Write { file, bytes, position: Position::End } => write!(line, "write #{file} {}@end", bytes.len()),
        Q::Write { file, bytes, position: Position::At(at) } => write!(line, "write #{file} {}@{at}", bytes.len()),
        Q::SetSize { file, size } => write!(line, "set-size #{file} {size}"),
        Q::Sync { object, data_only } => write!(line, "sync #{object}{}", if data_only { " data" } else { "" }),
        Q::Stat { object } => write!(line, "stat #{object}"),
        Q::StatAt { dir, path, follow } => write!(line, "stat-at #{dir} {path}{}", Follow(follow)),
        Q::SetTimes { object, access, modification } => {
            write!(line, "set-times #{object} access {} modification {}", Time(access), Time(modification))
        }
        Q::SetTimesAt { dir, path, follow, access, modification } => {
            write!(line, "set-times-at #{dir} {path}{}", Follow(follow))?;
            write!(line, " access {} modification {}", Time(access), Time(modification))
        }
        Q::ReadDirectory { dir } => write!(line, "read-directory #{dir}"),
        Q::CreateDirectoryAt { dir, path } => write!(line, "create-directory-at #{dir} {path}"),
        Q::SymlinkAt { dir, target, path } => write!(line, "symlink-at #{dir} {path} to {target}"),
        Q::ReadlinkAt { dir, path } => write!(line, "readlink-at #{dir} {path}"),
        Q::LinkAt { dir, path, new_dir, new_path } => write!(line, "link-at #{dir} {path} to #{new_dir} {new_path}"),
        Q::RenameAt { dir, path, new_dir, new_path } => {
            write!(line, "rename-at #{dir} {path} to #{new_dir} {new_path}")
        }
        Q::RemoveDirectoryAt { dir, path } => write!(line, "remove-directory-at #{dir} {path}"),
        Q::UnlinkFileAt { dir, path } => write!(line, "unlink-file-at #{dir} {path}"),
    }
}

/// What was done, in words.
fn outcome(question: &Question<'_>, answer: &[u8]) -> Result<Result<String>, Malformed> {
    use Question as Q;

    let done = |input: &mut Input<'_>| {
        Ok(match question {
            Q::Mount { .. } | Q::OpenAt { .. } => {
                let Opened { handle, object, file_type } = Opened::parse(input)?;
                let same = if object == handle { String::new() } else { format!(", the object of #{object}") };
                format!("#{handle} {}{same}", kind(file_type))
            }
            Q::Read { .. } => bytes(input.rest().len()),
            Q::Write { .. } => bytes(usize::parse(input)?),
            Q::Stat { .. } | Q::StatAt { .. } => {
                let Stat { file_type, links, size, times, .. } = Stat::parse(input)?;
                format!("{}, size {size}, links {links}, modified {}", kind(file_type), times.modification)
            }
            Q::ReadDirectory { .. } => {
                let entries = <std::sync::Arc<[DirectoryEntry]>>::parse(input)?;
                let first: Vec<String> =
                    entries.iter().take(4).map(|entry| Told::from(&*entry.name).to_string()).collect();
                let more = if entries.len() > first.len() { ", …" } else { "" };
                format!("{} entries: {}{more}", entries.len(), first.join(", "))
            }
            Q::ReadlinkAt { .. } => Told::from(&*String::parse(input)?).to_string(),
            _ => "done".into(),
        })
    };
    answer::parse(answer, done)
}

fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".into() } else { format!("{count} bytes") }
}

fn kind(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Directory => "directory",
        FileType::RegularFile => "file",
        FileType::SymbolicLink => "symbolic link",
        FileType::BlockDevice => "block device",
        FileType::CharacterDevice => "character device",
        FileType::Unknown => "object of another kind",
    }
}

/// In quotes, if it is text.
impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Whole(text) => {
                f.write_char('"')?;
                shortened(f, &String::from_utf8_lossy(text), STRING_MAX)?;
                f.write_char('"')
            }
            Told::Digest(len, _) => write!(f, "({len} bytes)"),
        }
    }
}

struct Options(OpenOptions);

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OpenOptions { create, directory, exclusive, truncate, read, write, follow } = self.0;
        match (read, write) {
            (true, true) => f.write_str(" rw")?,
            (true, false) => f.write_str(" r")?,
            (false, true) => f.write_str(" w")?,
            (false, false) => {}
        }
        for (is, name) in
            [(create, "create"), (directory, "directory"), (exclusive, "exclusive"), (truncate, "truncate")]
        {
            if is {
                write!(f, " {name}")?;
            }
        }
        Follow(follow).fmt(f)
    }
}

struct Follow(bool);

impl fmt::Display for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { " follow" } else { "" })
    }
}

struct Time(NewTime);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NewTime::Keep => f.write_str("kept"),
            NewTime::Now => f.write_str("now"),
            NewTime::At(nanos) => nanos.fmt(f),
        }
    }
}

/// The beginning of a text, with what controls a terminal spelled out.
fn shortened(out: &mut impl Write, text: &str, max: usize) -> fmt::Result {
    let mut left = max;
    for character in text.chars() {
        let shown = character.escape_debug();
        if shown.len() > left {
            return out.write_char('…');
        }
        left -= shown.len();
        write!(out, "{shown}")?;
    }
    Ok(())
}

/// As much as fits.
struct Line {
    text: String,
    left: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.left == 0 {
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.text.push(character);
        }
        Ok(())
    }
}

fn line(put: impl FnOnce(&mut Line) -> fmt::Result) -> String {
    let mut line = Line { text: String::new(), left: LINE_MAX };
    if put(&mut line).is_err() {
        line.text.pop();
        line.text.push('…');
    }
    line.text
}
