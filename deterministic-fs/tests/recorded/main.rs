//! What live mounts answered, replayed without the directories.
#![cfg(unix)]

mod failures;
mod golden;
mod hostile;
mod operations;
#[path = "../options/mod.rs"]
mod options;
mod replays;

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_fs::{
    Access, Error, ErrorCode, FileSystem, Handle, OpenOptions, Position, Recorder, Replayer, describe_question,
};
use options::{READ, WRITE};

const EPOCH: u64 = 1_000_000_000_000_000_000;

const CREATE: OpenOptions = OpenOptions { create: true, ..WRITE };

type Exchange = (Vec<u8>, Vec<u8>);
type Boxed = Box<dyn StdError + Send + Sync>;

/// Keeps what it is told, up to a number of exchanges.
#[derive(Clone)]
struct Tape {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    room: usize,
}

impl Tape {
    fn new() -> Self {
        Tape::with_room(usize::MAX)
    }

    fn with_room(room: usize) -> Self {
        Tape { exchanges: Arc::default(), room }
    }

    fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().expect("no panic").clone()
    }
}

impl Recorder for Tape {
    fn answered(&mut self, question: &[u8], answer: &[u8]) -> Result<(), Boxed> {
        let mut exchanges = self.exchanges.lock().expect("no panic");
        if exchanges.len() == self.room {
            return Err("the tape is full".into());
        }
        exchanges.push((question.into(), answer.into()));
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("asked {}, and the recorded run {}", describe_question(asked), describe_question(recorded))]
struct Diverged {
    asked: Vec<u8>,
    recorded: Vec<u8>,
}

struct Player(VecDeque<Exchange>);

impl Player {
    fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Box<Self> {
        Box::new(Player(exchanges.into_iter().collect()))
    }
}

impl Replayer for Player {
    fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Boxed> {
        assert!(answer.is_empty());
        let (recorded, answered) = self.0.pop_front().ok_or("the recording ends here")?;
        if recorded != question {
            return Err(Diverged { asked: question.into(), recorded }.into());
        }
        answer.extend_from_slice(&answered);
        Ok(())
    }
}

/// Gives one answer to everything but to mounts, and to what opens a path that ends in `file`.
struct Always(Vec<u8>);

impl Replayer for Always {
    fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Boxed> {
        match question {
            [1, ..] => answer.extend_from_slice(&[0, 0, 0, 1]),
            [2, path @ .., _] if path.ends_with(b"file") => answer.extend_from_slice(&[0, 1, 1, 2]),
            _ => answer.extend_from_slice(&self.0),
        }
        Ok(())
    }
}

fn open_dir(path: &Path) -> Dir {
    Dir::open_ambient_dir(path, ambient_authority()).expect("a directory")
}

/// A recorded file system with `path` mounted.
fn recorded(path: &Path, tape: &Tape) -> (FileSystem, Handle) {
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.set_now(EPOCH + 7);
    fs.record_live(Box::new(tape.clone())).expect("a new file system");
    fs.mount_live(open_dir(path), "/", Access::ReadWrite);
    let root = root(&fs);
    (fs, root)
}

/// A replay with one directory.
fn replayed(replayer: Box<dyn Replayer>) -> (FileSystem, Handle) {
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.replay_live(replayer).expect("a new file system");
    fs.mount_replayed("/", Access::ReadWrite).expect("the mount of the recorded run");
    let root = root(&fs);
    (fs, root)
}

fn root(fs: &FileSystem) -> Handle {
    fs.preopens().last().expect("a mount").1.clone()
}

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, Error>, code: ErrorCode) {
    match result {
        Err(Error::Code(got)) => assert_eq!(got, code),
        other => panic!("{other:?} instead of {code:?}"),
    }
}
