//! Standard output and error of a component, kept in the context itself.

use deterministic_wasi::{Captured, StandardOutput};

use crate::ComponentCtx;

impl ComponentCtx {
    /// Keeps what the guest writes to standard output and error in this context, up to `limit` bytes of each, instead of
    /// passing it to the streams of the builder: the fastest output there is. A guest that writes more is told that the stream
    /// is closed, and in WASI 0.3 `io`.
    ///
    /// Call it before the guest starts. The guest sees no difference, but that these are never terminals.
    ///
    /// ```
    /// use deterministic_wasmtime::WasiCtxBuilderExt as _;
    /// use wasmtime_wasi::WasiCtxBuilder;
    ///
    /// let ctx = WasiCtxBuilder::new().build_deterministic(Default::default()).capture_output(1 << 20);
    /// // ... run a component in a store with `ctx`, and then, of the store's data:
    /// assert_eq!(ctx.captured_stdout(), b"");
    /// ```
    #[must_use]
    pub fn capture_output(mut self, limit: usize) -> Self {
        self.deterministic_mut().streams.captured = Some(Captured::new(limit));
        self
    }

    /// What the guest wrote to standard output; nothing unless it is [captured](ComponentCtx::capture_output).
    pub fn captured_stdout(&self) -> &[u8] {
        self.deterministic().streams.captured.as_ref().map_or(&[], |captured| captured.bytes(StandardOutput::Stdout))
    }

    /// What the guest wrote to standard error; nothing unless it is [captured](ComponentCtx::capture_output).
    pub fn captured_stderr(&self) -> &[u8] {
        self.deterministic().streams.captured.as_ref().map_or(&[], |captured| captured.bytes(StandardOutput::Stderr))
    }

    /// Forgets what was captured, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear_captured(&mut self) {
        if let Some(captured) = &mut self.deterministic_mut().streams.captured {
            captured.clear();
        }
    }
}
