//! Standard output and error kept in the context itself.
//!
//! A stream of the embedder's is reached through locks and counted buffers, which cost more than a short write. These
//! bytes are the context's own.

use super::P1Ctx;

impl P1Ctx {
    /// Keeps what the guest writes to standard output and error in this context, up to `limit` bytes of each, instead of
    /// passing it to the streams of the builder: the fastest output there is. A guest that writes more is told `EIO`.
    ///
    /// Call it before the guest starts. The guest sees no difference, but that these are never terminals.
    ///
    /// ```
    /// use deterministic_wasmtime::WasiCtxBuilderExt as _;
    /// use wasmtime_wasi::WasiCtxBuilder;
    ///
    /// let ctx = WasiCtxBuilder::new().build_deterministic_p1(Default::default()).capture_output(1 << 20);
    /// // ... run a guest in a store with `ctx`, and then, of the store's data:
    /// assert_eq!(ctx.captured_stdout(), b"");
    /// ```
    #[must_use]
    pub fn capture_output(mut self, limit: usize) -> Self {
        self.state.capture_output(limit);
        self
    }

    /// What the guest wrote to standard output; nothing unless it is [captured](P1Ctx::capture_output).
    pub fn captured_stdout(&self) -> &[u8] {
        self.state.captured_stdout()
    }

    /// What the guest wrote to standard error; nothing unless it is [captured](P1Ctx::capture_output).
    pub fn captured_stderr(&self) -> &[u8] {
        self.state.captured_stderr()
    }

    /// Forgets what was captured, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear_captured(&mut self) {
        self.state.clear_captured();
    }
}
