//! `windtunnel sweep`.

use super::asked::{Asked, Ready};
use super::{Failure, Outcome, load, render};
use crate::cli::{Format, RankBy, SweepArgs};
use crate::report::csv;
use crate::report::show::{Provenance, sweep as show};
use crate::store;
use crate::study::sweep::{Metric, sweep};

pub fn run(args: &SweepArgs) -> Outcome {
    let asked = Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &args.with,
        set: &[],
        premises: &args.premises,
        strict: args.strict,
        observed: None,
    };
    let Ready { scenario, lens, pricing, loaded } = asked.load()?;
    let toggles = scenario.parts();
    let experiment = load::experiment(&loaded, lens, (&scenario, &toggles), &pricing, &[]);
    let metric = args.by.map_or_else(|| Metric::of(&experiment), metric);
    let swept = sweep(&experiment, metric)?;
    let shown = show::Shown {
        sweep: &swept,
        provenance: &Provenance::of(&loaded.recording, &pricing, &scenario),
        rows: args.rows,
    };
    if let Some(out) = &args.out {
        let ending = out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let bytes = match &*ending {
            "csv" => csv::view(&shown.lattice()),
            "json" => shown.json(),
            "parquet" => parquet(&shown)?,
            _ => {
                return Err(Failure::new(format!(
                    "{}: the ending says the format, and it is none of .csv, .json and .parquet",
                    out.display()
                )));
            }
        };
        store::save(out, &bytes)?;
    }
    let stdout = match args.format {
        Format::Json => shown.json(),
        Format::Csv => csv::view(&shown.lattice()),
        other => render(&shown.document(), other),
    };
    Ok(load::done(stdout, &loaded))
}

fn metric(by: RankBy) -> Metric {
    match by {
        RankBy::Dollars => Metric::Dollars,
        RankBy::Reads => Metric::Reads,
        RankBy::Tokens => Metric::Tokens,
        RankBy::Calls => Metric::Calls,
    }
}

#[cfg(feature = "tables")]
fn parquet(shown: &show::Shown) -> Result<Vec<u8>, Failure> {
    Ok(shown.parquet()?)
}

#[cfg(not(feature = "tables"))]
fn parquet(_: &show::Shown) -> Result<Vec<u8>, Failure> {
    Err(Failure::new(
        "--out: this program was built without the feature 'tables' and writes no .parquet: \
         write .csv or .json",
    ))
}
