//! All integration tests in one binary, so that heavy crates are linked once.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read the tree, start programs, say what they skip, and stop at once"
)]

mod attribution;
mod backtest;
mod bill_of_materials;
#[cfg(feature = "charts")]
mod browser;
mod chances;
#[cfg(feature = "charts")]
mod charts;
mod ci;
mod cli;
mod cli_bad_input;
mod cli_experiment;
mod cli_scenario;
mod clock;
mod cockpit;
mod columns;
mod copies;
mod criteria;
mod docs;
mod field_reports;
mod figures;
mod first_screens;
#[cfg(feature = "fleet")]
mod fleet;
mod fleet_draws;
mod foreign;
mod gate;
mod gate_defects;
mod gate_start;
mod generated;
mod generated_files;
mod growth;
mod guide_commands;
mod habits;
mod hand;
mod hand_rules;
mod holdout;
mod import_autoskillit;
mod import_bad_input;
mod import_codex;
mod import_containers;
mod import_fuzz;
mod import_marks;
mod import_merge;
mod import_rollouts;
mod import_stream;
mod import_tracelab;
mod joint;
mod laid;
mod lanes;
mod laws;
mod luck;
mod odd_input;
mod open_facts;
mod outputs;
#[cfg(feature = "charts")]
mod over_time;
#[cfg(feature = "charts")]
mod page;
mod parse_cache;
mod pipelines;
mod printing;
mod properties;
mod queues;
#[cfg(feature = "charts")]
mod reader;
mod reported;
mod routes;
mod run;
mod schema;
mod seen;
mod selection;
mod small;
mod sources;
mod spread;
mod summary;
mod tellings;
mod thresholds;
mod tidy;
mod twin;
mod twin_cycles;
mod twin_patch;
mod twin_rules;
mod writes;
