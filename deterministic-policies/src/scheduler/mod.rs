//! Schedulers, one in each file.

mod all_at_once;
mod delaying;
mod one_at_a_time;
mod pct;
mod seeded_order;

pub use all_at_once::AllAtOnce;
pub use delaying::Delaying;
pub use deterministic_core::InOrder;
pub use one_at_a_time::OneAtATime;
pub use pct::Pct;
pub use seeded_order::SeededOrder;
