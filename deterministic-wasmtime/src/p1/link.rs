//! Every function of both versions, defined once for synchronous and once for asynchronous linkers.

use wasmtime::{AsContextMut as _, Caller, Linker, Result};
use wiggle::GuestMemory;

use super::abi::{Allowance, Version};
use super::fault::{self, Answer};
use super::memory::{Finder, errno, observe_fuel};
use super::poll::{self, Call};
use super::records::{self, Layout};
use super::{P1Ctx, answers, readiness};
use crate::Error;
use crate::calls::HostCall;
use crate::executor::block_on;

/// The functions by name.
mod own {
    pub(super) use super::super::environment::*;
    pub(super) use super::super::io::*;
    pub(super) use super::super::listing::*;
    pub(super) use super::super::paths::*;
    pub(super) use super::super::status::*;
}

/// The functions that no policy answers, with their types in WebAssembly. `waits` ones may wait for a standard stream of
/// the embedder's. Both versions have the same list but for `sock_accept`.
macro_rules! functions {
    ($define:ident, $to:ident, $module:ident) => {
        let to = &mut *$to;
        $define! { to $module
            at_once args_get(argv: i32, argv_buf: i32) -> i32;
            at_once args_sizes_get(count: i32, size: i32) -> i32;
            at_once environ_get(environ: i32, environ_buf: i32) -> i32;
            at_once environ_sizes_get(count: i32, size: i32) -> i32;
            at_once fd_advise(fd: i32, offset: i64, len: i64, advice: i32) -> i32;
            at_once fd_allocate(fd: i32, offset: i64, len: i64) -> i32;
            at_once fd_close(fd: i32) -> i32;
            at_once fd_datasync(fd: i32) -> i32;
            at_once fd_fdstat_get(fd: i32, out: i32) -> i32;
            at_once fd_fdstat_set_flags(fd: i32, flags: i32) -> i32;
            at_once fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) -> i32;
            at_once fd_filestat_get(fd: i32, out: i32) -> i32;
            at_once fd_filestat_set_size(fd: i32, size: i64) -> i32;
            at_once fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, flags: i32) -> i32;
            at_once fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, out: i32) -> i32;
            at_once fd_prestat_get(fd: i32, out: i32) -> i32;
            at_once fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> i32;
            at_once fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, out: i32) -> i32;
            waits fd_read(fd: i32, iovs: i32, iovs_len: i32, out: i32) -> i32;
            at_once fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, out: i32) -> i32;
            at_once fd_renumber(fd: i32, to: i32) -> i32;
            at_once fd_seek(fd: i32, offset: i64, whence: i32, out: i32) -> i32;
            at_once fd_sync(fd: i32) -> i32;
            at_once fd_tell(fd: i32, out: i32) -> i32;
            waits fd_write(fd: i32, iovs: i32, iovs_len: i32, out: i32) -> i32;
            at_once path_create_directory(fd: i32, path: i32, path_len: i32) -> i32;
            at_once path_filestat_get(fd: i32, flags: i32, path: i32, path_len: i32, out: i32) -> i32;
            at_once path_filestat_set_times(
                fd: i32, flags: i32, path: i32, path_len: i32, atim: i64, mtim: i64, fst_flags: i32
            ) -> i32;
            at_once path_link(
                fd: i32, flags: i32, path: i32, path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32
            ) -> i32;
            at_once path_open(
                fd: i32, dirflags: i32, path: i32, path_len: i32, oflags: i32, base: i64, inheriting: i64, fdflags: i32,
                out: i32
            ) -> i32;
            at_once path_readlink(fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, out: i32) -> i32;
            at_once path_remove_directory(fd: i32, path: i32, path_len: i32) -> i32;
            at_once path_rename(
                fd: i32, path: i32, path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32
            ) -> i32;
            at_once path_symlink(target: i32, target_len: i32, fd: i32, path: i32, path_len: i32) -> i32;
            at_once path_unlink_file(fd: i32, path: i32, path_len: i32) -> i32;
            at_once proc_exit(code: i32) -> ();
            at_once proc_raise(signal: i32) -> i32;
            at_once sock_recv(
                fd: i32, data: i32, data_len: i32, flags: i32, out_len: i32, out_flags: i32
            ) -> i32;
            at_once sock_send(fd: i32, data: i32, data_len: i32, flags: i32, out: i32) -> i32;
            at_once sock_shutdown(fd: i32, how: i32) -> i32;
        }
    };
}

