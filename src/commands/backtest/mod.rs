//! `windtunnel backtest`.

mod predict;
mod source;

use super::{Done, Failure, NOT_JUDGED, Outcome, render};
use crate::cli::{BacktestArgs, Format};
use crate::price::DAY_MS;
use crate::report::show::backtest::{Shown, criteria};
use crate::scenario::moment;
use crate::store;
use crate::study::backtest::criteria::{Criteria, Criterion, Outcome as Said, Span, judge};
use crate::study::backtest::rollouts::{self, Rollouts};
use crate::study::backtest::{Change, Data, Rollout, Settings, WIDEST_DAYS, backtest, each_once};
use source::Source;
use std::path::Path;

/// Files of rollouts that come with the program.
pub const ROLLOUTS: [(&str, &str); 2] = [
    ("autoskillit-rollouts", include_str!("../../../scenarios/autoskillit-rollouts.toml")),
    ("cockpit-criteria", include_str!("../../../scenarios/cockpit-criteria.toml")),
];

pub fn run(args: &BacktestArgs) -> Outcome {
    let file = args.rollouts.as_deref().map(rollouts_of).transpose()?;
    let settings = settings(args, file.as_ref())?;
    let rollouts = rollouts_asked(args, file.as_ref())?;
    let criteria = file.as_ref().map_or(&[][..], |file| &file.criteria);
    let sizes = args.sizes.as_deref().map(source::sizes).transpose()?;
    let read = |input: &String| source::read(input, args.strict);
    let mut sources = args.inputs.iter().map(read).collect::<Result<Vec<Source>, Failure>>()?;
    if let Some(sizes) = &sizes {
        for source in &mut sources {
            source.resize(sizes);
        }
    }
    if sources.len() == 1 && rollouts.is_empty() {
        let name = &args.inputs[0];
        return Err(Failure::new(format!(
            "{name}: one input and no date: name --at, e.g. --at 2026-04-14T05:20:00Z, or \
             --rollouts, or a second input that comes after"
        )));
    }
    if !criteria.is_empty() {
        let judged = criteria_on(&sources, &rollouts, &settings, criteria)?;
        let shown = criteria::Shown {
            title: file.as_ref().map_or("", |file| &file.title),
            criteria: &judged,
            settings: &settings,
            sources: &told(&sources),
        };
        let stdout = match args.format {
            Format::Json => shown.json(),
            other => render(&shown.document(), other),
        };
        let unmeasured = judged.judged.iter().all(|one| one.outcome == Said::NotMeasured);
        let code = if unmeasured { NOT_JUDGED } else { super::DONE };
        return Ok(Done { stdout, talk: talk(&sources), code });
    }
    let data = match &mut sources[..] {
        [only] => Data::dates(only.pipelines(), &rollouts),
        [before, after, ..] => Data::windows(before.pipelines(), after.pipelines()),
        [] => return Err(Failure::new("no input: name a step table or recordings")),
    }?;
    if sources.len() == 1 && sources[0].has_no_ends() {
        let name = &args.inputs[0];
        return Err(Failure::new(format!(
            "{name}: no column 'end' (or 'merged_utc'): dates need to know when a pipeline ended; \
             two tables, before and after, do not"
        )));
    }
    let asked = predict::Asked {
        said: args.predict.as_deref().or(file.as_ref().and_then(|file| file.predict.as_deref())),
        with: &args.with,
        settings: &settings,
    };
    let predictions = asked.of(&data)?;
    let result = backtest(&data, &settings, &predictions)?;
    if let Some(path) = &args.observations {
        let (name, digest) = (source::names(&sources), source::digest(&sources));
        store::save(path, &result.observations(&settings, &name, &digest).to_json())?;
    }
    let shown = Shown { result: &result, settings: &settings, sources: &told(&sources) };
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    let looks = || result.studies.iter().flat_map(|study| &study.looks);
    let is_judged = looks().any(|look| look.verdict.change != Change::TooFew);
    let code = if is_judged { super::DONE } else { NOT_JUDGED };
    Ok(Done { stdout, talk: talk(&sources), code })
}

/// A file of rollouts, or one that comes with the program.
fn rollouts_of(path: &str) -> Result<Rollouts, Failure> {
    let own = ROLLOUTS.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
    let parsed = match own {
        Some(text) => rollouts::parse(text),
        None => {
            let bytes = store::read(Path::new(path))?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|error| Failure::new(format!("{path}: not TOML: {error}")))?;
            rollouts::parse(text)
        }
    };
    parsed.map_err(|error| Failure::new(format!("{path}: {error}")))
}

/// What the command line says, then the file, then the program.
fn settings(args: &BacktestArgs, file: Option<&Rollouts>) -> Result<Settings, Failure> {
    let mut settings = file.map_or_else(Settings::default, |file| file.settings.clone());
    if !args.metric.is_empty() {
        settings.metrics =
            args.metric.iter().map(|name| rollouts::metric(name)).collect::<Result<_, _>>()?;
    }
    if !args.step.is_empty() {
        settings.steps.clone_from(&args.step);
    }
    if let Some(text) = &args.window {
        settings.window_ms = Some(rollouts::span("--window", text)?);
    }
    // What is named twice is looked at once.
    settings.steps = each_once(settings.steps);
    settings.metrics = each_once(settings.metrics);
    Ok(settings)
}

/// The rollouts of the command line, or of the file.
fn rollouts_asked(args: &BacktestArgs, file: Option<&Rollouts>) -> Result<Vec<Rollout>, Failure> {
    if args.at.is_empty() {
        return Ok(file.map(|file| file.rollouts.clone()).unwrap_or_default());
    }
    let one = |text: &String| {
        let (at_ms, _) = moment(text).ok_or_else(|| {
            Failure::new(format!(
                "--at {text}: wanted a day, e.g. 2026-02-06, or an instant, e.g. \
                 2026-02-06T12:00:00Z"
            ))
        })?;
        Ok(Rollout { at_ms, toggles: args.with.clone(), ..Rollout::default() })
    };
    args.at.iter().map(one).collect()
}

fn criteria_on(
    sources: &[Source],
    rollouts: &[Rollout],
    settings: &Settings,
    criteria: &[Criterion],
) -> Result<Criteria, Failure> {
    let recordings = sources.iter().map(Source::recording).collect::<Result<Vec<_>, _>>()?;
    let spans = match (&recordings[..], rollouts) {
        ([before, after], _) => Span::whole(before).zip(Span::whole(after)).map(<[_; 2]>::from),
        ([only], [rollout, ..]) => {
            let window = settings.window_ms.unwrap_or(WIDEST_DAYS * DAY_MS);
            Span::around(only, rollout.at_ms, window)
        }
        _ => None,
    };
    let spans = spans.ok_or_else(|| {
        Failure::new(format!(
            "{}: no calls on one side: criteria need rollouts from before and from after",
            source::names(sources)
        ))
    })?;
    Ok(judge(criteria, spans, (settings.seed, settings.draws, settings.confidence)))
}

/// Where everything comes from, and what was passed over.
fn told(sources: &[Source]) -> Vec<crate::report::show::backtest::SourceTold> {
    sources.iter().map(Source::told).collect()
}

fn talk(sources: &[Source]) -> String {
    sources.iter().map(Source::talk).collect()
}
