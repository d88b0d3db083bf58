//! A guest that a test calls.

use deterministic_core::{Event, Instant, Policies, Policy, PolicyError, Scheduler, Seed, Selection, YieldObserver};
use deterministic_policies::Preset;
use deterministic_wasi_common::wasi_common::WasiCtx;
use deterministic_wasi_common::{DeterministicWasiCtxBuilder, Handle};
use wasmi::{Engine, Instance, Linker, Module, Store};

/// Hands on what it is asked, and what it is told in return. By functions of its own, whose memory WASI then finds.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "random_get") (param i32 i32) (result i32) (call $random (local.get 0) (local.get 1)))
    (func (export "sched_yield") (result i32) (call $yield))
    (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
        (call $write (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (export "fd_read") (param i32 i32 i32 i32) (result i32)
        (call $read (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (export "args_get") (param i32 i32) (result i32) (call $args (local.get 0) (local.get 1)))
    (func (export "environ_get") (param i32 i32) (result i32) (call $environ (local.get 0) (local.get 1)))
    (func (export "clock_res_get") (param i32 i32) (result i32) (call $resolution (local.get 0) (local.get 1)))
    (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32)
        (call $poll (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func (export "time") (param i32 i32) (result i32) (call $time (local.get 0) (i64.const 0) (local.get 1))))"#;

pub(crate) struct Guest {
    pub(crate) store: Store<WasiCtx>,
    pub(crate) instance: Instance,
    pub(crate) handle: Handle,
}

pub(crate) const REALTIME: i32 = 0;
pub(crate) const MONOTONIC: i32 = 1;
pub(crate) const HOUR: u64 = 3_600_000_000_000;

impl Guest {
    pub(crate) fn new(builder: DeterministicWasiCtxBuilder) -> Self {
        let engine = Engine::default();
        let (ctx, handle) = builder.build().expect("short arguments");
        let mut store = Store::new(&engine, ctx);
        let mut linker = Linker::new(&engine);
        wasmi_wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).expect("a fresh linker");
        let module = Module::new(&engine, wat::parse_str(GUEST).expect("a module")).expect("a module");
        let instance = linker.instantiate_and_start(&mut store, &module).expect("it links");
        Guest { store, instance, handle }
    }

    pub(crate) fn under(preset: Preset, seed: u64) -> Self {
        Self::new(DeterministicWasiCtxBuilder::new().preset(preset).seed(Seed::from_u64(seed)))
    }

    pub(crate) fn with(policies: Policies) -> Self {
        Self::new(DeterministicWasiCtxBuilder::new().policies(policies))
    }

    /// Calls a function, and gives its errno, or what ended the guest.
    pub(crate) fn call(&mut self, name: &str, arguments: &[i32]) -> Result<i32, String> {
        let function = self.instance.get_func(&self.store, name).expect("an export");
        let arguments: Vec<_> = arguments.iter().map(|argument| wasmi::Val::I32(*argument)).collect();
        let mut results = [wasmi::Val::I32(-1)];
        function.call(&mut self.store, &arguments, &mut results).map_err(|error| error.to_string())?;
        Ok(results[0].i32().expect("an errno"))
    }

    pub(crate) fn bytes(&self, at: usize, len: usize) -> Vec<u8> {
        let memory = self.instance.get_memory(&self.store, "memory").expect("a memory");
        memory.data(&self.store)[at..at + len].to_vec()
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        let memory = self.instance.get_memory(&self.store, "memory").expect("a memory");
        memory.write(&mut self.store, at, bytes).expect("room");
    }

    pub(crate) fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at, 8).try_into().expect("eight bytes"))
    }

    pub(crate) fn time(&mut self, clock: i32) -> u64 {
        assert_eq!(self.call("time", &[clock, 8]), Ok(0));
        self.u64_at(8)
    }

    pub(crate) fn random(&mut self, len: usize) -> Vec<u8> {
        assert_eq!(self.call("random_get", &[0x1000, len as i32]), Ok(0));
        self.bytes(0x1000, len)
    }

    /// Waits for what is listed, and gives the events: what the guest calls each, its errno and its type.
    pub(crate) fn poll(&mut self, subscriptions: &[[u8; 48]]) -> Result<Vec<(u64, u16, u8)>, String> {
        self.put(0x2000, subscriptions.as_flattened());
        match self.call("poll_oneoff", &[0x2000, 0x1_0000, subscriptions.len() as i32, 0])? {
            0 => {}
            errno => return Err(format!("errno {errno}")),
        }
        let count = u32::from_le_bytes(self.bytes(0, 4).try_into().expect("four bytes")) as usize;
        let events = self.bytes(0x1_0000, 32 * count);
        Ok(events
            .chunks(32)
            .map(|event| {
                let userdata = u64::from_le_bytes(event[..8].try_into().expect("eight bytes"));
                (userdata, u16::from_le_bytes([event[8], event[9]]), event[10])
            })
            .collect())
    }
}

fn subscription(userdata: u64, tag: u8, fields: &[(usize, &[u8])]) -> [u8; 48] {
    let mut record = [0; 48];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[8] = tag;
    for (at, bytes) in fields {
        record[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    record
}

/// A timeout on a clock.
pub(crate) fn timeout(userdata: u64, clock: i32, nanos: u64) -> [u8; 48] {
    subscription(userdata, 0, &[(16, &clock.to_le_bytes()), (24, &nanos.to_le_bytes())])
}

/// A deadline on a clock.
pub(crate) fn deadline(userdata: u64, clock: i32, nanos: u64) -> [u8; 48] {
    subscription(userdata, 0, &[(16, &clock.to_le_bytes()), (24, &nanos.to_le_bytes()), (40, &[1])])
}

pub(crate) fn read(userdata: u64, fd: u32) -> [u8; 48] {
    subscription(userdata, 1, &[(16, &fd.to_le_bytes())])
}

pub(crate) fn write(userdata: u64, fd: u32) -> [u8; 48] {
    subscription(userdata, 2, &[(16, &fd.to_le_bytes())])
}

pub(crate) fn of_type(userdata: u64, tag: u8) -> [u8; 48] {
    subscription(userdata, tag, &[])
}

/// The last first, two at most, and a second passes; a yield takes a minute.
pub(crate) struct Backwards;

impl Policy for Backwards {}

impl Scheduler for Backwards {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        ready.reverse();
        Ok(Selection { deliver: 2, delay: 1_000_000_000 })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        Some(self)
    }
}

impl YieldObserver for Backwards {
    fn yielded(&mut self, _: Instant) -> Result<u64, PolicyError> {
        Ok(60_000_000_000)
    }
}
