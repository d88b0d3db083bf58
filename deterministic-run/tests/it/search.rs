//! One guest under many seeds.

use std::ops::ControlFlow;

use deterministic_run::core::Seed;
use deterministic_run::fs::{Access, Tree};
use deterministic_run::policies::Preset;
use deterministic_run::search::{Failing, Found, Search};
use deterministic_run::{Bundle, Ended, Error, Inputs};

/// Exits with the lowest two bits of a random byte, and writes that byte's lowest bit as a digit.
const DICE: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "\00\00\00\00\01\00\00\00")
    (func (export "_start")
        (drop (call $random (i32.const 100) (i32.const 1)))
        (i32.store8 (i32.const 0) (i32.add (i32.const 48) (i32.and (i32.load8_u (i32.const 100)) (i32.const 1))))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
        (call $exit (i32.and (i32.load8_u (i32.const 100)) (i32.const 3)))))"#;

/// Two timers for the same instant read, add and write a number: an update is lost if the second reads before the first wrote. It traps then.
const LOST_UPDATE: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ;; Two subscriptions to the monotonic clock, a microsecond from now.
    (data (i32.const 0) "\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (data (i32.const 48) "\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (func (export "_start")
        (drop (call $poll (i32.const 0) (i32.const 104) (i32.const 2) (i32.const 200)))
        ;; The first event is the second timer's.
        (if (i64.eq (i64.load (i32.const 104)) (i64.const 2)) (then (unreachable)))))"#;

fn dice() -> Inputs {
    Inputs::new(DICE).unwrap().preset(Preset::Chaos, Seed::default())
}

fn groups(found: &Found) -> Vec<(u64, u64, String, Option<String>)> {
    let groups = found.groups().into_iter();
    groups.map(|group| (group.seed, group.runs, group.ended.clone(), group.failing.clone())).collect()
}

#[test]
fn what_is_found_is_what_each_seed_gives_alone() {
    let found = dice().search(&Search::new(10..310)).unwrap();
    let alone: Vec<_> = (10..310)
        .map(|seed| dice().preset(Preset::Chaos, Seed::from_u64(seed)).run().unwrap())
        .map(|outcome| (outcome.ended.clone(), outcome.digest().unwrap().to_string()))
        .collect();
    let failing: Vec<_> = (10..310).zip(&alone).filter(|(_, (ended, _))| *ended != Ended::Exit(0)).collect();
    assert_eq!((found.runs(), found.failed()), (300, failing.len() as u64));
    for (failure, (seed, (ended, digest))) in found.failures().iter().zip(&failing) {
        assert_eq!((failure.seed, &failure.why, &failure.digest), (*seed, &ended.to_string(), digest));
    }
    assert_eq!(found.groups().len(), 4);
    for group in found.groups() {
        let same = alone.iter().filter(|(_, digest)| *digest == group.digest).count();
        assert_eq!(group.runs, same as u64);
        let first = alone.iter().position(|(_, digest)| *digest == group.digest).unwrap();
        assert_eq!(group.seed, 10 + first as u64);
    }
    let error = found.all_passed().unwrap_err().to_string();
    let first = failing[0].0;
    assert!(error.contains(&format!("`detwasi run --preset chaos --seed {first} GUEST`")), "{error}");
}

#[test]
fn threads_make_no_difference() {
    let of = |jobs: usize, until: Option<u64>| {
        let search = Search { jobs: jobs.try_into().ok(), until_failures: until, ..Search::new(0..2000) };
        let found = dice().search(&search).unwrap();
        (found.runs(), found.failures().to_vec(), groups(&found))
    };
    assert_eq!(of(1, None), of(5, None));
    let (runs, failures, _) = of(4, Some(7));
    assert_eq!((runs, failures.len()), (failures[6].seed + 1, 7), "no seed after the last counts");
    assert_eq!(of(1, Some(7)), of(4, Some(7)));
}

#[test]
fn what_counts_as_failing_is_chosen() {
    let failed = |failing: Failing| dice().search(&Search { failing, ..Search::new(0..200) }).unwrap();
    assert_eq!(failed(Failing::nothing()).failed(), 0);
    let mut one = Failing::nothing();
    one.stdout = Some("^1$".parse().unwrap());
    let ones = failed(one);
    assert_eq!(ones.failures()[0].why, "`^1$` on standard output");
    let odd = failed(Failing::nothing().check(|outcome| match outcome.ended {
        Ended::Exit(code) if code % 2 == 1 => Err("odd".into()),
        _ => Ok(()),
    }));
    assert_eq!(odd.failed(), ones.failed());
    assert!(odd.failures().iter().all(|failure| failure.why == "odd"));
    let mut other = Failing::nothing();
    other.unusual = true;
    let found = failed(other);
    let usual = found.groups().into_iter().find(|group| group.failing.is_none()).unwrap();
    assert_eq!(found.failed() + usual.runs, 200);
    assert!(found.failures().is_sorted_by_key(|failure| failure.seed));
}

