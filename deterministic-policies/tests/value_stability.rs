//! Values that are part of the API. Changing one is a breaking change with a section of its own in the changelog.
//!
//! All are reference values: they come from elsewhere, as each says. *The model* is `reference/model.py`, which
//! computes the values of the seeded policies from their documentation, in another language and with another BLAKE3 and
//! ChaCha.

use deterministic_core::{ByteStream, Clock, ClockId, Event, EventKind, Instant, Rng, Scheduler, Seed, YieldObserver};
use deterministic_policies::*;

fn hex(rng: impl Rng + 'static, len: usize) -> String {
    let mut bytes = vec![0; len];
    ByteStream::new(Box::new(rng)).fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reference: test vector TC1 (256-bit key of zeros, IV 0) of draft-strombergson-chacha-test-vectors-00 for 12 rounds.
/// Also computed from Bernstein's specification by an independent implementation in Python.
#[test]
fn chacha12() {
    assert_eq!(
        hex(ChaCha12::from_key([0; 32]), 64),
        "9bf49a6a0755f953811fce125f2683d50429c3bb49e074147e0089a52eae155f\
         0564f879d27ae3c02ce82834acfa8c793a629f2ca0de6919610be82f411326be"
    );
}

/// Reference: the same test vector for 20 rounds. Also what `openssl enc -chacha20` makes of zeros under key and IV 0.
#[test]
fn chacha20() {
    assert_eq!(
        hex(ChaCha20::from_key([0; 32]), 64),
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7\
         da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    );
}

/// Reference: tests/mcg128xsl64.rs of rand_pcg 0.10.2, there "copied from official test suite (C version)" under state
/// 42, of which the lowest bit is set.
#[test]
fn pcg64mcg() {
    let mut key = [0; 32];
    key[0] = 42;
    let mut rng = Pcg64Mcg::from_key(key);
    let expected = [
        0x63b4a3a813ce700a,
        0x382954200617ab24,
        0xa7fd85ae3fe950ce,
        0xd715286aa2887737,
        0x60c92fee2e59f32c,
        0x84c4e96beff30017u64,
    ];
    assert_eq!(expected.map(|_| rng.draw_u64().unwrap()), expected);

    // Reference: the same file, `from_seed` of the bytes 1 to 16.
    let mut rng = Pcg64Mcg::from_key(std::array::from_fn(|i| i as u8 + 1));
    assert_eq!(rng.draw_u64().unwrap(), 7071994460355047496);
}

/// Reference: the bytes of `random_iter::<u8>()` and then the number of `random::<u64>()` of rand 0.10.3 over
/// `Pcg64Mcg::seed_from_u64(42)` of rand_pcg 0.10.2, computed by a program that knows nothing of this crate. These are
/// the calls of wasmtime-wasi 48.0.8 (src/p2/host/random.rs) on the generator of deterministic-wasi-ctx 4.0.7.
#[test]
fn deterministic_wasi_ctx() {
    let mut rng = DeterministicWasiCtxRng::new();
    let mut bytes = [0; 16];
    rng.fill(&mut bytes).unwrap();
    assert_eq!(bytes, [155, 111, 38, 183, 109, 249, 191, 40, 121, 129, 48, 152, 62, 203, 180, 202]);
    assert_eq!(rng.draw_u64().unwrap(), 0x343449153cde6359);
    assert_eq!(DeterministicWasiCtxRng::new().draw_u64().unwrap(), 0x92d6e5d942f4ad9b);
}

/// The positions delivered, and the delay, of three waits for the same ten events.
fn waits(scheduler: &mut dyn Scheduler) -> [String; 3] {
    [(); 3].map(|()| {
        let mut ready: [_; 10] = std::array::from_fn(|i| Event::new(i as u32, i as u64, EventKind::Readable));
        let chosen = scheduler.select(Instant::ZERO, &mut ready).unwrap();
        let positions = ready[..chosen.deliver].iter().map(|event| event.subscription().to_string());
        format!("{} +{}", positions.collect::<String>(), chosen.delay)
    })
}

/// Reference: the model.
#[test]
fn seeded_schedulers() {
    let seed = Seed::from_u64(1);
    assert_eq!(waits(&mut SeededOrder::new(&seed)), ["8156209374 +0", "1748069532 +0", "8624593071 +0"]);
    let mut delaying = Delaying::new(InOrder, Ratio::new(1, 2).unwrap(), 1_000, &seed);
    assert_eq!(waits(&mut delaying), ["26789 +870", "0269 +778", "0123689 +237"]);
    assert_eq!(waits(&mut Pct::new(&seed, 4, 3)), ["1 +0", "8 +0", "4 +0"]);
    let mut chaos = Preset::Chaos.policies(&seed).scheduler;
    assert_eq!(waits(&mut *chaos), ["859374 +869543", "1748952 +778193", "8624593071 +236856"]);
}

/// Reference: the model. Of four events one is missing, another after every three waits, so that an event that has
/// fallen twice meets others that have fallen in between.
#[test]
fn pct_with_events_that_fall_again() {
    let mut scheduler = Pct::new(&Seed::from_u64(1), 8, 20);
    let turns = (0..22u32).map(|turn| {
        let present = (0..4).filter(|&event| event != turn / 3 % 4);
        let mut ready: Vec<_> = present.map(|i| Event::new(i, i.into(), EventKind::Readable)).collect();
        scheduler.select(Instant::ZERO, &mut ready).unwrap();
        ready[0].subscription().to_string()
    });
    assert_eq!(turns.collect::<String>(), "2110001111111333300000");
}

/// Reference: the model. Of so many values a quarter of the words is drawn again, lest some be more probable than
/// others.
#[test]
fn draws_that_are_repeated() {
    let most = 3 * (1 << 62) - 1;
    let mut scheduler = Delaying::new(InOrder, Ratio::whole(0), most, &Seed::from_u64(1));
    let delays = [(); 6].map(|()| YieldObserver::yielded(&mut scheduler, Instant::ZERO).unwrap());
    assert_eq!(
        delays,
        [
            1138448893433920436,
            8828189088535481456,
            2452853919355362809,
            1228825025880487406,
            11317473867543090267,
            11399848156948182237,
        ]
    );
}

/// Reference: the model.
#[test]
fn jitter() {
    let mut clock = Jitter::new(VirtualClock::with_tick(100), 1_000, &Seed::from_u64(1));
    let readings = [(); 6].map(|()| clock.read(ClockId::Monotonic).unwrap().as_nanos());
    assert_eq!(readings, [748, 827, 827, 1358, 1493, 1493]);
}

/// Five readings with a sleep of a millisecond before the third, in nanoseconds; eight bytes of each stream.
fn preset(preset: Preset) -> ([u64; 5], [String; 2], u128) {
    let mut policies = preset.policies(&Seed::from_u64(1));
    let readings = std::array::from_fn(|i| {
        if i == 2 {
            policies.clock.advance_to(policies.clock.now().saturating_add(1_000_000)).unwrap();
        }
        policies.clock.read(ClockId::Monotonic).unwrap().as_nanos()
    });
    let streams = [policies.secure_random, policies.insecure_random].map(|rng| {
        let mut bytes = [0; 8];
        match ByteStream::new(rng).fill(&mut bytes) {
            Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
            Err(_) => "refused".into(),
        }
    });
    (readings, streams, policies.insecure_seed.value())
}

/// Reference: the model for `chaos`, the streams and `insecure_seed`; the other clocks follow from their documentation,
/// and the bytes of `deterministic_wasi_ctx` are those above.
#[test]
fn presets() {
    let (secure, insecure, dwc) = ("79b2703e0b044873", "8a8d8fde91c78ff0", "9b6f26b76df9bf28");
    let virtual_time = [1_001, 2_001, 1_003_001, 1_004_001, 1_005_001];
    let chaos = [13_886, 14_819, 1_034_898, 1_036_531, 1_036_531];
    for (name, readings, streams) in [
        (Preset::Frozen, [1; 5], [secure, insecure]),
        (Preset::Simulation, virtual_time, [secure, insecure]),
        (Preset::Chaos, chaos, [secure, insecure]),
        (Preset::Strict, virtual_time, ["refused", insecure]),
        (Preset::DeterministicWasiCtx, [0; 5], [dwc, dwc]),
    ] {
        let expected = (readings, streams.map(String::from), 0x7b318c3411bb425f784f1dc9897f4c98);
        assert_eq!(preset(name), expected, "{name}");
    }
}
