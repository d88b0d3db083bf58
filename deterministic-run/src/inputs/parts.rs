//! What [`crate::parts`] is put together from.

use std::borrow::Cow;

use deterministic_instrument::call_depth::{CallCost, limit_call_depth_by};
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::fs::{Access, FileSystem, Tree};
use wasmtime_wasi::WasiCtxBuilder;

use super::{Entry, Inputs};
use crate::outputs::Outputs;
use crate::{Error, Guest, Kind, Stdin};

impl Inputs {
    /// The guest.
    pub fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Whether the guest, or a module before it, imports anything by which standard input is read. If not, it has none.
    pub fn reads_stdin(&self) -> bool {
        self.guest.reads_stdin() || self.preloads.iter().any(|preload| preload.guest().reads_stdin())
    }

    /// What the guest hears of its input.
    pub(crate) fn heard(&self) -> Stdin {
        if self.reads_stdin() { self.stdin.clone() } else { Stdin::default() }
    }

    /// The hermetic directories: the guest's name for each, what is in it, and what the guest may do with it.
    pub fn trees(&self) -> impl Iterator<Item = (&str, &Tree, Access)> {
        self.directories.hermetic.iter().map(|hermetic| (hermetic.guest.as_str(), &*hermetic.tree, hermetic.access))
    }

    /// How many bytes of stack the guest has.
    pub fn wasm_stack(&self) -> usize {
        self.max_wasm_stack
    }

    /// The fuel that the guest begins with, if it is counted.
    pub fn counted_fuel(&self) -> Option<u64> {
        self.fuel_under(&mut self.make_policies())
    }

    /// The limit on memory, for a store.
    pub fn limits(&self) -> Limits {
        Limits::default().max_memory_bytes(self.max_memory)
    }

    /// The context of a run, with arguments, environment, live directories and these outputs; without input and hermetic
    /// directories.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`].
    pub fn context(&self, outputs: &Outputs) -> Result<WasiCtxBuilder, Error> {
        let mut builder = self.context_alone(outputs);
        self.directories.open(&mut builder)?;
        Ok(builder)
    }

    /// The same without live directories.
    pub(crate) fn context_alone(&self, outputs: &Outputs) -> WasiCtxBuilder {
        let mut builder = WasiCtxBuilder::new();
        builder.stdout(outputs.stdout()).stderr(outputs.stderr()).args(&self.arguments);
        for (name, value) in &self.environment {
            builder.env(name, value);
        }
        builder
    }

    /// Gives the hermetic directories to a guest that has not started.
    ///
    /// # Errors
    ///
    /// [`Error::Hermetic`].
    pub fn mount(&self, files: &mut FileSystem) -> Result<(), Error> {
        self.directories.mount(files)
    }

    /// A core module with the limit on call depth that is in force for one of so many.
    ///
    /// # Errors
    ///
    /// What keeps it from being rewritten.
    pub fn limited<'a>(&self, binary: &'a [u8], modules: usize) -> wasmtime::Result<Cow<'a, [u8]>> {
        Ok(match self.call_depth_of_one(modules) {
            Some(limit) => limit_call_depth_by(binary, limit, CallCost::Frame)?.into(),
            None => binary.into(),
        })
    }

    /// A component with the limit on call depth that is in force.
    pub(crate) fn limited_component<'a>(&self, binary: &'a [u8]) -> wasmtime::Result<Cow<'a, [u8]>> {
        Ok(match self.max_call_depth {
            Some(limit) => limit_call_depth_by(binary, limit, CallCost::Frame)?.into(),
            None => binary.into(),
        })
    }

    /// Whether a core module's calls are limited in depth.
    pub fn limits_call_depth(&self) -> bool {
        self.call_depth_of_one(1).is_some()
    }

    /// What can be seen to be wrong without compiling anything. [`prepare`](Self::prepare) looks, too.
    ///
    /// # Errors
    ///
    /// Those that say what does not go together: a request for a core module, two modules of one name, ….
    pub fn check(&self) -> Result<(), Error> {
        let guest = || self.guest.called();
        let is_module = self.guest.kind() == Kind::Module;
        if is_module && matches!(self.entry, Entry::Request(_)) {
            return Err(Error::ModuleAsHandler { guest: guest() });
        }
        for (at, preload) in self.preloads.iter().enumerate() {
            if !is_module {
                return Err(Error::PreloadForComponent { guest: guest() });
            }
            if self.preloads[..at].iter().any(|other| other.name() == preload.name()) {
                return Err(Error::PreloadTwice { name: preload.name().into() });
            }
            if preload.guest().kind() == Kind::Component {
                return Err(Error::PreloadIsComponent { guest: preload.guest().called() });
            }
        }
        if is_module && self.responder.is_some() {
            return Err(Error::ResponderForModule { guest: guest() });
        }
        if self.profile && !is_module {
            return Err(Error::ProfileOfComponent { guest: guest() });
        }
        if self.profile && self.counted_fuel().is_some() {
            return Err(Error::ProfileWithFuel);
        }
        self.check_engine_kind()
    }

    /// Whether nothing of a module is called: it exports no program, and has no function that is called at its start.
    pub fn calls_nothing(&self) -> bool {
        self.program.get().is_some_and(|program| program.calls_nothing()) && !self.guest.has_start_function()
    }
}
