//! `windtunnel gate`.

mod gate_input;
mod gate_measurement;

use super::progress::{COMPARISONS, with_progress};
use super::{AtPlace, CommandError, CommandOutput, CommandResult, Printing, render_document};
use crate::cli::{DetailArgs, GateArgs, GateFormat, OutputFormat};
use crate::report::ReportDocument;
use crate::report::json;
use crate::report::show::gate::{
    COMMENT_MARKER, GateReport, PowerReport, defect_sentences, failure_document, failure_junit,
};
use crate::seed::Seed;
use crate::store::{self, OutputError, OutputFiles};
use crate::study::gate::baseline::{Baseline, BaselinePremises};
use crate::study::gate::budget::GateBudget;
use crate::study::gate::gate_cache::GateCache;
use crate::study::gate::{
    GateMetric, GateOutcome, GateResult, GateSide, SideSummary, growth_causes, judgement, power,
    unjudged_limits,
};
use crate::units::BASIS_POINTS;
use gate_measurement::{CandidateSessions, GateRequest, GateSides};
use std::path::Path;

/// Exit code where a change may not pass.
const EXIT_REFUSED: u8 = 1;

/// The budget that comes with the program: nothing may move.
const UNMOVED: (&str, &str) = ("unmoved", include_str!("../../scenarios/unmoved.toml"));

/// Metrics whose power is told.
const POWER_METRICS: [GateMetric; 2] = [GateMetric::Calls, GateMetric::Dollars];

/// The most digests that a source line tells.
const MOST_DIGESTS: usize = 3;

pub fn run(args: &GateArgs) -> CommandResult {
    let judged = run_gate(args);
    if let Err(error) = &judged
        && !args.update
        && !args.power
        // One file for two results stays as it is: why nothing was judged is no third one.
        && !matches!(error, CommandError::Output(OutputError::IsTwice(_)))
    {
        write_failure(args, &error.to_string())?;
    }
    judged
}

/// Says in the files that a CI reads that nothing was judged, and why: without them it would show
/// the results of an earlier run, or none.
fn write_failure(args: &GateArgs, why: &str) -> Result<(), CommandError> {
    let outputs = outputs_beside(args, args.baseline.iter().chain(&args.candidate));
    for path in &args.out {
        match format_by_ending(path) {
            Ok(GateFormat::Junit) => outputs.write_file(path, &failure_junit(why))?,
            Ok(GateFormat::Markdown) => {
                let document = failure_document(why);
                outputs.write_file(path, &render_document(&document, OutputFormat::Markdown)?)?;
            }
            Ok(_) | Err(_) => {}
        }
    }
    if let Some(path) = &args.comment {
        outputs.write_file(path, &marked_comment(&failure_document(why))?)?;
    }
    Ok(())
}

/// A comment on a pull request: by its first line that of an earlier run is found, and replaced.
fn marked_comment(document: &ReportDocument) -> Result<Vec<u8>, CommandError> {
    let comment = render_document(document, OutputFormat::Markdown)?;
    Ok([COMMENT_MARKER.as_bytes(), b"\n", &comment].concat())
}

