//! `windtunnel backtest`.

mod backtest_input;
mod prediction;

use super::progress::{FIGURES, with_progress};
use super::session_selection::selection_from_args;
use super::{
    AtPlace, CommandError, CommandOutput, CommandResult, EXIT_NOT_JUDGED, Messages, WANTED_INSTANT,
    render_answer, render_document,
};
use crate::cli::{BacktestArgs, OutputFormat};
use crate::price::DAY_MS;
use crate::report::json;
use crate::report::show::backtest::{BacktestReport, criteria};
use crate::scenario::parse_moment;
use crate::store::{self, OutputFiles};
use crate::study::backtest::rollouts_file::{self, RolloutsFile};
use crate::study::backtest::success_criteria::{
    CriteriaComparison, CriterionOutcome as Said, RecordingWindow, SuccessCriterion, judge_criteria,
};
use crate::study::backtest::{
    BacktestData, BacktestSettings, EffectDirection, FEWEST_PIPELINES, Rollout, WIDEST_WINDOW_DAYS,
    first_occurrences, run_backtest,
};
use backtest_input::BacktestInput;
use std::path::Path;

/// Files of rollouts that come with the program.
pub const BUILTIN_ROLLOUTS: [(&str, &str); 2] = [
    ("autoskillit-rollouts", include_str!("../../../scenarios/autoskillit-rollouts.toml")),
    ("cockpit-criteria", include_str!("../../../scenarios/cockpit-criteria.toml")),
];

pub fn run(args: &BacktestArgs) -> CommandResult {
    let file = args.rollouts.as_deref().map(load_rollouts).transpose()?;
    let settings = merge_settings(args, file.as_ref())?;
    let rollouts = choose_rollouts(args, file.as_ref())?;
    let criteria = file.as_ref().map_or(&[][..], |file| &file.criteria);
    let selection = selection_from_args(&args.selection)?;
    let sizes = args.sizes.as_deref().map(backtest_input::read_sizes).transpose()?;
    let mut sources = args
        .inputs
        .iter()
        .map(|input| backtest_input::read_input(input, &selection, args.strict))
        .collect::<Result<Vec<BacktestInput>, CommandError>>()?;
    if let Some(sizes) = &sizes {
        for source in &mut sources {
            source.apply_sizes(sizes);
        }
    }
    // Two inputs are windows of their own; one input has to be cut at a date.
    if sources.len() == 1 && rollouts.is_empty() {
        let name = &args.inputs[0];
        return Err(CommandError::argument(name, "one input and no date").with_hint(
            "name --at, e.g. --at 2026-04-14T05:20:00Z, or --rollouts, or a second input that \
             comes after",
        ));
    }
    // A file with success criteria asks another question than how the metrics moved: its criteria
    // are judged on invocations, and nothing else is printed.
    if !criteria.is_empty() {
        let judged = judge_criteria_in_windows(&sources, &rollouts, &settings, criteria)?;
        let shown = criteria::CriteriaReport {
            title: file.as_ref().map_or("", |file| &file.title),
            criteria: &judged,
            settings: &settings,
            sources: &describe_inputs(&sources),
        };
        let stdout = match args.print.format {
            OutputFormat::Json => shown.to_json(),
            other => render_document(&shown.to_document(), (other, &args.print))?,
        };
        let is_judged = judged.results.iter().any(|one| one.outcome != Said::NotMeasured);
        let problem = (!is_judged).then(|| "no criterion could be measured".to_owned());
        return Ok(finish_backtest(stdout, &sources, problem));
    }
    let data = match &mut sources[..] {
        [only] => BacktestData::from_dates(only.pipelines(), &rollouts),
        [before, after, ..] => BacktestData::from_windows(before.pipelines(), after.pipelines()),
        [] => {
            return Err(
                CommandError::argument("", "no input").with_hint("name a step table or recordings")
            );
        }
    }?;
    // Two windows need no dates: on which side a pipeline lies is given with it.
    if sources.len() == 1 && sources[0].lacks_end_times() {
        let name = &args.inputs[0];
        return Err(CommandError::content(name, "no column 'end' (or 'merged_utc')").with_hint(
            "dates need to know when a pipeline ended; two tables, before and after, do not",
        ));
    }
    let asked = prediction::PredictionRequest {
        ratio_or_recording: args
            .predict
            .as_deref()
            .or(file.as_ref().and_then(|file| file.predict.as_deref())),
        with: &args.with,
        settings: &settings,
    };
    let predictions = asked.predict_rollouts(&data)?;
    let result =
        with_progress(FIGURES, |progress| run_backtest(&data, &settings, &predictions, progress))?;
    if let Some(path) = &args.observations {
        let (name, digest) =
            (backtest_input::joined_names(&sources), backtest_input::combined_digest(&sources));
        let observations = result.to_observations(&settings, &name, &digest);
        let bytes = json::escape_invisible(observations.to_json());
        let inputs = args.inputs.iter().chain(&args.rollouts).map(Path::new);
        let outputs =
            OutputFiles::beside_inputs(inputs.chain(args.sizes.as_deref()), args.overwrite.force);
        outputs.write_file(path, &bytes)?;
    }
    let shown = BacktestReport {
        result: &result,
        settings: &settings,
        sources: &describe_inputs(&sources),
    };
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        other => {
            let (first, printing) = (shown.first_screen(), (other, &args.print));
            render_answer(first, shown.to_document(), printing, args.detail)?
        }
    };
    let mut effects = result.metric_effects.iter().flat_map(|study| &study.effects);
    // Too few pipelines around every date is no answer, and CI should not take it for one.
    let is_judged = effects.any(|effect| effect.verdict.change != EffectDirection::TooFew);
    let problem = (!is_judged).then(|| {
        format!("too few pipelines: no rollout has {FEWEST_PIPELINES} before it and after it")
    });
    Ok(finish_backtest(stdout, &sources, problem))
}

