//! `windtunnel sweep`.

use super::experiment_request::{ExperimentInputs, ExperimentRequest};
use super::{CommandError, CommandResult, load, render_document};
use crate::cli::{OutputFormat, RankMetricArg, SweepArgs};
use crate::report::csv;
use crate::report::show::{Provenance, sweep as show};
use crate::store;
use crate::study::whatif::sweep::{SweepMetric, sweep_subsets};

pub fn run(args: &SweepArgs) -> CommandResult {
    let asked = ExperimentRequest {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &[],
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    };
    let ExperimentInputs { scenario, lens, pricing, loaded } = asked.load_inputs()?;
    let toggles = scenario.split_awaiting_toggles();
    let experiment = load::build_experiment(&loaded, lens, (&scenario, &toggles), &pricing, &[]);
    let metric = args.by.map_or_else(|| SweepMetric::default_for(&experiment), ranking_metric);
    let swept = sweep_subsets(&experiment, metric)?;
    let shown = show::SweepReport {
        sweep: &swept,
        provenance: &Provenance::for_scenario(&loaded.recording, &pricing, &scenario),
        rows: args.rows,
    };
    if let Some(out) = &args.out {
        let ending = out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let bytes = match &*ending {
            "csv" => csv::table_to_csv(&shown.lattice_table()),
            "json" => shown.to_json(),
            "parquet" => subsets_as_parquet(&shown)?,
            _ => {
                return Err(CommandError::new(format!(
                    "{}: the ending says the format, and it is none of .csv, .json and .parquet",
                    out.display()
                )));
            }
        };
        store::write_file(out, &bytes)?;
    }
    let stdout = match args.format {
        OutputFormat::Json => shown.to_json(),
        OutputFormat::Csv => csv::table_to_csv(&shown.lattice_table()),
        other => render_document(&shown.to_document(), other),
    };
    Ok(load::finish_command(stdout, &loaded))
}

fn ranking_metric(by: RankMetricArg) -> SweepMetric {
    match by {
        RankMetricArg::Dollars => SweepMetric::Dollars,
        RankMetricArg::Reads => SweepMetric::Reads,
        RankMetricArg::Tokens => SweepMetric::Tokens,
        RankMetricArg::Calls => SweepMetric::Calls,
    }
}

#[cfg(feature = "tables")]
fn subsets_as_parquet(shown: &show::SweepReport) -> Result<Vec<u8>, CommandError> {
    Ok(shown.to_parquet()?)
}

#[cfg(not(feature = "tables"))]
fn subsets_as_parquet(_: &show::SweepReport) -> Result<Vec<u8>, CommandError> {
    Err(CommandError::new(
        "--out: this program was built without the feature 'tables' and writes no .parquet: \
         write .csv or .json",
    ))
}
