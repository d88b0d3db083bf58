//! Every function of both versions, defined in a linker.

use deterministic_wasi::p1::{GuestMemory, P1Ctx, Version, functions};
use deterministic_wasi::{Answer, Error, Fault, HostCall, p1_functions, p1_told};
use pollster::block_on;
use wasmi::{Caller, Linker};

use crate::ended::{Ended, end};

/// Defines the rows of [`p1_functions!`] that `$module` has. A call that is attended, by a clock that observes fuel or a log, goes
/// another way from its beginning on.
macro_rules! define {
    ($linker:ident $get:ident $module:ident; $($kind:ident $modules:ident $name:ident($($arg:ident: $ty:ident [$points:ident]),*)
        -> $ret:tt, $label:ident [$($policy:literal)?];)*) => {$(
        define!(@ $kind $modules $linker $get $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ $kind:ident new $linker:ident $get:ident wasi_unstable $($row:tt)*) => {};
    (@ $kind:ident $modules:ident $linker:ident $get:ident $module:ident $name:ident($($arg:ident: $ty:ident),*) -> $ret:tt) => {
        $linker.func_wrap(
            stringify!($module),
            stringify!($name),
            move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret, wasmi::Error> {
                #[cold]
                #[inline(never)]
                fn attended<T: 'static>(
                    caller: &mut Caller<'_, T>,
                    get: impl Fn(&mut T) -> &mut P1Ctx + Copy,
                    ($($arg,)*): ($($ty,)*),
                ) -> Result<$ret, wasmi::Error> {
                    observe_fuel(caller, get)?;
                    <$ret>::lower(define!(@ logged $kind caller get $module $name($($arg),*)))
                }
                if $get(caller.data_mut()).deterministic().is_attended() {
                    return attended(&mut caller, $get, ($($arg,)*));
                }
                let caller = &mut caller;
                <$ret>::lower(define!(@ plain $kind caller $get $module $name($($arg),*)))
            },
        )?;
    };
    (@ $how:ident yields $caller:ident $get:ident $module:ident $name:ident()) => {{
        let wasi = $get($caller.data_mut()).asked(HostCall::$name);
        p1_told!($how wasi, GuestMemory::new(&mut []), $module $name() => functions::$name(wasi))
    }};
    (@ $how:ident asks $caller:ident $get:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, ctx) = enter($caller, $get)?;
        let wasi = ctx.asked(HostCall::$name);
        p1_told!($how wasi, memory, $module $name($($arg),*) =>
            functions::$name(wasi, &mut memory, Version::$module, ($($arg,)*)))
    }};
    (@ $how:ident copies $caller:ident $get:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, ctx) = enter($caller, $get)?;
        let mut ctx = ctx.called(HostCall::$name);
        p1_told!($how ctx.wasi, memory, $module $name($($arg),*) =>
            functions::$name(&mut ctx, &mut memory, Version::$module, ($($arg,)*)))
    }};
    (@ $how:ident waits $caller:ident $get:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, ctx) = enter($caller, $get)?;
        let mut ctx = ctx.called(HostCall::$name);
        p1_told!($how ctx.wasi, memory, $module $name($($arg),*) =>
            match functions::$name(&mut ctx, &mut memory, Version::$module, ($($arg,)*)) {
                Ok(Some(wait)) => block_on(wait.finish(&mut ctx, &mut memory)),
                done => done.map(drop),
            })
    }};
}

/// Defines all functions of `wasi_snapshot_preview1` and `wasi_unstable` in `linker`.
///
/// `get` finds the [`P1Ctx`] in the store's data; it runs with each call, so it should be a field access.
///
/// ```
/// use deterministic_wasmi::{P1Ctx, add_to_linker, configure};
/// use wasmi::{Config, Engine, Linker, Store};
///
/// struct State { wasi: P1Ctx }
///
/// let engine = Engine::new(configure(&mut Config::default()));
/// let mut linker = Linker::new(&engine);
/// add_to_linker(&mut linker, |state: &mut State| &mut state.wasi)?;
/// let store = Store::new(&engine, State { wasi: P1Ctx::new(Default::default()) });
/// # let _ = store;
/// # Ok::<(), wasmi::Error>(())
/// ```
///
/// # Errors
///
/// If the linker has one of the functions already and does not allow shadowing.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<(), wasmi::Error> {
    p1_functions!(define! { linker get wasi_snapshot_preview1 });
    p1_functions!(define! { linker get wasi_unstable });
    Ok(())
}

/// What each call begins with: the memory of the instance that calls is found.
fn enter<'a, T>(
    caller: &'a mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Ctx,
) -> Result<(GuestMemory<'a>, &'a mut P1Ctx), wasmi::Error> {
    let memory = caller.get_export("memory").and_then(|export| export.into_memory()).ok_or_else(no_memory)?;
    let (bytes, data) = memory.data_and_store_mut(caller);
    Ok((GuestMemory::new(bytes), get(data)))
}

/// Tells a clock that minds it how much fuel is left.
fn observe_fuel<T>(caller: &mut Caller<'_, T>, get: impl Fn(&mut T) -> &mut P1Ctx) -> Result<(), wasmi::Error> {
    if get(caller.data_mut()).deterministic().time.observes_fuel() {
        let fuel = caller.get_fuel().ok();
        let observed = get(caller.data_mut()).deterministic_mut().time.fuel_left(fuel);
        observed.map_err(|error| wasmi::Error::host(Ended::from(error)))?;
    }
    Ok(())
}

#[cold]
fn no_memory() -> wasmi::Error {
    wasmi::Error::host(Ended::from(Error::NoMemory))
}

/// What a function gives to WebAssembly.
trait Lower: Sized {
    fn lower(answer: Answer) -> Result<Self, wasmi::Error>;
}

impl Lower for i32 {
    fn lower(answer: Answer) -> Result<Self, wasmi::Error> {
        match answer {
            Ok(()) => Ok(0),
            Err(Fault::Errno(errno)) => Ok(errno as i32),
            Err(Fault::Trap(trap)) => Err(end(trap)),
        }
    }
}

/// `proc_exit` gives nothing, since it never returns.
impl Lower for () {
    fn lower(answer: Answer) -> Result<Self, wasmi::Error> {
        i32::lower(answer).map(drop)
    }
}
