//! wasmi against Wasmtime, one binary.

mod floats;
mod generated;
mod guests;
mod hostile;
mod instances;
mod limits;
mod sides;
mod stock;
mod streams;
