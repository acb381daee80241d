//! `windtunnel report`.

use super::asked::Asked;
use super::studied::Studied;
use super::{Outcome, load, pictures, render};
use crate::cli::{Format, ReportArgs};
use crate::report::show::audit as show_audit;
use crate::report::show::report::Full;
use crate::report::{Document, Section, csv};
use crate::store;
use crate::study::order;
use crate::study::spread::Each;
use std::path::{Path, PathBuf};

pub fn run(args: &ReportArgs) -> Outcome {
    let mut studied = Studied::of(&Asked {
        recording: args.recording.as_deref(),
        scenario: args.scenario.as_deref(),
        with: &[],
        set: &[],
        premises: &args.premises,
        strict: false,
        observed: args.observed.as_deref(),
    })?;
    studied.check_data();
    // A reported pipeline is one pipeline; transcripts are as many runs as there are sessions.
    if !studied.is_reported() && studied.recording().sessions.len() > 1 {
        studied.spread_over(Each::Session);
    }
    let shown = studied.shown();
    let sweep = studied.sweep();
    let order = sweep.as_ref().ok();
    let order = order.map(|it| order::order(studied.recording(), &studied.comparison, it));
    let sweep = sweep.as_ref().map_err(String::as_str);
    let pictures = pictures::all(studied.recording(), &shown, sweep, args.png);
    let full = Full {
        shown: studied.shown(),
        fit: studied.ready.loaded.fit.as_ref(),
        order: order.as_ref(),
        images: &pictures.images,
    };
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("report.md".into(), render(&full.document(), Format::Markdown)),
        ("compare.json".into(), shown.json()),
        ("audit.json".into(), show_audit::json(&studied.recording().name, &studied.findings)),
        ("toggles.csv".into(), csv::view(&shown.toggles())),
        ("steps.csv".into(), csv::view(&full.steps(&studied.comparison.baseline_steps))),
    ];
    let order = full.build_first();
    files.extend(order.map(|view| ("order.csv".to_owned(), csv::view(&view))));
    files.extend(pictures::page(&studied, &full, &pictures));
    let distribution = shown.spread_table();
    files.extend(distribution.map(|view| ("distribution.csv".to_owned(), csv::view(&view))));
    files.extend(pictures.files);
    let name = file_name(&studied.recording().name);
    let out = args.out.clone().unwrap_or_else(|| Path::new("reports").join(name));
    for (name, bytes) in &files {
        store::save(&out.join(name), bytes)?;
    }
    Ok(load::done(summary(&full, &out, &files), &studied.ready.loaded))
}

/// A recording's name as the name of a folder.
fn file_name(name: &str) -> PathBuf {
    let safe = |c: char| if c.is_alphanumeric() || "-_.+".contains(c) { c } else { '-' };
    let name: String = name.chars().map(safe).collect();
    PathBuf::from(name.trim_start_matches('.'))
}

/// The what-if table and where the rest is.
fn summary(full: &Full, out: &Path, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut document: Document = full.shown.document();
    let names: Vec<String> =
        files.iter().map(|(name, _)| out.join(name).display().to_string()).collect();
    document.section(Section::new("Written").bullets(names));
    render(&document, Format::Table)
}
