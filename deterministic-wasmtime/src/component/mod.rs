//! What WASI 0.2 and 0.3 share: the door that every call of a component passes, the queue of what its tasks wait for, and the
//! versions by which their interfaces are linked.

mod captured;
mod door;
mod logged;
mod passing;
mod sockets;
mod versions;
mod waits;

pub(crate) use door::{Answer, Interface, Results, linked};
pub(crate) use logged::{AsValue, Values, by_name, named};

pub(crate) use passing::{pass_time, wait};
pub(crate) use sockets::NoSocket;
pub(crate) use versions::{config_name, keyvalue_name, p2_name, p3_name};
pub(crate) use waits::{Turn, beside};
pub use waits::{Waits, block_on, drive};
