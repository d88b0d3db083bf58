//! How each interface of components is answered.

use super::Label;
use super::Label::{Assumed, Eliminated, Normalised, Virtual};

/// An interface of WASI 0.2 or 0.3 without its version, its label, and the policy that answers it if one does.
type Row = (&'static str, Label, Option<&'static str>);

/// By name. An interface with several sources has the label of the weakest.
const INTERFACES: &[Row] = &[
    ("wasi:cli/environment", Assumed, None),
    ("wasi:cli/exit", Virtual, None),
    ("wasi:cli/stderr", Virtual, None),
    ("wasi:cli/stdin", Assumed, None),
    ("wasi:cli/stdout", Virtual, None),
    ("wasi:cli/terminal-input", Eliminated, None),
    ("wasi:cli/terminal-output", Eliminated, None),
    ("wasi:cli/terminal-stderr", Eliminated, None),
    ("wasi:cli/terminal-stdin", Eliminated, None),
    ("wasi:cli/terminal-stdout", Eliminated, None),
    ("wasi:cli/types", Eliminated, None),
    ("wasi:clocks/monotonic-clock", Virtual, Some("clock")),
    ("wasi:clocks/system-clock", Virtual, Some("clock")),
    ("wasi:clocks/timezone", Eliminated, None),
    ("wasi:clocks/types", Eliminated, None),
    ("wasi:clocks/wall-clock", Virtual, Some("clock")),
    ("wasi:config/store", Assumed, None),
    // Which directories there are, and by what names, is an argument of the run.
    ("wasi:filesystem/preopens", Assumed, None),
    // Contents are the embedder's; order, numbers, times, sizes and codes are deterministic-fs's. A live mount can still be
    // changed by others, be full, or be refused by the host; a hermetic one cannot.
    ("wasi:filesystem/types", Normalised, None),
    ("wasi:http/client", Virtual, Some("responder")),
    ("wasi:http/outgoing-handler", Virtual, Some("responder")),
    ("wasi:http/types", Virtual, None),
    ("wasi:io/error", Normalised, None),
    ("wasi:io/poll", Virtual, Some("clock, scheduler")),
    ("wasi:io/streams", Virtual, None),
    ("wasi:keyvalue/atomics", Virtual, None),
    ("wasi:keyvalue/batch", Virtual, None),
    ("wasi:keyvalue/store", Virtual, None),
    ("wasi:random/insecure", Virtual, Some("insecure_random")),
    ("wasi:random/insecure-seed", Virtual, Some("insecure_seed")),
    ("wasi:random/random", Virtual, Some("secure_random")),
    ("wasi:sockets/instance-network", Eliminated, None),
    ("wasi:sockets/ip-name-lookup", Eliminated, None),
    ("wasi:sockets/network", Eliminated, None),
    ("wasi:sockets/tcp", Eliminated, None),
    ("wasi:sockets/tcp-create-socket", Eliminated, None),
    ("wasi:sockets/types", Eliminated, None),
    ("wasi:sockets/udp", Eliminated, None),
    ("wasi:sockets/udp-create-socket", Eliminated, None),
];

/// How an interface such as `wasi:io/poll@0.2.6` is answered, and by which policy; its version is not looked at. `None` if it is
/// none of WASI's that this crate links.
pub(super) fn answer(interface: &str) -> Option<(Label, Option<&'static str>)> {
    let name = interface.split('@').next().unwrap_or(interface);
    let index = INTERFACES.binary_search_by_key(&name, |(name, ..)| name).ok()?;
    INTERFACES.get(index).map(|(_, label, policy)| (*label, *policy))
}
