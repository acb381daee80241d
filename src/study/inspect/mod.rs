//! What a recording says of itself: where its tokens went, step by step and route by route, how well
//! the model repeats it, and what is wrong with its data.

pub mod call_contexts;
pub mod call_costs;
pub mod context_curves;
pub mod data_checks;
pub mod fidelity;
pub mod holdout;
#[cfg(feature = "tables")]
pub mod pivot;
pub mod routes;
pub mod step_usage;
pub mod summary;
pub mod turn_limiter;
