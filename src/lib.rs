//! A wind tunnel for LLM-agent pipelines: recorded sessions are replayed through a deterministic
//! cost model, and fixes are toggled alone and together before anything changes in production.

pub mod cache;
pub mod fixed;
pub mod ids;
pub mod reconstruct;
pub mod recording;
pub mod seed;
pub mod study;
pub mod units;
