//! A guest whose exports call WASI's functions with the arguments given, on memory that the test fills.

use std::path::Path;

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Result, Store, Val, WasmParams};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// How many bytes a guest has, unless more pages were asked for.
pub const PAGE: usize = 1 << 16;

/// The text of the guest for one version of WASI, with `pages` of memory.
pub fn text(module: &str, pages: u32) -> String {
    let functions = [
        ("clock_time_get", "i32 i64 i32"),
        ("clock_res_get", "i32 i32"),
        ("random_get", "i32 i32"),
        ("poll_oneoff", "i32 i32 i32 i32"),
        ("sched_yield", ""),
        ("args_get", "i32 i32"),
        ("args_sizes_get", "i32 i32"),
        ("environ_get", "i32 i32"),
        ("environ_sizes_get", "i32 i32"),
        ("fd_advise", "i32 i64 i64 i32"),
        ("fd_allocate", "i32 i64 i64"),
        ("fd_close", "i32"),
        ("fd_datasync", "i32"),
        ("fd_fdstat_get", "i32 i32"),
        ("fd_fdstat_set_flags", "i32 i32"),
        ("fd_fdstat_set_rights", "i32 i64 i64"),
        ("fd_filestat_get", "i32 i32"),
        ("fd_filestat_set_size", "i32 i64"),
        ("fd_filestat_set_times", "i32 i64 i64 i32"),
        ("fd_pread", "i32 i32 i32 i64 i32"),
        ("fd_prestat_get", "i32 i32"),
        ("fd_prestat_dir_name", "i32 i32 i32"),
        ("fd_pwrite", "i32 i32 i32 i64 i32"),
        ("fd_read", "i32 i32 i32 i32"),
        ("fd_readdir", "i32 i32 i32 i64 i32"),
        ("fd_renumber", "i32 i32"),
        ("fd_seek", "i32 i64 i32 i32"),
        ("fd_sync", "i32"),
        ("fd_tell", "i32 i32"),
        ("fd_write", "i32 i32 i32 i32"),
        ("path_create_directory", "i32 i32 i32"),
        ("path_filestat_get", "i32 i32 i32 i32 i32"),
        ("path_filestat_set_times", "i32 i32 i32 i32 i64 i64 i32"),
        ("path_link", "i32 i32 i32 i32 i32 i32 i32"),
        ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
        ("path_readlink", "i32 i32 i32 i32 i32 i32"),
        ("path_remove_directory", "i32 i32 i32"),
        ("path_rename", "i32 i32 i32 i32 i32 i32"),
        ("path_symlink", "i32 i32 i32 i32 i32"),
        ("path_unlink_file", "i32 i32 i32"),
        ("proc_raise", "i32"),
        ("sock_recv", "i32 i32 i32 i32 i32 i32"),
        ("sock_send", "i32 i32 i32 i32 i32"),
        ("sock_shutdown", "i32 i32"),
    ];
    let mut imports = String::new();
    let mut wrappers = String::new();
    for (name, params) in functions {
        imports += &format!(r#"(import "{module}" "{name}" (func ${name} (param {params}) (result i32)))"#);
        let arguments: String = (0..params.split_whitespace().count()).map(|i| format!("(local.get {i})")).collect();
        wrappers += &format!(r#"(func (export "{name}") (param {params}) (result i32) (call ${name} {arguments}))"#);
    }
    format!(r#"(module {imports} (memory (export "memory") {pages}) {wrappers})"#)
}

/// A guest that is linked on Wasmtime, to stock or to ours.
#[derive(Debug)]
pub struct Probe<T: 'static> {
    /// Its context.
    pub store: Store<T>,
    instance: Instance,
    /// What it exports.
    pub memory: Memory,
}

/// What a call came to.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Answer {
    /// It returned.
    Errno(i32),
    /// It ended the guest.
    Trap,
}

/// The engine, the modules and the linkers, made once.
#[expect(missing_debug_implementations, reason = "it is made to run guests, and linkers have nothing to show")]
pub struct Bench {
    p1: Module,
    p0: Module,
    /// Stock's functions.
    pub stock: Linker<WasiP1Ctx>,
    /// Ours.
    pub ours: Linker<p1::P1Ctx>,
    directory: tempfile::TempDir,
}

/// A version of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `wasi_snapshot_preview1`.
    P1,
    /// `wasi_unstable`.
    P0,
}

impl Version {
    /// What its functions are imported from.
    pub fn module(self) -> &'static str {
        match self {
            Version::P1 => "wasi_snapshot_preview1",
            Version::P0 => "wasi_unstable",
        }
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::with_pages(1)
    }
}