fn run_gate(args: &GateArgs) -> CommandResult {
    // Read first: a budget with an error should not cost a measurement.
    let budget = load_budget(args.budget.as_deref())?;
    if args.power {
        return report_power(args, &budget);
    }
    // An ending that says nothing is refused before anything is measured.
    let formats = args.out.iter().map(|path| format_by_ending(path));
    let formats: Vec<GateFormat> = formats.collect::<Result<_, _>>()?;
    let GateSides { premises: held, baseline, candidate, notes, messages, seed } =
        GateRequest::from_args(args)?.measure_sides()?;
    // Written for the first time there is nothing to hold against; the empty side lets the same
    // judgement list what there is.
    let before = baseline.clone().unwrap_or_default();
    let mut gate = judge_sides(&before, &candidate, &budget, Seed(seed));
    if baseline.is_none() {
        // Against nothing everything is new.
        gate.notes.clear();
    }
    gate.input_notes = notes;
    let file =
        args.baseline.first().filter(|path| gate_input::is_json_path(path)).map(String::as_str);
    let named = [("baseline", &gate.baseline), ("candidate", &gate.candidate)];
    let sources = source_lines(&named, &held, seed);
    // What is written is judged next time: an update is done, whatever has grown.
    if args.update {
        refuse_fatal_defect(&candidate.summary, &budget)?;
        let file = args.baseline.first().map_or("", String::as_str);
        let known = baseline.is_some();
        // What is no baseline was refused when it was read: one that was changed by hand, or holds
        // two of a merge, is written afresh.
        let mut outputs = outputs_beside(args, &args.candidate);
        outputs.force = true;
        let written = Baseline { premises: held, side: candidate };
        outputs.write_file(Path::new(file), &json::escape_invisible(written.to_bytes()))?;
        let shown = GateReport { gate: &gate, file: Some(file), sources: &sources };
        let stdout = match args.print.format {
            GateFormat::Json => shown.to_json(),
            other => {
                let printing = (document_format(other), &args.print);
                render_document(&shown.moved_rows_document(known), printing)?
            }
        };
        return Ok(CommandOutput { stdout, messages, ..CommandOutput::default() });
    }
    let shown = GateReport { gate: &gate, file, sources: &sources };
    let outputs = outputs_beside(args, args.baseline.iter().chain(&args.candidate));
    for (path, format) in args.out.iter().zip(formats) {
        // A file is read later, by somebody who cannot ask for more.
        let all = DetailArgs { details: true, provenance: true };
        let printing = document_format(format).into();
        outputs.write_file(path, &render_gate(&shown, (format, printing), (args, all))?)?;
    }
    if let Some(path) = &args.comment {
        // Where nothing moved there is nothing to say, not even that.
        let comment = shown.to_comment().map(|it| marked_comment(&it)).transpose()?;
        let comment = comment.unwrap_or_default();
        outputs.write_file(path, &comment)?;
    }
    let printing = (document_format(args.print.format), &args.print).into();
    let stdout = render_gate(&shown, (args.print.format, printing), (args, args.detail))?;
    Ok(CommandOutput { stdout, messages, code: exit_code(gate.outcome()) })
}

pub(super) fn exit_code(outcome: GateOutcome) -> u8 {
    match outcome {
        GateOutcome::Refused => EXIT_REFUSED,
        GateOutcome::NotJudged => super::EXIT_NOT_JUDGED,
        GateOutcome::Passes => super::EXIT_DONE,
    }
}

/// What is written beside the sides, of which an update replaces one.
fn outputs_beside<'a>(
    args: &'a GateArgs,
    sides: impl IntoIterator<Item = &'a String>,
) -> OutputFiles {
    let named = sides.into_iter().chain(&args.toggles.scenario).map(Path::new);
    let beside = args.budget.as_deref().into_iter().chain(args.premises.input_files());
    OutputFiles::beside_inputs(named.chain(beside), args.overwrite.force)
}

/// How large a growth is found in recordings of such sessions as the candidate's.
fn report_power(args: &GateArgs, budget: &GateBudget) -> CommandResult {
    let CandidateSessions { premises: held, named, recordings, messages, seed } =
        GateRequest::from_args(args)?.measure_sessions()?;
    refuse_fatal_defect(&named, budget)?;
    let confidence = budget.confidence_bp as f64 / BASIS_POINTS as f64;
    let powers: Vec<_> = POWER_METRICS
        .into_iter()
        .filter_map(|metric| {
            with_progress(COMPARISONS, |progress| {
                power::compute_power(&recordings, metric, (confidence, Seed(seed)), progress)
            })
        })
        .collect();
    if powers.is_empty() {
        return Err(CommandError::content(
            args.candidate.join(", "),
            "fewer than two sessions with calls say nothing of noise",
        ));
    }
    let sources = source_lines(&[("sessions of", &named)], &held, seed);
    let shown = PowerReport { powers: &powers, sources: &sources };
    let stdout = match args.print.format {
        GateFormat::Json => shown.to_json(),
        other => render_document(&shown.to_document(), (document_format(other), &args.print))?,
    };
    Ok(CommandOutput { stdout, messages, ..CommandOutput::default() })
}

/// The verdict on two sides, with causes and remedies. What a defect touches is not judged.
fn judge_sides(
    baseline: &GateSide,
    candidate: &GateSide,
    budget: &GateBudget,
    seed: Seed,
) -> GateResult {
    let mut judged = judgement::judge_candidate(baseline, candidate, budget, seed);
    // After the judgement, which knows no defects: they take verdicts back.
    let defects = unjudged_limits::apply_defects(&mut judged, [baseline, candidate], budget);
    let judgement::GateJudgement { design, confidence, rows, notes } = judged;
    let (causes, remedies) = growth_causes::explain_growth(&rows);
    let (baseline, candidate) = (baseline.summary.clone(), candidate.summary.clone());
    GateResult {
        baseline,
        candidate,
        design,
        confidence,
        rows,
        causes,
        remedies,
        defects,
        notes,
        input_notes: Vec::new(),
    }
}

