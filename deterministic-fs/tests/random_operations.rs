//! Random operations on a hermetic mount and on a directory of the host, as wasmtime-wasi does them there: the same
//! results, error codes, sizes, kinds, numbers of names, changes of times, and trees.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use common::{Answer, Host, HostStat, Random};
use deterministic_fs::{
    Access, DEFAULT_CAPACITY, Error, ErrorCode, FileSystem, FileType, Handle, NewTime, OpenOptions, Position, Stat,
    Tree,
};

const OPERATIONS: u64 = 100_000;

/// The longest file of ext4, and the first size past it.
const TOO_LARGE: u64 = ((1 << 32) - 1) * 4096 + 1;

struct Pair {
    ours: Handle,
    host: Host,
    /// When last looked at.
    seen: Option<(Stat, HostStat)>,
}

struct Test {
    seed: u64,
    step: u64,
    /// What was done last.
    last: String,
    random: Random,
    fs: FileSystem,
    open: Vec<Pair>,
    mounts: usize,
    /// How often each operation gave each answer.
    answers: BTreeMap<(String, Option<ErrorCode>), u64>,
}

fn ours<T>(result: Result<T, Error>) -> Answer<T> {
    result.map_err(|error| match error {
        Error::Code(code) => code,
        other => panic!("{other}"),
    })
}

impl Test {
    /// On `roots` of the host and on hermetic mounts that are equal.
    fn new(seed: u64, roots: &[&Path]) -> Self {
        let mut fs = FileSystem::new(0, DEFAULT_CAPACITY);
        for root in roots {
            std::fs::create_dir_all(root.join("a/b")).unwrap();
            std::fs::write(root.join("a/b/c"), "of the tree").unwrap();
            std::fs::hard_link(root.join("a/b/c"), root.join("a/d")).unwrap();
            std::os::unix::fs::symlink("/etc", root.join("b")).unwrap();
            std::os::unix::fs::symlink("a/b/..", root.join("c")).unwrap();
        }
        for number in 0..roots.len() {
            let guest = format!("/{number}");
            let mut tree = Tree::new();
            tree.insert_file("a/b/c", *b"of the tree").unwrap();
            tree.insert_hard_link("a/b/c", "a/d").unwrap();
            tree.insert_symlink("b", "/etc").unwrap();
            tree.insert_symlink("c", "a/b/..").unwrap();
            fs.mount_hermetic(&Arc::new(tree), &guest, Access::ReadWrite).unwrap();
        }
        let open = fs.preopens().map(|(_, handle)| handle.clone()).zip(roots);
        let open: Vec<Pair> = open.map(|(ours, root)| Pair { ours, host: Host::root(root), seen: None }).collect();
        Test {
            seed,
            step: 0,
            last: String::new(),
            random: Random::new(seed),
            fs,
            open,
            mounts: roots.len(),
            answers: Default::default(),
        }
    }

    fn compare<T: PartialEq + Debug>(&mut self, what: &str, ours: Answer<T>, host: Answer<T>) {
        let Test { seed, step, last, .. } = self;
        assert_eq!(ours, host, "seed {seed} step {step}: {what:.300} (ours first), after {last:.300}");
        if what.contains('(') {
            self.last = what.into();
        }
        let operation = what.split(['(', ' ']).next().unwrap().to_owned();
        *self.answers.entry((operation, ours.err())).or_default() += 1;
    }

    fn time(&mut self) -> NewTime {
        match self.random.below(3) {
            0 => NewTime::Keep,
            1 => NewTime::Now,
            // Never twice.
            _ => NewTime::At(self.step),
        }
    }

    fn offset(&mut self) -> u64 {
        if self.random.one_in(5) {
            self.random.pick(&[
                TOO_LARGE - 1,
                TOO_LARGE,
                i64::MAX as u64 - 100,
                i64::MAX as u64 - 1,
                i64::MAX as u64,
                i64::MAX as u64 + 1,
                u64::MAX - 1,
                u64::MAX,
            ])
        } else {
            self.random.below(6000) as u64
        }
    }

    fn options(&mut self) -> OpenOptions {
        let random = &mut self.random;
        OpenOptions {
            create: random.one_in(3),
            directory: random.one_in(6),
            exclusive: random.one_in(5),
            truncate: random.one_in(5),
            read: random.one_in(2),
            write: random.one_in(3),
            follow: random.one_in(2),
        }
    }

    fn directory(&mut self) -> usize {
        loop {
            let at = self.random.below(self.open.len());
            if self.open[at].host.directory {
                return at;
            }
        }
    }

