//! Random operations on files, a host against stock: the same errno, the same bytes in the guest's memory.

use std::fmt::Debug;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::{Contents, Tree};
use wasmtime::Val;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::probe::{Answer, Bench, Called, Probe, Version};
use crate::{Directory, Host, Numbers as _, bytes};

/// Marsaglia's xorshift64 with the shifts 13, 7, 17: enough for choosing.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

const PATHS: &[&str] = &[
    "a", "b", "c", "d", "a", "b", "c", "a/a", "a/b", "a/c", "b/a", "b/b", "a/a/a", "a/b/c", "d/d/d", "l", "m", "l/a",
    "m/b", ".", "..", "a/..", "a/.", "./a", "a/", "l/", "b//a", "a/../b", "../a", "/", "/a", "", "a/b/", "none/a",
    "a\0b", "\u{e4}",
];

const TARGETS: &[&str] = &["a", "b", "a/b", "../a", "l", "m", "none", ".", "..", "/a", "", "a/", "./b/../a"];

/// Where things lie in the guest's memory.
const PATH: i32 = 1024;
const PATH_2: i32 = 8192;
const IOVEC: i32 = 512;
const BUFFER: i32 = 16 << 10;
const BUFFER_SIZE: i32 = 8 << 10;
const OUT: i32 = 256;

#[derive(Clone, Debug)]
struct Operation {
    name: &'static str,
    paths: [String; 2],
    params: Vec<Val>,
    /// What is in the buffer before the call.
    fill: u8,
    len: i32,
}

/// What of the answer both must agree about, where they may differ in the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Memory,
    Filestat { links: bool },
    Entries,
}

