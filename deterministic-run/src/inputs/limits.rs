//! What the guest may take.

use super::Inputs;

impl Inputs {
    /// How much work the guest may do, about one unit an instruction; a trap ends it then, at the same place each time. No limit
    /// unless it is given.
    pub fn fuel(self, units: u64) -> Self {
        self.changed(|inputs| inputs.fuel = Some(units))
    }

    /// How many bytes the guest's memories may hold together, 4 GiB unless it is given; growing beyond gives the guest -1.
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.max_memory = bytes;
        self.recompile()
    }

    /// How many bytes the guest may make its host hold: what it opens and keeps, and what it says through that. 1 GiB unless it is
    /// given.
    pub fn max_held(mut self, bytes: u64) -> Self {
        self.max_held = bytes;
        self
    }

    /// How many bytes of stack the guest's functions may take, 512 KiB unless it is given. How many calls fit into it depends on
    /// compiler and processor.
    pub fn max_wasm_stack(self, bytes: usize) -> Self {
        self.changed(|inputs| inputs.max_wasm_stack = bytes)
    }

    /// How deep the guest's calls may go, in units of 32 bytes of stack: a frame takes 4 units and one for each of its values. A trap
    /// ends it then, at the same call on every machine. Each module in a component counts by itself.
    pub fn max_call_depth(self, units: u32) -> Self {
        self.changed(|inputs| inputs.max_call_depth = Some(units))
    }

    /// Limits the depth of a core module's calls, unless [`max_call_depth`](Self::max_call_depth) does, to what its stack has on every
    /// engine.
    pub fn max_call_depth_of_stack(self, limited: bool) -> Self {
        self.changed(|inputs| inputs.call_depth_of_stack = limited)
    }
}
