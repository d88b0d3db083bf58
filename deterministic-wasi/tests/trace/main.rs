//! Runs of sources, recorded and replayed.
#![cfg(feature = "trace")]

mod onward;
mod sizes;

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use deterministic_core::{
    Clock, ClockId, Description, Event, EventKind, FuelObserver, Instant, Policies, Policy, PolicyError, Seed,
    Selection, Undescribed,
};
use deterministic_policies::{HostClock, HostRng, Preset};
use deterministic_wasi::trace::{Entropy, MAX_FRAME, Reader, Record, Tape, TraceError, WhenFull, Writer};
use proptest::prelude::*;

/// A file that two have.
#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl File {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn record(file: &File) -> Tape {
    Tape::record(b"header", Box::new(file.clone()), u64::MAX, WhenFull::EndRun).unwrap()
}

fn replay(bytes: Vec<u8>) -> Tape {
    let (tape, header) = Tape::replay(Box::new(Cursor::new(bytes))).unwrap();
    assert_eq!(header, b"header");
    tape
}

/// One thing that a run asks its policies.
#[derive(Clone, Debug)]
enum Ask {
    Read(u8),
    Sleep(u64),
    CatchUp,
    Secure(usize),
    Insecure(usize),
    Select(u8),
    Yield,
    Stdin(usize),
    Price(u32),
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Ask::Read),
        2 => prop_oneof![Just(0), 1..1000_u64, Just(u64::MAX >> 20)].prop_map(Ask::Sleep),
        1 => Just(Ask::CatchUp),
        1 => (0..100_usize).prop_map(Ask::Secure),
        1 => (0..100_usize).prop_map(Ask::Insecure),
        1 => (1..6_u8).prop_map(Ask::Select),
        1 => Just(Ask::Yield),
        1 => (1..300_usize).prop_map(Ask::Stdin),
        1 => any::<u32>().prop_map(Ask::Price),
    ]
}

/// Asks all of it, and says what was answered: the errors, too.
fn run(tape: &Tape, entropy: Entropy, make: impl FnOnce() -> Policies, asks: &[Ask]) -> Vec<String> {
    let mut said = Vec::new();
    let policies = match tape.policies(entropy, make) {
        Ok(policies) => policies,
        Err(error) => return vec![error.to_string()],
    };
    let Policies { epoch, mut clock, mut secure_random, mut insecure_random, insecure_seed, mut scheduler, rules } =
        policies;
    said.push(format!("{epoch:?} {} {rules:?}", insecure_seed.value()));
    let (Ok(mut stdin), Ok(prices)) = (tape.reader("stdin", || Cursor::new(vec![7; 1000])), tape.source("price"))
    else {
        said.push("no sources".into());
        return said;
    };
    for ask in asks {
        let answer = match ask {
            Ask::Read(clock_id) => format!("{:?}", clock.read(ClockId::ALL[usize::from(*clock_id)]).map_err(text)),
            Ask::Sleep(nanos) => {
                let slept = clock.advance_to(clock.now().saturating_add(*nanos));
                format!("{:?} {:?}", slept.map_err(text), clock.now())
            }
            Ask::CatchUp => format!("{:?} {:?}", clock.catch_up().map_err(text), clock.now()),
            Ask::Secure(len) => drawn(&mut *secure_random, *len),
            Ask::Insecure(len) => drawn(&mut *insecure_random, *len),
            Ask::Select(count) => {
                let mut ready: Vec<_> =
                    (0..u32::from(*count)).map(|at| Event::new(at, 9, EventKind::Readable)).collect();
                let selection = scheduler.select(clock.now(), &mut ready);
                format!(
                    "{:?}",
                    selection
                        .map(|selection| {
                            let Selection { deliver, delay } = selection;
                            ready.truncate(deliver.max(1));
                            (delay, ready)
                        })
                        .map_err(text)
                )
            }
            Ask::Yield => {
                let now = clock.now();
                format!("{:?}", scheduler.yield_observer().map(|observer| observer.yielded(now).map_err(text)))
            }
            Ask::Stdin(len) => {
                let mut buf = vec![0; *len];
                format!("{:?} {buf:?}", stdin.read(&mut buf).map_err(|error| error.to_string()))
            }
            Ask::Price(article) => {
                format!("{:?}", prices.answer(article, || u64::from(*article) * 3).map_err(|error| error.to_string()))
            }
        };
        said.push(answer);
    }
    said
}

