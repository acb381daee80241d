//! Reported pipelines: from published totals to calls that meet them.
//!
//! `recorded/*.json` hold published figures and nothing invented ([`reported`], [`figure`],
//! [`event`]; `pipeline_file` reads and checks them, `reported_lookups` looks things up).
//! [`reconstruct`] derives a recording in five steps, one file each:
//!
//! 1. [`call_count`]: how many calls each session made;
//! 2. [`session_script`]: which call does what, as far as events are known (`event_placement` lays
//!    events on tool calls, `prose` adds what is said between them, both on calls of
//!    `script_call`);
//! 3. [`context_growth`]: how the context grew, so that reads and writes are met to the token;
//! 4. [`session_calls`]: the blocks of every call;
//! 5. `reconstruction`: all of it for each step of the table, after `step_split` shared it among
//!    its sessions.
//!
//! Sources that publish tokens of agents and kinds of work only are another shape: [`routes`].

pub mod call_count;
pub mod call_tally;
pub mod context_growth;
pub mod crash_records;
pub mod event;
mod event_placement;
pub mod figure;
pub mod night;
pub mod orchestrator_reads;
pub mod order_as_told;
mod pipeline_file;
mod prose;
mod published_file;
mod reconstruction;
mod record_sum;
mod recording_source;
pub mod reported;
pub mod reported_claims;
mod reported_lookups;
pub mod routes;
mod script_call;
pub mod session_calls;
pub mod session_script;
mod solved_before;
mod step_split;
pub mod unknown;
pub mod whole_reads;

pub use call_count::Lens;
pub use call_tally::CallTally;
pub use figure::Figure;
pub use pipeline_file::{
    NewPipelineFile, NoStepTable, PipelineFileError, PipelineFileReader, PipelineText,
    pipeline_schema_json, write_new_pipeline,
};
pub(crate) use reconstruction::{LayoutScratch, reconstruct_once_more};
pub use reconstruction::{
    ReconstructError, Reconstruction, SessionFit, reconstruct, reconstruct_with_call_counts,
};
pub use recording_source::{KnownFigureError, RecordingSource};
pub use reported::ReportedPipeline;
pub use routes::ReportedRoutes;

/// The reported pipelines that every binary carries, by name.
pub const BUILTIN: [(&str, &str); 2] = [
    ("order-774", include_str!("../../recorded/order-774.json")),
    ("order-775", include_str!("../../recorded/order-775.json")),
];

/// The reported routes that every binary carries, by name.
pub const BUILTIN_ROUTES: [(&str, &str); 2] = [
    ("cockpit-2026-02", include_str!("../../recorded/cockpit-2026-02.json")),
    ("economics-2026-06", include_str!("../../recorded/economics-2026-06.json")),
];

/// The names of everything that is built in.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().chain(&BUILTIN_ROUTES).map(|(name, _)| *name)
}

/// The built-in reported routes of a name.
///
/// # Panics
/// If an embedded file does not parse: a test reads them all.
#[must_use]
pub fn builtin_routes(name: &str) -> Option<ReportedRoutes> {
    let (file, json) = BUILTIN_ROUTES.iter().find(|(known, _)| *known == name)?;
    Some(ReportedRoutes::parse_json(file, json).unwrap_or_else(|error| panic!("built-in {error}")))
}

/// The built-in reported pipeline of a name.
///
/// # Panics
/// If an embedded file does not parse: a test reads them all.
#[must_use]
pub fn builtin_pipeline(name: &str) -> Option<ReportedPipeline> {
    let (file, json) = BUILTIN.iter().find(|(known, _)| *known == name)?;
    Some(
        ReportedPipeline::parse_json(file, json).unwrap_or_else(|error| panic!("built-in {error}")),
    )
}
