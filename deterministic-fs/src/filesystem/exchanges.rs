//! What live mounts are asked, whoever answers.

use super::{FileSystem, Mount};
use crate::error::{Error, Result};
use crate::handle::{Handle, HostHandle};
use crate::live::Live;
use crate::node::{Body, Node, Nodes};
use crate::recorded::{Answer, Opened, Question, Recorder, Recording, Replay, Replayer, Source};
use crate::types::{Access, OpenOptions, Position};

impl FileSystem {
    /// Has `recorder` keep all that live mounts answer from here on, so that a [`replay_live`](Self::replay_live) can give
    /// the same answers without the directories. Before the guest opens anything in them; the mounts may be made already.
    ///
    /// ```
    /// use std::error::Error;
    /// use std::sync::{Arc, Mutex};
    ///
    /// use deterministic_fs::{Access, FileSystem, Recorder, Replayer};
    ///
    /// #[derive(Clone, Default)]
    /// struct Tape(Arc<Mutex<Vec<(Vec<u8>, Vec<u8>)>>>);
    ///
    /// impl Recorder for Tape {
    ///     fn answered(&mut self, question: &[u8], answer: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
    ///         self.0.lock().expect("no panic").push((question.into(), answer.into()));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Player(std::vec::IntoIter<(Vec<u8>, Vec<u8>)>);
    ///
    /// impl Replayer for Player {
    ///     fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> {
    ///         let (recorded, answered) = self.0.next().ok_or("the recording ends here")?;
    ///         if recorded != question {
    ///             return Err("another question than the recorded one".into());
    ///         }
    ///         answer.extend_from_slice(&answered);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let host = tempfile::tempdir()?;
    /// std::fs::write(host.path().join("notes.txt"), "from the host")?;
    /// let dir = cap_std::fs::Dir::open_ambient_dir(host.path(), cap_std::ambient_authority())?;
    /// let tape = Tape::default();
    /// let mut fs = FileSystem::default();
    /// fs.record_live(Box::new(tape.clone()))?;
    /// fs.mount_live(dir, "/data", Access::ReadOnly);
    /// let data = fs.preopens().next().expect("it was mounted").1.clone();
    /// let stat = fs.stat_at(&data, "notes.txt", false)?;
    ///
    /// drop(host);
    /// let exchanges = std::mem::take(&mut *tape.0.lock().expect("no panic"));
    /// let mut fs = FileSystem::default();
    /// fs.replay_live(Box::new(Player(exchanges.into_iter())))?;
    /// fs.mount_replayed("/data", Access::ReadOnly)?;
    /// let data = fs.preopens().next().expect("it was mounted").1.clone();
    /// assert_eq!(fs.stat_at(&data, "notes.txt", false)?, stat);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotRecorded`] if something was opened already, or is recorded or replayed, and if the recorder fails. From then
    /// on all operations on live mounts fail so, as they do once the recorder has failed: nothing goes on unrecorded.
    pub fn record_live(&mut self, recorder: Box<dyn Recorder>) -> Result<()> {
        let refused = |why: &'static str| Err(Error::NotRecorded(why.into()));
        if !matches!(self.source, Source::Host) {
            return refused(
                "the answers of live directories are recorded or replayed already; begin with a new file system",
            );
        }
        if self.handles != self.mounts.iter().filter(|mount| mount.handle.host.is_some()).count() as u64 {
            return refused("a live directory was used before the recording; begin it before the guest runs");
        }
        self.source = Source::Recorded(Box::new(Recording::new(recorder)));
        (0..self.mounts.len()).try_for_each(|mount| self.record_mount(mount))
    }

    /// Has `replayer` answer in place of live directories, which are [mounted](Self::mount_replayed) after this. Nothing of the
    /// host is touched: an operation gives what it gave in the recorded run, if everything that was asked before it is the same.
    ///
    /// # Errors
    ///
    /// [`Error::NotReplayed`] if there is a live mount already, or they are recorded or replayed.
    pub fn replay_live(&mut self, replayer: Box<dyn Replayer>) -> Result<()> {
        if self.handles > 0 || !matches!(self.source, Source::Host) {
            return Err(Error::NotReplayed("there are live directories already; begin with a new file system".into()));
        }
        self.source = Source::Replayed(Box::new(Replay::new(replayer)));
        Ok(())
    }

