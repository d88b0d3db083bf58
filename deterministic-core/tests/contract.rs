//! What the traits promise: object safety, the byte stream, value stability, parsing, snapshots.

use deterministic_core::rand_core::SeedableRng;
use deterministic_core::{
    ByteStream, ChaCha8, Clock, ClockId, Event, EventKind, InOrder, Instant, Policies, Policy, PolicyError, Rng,
    Scheduler, Seed, Selection, VirtualClock, WallTime,
};
use proptest::prelude::*;
use rand_pcg::Pcg64Mcg;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bundle_can_be_moved_to_another_thread() {
    fn send<T: Send>() {}
    send::<Policies>();
    send::<PolicyError>();
    send::<ByteStream>();
}

/// The key stream of ChaCha8 with a 256-bit key of zeros, IV 0: test vector TC1 of
/// draft-strombergson-chacha-test-vectors-00.
#[test]
fn chacha8_is_the_specified_key_stream() {
    let mut bytes = [0; 64];
    ByteStream::new(Box::new(ChaCha8::from_key([0; 32]))).fill(&mut bytes).unwrap();
    assert_eq!(
        hex(&bytes),
        "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e\
         984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42"
    );
}

/// Computed from the definition in the documentation of `Seed` with the `blake3` package of PyPI.
/// Eight bytes have a way of their own.
#[test]
fn chacha8_gives_the_same_bytes_however_they_are_drawn() {
    let mut whole = [0; 1024];
    ChaCha8::from_key([7; 32]).fill(&mut whole).unwrap();
    for lengths in [&[8usize][..], &[16, 8], &[8, 8, 24], &[248, 8], &[256, 8, 64, 8]] {
        let mut rng = ChaCha8::from_key([7; 32]);
        let (mut at, mut lengths) = (0, lengths.iter().cycle());
        while at < whole.len() {
            let mut bytes = vec![0; *lengths.next().unwrap()];
            rng.fill(&mut bytes).unwrap();
            let end = whole.len().min(at + bytes.len());
            assert_eq!(whole[at..end], bytes[..end - at], "at {at}");
            at = end;
        }
    }
}

#[test]
fn streams_are_the_documented_derivation() {
    assert_eq!(hex(&Seed::from_u64(0).stream("secure")), STREAM_SECURE_OF_0);
    assert_eq!(hex(Seed::derive(b"secret", b"tenant 1").as_bytes()), DERIVED);
}
const STREAM_SECURE_OF_0: &str = "969f13e45252324206e1c6f17afc7a4a6f7d681f2c7a53364696ef6d8ea3ad47";
const DERIVED: &str = "c19091528305c4856d8b137d78365922b9278ab342451309d4d355e9c359a404";