    fn step(&mut self) {
        self.step += 1;
        self.fs.set_now(1_000_000_000 + self.step);
        let dir = self.directory();
        let Pair { ours: d, host: h, .. } = &self.open[dir];
        let (d, h) = (d.clone(), h.clone());
        match self.random.below(22) {
            0..=3 => {
                let (path, options) = (self.random.path(), self.options());
                let our = ours(self.fs.open_at(&d, &path, options));
                let host = h.open_at(&path, options);
                let what = format!("open_at({path:?}, {options:?})");
                let kind = |handle: &Handle| handle.file_type() == FileType::Directory;
                self.compare(
                    &what,
                    our.as_ref().map(kind).map_err(|code| *code),
                    host.as_ref().map(|host| host.directory).map_err(|code| *code),
                );
                if let (Ok(our), Ok(host)) = (our, host) {
                    self.open.push(Pair { ours: our, host, seen: None });
                }
                if self.open.len() > 10 {
                    let at = self.mounts + self.random.below(self.open.len() - self.mounts);
                    self.open.swap_remove(at);
                }
            }
            4..=6 => self.file_step(),
            7 => {
                let (path, follow) = (self.random.path(), self.random.one_in(2));
                let our = ours(self.fs.stat_at(&d, &path, follow)).map(|s| (s.file_type, s.size, (s.links)));
                let host = h.stat_at(&path, follow).map(|s| (s.file_type, s.size, (s.links)));
                self.compare(&format!("stat_at({path:?}, {follow})"), our, host);
            }
            8 => {
                let list = ours(self.fs.read_directory(&d));
                let list = list.map(|list| list.iter().map(|e| (e.name.to_string(), e.file_type)).collect());
                let host = h.read_directory();
                self.compare("read_directory", list, host);
            }
            9..=11 => {
                let path = self.random.path();
                let our = ours(self.fs.create_directory_at(&d, &path));
                self.compare(&format!("create_directory_at({path:?})"), our, h.create_directory_at(&path));
            }
            12 | 13 => {
                let (target, path) = (self.random.path(), self.random.path());
                let our = ours(self.fs.symlink_at(&d, &target, &path));
                self.compare(&format!("symlink_at({target:?}, {path:?})"), our, h.symlink_at(&target, &path));
            }
            14 => {
                let path = self.random.path();
                let our = ours(self.fs.readlink_at(&d, &path));
                self.compare(&format!("readlink_at({path:?})"), our, h.readlink_at(&path));
            }
            15 | 16 => {
                let other = self.directory();
                let (path, new) = (self.random.path(), self.random.path());
                let Pair { ours: e, host: i, .. } = &self.open[other];
                let our = ours(self.fs.link_at(&d, &path, false, e, &new));
                let host = h.link_at(&path, i, &new);
                self.compare(&format!("link_at({path:?}, {new:?})"), our, host);
            }
            17 | 18 => {
                let other = if self.random.one_in(2) { dir } else { self.directory() };
                let (path, new) = (self.random.path(), self.random.path());
                let Pair { ours: e, host: i, .. } = &self.open[other];
                let our = ours(self.fs.rename_at(&d, &path, e, &new));
                let host = h.rename_at(&path, i, &new);
                self.compare(&format!("rename_at({path:?}, {new:?})"), our, host);
            }
            19 => {
                let path = self.random.path();
                let our = ours(self.fs.remove_directory_at(&d, &path));
                self.compare(&format!("remove_directory_at({path:?})"), our, h.remove_directory_at(&path));
            }
            20 => {
                let path = self.random.path();
                let our = ours(self.fs.unlink_file_at(&d, &path));
                self.compare(&format!("unlink_file_at({path:?})"), our, h.unlink_file_at(&path));
            }
            _ => {
                let (path, follow) = (self.random.path(), self.random.one_in(2));
                let (access, modification) = (self.time(), self.time());
                let our = ours(self.fs.set_times_at(&d, &path, follow, access, modification));
                let host = h.set_times_at(&path, follow, access, modification);
                self.compare(&format!("set_times_at({path:?}, {follow}, {access:?}, {modification:?})"), our, host);
            }
        }
        self.look();
    }

    fn file_step(&mut self) {
        let at = self.random.below(self.open.len());
        let Pair { ours: f, host: h, .. } = &self.open[at];
        let (f, h) = (f.clone(), h.clone());
        let kind = self.random.below(4);
        if kind == 3 {
            let (access, modification) = (self.time(), self.time());
            let our = ours(self.fs.set_times(&f, access, modification));
            let what = format!("set_times({access:?}, {modification:?})");
            return self.compare(&what, our, h.set_times(access, modification));
        }
        if h.directory {
            return;
        }
        let (offset, len) = (self.offset(), self.random.below(200) * self.random.below(2));
        match kind {
            0 => {
                let mut buf = vec![0; len];
                let our = ours(self.fs.read(&f, &mut buf, offset)).map(|count| buf[..count].to_vec());
                let host = h.read(len, offset);
                self.compare(&format!("read({len}, {offset})"), our, host);
            }
            1 => {
                let bytes: Vec<u8> = (0..len).map(|i| (i as u64 + self.step) as u8).collect();
                let position = if self.random.one_in(3) { Position::End } else { Position::At(offset) };
                let our = ours(self.fs.write(&f, &bytes, position));
                let host = h.write(&bytes, position);
                self.compare(&format!("write({len}, {position:?})"), our, host);
            }
            _ => {
                // The host has room for a sparse file as long as it can be.
                let size = if offset == TOO_LARGE - 1 { TOO_LARGE } else { offset };
                let our = ours(self.fs.set_size(&f, size));
                self.compare(&format!("set_size({size})"), our, h.set_size(size));
            }
        }
    }

