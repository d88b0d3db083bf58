//! Operations that are generated, and done on any file system.

use deterministic_fs::{FileSystem, FileType, Handle, NewTime, OpenOptions, Position};
use proptest::prelude::*;

/// Handles are an index among those open that are of the kind which the operation needs, modulo their number; one in eight is
/// of any kind.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Open(usize, String, OpenOptions),
    Close(usize),
    Read(usize, usize, u64),
    Write(usize, Vec<u8>, Position),
    SetSize(usize, u64),
    Sync(usize, bool),
    Stat(usize),
    StatAt(usize, String, bool),
    SetTimes(usize, NewTime, NewTime),
    SetTimesAt(usize, String, bool, NewTime, NewTime),
    List(usize),
    MakeDirectory(usize, String),
    Symlink(usize, String, String),
    Readlink(usize, String),
    Link(usize, String, bool, usize, String),
    Rename(usize, String, usize, String),
    RemoveDirectory(usize, String),
    Unlink(usize, String),
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{self:?}").split('(').next().unwrap_or_default().into()
    }
}

/// Few names, so that they are often there.
fn path() -> impl Strategy<Value = String> {
    let part =
        prop_oneof![12 => "[a-c]", 2 => Just("..".into()), 1 => Just(".".into()), 1 => Just("ä\u{1f600}".into())];
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts: Vec<String>| parts.join("/"));
    let slashed = parts.clone().prop_map(|path| path + "/");
    let odd = prop::sample::select(vec!["".into(), "/a".into(), "a\0".into(), "a".repeat(256), "a/".repeat(5000)]);
    prop_oneof![16 => "[a-c]", 12 => parts, 2 => slashed, 1 => odd]
}

fn time() -> impl Strategy<Value = NewTime> {
    prop_oneof![Just(NewTime::Keep), Just(NewTime::Now), any::<u32>().prop_map(|at| NewTime::At(at.into()))]
}

fn options() -> impl Strategy<Value = OpenOptions> {
    (0_u8..4, any::<[bool; 2]>(), 0_u8..12).prop_map(|(make, [read, follow], rest)| OpenOptions {
        create: make < 2,
        directory: rest == 0,
        exclusive: rest == 1,
        truncate: rest == 2,
        read,
        write: rest > 5,
        follow,
    })
}

fn offset() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..5000, 1 => Just(i64::MAX as u64), 1 => any::<u64>()]
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;

    let at = || 0_usize..1000;
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let position = prop_oneof![Just(Position::End), offset().prop_map(Position::At)];
    prop_oneof![
        6 => (at(), path(), options()).prop_map(|(at, path, options)| Open(at, path, options)),
        1 => at().prop_map(Close),
        3 => (at(), 0_usize..6000, offset()).prop_map(|(at, len, offset)| Read(at, len, offset)),
        3 => (at(), bytes, position).prop_map(|(at, bytes, position)| Write(at, bytes, position)),
        1 => (at(), 0_u64..9000).prop_map(|(at, size)| SetSize(at, size)),
        1 => (at(), any::<bool>()).prop_map(|(at, data)| Sync(at, data)),
        2 => at().prop_map(Stat),
        2 => (at(), path(), any::<bool>()).prop_map(|(at, path, follow)| StatAt(at, path, follow)),
        1 => (at(), time(), time()).prop_map(|(at, access, modification)| SetTimes(at, access, modification)),
        1 => (at(), path(), any::<bool>(), time(), time()).prop_map(|(at, path, f, a, m)| SetTimesAt(at, path, f, a, m)),
        2 => at().prop_map(List),
        3 => (at(), path()).prop_map(|(at, path)| MakeDirectory(at, path)),
        2 => (at(), path(), path()).prop_map(|(at, target, path)| Symlink(at, target, path)),
        1 => (at(), path()).prop_map(|(at, path)| Readlink(at, path)),
        2 => (at(), path(), prop::bool::weighted(0.1), at(), path()).prop_map(|(at, p, f, to, q)| Link(at, p, f, to, q)),
        3 => (at(), path(), at(), path()).prop_map(|(at, path, to, new)| Rename(at, path, to, new)),
        1 => (at(), path()).prop_map(|(at, path)| RemoveDirectory(at, path)),
        2 => (at(), path()).prop_map(|(at, path)| Unlink(at, path)),
    ]
}

