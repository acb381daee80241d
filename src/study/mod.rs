//! Studies: many replays, and what follows from them. Numbers in, numbers out.

pub mod attribute;
pub mod audit;
pub mod backtest;
mod best;
pub mod bounds;
pub mod claims;
pub mod compare;
pub mod contexts;
pub mod curves;
pub mod draws;
pub mod edges;
pub mod experiment;
pub mod fidelity;
pub mod gate;
pub mod headline;
pub mod holdout;
pub mod hygiene;
pub mod kept;
pub mod lattice;
pub mod limiter;
pub mod openings;
pub mod order;
pub mod over_time;
#[cfg(feature = "tables")]
pub mod pivot;
pub mod published;
pub mod resample;
pub mod routes;
pub mod script;
pub mod sides;
pub mod spread;
pub mod steps;
pub mod summary;
pub mod sweep;
pub mod tornado;
pub mod uncertainty;