impl Bench {
    /// Guests of one page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Guests of so many pages.
    pub fn with_pages(pages: u32) -> Self {
        let mut config = Config::new();
        let engine = Engine::new(configure(&mut config)).unwrap();
        let mut stock = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut stock, |ctx: &mut WasiP1Ctx| ctx).unwrap();
        wasmtime_wasi::p0::add_to_linker_sync(&mut stock, |ctx: &mut WasiP1Ctx| ctx).unwrap();
        let mut ours = Linker::new(&engine);
        p1::add_to_linker_sync(&mut ours, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("file"), "contents").unwrap();
        std::fs::write(directory.path().join("empty"), "").unwrap();
        let module = |version: Version| Module::new(&engine, text(version.module(), pages)).unwrap();
        Bench { p1: module(Version::P1), p0: module(Version::P0), stock, ours, directory }
    }

    /// A directory with the files `file` and `empty`.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Descriptors 0 to 2 are the standard streams, 3 the directory.
    fn builder(&self) -> WasiCtxBuilder {
        let mut builder = WasiCtxBuilder::new();
        builder.allow_blocking_current_thread(true);
        builder.preopened_dir(self.directory.path(), "/", FsPerms::ReadWrite).unwrap();
        builder
    }

    /// The guest.
    pub fn module(&self, version: Version) -> &Module {
        match version {
            Version::P1 => &self.p1,
            Version::P0 => &self.p0,
        }
    }

    /// A guest on stock, with the policies as hooks.
    pub fn stock(&self, version: Version, policies: Policies) -> Probe<WasiP1Ctx> {
        let mut builder = self.builder();
        builder.deterministic(policies).unwrap();
        // Without this stock sleeps in another way, and says so in the event.
        builder.allow_blocking_current_thread(false);
        Probe::new(&self.stock, self.module(version), builder.build_p1())
    }

    /// A guest on ours.
    pub fn ours(&self, version: Version, policies: Policies) -> Probe<p1::P1Ctx> {
        self.ours_with(version, policies, |_| {})
    }

    /// The same, with something else in its context.
    pub fn ours_with(
        &self,
        version: Version,
        policies: Policies,
        change: impl FnOnce(&mut WasiCtxBuilder),
    ) -> Probe<p1::P1Ctx> {
        let mut builder = self.builder();
        change(&mut builder);
        Probe::new(&self.ours, self.module(version), builder.build_deterministic_p1(policies))
    }
}

/// A guest on any host, as those on stock.
pub trait Called {
    /// Calls an export with arguments of any number and kind.
    fn answer_to(&mut self, name: &str, params: &[Val]) -> Answer;

    /// Writes to its memory.
    fn write(&mut self, at: usize, bytes: &[u8]);

    /// What is in its memory.
    fn contents(&self) -> Vec<u8>;
}

impl<T> Called for Probe<T> {
    fn answer_to(&mut self, name: &str, params: &[Val]) -> Answer {
        Probe::answer_to(self, name, params)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        Probe::write(self, at, bytes);
    }

    fn contents(&self) -> Vec<u8> {
        Probe::contents(self)
    }
}

impl<T> Probe<T> {
    /// Instantiates it.
    pub fn new(linker: &Linker<T>, module: &Module, data: T) -> Self {
        let mut store = Store::new(linker.engine(), data);
        let instance = linker.instantiate(&mut store, module).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        Probe { store, instance, memory }
    }

    /// Calls an export.
    pub fn call<P: WasmParams>(&mut self, name: &str, params: P) -> Result<i32> {
        self.instance.get_typed_func::<P, i32>(&mut self.store, name)?.call(&mut self.store, params)
    }

    /// The same for arguments of any number and kind.
    pub fn answer_to(&mut self, name: &str, params: &[Val]) -> Answer {
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        let mut results = [Val::I32(-1)];
        match function.call(&mut self.store, params, &mut results) {
            Ok(()) => Answer::Errno(results[0].unwrap_i32()),
            Err(_) => Answer::Trap,
        }
    }

    /// What calling an export comes to.
    pub fn answer<P: WasmParams>(&mut self, name: &str, params: P) -> Answer {
        self.call(name, params).map_or(Answer::Trap, Answer::Errno)
    }

    /// Opens a file of the directory; the number of its descriptor.
    pub fn open(&mut self, name: &str) -> u32 {
        self.write(0, name.as_bytes());
        let rights = i64::from(1 << 1 | 1 << 2 | 1 << 6 | 1 << 21); // read, seek, write, filestat
        let params = (3, 0, 0, name.len() as i32, 0, rights, rights, 0, 64);
        assert_eq!(self.call("path_open", params).unwrap(), 0);
        self.u32(64)
    }

    /// Writes to its memory.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        self.memory.write(&mut self.store, at, bytes).unwrap();
    }

    /// What is in its memory at a place.
    pub fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.memory.data(&self.store)[at..at + N].try_into().unwrap()
    }

    /// The number at a place.
    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    /// The number at a place.
    pub fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }

    /// What is in its memory.
    pub fn contents(&self) -> Vec<u8> {
        self.memory.data(&self.store).to_vec()
    }
}
