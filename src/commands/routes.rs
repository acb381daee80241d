//! `windtunnel routes`.

use super::session_selection::{select_named_sessions, selection_from_args};
use super::{
    CommandError, CommandOutput, CommandResult, LoadOptions, WANTED_INSTANT, load, render_document,
};
use crate::cli::{CompatScriptArg, OutputFormat, PremiseArgs, RoutesArgs, SelectionArgs};
use crate::import::rollout_metrics::{self, MetricsQuery, date_ms};
use crate::recording::Recording;
use crate::report::show::{Provenance, routes as show};
use crate::scenario::{Scenario, SessionSelection};
use crate::study::inspect::routes::{RouteWindow, invocations_that_hold, tabulate_routes};
use jiff::Timestamp;
use std::path::Path;

pub fn run(args: &RoutesArgs) -> CommandResult {
    match args.compat {
        None => report_routes(args),
        Some(CompatScriptArg::RolloutMetrics) => run_compat_script(args),
    }
}

fn report_routes(args: &RoutesArgs) -> CommandResult {
    let SessionSelection { projects, since_ms, until_ms, last_ms, .. } =
        selection_from_args(&args.selection)?;
    let filter = args.prompt_filter.as_deref().unwrap_or_default();
    // Routes count what was recorded; the scenario is here for its lens and its prices alone.
    let select = SessionSelection { projects, ..SessionSelection::default() };
    let scenario = Scenario { select, ..Scenario::with_toggles(&[]) };
    let premises = PremiseArgs::default();
    let lens = load::choose_lens(&premises, &scenario);
    let pricing = super::pricing::load_pricing(&premises, &scenario, &args.recordings)?;
    let options =
        LoadOptions { lens, strict: args.strict, audience: super::audience_of(args.print.format) };
    let loaded = load::load_merged_recording(&args.recordings, options, None)?;
    let loaded = select_named_sessions(loaded, &scenario.select)?;
    let since_ms = since_ms.or_else(|| start_of_last(loaded.recording(), last_ms?));
    let mut taken = invocations_that_hold(loaded.recording(), filter);
    let loaded = loaded.for_audience();
    // Names that were shown are found too.
    if taken.is_empty() {
        taken = invocations_that_hold(loaded.recording(), filter);
    }
    let invocations = (!filter.is_empty()).then_some(taken);
    let window = RouteWindow { since_ms, until_ms, invocations };
    let routes = tabulate_routes(loaded.recording(), &window);
    let shown = show::RoutesReport {
        routes: &routes,
        window: &window_sentence(&window, filter),
        rows: args.rows,
        provenance: &Provenance::for_scenario(loaded.recording(), &pricing, &scenario),
    };
    let stdout = match args.print.format {
        OutputFormat::Json => shown.to_json(),
        other => render_document(&shown.to_document(), (other, &args.print))?,
    };
    Ok(load::finish_command(stdout, &loaded))
}

/// From when on calls are the last ones: the newest call is the end of time.
fn start_of_last(recording: &Recording, span_ms: i64) -> Option<i64> {
    let newest = recording.calls.iter().map(|call| call.end_ms).max()?;
    Some(newest.saturating_sub(span_ms))
}

/// The window in words.
fn window_sentence(window: &RouteWindow, filter: &str) -> String {
    let from = window.since_ms.map_or("the first call".to_owned(), iso_milliseconds);
    let to = window
        .until_ms
        .map_or("the last call".to_owned(), |ms| format!("before {}", iso_milliseconds(ms)));
    let filter = match filter {
        "" => String::new(),
        filter => format!(" Packets whose id, agent, kind, root or source holds \"{filter}\"."),
    };
    format!("Calls that end from {from} to {to}, UTC.{filter}")
}

const COMPAT_FLAG: &str = "--compat rollout-metrics";

fn run_compat_script(args: &RoutesArgs) -> CommandResult {
    let [folder] = &args.recordings[..] else {
        return Err(CommandError::argument(COMPAT_FLAG, "name one folder, as the script does"));
    };
    if args.print.format != OutputFormat::Table {
        let problem = format!("{COMPAT_FLAG} prints what the script prints");
        return Err(CommandError::argument("", problem).with_hint("leave out --format"));
    }
    let SelectionArgs { since, until, last: None, timezone: None, .. } = &args.selection else {
        let problem = "--last and --timezone are not the script's; name --since and --until";
        return Err(CommandError::argument(COMPAT_FLAG, problem));
    };
    if !args.selection.project.is_empty() {
        return Err(CommandError::argument(COMPAT_FLAG, "the script knows no --project"));
    }
    let Some(until) = until else {
        let problem = "name --until; the script would take this very moment";
        return Err(CommandError::argument(COMPAT_FLAG, problem));
    };
    let asked = MetricsQuery {
        // Without --since the script counts from the epoch on.
        since_ms: since.as_deref().map_or(Ok(0), |day| parse_instant("--since", day))?,
        until_ms: parse_instant("--until", until)?,
        prompt_filter: args.prompt_filter.as_deref().unwrap_or_default().trim().to_owned(),
    };
    let metrics = rollout_metrics::read_rollout_metrics(Path::new(folder), &asked)?;
    let window =
        format!("{} .. {}", iso_milliseconds(asked.since_ms), iso_milliseconds(asked.until_ms));
    let stdout = show::script_output(&metrics, folder, &window, &asked.prompt_filter);
    Ok(CommandOutput { stdout, ..CommandOutput::default() })
}

fn parse_instant(flag: &str, text: &str) -> Result<i64, CommandError> {
    date_ms(text).ok_or_else(|| CommandError::argument(format!("{flag} {text}"), WANTED_INSTANT))
}

/// As JavaScript writes it: milliseconds always.
fn iso_milliseconds(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
