//! `windtunnel steps`.

use super::{Outcome, load, render};
use crate::cli::{Format, StepsArgs};
use crate::report::show::Provenance;
use crate::report::show::steps::Shown;
use crate::scenario::Scenario;
use crate::study::steps::steps;

pub fn run(args: &StepsArgs) -> Outcome {
    let scenario = Scenario { toggles: Vec::new(), ..Scenario::all_toggles() };
    let lens = load::lens(&args.premises, &scenario);
    let pricing = load::pricing(&args.premises, &scenario)?;
    let loaded = load::several(&args.recordings, lens, args.strict, None)?;
    let steps = steps(&loaded.recording, args.order.as_deref())?;
    let provenance = Provenance::of(&loaded.recording, &pricing, &scenario);
    let order = args.order.as_deref();
    let shown = Shown { steps: &steps, order, notes: &loaded.notes, provenance: &provenance };
    let stdout = match args.format {
        Format::Json => shown.json(),
        Format::Markdown => render(&shown.pull_request(), args.format),
        other => render(&shown.document(), other),
    };
    Ok(load::done(stdout, &loaded))
}