#[test]
fn a_program_checks_what_is_left() {
    // Leaves a file or not.
    let writes = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "x")
        (func (export "_start")
            (drop (call $random (i32.const 100) (i32.const 1)))
            (if (i32.and (i32.load8_u (i32.const 100)) (i32.const 1))
                (then (drop (call $make (i32.const 3) (i32.const 0) (i32.const 1)))))))"#;
    let checks = r#"(module
        (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "x")
        (func (export "_start")
            (if (call $stat (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))))"#;
    let failing = Failing::nothing().check_by(Inputs::new(checks).unwrap());
    let inputs = Inputs::new(writes).unwrap().preset(Preset::Chaos, Seed::default()).dir(Tree::new(), "/");
    let found = inputs.search(&Search { failing, ..Search::new(0..100) }).unwrap();
    assert!((20..80).contains(&found.failed()), "{}", found.failed());
    assert_eq!(found.groups().len(), 2);
    assert!(found.failures()[0].why.starts_with("the check ended with"), "{:?}", found.failures()[0]);
}

#[test]
fn an_order_that_breaks_a_guest_is_found() {
    let inputs = Inputs::new(LOST_UPDATE).unwrap().preset(Preset::Chaos, Seed::default());
    let found = inputs.search(&Search { until_failures: Some(1), ..Search::new(0..1000) }).unwrap();
    let seed = found.failures()[0].seed;
    assert!(seed < 100, "{seed}");
    let all = inputs.search(&Search { histories: true, ..Search::new(0..100) }).unwrap();
    assert!(all.histories() > 1 && all.histories() <= all.runs(), "{}", all.histories());
    let again = inputs.preset(Preset::Chaos, Seed::from_u64(seed)).run().unwrap();
    assert!(matches!(again.ended, Ended::Trap(_)));
}

