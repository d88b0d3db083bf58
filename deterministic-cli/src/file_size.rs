//! A limit on the size of files (`ulimit -f`): an error for whoever writes past it, and not the end of the process.

/// Has a write past the limit fail with `EFBIG`, as it does once somebody takes the signal that would end the process.
#[cfg(unix)]
pub(crate) fn fail_at_limit() {
    // The writer hears of it, so that nobody looks at the flag; and without the handler the limit is only less gentle.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

#[cfg(not(unix))]
pub(crate) fn fail_at_limit() {}
