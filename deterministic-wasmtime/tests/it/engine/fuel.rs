//! Fuel, the deterministic way to stop a guest.

use deterministic_wasmtime::configure;
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Strategy, Trap};

/// Recursion, loops, calls through a table and memory.
const GUEST: &str = r#"(module
    (memory (export "m") 1) (table funcref (elem $fib))
    (type $unary (func (param i32) (result i32)))
    (func $fib (type $unary) (param $n i32) (result i32)
        (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
            (then (local.get $n))
            (else (i32.add
                (call $fib (i32.sub (local.get $n) (i32.const 1)))
                (call_indirect (type $unary) (i32.sub (local.get $n) (i32.const 2)) (i32.const 0))))))
    (func (export "run") (param $n i32) (result i32)
        (loop $again
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (call $fib (i32.const 10))))
            (memory.fill (i32.const 64) (local.get $n) (i32.const 100))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.load (i32.const 0))))"#;

fn engine(change: impl FnOnce(&mut Config) -> &mut Config) -> Engine {
    let mut config = Config::new();
    Engine::new(change(configure(&mut config)).consume_fuel(true)).unwrap()
}

/// What a run gives on `fuel`: its result, what it left in memory, and the fuel left.
fn run(engine: &Engine, guest: &str, fuel: u64) -> (Option<i32>, i32, u64) {
    let mut store = Store::new(engine, ());
    store.set_fuel(fuel).unwrap();
    let module = Module::new(engine, guest).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let result = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap().call(&mut store, 20);
    if let Err(error) = &result {
        assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    }
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let mut left = [0; 4];
    memory.read(&store, 0, &mut left).unwrap();
    (result.ok(), i32::from_le_bytes(left), store.get_fuel().unwrap())
}

const AMOUNTS: [u64; 7] = [1 << 40, 37_385, 20_000, 12_345, 7_777, 1_000, 100];

#[test]
fn cranelift_and_pulley_count_the_same_fuel_and_stop_at_the_same_place() {
    let engines = [
        ("not optimised", engine(|config| config.cranelift_opt_level(OptLevel::None))),
        ("for size", engine(|config| config.cranelift_opt_level(OptLevel::SpeedAndSize))),
        ("Pulley", engine(|config| config.target("pulley64").unwrap())),
    ];
    for fuel in AMOUNTS {
        let expected = run(&engine(|config| config), GUEST, fuel);
        for (label, engine) in &engines {
            assert_eq!(run(engine, GUEST, fuel), expected, "{label} with {fuel}");
        }
    }
}

/// Winch of this release does not count the bytes that one instruction fills or copies: where fuel decides, runs agree only
/// under one of the two compilers.
#[test]
fn winch_counts_less_fuel_for_instructions_on_many_bytes_and_otherwise_the_same() {
    let [cranelift, winch] = [Strategy::Cranelift, Strategy::Winch].map(|s| engine(|config| config.strategy(s)));
    let [(_, _, all), (_, _, less)] = [&cranelift, &winch].map(|engine| run(engine, GUEST, 1 << 40));
    assert_eq!(less - all, 20 * 100);
    let plain = GUEST.replace("(memory.fill (i32.const 64) (local.get $n) (i32.const 100))", "");
    for fuel in AMOUNTS {
        assert_eq!(run(&winch, &plain, fuel), run(&cranelift, &plain, fuel), "with {fuel}");
    }
}
