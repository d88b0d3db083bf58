//! What the limits refuse, what the host cannot give, and what a guest sees of either.

use deterministic_wasmtime::engine::{Fault, LimitError, Limits, LimitsBeside, Resource, fault_of};
use deterministic_wasmtime::{Error, configure};
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, Module, PoolingAllocationConfig, ResourceLimiter, Result,
    Store, StoreLimits, StoreLimitsBuilder,
};

const PAGE: u64 = 1 << 16;

type PoolChange = fn(&mut PoolingAllocationConfig) -> &mut PoolingAllocationConfig;

const GROWS: &str = r#"(module
    (memory $plain 1) (memory $bounded 1 3) (table $t 1 funcref) (table $u 1 3 funcref)
    (func (export "plain") (param i32) (result i32) (memory.grow $plain (local.get 0)))
    (func (export "bounded") (param i32) (result i32) (memory.grow $bounded (local.get 0)))
    (func (export "t") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
    (func (export "u") (param i32) (result i32) (table.grow $u (ref.null func) (local.get 0))))"#;

struct Guest<L: 'static> {
    store: Store<L>,
    instance: Instance,
}

impl<L: ResourceLimiter + 'static> Guest<L> {
    fn new(engine: &Engine, limits: L, text: &str) -> Result<Self> {
        let mut store = Store::new(engine, limits);
        store.limiter(|limits| limits);
        let instance = Instance::new(&mut store, &Module::new(engine, text)?, &[])?;
        Ok(Guest { store, instance })
    }

    fn grow(&mut self, export: &str, by: i32) -> Result<i32> {
        self.instance.get_typed_func(&mut self.store, export)?.call(&mut self.store, by)
    }
}

fn engine(change: impl FnOnce(&mut Config) -> &mut Config) -> Engine {
    let mut config = Config::new();
    change(configure(&mut config));
    Engine::new(&config).unwrap()
}

fn exhausted(error: &wasmtime::Error) -> Resource {
    assert_eq!(fault_of(error), Fault::Machine);
    match error.downcast_ref() {
        Some(Error::HostExhausted { resource, .. }) => *resource,
        _ => panic!("{error:?}"),
    }
}

#[test]
fn the_limits_and_the_modules_own_maximum_are_minus_one() {
    let limits = Limits::default().max_memory_bytes(8 * PAGE).max_table_elements(8);
    let mut guest = Guest::new(&engine(|config| config), limits, GROWS).unwrap();
    // The two memories have a page each: six remain.
    assert_eq!(guest.grow("bounded", 3).unwrap(), -1);
    assert_eq!(guest.store.data().last_refused(), None);
    assert_eq!(guest.grow("plain", 7).unwrap(), -1);
    let limit = 8 * PAGE;
    let refused = LimitError::Exceeded { resource: Resource::MemoryBytes, asked: 9 * PAGE, limit };
    assert_eq!(guest.store.data().last_refused(), Some(refused));
    assert_eq!(guest.grow("plain", 4).unwrap(), 1);
    assert_eq!(guest.grow("bounded", 2).unwrap(), 1);
    assert_eq!(guest.grow("plain", 1).unwrap(), -1);
    assert_eq!(guest.grow("plain", 0).unwrap(), 5);
    assert_eq!(guest.grow("plain", -1).unwrap(), -1);

    assert_eq!(guest.grow("u", 3).unwrap(), -1);
    assert_eq!(guest.grow("t", 7).unwrap(), -1);
    assert_eq!(guest.grow("t", 6).unwrap(), 1);
    assert_eq!(guest.grow("u", 1).unwrap(), -1);
    assert_eq!(guest.grow("t", -1).unwrap(), -1);
}

#[test]
fn memory_that_the_host_lacks_ends_the_run_and_every_later_growth() {
    // One page of room, of which the guest and its limits know nothing.
    let fixed = engine(|config| config.memory_may_move(false).memory_reservation(2 * PAGE).memory_guard_size(0));
    let mut guest = Guest::new(&fixed, Limits::default(), GROWS).unwrap();
    assert_eq!(guest.grow("plain", 1).unwrap(), 1);
    assert_eq!(exhausted(&guest.grow("plain", 1).unwrap_err()), Resource::MemoryBytes);
    assert_eq!(exhausted(&guest.grow("bounded", 1).unwrap_err()), Resource::MemoryBytes);
    assert_eq!(exhausted(&guest.grow("t", 1).unwrap_err()), Resource::MemoryBytes);
    // Without the limits the guest would have seen it.
    let mut stock = Guest::new(&fixed, StoreLimits::default(), GROWS).unwrap();
    assert_eq!(stock.grow("plain", 2).unwrap(), -1);
}

#[test]
fn memory_that_no_host_has_is_the_machines_fault_too() {
    let limits = Limits::default().max_memory_bytes(u64::MAX);
    let text = r#"(module (memory i64 1)
        (func (export "grow") (param i32) (result i32)
            (i32.wrap_i64 (memory.grow (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))))))"#;
    let mut guest = Guest::new(&engine(|config| config), limits, text).unwrap();
    assert_eq!(exhausted(&guest.grow("grow", 1).unwrap_err()), Resource::MemoryBytes);
}

#[test]
fn a_memory_that_its_type_cannot_have_is_minus_one_whatever_grew_before() {
    let custom = engine(|config| config.wasm_custom_page_sizes(true));
    let text = r#"(module (memory 1 (pagesize 1))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let mut guest = Guest::new(&custom, Limits::default().max_memory_bytes(u64::MAX), text).unwrap();
    assert_eq!(guest.grow("grow", 9).unwrap(), 1);
    assert_eq!(guest.grow("grow", -1).unwrap(), -1);
    assert_eq!(guest.grow("grow", 9).unwrap(), 10);
}

