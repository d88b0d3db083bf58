//! How the component interfaces find a store's policies.

use deterministic_core::Policies;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::DeterministicCtx;

/// What the interfaces answered by policies work on.
#[derive(Debug)]
pub struct DeterministicCtxView<'a> {
    /// The policies.
    pub ctx: &'a mut DeterministicCtx,
    /// The table of the store's resources, the same that [`WasiView`] gives.
    pub table: &'a mut ResourceTable,
}

impl DeterministicCtxView<'_> {
    /// The same, for as long as it is borrowed.
    #[cfg(feature = "http")]
    pub(crate) fn reborrow(&mut self) -> DeterministicCtxView<'_> {
        DeterministicCtxView { ctx: self.ctx, table: self.table }
    }
}

/// Gives the interfaces of WASI 0.2 and 0.3 access to the policies; in addition to wasmtime-wasi's [`WasiView`], which gives
/// them the rest. Implemented by the data of the store.
///
/// ```
/// use deterministic_wasmtime::core::Policies;
/// use deterministic_wasmtime::{DeterministicCtx, DeterministicCtxView, DeterministicView};
/// use wasmtime::component::ResourceTable;
/// use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
///
/// struct State { wasi: WasiCtx, table: ResourceTable, deterministic: DeterministicCtx }
///
/// impl State {
///     fn new(mut wasi: WasiCtx, policies: Policies) -> Self {
///         let mut deterministic = DeterministicCtx::new(policies);
///         // The directories of the builder. Without this the guest has none.
///         deterministic.mount_preopens(&mut wasi);
///         State { wasi, table: ResourceTable::new(), deterministic }
///     }
/// }
///
/// impl WasiView for State {
///     fn ctx(&mut self) -> WasiCtxView<'_> { WasiCtxView { ctx: &mut self.wasi, table: &mut self.table } }
/// }
///
/// impl DeterministicView for State {
///     fn deterministic_view(&mut self) -> DeterministicCtxView<'_> {
///         DeterministicCtxView { ctx: &mut self.deterministic, table: &mut self.table }
///     }
/// }
/// ```
pub trait DeterministicView: WasiView {
    /// The policies, and the table of resources.
    fn deterministic_view(&mut self) -> DeterministicCtxView<'_>;
}

/// The marker by which the generated `add_to_linker::<T, Deterministic>` functions know their view.
#[derive(Debug)]
pub struct Deterministic;

impl HasData for Deterministic {
    type Data<'a> = DeterministicCtxView<'a>;
}

/// What a store needs for components: put it into the `T` of `Store<T>`, or let it be the `T`. Made by
/// [`build_deterministic`](crate::WasiCtxBuilderExt::build_deterministic).
pub struct ComponentCtx {
    wasi: WasiCtx,
    table: ResourceTable,
    deterministic: DeterministicCtx,
}

/// How many resources a guest of a [`ComponentCtx`] may have alive: a million timers, each of which is one, with room for
/// the rest. Wasmtime counts handles for itself and allows fewer; give this to `Store::set_max_component_handles` for a
/// guest with that many.
pub const MAX_RESOURCES: usize = 1 << 21;

impl ComponentCtx {
    pub(crate) fn new(mut wasi: WasiCtx, policies: Policies) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut deterministic = DeterministicCtx::new(policies);
        deterministic.mount_preopens(&mut wasi);
        ComponentCtx { wasi, table, deterministic }
    }

    /// The state of the policies: where the timeline stands, what was called. [`P1Ctx`](crate::p1::P1Ctx) has the same.
    pub fn deterministic(&self) -> &DeterministicCtx {
        &self.deterministic
    }

    /// The same, to restore a saved state, to mount directories, or to let time pass.
    pub fn deterministic_mut(&mut self) -> &mut DeterministicCtx {
        &mut self.deterministic
    }
}

impl WasiView for ComponentCtx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl DeterministicView for ComponentCtx {
    fn deterministic_view(&mut self) -> DeterministicCtxView<'_> {
        DeterministicCtxView { ctx: &mut self.deterministic, table: &mut self.table }
    }
}

impl std::fmt::Debug for ComponentCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ComponentCtx").field("deterministic", &self.deterministic).finish_non_exhaustive()
    }
}