#[test]
fn streams_and_derivations_differ_by_every_part() {
    let names = ["secure", "insecure", "insecure-seed", "scheduler", "clock", ""];
    let mut keys: Vec<_> = (0..4).flat_map(|seed| names.map(|name| Seed::from_u64(seed).stream(name))).collect();
    // The boundary between secret and context is part of the input.
    keys.extend(
        [("a", "bc"), ("ab", "c"), ("abc", "")].map(|(s, c)| *Seed::derive(s.as_bytes(), c.as_bytes()).as_bytes()),
    );
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn a_seed_is_read_from_an_integer_or_hexadecimal_digits_and_nothing_else() {
    let max = Seed::from_u64(u64::MAX);
    assert_eq!("18446744073709551615".parse(), Ok(max));
    assert_eq!(format!("0x{}", "Ff".repeat(32)).parse(), Ok(Seed::from_bytes([255; 32])));
    assert_eq!("0x2a".parse(), Ok(Seed::from_u64(42)));
    assert_eq!("0x0".parse(), Ok(Seed::from_u64(0)));
    assert_eq!("0xFFFFffffFFFFffff".parse(), Ok(max));
    let seventeen = format!("0x{}", "0".repeat(17));
    let less = format!("0x{}", "0".repeat(63));
    for bad in [
        "",
        "-1",
        "+1",
        "1.5",
        "18446744073709551616",
        "0x",
        "0x+1",
        "0xg",
        "seed",
        " 1",
        "0X00",
        "١",
        &seventeen,
        &less,
    ] {
        let error = bad.parse::<Seed>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{bad}`")), "{error}");
    }
    let long = "0x".to_owned() + &"g".repeat(64);
    assert!(long.parse::<Seed>().is_err());
}

#[test]
fn instants_and_wall_times_saturate() {
    assert_eq!(Instant::MAX.saturating_add(1), Instant::MAX);
    assert_eq!(Instant::ZERO.saturating_since(Instant::MAX), 0);
    assert_eq!(WallTime::DEFAULT_EPOCH.at(Instant::MAX), WallTime::from_unix_nanos(u64::MAX));
    assert_eq!(WallTime::DEFAULT_EPOCH.instant_of(WallTime::UNIX_EPOCH), Instant::ZERO);
    assert_eq!(Instant::from_nanos(3_600_000_000_001).to_string(), "3600.000000001 s");
}

#[test]
fn virtual_time_never_shows_zero_and_sleeps_jump() {
    let mut clock = VirtualClock::with_tick(0);
    assert_eq!(clock.read(ClockId::Monotonic).unwrap(), Instant::from_nanos(1));
    clock.advance_to(Instant::from_nanos(100)).unwrap();
    clock.advance_to(Instant::from_nanos(50)).unwrap();
    assert_eq!(clock.now(), Instant::from_nanos(100));
    clock.advance_to(Instant::MAX).unwrap();
    assert_eq!(clock.read(ClockId::Realtime).unwrap(), Instant::MAX);
}

#[test]
fn the_default_scheduler_delivers_all_in_order() {
    let mut ready = [0, 1, 2].map(|i| Event::new(i, 9, EventKind::Readable));
    let selection = InOrder.select(Instant::ZERO, &mut ready).unwrap();
    assert_eq!(selection, Selection { deliver: 3, delay: 0 });
    assert_eq!(ready.map(|event| event.subscription()), [0, 1, 2]);
}

#[test]
fn a_foreign_state_is_refused() {
    assert!(VirtualClock::new().restore(b"short").is_err());
    assert!(ChaCha8::from_key([0; 32]).restore(&[0; 47]).is_err());
    assert!(InOrder.restore(b"x").is_err());
    let mut stream = ByteStream::new(Box::new(ChaCha8::from_key([0; 32])));
    for state in [&[][..], &[8; 60], &[7, 1, 2]] {
        assert!(stream.restore(state).is_err());
    }
    assert!(matches!(
        ByteStream::new(Box::new(Pcg64Mcg::seed_from_u64(1))).save(),
        Err(PolicyError::NoSnapshot { .. })
    ));
}

/// A generator whose words are larger than the usual eight bytes.
struct Wide(u8);
impl Rng for Wide {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        assert_eq!(buf.len() % 24, 0, "asked for a part of a word");
        for word in buf.chunks_mut(24) {
            word.fill(self.0);
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        unreachable!("eight bytes are no whole number of words")
    }
    fn word(&self) -> std::num::NonZeroUsize {
        std::num::NonZeroUsize::new(24).unwrap()
    }
}
impl Policy for Wide {}

fn generators() -> [fn() -> Box<dyn Rng>; 3] {
    [
        || Box::new(ChaCha8::new(&Seed::from_u64(3), "secure")),
        || Box::new(Pcg64Mcg::seed_from_u64(3)),
        || Box::new(Wide(0)),
    ]
}

proptest! {
    #[test]
    fn how_a_read_is_cut_never_changes_the_bytes(cuts in prop::collection::vec(0usize..70, 1..30)) {
        for make in generators() {
            let total = cuts.iter().sum();
            let mut whole = vec![0; total];
            ByteStream::new(make()).fill(&mut whole).unwrap();
            let mut stream = ByteStream::new(make());
            let mut pieces = Vec::new();
            for cut in &cuts {
                let mut piece = vec![0; *cut];
                if *cut == 8 {
                    piece = stream.next_u64().unwrap().to_le_bytes().to_vec();
                } else {
                    stream.fill(&mut piece).unwrap();
                }
                pieces.extend(piece);
            }
            prop_assert_eq!(whole, pieces);
        }
    }

    #[test]
    fn a_restored_stream_continues_as_the_original(before in 0usize..100, after in 0usize..100) {
        let make = || ByteStream::new(Box::new(ChaCha8::new(&Seed::from_u64(3), "secure")));
        let mut original = make();
        original.fill(&mut vec![0; before]).unwrap();
        let mut copy = make();
        copy.restore(&original.save().unwrap()).unwrap();
        let (mut a, mut b) = (vec![0; after], vec![0; after]);
        original.fill(&mut a).unwrap();
        copy.fill(&mut b).unwrap();
        prop_assert_eq!(a, b);
    }
}
