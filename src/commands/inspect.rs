//! `windtunnel inspect`.

use super::{Done, NOT_JUDGED, Outcome, load, render};
use crate::cli::{Format, InspectArgs};
use crate::report::show::Provenance;
use crate::report::show::inspect::{Shown, Skipped};
use crate::scenario::Scenario;
use crate::study::{fidelity, summary};
use std::fmt::Write as _;

pub fn run(args: &InspectArgs) -> Outcome {
    let scenario = Scenario::all_toggles();
    let lens = load::lens(&args.premises, &scenario);
    let pricing = load::pricing(&args.premises, &scenario)?;
    let loaded = load::several(&args.recordings, lens, args.strict)?;
    let summary = summary::summarise(&loaded.recording, &scenario.toggles, &pricing);
    let measured = args.fidelity.then(|| fidelity::measure(&loaded.recording));
    let skipped: Vec<Skipped> = loaded
        .skips
        .iter()
        .map(|skip| Skipped {
            file: skip.file.clone(),
            line: skip.line,
            reason: skip.reason.clone(),
        })
        .collect();
    let shown = Shown {
        recording: &loaded.recording,
        summary: &summary,
        fidelity: measured.as_deref(),
        skipped: &skipped,
        skips: loaded.skipped,
        billed_usd: loaded.billed_usd,
        rows: args.rows,
        provenance: &Provenance::of(&loaded.recording, &pricing, &scenario),
    };
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    // Tokens are facts without a price; the money column is not.
    let mut done: Done = load::done(stdout, &loaded)?;
    for missing in &summary.unpriced {
        let _ = writeln!(done.talk, "windtunnel: {missing}");
        done.code = NOT_JUDGED;
    }
    Ok(done)
}