/// A guest with its open handles, of which the mounts stay.
pub(crate) struct Guest {
    pub(crate) fs: FileSystem,
    pub(crate) open: Vec<Handle>,
    mounts: usize,
    step: u64,
}

impl Guest {
    pub(crate) fn new(fs: FileSystem) -> Self {
        let open: Vec<Handle> = fs.preopens().map(|(_, handle)| handle.clone()).collect();
        Guest { fs, mounts: open.len(), open, step: 0 }
    }

    /// Does it, and gives all that the guest is told, and which handles are of one object.
    pub(crate) fn step(&mut self, operation: &Operation) -> String {
        use Operation::*;

        self.step += 1;
        self.fs.set_now(super::EPOCH + self.step);
        let Guest { fs, open, .. } = self;
        let of = |at: &usize, directory: bool| {
            let fits =
                |handle: &&Handle| (handle.file_type() == FileType::Directory) == directory || at.is_multiple_of(8);
            let fitting: Vec<&Handle> = open.iter().filter(fits).collect();
            fitting.get((at / 8) % fitting.len().max(1)).map_or(&open[0], |handle| handle).clone()
        };
        let (dir, file) = (|at: &usize| of(at, true), |at: &usize| of(at, false));
        let told = match operation {
            Open(at, path, options) => {
                let opened = fs.open_at(&dir(at), path, *options);
                let told = opened
                    .as_ref()
                    .map(|handle| (handle.file_type(), handle.access(), handle.is_readable(), handle.is_writable()));
                let told = format!("{told:?}");
                open.extend(opened.ok());
                told
            }
            Close(at) => {
                if open.len() > self.mounts {
                    let at = self.mounts + at % (open.len() - self.mounts);
                    open.remove(at);
                }
                String::new()
            }
            Read(at, len, offset) => {
                let mut buf = vec![0; *len];
                format!("{:?} {buf:x?}", fs.read(&file(at), &mut buf, *offset))
            }
            Write(at, bytes, position) => format!("{:?}", fs.write(&file(at), bytes, *position)),
            SetSize(at, size) => format!("{:?}", fs.set_size(&file(at), *size)),
            Sync(at, data) => format!("{:?}", fs.sync(&of(at, at.is_multiple_of(2)), *data)),
            Stat(at) => format!("{:?}", fs.stat(&of(at, at.is_multiple_of(2)))),
            StatAt(at, path, follow) => format!("{:?}", fs.stat_at(&dir(at), path, *follow)),
            SetTimes(at, access, modification) => {
                format!("{:?}", fs.set_times(&of(at, at.is_multiple_of(2)), *access, *modification))
            }
            SetTimesAt(at, path, follow, access, modification) => {
                format!("{:?}", fs.set_times_at(&dir(at), path, *follow, *access, *modification))
            }
            List(at) => format!("{:?}", fs.read_directory(&dir(at))),
            MakeDirectory(at, path) => format!("{:?}", fs.create_directory_at(&dir(at), path)),
            Symlink(at, target, path) => format!("{:?}", fs.symlink_at(&dir(at), target, path)),
            Readlink(at, path) => format!("{:?}", fs.readlink_at(&dir(at), path)),
            Link(at, path, follow, to, new) => {
                format!("{:?}", fs.link_at(&dir(at), path, *follow, &dir(to), new))
            }
            Rename(at, path, to, new) => format!("{:?}", fs.rename_at(&dir(at), path, &dir(to), new)),
            RemoveDirectory(at, path) => format!("{:?}", fs.remove_directory_at(&dir(at), path)),
            Unlink(at, path) => format!("{:?}", fs.unlink_file_at(&dir(at), path)),
        };
        let same: Vec<Option<usize>> = open
            .iter()
            .enumerate()
            .map(|(at, handle)| open[..at].iter().position(|other| fs.is_same_object(handle, other)))
            .collect();
        format!("{told} {same:?}")
    }
}
