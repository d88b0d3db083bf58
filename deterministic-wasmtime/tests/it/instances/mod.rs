//! Several instances in one store: each call works on the memory of the instance that made it, whether that is known or
//! has to be searched for.

mod escapes;
mod starting;

use deterministic_wasmtime::core::{Policies, Seed, VirtualClock};
use deterministic_wasmtime::{Error, WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Config, Engine, Instance, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;

/// Writes the time to address 8. `more` are definitions of its own.
fn reader(more: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
            {more}
            (memory (export "memory") 1)
            (data (i32.const 8) "\ff\ff\ff\ff\ff\ff\ff\ff")
            (func $read (export "read") (result i32) (call $clock (i32.const 1) (i64.const 0) (i32.const 8))))"#
    )
}

struct Bench {
    engine: Engine,
    plain: Linker<p1::P1Ctx>,
}

impl Bench {
    fn new() -> Self {
        let engine = Engine::new(configure(&mut Config::new())).unwrap();
        let mut plain = Linker::new(&engine);
        p1::add_to_linker_sync(&mut plain, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        Bench { engine, plain }
    }

    fn module(&self, text: &str) -> Module {
        Module::new(&self.engine, text).unwrap()
    }

    fn prepare(&self, module: &Module) -> p1::InstancePre<p1::P1Ctx> {
        self.prepare_with(&Linker::new(&self.engine), module)
    }

    fn prepare_with(&self, linker: &Linker<p1::P1Ctx>, module: &Module) -> p1::InstancePre<p1::P1Ctx> {
        p1::instantiate_pre_sync(linker, module, |ctx: &mut p1::P1Ctx| ctx).unwrap()
    }

    /// Its clock shows 1, 2, 3, …
    fn store(&self) -> Store<p1::P1Ctx> {
        let clock = Box::new(VirtualClock::starting_at(deterministic_wasmtime::core::Instant::from_nanos(0), 1));
        let policies = Policies { clock, ..Policies::new(Seed::from_u64(1)) };
        Store::new(&self.engine, WasiCtxBuilder::new().build_deterministic_p1(policies))
    }
}

fn read(store: &mut Store<p1::P1Ctx>, instance: &Instance) {
    let read = instance.get_typed_func::<(), i32>(&mut *store, "read").unwrap();
    assert_eq!(read.call(store, ()).unwrap(), 0);
}

/// What lies at address 8.
fn shown(store: &mut Store<p1::P1Ctx>, instance: &Instance) -> u64 {
    let memory = instance.get_memory(&mut *store, "memory").unwrap();
    u64::from_le_bytes(memory.data(store)[8..16].try_into().unwrap())
}

/// Calls each instance in turn, twice, and looks at all of them each time.
#[track_caller]
fn each_has_its_own(store: &mut Store<p1::P1Ctx>, instances: &[Instance]) {
    let mut expected: Vec<u64> = instances.iter().map(|instance| shown(store, instance)).collect();
    let mut now = store.data().deterministic().now().as_nanos();
    for turn in 0..2 * instances.len() {
        let turn = turn % instances.len();
        read(store, &instances[turn]);
        now += 1;
        expected[turn] = now;
        let found: Vec<u64> = instances.iter().map(|instance| shown(store, instance)).collect();
        assert_eq!(found, expected, "after a call of instance {turn}");
    }
}

#[test]
fn instances_of_one_module_made_in_every_mixture() {
    let bench = Bench::new();
    let module = bench.module(&reader(""));
    let prepared = bench.prepare(&module);
    let again = bench.prepare(&module);
    // By the first letter: prepared, prepared once more, plain.
    for mixture in ["p", "pp", "ppp", "pl", "lp", "lpl", "plp", "pa", "apa", "pal", "lapp"] {
        let mut store = bench.store();
        let mut instances = Vec::new();
        for how in mixture.chars() {
            let instance = match how {
                'p' => prepared.instantiate(&mut store),
                'a' => again.instantiate(&mut store),
                _ => bench.plain.instantiate(&mut store, &module),
            };
            instances.push(instance.unwrap());
            // The earlier ones go on being right.
            each_has_its_own(&mut store, &instances);
        }
    }
}

#[test]
fn instances_of_different_modules() {
    let bench = Bench::new();
    let one = bench.prepare(&bench.module(&reader("")));
    let other = bench.prepare(&bench.module(&reader("(global i32 (i32.const 1))")));
    let mut store = bench.store();
    let instances = [&one, &other, &one, &other].map(|prepared| prepared.instantiate(&mut store).unwrap());
    each_has_its_own(&mut store, &instances);
}

#[test]
fn memory_may_grow_and_may_be_anothers() {
    let bench = Bench::new();
    let mut store = bench.store();
    let grows = reader(
        r#"(func (export "far") (result i32)
            (drop (memory.grow (i32.const 7)))
            (call $clock (i32.const 1) (i64.const 0) (i32.const 0x7fff8)))"#,
    );
    let first = bench.prepare(&bench.module(&grows)).instantiate(&mut store).unwrap();
    read(&mut store, &first);
    let far = first.get_typed_func::<(), i32>(&mut store, "far").unwrap();
    assert_eq!(far.call(&mut store, ()).unwrap(), 0);
    let memory = first.get_memory(&mut store, "memory").unwrap();
    assert_eq!(memory.data(&store)[0x7fff8..], 2u64.to_le_bytes());

