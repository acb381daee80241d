//! From the arguments that select sessions to the part of a recording.

use super::error::CommandError;
use super::loaded_recording::LoadedRecording;
use crate::cli::SelectionArgs;
use crate::quantity::read_span_ms;
use crate::scenario::{SessionSelection, WANTED_SPAN, parse_moment_at};

/// What a command wants where it is given a time that is none.
pub const WANTED_INSTANT: &str =
    "wanted a day, e.g. 2026-02-06, or an instant, e.g. 2026-02-06T12:00:00Z";

/// Narrows the selection of a scenario by that of the command line, whose word on a matter counts
/// instead of the scenario's.
pub fn narrow_selection(
    selection: &mut SessionSelection,
    args: &SelectionArgs,
) -> Result<(), CommandError> {
    let asked = selection_from_args(args)?;
    // `--since` and `--last` both say where the window begins.
    if args.since.is_some() || args.last.is_some() {
        (selection.since_ms, selection.last_ms) = (asked.since_ms, asked.last_ms);
    }
    selection.until_ms = asked.until_ms.or(selection.until_ms);
    if !asked.projects.is_empty() {
        selection.projects = asked.projects;
    }
    Ok(())
}

/// The selection of the command line alone.
pub fn selection_from_args(args: &SelectionArgs) -> Result<SessionSelection, CommandError> {
    Ok(SessionSelection {
        projects: args.project.clone(),
        since_ms: parse_moment_arg("--since", args.since.as_deref(), args)?.map(|(from, _)| from),
        until_ms: parse_moment_arg("--until", args.until.as_deref(), args)?.map(|(_, to)| to),
        last_ms: parse_span_arg(args.last.as_deref())?,
        ..SessionSelection::default()
    })
}

/// When something begins, and when it is over: a day is a stretch of time, an instant is none.
fn parse_moment_arg(
    flag: &str,
    text: Option<&str>,
    args: &SelectionArgs,
) -> Result<Option<(i64, i64)>, CommandError> {
    let Some(text) = text else { return Ok(None) };
    match parse_moment_at(text.trim(), &args.zone()) {
        Some(moment) => Ok(Some(moment)),
        None => Err(CommandError::argument(format!("{flag} {text}"), WANTED_INSTANT)),
    }
}

fn parse_span_arg(text: Option<&str>) -> Result<Option<i64>, CommandError> {
    let Some(text) = text else { return Ok(None) };
    match read_span_ms(text) {
        Some(span_ms) => Ok(Some(span_ms)),
        None => {
            Err(CommandError::argument(format!("--last {text}"), format!("wanted {WANTED_SPAN}")))
        }
    }
}

/// The part of a recording that is selected, with the names that may be seen.
pub fn select_sessions(
    loaded: LoadedRecording,
    selection: &SessionSelection,
) -> Result<LoadedRecording, CommandError> {
    Ok(select_named_sessions(loaded, selection)?.for_audience())
}

/// The same where other names that were typed are still to be looked up among the real ones.
pub fn select_named_sessions(
    loaded: LoadedRecording,
    selection: &SessionSelection,
) -> Result<LoadedRecording, CommandError> {
    if selection.selects_everything() {
        return Ok(loaded);
    }
    let real = match selection.select_part(loaded.recording()) {
        Ok(part) => return Ok(loaded.into_part(part)),
        Err(error) => error,
    };
    // Names that were shown are found too. An error names real ones to nobody but a person.
    let loaded = loaded.for_audience();
    match selection.select_part(loaded.recording()) {
        Ok(part) => Ok(loaded.into_part(part)),
        Err(_) if super::tells_a_person() => Err(real.into()),
        Err(hidden) => Err(hidden.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_before_the_scenario() {
        let scenario = SessionSelection {
            steps: vec!["plan".to_owned()],
            projects: vec!["acme".to_owned()],
            since_ms: Some(1),
            until_ms: Some(9),
            ..SessionSelection::default()
        };
        let mut narrowed = scenario.clone();
        narrow_selection(&mut narrowed, &SelectionArgs::default()).expect("nothing is said");
        assert_eq!(narrowed, scenario);
        let args = SelectionArgs {
            last: Some("7d".to_owned()),
            project: vec!["other".to_owned()],
            ..SelectionArgs::default()
        };
        narrow_selection(&mut narrowed, &args).expect("a span");
        let wanted = SessionSelection {
            projects: vec!["other".to_owned()],
            since_ms: None,
            last_ms: Some(7 * 86_400_000),
            ..scenario
        };
        assert_eq!(narrowed, wanted);
        for (since, last) in [(Some("yesterday"), None), (None, Some("7"))] {
            let [since, last] = [since, last].map(|text| text.map(str::to_owned));
            let args = SelectionArgs { since, last, ..SelectionArgs::default() };
            let error = selection_from_args(&args).expect_err("no time").to_string();
            assert!(error.contains(" wanted a "), "{error}");
        }
    }
}
