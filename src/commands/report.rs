//! `windtunnel report`.

use super::comparison_run::ComparisonRun;
use super::experiment_inputs::ExperimentInputs;
use super::{CommandResult, load, observations, pictures, render_document};
use crate::cli::{OutputFormat, ReportArgs};
use crate::report::show::audit as show_audit;
use crate::report::show::report::FullReport;
use crate::report::{ReportDocument, Section, csv};
use crate::store;
use crate::study::whatif::build_order;
use crate::study::whatif::distribution::SessionGrouping;
use std::path::{Path, PathBuf};

pub fn run(args: &ReportArgs) -> CommandResult {
    let mut inputs = ExperimentInputs::from_args(&args.experiment)?;
    if let Some(path) = &args.observed {
        inputs.loaded.observations = Some(observations::read_observations(path)?);
    }
    let mut studied = ComparisonRun::compare_inputs(inputs)?;
    studied.check_data();
    // A reported pipeline is one pipeline; transcripts are as many runs as there are sessions.
    if !studied.is_reported() && studied.recording().sessions.len() > 1 {
        studied.spread_over(SessionGrouping::Session);
    }
    let shown = studied.comparison_view();
    // The sweep may be impossible, e.g. with too many toggles; then the order of building and the
    // pictures of subsets are left out.
    let sweep = studied.sweep_subsets();
    let order = sweep.as_ref().ok();
    let order = order
        .map(|it| build_order::suggest_build_order(studied.recording(), &studied.comparison, it));
    let sweep = sweep.as_ref().map_err(String::as_str);
    let pictures = pictures::draw_pictures(studied.recording(), &shown, sweep, args.png);
    let full = FullReport {
        comparison_report: studied.comparison_view(),
        build_order: order.as_ref(),
        images: &pictures.images,
    };
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("report.md".into(), render_document(&full.to_document(), OutputFormat::Markdown)),
        ("compare.json".into(), shown.to_json()),
        ("audit.json".into(), show_audit::audit_json(&studied.recording().name, &studied.findings)),
        ("toggles.csv".into(), csv::table_to_csv(&shown.toggle_table())),
        (
            "steps.csv".into(),
            csv::table_to_csv(&full.step_table(&studied.comparison.baseline_steps)),
        ),
    ];
    let order = full.build_first_table();
    files.extend(order.map(|view| ("order.csv".to_owned(), csv::table_to_csv(&view))));
    files.extend(pictures::render_page(&studied, &full, &pictures));
    let distribution = shown.wide_distribution_table();
    files
        .extend(distribution.map(|view| ("distribution.csv".to_owned(), csv::table_to_csv(&view))));
    files.extend(pictures.files);
    let name = folder_name(&studied.recording().name);
    let out = args.out.clone().unwrap_or_else(|| Path::new("reports").join(name));
    // Everything is computed before the first byte is written, so that an error leaves no half a
    // report.
    for (name, bytes) in &files {
        store::write_file(&out.join(name), bytes)?;
    }
    Ok(load::finish_command(render_summary(&full, &out, &files), &studied.inputs.loaded))
}

/// A recording's name as the name of a folder.
fn folder_name(name: &str) -> PathBuf {
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.+".contains(c) { c } else { '-' })
        .collect();
    // A leading dot would hide the folder, or leave the one that it lies in.
    PathBuf::from(name.trim_start_matches('.'))
}

/// The what-if table and where the rest is.
fn render_summary(full: &FullReport, out: &Path, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut document: ReportDocument = full.comparison_report.to_document();
    let names: Vec<String> =
        files.iter().map(|(name, _)| out.join(name).display().to_string()).collect();
    document.add_section(Section::new("Written").with_bullets(names));
    render_document(&document, OutputFormat::Table)
}
