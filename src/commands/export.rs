//! `windtunnel export`.

use super::{Failure, NOT_JUDGED, Outcome, load, render};
use crate::cli::{ExportArgs, Format};
use crate::report::show::Provenance;
use crate::report::show::export::{Export, TABLES, Table};
use crate::report::{csv, json};
use crate::scenario::Scenario;
use crate::store;
use std::fmt::Write as _;
use std::path::Path;

pub fn run(args: &ExportArgs) -> Outcome {
    let scenario = Scenario { toggles: Vec::new(), ..Scenario::all_toggles() };
    let lens = load::lens(&args.premises, &scenario);
    let pricing = load::pricing(&args.premises, &scenario)?;
    let mut loaded = load::several(&args.recordings, lens, args.strict, None)?;
    let provenance = Provenance::of(&loaded.recording, &pricing, &scenario);
    let recording = std::mem::take(&mut loaded.recording);
    let export = Export::of(recording, &pricing)?;
    let mut files = Vec::new();
    for table in &TABLES {
        if let Some(folder) = &args.parquet {
            let file = format!("{}.parquet", table.name);
            parquet(table, &export, &folder.join(&file), &provenance)?;
            files.push((table.name, file));
        }
        if let Some(folder) = &args.csv {
            let file = format!("{}.csv", table.name);
            let path = folder.join(&file);
            let flushed = csv::stream(store::create(&path)?, table.batches(&export))
                .and_then(|mut sink| sink.flush());
            flushed.map_err(|error| unwritten(&path, &error))?;
            files.push((table.name, file));
        }
    }
    let document = export.document(&files, &provenance);
    let stdout = match args.format {
        Format::Json => json::document("export", 1, &export.body(&files, &provenance)),
        other => render(&document, other),
    };
    let mut done = load::done(stdout, &loaded);
    for missing in &export.unpriced {
        let _ = writeln!(done.talk, "windtunnel: {missing}");
        done.code = NOT_JUDGED;
    }
    Ok(done)
}

fn unwritten(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{}: cannot be written: {error}", path.display()))
}

#[cfg(feature = "tables")]
fn parquet(
    table: &Table,
    export: &Export,
    path: &Path,
    provenance: &Provenance,
) -> Result<(), Failure> {
    let source = provenance.lines().join("\n");
    let sink = store::create(path)?;
    let written = crate::report::parquet::write(sink, table.batches(export), &source);
    let mut sink = written.map_err(|error| unwritten(path, &error))?;
    sink.flush().map_err(|error| unwritten(path, &error))
}

#[cfg(not(feature = "tables"))]
fn parquet(_: &Table, _: &Export, _: &Path, _: &Provenance) -> Result<(), Failure> {
    Err(Failure::new("--parquet: this program was built without the feature 'tables': write --csv"))
}
