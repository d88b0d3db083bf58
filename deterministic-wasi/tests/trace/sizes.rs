//! How long traces become, and what is too long for one.

use super::*;

/// Four bytes a reading, none a random byte, content and little more; equal content once.
#[test]
fn what_a_trace_takes() {
    let size_of = |kind, asks: &[Ask], entropy| {
        let file = File::default();
        let tape = record(&file);
        run(&tape, entropy, || of_kind(kind), asks);
        tape.finish(b"").unwrap();
        file.bytes().len()
    };
    // A microsecond apart, which on the host depends on what else it does.
    let readings = size_of(0, &vec![Ask::Read(1); 10_000], Entropy::Seeded) - size_of(0, &[], Entropy::Seeded);
    assert!((30_000..=30_016).contains(&readings), "{readings} bytes for 10 000 readings");
    let size = |asks: &[Ask], entropy| size_of(4, asks, entropy);
    let none = size(&[], Entropy::Seeded);
    // A key for each generator.
    let random = size(&vec![Ask::Secure(99); 1000], Entropy::Seeded);
    assert!(random - none < 100, "{random} bytes for random bytes");
    let exact = size(&vec![Ask::Secure(99); 100], Entropy::Exact);
    assert!((9_900..10_900).contains(&(exact - none)), "{exact} bytes for 9 900 random bytes");

    let file = File::default();
    let tape = record(&file);
    let mut reader = tape.reader("file", || std::io::repeat(5)).unwrap();
    let mut buf = vec![0; MAX_FRAME * 3];
    for _ in 0..10 {
        assert_eq!(reader.read(&mut buf).unwrap(), buf.len());
    }
    tape.finish(b"").unwrap();
    let taken = file.bytes().len();
    assert!(taken < buf.len() + 300, "{taken} bytes for {} ten times", buf.len());
    let mut reader = replay(file.bytes()).reader("file", std::io::empty).unwrap();
    for _ in 0..10 {
        let mut again = vec![0; buf.len()];
        assert_eq!(reader.read(&mut again).unwrap(), buf.len());
        assert_eq!(again, buf);
    }
}

#[test]
fn a_trace_that_is_full_ends_the_run_or_the_recording() {
    let asks = vec![Ask::Sleep(1); 1000];
    let file = File::default();
    let tape = Tape::record(b"header", Box::new(file.clone()), 300, WhenFull::EndRun).unwrap();
    let said = run(&tape, Entropy::Seeded, || of_kind(0), &asks);
    assert!(said.iter().any(|answer| answer.contains("has come to 300 bytes")), "{said:?}");
    assert!(file.bytes().len() <= 300);
    assert!(tape.finish(b"").is_err(), "it stays so");

    let file = File::default();
    let tape = Tape::record(b"header", Box::new(file.clone()), 300, WhenFull::EndRecording).unwrap();
    assert_eq!(
        run(&tape, Entropy::Seeded, || of_kind(0), &asks),
        run(&Tape::off(), Entropy::Seeded, || of_kind(0), &asks)
    );
    let written = tape.finish(b"").unwrap().unwrap();
    assert!(matches!(written.ended_early, Some(TraceError::Full { max: 300 })));
    let again = run(&replay(file.bytes()), Entropy::Seeded, || of_kind(0), &asks);
    assert!(again.last().unwrap().contains("the trace ends here"));
}

/// What would be no frame that anybody reads is not written.
#[test]
fn a_source_whose_name_is_too_long_is_an_error() {
    let file = File::default();
    let tape = record(&file);
    tape.source(&"x".repeat(2 * MAX_FRAME)).unwrap_err();
    assert!(tape.failure().is_some() && tape.finish(b"").is_err());
    assert!(file.bytes().len() < 100);
    let said = tape_of_host_error();
    assert_eq!(said.chars().count(), 4096);
}

/// What an error of the host's that is long is for who asks, and in a replay.
fn tape_of_host_error() -> String {
    let file = File::default();
    let ask = |tape: &Tape| {
        let source = tape.source("host").unwrap();
        source.bytes(b"question", || Err("e".repeat(1 << 20))).unwrap().unwrap_err().to_string()
    };
    let tape = record(&file);
    let recorded = ask(&tape);
    tape.finish(b"").unwrap();
    assert_eq!(ask(&replay(file.bytes())), recorded);
    recorded
}