fn text(error: PolicyError) -> String {
    error.to_string()
}

fn drawn(rng: &mut dyn deterministic_core::Rng, words: usize) -> String {
    let mut buf = vec![0; words * rng.word().get()];
    let filled = rng.fill(&mut buf).map_err(text);
    format!("{filled:?} {buf:?} {:?}", if rng.word().get() == 8 { rng.draw_u64().map_err(text) } else { Ok(0) })
}

/// Whatever the policies are.
fn of_kind(kind: u8) -> Policies {
    let preset = [Preset::Simulation, Preset::Chaos, Preset::Strict, Preset::DeterministicWasiCtx];
    match preset.get(usize::from(kind)) {
        Some(preset) => preset.policies(&Seed::from_u64(5)),
        // The host's, but for sleeps that take none of its time.
        None => Policies {
            clock: Box::new(Hurrying(HostClock::new(), 0)),
            secure_random: Box::new(HostRng),
            insecure_random: Box::new(HostRng),
            ..Preset::Chaos.policies(&Seed::from_u64(7))
        },
    }
}

/// The host's clock, ahead of it by all sleeps.
struct Hurrying(HostClock, u64);

impl Policy for Hurrying {
    fn describe(&self) -> Result<Description, Undescribed> {
        self.0.describe()
    }
}
impl Clock for Hurrying {
    fn now(&self) -> Instant {
        self.0.now().saturating_add(self.1)
    }
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.1 = self.1.saturating_add(deadline.saturating_since(self.now()));
        Ok(())
    }
    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_replay_has_the_answers_that_were_recorded(
        kind in 0..5_u8,
        exact: bool,
        asks in prop::collection::vec(ask(), 0..60),
    ) {
        let entropy = if exact { Entropy::Exact } else { Entropy::Seeded };
        let file = File::default();
        let tape = record(&file);
        let said = run(&tape, entropy, || of_kind(kind), &asks);
        tape.finish(b"outcome").unwrap();
        let tape = replay(file.bytes());
        let asked = || unreachable!("a replay makes no policies");
        prop_assert_eq!(&run(&tape, entropy, asked, &asks), &said);
        prop_assert_eq!(tape.recorded_outcome().unwrap(), b"outcome");
    }

    /// What a recorder that was stopped has left is replayed up to there.
    #[test]
    fn a_trace_that_was_cut_is_replayed_as_far_as_it_goes(
        asks in prop::collection::vec(ask(), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let file = File::default();
        let tape = record(&file);
        let said = run(&tape, Entropy::Seeded, || of_kind(1), &asks);
        tape.finish(b"outcome").unwrap();
        let mut bytes = file.bytes();
        bytes.truncate(cut.index(bytes.len()));
        match Tape::replay(Box::new(Cursor::new(bytes))) {
            Ok((tape, _)) => {
                let again = run(&tape, Entropy::Seeded, Policies::default, &asks);
                let same = said.iter().zip(&again).take_while(|(a, b)| a == b).count();
                let first = again.get(same).map_or("", |answer| answer);
                prop_assert!(first.contains("the trace ends here") || first == "no sources", "{again:?}");
                let ended = matches!(tape.recorded_outcome(), Err(TraceError::Ended { .. }));
                prop_assert!(ended);
            }
            Err(error) => {
                let cut = matches!(error, TraceError::NotATrace | TraceError::Ended { .. });
                prop_assert!(cut, "{error}");
            }
        }
    }

    /// Bytes that are not what was written are found; nothing panics.
    #[test]
    fn a_flipped_bit_is_found(asks in prop::collection::vec(ask(), 1..40), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let file = File::default();
        let tape = record(&file);
        run(&tape, Entropy::Exact, || of_kind(1), &asks);
        tape.finish(b"outcome").unwrap();
        let mut bytes = file.bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(!is_whole(bytes), "the flipped bit {bit} of byte {at} was not found");
    }

    /// With a checksum that fits, too: whoever wrote it meant to.
    #[test]
    fn foreign_bytes_are_no_panic(payload in prop::collection::vec(any::<u8>(), 1..200), asks in prop::collection::vec(ask(), 0..20)) {
        let mut bytes = File::default();
        Writer::new(Box::new(bytes.clone()), u64::MAX, WhenFull::EndRun).unwrap();
        let len = (payload.len() as u32).to_le_bytes();
        let checksum = crc32fast::hash(&[&len[..], &payload].concat()).to_le_bytes();
        bytes.write_all(&[&len[..], &checksum, &payload].concat()).unwrap();
        let Ok(reader) = Reader::new(Box::new(Cursor::new(bytes.bytes()))) else { unreachable!() };
        run(&Tape::replaying(reader), Entropy::Exact, Policies::default, &asks);
    }
}

