//! Instances whose calls need not look for their memory.
//!
//! A host function is told which store calls it and has to search the calling instance for its memory, which costs more
//! than the rest of a short call. The functions that are linked here belong to one module, and can be called by its
//! instances only, as long as none of them leaves the instance that imports it ([`escapes`](super::escapes)). So where
//! a store has one such instance, its memory is noted when it is made, and nothing is searched. A second instance, a
//! function that may leave, and whatever runs before the first instance is complete are searched as ever.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::{AsContextMut, Extern, Instance, Linker, Module, ModuleExport, Result, StoreContextMut};

use super::P1Ctx;
use super::escapes::Escapes;
use super::link::Definitions;
use super::memory::{Bound, Finder, export_of};

/// A module whose imports are found, those of WASI 0.1 by functions that know its memory: each call is several
/// times faster than after [`Linker::instantiate`]. Made by [`instantiate_pre_sync`] or [`instantiate_pre_async`].
///
/// One instance in a store has the advantage: the first that is made with its context, if that succeeds. Further ones in the
/// same store, of this module or of others, run as correctly, and at least as fast as after [`Linker::instantiate`].
pub struct InstancePre<T: 'static> {
    linked: wasmtime::InstancePre<T>,
    owner: NonZeroU64,
    /// Where the module has its memory.
    export: Option<ModuleExport>,
    get: Arc<dyn Fn(&mut T) -> &mut P1Ctx + Send + Sync>,
}

/// Finds the imports of `module`, for instances that are made and called synchronously: those of WASI 0.1 here, all others
/// in `linker`.
///
/// A function of WASI 0.1 that `linker` has already stays as it is there, so that single ones can be replaced. Give it a
/// linker without [`add_to_linker_sync`](super::add_to_linker_sync): what that defines would stay, too.
///
/// `get` finds the [`P1Ctx`] in the store's data. While an instance lives, that must be the one it was made with: with
/// another one its calls would work on the memory of another instance of the module, and with one from another store
/// Wasmtime panics. If contexts change while instances live, take [`add_to_linker_sync`](super::add_to_linker_sync).
///
/// ```
/// use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
/// use wasmtime::{Config, Engine, Linker, Module, Store};
/// use wasmtime_wasi::WasiCtxBuilder;
///
/// let engine = Engine::new(configure(&mut Config::new()))?;
/// let module = Module::new(&engine, r#"(module (memory (export "memory") 1) (func (export "_start")))"#)?;
/// let program = p1::instantiate_pre_sync(&Linker::new(&engine), &module, |ctx: &mut p1::P1Ctx| ctx)?;
///
/// let mut store = Store::new(&engine, WasiCtxBuilder::new().build_deterministic_p1(Default::default()));
/// let instance = program.instantiate(&mut store)?;
/// instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
/// # wasmtime::error::Ok(())
/// ```
///
/// # Errors
///
/// [`Error::WasiAlreadyLinked`](crate::Error::WasiAlreadyLinked) if `linker` has all of WASI 0.1 or of `wasi_unstable`
/// already, ours or anyone's; what
/// [`Linker::instantiate_pre`] says.
pub fn instantiate_pre_sync<T: Send + 'static>(
    linker: &Linker<T>,
    module: &Module,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<InstancePre<T>> {
    InstancePre::new(linker, module, get, |wasi| wasi.define_sync())
}

/// As [`instantiate_pre_sync`], for instances that are made and called asynchronously.
///
/// # Errors
///
/// The same.
pub fn instantiate_pre_async<T: Send + 'static>(
    linker: &Linker<T>,
    module: &Module,
    get: impl Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
) -> Result<InstancePre<T>> {
    InstancePre::new(linker, module, get, |wasi| wasi.define_async())
}

impl<T: Send + 'static> InstancePre<T> {
    fn new<G>(
        linker: &Linker<T>,
        module: &Module,
        get: G,
        define: impl FnOnce(Definitions<'_, T, G>) -> Result<()>,
    ) -> Result<Self>
    where
        G: Fn(&mut T) -> &mut P1Ctx + Copy + Send + Sync + 'static,
    {
        /// Only told apart: no guest and no digest sees the numbers.
        static OWNERS: AtomicU64 = AtomicU64::new(1);
        let owner = OWNERS.fetch_add(1, Ordering::Relaxed);
        let owner = NonZeroU64::new(owner).expect("2^64 modules take longer to compile than anyone waits");

        let escapes = Escapes::of(module);
        let export = export_of(module);
        let finder = |from: &str, name: &str| {
            let alone = !escapes.possible(from, name);
            Finder { owner: alone.then_some(owner), export: export.filter(|_| alone) }
        };
        let mut linker = linker.clone();
        define(Definitions::new(&mut linker, get, &finder).missing_only())?;
        Ok(InstancePre { linked: linker.instantiate_pre(module)?, owner, export, get: Arc::new(get) })
    }

    /// The module.
    pub fn module(&self) -> &Module {
        self.linked.module()
    }

    /// Makes an instance in `store`.
    ///
    /// # Errors
    ///
    /// What [`wasmtime::InstancePre::instantiate`] says.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        self.before(&mut store);
        let made = self.linked.instantiate(&mut store);
        self.after(store, made)
    }

    /// Makes an instance in `store`, asynchronously.
    ///
    /// # Errors
    ///
    /// What [`wasmtime::InstancePre::instantiate_async`] says.
    pub async fn instantiate_async(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut store = store.as_context_mut();
        self.before(&mut store);
        let made = self.linked.instantiate_async(&mut store).await;
        self.after(store, made)
    }

    /// While the instance is made, its start function may run, and may even have another one made.
    fn before(&self, store: &mut StoreContextMut<'_, T>) {
        let bound = &mut (self.get)(store.data_mut()).bound;
        *bound = match *bound {
            Bound::Free => Bound::Pending { owner: self.owner },
            Bound::Pending { owner } | Bound::To { owner, .. } if owner == self.owner => Bound::Several,
            others => others,
        };
    }

    fn after(&self, mut store: StoreContextMut<'_, T>, made: Result<Instance>) -> Result<Instance> {
        match (self.get)(store.data_mut()).bound {
            Bound::Pending { owner } if owner == self.owner => {}
            _ => return made,
        }
        // One that was not completed may nevertheless have been called, and live on.
        let memory = made.as_ref().ok().and_then(|instance| {
            match instance.get_module_export(&mut store, self.export.as_ref()?)? {
                Extern::Memory(memory) => Some(memory),
                _ => None,
            }
        });
        (self.get)(store.data_mut()).bound =
            memory.map_or(Bound::Several, |memory| Bound::To { owner: self.owner, memory });
        made
    }
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        InstancePre { linked: self.linked.clone(), owner: self.owner, export: self.export, get: self.get.clone() }
    }
}

impl<T> std::fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstancePre").finish_non_exhaustive()
    }
}
