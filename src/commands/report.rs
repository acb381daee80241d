//! `windtunnel report`.

use super::{Failure, Outcome, load, render};
use crate::cli::{Format, ReportArgs};
use crate::report::show::report::Full;
use crate::report::show::{Provenance, audit as show_audit, compare as show};
use crate::report::{Document, Section, csv};
use crate::store;
use crate::study::audit;
use crate::study::compare::{compare, published};
use std::path::{Path, PathBuf};

pub fn run(args: &ReportArgs) -> Outcome {
    let scenario = load::scenario(&args.recording, args.scenario.as_deref(), &[])?;
    let lens = load::lens(&args.premises, &scenario);
    let pricing = load::pricing(&args.premises, &scenario)?;
    let loaded = load::one(&args.recording, lens, false)?;
    let recording = &loaded.recording;
    let claims = loaded.reported.as_ref().map(published).unwrap_or_default();
    let comparison = compare(recording, &scenario.toggles, &pricing, &claims)?;
    let findings = loaded
        .reported
        .as_ref()
        .map_or_else(|| crate::study::hygiene::check(recording), audit::audit);
    let provenance = Provenance::of(recording, &pricing, &scenario);
    let pictures = pictures(recording, &scenario, &pricing, &comparison, &provenance)?;
    let images: Vec<(&str, &str)> = pictures.iter().map(|p| (p.file, p.shows)).collect();
    let full = Full {
        shown: show::Shown {
            comparison: &comparison,
            lens: loaded.reported.as_ref().map(|_| lens),
            reported: loaded.reported.as_ref(),
            findings: &findings,
            provenance: &provenance,
        },
        fit: loaded.fit.as_ref(),
        images: &images,
    };
    let mut files = vec![
        ("report.md", render(&full.document(), Format::Markdown)),
        ("compare.json", full.shown.json()),
        ("audit.json", show_audit::json(&recording.name, &findings)),
        ("toggles.csv", csv::view(&full.shown.toggles())),
        ("steps.csv", csv::view(&full.steps(&comparison.baseline_steps))),
    ];
    files.extend(pictures.into_iter().map(|picture| (picture.file, picture.svg)));
    let out =
        args.out.clone().unwrap_or_else(|| Path::new("reports").join(file_name(&recording.name)));
    for (name, bytes) in &files {
        store::save(&out.join(name), bytes)?;
    }
    Ok(load::done(summary(&full, &out, &files), &loaded))
}

/// A recording's name as the name of a folder.
fn file_name(name: &str) -> PathBuf {
    let safe = |c: char| if c.is_alphanumeric() || "-_.+".contains(c) { c } else { '-' };
    let name: String = name.chars().map(safe).collect();
    PathBuf::from(name.trim_start_matches('.'))
}

/// The what-if table and where the rest is.
fn summary(full: &Full, out: &Path, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut document: Document = full.shown.document();
    let names: Vec<String> =
        files.iter().map(|(name, _)| out.join(name).display().to_string()).collect();
    document.section(Section::new("Written").bullets(names));
    render(&document, Format::Table)
}

/// A picture beside the report.
struct Picture {
    file: &'static str,
    shows: &'static str,
    svg: Vec<u8>,
}

#[cfg(feature = "charts")]
fn pictures(
    recording: &crate::recording::Recording,
    scenario: &crate::scenario::Scenario,
    pricing: &crate::price::Pricing,
    comparison: &crate::study::compare::Comparison,
    provenance: &Provenance,
) -> Result<Vec<Picture>, Failure> {
    use crate::plan::Plan;
    use crate::report::show::charts;
    let patches: Vec<_> =
        scenario.toggles.iter().map(|c| c.toggle.patch(recording, &c.params)).collect();
    let plan = Plan::compile(recording, &patches, pricing)?;
    let all = crate::study::compare::subset_of_first(patches.len());
    let footer = provenance.lines();
    Ok(vec![
        Picture {
            file: "waterfall.svg",
            shows: "cache reads from the baseline through each toggle to the result, with claims",
            svg: charts::waterfall(&recording.name, comparison, footer.clone()).to_svg(),
        },
        Picture {
            file: "growth.svg",
            shows: "context of each call of the longest sessions, before and after all toggles",
            svg: charts::growth(recording, &plan, all, footer).to_svg(),
        },
    ])
}

#[cfg(not(feature = "charts"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as with charts")]
fn pictures(
    _: &crate::recording::Recording,
    _: &crate::scenario::Scenario,
    _: &crate::price::Pricing,
    _: &crate::study::compare::Comparison,
    _: &Provenance,
) -> Result<Vec<Picture>, Failure> {
    Ok(Vec::new())
}
