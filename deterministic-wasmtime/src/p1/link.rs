//! Every function of both versions, defined once for synchronous and once for asynchronous linkers.

use wasmtime::{AsContextMut as _, Caller, Linker, Result};
use wasmtime_wasi::p0::wasi_unstable;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self, WasiSnapshotPreview1};
use wiggle::GuestMemory;

use super::files::Version;
use super::memory::memory_and_data;
use super::poll::{self, Call, Layout};
use super::{P1Ctx, answers, readiness};
use crate::calls::HostCall;
use crate::executor::{Wait, block_on};

/// The functions of ours around stock ones.
mod normalised {
    pub(super) use super::super::files::*;
    pub(super) use super::super::listing::*;
    pub(super) use super::super::removal::*;
}

/// The functions that stay wasmtime-wasi's, with their types in WebAssembly. `at_once` ones are plain functions there,
/// `waits` ones asynchronous, and `normalised` ones asynchronous functions of ours around them. Both versions have the same
/// list but for `sock_accept`.
macro_rules! stock_functions {
    ($define:ident, $linker:ident, $get:ident, $module:ident) => {
        let (linker, get) = (&mut *$linker, $get);
        $define! { linker get $module
            at_once args_get(argv: i32, argv_buf: i32) -> i32;
            at_once args_sizes_get(count: i32, size: i32) -> i32;
            at_once environ_get(environ: i32, environ_buf: i32) -> i32;
            at_once environ_sizes_get(count: i32, size: i32) -> i32;
            waits fd_advise(fd: i32, offset: i64, len: i64, advice: i32) -> i32;
            at_once fd_allocate(fd: i32, offset: i64, len: i64) -> i32;
            normalised fd_close(fd: i32) -> i32;
            waits fd_datasync(fd: i32) -> i32;
            waits fd_fdstat_get(fd: i32, out: i32) -> i32;
            at_once fd_fdstat_set_flags(fd: i32, flags: i32) -> i32;
            at_once fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) -> i32;
            normalised fd_filestat_get(fd: i32, out: i32) -> i32;
            waits fd_filestat_set_size(fd: i32, size: i64) -> i32;
            normalised fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, flags: i32) -> i32;
            waits fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, out: i32) -> i32;
            at_once fd_prestat_get(fd: i32, out: i32) -> i32;
            at_once fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> i32;
            waits fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, out: i32) -> i32;
            waits fd_read(fd: i32, iovs: i32, iovs_len: i32, out: i32) -> i32;
            normalised fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, out: i32) -> i32;
            normalised fd_renumber(fd: i32, to: i32) -> i32;
            waits fd_seek(fd: i32, offset: i64, whence: i32, out: i32) -> i32;
            waits fd_sync(fd: i32) -> i32;
            at_once fd_tell(fd: i32, out: i32) -> i32;
            waits fd_write(fd: i32, iovs: i32, iovs_len: i32, out: i32) -> i32;
            waits path_create_directory(fd: i32, path: i32, path_len: i32) -> i32;
            normalised path_filestat_get(fd: i32, flags: i32, path: i32, path_len: i32, out: i32) -> i32;
            normalised path_filestat_set_times(
                fd: i32, flags: i32, path: i32, path_len: i32, atim: i64, mtim: i64, fst_flags: i32
            ) -> i32;
            waits path_link(
                fd: i32, flags: i32, path: i32, path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32
            ) -> i32;
            waits path_open(
                fd: i32, dirflags: i32, path: i32, path_len: i32, oflags: i32, base: i64, inheriting: i64, fdflags: i32,
                out: i32
            ) -> i32;
            waits path_readlink(fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, out: i32) -> i32;
            normalised path_remove_directory(fd: i32, path: i32, path_len: i32) -> i32;
            normalised path_rename(fd: i32, path: i32, path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32) -> i32;
            waits path_symlink(target: i32, target_len: i32, fd: i32, path: i32, path_len: i32) -> i32;
            normalised path_unlink_file(fd: i32, path: i32, path_len: i32) -> i32;
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
    ($linker:ident $get:ident $module:ident
        $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        define_sync!(@ $kind $linker $get $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ at_once $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $linker.func_wrap(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                let (mut memory, ctx) = enter_stock(&mut caller, $get, HostCall::$name)?;
                $module::$name(&mut ctx.wasi, &mut memory, $($arg),*)
            },
        )?;
    };
    (@ waits $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $linker.func_wrap(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                let (mut memory, ctx) = enter_stock(&mut caller, $get, HostCall::$name)?;
                block_on($module::$name(&mut ctx.wasi, &mut memory, $($arg),*))
            },
        )?;
    };
    (@ normalised $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $linker.func_wrap(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                let (mut memory, ctx) = enter_stock(&mut caller, $get, HostCall::$name)?;
                block_on(normalised::$name(ctx, &mut memory, Version::$module, ($($arg,)*)))
            },
        )?;
    };
}

