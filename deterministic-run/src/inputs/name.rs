//! The name of a run.

use deterministic_wasmtime::DEFAULT_MAX_HELD_BYTES;
use deterministic_wasmtime::engine::MAX_WASM_STACK;

use super::{Entry, Inputs};
use crate::fingerprint::{Fingerprint, Pieces, Taint, Tainted};
use crate::{EngineKind, Error, Summary};

impl Inputs {
    /// The name of the run: a digest of all that decides how it goes. Whatever makes no difference is not in it: a setting that is
    /// given as it is without being given, that has nothing to act on, or that is given twice.
    ///
    /// # Errors
    ///
    /// [`Error::Tainted`] with everything that may be another the next time.
    pub fn fingerprint(&self) -> Result<Fingerprint, Error> {
        self.fingerprinted(false)
    }

    /// The same without the engine's target and settings, for those who compare outcomes between machines: see
    /// [`Pieces::portable`]. A cache of results is better off with [`fingerprint`](Self::fingerprint).
    ///
    /// # Errors
    ///
    /// As [`fingerprint`](Self::fingerprint).
    pub fn portable_fingerprint(&self) -> Result<Fingerprint, Error> {
        self.fingerprinted(true)
    }

    fn fingerprinted(&self, portable: bool) -> Result<Fingerprint, Error> {
        let mut policies = self.make_policies();
        let fuel = self.fuel_under(&mut policies);
        let entry = match &self.entry {
            Entry::Invoke(call) => format!("invoke {}", call.trim()),
            Entry::Request(request) => format!("http-request {}", Summary::of(request.message()).sha256),
            Entry::Program => String::new(),
        };
        let responder = self.responder.iter().map(|responder| format!("http-answers {}", responder.key));
        let beside: Vec<String> = self.preloads.iter().map(|preload| preload.key()).chain(responder).collect();
        let mut allowed: Vec<String> = self.allowed_imports.iter().map(|name| format!("allow-import {name}")).collect();
        allowed.sort_unstable();
        allowed.dedup();
        let stdin = self.heard().known();

        let mut pieces = Pieces::new(self.guest.binary(), &policies, self.engine()?)
            .entry(&entry)
            .arguments(&self.arguments)
            .environment(&self.environment)
            .stdin(stdin.as_deref().unwrap_or_default());
        if portable {
            pieces = pieces.portable();
        }
        #[cfg(feature = "wasmi")]
        if self.engine_kind == EngineKind::Wasmi && !portable {
            pieces = pieces.engine_named(crate::interpreted::NAME);
        }
        for live in &self.directories.live {
            pieces = pieces.live(&live.guest);
        }
        for hermetic in &self.directories.hermetic {
            pieces = pieces.hermetic(&hermetic.guest, &hermetic.tree, hermetic.access);
        }
        if let Some(fuel) = fuel {
            pieces = pieces.setting("fuel", fuel);
            // The only thing that an engine decides.
            match self.engine_kind {
                EngineKind::Cranelift | EngineKind::Pulley => {}
                EngineKind::Winch => pieces = pieces.setting("fuel_of_winch", 1),
                #[cfg(feature = "wasmi")]
                EngineKind::Wasmi => pieces = pieces.setting("fuel_of_wasmi", 1),
            }
        }
        pieces = pieces.setting("max_memory", self.max_memory);
        if self.max_held != DEFAULT_MAX_HELD_BYTES {
            pieces = pieces.setting("max_held", self.max_held);
        }
        if let Some(units) = self.call_depth_of_one(1) {
            pieces = pieces.setting("max_call_depth", units.into());
        }
        if self.max_wasm_stack != MAX_WASM_STACK {
            pieces = pieces.setting("max_wasm_stack", self.max_wasm_stack as u64);
        }
        if !self.directories.hermetic.is_empty() {
            pieces = pieces.setting("max_files", self.directories.capacity);
        }
        if self.all_memories {
            pieces = pieces.setting("all_memories", 1);
        }
        for key in beside.iter().chain(&allowed) {
            pieces = pieces.setting(key, 1);
        }
        let (fingerprint, mut reasons) = match pieces.fingerprint() {
            Ok(fingerprint) => (Some(fingerprint), Vec::new()),
            Err(tainted) => (None, tainted.reasons),
        };
        reasons.extend(stdin.is_none().then_some(Taint::Stdin));
        let is_live = self.responder.as_ref().is_some_and(|responder| responder.live);
        reasons.extend(is_live.then_some(Taint::LiveResponder));
        fingerprint.filter(|_| reasons.is_empty()).ok_or_else(|| Tainted { reasons }.into())
    }
}
