//! A trace in which the questions are those of a run that follows it, so that its answers are come to.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex};

use deterministic_fs::{Access, FileSystem, Handle, Replayer};
use deterministic_wasi::http::parse_request;
use deterministic_wasi::trace::{ClockRecord, Record, WhenFull, Writer};

use super::{Ask, Input, MOST, REQUEST, Told, clock_id, number, operate, select};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes what is said, with the questions that a run asks.
struct Telling {
    writer: Writer,
    sources: u64,
    seeded: [bool; 2],
    said: Told,
}

impl Telling {
    fn source(&mut self, name: &str) -> u64 {
        self.writer.record(&Record::Source(name.into())).expect("there is room");
        self.sources += 1;
        self.sources - 1
    }

    /// Returns what is said, if that is bytes.
    fn tell(&mut self, source: u64, question: &[u8], said: Told, right: &[u8]) -> Option<Vec<u8>> {
        let answer = match said.unwrap_or_else(|| Ok(right.to_vec())) {
            Ok(answer) => answer,
            Err(error) => {
                let question = question.to_vec();
                self.writer.record(&Record::Failed { source, question, error }).expect("there is room");
                return None;
            }
        };
        self.writer.answer(source, question, &answer).expect("there is room");
        Some(answer)
    }

    fn clock(&mut self, asked: ClockRecord, error: Option<&str>) {
        let record = match error {
            None => Record::Clock(asked),
            Some(error) => Record::ClockFailed { asked, error: error.into() },
        };
        self.writer.record(&record).expect("there is room");
    }
}

/// Answers a file system, and tells what.
struct Answering(Arc<Mutex<Telling>>, u64);

impl Replayer for Answering {
    fn ask(&mut self, question: &[u8], answer: &mut Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut telling = self.0.lock().expect("no panic");
        let right: &[u8] = match question.first() {
            Some(1) => &[0, 0, 0, 1],
            Some(2) => &[0, 1, 1, 2],
            Some(3) => &[0, 7, 7],
            Some(4) => &[0, 1],
            _ => &[0],
        };
        let said = telling.said.clone();
        let told = telling.tell(self.1, question, said, right).ok_or("it failed")?;
        answer.extend_from_slice(&told);
        Ok(())
    }
}

/// A trace of what is said, and of nothing else.
pub(super) fn told(input: &Input<'_>) -> Vec<u8> {
    let sink = Sink::default();
    let writer = Writer::new(Box::new(sink.clone()), u64::MAX, WhenFull::EndRun).expect("there is room");
    let mut telling = Telling { writer, sources: 0, seeded: [false; 2], said: None };
    telling.writer.record(&Record::Header(b"given".to_vec())).expect("there is room");
    let constants = [vec![0; 17], vec![1, 0, 0]].concat();
    let policies = telling.source("policies");
    telling.tell(policies, b"", input.constants.told(), &constants);
    telling.clock(ClockRecord::Begin { now: input.begin, observes_fuel: input.fuel }, None);
    let random = ["secure-random", "insecure-random"].map(|name| {
        let source = telling.source(name);
        if input.exact {
            telling.tell(source, b"word", input.words[source as usize - 1].told(), &[8]);
        }
        source
    });
    let scheduler = telling.source("scheduler");
    telling.tell(scheduler, b"", None, &[input.scheduler % 4]);
    let stdin = telling.source("stdin");
    let host = telling.source("host");
    let http = telling.source("http");
    let source = telling.source("files");

    let telling = Arc::new(Mutex::new(telling));
    let mut files = FileSystem::default();
    files.replay_live(Box::new(Answering(telling.clone(), source))).expect("a new file system");
    telling.lock().expect("no panic").said = input.mount.told();
    let _ = files.mount_replayed("/d", Access::ReadWrite);
    let mut handles: Vec<Handle> = files.preopens().map(|(_, handle)| handle.clone()).collect();

    for ask in input.asked.iter().take(MOST) {
        if let Ask::File(operation, which, offset, said) = *ask {
            telling.lock().expect("no panic").said = said.told();
            operate(&mut files, &mut handles, (operation, which, offset));
            continue;
        }
        let telling = &mut *telling.lock().expect("no panic");
        match *ask {
            Ask::Read(clock, shown, stands, error) => {
                telling.clock(ClockRecord::Read { clock: clock_id(clock), shown, stands }, error);
            }
            Ask::Sleep(deadline, stands, error) => telling.clock(ClockRecord::Advance { deadline, stands }, error),
            Ask::CatchUp(stands, error) => telling.clock(ClockRecord::CatchUp { stands }, error),
            Ask::Elapse(fuel, stands) if input.fuel => telling.clock(ClockRecord::Elapse { fuel, stands }, None),
            Ask::Random(secure, len, said) => {
                let which = usize::from(!secure);
                let len = if input.exact { u64::from(len) } else { 64 };
                if input.exact || !std::mem::replace(&mut telling.seeded[which], true) {
                    telling.tell(random[which], &number(len), said.told(), &vec![3; len as usize]);
                }
            }
            Ask::Select(count, said) if input.scheduler % 4 > 0 => {
                let right: Vec<u8> = [count % 128, 0].into_iter().chain((0..count % 128).rev()).collect();
                telling.tell(scheduler, &select(count), said.told(), &right);
            }
            Ask::Yield(said) if input.scheduler % 4 == 2 => _ = telling.tell(scheduler, b"yield", said.told(), &[5]),
            Ask::Type(room, said) => {
                telling.tell(stdin, &number(room.into()), said.told(), &vec![9; usize::from(room) / 2]);
            }
            Ask::Host(question, said) => _ = telling.tell(host, &number(question.into()), said.told(), &[0, 2, 1, 1]),
            Ask::Request(said) => {
                let request = parse_request(REQUEST).expect("a request");
                let fields = request.headers().iter();
                let fields: Vec<(&str, &[u8])> =
                    fields.map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
                let body: &[u8] = request.body();
                let question = (request.method().as_str(), request.uri().to_string(), fields, body);
                let question = postcard::to_allocvec(&question).expect("it has bytes");
                telling.tell(http, &question, said.told(), &[3, 0, 200, 1, 0, 0, 0]);
            }
            _ => {}
        }
    }
    let telling = &mut *telling.lock().expect("no panic");
    telling.writer.record(&Record::Outcome(b"it ended".to_vec())).expect("there is room");
    telling.writer.finish().expect("there is room");
    let trace = sink.0.lock().expect("no panic");
    trace.clone()
}