macro_rules! define_async {
    ($linker:ident $get:ident $module:ident
        $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        define_async!(@ $kind $linker $get $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ at_once $($function:tt)*) => {
        define_sync!(@ at_once $($function)*);
    };
    (@ waits $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $linker.func_wrap_async(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| {
                Box::new(async move {
                    let (mut memory, ctx) = enter_stock(&mut caller, $get, HostCall::$name)?;
                    $module::$name(&mut ctx.wasi, &mut memory, $($arg),*).await
                })
            },
        )?;
    };
    (@ normalised $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        $linker.func_wrap_async(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| {
                Box::new(async move {
                    let (mut memory, ctx) = enter_stock(&mut caller, $get, HostCall::$name)?;
                    normalised::$name(ctx, &mut memory, Version::$module, ($($arg,)*)).await
                })
            },
        )?;
    };
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
    answered(linker, "wasi_snapshot_preview1", &poll::P1, Wait::Block, get)?;
    answered(linker, "wasi_unstable", &poll::P0, Wait::Block, get)?;
    stock_functions!(define_sync, linker, get, wasi_snapshot_preview1);
    stock_functions!(define_sync, linker, get, wasi_unstable);
    sock_accept(linker, get)
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
    answered(linker, "wasi_snapshot_preview1", &poll::P1, Wait::Never, get)?;
    answered(linker, "wasi_unstable", &poll::P0, Wait::Never, get)?;
    stock_functions!(define_async, linker, get, wasi_snapshot_preview1);
    stock_functions!(define_async, linker, get, wasi_unstable);
    sock_accept(linker, get)
}

/// The functions that the policies answer. None of them waits, so they serve both kinds of linker.
fn answered<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    layout: &'static Layout,
    wait: Wait,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    linker.func_wrap(
        module,
        "clock_time_get",
        move |mut caller: Caller<'_, T>, id: i32, _precision: i64, out: i32| {
            let (mut memory, ctx) = enter(&mut caller, get, HostCall::clock_time_get)?;
            answers::clock_time_get(&mut ctx.deterministic, &mut memory, id, out)
        },
    )?;
    linker.func_wrap(module, "clock_res_get", move |mut caller: Caller<'_, T>, id: i32, out: i32| {
        let (mut memory, ctx) = enter(&mut caller, get, HostCall::clock_res_get)?;
        answers::clock_res_get(&mut ctx.deterministic, &mut memory, id, out)
    })?;
    linker.func_wrap(module, "random_get", move |mut caller: Caller<'_, T>, buf: i32, len: i32| {
        let (mut memory, ctx) = enter(&mut caller, get, HostCall::random_get)?;
        answers::random_get(&mut ctx.deterministic, &mut memory, buf, len)
    })?;
    linker.func_wrap(module, "sched_yield", move |mut caller: Caller<'_, T>| {
        observe_fuel(&mut caller, get)?;
        let ctx = &mut get(caller.data_mut()).deterministic;
        ctx.calls.count(HostCall::sched_yield);
        answers::sched_yield(ctx)
    })?;
    linker.func_wrap(
        module,
        "poll_oneoff",
        move |mut caller: Caller<'_, T>, subscriptions: i32, events: i32, count: i32, count_out: i32| {
            let copy_limit = caller.as_context_mut().hostcall_fuel();
            let (mut memory, ctx) = enter(&mut caller, get, HostCall::poll_oneoff)?;
            let call = Call::new(subscriptions, events, count, count_out);
            let P1Ctx { wasi, deterministic, .. } = ctx;
            let mut table = readiness::Table { wasi, wait };
            poll::poll_oneoff(layout, deterministic.poll_policy(), &mut table, &mut memory, &call, copy_limit)
        },
    )?;
    Ok(())
}

/// What every answered call begins with: the clock hears of consumed fuel if it wants to, the call is counted, the guest's
/// memory found.
#[inline]
fn enter<'a, T: 'static>(
    caller: &'a mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Ctx,
    call: HostCall,
) -> Result<(GuestMemory<'a>, &'a mut P1Ctx)> {
    observe_fuel(caller, &get)?;
    let (memory, data) = memory_and_data(caller)?;
    let ctx = get(data);
    ctx.deterministic.calls.count(call);
    Ok((memory, ctx))
}

#[inline]
fn observe_fuel<T: 'static>(caller: &mut Caller<'_, T>, get: impl Fn(&mut T) -> &mut P1Ctx) -> Result<()> {
    if get(caller.data_mut()).deterministic.time.observes_fuel {
        let fuel = caller.get_fuel();
        get(caller.data_mut()).deterministic.time.fuel_left(fuel)?;
    }
    Ok(())
}

/// What every stock call begins with: it is counted, the guest's memory found, and the allowance for copies renewed, as
/// stock's own linker function does.
fn enter_stock<'a, T: 'static>(
    caller: &'a mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Ctx,
    call: HostCall,
) -> Result<(GuestMemory<'a>, &'a mut P1Ctx)> {
    observe_fuel(caller, &get)?;
    let copy_limit = caller.as_context_mut().hostcall_fuel();
    let (memory, data) = memory_and_data(caller)?;
    let ctx = get(data);
    ctx.deterministic.calls.count(call);
    WasiSnapshotPreview1::set_hostcall_fuel(&mut ctx.wasi, copy_limit);
    Ok((memory, ctx))
}

/// Only `wasi_snapshot_preview1` has it.
fn sock_accept<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<()> {
    linker.func_wrap(
        "wasi_snapshot_preview1",
        "sock_accept",
        move |mut caller: Caller<'_, T>, fd: i32, flags: i32, out: i32| -> Result<i32> {
            let (mut memory, ctx) = enter_stock(&mut caller, get, HostCall::sock_accept)?;
            wasi_snapshot_preview1::sock_accept(&mut ctx.wasi, &mut memory, fd, flags, out)
        },
    )?;
    Ok(())
}
