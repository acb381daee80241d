//! `windtunnel inspect`.

use super::{Failure, NOT_JUDGED, Outcome, load, render};
use crate::cli::{Format, InspectArgs};
use crate::recording::Recording;
use crate::report::show::Provenance;
use crate::report::show::inspect::{Part, Pivot, Shown, Skipped};
use crate::scenario::Scenario;
use crate::study::holdout::{self, Rates};
use crate::study::{fidelity, summary};
use std::fmt::Write as _;

pub fn run(args: &InspectArgs) -> Outcome {
    let scenario = Scenario::all_toggles();
    let lens = load::lens(&args.premises, &scenario);
    let pricing = load::pricing(&args.premises, &scenario)?;
    let mut parts: Vec<([u8; 32], Part)> = Vec::new();
    let mut each = |part: &Recording| parts.push((part.digest(), Part::of(part, &pricing)));
    let loaded = load::several(&args.recordings, lens, args.strict, Some(&mut each))?;
    // The order of arguments changes nothing.
    parts.sort_by(|a, b| (&a.1.name, a.0).cmp(&(&b.1.name, b.0)));
    let parts: Vec<Part> = parts.into_iter().map(|(_, part)| part).collect();
    let summary = summary::summarise(&loaded.recording, &scenario.toggles, &pricing);
    let measured = args.fidelity.then(|| fidelity::measure(&loaded.recording));
    let held_out = args.fidelity.then(|| holdout::measure(&loaded.recording, &Rates::FITTED));
    let pivot = pivot(&loaded.recording, &args.by)?;
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
        parts: &parts,
        fidelity: measured.as_deref(),
        held_out: held_out.as_deref(),
        pivot: pivot.as_ref(),
        skipped: &skipped,
        skips: loaded.skipped,
        copies: loaded.copies,
        billed_usd: loaded.billed_usd,
        rows: args.rows.unwrap_or(if args.format == Format::Csv { 0 } else { 12 }),
        provenance: &Provenance::of(&loaded.recording, &pricing, &scenario),
    };
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    // Tokens are facts without a price; the money column is not.
    let mut done = load::done(stdout, &loaded);
    for missing in &summary.unpriced {
        let _ = writeln!(done.talk, "windtunnel: {missing}");
        done.code = NOT_JUDGED;
    }
    Ok(done)
}

#[cfg(feature = "tables")]
fn pivot(recording: &Recording, by: &[String]) -> Result<Option<Pivot>, Failure> {
    use crate::study::pivot::{Key, pivot};
    if by.is_empty() {
        return Ok(None);
    }
    let key = |name: &String| {
        Key::find(name).ok_or_else(|| {
            let known: Vec<_> = Key::NAMED.iter().map(|(_, name)| *name).collect();
            Failure::new(format!("--by: no key '{name}'; known are {}", known.join(", ")))
        })
    };
    let mut keys = Vec::new();
    for name in by {
        let key = key(name)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let rows = pivot(recording, &keys)?;
    Ok(Some(Pivot {
        keys: keys.iter().map(|key| key.name()).collect(),
        rows: rows.into_iter().map(|row| (row.values, row.group)).collect(),
    }))
}

#[cfg(not(feature = "tables"))]
fn pivot(_: &Recording, by: &[String]) -> Result<Option<Pivot>, Failure> {
    if by.is_empty() {
        return Ok(None);
    }
    Err(Failure::new("--by: this program was built without the feature 'tables'"))
}
