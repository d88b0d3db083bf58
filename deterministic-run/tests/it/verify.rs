//! Guests that are the same however they are disturbed, and those that are not.

use std::sync::atomic::{AtomicU64, Ordering};

use deterministic_run::core::Seed;
use deterministic_run::fs::{Access, Tree};
use deterministic_run::policies::Preset;
use deterministic_run::verify::{Checked, Disturbance, Verified};
use deterministic_run::{EngineKind, Guest, Inputs};
use tempfile::TempDir;

/// Reads the clock ten thousand times, and draws random bytes after that.
const LATE: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $left i32)
        (local.set $left (i32.const 10000))
        (loop $again
            (drop (call $time (i32.const 1) (i64.const 1) (i32.const 0)))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (drop (call $random (i32.const 8) (i32.const 4)))))"#;

/// Removes a file of its directory, and lists what is left.
const REMOVES: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_unlink_file" (func $remove (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "a")
    (func (export "_start")
        (if (call $remove (i32.const 3) (i32.const 0) (i32.const 1)) (then (unreachable)))
        (if (call $list (i32.const 3) (i32.const 64) (i32.const 4096) (i64.const 0) (i32.const 4)) (then (unreachable)))))"#;

fn how(verified: &Verified) -> String {
    let lines = verified.checked.iter().map(|(disturbance, checked)| format!("{disturbance}: {checked:?}\n"));
    lines.collect()
}

#[test]
fn each_guest_is_the_same_however_it_is_disturbed() {
    let guests = test_programs::ALL.iter().filter(|guest| guest.name != "wat_high_pointers");
    for (number, guest) in guests.enumerate() {
        let mut tree = Tree::new();
        tree.insert_file("a.txt", *b"content").unwrap();
        tree.insert_file("b/c.txt", *b"more").unwrap();
        let inputs = Inputs::of(Guest::new(guest.name, guest.wasm).unwrap())
            .stdin("a line\nanother\n")
            .env("LANG", "C")
            .dir(tree, "/")
            .max_call_depth_of_stack(true);
        // `engines` has all guests on all engines and levels, each of which compiles, as a pool does; and a busy machine takes as long as
        // it is busy.
        let slow = |way: &Disturbance| {
            matches!(way, Disturbance::Engine(_) | Disturbance::OptLevel(_) | Disturbance::Pool | Disturbance::Load)
        };
        let disturbances: Vec<_> = Disturbance::all().into_iter().filter(|way| number % 8 == 0 || !slow(way)).collect();
        let verified = inputs.verify(&disturbances).unwrap();
        assert_eq!(verified.parted(), None, "{}: {}", guest.name, how(&verified));
        assert_eq!(verified.checked.len(), disturbances.len());
        let made = verified.checked.iter().filter(|(_, checked)| *checked == Checked::Same);
        assert!(made.count() >= 5, "{}: {}", guest.name, how(&verified));
    }
}

#[test]
fn what_a_guest_asks_the_host_is_found() {
    let inputs = Inputs::new(LATE).unwrap().preset(Preset::Host, Seed::default());
    let verified = inputs.verify(&Disturbance::all()).unwrap();
    let (disturbance, parted) = verified.parted().unwrap();
    assert_eq!(*disturbance, Disturbance::Again);
    assert!(parted.outcome.is_some());
    let calls = parted.calls.as_ref().unwrap();
    assert_eq!((calls.number, calls.before.len()), (1, 0));
    for call in [&calls.undisturbed, &calls.disturbed] {
        assert!(call.as_ref().unwrap().contains("clock_time_get"), "{calls:?}");
    }
}

/// Of ten thousand calls that are the same the last few are told.
#[test]
fn the_call_that_differs_is_found_among_many() {
    let runs = AtomicU64::new(0);
    let inputs = Inputs::new(LATE).unwrap().policies(move || {
        let mut policies = Preset::Simulation.policies(&Seed::default());
        let other = Preset::Simulation.policies(&Seed::from_u64(runs.fetch_add(1, Ordering::Relaxed)));
        policies.secure_random = other.secure_random;
        policies
    });
    let verified = inputs.verify(&[Disturbance::Again]).unwrap();
    let (_, parted) = verified.parted().unwrap();
    let calls = parted.calls.as_ref().unwrap();
    assert_eq!((calls.number, calls.before.len()), (10_001, 8), "{calls:?}");
    assert!(calls.before.iter().all(|call| call.contains("clock_time_get")), "{calls:?}");
    assert!(calls.undisturbed.as_ref().unwrap().contains("random_get"), "{calls:?}");
    assert_ne!(calls.undisturbed, calls.disturbed);
}

#[test]
fn live_directories_stay_as_they_are() {
    let place = TempDir::new().unwrap();
    for name in ["b", "a", "c"] {
        std::fs::write(place.path().join(name), name).unwrap();
    }
    let inputs = Inputs::new(REMOVES).unwrap().live_dir(place.path(), "/", Access::ReadWrite);
    let verified = inputs.verify(&Disturbance::all()).unwrap();
    assert_eq!(verified.parted(), None, "{}", how(&verified));
    assert!(verified.checked.contains(&(Disturbance::Directories, Checked::Same)), "{}", how(&verified));
    assert!(place.path().join("a").exists());
}

#[test]
fn a_way_that_there_is_not_is_left_out_with_its_reason() {
    // Winch has no exceptions.
    let guest = "(module (tag) (func (export \"_start\") (block $b (try_table (catch 0 $b) (throw 0)))))";
    let verified = Inputs::new(guest).unwrap().fuel(1000).verify(&Disturbance::all()).unwrap();
    for (kind, says) in [(EngineKind::Winch, "exception"), (EngineKind::Wasmi, "fuel is counted in another way")] {
        let (_, checked) = verified.checked.iter().find(|(way, _)| *way == Disturbance::Engine(kind)).unwrap();
        assert!(matches!(checked, Checked::LeftOut(reason) if reason.contains(says)), "{checked:?}");
    }
    assert_eq!(verified.parted(), None, "{}", how(&verified));
}