macro_rules! define_sync {
    ($to:ident $module:ident $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        define_sync!(@ $kind $to $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ at_once $to:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $to.define(stringify!($module), stringify!($name), |linker, from, name, get, finder| {
            linker.func_wrap(from, name, move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                let (mut memory, ctx) = enter_copying(finder, &mut caller, get, HostCall::$name)?;
                <$ret>::lower(own::$name(ctx, &mut memory, Version::$module, ($($arg,)*)))
            }).map(drop)
        })?;
    };
    (@ waits $to:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $to.define(stringify!($module), stringify!($name), |linker, from, name, get, finder| {
            linker.func_wrap(from, name, move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                let (mut memory, ctx) = enter_copying(finder, &mut caller, get, HostCall::$name)?;
                fault::lower(match own::$name(ctx, &mut memory, Version::$module, ($($arg,)*)) {
                    Ok(Some(wait)) => block_on(wait.finish(ctx, &mut memory)),
                    done => done.map(drop),
                })
            }).map(drop)
        })?;
    };
}

macro_rules! define_async {
    ($to:ident $module:ident $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        define_async!(@ $kind $to $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ at_once $($function:tt)*) => {
        define_sync!(@ at_once $($function)*);
    };
    (@ waits $to:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $to.define(stringify!($module), stringify!($name), |linker, from, name, get, finder| {
            linker.func_wrap_async(from, name, move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| {
                Box::new(async move {
                    let (mut memory, ctx) = enter_copying(finder, &mut caller, get, HostCall::$name)?;
                    fault::lower(match own::$name(ctx, &mut memory, Version::$module, ($($arg,)*)) {
                        Ok(Some(wait)) => wait.finish(ctx, &mut memory).await,
                        done => done.map(drop),
                    })
                })
            }).map(drop)
        })?;
    };
}

/// What a function gives to WebAssembly.
trait Lower: Sized {
    fn lower(answer: Answer) -> Result<Self>;
}

impl Lower for i32 {
    #[inline]
    fn lower(answer: Answer) -> Result<Self> {
        fault::lower(answer)
    }
}

/// `proc_exit` gives nothing, since it never returns.
impl Lower for () {
    fn lower(answer: Answer) -> Result<Self> {
        fault::lower(answer).map(drop)
    }
}

/// Defines all functions of `wasi_snapshot_preview1` and `wasi_unstable` in `linker`, for modules that are instantiated
/// and called synchronously.
///
/// `get` finds the [`P1Ctx`] in the store's data; it runs with each call, so it should be a field access.
///
/// ```
/// use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
/// use wasmtime::{Config, Engine, Linker, Store};
/// use wasmtime_wasi::WasiCtxBuilder;
///
/// struct State { wasi: p1::P1Ctx }
///
/// let engine = Engine::new(configure(&mut Config::new()))?;
/// let mut linker = Linker::new(&engine);
/// p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)?;
/// let wasi = WasiCtxBuilder::new().build_deterministic_p1(Default::default());
/// let store = Store::new(&engine, State { wasi });
/// # let _ = store;
/// # wasmtime::error::Ok(())
/// ```
///
/// # Errors
///
/// If the linker has one of the functions already and does not allow shadowing.
pub fn add_to_linker_sync<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    Definitions::new(linker, get, &|_, _| Finder::default()).define_sync()
}

/// As [`add_to_linker_sync`], for modules that are instantiated and called asynchronously.
///
/// Files are used on the calling thread here too, so that no other thread decides an order.
///
/// # Errors
///
/// If the linker has one of the functions already and does not allow shadowing.
pub fn add_to_linker_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    Definitions::new(linker, get, &|_, _| Finder::default()).define_async()
}

/// What modules import the functions from.
const MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// Where the functions go, and what they are made with.
pub(super) struct Definitions<'a, T: 'static, G> {
    linker: &'a mut Linker<T>,
    get: G,
    /// How the function of this module and name finds its caller's memory.
    finder: &'a dyn Fn(&str, &str) -> Finder,
    /// Whether a function that the linker has already stays, where it is an error otherwise.
    existing_stay: bool,
    /// How many functions of each module are new, by the first and the second one's place in [`MODULES`].
    defined: [usize; 2],
}

