//! Hermetic trees: digests, what is in them, deltas as bytes, and what a file system tells of them.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use deterministic_fs::{Access, DEFAULT_CAPACITY, Delta, FileSystem, Handle, OpenOptions, Tree};

use crate::draws::Draws;
use crate::report::Report;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    let mut before = Tree::new();
    digest(report, "tree/empty", &before)?;
    for number in 0..24 {
        let mut after = before.clone();
        grow(&mut after, &mut Draws::new(number));
        digest(report, format_args!("tree/{number}"), &after)?;
        report.line(format_args!("tree/{number}/entries"), listed(&after).as_bytes())?;
        report.line(format_args!("tree/{number}/changes"), format!("{:?}", before.changes_to(&after)).as_bytes())?;
        report.line(format_args!("tree/{number}/seen"), seen(&after).as_bytes())?;
        for (way, from, to) in [("delta", &before, &after), ("delta-back", &after, &before)] {
            let bytes = from.delta_to(to).map(|delta| postcard::to_allocvec(&delta).expect("it is data"));
            let bytes = bytes.expect("all is in memory");
            report.line(format_args!("tree/{number}/{way}"), &bytes)?;
            let read: Delta = postcard::from_bytes(&bytes).expect("it was written so");
            digest(report, format_args!("tree/{number}/{way}/made"), &from.with(&read).expect("it is of this tree"))?;
        }
        before = after;
    }
    Ok(())
}

fn digest(report: &mut Report, name: impl std::fmt::Display, tree: &Tree) -> io::Result<()> {
    report.line(name, tree.digest().expect("all is in memory").as_bytes())
}

/// What cannot be inserted is left out, here as there.
fn grow(tree: &mut Tree, draws: &mut Draws) {
    let name = |draws: &mut Draws| {
        let parts = ["a", "b", "Ä", "z.txt", "日本", "n0123456789", "A", "a.b"];
        (0..=draws.below(3)).map(|_| draws.one_of(&parts)).collect::<Vec<_>>().join("/")
    };
    for _ in 0..12 {
        let path = name(draws);
        let _ = match draws.below(6) {
            0 => tree.insert_directory(&path),
            1 => tree.insert_symlink(&path, &name(draws)),
            2 => tree.insert_hard_link(&name(draws), &path),
            // Some are longer than a chunk.
            3 => tree.insert_file(&path, draws.bytes(70_000)),
            _ => {
                let len = draws.below(2_000) as usize;
                tree.insert_file(&path, draws.bytes(len))
            }
        };
    }
}

fn listed(tree: &Tree) -> String {
    let mut said = format!("{}\n", tree.size());
    for entry in tree.entries() {
        let bytes = entry.bytes().map(|bytes| bytes.map(|bytes| blake3::hash(bytes).to_hex()));
        let (path, kind, target) = (entry.path(), entry.file_type(), entry.target());
        writeln!(said, "{path} {kind:?} {} {} {target:?} {bytes:?}", entry.size(), entry.links())
            .expect("a string takes all");
    }
    said
}

/// Directories in the order they are listed in, with numbers, sizes and times.
fn seen(tree: &Tree) -> String {
    let mut fs = FileSystem::new(1_000, DEFAULT_CAPACITY);
    fs.mount_hermetic(&Arc::new(tree.clone()), "/", Access::ReadWrite).expect("it fits");
    fs.set_now(2_000);
    let root = fs.preopens().next().expect("it was mounted").1.clone();
    let created = fs.create_directory_at(&root, "created");
    let mut said = format!("{created:?}\n");
    walk(&mut fs, &root, &mut said);
    said
}

fn walk(fs: &mut FileSystem, dir: &Handle, said: &mut String) {
    let Ok(entries) = fs.read_directory(dir) else { return };
    for entry in &*entries {
        let stat = fs.stat_at(dir, &entry.name, false);
        writeln!(said, "{entry:?} {stat:?}").expect("a string takes all");
        let options = OpenOptions { directory: true, read: true, ..OpenOptions::default() };
        if !matches!(&*entry.name, "." | "..")
            && let Ok(inner) = fs.open_at(dir, &entry.name, options)
        {
            walk(fs, &inner, said);
        }
    }
}