/// Whether it has an outcome, and no damage before it.
fn is_whole(bytes: Vec<u8>) -> bool {
    let Ok(mut reader) = Reader::new(Box::new(Cursor::new(bytes))) else { return false };
    loop {
        match reader.next_record() {
            Ok(Some(Record::Outcome(_))) => return true,
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return false,
        }
    }
}

#[test]
fn a_divergence_says_what_was_expected_and_what_came() {
    let file = File::default();
    let tape = record(&file);
    let asks = [Ask::Read(1), Ask::Sleep(5), Ask::Read(0), Ask::Price(4)];
    run(&tape, Entropy::Seeded, || of_kind(4), &asks);
    tape.finish(b"").unwrap();
    let tape = replay(file.bytes());
    let other = [Ask::Read(1), Ask::Read(1), Ask::Read(1)];
    let said = run(&tape, Entropy::Seeded, || of_kind(4), &other);
    assert!(
        said[2].contains("the trace has a sleep of 5 ns, and what was asked is a reading of the monotonic clock"),
        "{said:?}"
    );
    assert_eq!(said[2], said[3], "and it stays there");
    assert!(matches!(tape.recorded_outcome(), Err(TraceError::Diverged(_))));

    let tape = replay(file.bytes());
    let other = [Ask::Read(1), Ask::Sleep(5), Ask::Read(0), Ask::Price(5)];
    let said = run(&tape, Entropy::Seeded, || of_kind(4), &other);
    assert!(said[4].contains("`price` asked"), "{said:?}");

    let tape = replay(file.bytes());
    run(&tape, Entropy::Seeded, || of_kind(4), &asks[..2]);
    let error = tape.recorded_outcome().unwrap_err().to_string();
    assert!(error.contains("a reading of the realtime clock, and what was asked is the end of the run"), "{error}");
}

#[test]
fn what_is_no_trace_is_told() {
    let open = |bytes: &[u8]| Reader::new(Box::new(Cursor::new(bytes.to_vec()))).err().unwrap().to_string();
    assert!(open(b"").contains("no trace"));
    assert!(open(b"\0asm\x01\0\0\0----").contains("no trace"));
    assert!(open(b"\x89DETWASI\x07\x01").contains("format 263"));
}

#[test]
fn a_host_that_waits_is_not_waited_for_twice() {
    let run = |tape: &Tape, host: u32| {
        let lookups = tape.source("lookup").unwrap();
        let answer = lookups.answer_async("a name", async move { Some(host) });
        let mut answer = std::pin::pin!(answer);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match answer.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => answer.map_err(|error| error.to_string()),
            std::task::Poll::Pending => unreachable!(),
        }
    };
    let file = File::default();
    let tape = record(&file);
    assert_eq!(run(&tape, 7), Ok(Some(7)));
    tape.finish(b"").unwrap();
    assert_eq!(run(&replay(file.bytes()), 8), Ok(Some(7)));
    assert_eq!(run(&Tape::off(), 9), Ok(Some(9)));
}