fn operation(choices: &mut Choices, open: &[i32]) -> Operation {
    let [path, path_2] = [(), ()].map(|()| match choices.below(60) {
        0 => "x".repeat(255),
        1 => "x".repeat(256),
        2 => format!("{}a", "./".repeat(2047)),
        3 => "a/".repeat(2100),
        _ => choices.of(PATHS).to_owned(),
    });
    let fd = if choices.below(3) == 0 { choices.of(open) } else { 3 };
    let any = match choices.below(20) {
        0 => choices.below(12) as i32,
        1 => -1,
        _ => choices.of(open),
    };
    let follow = i32::from(choices.below(2) == 0);
    let offset = choices.of(&[0, 0, 1, 5, 100, 4000, 70_000, -1, i64::MIN, i64::MAX]);
    let size = choices.of(&[0, 1, 10, 5000, 60_000, -1]);
    let len = choices.of(&[0, 1, 7, 512, 4096, BUFFER_SIZE]);
    let (p, n, q, m) = (PATH, path.len() as i32, PATH_2, path_2.len() as i32);
    let i = |values: &[i32]| values.iter().map(|value| Val::I32(*value)).collect::<Vec<_>>();
    let (name, params) = match choices.below(27) {
        0..6 => {
            let oflags = choices.of(&[0, 0, 0, 1, 1, 2, 4, 5, 8, 9, 3, 6, 13]);
            // Reading, writing, listing.
            let rights = choices.of(&[1i64 << 1, 1 << 6, 1 << 1 | 1 << 6, 1 << 1 | 1 << 14, 0]);
            let fdflags = choices.of(&[0, 0, 0, 1, 4, 2]);
            let mut params = i(&[fd, follow, p, n, oflags]);
            params.extend([Val::I64(rights), Val::I64(rights), Val::I32(fdflags), Val::I32(OUT)]);
            ("path_open", params)
        }
        6 => ("fd_close", i(&[if any < 4 { 100 } else { any }])),
        7 => ("fd_read", i(&[any, IOVEC, 1, OUT])),
        8 | 9 => ("fd_write", i(&[if (0..3).contains(&any) { 3 } else { any }, IOVEC, 1, OUT])),
        10 => ("fd_pread", [i(&[any, IOVEC, 1]), vec![Val::I64(offset)], i(&[OUT])].concat()),
        11 => ("fd_pwrite", [i(&[any, IOVEC, 1]), vec![Val::I64(offset)], i(&[OUT])].concat()),
        12 => {
            let by = choices.of(&[0, 1, -1, 10, 5000, 60_000, -60_000, i64::MIN]);
            ("fd_seek", vec![Val::I32(any), Val::I64(by), Val::I32(choices.below(3) as i32), Val::I32(OUT)])
        }
        13 => ("fd_filestat_get", i(&[any, OUT])),
        // Stock forgets what is behind a single name if it is not to follow.
        14 if path.ends_with('/') || path.ends_with("/.") => ("path_filestat_get", i(&[fd, 1, p, n, OUT])),
        14 => ("path_filestat_get", i(&[fd, follow, p, n, OUT])),
        15 => ("fd_filestat_set_size", vec![Val::I32(any), Val::I64(size)]),
        16 => ("path_create_directory", i(&[fd, p, n])),
        17 => ("path_remove_directory", i(&[fd, p, n])),
        18 => ("path_unlink_file", i(&[fd, p, n])),
        19 | 20 => ("path_rename", i(&[fd, p, n, if choices.below(2) == 0 { fd } else { 3 }, q, m])),
        21 => ("path_link", i(&[fd, i32::from(choices.below(10) == 0), p, n, 3, q, m])),
        22 => ("path_symlink", i(&[q, m, fd, p, n])),
        23 => ("path_readlink", i(&[fd, p, n, BUFFER, len, OUT])),
        24 => ("fd_readdir", [i(&[any, BUFFER, BUFFER_SIZE]), vec![Val::I64(0)], i(&[OUT])].concat()),
        25 => choices.of(&[("fd_fdstat_get", OUT), ("fd_tell", OUT), ("fd_prestat_get", OUT)]).pipe(any),
        _ => match choices.below(5) {
            0 => ("fd_renumber", i(&[if any < 4 { 50 } else { any }, choices.of(open).max(4)])),
            1 => ("fd_fdstat_set_flags", i(&[any, choices.of(&[0, 1, 4, 5, 8])])),
            2 => ("fd_sync", i(&[any])),
            3 => ("fd_allocate", vec![Val::I32(any), Val::I64(0), Val::I64(10)]),
            _ => ("fd_advise", vec![Val::I32(any), Val::I64(0), Val::I64(10), Val::I32(0)]),
        },
    };
    let paths = match name {
        "path_symlink" => [path.replace('\0', "c"), choices.of(TARGETS).to_owned()],
        // Which of two wrong paths is found first is the host's affair.
        "path_rename" | "path_link" if path.contains('\0') || path_2.contains('\0') => ["a".into(), "b".into()],
        _ => [path, path_2],
    };
    let params = match name {
        // The target's length is known only now.
        "path_symlink" => i(&[q, paths[1].len() as i32, fd, p, n]),
        "path_rename" if paths == ["a", "b"] => i(&[3, p, 1, 3, q, 1]),
        "path_link" if paths == ["a", "b"] => i(&[3, 0, p, 1, 3, q, 1]),
        _ => params,
    };
    Operation { name, paths, params, fill: choices.below(256) as u8, len }
}

