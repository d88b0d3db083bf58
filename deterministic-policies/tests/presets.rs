//! What the presets promise.

use deterministic_core::{ByteStream, ClockId, Event, EventKind, Instant, Policies, PolicyError, Seed, WallTime};
use deterministic_policies::Preset;

/// What a guest might see: readings, bytes, decisions.
fn observe(mut policies: Policies) -> String {
    let mut seen = format!("{:?} {:x}", policies.epoch, policies.insecure_seed.value());
    let mut secure = ByteStream::new(policies.secure_random);
    let mut insecure = ByteStream::new(policies.insecure_random);
    for round in 0..50 {
        let mut bytes = [[0; 5]; 2];
        let drawn = (secure.fill(&mut bytes[0]).is_ok(), insecure.fill(&mut bytes[1]).is_ok());
        let mut ready = [0, 1, 2, 3].map(|i| Event::new(i, u64::from(i), EventKind::Readable));
        let chosen = policies.scheduler.select(policies.clock.now(), &mut ready).unwrap();
        policies.clock.advance_to(policies.clock.now().saturating_add(round * 1_000)).unwrap();
        seen += &format!("{:?} {drawn:?} {bytes:?} {chosen:?} {ready:?}", policies.clock.read(ClockId::Realtime));
    }
    seen
}

fn deterministic() -> impl Iterator<Item = Preset> {
    Preset::ALL.iter().copied().filter(|preset| preset.name() != "host")
}

#[test]
fn a_preset_is_found_by_its_name_alone() {
    for &preset in Preset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
        assert!(!preset.summary().contains('\n') && !preset.summary().is_empty());
    }
    assert_eq!("deterministic-wasi-ctx".parse(), Ok(Preset::DeterministicWasiCtx));
    for bad in ["", "Frozen", "chaos ", "deterministic wasi ctx", "deterministic-wasi_ctx-"] {
        let error = bad.parse::<Preset>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{bad}` is not a preset")), "{error}");
        assert!(Preset::ALL.iter().all(|preset| error.contains(preset.name())), "{error}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for preset in deterministic() {
        for number in 0..20 {
            let seed = Seed::from_u64(number);
            assert_eq!(observe(preset.policies(&seed)), observe(preset.policies(&seed)), "{preset}");
            assert_ne!(observe(preset.policies(&seed)), observe(preset.policies(&Seed::from_u64(99))), "{preset}");
        }
    }
}

#[test]
fn only_one_preset_shows_zero() {
    for &preset in Preset::ALL {
        for number in 0..200 {
            let mut policies = preset.policies(&Seed::from_u64(number));
            let zero = preset == Preset::DeterministicWasiCtx;
            assert_eq!(policies.clock.now() == Instant::ZERO, zero, "{preset}");
            assert_eq!(policies.clock.read(ClockId::Monotonic).unwrap() == Instant::ZERO, zero, "{preset}");
            assert_eq!(policies.epoch == WallTime::UNIX_EPOCH, zero);
            assert_eq!(policies.rules.timers_are_due, zero);
        }
    }
}

#[test]
fn strict_refuses_secure_bytes_and_gives_insecure_ones() {
    let mut policies = Preset::Strict.policies(&Seed::from_u64(1));
    assert!(matches!(policies.secure_random.draw_u64(), Err(PolicyError::RandomRefused)));
    let mut simulation = Preset::Simulation.policies(&Seed::from_u64(1));
    assert_eq!(policies.insecure_random.draw_u64().unwrap(), simulation.insecure_random.draw_u64().unwrap());
}

#[test]
fn both_generators_of_deterministic_wasi_ctx_start_alike() {
    let policies = Preset::DeterministicWasiCtx.policies(&Seed::from_u64(1));
    for rng in [policies.secure_random, policies.insecure_random] {
        let mut bytes = [0; 2];
        ByteStream::new(rng).fill(&mut bytes).unwrap();
        assert_eq!(bytes, [155, 111]);
    }
}

#[cfg(feature = "serde")]
#[test]
fn all_policies_of_a_deterministic_preset_can_be_saved() {
    for preset in deterministic() {
        let policies = preset.policies(&Seed::from_u64(1));
        assert!(policies.clock.save().is_ok() && policies.scheduler.save().is_ok(), "{preset}");
        assert!(policies.secure_random.save().is_ok() && policies.insecure_random.save().is_ok(), "{preset}");
    }
}

#[cfg(feature = "std")]
#[test]
fn host_asks_the_host() {
    let seed = Seed::from_u64(1);
    let (a, b) = (Preset::Host.policies(&seed), Preset::Host.policies(&seed));
    assert_ne!(a.insecure_seed.value(), b.insecure_seed.value());
    assert!(a.epoch > WallTime::DEFAULT_EPOCH && a.epoch <= b.epoch);
}
