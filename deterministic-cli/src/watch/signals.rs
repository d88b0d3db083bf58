//! Ctrl-C and SIGTERM.

use std::io;
use std::process;
use std::sync::atomic::Ordering;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::{Watch, Why};

/// Has the first signal interrupt the run, and ends the process where the second comes.
pub(super) fn listen(watch: &Watch) -> io::Result<()> {
    let heard: Vec<_> = [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)).collect();
    // One that comes before somebody listens ends the process as ever.
    let at_once = &watch.0.at_once;
    at_once.store(true, Ordering::Relaxed);
    for signal in &heard {
        // In this order, and before the thread hears of it: the first signal finds no reason to end the process, and leaves one for
        // the next.
        flag::register_conditional_default(*signal, at_once.clone())?;
        flag::register(*signal, at_once.clone())?;
    }
    let mut signals = Signals::new(&heard)?;
    let interrupts = watch.clone();
    let listen = move || {
        for signal in &mut signals {
            interrupts.interrupt(Why::Signal(signal));
        }
    };
    thread::Builder::new().spawn(listen)?;
    at_once.store(false, Ordering::Relaxed);
    Ok(())
}

/// Whether whoever started us wants the signal ignored, as a shell does for what runs behind it (`&`). Only Linux says so
/// without system calls that the standard library does not have.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    (mask >> (signal - 1)) & 1 == 1
}

pub(super) fn name(signal: i32) -> &'static str {
    signal_name(signal).unwrap_or("a signal")
}

/// Ends the process by the signal, so that a shell sees what it was and leaves its script, too.
pub(super) fn die(signal: i32) -> ! {
    // The first process of a container is not ended by it.
    if process::id() != 1 {
        let _ = emulate_default_handler(signal);
    }
    process::exit(128 + signal)
}