/// The result, with what is said of its inputs; where nothing was judged the exit code is 2, and
/// the last line says why.
fn finish_backtest(
    stdout: Vec<u8>,
    sources: &[BacktestInput],
    problem: Option<String>,
) -> CommandOutput {
    let mut messages: Messages =
        sources.iter().map(|source| source.stderr_messages().clone()).collect();
    let code = if problem.is_some() { EXIT_NOT_JUDGED } else { super::EXIT_DONE };
    if let Some(problem) = problem {
        messages.add(format!("nothing was judged: {problem}"));
    }
    CommandOutput { stdout, messages, code }
}

/// A file of rollouts, or one that comes with the program.
fn load_rollouts(path: &str) -> Result<RolloutsFile, CommandError> {
    // Names of the program go before files.
    let own = BUILTIN_ROLLOUTS.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
    let parsed = match own {
        Some(text) => rollouts_file::parse_rollouts(text),
        None => {
            let bytes = store::read_file(Path::new(path))?;
            let text = std::str::from_utf8(&bytes).at(path)?;
            rollouts_file::parse_rollouts(text)
        }
    };
    parsed.at(path)
}

/// What the command line says, then the file, then the program.
fn merge_settings(
    args: &BacktestArgs,
    file: Option<&RolloutsFile>,
) -> Result<BacktestSettings, CommandError> {
    // The command line wins over the file key by key, not as a whole.
    let mut settings = file.map_or_else(BacktestSettings::default, |file| file.settings.clone());
    if !args.metric.is_empty() {
        settings.metrics = args
            .metric
            .iter()
            .map(|name| rollouts_file::metric_by_name(name))
            .collect::<Result<_, _>>()?;
    }
    if !args.step.is_empty() {
        settings.steps.clone_from(&args.step);
    }
    if let Some(text) = &args.window {
        settings.window_ms = Some(rollouts_file::parse_window_ms("--window", text)?);
    }
    // What is named twice is looked at once.
    settings.steps = first_occurrences(settings.steps);
    settings.metrics = first_occurrences(settings.metrics);
    Ok(settings)
}

/// The rollouts of the command line, or of the file.
fn choose_rollouts(
    args: &BacktestArgs,
    file: Option<&RolloutsFile>,
) -> Result<Vec<Rollout>, CommandError> {
    // Dates of the command line replace those of the file and do not join them.
    if args.at.is_empty() {
        return Ok(file.map(|file| file.rollouts.clone()).unwrap_or_default());
    }
    args.at
        .iter()
        .map(|text| {
            let (at_ms, _) = parse_moment(text)
                .ok_or_else(|| CommandError::argument(format!("--at {text}"), WANTED_INSTANT))?;
            Ok(Rollout { at_ms, toggles: args.with.clone(), ..Rollout::default() })
        })
        .collect()
}

fn judge_criteria_in_windows(
    sources: &[BacktestInput],
    rollouts: &[Rollout],
    settings: &BacktestSettings,
    criteria: &[SuccessCriterion],
) -> Result<CriteriaComparison, CommandError> {
    let recordings =
        sources.iter().map(BacktestInput::require_recording).collect::<Result<Vec<_>, _>>()?;
    let spans = match (&recordings[..], rollouts) {
        // Two recordings are compared whole; one is cut around its first rollout, as wide as asked
        // for or as a look back ever goes.
        ([before, after], _) => RecordingWindow::whole_recording(before)
            .zip(RecordingWindow::whole_recording(after))
            .map(<[_; 2]>::from),
        ([only], [rollout, ..]) => {
            let window = settings.window_ms.unwrap_or(WIDEST_WINDOW_DAYS * DAY_MS);
            RecordingWindow::split_around(only, rollout.at_ms, window)
        }
        _ => None,
    };
    let spans = spans.ok_or_else(|| {
        CommandError::content(backtest_input::joined_names(sources), "no calls on one side")
            .with_hint("criteria need rollouts from before and from after")
    })?;
    Ok(judge_criteria(criteria, spans, (settings.seed, settings.draws, settings.confidence)))
}

/// Where everything comes from, and what was passed over.
fn describe_inputs(
    sources: &[BacktestInput],
) -> Vec<crate::report::show::backtest::BacktestSource> {
    sources.iter().map(BacktestInput::describe_input).collect()
}
