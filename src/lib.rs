//! A wind tunnel for LLM-agent pipelines: recorded sessions are replayed through a deterministic
//! cost model, and fixes are toggled alone and together before anything changes in production.
//! Nothing calls a model.
//!
//! Transcripts are imported once ([`import`]) and become a [`recording`]: sizes, kinds, times and
//! usage, no text. A [`scenario`] says which fixes are tried, each of them a toggle with parameters
//! ([`intervene`]). The recording and the toggles are compiled to a [`plan`] that is replayed
//! ([`replay`]) under any subset of them, under the [`cache`] law and at the [`price`]s of a day.
//! What follows from many replays - savings, shares, bands, verdicts, gates - is a [`study`].
//! Published totals without transcripts become a recording as well ([`reconstruct`]).
//!
//! What is computed stands in `MODEL.md`, how the modules stand to each other in
//! `ARCHITECTURE.md`. The program is [`run`] behind [`Cli`]; everything that it prints can be had
//! as numbers.
//!
//! # Two fixes, tried together
//!
//! ```
//! use windtunnel::import::{ImportOptions, import_transcripts};
//! use windtunnel::price::Pricing;
//! use windtunnel::reconstruct::RecordingSource;
//! use windtunnel::scenario::{Scenario, toggles_by_id};
//! use windtunnel::study::whatif::{Experiment, compare_toggles};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A folder of transcripts as a harness leaves them; here those of the tests.
//! let folders = ["tests/fixtures/probes".into()];
//! let options = ImportOptions { name: "probes".to_owned(), ..ImportOptions::default() };
//! let imported = import_transcripts(&folders, &options, &|_done, _total| {})?;
//! let source = RecordingSource::Recorded(imported.recording);
//!
//! // G6 makes independent tool calls in parallel, G7 starts from a leaner prefix.
//! let scenario = Scenario::with_toggles(&toggles_by_id(["G6", "G7"])?);
//! let (toggles, pricing) = (scenario.split_awaiting_toggles(), Pricing::embedded());
//! let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
//! // The likeliest parameters alone; the scenario's own number of draws gives bands as well.
//! let comparison = compare_toggles(&Experiment { draws: 0, ..experiment })?;
//!
//! // What two fixes save together is not the sum of what each one saves alone.
//! let alone = comparison.toggles.iter().map(|toggle| toggle.alone.usage.read);
//! let joint = comparison.joint.usage.read;
//! assert!(0 < joint && joint != alone.sum::<i64>());
//! println!("together they save {joint} tokens of cache reads");
//! # Ok(())
//! # }
//! ```

pub mod cache;
mod cli;
pub mod clock;
mod commands;
pub mod fixed_point;
pub mod ids;
pub mod import;
pub mod intervene;
pub mod kinds;
pub mod models;
pub mod plan;
pub mod price;
pub mod quantity;
pub mod reconstruct;
pub mod recording;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod seed;
pub mod store;
pub mod study;
pub mod toml_reader;
pub mod units;

pub use cli::Cli;
pub use commands::{CommandOutput, EXIT_DONE, EXIT_NOT_JUDGED, run};
