//! `wasi:config/store` (0.2.0-rc.1): settings that the embedder hands to the guest.
//!
//! ```
//! # fn link<T: deterministic_wasmtime::DeterministicView + 'static>(
//! #     linker: &mut wasmtime::component::Linker<T>, state: &mut T,
//! # ) -> wasmtime::Result<()> {
//! deterministic_wasmtime::config_store::add_to_linker(linker)?;
//! state.deterministic_view().ctx.config_mut().insert("greeting".into(), "hello".into());
//! # Ok(())
//! # }
//! ```
//!
//! `get-all` lists by key, in the order of the keys' bytes. wasmtime-wasi-config gives the order of a hash map, which is
//! another in each process. The guest cannot change the settings, so it cannot make anything here grow.

use wasmtime::Result;

use crate::DeterministicCtxView;
use crate::component::{config_name, linked, named};

mod generated {
    wasmtime::component::bindgen!({
        path: "wit/config",
        world: "wasi:config/imports",
        imports: { default: trappable },
    });
}
use generated::wasi::config::store as bindings;

linked! {
    /// The interface `wasi:config/store`.
    store, config_name!("wasi:config/store");
    config_get(key) = bindings::Host::get;
    config_get_all() = bindings::Host::get_all;
}
pub use store::add_to_linker;

named!(bindings::Error);

impl bindings::Host for DeterministicCtxView<'_> {
    fn get(&mut self, key: String) -> Result<Result<Option<String>, bindings::Error>> {
        Ok(Ok(self.ctx.config.get(&key).cloned()))
    }

    fn get_all(&mut self) -> Result<Result<Vec<(String, String)>, bindings::Error>> {
        Ok(Ok(self.ctx.config.iter().map(|(key, value)| (key.clone(), value.clone())).collect()))
    }
}
