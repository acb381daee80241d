//! Studies: many replays, and what follows from them. Numbers in, numbers out.

pub mod audit;
pub mod backtest;
pub mod gate;
pub mod inspect;
pub mod progress;
pub(crate) mod rollout_script;
pub mod stats;
pub mod whatif;
