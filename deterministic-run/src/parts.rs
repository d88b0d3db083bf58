//! The parts of a run, for those who put one together themselves: who measures it, or has more in the guest's linker.
//!
//! [`Inputs`] has the rest: `context`, `mount`, `make_policies`, `limits`.

use wasmtime::Module;
use wasmtime::component::InstancePre;

pub use crate::component::{RunVersion, State, allow as allow_in_component, run_export};
pub use crate::module::{Call, allow as allow_in_module};
pub use crate::outputs::Outputs;
use crate::run::Program;
use crate::{Error, Inputs};

/// A core module that was compiled, with its limit on call depth, and what is called of it.
#[derive(Clone, Debug)]
pub struct ModuleParts {
    /// The module.
    pub module: Module,
    /// The call.
    pub call: Call,
}

impl Inputs {
    /// The guest's parts if it is a core module, after all was checked that can be before it runs.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Inputs::prepare).
    pub fn module_parts(&self) -> Result<Option<ModuleParts>, Error> {
        Ok(match self.program()? {
            Program::Module(program) => {
                Some(ModuleParts { module: program.module().clone(), call: program.call().clone() })
            }
            _ => None,
        })
    }

    /// The guest, linked, if it is a component, after all was checked that can be before it runs.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Inputs::prepare).
    pub fn component_parts(&self) -> Result<Option<InstancePre<State>>, Error> {
        Ok(match self.program()? {
            Program::Component(program) => Some(program.linked().clone()),
            _ => None,
        })
    }
}
