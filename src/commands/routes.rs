//! `windtunnel routes`.

use super::{Done, Failure, Outcome, load, render};
use crate::cli::{CompatArg, Format, Premises, RoutesArgs};
use crate::import::rollout_metrics::{self, Asked, date_ms};
use crate::price::DAY_MS;
use crate::report::show::{Provenance, routes as show};
use crate::scenario::Scenario;
use crate::study::routes::{Window, routes};
use jiff::Timestamp;
use std::path::Path;

pub fn run(args: &RoutesArgs) -> Outcome {
    match args.compat {
        None => right(args),
        Some(CompatArg::RolloutMetrics) => script(args),
    }
}

fn right(args: &RoutesArgs) -> Outcome {
    let since_ms = args.since.as_deref().map(|day| instant("--since", day)).transpose()?;
    let until = args.until.as_deref();
    let until_ms = until.map(|day| instant("--until", day)).transpose()?;
    // A day is taken whole.
    let is_day = until.is_some_and(|day| !day.contains('T'));
    let until_ms = until_ms.map(|ms| if is_day { ms + DAY_MS } else { ms });
    let filter = args.prompt_filter.clone().unwrap_or_default();
    let window = Window { since_ms, until_ms, filter };
    let scenario = Scenario::with(&[]);
    let premises = Premises::default();
    let lens = load::lens(&premises, &scenario);
    let pricing = load::pricing(&premises, &scenario)?;
    let loaded = load::several(&args.recordings, lens, args.strict, None)?;
    let routes = routes(&loaded.recording, &window);
    let shown = show::Shown {
        routes: &routes,
        window: &told(&window),
        rows: args.rows,
        provenance: &Provenance::of(&loaded.recording, &pricing, &scenario),
    };
    let stdout = match args.format {
        Format::Json => shown.json(),
        other => render(&shown.document(), other),
    };
    Ok(load::done(stdout, &loaded))
}

/// The window in words.
fn told(window: &Window) -> String {
    let from = window.since_ms.map_or("the first call".to_owned(), iso);
    let to = window.until_ms.map_or("the last call".to_owned(), |ms| format!("before {}", iso(ms)));
    let filter = match &window.filter[..] {
        "" => String::new(),
        filter => format!(" Packets whose id, agent, kind, root or source holds \"{filter}\"."),
    };
    format!("Calls that end from {from} to {to}, UTC.{filter}")
}

fn script(args: &RoutesArgs) -> Outcome {
    let [folder] = &args.recordings[..] else {
        return Err(Failure::new("--compat rollout-metrics: name one folder, as the script does"));
    };
    if args.format != Format::Table {
        let line = "--compat rollout-metrics prints what the script prints: leave out --format";
        return Err(Failure::new(line));
    }
    let Some(until) = &args.until else {
        let line = "--compat rollout-metrics: name --until; the script would take this very moment";
        return Err(Failure::new(line));
    };
    let asked = Asked {
        since_ms: args.since.as_deref().map_or(Ok(0), |day| instant("--since", day))?,
        until_ms: instant("--until", until)?,
        prompt_filter: args.prompt_filter.as_deref().unwrap_or_default().trim().to_owned(),
    };
    let metrics = rollout_metrics::read(Path::new(folder), &asked)?;
    let window = format!("{} .. {}", iso(asked.since_ms), iso(asked.until_ms));
    let stdout = show::script(&metrics, folder, &window, &asked.prompt_filter);
    Ok(Done { stdout, ..Done::default() })
}

fn instant(flag: &str, text: &str) -> Result<i64, Failure> {
    date_ms(text).ok_or_else(|| {
        Failure::new(format!(
            "{flag} {text}: wanted a day, e.g. 2026-02-06, or an instant, e.g. \
             2026-02-06T12:00:00Z"
        ))
    })
}

/// As JavaScript writes it: milliseconds always.
fn iso(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
