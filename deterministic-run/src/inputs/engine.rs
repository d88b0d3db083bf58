//! What the guest runs on.

use wasmtime::{Cache, Engine, OptLevel};

use super::Inputs;
use crate::engine::{POOLED_MEMORY, Setup};
use crate::{EngineKind, Error, Kind};

impl Inputs {
    /// Which engine runs the guest. What comes of it is the same on each.
    pub fn engine_kind(mut self, kind: EngineKind) -> Self {
        self.engine_kind = kind;
        self.other_engine()
    }

    /// How much Cranelift optimises, for itself and for Pulley: for speed unless it is given. Winch has no levels.
    pub fn opt_level(mut self, level: OptLevel) -> Self {
        self.opt_level = Some(level);
        self.other_engine()
    }

    /// Has every memory in the [outcome](crate::Outcome::memories), those too that nobody exports: of a module by the number that it
    /// has there, of a component by that and the number of the instance. Each is told once. A component is compiled to be inspected
    /// for it (Wasmtime's `guest_debug`), which makes it slower.
    pub fn all_memories(mut self, all: bool) -> Self {
        self.all_memories = all;
        self.other_engine()
    }

    /// Instances come from a pool that has room for so many runs at a time; 0 for none. It takes less time for each run, and fewer guests
    /// fit into it.
    pub(crate) fn pooled(mut self, runs: usize) -> Self {
        self.pooled = runs;
        self.other_engine()
    }

    /// Whether a memory can become as large there as elsewhere.
    pub(crate) fn fits_a_pool(&self) -> bool {
        self.max_memory <= POOLED_MEMORY as u64
    }

    /// The same for many runs, so many of them at a time, compiled.
    pub(crate) fn for_many(&self, runs: usize) -> Result<Self, Error> {
        // How much a component takes of a pool is not known before it runs.
        if self.guest.kind() == Kind::Module && self.preloads.is_empty() && self.fits_a_pool() {
            let pooled = self.clone().pooled(runs);
            if pooled.prepare().is_ok() {
                return Ok(pooled);
            }
        }
        self.prepare()?;
        Ok(self.clone())
    }

    /// Has a core dump in the outcome, if the guest is ended by something else than its exit: see [`Outcome::core`](crate::Outcome::core).
    /// The run is the same, and so is its fingerprint; until the guest is ended it costs nothing.
    pub fn core_dump(mut self, dump: bool) -> Self {
        self.core_dump = dump;
        self.other_engine()
    }

    /// Where compiled code is kept. It changes the time that compiling takes and nothing else, and is not in the fingerprint.
    pub fn compile_cache(mut self, cache: Option<Cache>) -> Self {
        self.compile_cache = cache;
        self.other_engine()
    }

    /// Whether the engine keeps account of what is in a component.
    pub(crate) fn inspects(&self) -> bool {
        self.all_memories && self.guest.kind() == Kind::Component
    }

    /// What of the engine cannot be had.
    pub(super) fn check_engine_kind(&self) -> Result<(), Error> {
        let kind = self.engine_kind;
        let optimises = matches!(kind, EngineKind::Cranelift | EngineKind::Pulley);
        if !optimises && self.opt_level.is_some() {
            return Err(Error::NoOptLevel { kind });
        }
        #[cfg(feature = "wasmi")]
        if kind == EngineKind::Wasmi && self.guest.kind() == Kind::Component {
            return Err(Error::NotOnEngine { kind, what: "components" });
        }
        #[cfg(feature = "wasmi")]
        if kind == EngineKind::Wasmi && self.core_dump {
            return Err(Error::NotOnEngine { kind, what: "core dumps" });
        }
        if kind == EngineKind::Winch && self.inspects() {
            return Err(Error::NotInspected { guest: self.guest.called(), kind });
        }
        Ok(())
    }

    /// What the guest runs on.
    pub(crate) fn engine(&self) -> Result<&Engine, Error> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let fuel = self.fuel_under(&mut self.make_policies());
        let setup = Setup {
            kind: self.engine_kind,
            opt_level: self.opt_level,
            fuel: fuel.is_some(),
            wasm_stack: self.max_wasm_stack,
            inspects: self.inspects(),
            pooled: self.pooled,
            core_dump: self.core_dump,
        };
        let mut config = setup.config()?;
        let engine = Engine::new(config.cache(self.compile_cache.clone())).map_err(crate::error::refused)?;
        Ok(self.engine.get_or_init(|| engine))
    }
}
