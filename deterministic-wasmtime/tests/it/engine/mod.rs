//! Engines: what the checker finds, what the limits decide, whose fault an end was, and one digest over all float
//! instructions.

mod check;
mod edge_values;
mod fault;
mod fuel;
mod golden;
mod instructions;
mod limits;
