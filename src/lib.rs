//! A wind tunnel for LLM-agent pipelines: recorded sessions are replayed through a deterministic
//! cost model, and fixes are toggled alone and together before anything changes in production.

pub mod cache;
pub mod cli;
pub mod commands;
pub mod fixed_point;
pub mod ids;
pub mod import;
pub mod intervene;
pub mod kinds;
pub mod models;
pub mod plan;
pub mod price;
pub mod reconstruct;
pub mod recording;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod seed;
pub mod store;
pub mod study;
pub mod units;
