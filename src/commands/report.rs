//! `windtunnel report`.

use super::comparison_run::ComparisonRun;
use super::experiment_inputs::ExperimentInputs;
use super::{
    Audience, CommandError, CommandResult, load, observations, pictures, render_answer,
    render_document,
};
use crate::cli::{OutputFormat, ReportArgs};
use crate::report::document::LabelledRemark;
use crate::report::show::audit as show_audit;
use crate::report::show::build_order::BuildOrderReport;
use crate::report::show::report::FullReport;
use crate::report::{ReportDocument, Section, csv};
use crate::store::{KeptFile, MANIFEST, OutputFiles};
use crate::study::whatif::distribution::SessionGrouping;
use crate::study::whatif::measured_steps::measure_build_steps;
use std::path::{Path, PathBuf};

pub fn run(args: &ReportArgs) -> CommandResult {
    let mut inputs = ExperimentInputs::from_args(&args.experiment, Audience::Anybody)?;
    if let Some(path) = &args.observed {
        inputs.loaded.observations = Some(observations::read_observations(path)?);
    }
    let mut studied = ComparisonRun::compare_with_order(inputs, None)?;
    studied.check_data();
    // A reported pipeline is one pipeline; transcripts are as many runs as there are sessions.
    if !studied.is_reported() && studied.recording().sessions.len() > 1 {
        studied.spread_over(SessionGrouping::Session);
    }
    // Where no sweep can be made the order of building and the pictures of subsets are left out.
    let shown = studied.comparison_view();
    let pictures = pictures::draw_pictures(studied.recording(), &shown, args.png);
    let measured = shown.sweep.map_or_else(
        |_| Vec::new(),
        |sweep| measure_build_steps(studied.recording(), &studied.comparison, sweep),
    );
    let full = FullReport {
        comparison_report: studied.comparison_view(),
        measured_steps: &measured,
        images: &pictures.images,
    };
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("report.md".into(), render_document(&full.to_document(), OutputFormat::Markdown)?),
        ("compare.json".into(), shown.to_json()),
        ("audit.json".into(), show_audit::audit_json(&studied.recording().name, &studied.findings)),
        ("toggles.csv".into(), csv::table_to_csv(&shown.toggle_table())),
        (
            "steps.csv".into(),
            csv::table_to_csv(&full.step_table(&studied.comparison.baseline_steps)),
        ),
    ];
    let order = shown.sweep.ok().and_then(|sweep| BuildOrderReport(sweep).table());
    let measure = full.measure_table();
    for (name, view) in [("order.csv", order), ("measure.csv", measure)] {
        files.extend(view.map(|view| (name.to_owned(), csv::table_to_csv(&view))));
    }
    files.extend(pictures::render_page(&studied, &full, &pictures));
    let distribution = shown.wide_distribution_table();
    files
        .extend(distribution.map(|view| ("distribution.csv".to_owned(), csv::table_to_csv(&view))));
    files.extend(pictures.files);
    let name = folder_name(studied.inputs.loaded.local_name());
    let out = args.out.clone().unwrap_or_else(|| Path::new("reports").join(name));
    let inputs = args.experiment.input_files().chain(args.observed.as_deref());
    let outputs = OutputFiles::beside_inputs(inputs, args.overwrite.force);
    let kept = outputs.write_set(&out, &files)?;
    let summary = render_summary(&full, &out, (&files, &kept), args)?;
    Ok(load::finish_command(summary, &studied.inputs.loaded))
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

/// Whether a file has an ending.
fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// What to do, and which of the files to open.
fn render_summary(
    full: &FullReport,
    out: &Path,
    (files, kept): (&[(String, Vec<u8>)], &[KeptFile]),
    args: &ReportArgs,
) -> Result<Vec<u8>, CommandError> {
    let shown = &full.comparison_report;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).chain([MANIFEST]).collect();
    let charts =
        // Each chart is there twice, light and dark.
        names.iter().filter(|name| has_ending(name, "svg") && !name.contains("-dark")).count();
    let wrote = format!("Wrote {} files to {}.", names.len(), out.display());
    let mut remarks = Vec::new();
    let page = "open this: switch fixes on and off";
    for (name, about) in [("index.html", page), ("report.md", "for a planning doc")] {
        if names.contains(&name) {
            remarks.push(LabelledRemark::new(name, about));
        }
    }
    if charts > 0 {
        let about = format!("{charts} charts, light and dark, each with its numbers as CSV");
        remarks.push(LabelledRemark::new("charts/", about));
    }
    let data: Vec<&str> = names
        .iter()
        .copied()
        // Numbers of charts lie in their folder.
        .filter(|name| !name.contains('/') && ["json", "csv"].iter().any(|it| has_ending(name, it)))
        .collect();
    remarks.push(LabelledRemark::new("data", data.join(", ")));
    for KeptFile { name, beside } in kept {
        let words = format!("{name} was edited by hand; the new text is in {beside}");
        remarks.push(LabelledRemark::new("kept", words));
    }
    remarks.push(LabelledRemark::new("more", "--details"));
    let lines = shown.decision_lines().into_iter().chain([wrote]);
    let first = Section::new("").with_decision(lines).with_remarks(remarks);
    let mut details: ReportDocument = shown.to_document();
    let paths = names.into_iter().map(|name| out.join(name).display().to_string());
    details.add_section(Section::new("Written").with_bullets(paths));
    render_answer(first, details, args.color, args.detail)
}