#[test]
fn a_guest_that_starts_beyond_a_limit_is_refused() {
    let engine = engine(|config| config);
    let refused = |limits: Limits, text: &str| {
        let module = Module::new(&engine, text).unwrap();
        let early = limits.check_module(&module);
        let Err(late) = Guest::new(&engine, limits, text) else { panic!("{text} is instantiated") };
        (early, late.to_string())
    };
    let (early, late) = refused(Limits::default().max_memory_bytes(PAGE), "(module (memory 2))");
    let exceeded = |resource, asked, limit| Err(LimitError::Exceeded { resource, asked, limit });
    assert_eq!(early, exceeded(Resource::MemoryBytes, 2 * PAGE, PAGE));
    assert!(late.contains("memory minimum size"), "{late}");
    let (early, _) = refused(Limits::default().max_table_elements(9), "(module (table 10 funcref))");
    assert_eq!(early, exceeded(Resource::TableElements, 10, 9));
    let (early, _) = refused(Limits::default().max_memories(1), "(module (memory 0) (memory 0))");
    assert_eq!(early, exceeded(Resource::Memories, 2, 1));
    let (early, _) = refused(Limits::default().max_tables(1), "(module (table 0 funcref) (table 0 funcref))");
    assert_eq!(early, exceeded(Resource::Tables, 2, 1));
    // What only the sum exceeds, and instances, only Wasmtime sees.
    let (early, late) = refused(Limits::default().max_memory_bytes(PAGE), "(module (memory 1) (memory 1))");
    assert_eq!((early, late.contains("memory minimum size")), (Ok(()), true));
    let (early, late) = refused(Limits::default().max_instances(0), "(module)");
    assert_eq!((early, late.contains("instance count too high")), (Ok(()), true));
    let error = exceeded(Resource::MemoryBytes, 2, 1).unwrap_err().to_string();
    assert!(error.contains("raise it in `Limits`"), "{error}");
}

#[test]
fn the_heap_of_objects_counts_as_memory() {
    let text = r#"(module (type $bytes (array (mut i8)))
        (func (export "make") (param i32) (result i32) (array.len (array.new_default $bytes (local.get 0)))))"#;
    let mut guest = Guest::new(&engine(|config| config), Limits::default().max_memory_bytes(16 * PAGE), text).unwrap();
    assert_eq!(guest.grow("make", 1000).unwrap(), 1000);
    let error = guest.grow("make", 17 << 16).unwrap_err();
    assert_eq!(fault_of(&error), Fault::Machine, "{error:?}");
    assert!(matches!(guest.store.data().last_refused(), Some(LimitError::Exceeded { .. })));
}

#[test]
fn an_own_limiter_beside_ends_the_run_where_it_refuses() {
    let own = StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(3).instances(0).build();
    let both = LimitsBeside { limits: Limits::default().max_memory_bytes(8 * PAGE), own };
    let mut guest = Guest::new(&engine(|config| config), both.clone(), GROWS).unwrap();
    assert_eq!(guest.grow("plain", 100).unwrap(), -1);
    assert_eq!(guest.grow("plain", 2).unwrap(), 1);
    assert_eq!(exhausted(&guest.grow("plain", 1).unwrap_err()), Resource::MemoryBytes);
    let mut guest = Guest::new(&engine(|config| config), both, GROWS).unwrap();
    assert_eq!(guest.grow("t", 2).unwrap(), 1);
    assert_eq!(exhausted(&guest.grow("t", 1).unwrap_err()), Resource::TableElements);
}

#[test]
fn a_pooling_allocator_must_not_decide_before_the_limits() {
    let pooled = |change: PoolChange| {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(10).total_memories(10).total_tables(10).total_gc_heaps(1).total_stacks(1);
        pool.max_memories_per_module(2).max_tables_per_module(2);
        change(pool.max_memory_size(4 << 16).table_elements(20));
        engine(|config| config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)))
    };
    let limits = Limits::default().max_memory_bytes(4 * PAGE).max_table_elements(20);
    let limits = limits.max_instances(10).max_memories(10).max_tables(10);
    assert_eq!(limits.check_engine(&engine(|config| config)), Ok(()));
    assert_eq!(limits.check_engine(&pooled(|pool| pool)), Ok(()));
    let smaller: [(&str, PoolChange); 5] = [
        ("max_memory_size", |pool| pool.max_memory_size(3 << 16)),
        ("table_elements", |pool| pool.table_elements(19)),
        ("total_core_instances", |pool| pool.total_core_instances(9)),
        ("total_memories", |pool| pool.total_memories(9)),
        ("total_tables", |pool| pool.total_tables(9)),
    ];
    for (name, change) in smaller {
        match limits.check_engine(&pooled(change)) {
            Err(error @ LimitError::Pool { setting, .. }) => {
                assert_eq!(setting, name);
                assert!(error.to_string().contains(name), "{error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    // With room the two allocators answer alike.
    for engine in [engine(|config| config), pooled(|pool| pool)] {
        let mut guest = Guest::new(&engine, limits.clone(), &GROWS.replace("1 3", "1 2")).unwrap();
        let answers = [("plain", 3), ("plain", 2), ("bounded", 2), ("t", 19), ("u", 2), ("t", 18), ("u", 1)];
        let answers = answers.map(|(export, by)| guest.grow(export, by).unwrap());
        assert_eq!(answers, [-1, 1, -1, -1, -1, 1, -1]);
    }
}
