//! `windtunnel sweep`.

use super::experiment_inputs::{self, ExperimentInputs};
use super::progress::{SETS, with_progress};
use super::{Audience, CommandError, CommandResult, load, render_answer};
use crate::cli::{OutputFormat, SweepArgs};
use crate::report::csv;
use crate::report::show::volume::Volume;
use crate::report::show::{Provenance, sweep as show};
use crate::store::OutputFiles;
use crate::study::whatif::experiment::Experiment;
use crate::study::whatif::sweep::sweep_subsets;
use crate::study::whatif::swept_subset::SweepMetric;

pub fn run(args: &SweepArgs) -> CommandResult {
    // A file is kept, whatever the screen shows beside it.
    let audience =
        if args.out.is_some() { Audience::Anybody } else { super::audience_of(args.print.format) };
    let ExperimentInputs { scenario, pricing, loaded } =
        ExperimentInputs::from_args(&args.experiment, audience)?;
    let toggles = scenario.split_awaiting_toggles();
    // Claims are judged by the comparison; a ranking needs none.
    let experiment =
        experiment_inputs::build_experiment(&loaded, (&scenario, &toggles), &pricing, &[]);
    let metric = args.by.unwrap_or_else(|| SweepMetric::default_for(&experiment));
    let swept = with_progress(SETS, |progress| {
        sweep_subsets(&Experiment { progress, ..experiment }, metric)
    })?;
    let shown = show::SweepReport {
        sweep: &swept,
        volume: Volume::of_source(&loaded.source),
        provenance: &Provenance::for_scenario(loaded.recording(), &pricing, &scenario),
        rows: args.rows,
    };
    if let Some(out) = &args.out {
        let ending = out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let bytes = match &*ending {
            "csv" => csv::table_to_csv(&shown.lattice_table()),
            "json" => shown.to_json(),
            "parquet" => subsets_as_parquet(&shown)?,
            _ => {
                return Err(CommandError::argument(
                    out.display(),
                    "the ending says the format, and it is none of .csv, .json and .parquet",
                ));
            }
        };
        OutputFiles::beside_inputs(args.experiment.input_files(), args.overwrite.force)
            .write_file(out, &bytes)?;
    }
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        // Every subset is the main table, too long for a screen.
        OutputFormat::Csv if args.print.table.is_none() => {
            csv::table_to_csv(&shown.lattice_table())
        }
        other => {
            let (first, printing) = (shown.first_screen(), (other, &args.print));
            render_answer(first, shown.to_document(), printing, args.detail)?
        }
    };
    Ok(load::finish_command(stdout, &loaded))
}

#[cfg(feature = "tables")]
fn subsets_as_parquet(shown: &show::SweepReport) -> Result<Vec<u8>, CommandError> {
    Ok(shown.to_parquet()?)
}

#[cfg(not(feature = "tables"))]
fn subsets_as_parquet(_: &show::SweepReport) -> Result<Vec<u8>, CommandError> {
    Err(CommandError::feature(
        "--out",
        "this program was built without the feature 'tables' and writes no .parquet",
    )
    .with_hint("write .csv or .json"))
}
