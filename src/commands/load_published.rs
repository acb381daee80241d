//! Published totals, built in or a user's own file, as calls.

use super::loaded_recording::LoadedRecording;
use super::{AtPlace, CommandError};
use crate::intervene;
use crate::reconstruct::reported::SCHEMA;
use crate::reconstruct::routes;
use crate::reconstruct::{
    self, Lens, PipelineFileReader, PipelineText, RecordingSource, ReportedPipeline, ReportedRoutes,
};
use crate::scenario;
use crate::store;
use crate::toml_reader;
use std::path::Path;

pub(super) fn reconstruct_pipeline(
    reported: ReportedPipeline,
    lens: Lens,
) -> Result<LoadedRecording, CommandError> {
    let fit = reconstruct::reconstruct(&reported, lens)?;
    Ok(RecordingSource::Pipeline { reported, lens, fit }.into())
}

pub(super) fn reconstruct_routes(routes: ReportedRoutes) -> Result<LoadedRecording, CommandError> {
    let fit = routes::reconstruct_routes(&routes, &routes.modes_of_unknowns())?;
    Ok(RecordingSource::Routes { routes, fit }.into())
}

/// Whether an argument is a user's own queue or published totals, by its name.
pub(super) fn is_toml_file(argument: &str) -> bool {
    let path = Path::new(argument);
    path.extension().is_some_and(|ending| ending == "toml") && store::is_file(path)
}

pub(super) fn load_toml_file(argument: &str, lens: Lens) -> Result<LoadedRecording, CommandError> {
    let bytes = store::read_file(Path::new(argument))?;
    let text = std::str::from_utf8(&bytes).at(argument)?;
    // A file says in its schema what it is. One that says nothing is taken for published totals,
    // whose reader says what it wanted, unless it has the tables of a queue.
    let schema = toml_reader::schema_of_document(text);
    let format = schema.as_deref().and_then(|schema| schema.split('/').next());
    match format {
        None if routes::has_queue_tables(text) => load_queue(argument, text),
        Some("windtunnel.queue") => load_queue(argument, text),
        Some(other) if other.starts_with("windtunnel.") && !is_format(other, SCHEMA) => {
            let problem = format!(
                "its schema is {other}, wanted {SCHEMA} (published totals) or {} (a queue)",
                routes::QUEUE_SCHEMA
            );
            let error = CommandError::content(argument, problem);
            let is_scenario = is_format(other, scenario::SCHEMA);
            Err(if is_scenario {
                error.with_hint("a scenario stands behind --scenario")
            } else {
                error
            })
        }
        _ => load_pipeline(argument, PipelineText::Toml(text), lens),
    }
}

/// Whether a schema is of a format, of whatever version.
pub(super) fn is_format(name: &str, schema: &str) -> bool {
    schema.split('/').next() == Some(name)
}

fn load_queue(argument: &str, text: &str) -> Result<LoadedRecording, CommandError> {
    reconstruct_routes(routes::parse_queue_toml(argument, text).at(argument)?)
}

/// Published routes, whose claims may name the toggles that there are.
pub(super) fn load_routes(
    name: &str,
    text: PipelineText<'_>,
) -> Result<LoadedRecording, CommandError> {
    reconstruct_routes(ReportedRoutes::read(name, &toggle_ids(), text)?)
}

fn toggle_ids() -> Vec<&'static str> {
    intervene::ALL.iter().map(|one| one.card().id).collect()
}

/// A user's own published totals, whose claims may name the toggles that there are.
pub(super) fn load_pipeline(
    name: &str,
    text: PipelineText<'_>,
    lens: Lens,
) -> Result<LoadedRecording, CommandError> {
    let reported = PipelineFileReader { name, toggles: &toggle_ids() }.read(text)?;
    let notes = reported.unsaid_in_words().into_iter().collect();
    let mut loaded = reconstruct_pipeline(reported, lens).at(name)?;
    loaded.import.notes = notes;
    Ok(loaded)
}