    /// Mounts what was a directory of the host in the recorded run: in the order, and with the name and the access, that
    /// its mounts had.
    ///
    /// # Errors
    ///
    /// [`Error::NotReplayed`] if nothing is replayed, then there is no mount either; and if it is another mount than in the
    /// recorded run or its answer is none, then every operation on it fails, too.
    pub fn mount_replayed(&mut self, guest: &str, access: Access) -> Result<()> {
        let (handle, mount) = (self.handles, self.mounts.len() as u64);
        let Source::Replayed(replay) = &mut self.source else {
            return Err(Error::NotReplayed("there is nothing to replay; call replay_live before".into()));
        };
        let question = Question::Mount { handle, mount, guest: guest.into(), access };
        let told = replay.open(&question, handle).and_then(|told| replay.object(&mut self.nodes, told.object));
        let (open, result) = match told {
            Ok(open) => (open, Ok(())),
            Err(error) => {
                let node = self.nodes.insert(Node::new(0, Body::Host));
                (self.nodes.open(node), Err(error))
            }
        };
        self.mounted(guest, Handle::root(open, access, Some(HostHandle::Replayed)));
        result
    }

    pub(super) fn mounted(&mut self, guest: &str, handle: Handle) {
        let handle = Handle { number: self.handles, ..handle };
        self.handles += 1;
        self.mounts.push(Mount { guest: guest.into(), handle, tree: None });
    }

    /// Tells the recorder, if there is one, of a mount, if it is live.
    pub(super) fn record_mount(&mut self, mount: usize) -> Result<()> {
        let Source::Recorded(recording) = &mut self.source else { return Ok(()) };
        let Some(Mount { guest, handle, .. }) = self.mounts.get(mount) else { return Ok(()) };
        if handle.host.is_none() {
            return Ok(());
        }
        recording.ready()?;
        let guest = (&**guest).into();
        let question = Question::Mount { handle: handle.number, mount: mount as u64, guest, access: handle.access };
        recording.keep(&question, Ok(&opened(handle, handle.number)))
    }

    /// Asks a live mount, which answers by `live` if the host is asked. The question is not even put together then, unless
    /// somebody records it.
    #[inline]
    pub(super) fn exchange<'a, A: Answer>(
        &mut self,
        question: impl FnOnce() -> Question<'a>,
        live: impl FnOnce(&mut Live, &mut Nodes) -> Result<A>,
    ) -> Result<A> {
        match &mut self.source {
            Source::Host => live(&mut self.live, &mut self.nodes),
            Source::Recorded(recording) => {
                recording.ready()?;
                let outcome = live(&mut self.live, &mut self.nodes);
                recording.keep(&question(), outcome.as_ref())?;
                outcome
            }
            Source::Replayed(replay) => replay.ask(&question()),
        }
    }

    pub(super) fn live_open_at(&mut self, dir: &Handle, path: &str, options: OpenOptions) -> Result<Handle> {
        let question = || Question::OpenAt { dir: dir.number, path: path.into(), options };
        let number = self.handles;
        let handle = match &mut self.source {
            Source::Host => self.live.open_at(&mut self.nodes, dir, path, options)?,
            Source::Recorded(recording) => {
                recording.ready()?;
                let outcome = self.live.open_at(&mut self.nodes, dir, path, options);
                let told = outcome.as_ref().map(|handle| opened(handle, number));
                recording.keep(&question(), told.as_ref().map_err(|error| *error))?;
                outcome?
            }
            Source::Replayed(replay) => {
                let told = replay.open(&question(), number)?;
                let open = replay.object(&mut self.nodes, told.object)?;
                Handle::opened(open, told.file_type, dir, options, HostHandle::Replayed)
            }
        };
        self.handles += 1;
        Ok(Handle { number, ..handle })
    }

    pub(super) fn live_read(&mut self, file: &Handle, buf: &mut [u8], offset: u64) -> Result<usize> {
        let len = buf.len() as u64;
        let question = || Question::Read { file: file.number, len, offset };
        match &mut self.source {
            Source::Host => self.live.read(file, buf, offset),
            Source::Recorded(recording) => {
                recording.ready()?;
                let outcome = self.live.read(file, buf, offset);
                recording
                    .keep(&question(), outcome.as_ref().map(|count| &buf[..*count]).as_ref().map_err(|error| *error))?;
                outcome
            }
            Source::Replayed(replay) => replay.read(&question(), buf),
        }
    }

    pub(super) fn live_write(&mut self, file: &Handle, bytes: &[u8], position: Position) -> Result<usize> {
        let question = || Question::Write { file: file.number, bytes: bytes.into(), position };
        match &mut self.source {
            Source::Host => self.live.write(&mut self.nodes, file, bytes, position),
            Source::Recorded(recording) => {
                recording.ready()?;
                let outcome = self.live.write(&mut self.nodes, file, bytes, position);
                recording.keep(&question(), outcome.as_ref())?;
                outcome
            }
            Source::Replayed(replay) => replay.write(&question(), bytes.len()),
        }
    }
}

/// What a trace says of it.
fn opened(handle: &Handle, number: u64) -> Opened {
    let object = *handle.open.first.get_or_init(|| number);
    Opened { handle: number, object, file_type: handle.file_type }
}
