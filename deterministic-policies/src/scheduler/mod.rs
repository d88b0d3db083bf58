//! Schedulers, one in each file.

mod delaying;
mod one_at_a_time;
mod pct;
mod seeded_order;

pub use delaying::Delaying;
pub use deterministic_core::InOrder;
pub use one_at_a_time::OneAtATime;
pub use pct::Pct;
pub use seeded_order::SeededOrder;