    /// Compares what is open, and which of its times changed since the last look.
    fn look(&mut self) {
        let mut open = std::mem::take(&mut self.open);
        for pair in &mut open {
            let (our, host) = (ours(self.fs.stat(&pair.ours)).unwrap(), pair.host.stat().unwrap());
            let facts = |(file_type, size, links)| Ok((file_type, size, links));
            self.compare(
                "stat",
                facts((our.file_type, our.size, (our.links))),
                facts((host.file_type, host.size, (host.links))),
            );
            if let Some((was, host_was)) = pair.seen.replace((our, host)) {
                let our_change = (
                    was.times.modification != our.times.modification,
                    was.times.change != our.times.change,
                    was.identity != our.identity,
                );
                let host_change = (host_was.modification != host.modification, host_was.change != host.change, false);
                self.compare("changes of times and identity", Ok(our_change), Ok(host_change));
            }
        }
        self.open = open;
    }

    fn compare_trees(&mut self) {
        let mut left: Vec<(Handle, Host)> =
            self.open[..self.mounts].iter().map(|pair| (pair.ours.clone(), pair.host.clone())).collect();
        while let Some((our, host)) = left.pop() {
            let entries = ours(self.fs.read_directory(&our)).unwrap();
            let list: Vec<_> = entries.iter().map(|entry| (entry.name.to_string(), entry.file_type)).collect();
            self.compare("listing of the tree", Ok(list.clone()), host.read_directory());
            for (entry, (name, file_type)) in entries.iter().zip(list) {
                let stat = ours(self.fs.stat_at(&our, &name, false)).unwrap();
                let host_stat = host.stat_at(&name, false).unwrap();
                assert_eq!(stat.identity, entry.identity);
                assert_eq!((stat.size, stat.links), (host_stat.size, host_stat.links));
                let options = OpenOptions { read: true, ..OpenOptions::default() };
                match file_type {
                    FileType::SymbolicLink => {
                        let target = ours(self.fs.readlink_at(&our, &name));
                        self.compare("target in the tree", target, host.readlink_at(&name));
                    }
                    _ => {
                        let (our, host) = (
                            ours(self.fs.open_at(&our, &name, options)).unwrap(),
                            host.open_at(&name, options).unwrap(),
                        );
                        if file_type == FileType::Directory {
                            left.push((our, host));
                            continue;
                        }
                        let mut bytes = vec![0; stat.size as usize];
                        let count = ours(self.fs.read(&our, &mut bytes, 0)).unwrap();
                        bytes.truncate(count);
                        self.compare("contents in the tree", Ok(bytes), host.read(stat.size as usize + 1, 0));
                    }
                }
            }
        }
    }
}

#[test]
fn hermetic_does_what_the_host_does() {
    let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut answers: BTreeMap<_, u64> = BTreeMap::new();
    // Several short runs: in a long one most names are taken.
    for seed in first..first + 20 {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
        let mut test = Test::new(seed, &[&a, &b]);
        for step in 0..OPERATIONS / 20 {
            test.step();
            if step % 250 == 0 {
                test.compare_trees();
            }
        }
        test.compare_trees();
        for (answer, count) in test.answers {
            *answers.entry(answer).or_default() += count;
        }
    }
    // What never came up was not tested.
    for (operation, codes) in [
        ("open_at", &[ErrorCode::Loop, ErrorCode::Exist, ErrorCode::IsDirectory, ErrorCode::NotPermitted][..]),
        ("rename_at", &[ErrorCode::Invalid, ErrorCode::NotEmpty, ErrorCode::IsDirectory, ErrorCode::Busy]),
        ("link_at", &[ErrorCode::NotPermitted, ErrorCode::Exist, ErrorCode::NameTooLong]),
        ("remove_directory_at", &[ErrorCode::NotEmpty, ErrorCode::NotDirectory, ErrorCode::Invalid]),
        ("write", &[ErrorCode::FileTooLarge, ErrorCode::Invalid, ErrorCode::BadDescriptor]),
    ] {
        for code in codes.iter().copied().map(Some).chain([None]) {
            let count = answers.get(&(operation.to_owned(), code)).copied().unwrap_or_default();
            assert!(count >= 10, "{operation} gave {code:?} {count} times");
        }
    }
    if std::env::var_os("SHOW").is_some() {
        println!("{answers:#?}");
    }
}
