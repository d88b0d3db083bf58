//! What WASI 0.2 and 0.3 share: the door that every call of a component passes.

mod door;
mod sockets;

pub(crate) use door::{Answer, Interface, Results, linked};
pub(crate) use sockets::NoSocket;