impl<'a, T: Send + 'static, G: Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static> Definitions<'a, T, G> {
    pub(super) fn new(linker: &'a mut Linker<T>, get: G, finder: &'a dyn Fn(&str, &str) -> Finder) -> Self {
        Definitions { linker, get, finder, existing_stay: false, defined: [0; 2] }
    }

    /// Leaves what the linker has already, which may not be all.
    pub(super) fn missing_only(mut self) -> Self {
        self.linker.allow_shadowing(false);
        self.existing_stay = true;
        self
    }

    pub(super) fn define_sync(mut self) -> Result<()> {
        let to = &mut self;
        to.answered(MODULES[0], &records::P1)?;
        to.answered(MODULES[1], &records::P0)?;
        functions!(define_sync, to, wasi_snapshot_preview1);
        functions!(define_sync, to, wasi_unstable);
        self.rest()
    }

    pub(super) fn define_async(mut self) -> Result<()> {
        let to = &mut self;
        to.answered(MODULES[0], &records::P1)?;
        to.answered(MODULES[1], &records::P0)?;
        functions!(define_async, to, wasi_snapshot_preview1);
        functions!(define_async, to, wasi_unstable);
        self.rest()
    }

    /// Defines one function, by `define`.
    fn define(
        &mut self,
        from: &str,
        name: &str,
        define: impl FnOnce(&mut Linker<T>, &str, &str, G, Finder) -> Result<()>,
    ) -> Result<()> {
        match define(self.linker, from, name, self.get, (self.finder)(from, name)) {
            Ok(()) => {
                self.defined[usize::from(from == MODULES[1])] += 1;
                Ok(())
            }
            // Nothing else makes it fail but want of memory, which the next step meets, too.
            Err(_) if self.existing_stay => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The functions that the policies answer. None of them waits, so they serve both kinds of linker.
    fn answered(&mut self, module: &str, layout: &'static Layout) -> Result<()> {
        self.define(module, "clock_time_get", |linker, module, name, get, finder| {
            let function = move |mut caller: Caller<'_, T>, id: i32, _precision: i64, out: i32| {
                let (mut memory, ctx) = finder.enter(&mut caller, get, HostCall::clock_time_get)?;
                answers::clock_time_get(&mut ctx.deterministic, &mut memory, id, out)
            };
            linker.func_wrap(module, name, function).map(drop)
        })?;
        self.define(module, "clock_res_get", |linker, module, name, get, finder| {
            let function = move |mut caller: Caller<'_, T>, id: i32, out: i32| {
                let (mut memory, ctx) = finder.enter(&mut caller, get, HostCall::clock_res_get)?;
                answers::clock_res_get(&mut ctx.deterministic, &mut memory, id, out)
            };
            linker.func_wrap(module, name, function).map(drop)
        })?;
        self.define(module, "random_get", |linker, module, name, get, finder| {
            let function = move |mut caller: Caller<'_, T>, buf: i32, len: i32| {
                let (mut memory, ctx) = finder.enter(&mut caller, get, HostCall::random_get)?;
                answers::random_get(&mut ctx.deterministic, &mut memory, buf, len)
            };
            linker.func_wrap(module, name, function).map(drop)
        })?;
        self.define(module, "sched_yield", |linker, module, name, get, _| {
            let function = move |mut caller: Caller<'_, T>| {
                let ctx = &mut get(caller.data_mut()).deterministic;
                if ctx.yields_are_only_counted {
                    ctx.calls.count(HostCall::sched_yield);
                    return Ok(errno::SUCCESS);
                }
                if ctx.time.observes_fuel {
                    observe_fuel(&mut caller, get)?;
                }
                let ctx = &mut get(caller.data_mut()).deterministic;
                ctx.calls.count(HostCall::sched_yield);
                answers::sched_yield(ctx)
            };
            linker.func_wrap(module, name, function).map(drop)
        })?;
        self.define(module, "poll_oneoff", |linker, module, name, get, finder| {
            let function =
                move |mut caller: Caller<'_, T>, subscriptions: i32, events: i32, count: i32, count_out: i32| {
                    let copy_limit = caller.as_context_mut().hostcall_fuel();
                    let (mut memory, ctx) = finder.enter(&mut caller, get, HostCall::poll_oneoff)?;
                    let call = Call::new(subscriptions, events, count, count_out);
                    let P1Ctx { wasi, deterministic, descriptors, captured, .. } = ctx;
                    let (policy, files, held) = deterministic.poll_policy();
                    let captured = captured.is_some();
                    let mut open = readiness::Open { wasi, table: descriptors, files, held, captured };
                    poll::poll_oneoff(layout, policy, &mut open, &mut memory, &call, copy_limit)
                };
            linker.func_wrap(module, name, function).map(drop)
        })
    }

    /// What only `wasi_snapshot_preview1` has.
    fn rest(mut self) -> Result<()> {
        let to = &mut self;
        define_sync!(@ at_once to wasi_snapshot_preview1 sock_accept(fd: i32, flags: i32, out: i32) -> i32);
        if self.defined.contains(&0) { Err(Error::WasiAlreadyLinked.into()) } else { Ok(()) }
    }
}

/// What a call begins with that may copy strings and lists: the allowance for that is renewed, too, as by stock.
#[inline(always)]
fn enter_copying<'a, T: 'static>(
    finder: Finder,
    caller: &'a mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Ctx,
    call: HostCall,
) -> Result<(GuestMemory<'a>, &'a mut P1Ctx)> {
    let copy_limit = caller.as_context_mut().hostcall_fuel();
    let (memory, ctx) = finder.enter(caller, get, call)?;
    ctx.allowance = Allowance(copy_limit);
    Ok((memory, ctx))
}
