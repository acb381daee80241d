//! `windtunnel export`.

use super::{
    AtPlace, CommandError, CommandOutput, CommandResult, EXIT_DONE, load, render_document,
};
use crate::cli::{ExportArgs, OutputFormat};
use crate::report::show::Provenance;
use crate::report::show::export::{ExportTable, RecordingExport, TABLES};
use crate::report::{csv, json};
use crate::scenario::Scenario;
use crate::store;
use std::path::Path;

pub fn run(args: &ExportArgs) -> CommandResult {
    // Tables hold what was recorded: nothing is toggled.
    let scenario = Scenario { toggles: Vec::new(), ..Scenario::all_toggles() };
    let lens = load::choose_lens(&args.premises, &scenario);
    let pricing = super::pricing::load_pricing(&args.premises, &scenario, &args.recordings)?;
    let loaded = load::load_merged_recording(&args.recordings, lens, args.strict, None)?;
    let provenance = Provenance::for_scenario(loaded.recording(), &pricing, &scenario);
    load::refuse_unpriced(&provenance.coverage, args.strict)?;
    let (messages, recording) = (loaded.stderr_messages(), loaded.source.into_recording());
    // The tables take the recording itself: a copy would double the memory of a large one.
    let export = RecordingExport::from_recording(recording, &pricing)?;
    let mut files = Vec::new();
    for table in &TABLES {
        if let Some(folder) = &args.parquet {
            let file = format!("{}.parquet", table.name);
            write_parquet(table, &export, &folder.join(&file), &provenance)?;
            files.push((table.name, file));
        }
        if let Some(folder) = &args.csv {
            let file = format!("{}.csv", table.name);
            let path = folder.join(&file);
            // A buffered file may fail at its last bytes, which only the flush tells.
            let flushed =
                csv::write_batches(store::create_file(&path)?, table.row_batches(&export))
                    .and_then(|mut sink| sink.flush());
            flushed.map_err(write_failure).at(path.display())?;
            files.push((table.name, file));
        }
    }
    let document = export.to_document(&files, &provenance);
    let stdout = match args.format {
        OutputFormat::Json => {
            json::versioned_json("export", 1, &export.written_files_json(&files, &provenance))
        }
        other => render_document(&document, other),
    };
    Ok(CommandOutput { stdout, messages, code: EXIT_DONE })
}

fn write_failure(error: impl std::error::Error + 'static) -> CommandError {
    CommandError::Write(Box::new(error))
}

#[cfg(feature = "tables")]
fn write_parquet(
    table: &ExportTable,
    export: &RecordingExport,
    path: &Path,
    provenance: &Provenance,
) -> Result<(), CommandError> {
    let source = provenance.footer_lines().join("\n");
    let sink = store::create_file(path)?;
    let written = crate::report::parquet::write_batches(sink, table.row_batches(export), &source);
    let mut sink = written.map_err(write_failure).at(path.display())?;
    sink.flush().map_err(write_failure).at(path.display())
}

#[cfg(not(feature = "tables"))]
fn write_parquet(
    _: &ExportTable,
    _: &RecordingExport,
    _: &Path,
    _: &Provenance,
) -> Result<(), CommandError> {
    Err(CommandError::feature("--parquet", "this program was built without the feature 'tables'")
        .with_hint("write --csv"))
}
