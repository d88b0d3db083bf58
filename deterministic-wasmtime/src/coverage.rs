//! How each interface of components is answered: one label for each source of difference.

/// Why two runs get the same answers from an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Label {
    /// Refused, or constant.
    Eliminated,
    /// Answered by a policy.
    Virtual,
    /// The host's answer, made the same everywhere.
    Normalised,
    /// The host's answer, kept in a trace and replayed.
    Recorded,
    /// An input that the embedder vouches for.
    Assumed,
    /// The host shows.
    Uncovered,
}

/// Interfaces of WASI 0.2 and 0.3 without their versions, by name. An interface with several sources has the label of the
/// weakest.
const INTERFACES: &[(&str, Label)] = &[
    ("wasi:cli/environment", Label::Assumed),
    ("wasi:cli/exit", Label::Virtual),
    ("wasi:cli/stderr", Label::Virtual),
    ("wasi:cli/stdin", Label::Assumed),
    ("wasi:cli/stdout", Label::Virtual),
    ("wasi:cli/terminal-input", Label::Eliminated),
    ("wasi:cli/terminal-output", Label::Eliminated),
    ("wasi:cli/terminal-stderr", Label::Eliminated),
    ("wasi:cli/terminal-stdin", Label::Eliminated),
    ("wasi:cli/terminal-stdout", Label::Eliminated),
    ("wasi:cli/types", Label::Eliminated),
    ("wasi:clocks/monotonic-clock", Label::Virtual),
    ("wasi:clocks/system-clock", Label::Virtual),
    ("wasi:clocks/timezone", Label::Eliminated),
    ("wasi:clocks/types", Label::Eliminated),
    ("wasi:clocks/wall-clock", Label::Virtual),
    ("wasi:config/store", Label::Assumed),
    // Which directories there are, and by what names, is an argument of the run.
    ("wasi:filesystem/preopens", Label::Assumed),
    // Contents are the embedder's; order, numbers, times, sizes and codes are deterministic-fs's. A live mount can still be
    // changed by others, be full, or be refused by the host; a hermetic one cannot.
    ("wasi:filesystem/types", Label::Normalised),
    ("wasi:http/client", Label::Virtual),
    ("wasi:http/outgoing-handler", Label::Virtual),
    ("wasi:http/types", Label::Virtual),
    ("wasi:io/error", Label::Normalised),
    ("wasi:io/poll", Label::Virtual),
    ("wasi:io/streams", Label::Virtual),
    ("wasi:keyvalue/atomics", Label::Virtual),
    ("wasi:keyvalue/batch", Label::Virtual),
    ("wasi:keyvalue/store", Label::Virtual),
    ("wasi:random/insecure", Label::Virtual),
    ("wasi:random/insecure-seed", Label::Virtual),
    ("wasi:random/random", Label::Virtual),
    ("wasi:sockets/instance-network", Label::Eliminated),
    ("wasi:sockets/ip-name-lookup", Label::Eliminated),
    ("wasi:sockets/network", Label::Eliminated),
    ("wasi:sockets/tcp", Label::Eliminated),
    ("wasi:sockets/tcp-create-socket", Label::Eliminated),
    ("wasi:sockets/types", Label::Eliminated),
    ("wasi:sockets/udp", Label::Eliminated),
    ("wasi:sockets/udp-create-socket", Label::Eliminated),
];

/// The label of an interface such as `wasi:io/poll@0.2.6`; its version is not looked at. `None` if it is none of WASI's that
/// this crate links.
pub fn label(interface: &str) -> Option<Label> {
    let name = interface.split('@').next().unwrap_or(interface);
    let index = INTERFACES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    INTERFACES.get(index).map(|(_, label)| *label)
}
