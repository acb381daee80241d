//! What-if studies: a recording replayed under toggles, and what follows for savings, shares,
//! bands, claims and the order of building.

#[cfg(feature = "charts")]
pub(crate) mod agent_lanes;
pub(crate) mod agent_loads;
pub(super) mod best_corner;
pub(crate) mod build_order;
pub(crate) mod candidate_sets;
pub mod claim_probabilities;
pub mod compare;
pub mod distribution;
pub(crate) mod draw_count;
pub(crate) mod draw_lines;
pub(super) mod draw_outcome;
pub(super) mod draw_setup;
pub(super) mod draw_sums;
pub mod experiment;
pub(crate) mod experiment_parts;
pub mod first_question;
pub(crate) mod headline;
pub mod lanes;
pub mod lattice;
pub mod load_bands;
pub(crate) mod marginal_savings;
pub(crate) mod measured_steps;
pub mod minutes;
#[cfg(any(test, feature = "charts"))]
pub mod moved_parameters;
pub mod night;
pub(crate) mod observed_savings;
pub(crate) mod open_counts;
pub mod orchestrator_contexts;
pub mod other_orchestrator;
pub mod other_orders;
pub mod parameter_draws;
pub mod published_claims;
pub(crate) mod queue_summary;
pub(crate) mod quoted_sets;
pub mod remaining_saving;
pub(crate) mod saving_bands;
pub(crate) mod saving_bounds;
pub mod savings;
pub mod shapley;
pub mod subset_lookup;
pub(crate) mod sweep;
pub(crate) mod swept_subset;
pub mod tokens_held;
pub(crate) mod tornado;
pub(crate) mod uncertainty;
pub(crate) mod uncounted_time;
pub(super) mod untoggled;
pub(crate) mod verdict;
pub mod whole_pipeline;

pub use compare::{Comparison, compare_toggles};
pub use experiment::Experiment;
