//! Ends of runs, and whose fault they were.

use deterministic_wasmtime::core::{ClockId, Instant, PolicyError};
use deterministic_wasmtime::engine::{Fault, LimitError, Resource, fault_of};
use deterministic_wasmtime::{Error, configure};
use wasmtime::{Config, Engine, Func, Instance, Linker, Module, Store, Trap};
use wasmtime_wasi::I32Exit;

/// What no other machine need do. Every trap that is not here is the guest's; a new one fails the test below, to be judged.
const MACHINE: [Trap; 7] = [
    Trap::StackOverflow,
    Trap::Interrupt,
    Trap::DisabledOpcode,
    Trap::DebugAssertStringEncodingFinished,
    Trap::DebugAssertEqualCodeUnits,
    Trap::DebugAssertPointerAligned,
    Trap::DebugAssertUpperBitsUnset,
];

#[test]
fn every_trap_has_its_fault() {
    let traps: Vec<Trap> = (0..=u8::MAX).filter_map(Trap::from_u8).collect();
    assert_eq!(traps.len(), 50);
    for trap in traps {
        let expected = if MACHINE.contains(&trap) { Fault::Machine } else { Fault::Guest };
        assert_eq!(fault_of(&trap.into()), expected, "{trap}");
    }
}

#[test]
fn every_typed_error_has_its_fault() {
    let guest: [wasmtime::Error; 14] = [
        I32Exit(1).into(),
        Error::Deadlock { waiting_for: "nothing".into(), at: Instant::from_nanos(1) }.into(),
        Error::EndOfTime { function: "poll" }.into(),
        Error::TimeStandsStill {
            clock: "FrozenClock".into(),
            at: Instant::from_nanos(1),
            until: Instant::from_nanos(2),
            function: "poll",
            times: 3,
        }
        .into(),
        PolicyError::TimeIsUp { limit: Instant::from_nanos(1) }.into(),
        Error::EmptyPollList.into(),
        Error::InvalidExitStatus { status: 200 }.into(),
        Error::WriteNotPermitted { permitted: 4096 }.into(),
        Error::NoMemory.into(),
        Error::RandomTooLong { len: 2, max: 1 }.into(),
        PolicyError::RandomRefused.into(),
        PolicyError::ClockRefused { clock: ClockId::Realtime }.into(),
        PolicyError::ScriptEnded { readings: 3 }.into(),
        LimitError::Exceeded { resource: Resource::Tables, asked: 2, limit: 1 }.into(),
    ];
    for error in guest {
        assert_eq!(fault_of(&error), Fault::Guest, "{error}");
        assert_eq!(fault_of(&error.context("while running it")), Fault::Guest);
    }
    let machine: [wasmtime::Error; 9] = [
        Error::HostExhausted { resource: Resource::MemoryBytes, reason: "no".into() }.into(),
        Error::Directory { guest: "/".into(), reason: "no".into() }.into(),
        Error::NotDriven.into(),
        Error::NoFuel.into(),
        Error::SharedMemory.into(),
        PolicyError::Host { what: "bytes", reason: "no".into() }.into(),
        PolicyError::Other("own".into()).into(),
        std::io::Error::other("disk").into(),
        wasmtime::format_err!("some text"),
    ];
    for error in machine {
        assert_eq!(fault_of(&error), Fault::Machine, "{error}");
    }
}

#[test]
fn runs_that_end_so_are_sorted_so() {
    let mut config = Config::new();
    let engine = Engine::new(configure(config.consume_fuel(true))).unwrap();
    let run = |body: &str| {
        let text = format!(
            r#"(module (import "host" "fail" (func $fail)) (memory 1) (tag $tag) (table 1 funcref)
                (func $f (export "f") {body}))"#
        );
        let mut store = Store::new(&engine, ());
        store.set_fuel(10_000_000).unwrap();
        let fail = Func::wrap(&mut store, || -> wasmtime::Result<()> { wasmtime::bail!("the host's own") });
        let instance = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[fail.into()]).unwrap();
        fault_of(&instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap_err())
    };
    let ends = [
        ("unreachable", Fault::Guest),
        ("(drop (i32.load (i32.const -1)))", Fault::Guest),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", Fault::Guest),
        ("(call_indirect (i32.const 0))", Fault::Guest),
        ("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))", Fault::Guest),
        ("(throw $tag)", Fault::Guest),
        ("(loop $l (br $l))", Fault::Guest),
        ("(call $f)", Fault::Machine),
        ("(call $fail)", Fault::Machine),
    ];
    for (body, fault) in ends {
        assert_eq!(run(body), fault, "{body}");
    }
    let module = Module::new(&engine, r#"(module (import "nobody" "has" (func)))"#).unwrap();
    let error = Linker::new(&engine).instantiate(Store::new(&engine, ()), &module).unwrap_err();
    assert_eq!(fault_of(&error), Fault::Guest);
}