#[test]
fn a_search_can_be_ended() {
    let mut blocks = 0;
    let found = dice().search_told(&Search::new(0..u64::MAX), |_| {
        blocks += 1;
        if blocks == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(found.unwrap().was_interrupted());
    let search = Search::new(0..u64::MAX);
    search.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(dice().search(&search).unwrap().runs(), 0);
    let timed = Search { time: Some(std::time::Duration::from_millis(50)), ..Search::new(0..u64::MAX) };
    let found = dice().search(&timed).unwrap();
    assert!(found.was_interrupted() && found.runs() > 0);
}

#[test]
fn what_has_no_seed_cannot_be_searched() {
    let own = dice().policies(|| Preset::Chaos.policies(&Seed::default()));
    assert!(matches!(own.search(&Search::new(0..1)), Err(Error::NoSeed)));
    let host = dice().preset(Preset::Host, Seed::default());
    let live = dice().live_dir(".", "/", Access::ReadOnly);
    for inputs in [host, live] {
        assert!(matches!(inputs.search(&Search::new(0..1)), Err(Error::Tainted(_))));
    }
}

/// A guest that never ends is ended, and that is an outcome of its own.
#[test]
fn a_guest_that_never_ends_is_ended_by_its_fuel() {
    let inputs = Inputs::new("(module (func (export \"_start\") (loop $again (br $again))))").unwrap();
    let found = inputs.preset(Preset::Chaos, Seed::default()).fuel(10_000).search(&Search::new(0..100)).unwrap();
    assert_eq!((found.failed(), found.groups().len()), (100, 1));
    assert!(found.failures()[0].why.contains("fuel"), "{:?}", found.failures()[0]);
}

/// Two tasks add to a number in turns, by timers: an update is lost if both read before either writes. Other timers do nothing.
const TURNS: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    ;; Two subscriptions to the monotonic clock, a microsecond from now, called 1 and 2.
    (data (i32.const 0) "\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (data (i32.const 48) "\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\e8\03\00\00\00\00\00\00")
    (func (export "_start") (local $left i32) (local $seconds i32)
        (local.set $left (i32.const 40))
        (loop $again
            (drop (call $time (i32.const 1) (i64.const 1) (i32.const 400)))
            (drop (call $poll (i32.const 0) (i32.const 104) (i32.const 2) (i32.const 200)))
            ;; Breaks if the second came first in the tenth round and in the twentieth.
            (if (i64.eq (i64.load (i32.const 104)) (i64.const 2)) (then
                (if (i32.or (i32.eq (local.get $left) (i32.const 31)) (i32.eq (local.get $left) (i32.const 21)))
                    (then (local.set $seconds (i32.add (local.get $seconds) (i32.const 1)))))))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (if (i32.eq (local.get $seconds) (i32.const 2)) (then (unreachable)))))"#;

#[test]
fn a_failing_run_is_made_small() {
    let inputs = Inputs::new(TURNS).unwrap().preset(Preset::Chaos, Seed::default());
    let found = inputs.search(&Search { until_failures: Some(1), ..Search::new(0..1000) }).unwrap();
    let small = inputs.minimize(found.failures()[0].seed, &Failing::default()).unwrap().unwrap();
    assert_eq!(small.bundle.preset, Preset::Simulation);
    assert_eq!(small.bundle.seed, Seed::default());
    let recipe = small.bundle.recipe.clone().unwrap();
    assert_eq!(recipe.to_string(), "wait10=1,wait20=1", "of {} in {} runs", small.decisions, small.runs);
    assert!(small.decisions > 40 && small.runs < 200, "of {} in {} runs", small.decisions, small.runs);
    let calls = small.parted.unwrap().calls.unwrap();
    assert!(calls.undisturbed.unwrap().contains("poll_oneoff") && calls.number == 40, "{}", calls.number);

    // It is repeated, and what is no longer asked is told.
    let again = inputs.clone().bundle(small.bundle.clone()).run().unwrap();
    assert!(matches!(again.ended, Ended::Trap(_)) && again.stale.is_empty());
    let recipe = format!("{recipe},wait70=1.0,read99=5,yield1=9").parse().unwrap();
    let stale = inputs.clone().bundle(Bundle { recipe: Some(recipe), ..small.bundle.clone() }).run().unwrap();
    assert!(matches!(stale.ended, Ended::Trap(_)));
    assert_eq!(stale.stale, ["wait70=1.0", "yield1=9", "read99=5"]);
    // Each decision is needed.
    for recipe in ["wait10=1", "wait20=1"] {
        let one = Bundle { recipe: Some(recipe.parse().unwrap()), ..small.bundle.clone() };
        assert_eq!(inputs.clone().bundle(one).run().unwrap().ended, Ended::Exit(0));
    }
}

#[test]
fn what_fails_undisturbed_has_no_decisions() {
    let inputs = Inputs::new("(module (func (export \"_start\") (unreachable)))").unwrap();
    let small = inputs.preset(Preset::Chaos, Seed::default()).minimize(3, &Failing::default()).unwrap().unwrap();
    assert_eq!((small.bundle.recipe, small.parted.is_none()), (None, true));
    assert!(dice().minimize(0, &Failing::nothing()).unwrap().is_none());
    // Random bytes are the seed's.
    let found = dice().search(&Search { until_failures: Some(1), ..Search::new(1..100) }).unwrap();
    let seed = found.failures()[0].seed;
    let small = dice().minimize(seed, &Failing::default()).unwrap().unwrap();
    assert_eq!(small.bundle.recipe, None);
}

#[test]
fn any_recipe_is_a_run() {
    let bundle = Bundle::new(Preset::Simulation, Seed::default());
    for recipe in [
        "wait1=9.0.0.1.7",
        "wait1=1.0+18446744073709551615",
        "sleep1=+18446744073709551615",
        "read1=0/18446744073709551615",
        "read1=5/0",
    ] {
        let bundle = Bundle { recipe: Some(recipe.parse().unwrap()), ..bundle.clone() };
        let inputs = Inputs::new(TURNS).unwrap().bundle(bundle);
        assert_eq!(inputs.run().unwrap(), inputs.run().unwrap(), "{recipe}");
        assert!(inputs.fingerprint().is_ok());
    }
}

/// A pool has no fewer elements in a table and no smaller memory than a run alone.
#[test]
fn what_grows_grows_as_far_as_it_does_alone() {
    let guest = r#"(module
        (memory (export "memory") 1)
        (table 1 funcref)
        (func (export "_start")
            (if (i32.eq (table.grow (ref.null func) (i32.const 9000000)) (i32.const -1)) (then (unreachable)))
            (if (i32.ne (table.grow (ref.null func) (i32.const 2000000)) (i32.const -1)) (then (unreachable)))
            (if (i32.eq (memory.grow (i32.const 40000)) (i32.const -1)) (then (unreachable)))))"#;
    let inputs = Inputs::new(guest).unwrap().preset(Preset::Chaos, Seed::default());
    assert_eq!(inputs.run().unwrap().ended, Ended::Exit(0));
    assert_eq!(inputs.search(&Search::new(0..3)).unwrap().failed(), 0);
}
