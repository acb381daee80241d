//! `windtunnel gate`.

mod parts;
mod sides;

use super::{Done, Failure, Outcome, render};
use crate::cli::{Format, GateArgs, GateFormat};
use crate::report::show::gate::{Shown, ShownPower};
use crate::seed::Seed;
use crate::store;
use crate::study::gate::baseline::{Baseline, Held};
use crate::study::gate::budget::Budget;
use crate::study::gate::{Gate, Key, Limit, Metric, Named, Side, cause, judge, power};
use crate::units::BASIS_POINTS;
use sides::{Asked, Sessions, Sides};
use std::path::Path;

/// Exit code where a change may not pass.
const REFUSED: u8 = 1;

/// Metrics whose power is told.
const POWERED: [Metric; 2] = [Metric::Calls, Metric::Dollars];

/// The most digests that a source line tells.
const DIGESTS: usize = 3;

pub fn run(args: &GateArgs) -> Outcome {
    let budget = budget(args.budget.as_deref())?;
    if args.power {
        return power(args, &budget);
    }
    let formats = args.output.iter().map(|path| by_ending(path));
    let formats: Vec<GateFormat> = formats.collect::<Result<_, _>>()?;
    let Sides { held, baseline, candidate, notes, talk, seed } = Asked::of(args)?.measure()?;
    let before = baseline.clone().unwrap_or_default();
    let mut gate = judged(&before, &candidate, &budget, Seed(seed));
    if baseline.is_none() {
        // Against nothing everything is new.
        gate.notes.clear();
    }
    gate.notes.extend(notes);
    gate.notes.extend(unmet(&gate, &budget)?);
    let file = args.baseline.first().filter(|path| parts::is_file(path)).map(String::as_str);
    let named = [("baseline", &gate.baseline), ("candidate", &gate.candidate)];
    let sources = sources(&named, &held, seed);
    if args.update {
        let file = args.baseline.first().map_or("", String::as_str);
        let known = baseline.is_some();
        let written = Baseline { held, side: candidate };
        store::save(Path::new(file), &written.write())?;
        let shown = Shown { gate: &gate, file: Some(file), sources: &sources };
        let stdout = match args.format {
            GateFormat::Json => shown.json(),
            other => render(&shown.moved(known), plain(other)),
        };
        return Ok(Done { stdout, talk, ..Done::default() });
    }
    let shown = Shown { gate: &gate, file, sources: &sources };
    for (path, format) in args.output.iter().zip(formats) {
        store::save(path, &write(&shown, format))?;
    }
    if let Some(path) = &args.comment {
        let comment = shown.comment();
        let bytes = comment.map_or_else(Vec::new, |document| render(&document, Format::Markdown));
        store::save(path, &bytes)?;
    }
    let code = if gate.passes() { super::DONE } else { REFUSED };
    Ok(Done { stdout: write(&shown, args.format), talk, code })
}

/// How large a growth is found in recordings of such sessions as the candidate's.
fn power(args: &GateArgs, budget: &Budget) -> Outcome {
    let Sessions { held, named, recordings, talk, seed } = Asked::of(args)?.sessions()?;
    let confidence = budget.confidence_bp as f64 / BASIS_POINTS as f64;
    let of = |metric| power::power(&recordings, metric, confidence, Seed(seed));
    let powers: Vec<_> = POWERED.into_iter().filter_map(of).collect();
    if powers.is_empty() {
        return Err(Failure::new(format!(
            "{}: fewer than two sessions with calls say nothing of noise",
            args.candidate.join(", ")
        )));
    }
    let sources = sources(&[("sessions of", &named)], &held, seed);
    let shown = ShownPower { powers: &powers, sources: &sources };
    let stdout = match args.format {
        GateFormat::Json => shown.json(),
        other => render(&shown.document(), plain(other)),
    };
    Ok(Done { stdout, talk, ..Done::default() })
}

/// The verdict on two sides, with causes and remedies.
fn judged(baseline: &Side, candidate: &Side, budget: &Budget, seed: Seed) -> Gate {
    let judge::Judgement { design, confidence, rows, notes } =
        judge::judge(baseline, candidate, budget, seed);
    let (causes, remedies) = cause::explain(&rows);
    let (baseline, candidate) = (baseline.named.clone(), candidate.named.clone());
    Gate { baseline, candidate, design, confidence, rows, causes, remedies, notes }
}

/// Limits of places that neither side knows: told, and where something must be there, no word.
fn unmet(gate: &Gate, budget: &Budget) -> Result<Vec<String>, Failure> {
    let absent = |key: &Key| gate.rows.iter().all(|row| row.key != *key);
    let mut told = Vec::new();
    for key in budget.named().filter(absent) {
        let Key { scope, name, metric } = &key;
        let place = format!("limits.{scope}.{name}: neither side has {metric} of it");
        let Limit { at_least, at_least_bp, .. } = budget.limit(&key);
        if at_least.is_some() || at_least_bp.is_some() {
            return Err(Failure::new(format!(
                "{place}, so that nothing says whether it is enough; savings of all toggles \
                 together are those of a --scenario"
            )));
        }
        told.push(place);
    }
    Ok(told)
}

fn budget(path: Option<&Path>) -> Result<Budget, Failure> {
    let Some(path) = path else { return Ok(Budget::default()) };
    let shown = path.display();
    let bytes = store::read(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Failure::new(format!("{shown}: not TOML: {error}")))?;
    Budget::parse(text).map_err(|error| Failure::new(format!("{shown}: {error}")))
}

fn by_ending(path: &Path) -> Result<GateFormat, Failure> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match &*ending {
        "txt" => Ok(GateFormat::Table),
        "json" => Ok(GateFormat::Json),
        "csv" => Ok(GateFormat::Csv),
        "md" => Ok(GateFormat::Markdown),
        "xml" => Ok(GateFormat::Junit),
        _ => Err(Failure::new(format!(
            "{}: the ending says the format, and it is none of .txt, .json, .csv, .md and .xml",
            path.display()
        ))),
    }
}

fn plain(format: GateFormat) -> Format {
    match format {
        GateFormat::Csv => Format::Csv,
        GateFormat::Markdown => Format::Markdown,
        _ => Format::Table,
    }
}

fn write(shown: &Shown<'_>, format: GateFormat) -> Vec<u8> {
    match format {
        GateFormat::Json => shown.json(),
        GateFormat::Junit => shown.junit(),
        GateFormat::Github => shown.annotations(),
        other => render(&shown.document(), plain(other)),
    }
}

/// Where the numbers come from, a line each.
fn sources(sides: &[(&str, &Named)], held: &Held, seed: u64) -> Vec<String> {
    let side = |named: &Named| {
        let first: Vec<&str> = named.digests.iter().take(DIGESTS).map(String::as_str).collect();
        let more = match named.digests.len().saturating_sub(DIGESTS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} sha256 {}{more}", named.name, first.join(", "))
    };
    let version = env!("CARGO_PKG_VERSION");
    let sides = sides.iter().filter(|(_, named)| named.samples > 0);
    let sides: Vec<String> = sides.map(|(what, named)| format!("{what} {}", side(named))).collect();
    let (lens, cache, day) = (held.lens.name(), held.cache.name(), held.day);
    vec![
        format!("windtunnel {version}; {}; seed {seed}", sides.join("; ")),
        format!(
            "premises: lens {lens}; cache {cache}; each {}; prices of {day}, sha256 {}",
            held.each.name(),
            held.prices
        ),
    ]
}
