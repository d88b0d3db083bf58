//! Whatever a file says that should be a trace: it is read to an end, and a run that follows it gets answers or errors, the same each
//! time. As it is; in frames whose checksums are right; and with the right questions, so that the answers are come to.
#![no_main]

#[path = "trace/telling.rs"]
mod telling;

use std::io::{Cursor, Empty, Read};

use arbitrary::Arbitrary;
use deterministic_core::{Clock, ClockId, Event, EventKind, Instant, Policies, Rng};
use deterministic_fs::{Access, FileSystem, Handle, NewTime, OpenOptions, Position, Replayer};
use deterministic_wasi::http::{Responder, parse_request};
use deterministic_wasi::trace::{
    ClockRecord, Entropy, MAGIC, Reader, Record, Source, Tape, TapedRead, TraceError, VERSION, WhenFull, Writer,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    exact: bool,
    /// What policies say at the beginning: their constants, two words, what the scheduler is.
    constants: Said<'a>,
    words: [Said<'a>; 2],
    scheduler: u8,
    begin: u64,
    fuel: bool,
    mount: Said<'a>,
    asked: Vec<Ask<'a>>,
    frames: Vec<&'a [u8]>,
    trace: &'a [u8],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Said<'a> {
    /// What is an answer, as far as one is known here.
    Right,
    Bytes(&'a [u8]),
    /// 64 and more of one, which stand once.
    Long(u8),
    Error(&'a str),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Ask<'a> {
    Read(u8, u64, u64, Option<&'a str>),
    Sleep(u64, u64, Option<&'a str>),
    CatchUp(u64, Option<&'a str>),
    Elapse(u64, u64),
    Random(bool, u16, Said<'a>),
    Select(u8, Said<'a>),
    Yield(Said<'a>),
    Type(u16, Said<'a>),
    Host(u32, Said<'a>),
    Request(Said<'a>),
    File(File, u8, u16, Said<'a>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum File {
    Open(u8),
    Read(u16),
    Write(u16),
    SetSize,
    Sync,
    Stat,
    StatAt,
    SetTimes,
    SetTimesAt,
    ReadDirectory,
    CreateDirectory,
    Symlink,
    Readlink,
    Link,
    Rename,
    RemoveDirectory,
    Unlink,
    Close,
}

/// The same for longer; `None` is what is right.
type Told = Option<Result<Vec<u8>, String>>;

impl Said<'_> {
    fn told(self) -> Told {
        match self {
            Said::Right => None,
            Said::Bytes(bytes) => Some(Ok(bytes.to_vec())),
            Said::Long(byte) => Some(Ok(vec![byte % 4; 64 + usize::from(byte / 64)])),
            Said::Error(error) => Some(Err(error.to_owned())),
        }
    }
}

const PATHS: [&str; 6] = ["a", "a/b", "./a/../c", "", "/x", "é"];
const MOST: usize = 48;
const REQUEST: &[u8] = b"GET http://host/path HTTP/1.1\r\nhost: host\r\n\r\n";

/// LEB128, as numbers stand in questions.
fn number(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

fn clock_id(of: u8) -> ClockId {
    ClockId::ALL[usize::from(of) % ClockId::ALL.len()]
}

fn select(count: u8) -> Vec<u8> {
    [b"select ".as_slice(), &number(count.into())].concat()
}

/// The same file system operation on whatever answers.
fn operate(files: &mut FileSystem, handles: &mut Vec<Handle>, ask: (File, u8, u16)) -> bool {
    let (operation, which, offset) = ask;
    let at = usize::from(which >> 4) % handles.len();
    let handle = handles[at].clone();
    let path = PATHS[usize::from(which & 15) % PATHS.len()];
    match operation {
        File::Open(bits) => {
            let bit = |bit: u8| bits & 1 << bit != 0;
            let options = OpenOptions {
                create: bit(0),
                directory: bit(1),
                exclusive: bit(2),
                truncate: bit(3),
                read: bit(4),
                write: bit(5),
                follow: bit(6),
            };
            files.open_at(&handle, path, options).map(|opened| handles.push(opened)).is_ok()
        }
        File::Read(len) => files.read(&handle, &mut vec![0; len.into()], offset.into()).is_ok(),
        File::Write(len) => {
            let position = if offset == 0 { Position::End } else { Position::At(u64::from(offset) << 40) };
            files.write(&handle, &vec![1; usize::from(len) % 256], position).is_ok()
        }
        File::SetSize => files.set_size(&handle, offset.into()).is_ok(),
        File::Sync => files.sync(&handle, offset & 1 == 0).is_ok(),
        File::Stat => files.stat(&handle).is_ok(),
        File::StatAt => files.stat_at(&handle, path, offset & 1 == 0).is_ok(),
        File::SetTimes => files.set_times(&handle, NewTime::Keep, NewTime::At(offset.into())).is_ok(),
        File::SetTimesAt => files.set_times_at(&handle, path, true, NewTime::Now, NewTime::Keep).is_ok(),
        File::ReadDirectory => files.read_directory(&handle).is_ok(),
        File::CreateDirectory => files.create_directory_at(&handle, path).is_ok(),
        File::Symlink => files.symlink_at(&handle, "a", path).is_ok(),
        File::Readlink => files.readlink_at(&handle, path).is_ok(),
        File::Link => files.link_at(&handle, path, offset & 1 == 0, &handles[0], "b").is_ok(),
        File::Rename => files.rename_at(&handle, path, &handles[0], "b").is_ok(),
        File::RemoveDirectory => files.remove_directory_at(&handle, path).is_ok(),
        File::Unlink => files.unlink_file_at(&handle, path).is_ok(),
        File::Close if at > 0 => {
            handles.remove(at);
            true
        }
        File::Close => false,
    }
}

/// Whoever follows a trace.
struct Run {
    clock: Box<dyn Clock>,
    random: [Box<dyn Rng>; 2],
    policies: Policies,
    typed: TapedRead<Empty>,
    host: Source,
    files: FileSystem,
    handles: Vec<Handle>,
    responder: Box<dyn Responder>,
}

impl Run {
    fn new(tape: &Tape, exact: bool) -> Result<Self, TraceError> {
        let entropy = if exact { Entropy::Exact } else { Entropy::Seeded };
        let mut policies = tape.policies(entropy, || unreachable!("it replays"))?;
        let spare = || Policies::default();
        let clock = policies.rules.enforce(std::mem::replace(&mut policies.clock, spare().clock));
        let random = [
            std::mem::replace(&mut policies.secure_random, spare().secure_random),
            std::mem::replace(&mut policies.insecure_random, spare().insecure_random),
        ];
        let typed = tape.reader("stdin", || unreachable!("it replays"))?;
        let host = tape.source("host")?;
        let responder = tape.responder(|| unreachable!("it replays"))?;
        let mut files = FileSystem::default();
        tape.files(&mut files)?;
        let _ = files.mount_replayed("/d", Access::ReadWrite);
        let handles = files.preopens().map(|(_, handle)| handle.clone()).collect();
        Ok(Run { clock, random, policies, typed, host, files, handles, responder })
    }

    /// Whether it is answered, and something of the answer.
    fn ask(&mut self, ask: Ask<'_>) -> (bool, u64) {
        let instant = |at: Result<Instant, _>| at.map_or((false, 0), |at: Instant| (true, at.as_nanos()));
        match ask {
            Ask::Read(clock, ..) => instant(self.clock.read(clock_id(clock))),
            Ask::Sleep(deadline, ..) => {
                let deadline = self.clock.now().saturating_add(deadline);
                (self.clock.advance_to(deadline).is_ok(), self.clock.now().as_nanos())
            }
            Ask::CatchUp(..) => instant(self.clock.catch_up()),
            Ask::Elapse(fuel, _) => {
                if let Some(observer) = self.clock.fuel_observer() {
                    observer.elapse(fuel);
                }
                (true, self.clock.now().as_nanos())
            }
            Ask::Random(secure, len, _) => {
                let mut bytes = vec![0; len.into()];
                let filled = self.random[usize::from(!secure)].fill(&mut bytes).is_ok();
                (filled, bytes.iter().map(|byte| u64::from(*byte)).sum())
            }
            Ask::Select(count, _) => {
                let event = |at| Event::new(at, u64::from(at) / 2, EventKind::Readable);
                let mut ready: Vec<Event> = (0..u32::from(count)).map(event).collect();
                let selection = self.policies.scheduler.select(Instant::ZERO, &mut ready);
                let mut places: Vec<u32> = ready.iter().map(Event::subscription).collect();
                let first = places.first().map_or(0, |first| u64::from(*first));
                places.sort_unstable();
                assert!(places.into_iter().eq(0..u32::from(count)), "events are lost");
                (selection.is_ok_and(|selection| selection.deliver <= ready.len()), first)
            }
            Ask::Yield(_) => {
                let passes = self.policies.scheduler.yield_observer().map(|observer| observer.yielded(Instant::ZERO));
                (matches!(passes, Some(Ok(_))), 0)
            }
            Ask::Type(room, _) => {
                let read = self.typed.read(&mut vec![0; room.into()]);
                (read.is_ok(), read.unwrap_or_default() as u64)
            }
            Ask::Host(question, _) => {
                let answer = self.host.answer(&question, || -> Result<Vec<u8>, String> { unreachable!("it replays") });
                (answer.is_ok(), answer.map_or(0, |answer| answer.map_or(1, |answer| answer.len() as u64)))
            }
            Ask::Request(_) => {
                let reply = self.responder.respond(parse_request(REQUEST).expect("a request"));
                (reply.result.is_ok(), reply.delay)
            }
            Ask::File(operation, which, offset, _) => {
                (operate(&mut self.files, &mut self.handles, (operation, which, offset)), self.handles.len() as u64)
            }
        }
    }
}

/// What a run is answered that follows `trace`, and how it failed.
fn follow(trace: &[u8], input: &Input<'_>) -> (Vec<(bool, u64)>, String) {
    let mut answers = Vec::new();
    let tape = match Tape::replay(Box::new(Cursor::new(trace.to_vec()))) {
        Ok((tape, _)) => tape,
        Err(error) => return (answers, error.to_string()),
    };
    let mut run = match Run::new(&tape, input.exact) {
        Ok(run) => run,
        Err(error) => return (answers, error.to_string()),
    };
    let mut after = 0;
    for ask in input.asked.iter().take(MOST) {
        answers.push(run.ask(*ask));
        // It is told so, again and again.
        after += usize::from(tape.failure().is_some());
        if after > 2 {
            break;
        }
    }
    answers.push((tape.recorded_outcome().is_ok(), tape.now().as_nanos()));
    (answers, tape.failure().map_or_else(String::new, |failed| failed.to_string()))
}

/// How many records there are, and how it ends.
fn read(trace: &[u8]) -> Result<usize, TraceError> {
    let mut reader = Reader::new(Box::new(Cursor::new(trace.to_vec())))?;
    let mut records = 0;
    while let Some(record) = reader.next_record()? {
        let _ = record;
        records += 1;
        assert!(records <= trace.len(), "more records than bytes");
    }
    assert!(reader.position() <= trace.len() as u64);
    Ok(records)
}

fn framed(frames: &[&[u8]]) -> Vec<u8> {
    let mut trace = MAGIC.to_vec();
    trace.extend(VERSION.to_le_bytes());
    for frame in frames {
        let len = (frame.len() as u32).to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&len);
        checksum.update(frame);
        trace.extend(len);
        trace.extend(checksum.finalize().to_le_bytes());
        trace.extend_from_slice(frame);
    }
    trace
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(input) = Input::arbitrary_take_rest(arbitrary::Unstructured::new(bytes)) else { return };
    for trace in [input.trace.to_vec(), framed(&input.frames)] {
        let _ = read(&trace);
        follow(&trace, &input);
    }
    let trace = telling::told(&input);
    read(&trace).expect("what was written is read");
    assert!(follow(&trace, &input) == follow(&trace, &input), "two replays differ");
});
