//! Several instances in one store: each call works on the memory of the instance that made it, whether that is at hand or
//! has to be searched for.

use deterministic_wasmtime::core::{Policies, Seed, VirtualClock};
use deterministic_wasmtime::{Error, WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Caller, Config, Engine, Func, Instance, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;

/// What a reading is written over.
const UNTOUCHED: u64 = u64::MAX;

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

/// The host itself calls what a guest imported and gave away: then there is no memory, and no panic.
#[test]
fn a_function_that_the_host_calls_finds_no_memory() {
    let bench = Bench::new();
    let module = bench.module(&reader(
        r#"(export "clock" (func $clock))
        (table (export "table") 1 funcref) (elem (i32.const 0) $clock)
        (func (export "give") (result funcref) (ref.func $clock))"#,
    ));
    for plain in [false, true] {
        let mut store = bench.store();
        let instance = match plain {
            true => bench.plain.instantiate(&mut store, &module).unwrap(),
            false => bench.prepare(&module).instantiate(&mut store).unwrap(),
        };
        for _ in 0..100 {
            read(&mut store, &instance);
        }
        let exported = instance.get_func(&mut store, "clock").unwrap();
        let listed = instance.get_table(&mut store, "table").unwrap().get(&mut store, 0).unwrap();
        let give = instance.get_typed_func::<(), Option<Func>>(&mut store, "give").unwrap();
        let given = give.call(&mut store, ()).unwrap().unwrap();
        for function in [exported, *listed.as_func().unwrap().unwrap(), given] {
            let function = function.typed::<(i32, i64, i32), i32>(&store).unwrap();
            let error = function.call(&mut store, (1, 0, 8)).unwrap_err();
            assert!(matches!(error.downcast_ref(), Some(Error::NoMemory)), "{error:?}");
        }
        // An instance's own calls go on.
        each_has_its_own(&mut store, &[instance]);
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

/// The second instance calls a function that the first one imported and gave away.
#[test]
fn a_function_that_leaves_its_instance_writes_to_its_caller() {
    let bench = Bench::new();
    let ways = [
        // Exported as it is.
        (
            r#"(export "clock" (func $clock))"#,
            r#"(import "first" "clock" (func $call (param i32 i64 i32) (result i32)))
            (func $given (param i32 i64 i32) (result i32)
                (call $call (local.get 0) (local.get 1) (local.get 2)))"#,
        ),
        // In a table.
        (
            r#"(table (export "table") 1 funcref) (elem (i32.const 0) $clock)"#,
            r#"(import "first" "table" (table 1 funcref))
            (type $t (func (param i32 i64 i32) (result i32)))
            (func $given (param i32 i64 i32) (result i32)
                (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
        // In a global.
        (
            r#"(global (export "global") funcref (ref.func $clock))"#,
            r#"(import "first" "global" (global $global funcref))
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $own 1 funcref)
            (func $given (param i32 i64 i32) (result i32)
                (table.set $own (i32.const 0) (global.get $global))
                (call_indirect $own (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
        // As a result.
        (
            r#"(elem declare func $clock) (func (export "function") (result funcref) (ref.func $clock))"#,
            r#"(import "first" "function" (func $function (result funcref)))
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $own 1 funcref)
            (func $given (param i32 i64 i32) (result i32)
                (table.set $own (i32.const 0) (call $function))
                (call_indirect $own (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
    ];
    for (leaving, taking) in ways {
        let mut store = bench.store();
        let first = bench.prepare(&bench.module(&reader(leaving))).instantiate(&mut store).unwrap();
        read(&mut store, &first);
        assert_eq!(shown(&mut store, &first), 1, "{leaving}");

        let mut linker = Linker::new(&bench.engine);
        linker.instance(&mut store, "first", first).unwrap();
        let second = bench.module(&format!(
            r#"(module {taking}
                (memory (export "memory") 1)
                (func (export "read") (result i32) (call $given (i32.const 1) (i64.const 0) (i32.const 8))))"#
        ));
        let second = linker.instantiate(&mut store, &second).unwrap();
        read(&mut store, &second);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (1, 2), "{leaving}");
        // Its own is at hand or not; it is right.
        read(&mut store, &first);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (3, 2), "{leaving}");
    }
}

/// A table that others have is a way out, too, and so is a function of theirs that takes references.
#[test]
fn a_function_that_leaves_through_an_import_writes_to_its_caller() {
    let bench = Bench::new();
    let mut store = bench.store();
    let second = bench.module(
        r#"(module
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $table (export "table") 2 funcref)
            (memory (export "memory") 1)
            (func (export "take") (param funcref) (table.set $table (i32.const 1) (local.get 0)))
            (func (export "call") (param i32) (result i32)
                (call_indirect (type $t) (i32.const 1) (i64.const 0) (i32.const 8) (local.get 0))))"#,
    );
    let second = bench.plain.instantiate(&mut store, &second).unwrap();
    let mut linker = Linker::new(&bench.engine);
    linker.instance(&mut store, "second", second).unwrap();
    for (which, leaving) in [
        r#"(import "second" "table" (table 2 funcref)) (elem (i32.const 0) $clock)"#,
        r#"(import "second" "take" (func $take (param funcref))) (elem declare func $clock)
            (func (export "give") (call $take (ref.func $clock)))"#,
    ]
    .into_iter()
    .enumerate()
    {
        let mut linker = linker.clone();
        linker.allow_shadowing(true);
        let first = bench.prepare_with(&linker, &bench.module(&reader(leaving))).instantiate(&mut store).unwrap();
        read(&mut store, &first);
        if which == 1 {
            first.get_typed_func::<(), ()>(&mut store, "give").unwrap().call(&mut store, ()).unwrap();
        }
        let before = shown(&mut store, &first);
        let call = second.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
        assert_eq!(call.call(&mut store, which as i32).unwrap(), 0);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (before, before + 1), "{leaving}");
    }
}

/// The start function runs before the instance is complete, and here it has others made.
#[test]
fn a_start_function_may_call_and_instantiate() {
    let bench = Bench::new();
    let inner = bench.module(&reader(""));
    let starting = reader(
        r#"(import "host" "make" (func $make))
        (func $start (drop (call $read)) (call $make) (drop (call $read)))
        (start $start)"#,
    );
    let starting = bench.module(&starting);
    for same in [false, true] {
        let mut store = bench.store();
        let inner = bench.prepare(&inner);
        let mut linker: Linker<p1::P1Ctx> = Linker::new(&bench.engine);
        let made = Func::wrap(&mut store, move |mut caller: Caller<'_, p1::P1Ctx>| {
            let instance = inner.instantiate(&mut caller).unwrap();
            let read = instance.get_typed_func::<(), i32>(&mut caller, "read").unwrap();
            assert_eq!(read.call(&mut caller, ()).unwrap(), 0);
        });
        linker.define(&store, "host", "make", made).unwrap();
        let outer = bench.prepare_with(&linker, &starting);
        let first = outer.instantiate(&mut store).unwrap();
        assert_eq!(shown(&mut store, &first), 3, "the inner instance took the second reading");
        let mut instances = vec![first];
        if same {
            instances.push(outer.instantiate(&mut store).unwrap());
        }
        each_has_its_own(&mut store, &instances);
    }
}

/// The same module is instantiated by its own start function.
#[test]
fn a_start_function_may_instantiate_its_own_module() {
    let bench = Bench::new();
    let module = bench.module(&reader(
        r#"(import "host" "make" (func $make))
        (func $start (drop (call $read)) (call $make) (drop (call $read)))
        (start $start)"#,
    ));
    let mut store = bench.store();
    let mut linker: Linker<p1::P1Ctx> = Linker::new(&bench.engine);
    let prepared = std::sync::Arc::new(std::sync::OnceLock::<p1::InstancePre<p1::P1Ctx>>::new());
    let depth = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let (inside, level) = (prepared.clone(), depth.clone());
    linker
        .func_wrap("host", "make", move |mut caller: Caller<'_, p1::P1Ctx>| {
            if level.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
                let instance = inside.get().unwrap().instantiate(&mut caller).unwrap();
                let memory = instance.get_memory(&mut caller, "memory").unwrap();
                assert_ne!(memory.data(&caller)[8..16], UNTOUCHED.to_le_bytes(), "the inner one read the clock");
            }
        })
        .unwrap();
    prepared.set(bench.prepare_with(&linker, &module)).unwrap();
    let first = prepared.get().unwrap().instantiate(&mut store).unwrap();
    assert_eq!(shown(&mut store, &first), 6, "two readings of each of three instances, this one's last");
    each_has_its_own(&mut store, &[first]);
}

/// An instance that was not completed lives on in what it handed over.
#[test]
fn an_instance_whose_start_traps_leaves_nothing_at_hand() {
    let bench = Bench::new();
    let mut store = bench.store();
    let failing = bench.module(&reader("(func $start (drop (call $read)) unreachable) (start $start)"));
    let prepared = bench.prepare(&failing);
    assert!(prepared.instantiate(&mut store).is_err());
    assert!(prepared.instantiate(&mut store).is_err());
    let good = bench.prepare(&bench.module(&reader("")));
    let instances = [good.instantiate(&mut store).unwrap(), good.instantiate(&mut store).unwrap()];
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