trait Pipe {
    fn pipe(self, fd: i32) -> (&'static str, Vec<Val>);
}

impl Pipe for (&'static str, i32) {
    fn pipe(self, fd: i32) -> (&'static str, Vec<Val>) {
        (self.0, vec![Val::I32(fd), Val::I32(self.1)])
    }
}

fn perform(probe: &mut impl Called, operation: &Operation) -> Answer {
    probe.write(PATH as usize, operation.paths[0].as_bytes());
    probe.write(PATH_2 as usize, operation.paths[1].as_bytes());
    probe.write(IOVEC as usize, &BUFFER.to_le_bytes());
    probe.write(IOVEC as usize + 4, &operation.len.to_le_bytes());
    probe.write(BUFFER as usize, &[operation.fill; BUFFER_SIZE as usize]);
    probe.answer_to(operation.name, &operation.params)
}

/// Names and kinds, in the order of the names; stock shows the host's.
fn entries(probe: &impl Called) -> Vec<(String, u8)> {
    let memory = probe.contents();
    let u32_at = |at| u32::from_le_bytes(bytes(&memory, at));
    let used = u32_at(OUT as usize) as usize;
    let (mut at, end) = (BUFFER as usize, BUFFER as usize + used);
    let mut entries = Vec::new();
    while at + 24 <= end {
        let len = u32_at(at + 16) as usize;
        let name = &memory[at + 24..(at + 24 + len).min(end)];
        entries.push((String::from_utf8_lossy(name).into_owned(), memory[at + 20]));
        at += 24 + len;
    }
    entries.sort();
    entries
}

/// Kind, number of links of anything but a directory, size of anything but a directory.
fn filestat(probe: &impl Called, links: bool) -> (u8, u64, u64) {
    let kind = probe.contents()[OUT as usize + 16];
    let file = u64::from(kind != 3);
    (kind, probe.u64(OUT as usize + 24) * file * u64::from(links), probe.u64(OUT as usize + 32) * file)
}

fn compare(stock: &mut Probe<WasiP1Ctx>, ours: &mut impl Called, seed: u64, count: usize, links: bool) {
    let mut choices = Choices(seed);
    let mut open = vec![3];
    let mut answered = 0;
    for number in 0..count {
        let operation = operation(&mut choices, &open);
        let context = |what: &dyn Debug| format!("seed {seed}, operation {number}: {operation:?}: {what:?}");
        let expected = perform(stock, &operation);
        assert_eq!(perform(ours, &operation), expected, "{}", context(&"the answer"));
        let Answer::Errno(errno) = expected else { continue };
        answered += usize::from(errno == 0);
        let shows = match operation.name {
            "fd_filestat_get" | "path_filestat_get" if errno == 0 => Shows::Filestat { links },
            "fd_readdir" if errno == 0 => Shows::Entries,
            _ => Shows::Memory,
        };
        match shows {
            Shows::Memory => assert!(ours.contents() == stock.contents(), "{}", context(&"the memory")),
            Shows::Filestat { links } => {
                assert_eq!(filestat(ours, links), filestat(stock, links), "{}", context(&"the status"));
            }
            Shows::Entries => assert_eq!(entries(ours), entries(stock), "{}", context(&"the entries")),
        }
        if shows != Shows::Memory {
            ours.write(0, &stock.contents());
        }
        let opened = stock.u32(OUT as usize) as i32;
        match (operation.name, errno) {
            ("path_open", 0) => open.push(opened),
            ("fd_close", 0) => open.retain(|fd| *fd != operation.params[0].unwrap_i32()),
            ("fd_renumber", 0) if operation.params[0].unwrap_i32() != operation.params[1].unwrap_i32() => {
                open.retain(|fd| *fd != operation.params[0].unwrap_i32());
            }
            _ => {}
        }
        if open.len() > 40 {
            let close = Operation { name: "fd_close", params: vec![Val::I32(open.remove(1))], ..operation.clone() };
            assert_eq!((perform(stock, &close), perform(ours, &close)), (Answer::Errno(0), Answer::Errno(0)));
        }
    }
    assert!(answered > count / 5, "only {answered} of {count} operations did something");
}

/// A guest on stock whose directory this is.
fn stock(bench: &Bench, directory: &Path) -> Probe<WasiP1Ctx> {
    let mut builder = WasiCtxBuilder::new();
    builder.allow_blocking_current_thread(true);
    builder.preopened_dir(directory, "/", FsPerms::ReadWrite).unwrap();
    Probe::new(&bench.stock, bench.module(Version::P1), builder.build_p1())
}

/// A live directory answers as on stock.
pub fn live_directories<H: Host>() {
    let (bench, host) = (Bench::new(), H::new());
    for seed in 1..=4 {
        let [theirs, own] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let mut ours = host.guest(Version::P1, Policies::default(), Directory::Live(own.path()));
        compare(&mut stock(&bench, theirs.path()), &mut ours, seed, 10_000, false);
    }
}

/// A hermetic directory answers as a live one on stock.
pub fn hermetic_directories<H: Host>() {
    let (bench, host) = (Bench::new(), H::new());
    for seed in 1..=10 {
        let theirs = tempfile::tempdir().unwrap();
        let directory = Dir::open_ambient_dir(theirs.path(), ambient_authority()).unwrap();
        let tree = Tree::read(&directory, Contents::AtStart).unwrap();
        let mut ours = host.guest(Version::P1, Policies::default(), Directory::Hermetic(tree.into()));
        compare(&mut stock(&bench, theirs.path()), &mut ours, seed, 10_000, true);
    }
}
