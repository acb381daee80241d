//! `windtunnel export`.

use super::session_selection::{select_sessions, selection_from_args};
use super::{
    Audience, CommandError, CommandOutput, CommandResult, EXIT_DONE, LoadOptions, load,
    render_document,
};
use crate::cli::{ExportArgs, OutputFormat};
use crate::report::show::Provenance;
use crate::report::show::export::{ExportTable, RecordingExport, TABLES};
use crate::report::{csv, json};
use crate::scenario::Scenario;
use crate::store::OutputFiles;
use std::path::Path;

pub fn run(args: &ExportArgs) -> CommandResult {
    // Tables hold what was recorded: nothing is toggled.
    let select = selection_from_args(&args.selection)?;
    let scenario = Scenario { toggles: Vec::new(), select, ..Scenario::all_toggles() };
    let lens = load::choose_lens(&args.premises, &scenario);
    let pricing = super::pricing::load_pricing(&args.premises, &scenario, &args.recordings)?;
    let options = LoadOptions { lens, strict: args.strict, audience: Audience::Anybody };
    let loaded = load::load_merged_recording(&args.recordings, options, None)?;
    let loaded = select_sessions(loaded, &scenario.select)?;
    let provenance = Provenance::for_scenario(loaded.recording(), &pricing, &scenario);
    load::refuse_unpriced(&provenance.coverage, args.strict)?;
    let (messages, recording) = (loaded.stderr_messages(), loaded.source.into_recording());
    // The tables take the recording itself: a copy would double the memory of a large one.
    let export = RecordingExport::from_recording(recording, &pricing)?;
    let inputs = args.recordings.iter().map(Path::new).chain(args.premises.input_files());
    let outputs = OutputFiles::beside_inputs(inputs, args.overwrite.force);
    let mut files = Vec::new();
    for table in &TABLES {
        if let Some(folder) = &args.parquet {
            let file = format!("{}.parquet", table.name);
            write_parquet(table, &export, (&outputs, &folder.join(&file)), &provenance)?;
            files.push((table.name, file));
        }
        if let Some(folder) = &args.csv {
            let file = format!("{}.csv", table.name);
            let path = folder.join(&file);
            outputs.write_with(&path, |sink| {
                csv::write_batches(sink, table.row_batches(&export)).map(drop)
            })?;
            files.push((table.name, file));
        }
    }
    let document = export.to_document(&files, &provenance);
    let stdout = match args.print.format {
        OutputFormat::Json => {
            json::versioned_json("export", 1, &export.written_files_json(&files, &provenance))
        }
        other => render_document(&document, (other, &args.print))?,
    };
    Ok(CommandOutput { stdout, messages, code: EXIT_DONE })
}

#[cfg(feature = "tables")]
fn write_parquet(
    table: &ExportTable,
    export: &RecordingExport,
    (outputs, path): (&OutputFiles, &Path),
    provenance: &Provenance,
) -> Result<(), CommandError> {
    let source = provenance.footer_lines().join("\n");
    Ok(outputs.write_with(path, |sink| {
        crate::report::parquet::write_batches(sink, table.row_batches(export), &source).map(drop)
    })?)
}

#[cfg(not(feature = "tables"))]
fn write_parquet(
    _: &ExportTable,
    _: &RecordingExport,
    _: (&OutputFiles, &Path),
    _: &Provenance,
) -> Result<(), CommandError> {
    Err(CommandError::feature("--parquet", "this program was built without the feature 'tables'")
        .with_hint("write --csv"))
}
