//! Every function of both versions, defined once for synchronous and once for asynchronous linkers.

use deterministic_wasi::p1::{GuestMemory, Logged, P1, Version, functions};
use deterministic_wasi::{Answer, Fault, HostCall, p1_functions, p1_told};
use wasmtime::{AsContextMut as _, Caller, Linker, Result};

use super::P1Ctx;
use super::memory::{Finder, observe_fuel};
use crate::Error;
use crate::end::end;
use crate::executor::block_on;

/// Defines the rows of [`p1_functions!`] that `$module` has, synchronously. A call that is attended, by a clock that observes fuel or a
/// log, goes another way from its beginning on, so that the others do nothing for it.
macro_rules! define_sync {
    ($to:ident $module:ident; $($kind:ident $modules:ident $name:ident($($arg:ident: $ty:ident [$points:ident]),*)
        -> $ret:tt, $label:ident [$($policy:literal)?];)*) => {$(
        define_sync!(@ $kind $modules $to $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ $kind:ident new $to:ident wasi_unstable $($row:tt)*) => {};
    (@ $kind:ident $modules:ident $to:ident $module:ident $name:ident($($arg:ident: $ty:ident),*) -> $ret:tt) => {
        $to.define(stringify!($module), stringify!($name), |linker, from, name, get, finder| {
            linker.func_wrap(from, name, move |mut caller: Caller<'_, T>, $($arg: $ty),*| -> Result<$ret> {
                #[cold]
                #[inline(never)]
                fn attended<T: 'static>(
                    caller: &mut Caller<'_, T>,
                    get: impl Fn(&mut T) -> &mut P1Ctx + Copy,
                    finder: Finder,
                    ($($arg,)*): ($($ty,)*),
                ) -> Result<$ret> {
                    observe_fuel(caller, get)?;
                    <$ret>::lower(define_sync!(@ logged $kind caller get finder $module $name($($arg),*)))
                }
                if get(caller.data_mut()).deterministic.wasi.is_attended() {
                    return attended(&mut caller, get, finder, ($($arg,)*));
                }
                let caller = &mut caller;
                <$ret>::lower(define_sync!(@ plain $kind caller get finder $module $name($($arg),*)))
            }).map(drop)
        })?;
    };
    (@ $how:ident asks $caller:ident $get:ident $finder:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, ctx) = $finder.enter($caller, $get, HostCall::$name)?;
        let wasi = &mut ctx.deterministic.wasi;
        p1_told!($how wasi, memory, $module $name($($arg),*) =>
            functions::$name(wasi, &mut memory, Version::$module, ($($arg,)*)))
    }};
    (@ $how:ident yields $caller:ident $get:ident $finder:ident $module:ident $name:ident()) => {{
        let _ = $finder;
        let wasi = &mut $get($caller.data_mut()).deterministic.wasi;
        wasi.calls.count(HostCall::$name);
        p1_told!($how wasi, GuestMemory::new(&mut []), $module $name() => functions::$name(wasi))
    }};
    (@ $how:ident copies $caller:ident $get:ident $finder:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, mut ctx) = enter_copying($finder, $caller, $get, HostCall::$name)?;
        p1_told!($how ctx.wasi, memory, $module $name($($arg),*) =>
            functions::$name(&mut ctx, &mut memory, Version::$module, ($($arg,)*)))
    }};
    (@ $how:ident waits $caller:ident $get:ident $finder:ident $module:ident $name:ident($($arg:ident),*)) => {{
        let (mut memory, mut ctx) = enter_copying($finder, $caller, $get, HostCall::$name)?;
        p1_told!($how ctx.wasi, memory, $module $name($($arg),*) =>
            match functions::$name(&mut ctx, &mut memory, Version::$module, ($($arg,)*)) {
                Ok(Some(wait)) => block_on(wait.finish(&mut ctx, &mut memory)),
                done => done.map(drop),
            })
    }};
}

/// The same, asynchronously. Only what waits is another function then.
macro_rules! define_async {
    ($to:ident $module:ident; $($kind:ident $modules:ident $name:ident($($arg:ident: $ty:ident [$points:ident]),*)
        -> $ret:tt, $label:ident [$($policy:literal)?];)*) => {$(
        define_async!(@ $kind $modules $to $module $name($($arg: $ty),*) -> $ret);
    )*};
    (@ waits $modules:ident $to:ident $module:ident $name:ident($($arg:ident: $ty:ident),*) -> $ret:tt) => {
        $to.define(stringify!($module), stringify!($name), |linker, from, name, get, finder| {
            linker.func_wrap_async(from, name, move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| {
                Box::new(async move {
                    let attended = get(caller.data_mut()).deterministic.wasi.is_attended();
                    if attended {
                        observe_fuel(&mut caller, get)?;
                    }
                    let (mut memory, mut ctx) = enter_copying(finder, &mut caller, get, HostCall::$name)?;
                    let version = Version::$module;
                    let logged = match attended {
                        true => Logged::begin(ctx.wasi, &memory, version, HostCall::$name, &[$($arg.into()),*]),
                        false => Ok(None),
                    };
                    let logged = match logged {
                        Ok(logged) => logged,
                        Err(stopped) => return <$ret>::lower(Err(stopped)),
                    };
                    let answer = match functions::$name(&mut ctx, &mut memory, version, ($($arg,)*)) {
                        Ok(Some(wait)) => wait.finish(&mut ctx, &mut memory).await,
                        done => done.map(drop),
                    };
                    <$ret>::lower(Logged::end(logged, ctx.wasi, &memory, answer))
                })
            }).map(drop)
        })?;
    };
    (@ $($row:tt)*) => { define_sync!(@ $($row)*); };
}

/// What a function gives to WebAssembly.
trait Lower: Sized {
    fn lower(answer: Answer) -> Result<Self>;
}

impl Lower for i32 {
    #[inline]
    fn lower(answer: Answer) -> Result<Self> {
        match answer {
            Ok(()) => Ok(0),
            Err(Fault::Errno(errno)) => Ok(errno as i32),
            Err(Fault::Trap(trap)) => Err(end(trap)),
        }
    }
}

/// `proc_exit` gives nothing, since it never returns.
impl Lower for () {
    fn lower(answer: Answer) -> Result<Self> {
        i32::lower(answer).map(drop)
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
        p1_functions!(define_sync! { to wasi_snapshot_preview1 });
        p1_functions!(define_sync! { to wasi_unstable });
        self.finish()
    }

    pub(super) fn define_async(mut self) -> Result<()> {
        let to = &mut self;
        p1_functions!(define_async! { to wasi_snapshot_preview1 });
        p1_functions!(define_async! { to wasi_unstable });
        self.finish()
    }

    fn finish(self) -> Result<()> {
        if self.defined.contains(&0) { Err(Error::WasiAlreadyLinked.into()) } else { Ok(()) }
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
}

/// What a call begins with that may copy strings and lists, or use descriptors: the allowance for copies is renewed, as by stock,
/// and the guest has what it starts with.
#[inline(always)]
fn enter_copying<'a, T: 'static>(
    finder: Finder,
    caller: &'a mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Ctx,
    call: HostCall,
) -> Result<(GuestMemory<'a>, P1<'a>)> {
    let copy_limit = caller.as_context_mut().hostcall_fuel();
    let (memory, ctx) = finder.enter(caller, get, call)?;
    if !ctx.state.is_started() {
        ctx.start()?;
    }
    ctx.state.set_allowance(copy_limit);
    Ok((memory, P1 { state: &mut ctx.state, wasi: &mut ctx.deterministic.wasi }))
}
