//! What-if studies: a recording replayed under toggles, and what follows for savings, shares,
//! bands, claims and the order of building.

pub(super) mod best_corner;
pub mod build_order;
pub mod compare;
pub mod distribution;
pub mod experiment;
pub mod headline;
pub mod lattice;
pub mod marginal_savings;
pub mod observed_savings;
pub mod open_counts;
pub mod parameter_draws;
pub mod published_claims;
pub mod saving_bounds;
pub mod savings;
pub mod shapley;
pub mod subset_lookup;
pub mod sweep;
pub mod tornado;
pub mod uncertainty;
pub mod verdict;

pub use compare::{Comparison, compare_toggles};
pub use experiment::Experiment;
