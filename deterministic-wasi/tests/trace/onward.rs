//! Replays that go on where they part from what was recorded.

use std::sync::{Arc, Mutex};

use deterministic_policies::Preset;
use deterministic_wasi::trace::Parting;

use super::*;

fn recorded(asks: &[Ask]) -> Vec<u8> {
    let file = File::default();
    let tape = record(&file);
    run(&tape, Entropy::Seeded, || of_kind(4), asks);
    tape.finish(b"ended").unwrap();
    file.bytes()
}

/// What comes of these questions on the trace, where it parted, and how it ended.
fn onward(trace: &[u8], asks: &[Ask]) -> (Vec<String>, Vec<Parting>, Result<Vec<u8>, String>) {
    let mut reader = Reader::new(Box::new(Cursor::new(trace.to_vec()))).unwrap();
    assert!(matches!(reader.next_record(), Ok(Some(Record::Header(_)))));
    let partings = Arc::new(Mutex::new(Vec::new()));
    let told = partings.clone();
    let tape = Tape::replaying_onward(reader, move |parting| told.lock().unwrap().push(parting.clone()));
    assert!(tape.replays() && tape.asks());
    let said = run(&tape, Entropy::Seeded, || Preset::Simulation.policies(&Seed::from_u64(0)), asks);
    let end = tape.recorded_outcome().map_err(|error| error.to_string());
    let partings = partings.lock().unwrap().clone();
    assert_eq!(tape.partings(), partings.len() as u64);
    (said, partings, end)
}

proptest! {
    #[test]
    fn the_recorded_run_is_what_it_was(asks in prop::collection::vec(ask(), 0..40)) {
        let trace = recorded(&asks);
        let alone = run(&replay(trace.clone()), Entropy::Seeded, || of_kind(4), &asks);
        let (said, partings, end) = onward(&trace, &asks);
        prop_assert_eq!(said, alone);
        prop_assert_eq!(partings, vec![]);
        prop_assert_eq!(end, Ok(b"ended".to_vec()));
    }

    /// And comes to its end, whatever it asks.
    #[test]
    fn another_run_is_the_same_each_time(
        asks in prop::collection::vec(ask(), 0..40),
        other in prop::collection::vec(ask(), 1..40),
        whole in 0..4_usize,
    ) {
        let mut trace = recorded(&asks);
        if whole == 0 {
            trace.truncate(trace.len() * 2 / 3);
        }
        let (said, partings, end) = onward(&trace, &other);
        // A trace in which no run has begun is none to go on from.
        let begun = said.len() == other.len() + 1;
        prop_assert!(begun || whole == 0);
        prop_assert!(!begun || !said.iter().any(|said| said.contains("the trace")), "{said:?}");
        prop_assert_eq!(end.is_ok(), whole > 0);
        prop_assert_eq!((said, partings, end), onward(&trace, &other));
    }
}

#[test]
fn a_question_of_its_own_is_asked_of_whoever_is_there() {
    let asks = [Ask::Read(1), Ask::Secure(2), Ask::Stdin(10), Ask::Read(0)];
    let trace = recorded(&asks);
    let was = run(&replay(trace.clone()), Entropy::Seeded, || of_kind(4), &asks);
    let more =
        [Ask::Read(1), Ask::Price(3), Ask::Secure(2), Ask::Sleep(7), Ask::Stdin(10), Ask::Stdin(4), Ask::Read(0)];
    let (said, partings, end) = onward(&trace, &more);
    // What the trace has is what it was, but for the clock, which went on meanwhile.
    assert_eq!((&said[1], &said[3], &said[5]), (&was[1], &was[2], &was[3]));
    assert_eq!(said[2], "Ok(9)", "the embedder's own");
    assert_eq!(said[6], "Ok(0) [0, 0, 0, 0]", "the end of standard input");
    let left_out: Vec<_> = partings.iter().map(|parting| parting.left_out).collect();
    assert_eq!(left_out, [0, 0, 0]);
    assert!(partings[0].to_string().contains("the trace does not answer it"), "{}", partings[0]);
    assert_eq!(end, Ok(b"ended".to_vec()));
}

#[test]
fn a_question_that_is_not_asked_is_left_out() {
    let trace = recorded(&[Ask::Read(1), Ask::Sleep(5), Ask::Price(4), Ask::Stdin(10), Ask::Price(5), Ask::Read(0)]);
    let (said, partings, _) = onward(&trace, &[Ask::Read(1), Ask::Stdin(10)]);
    assert!(said[2].starts_with("Ok(10) [7, 7"), "{said:?}");
    let left_out: Vec<_> = partings.iter().map(|parting| parting.left_out).collect();
    assert_eq!(left_out, [2, 2], "the second at the end");
    let told = partings[0].to_string();
    assert!(told.contains("the trace has a sleep of 5 ns, and what was asked is `stdin` asked"), "{told}");
    assert!(told.ends_with("2 answers of the trace are left out"), "{told}");
    assert!(partings[1].to_string().contains("what was asked is the end of the run"), "{}", partings[1]);
}

/// The clock goes on from where the tape left it, and never back.
#[test]
fn where_a_trace_ends_the_run_does_not() {
    let trace = recorded(&[Ask::Read(1), Ask::Sleep(1_000_000), Ask::Read(1)]);
    let asks = [Ask::Read(1), Ask::Sleep(1_000_000), Ask::Read(1), Ask::Sleep(1), Ask::Read(1), Ask::Secure(1)];
    let cut = &trace[..trace.len() - 1];
    let (said, partings, end) = onward(cut, &asks);
    assert!(end.unwrap_err().contains("the trace ends here"));
    assert!(!partings.is_empty() && partings.len() <= asks.len(), "{partings:?}");
    assert!(partings.iter().any(|parting| parting.to_string().contains("the trace has nothing more")), "{partings:?}");
    assert!(said.iter().all(|said| !said.contains("Err")), "{said:?}");
}
