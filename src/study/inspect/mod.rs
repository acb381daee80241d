//! What a recording says of itself: where its tokens went, step by step and route by route, how
//! well the model repeats it, and what is wrong with its data.

mod bill;
pub mod bill_groups;
pub mod cache_misses;
pub mod call_contexts;
#[cfg(feature = "charts")]
pub(crate) mod call_costs;
pub mod context_curves;
pub(crate) mod data_checks;
pub mod error_table;
pub mod fidelity;
pub mod group_key;
pub mod holdout;
pub mod holdout_scores;
pub(crate) mod order_parts;
#[cfg(feature = "tables")]
pub(crate) mod pivot;
pub(crate) mod routes;
pub(crate) mod step_usage;
pub mod summary;