    // Works on the first one's memory, which it exports again.
    let mut linker = Linker::new(&bench.engine);
    linker.instance(&mut store, "first", first).unwrap();
    let borrowing = bench.module(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
            (import "first" "memory" (memory 1))
            (export "memory" (memory 0))
            (func (export "read") (result i32) (call $clock (i32.const 1) (i64.const 0) (i32.const 16))))"#,
    );
    let second = bench.prepare_with(&linker, &borrowing).instantiate(&mut store).unwrap();
    read(&mut store, &second);
    assert_eq!(memory.data(&store)[16..24], 3u64.to_le_bytes());
    let mut fresh = bench.store();
    let alone = bench.prepare(&bench.module(&reader(""))).instantiate(&mut fresh).unwrap();
    each_has_its_own(&mut fresh, &[alone]);
}

/// A context may go on to the next store when the first one is done.
#[test]
fn a_context_goes_on_in_another_store() {
    let bench = Bench::new();
    let prepared = bench.prepare(&bench.module(&reader("")));
    let mut store = bench.store();
    let first = prepared.instantiate(&mut store).unwrap();
    read(&mut store, &first);
    let mut store = Store::new(&bench.engine, store.into_data());
    let instances = [prepared.instantiate(&mut store).unwrap(), prepared.instantiate(&mut store).unwrap()];
    each_has_its_own(&mut store, &instances);
    assert_eq!(shown(&mut store, &instances[0]), 4, "time goes on");
}

#[test]
fn a_guest_without_memory_or_of_another_kind() {
    let bench = Bench::new();
    for memory in ["", r#"(global (export "memory") i32 (i32.const 0))"#] {
        let text = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
                (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
                {memory}
                (func (export "read") (result i32) (call $clock (i32.const 1) (i64.const 0) (i32.const 8)))
                (func (export "rest") (result i64) (i64.extend_i32_u (call $yield))))"#
        );
        let mut store = bench.store();
        let instance = bench.prepare(&bench.module(&text)).instantiate(&mut store).unwrap();
        let read = instance.get_typed_func::<(), i32>(&mut store, "read").unwrap();
        let error = read.call(&mut store, ()).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Error::NoMemory)), "{error:?}");
        let rest = instance.get_typed_func::<(), i64>(&mut store, "rest").unwrap();
        assert_eq!(rest.call(&mut store, ()).unwrap(), 0);
    }
}

/// What the linker has of WASI stays; a linker with all of it is refused in words.
#[test]
fn single_functions_can_be_replaced() {
    let bench = Bench::new();
    let module = bench.module(&reader(""));
    let mut linker: Linker<p1::P1Ctx> = Linker::new(&bench.engine);
    linker.func_wrap("wasi_snapshot_preview1", "clock_time_get", |_: i32, _: i64, _: i32| 52i32).unwrap();
    let mut store = bench.store();
    let instance = bench.prepare_with(&linker, &module).instantiate(&mut store).unwrap();
    let read = instance.get_typed_func::<(), i32>(&mut store, "read").unwrap();
    assert_eq!(read.call(&mut store, ()).unwrap(), 52);

    let refused = p1::instantiate_pre_sync(&bench.plain, &module, |ctx: &mut p1::P1Ctx| ctx).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(Error::WasiAlreadyLinked)), "{refused:?}");
    let mut stock: Linker<wasmtime_wasi::p1::WasiP1Ctx> = Linker::new(&bench.engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut stock, |ctx| ctx).unwrap();
    let refused = p1::instantiate_pre_sync(&stock, &module, |_| unreachable!("nothing is instantiated")).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(Error::WasiAlreadyLinked)), "{refused:?}");
    let unknown = bench.module(r#"(module (import "host" "missing" (func)))"#);
    assert!(p1::instantiate_pre_sync(&Linker::new(&bench.engine), &unknown, |ctx: &mut p1::P1Ctx| ctx).is_err());
}

#[test]
fn asynchronous_instances() {
    let bench = Bench::new();
    let module = bench.module(&reader(""));
    let prepared = p1::instantiate_pre_async(&Linker::new(&bench.engine), &module, |ctx: &mut p1::P1Ctx| ctx).unwrap();
    let mut store = bench.store();
    wasmtime_wasi::runtime::in_tokio(async {
        for expected in 1..3 {
            let instance = prepared.instantiate_async(&mut store).await.unwrap();
            let read = instance.get_typed_func::<(), i32>(&mut store, "read").unwrap();
            assert_eq!(read.call_async(&mut store, ()).await.unwrap(), 0);
            assert_eq!(shown(&mut store, &instance), expected);
        }
    });
}

/// Pointers have 32 bits, also into a memory that is larger: a list that crosses 4 GiB traps, as on stock.
#[test]
fn lists_do_not_cross_4_gib() {
    let bench = Bench::new();
    for (subscriptions, events, ends_well) in
        [(0xffff_ffd0u32, 64u32, false), (4096, 0xffff_ffe0, false), (0xffff_ffa0, 64, true), (4096, 0xffff_ffc0, true)]
    {
        let text = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                (memory (export "memory") i64 65537)
                (func (export "read") (result i32)
                    (call $poll (i32.const {}) (i32.const {}) (i32.const 2) (i32.const 8))))"#,
            subscriptions as i32, events as i32
        );
        let module = bench.module(&text);
        for plain in [false, true] {
            let mut store = bench.store();
            let instance = match plain {
                true => bench.plain.instantiate(&mut store, &module).unwrap(),
                false => bench.prepare(&module).instantiate(&mut store).unwrap(),
            };
            let read = instance.get_typed_func::<(), i32>(&mut store, "read").unwrap();
            let answer = read.call(&mut store, ());
            assert_eq!(answer.is_ok(), ends_well, "{subscriptions:x} {events:x}: {answer:?}");
        }
    }
}