/// What is damaged or empty is no baseline, and says nothing of noise, unless the budget allows it.
fn refuse_fatal_defect(side: &SideSummary, budget: &GateBudget) -> Result<(), CommandError> {
    let Some(defect) = unjudged_limits::find_fatal_defect(&side.defects, budget) else {
        return Ok(());
    };
    let (problem, way_out) = defect_sentences(&defect);
    Err(CommandError::content(&side.name, problem).with_hint(way_out))
}

pub(super) fn load_budget(path: Option<&Path>) -> Result<GateBudget, CommandError> {
    let Some(path) = path else { return Ok(GateBudget::default()) };
    if path == Path::new(UNMOVED.0) {
        return GateBudget::parse(UNMOVED.1).at(UNMOVED.0);
    }
    let bytes = store::read_file(path)?;
    let text = std::str::from_utf8(&bytes).at(path.display())?;
    GateBudget::parse(text).at(path.display())
}

fn format_by_ending(path: &Path) -> Result<GateFormat, CommandError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match &*ending {
        "txt" => Ok(GateFormat::Table),
        "json" => Ok(GateFormat::Json),
        "csv" => Ok(GateFormat::Csv),
        "md" => Ok(GateFormat::Markdown),
        "xml" => Ok(GateFormat::Junit),
        _ => Err(CommandError::argument(
            path.display(),
            "the ending says the format, and it is none of .txt, .json, .csv, .md and .xml",
        )),
    }
}

fn document_format(format: GateFormat) -> OutputFormat {
    match format {
        GateFormat::Csv => OutputFormat::Csv,
        GateFormat::Markdown => OutputFormat::Markdown,
        _ => OutputFormat::Table,
    }
}

fn render_gate(
    shown: &GateReport<'_>,
    (format, printing): (GateFormat, Printing<'_>),
    (args, detail): (&GateArgs, DetailArgs),
) -> Result<Vec<u8>, CommandError> {
    Ok(match format {
        GateFormat::Json => shown.to_json(),
        GateFormat::Junit => shown.to_junit(),
        GateFormat::Github => shown.to_annotations(),
        GateFormat::Table | GateFormat::Csv | GateFormat::Markdown => {
            let first = shown.first_screen(can_be_accepted(args));
            super::render_answer(first, shown.to_document(), printing, detail)?
        }
    })
}

/// Whether this command with `--update` makes the candidate the new baseline.
fn can_be_accepted(args: &GateArgs) -> bool {
    matches!(&args.baseline[..], [file] if gate_input::is_json_path(file))
}

/// Where the numbers come from, a line each.
fn source_lines(sides: &[(&str, &SideSummary)], held: &BaselinePremises, seed: u64) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    // A baseline that is written for the first time has no samples and no source.
    let sides = sides.iter().filter(|(_, named)| named.samples > 0);
    let sides: Vec<String> =
        sides.map(|(what, named)| format!("{what} {}", name_with_digests(named))).collect();
    let (lens, cache, day) = (held.lens.name(), held.cache.name(), held.day);
    let mut lines = vec![
        format!("windtunnel {version}; {}; seed {seed}", sides.join("; ")),
        format!(
            "premises: lens {lens}; cache {cache}; each {}; prices of {day}, sha256 {}",
            held.each.name(),
            held.prices
        ),
    ];
    // The gate's bill is another one than that of `inspect`, and says so.
    if held.cache == GateCache::Law {
        lines.push(format!(
            "reads, writes and dollars are simulated: the cache law without luck, at the prices of \
             {day}; the recorded bill is that of `inspect`"
        ));
    }
    lines
}

/// The name of a side and the digests of its first recordings.
fn name_with_digests(side: &SideSummary) -> String {
    let first: Vec<&str> = side.digests.iter().take(MOST_DIGESTS).map(String::as_str).collect();
    let more = match side.digests.len().saturating_sub(MOST_DIGESTS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} sha256 {}{more}", side.name, first.join(", "))
}
