//! `windtunnel report`.

use super::asked::{Asked, Ready};
use super::{Outcome, load, render};
use crate::cli::{Format, ReportArgs};
use crate::recording::Recording;
use crate::report::show::report::Full;
use crate::report::show::{Provenance, audit as show_audit, compare as show};
use crate::report::{Document, Section, csv};
use crate::store;
use crate::study::compare::{Comparison, compare};
use crate::study::spread::{Each, spread};
use crate::study::{audit, hygiene};
use std::path::{Path, PathBuf};

pub fn run(args: &ReportArgs) -> Outcome {
    let asked = Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &[],
        set: &[],
        premises: &args.premises,
        strict: false,
    };
    let Ready { scenario, lens, pricing, loaded } = asked.load()?;
    let recording = &loaded.recording;
    let claims = load::claims(&loaded, &scenario);
    let toggles = scenario.parts();
    let of = (&scenario, &toggles);
    let comparison = compare(&load::experiment(&loaded, lens, of, &pricing, &claims))?;
    let known = loaded.fit.as_ref().map(|fit| (lens, fit));
    let findings = match (&loaded.reported, &loaded.routes) {
        (Some(reported), _) => audit::audit_knowing(reported, known),
        (_, Some((routes, _))) => audit::audit_routes(routes),
        (None, None) => hygiene::check(recording),
    };
    // A reported pipeline is one pipeline; transcripts are as many runs as there are sessions.
    let is_reported = loaded.reported.is_some() || loaded.routes.is_some();
    let is_many = !is_reported && recording.sessions.len() > 1;
    let toggles = comparison.toggles.len();
    let spread = is_many.then(|| spread(recording, &comparison.plan, toggles, Each::Session));
    let provenance = Provenance::of(recording, &pricing, &scenario);
    let pictures = pictures(recording, &comparison, &provenance);
    let loads = load::loads(&loaded, &scenario, &comparison);
    let images: Vec<(&str, &str)> = pictures.iter().map(|p| (p.file, p.shows)).collect();
    let full = Full {
        shown: show::Shown {
            comparison: &comparison,
            lens: loaded.reported.as_ref().map(|_| lens),
            reported: loaded.reported.as_ref(),
            routes: loaded.routes.as_ref().map(|(routes, _)| routes),
            findings: &findings,
            loads: &loads,
            spread: spread.as_ref(),
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
    let distribution = full.shown.spread_table();
    files.extend(distribution.map(|view| ("distribution.csv", csv::view(&view))));
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
    recording: &Recording,
    comparison: &Comparison,
    provenance: &Provenance,
) -> Vec<Picture> {
    use crate::report::show::charts;
    let footer = provenance.lines();
    vec![
        Picture {
            file: "waterfall.svg",
            shows: "cache reads from the baseline through each toggle to the result, with claims",
            svg: charts::waterfall(&recording.name, comparison, footer.clone()).to_svg(),
        },
        Picture {
            file: "growth.svg",
            shows: "context of each call of the longest sessions, before and after all toggles",
            svg: charts::growth(recording, comparison, footer).to_svg(),
        },
    ]
}

#[cfg(not(feature = "charts"))]
fn pictures(_: &Recording, _: &Comparison, _: &Provenance) -> Vec<Picture> {
    Vec::new()
}
