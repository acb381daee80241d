//! Draws as lines of JSON, so that several machines can make them: one line is one draw.
//!
//! A line names its experiment by a digest of everything that draws depend on: no draw is taken for
//! one of another experiment.

use super::draw_outcome::DrawOutcome;
use super::draw_setup::DrawSetup;
use super::experiment::Experiment;
use super::load_bands::DrawnLoads;
use super::observed_savings::observations_to_compare;
use crate::plan::ToggleSubset;
use crate::price::{MissingPrice, Pricing};
use crate::reconstruct::RecordingSource;
use crate::recording::hex_prefix;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// What is hashed first: another format is another experiment.
const FORMAT: &str = "windtunnel.draws/1";

/// One draw, with the digest of its experiment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawLine<T> {
    experiment: String,
    draw: u32,
    outcome: T,
}

/// The sets whose savings a comparison quotes, found before: to find them takes every subset.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotedSets {
    experiment: String,
    /// How many draws the experiment has: whoever makes them in parts need not know the rule.
    draws: u32,
    /// By the bits of the comparison.
    pub sets: Vec<ToggleSubset>,
}

/// All draws of an experiment, made before.
#[derive(Clone, Debug)]
pub(crate) struct MadeDraws(Vec<DrawOutcome>);

/// Lines that are not the draws of an experiment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDraws {
    /// One of them is none of its draws.
    #[error("line {0}: {1}")]
    Line(usize, BadDrawLine),
    /// There are too few.
    #[error("draw {first} is missing; there are {there} of {wanted}")]
    Missing {
        /// The first that is missing.
        first: usize,
        /// How many there are.
        there: usize,
        /// How many the experiment asks for.
        wanted: u32,
    },
}

/// Sets that are not those of an experiment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSets {
    /// They cannot be read.
    #[error("no sets: {0}")]
    Broken(serde_json::Error),
    /// They are of another experiment.
    #[error("the sets are of another experiment: {}", WHAT_DIFFERS)]
    OtherExperiment,
}

/// What tells one experiment from another.
const WHAT_DIFFERS: &str = "recording, toggles, parameters, prices, seed, number of draws or \
                            version of the program are not those of this one";

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDrawLine {
    /// It cannot be read, or was changed.
    #[error("not a draw: {0}")]
    Broken(String),
    /// Figures are missing that its experiment asks for.
    #[error("draw {0} is not whole")]
    InPart(u32),
    /// It is of another experiment.
    #[error("draw {0} is of another experiment: {what}", what = WHAT_DIFFERS)]
    OtherExperiment(u32),
    /// The same draw came out in two ways.
    #[error("draw {0} is not what it is in line {1}")]
    Unlike(u32, usize),
}

/// Makes some draws of an experiment, those that it has, as lines.
///
/// # Errors
/// A model without a price.
pub(crate) fn write_draws(
    experiment: &Experiment<'_>,
    draws: Range<u32>,
) -> Result<Vec<u8>, MissingPrice> {
    let recording = experiment.base_recording();
    let plan = experiment.compile_plan(recording, &experiment.patches_at_means(recording))?;
    let draws = draws.start..draws.end.min(experiment.draws);
    let outcomes = DrawSetup::prepare(experiment, &plan)?.replay_draws(draws.clone())?;
    Ok(lines_of(&experiment_digest(experiment), draws.zip(&outcomes)))
}

fn lines_of<'a>(key: &str, draws: impl Iterator<Item = (u32, &'a DrawOutcome)>) -> Vec<u8> {
    let lines = draws.map(|(draw, outcome)| {
        let line = DrawLine { experiment: key.to_owned(), draw, outcome };
        serde_json::to_string(&line).expect("integers and names are JSON") + "\n"
    });
    lines.collect::<String>().into_bytes()
}

impl QuotedSets {
    /// The sets of an experiment, for those who make its draws.
    pub(crate) fn to_json(experiment: &Experiment<'_>) -> Vec<u8> {
        let sets = Self {
            experiment: experiment_digest(experiment),
            draws: experiment.draws,
            sets: experiment.sets.to_vec(),
        };
        serde_json::to_vec(&sets).expect("numbers are JSON")
    }

    /// Sets that were found before.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, BadSets> {
        serde_json::from_slice(bytes).map_err(BadSets::Broken)
    }

    /// Whether they are those of an experiment that has them.
    ///
    /// # Errors
    /// They were found for another one.
    pub(crate) fn check(&self, experiment: &Experiment<'_>) -> Result<(), BadSets> {
        let is_known = self.experiment == experiment_digest(experiment);
        is_known.then_some(()).ok_or(BadSets::OtherExperiment)
    }
}

impl MadeDraws {
    /// The draws of an experiment from their lines, which stand in any order; a draw may be there
    /// several times, where it is the same.
    ///
    /// # Errors
    /// A line that is none of its draws; a draw that is missing.
    pub(crate) fn from_lines(text: &[u8], experiment: &Experiment<'_>) -> Result<Self, BadDraws> {
        let key = experiment_digest(experiment);
        let mut met: Vec<Option<(usize, DrawOutcome)>> = vec![None; experiment.draws as usize];
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if !line.trim_ascii().is_empty() {
                take_line(line, (at + 1, experiment, &key), &mut met)
                    .map_err(|fault| BadDraws::Line(at + 1, fault))?;
            }
        }
        let there = met.iter().flatten().count();
        if let Some(first) = met.iter().position(Option::is_none) {
            return Err(BadDraws::Missing { first, there, wanted: experiment.draws });
        }
        // Every lattice has the same sets, and the first draws have one.
        let sets = met.iter().flatten().next().map_or(0, |(_, outcome)| outcome.sets.len());
        for (draw, (at, outcome)) in (0..).zip(met.iter().flatten()) {
            if ![0, sets].contains(&outcome.sets.len()) {
                return Err(BadDraws::Line(*at, BadDrawLine::InPart(draw)));
            }
        }
        Ok(Self(met.into_iter().flatten().map(|(_, outcome)| outcome).collect()))
    }

    /// The draws in their order.
    pub(super) fn outcomes(&self) -> &[DrawOutcome] {
        &self.0
    }
}

/// Puts the draw of a line in its place.
fn take_line(
    line: &[u8],
    (number, experiment, key): (usize, &Experiment<'_>, &str),
    met: &mut [Option<(usize, DrawOutcome)>],
) -> Result<(), BadDrawLine> {
    // What another version holds in a draw is not read: whose it is says more.
    let line: DrawLine<Box<RawValue>> = serde_json::from_slice(line).map_err(broken)?;
    if line.experiment != key {
        return Err(BadDrawLine::OtherExperiment(line.draw));
    }
    let outcome: DrawOutcome = serde_json::from_str(line.outcome.get()).map_err(broken)?;
    let place = met.get_mut(line.draw as usize).filter(|_| is_whole(&outcome, experiment));
    let Some(place) = place else {
        return Err(BadDrawLine::InPart(line.draw));
    };
    match place {
        Some((earlier, other)) if *other != outcome => {
            return Err(BadDrawLine::Unlike(line.draw, *earlier));
        }
        Some(_) => {}
        None => *place = Some((number, outcome)),
    }
    Ok(())
}

/// Every line is a text of its own: what the reader says of lines would be misread.
fn broken(error: serde_json::Error) -> BadDrawLine {
    let told = error.to_string();
    BadDrawLine::Broken(told.split(" at line ").next().unwrap_or_default().to_owned())
}

/// Whether a draw holds a figure for everything that is asked for.
fn is_whole(outcome: &DrawOutcome, experiment: &Experiment<'_>) -> bool {
    let DrawOutcome { toggles, claims, exact_claims, observed_bp, asked, .. } = outcome;
    let there = [toggles.len(), claims.len(), exact_claims.len(), observed_bp.len(), asked.len()];
    let Experiment { chosen, claims, sets, .. } = experiment;
    let observed = observations_to_compare(experiment).len();
    there == [chosen.len(), claims.len(), claims.len(), observed, sets.len()]
        && outcome.loads.as_ref().is_none_or(DrawnLoads::is_whole)
}

/// A digest of everything that the draws of an experiment depend on.
fn experiment_digest(experiment: &Experiment<'_>) -> String {
    // All parts by name, so that nobody adds one without thinking of this.
    let Experiment {
        source,
        chosen,
        // They take no part in a draw.
        waiting: _,
        pricing: Pricing { book, assumed_model, date, substitutes },
        cache,
        claims,
        observed,
        seed,
        draws,
        sets,
        requests_a_minute,
        progress: _,
    } = experiment;
    let grades: Vec<_> = chosen.iter().map(|one| one.grade).collect();
    let prices = (book.book_digest(), assumed_model, date, substitutes);
    // Of totals draws make other calls, which depend on all that was published.
    let published = match source {
        RecordingSource::Recorded(_) => String::new(),
        RecordingSource::Pipeline { reported, lens, .. } => format!("{reported:?} {lens:?}"),
        RecordingSource::Routes { routes, .. } => format!("{routes:?}"),
    };
    let program = (FORMAT, env!("CARGO_PKG_VERSION"));
    let recorded = (source.recording().recording_digest(), published);
    let toggles = (chosen, grades, sets);
    let told = (cache, claims, observed, seed, draws, requests_a_minute);
    let parts = format!("{:?}", (program, recorded, toggles, prices, told));
    hex_prefix(&Sha256::digest(parts), 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::CachePolicy;
    use crate::price::PriceBook;
    use crate::reconstruct::{Lens, ReportedPipeline, builtin_pipeline, reconstruct};
    use crate::recording::Recording;
    use crate::scenario::{ChosenToggle, Scenario, toggles_by_id};
    use crate::seed::Seed;
    use crate::study::backtest::ObservedEffect;
    use crate::study::whatif::published_claims::claims_of_pipeline;

    /// What changes a source: its recording, what was published, how that is read.
    type SourceParts<'a> = (&'a mut Recording, &'a mut ReportedPipeline, &'a mut Lens);

    fn source() -> RecordingSource {
        let reported = builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        RecordingSource::Pipeline { reported, lens: Lens::Message, fit }
    }

    fn toggles(ids: [&str; 2]) -> (Vec<ChosenToggle>, Vec<ChosenToggle>) {
        Scenario::with_toggles(&toggles_by_id(ids).expect("toggles")).split_awaiting_toggles()
    }

    #[test]
    fn parts_of_any_size_are_the_whole() {
        let (source, toggles, pricing) = (source(), toggles(["R1", "R4"]), Pricing::embedded());
        let scenario = Scenario { draws: Some(64), ..Scenario::all_toggles() };
        let claims = claims_of_pipeline(source.pipeline().expect("a pipeline"));
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let experiment = Experiment { claims: &claims, sets: &[1, 3], ..experiment };
        let whole = write_draws(&experiment, 0..64).expect("prices");
        for parts in [2, 7, 64_u32] {
            let count = 64_u32.div_ceil(parts);
            let ranges = (0..parts).map(|at| at * count..(at + 1) * count);
            let made: Vec<_> =
                ranges.map(|range| write_draws(&experiment, range).expect("prices")).collect();
            assert!(made.concat() == whole, "{parts} parts");
            let turned: Vec<_> = made.into_iter().rev().collect();
            let read = MadeDraws::from_lines(&turned.concat(), &experiment).expect("all draws");
            let key = experiment_digest(&experiment);
            assert!(lines_of(&key, (0..).zip(&read.0)) == whole, "{parts} parts read again");
        }
    }

    #[test]
    fn whatever_draws_depend_on_moves_the_digest() {
        let (source, own, pricing) = (source(), toggles(["R1", "R4"]), Pricing::embedded());
        let experiment =
            Experiment::for_scenario(&source, &Scenario::all_toggles(), &own, &pricing);
        let digest = experiment_digest(&experiment);
        assert_eq!(digest, experiment_digest(&experiment.clone()));
        let differs = |what: &str, other: &Experiment<'_>| {
            assert_ne!(digest, experiment_digest(other), "{what}");
        };

        let sources: [fn(&mut SourceParts<'_>); 3] = [
            |it| it.0.calls[0].usage.output += 1,
            |it| it.1.unknowns.clear(),
            |it| *it.2 = Lens::Record,
        ];
        for (at, change) in sources.iter().enumerate() {
            let mut other = source.clone();
            if let RecordingSource::Pipeline { reported, lens, fit } = &mut other {
                change(&mut (&mut fit.recording, reported, lens));
            }
            differs(&format!("source {at}"), &Experiment { source: &other, ..experiment.clone() });
        }

        let changes: [fn(&mut ChosenToggle); 3] = [
            |it| it.params = it.params.with_value(0, 77),
            |it| it.ranges[0].high += 1,
            |it| it.grade.effort += 1,
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = own.0.clone();
            change(&mut other[1]);
            differs(&format!("toggle {at}"), &Experiment { chosen: &other, ..experiment.clone() });
        }
        let fewer = &own.0[..1];
        differs("toggles", &Experiment { chosen: fewer, ..experiment.clone() });

        let changes: [fn(&mut Pricing); 4] = [
            |it| it.assumed_model.push('x'),
            |it| it.date = Some(jiff::civil::date(2026, 1, 1)),
            |it| it.substitutes.push(("a".to_owned(), "b".to_owned())),
            |it| it.book = PriceBook::from_fixed_prices([]),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut other = pricing.clone();
            change(&mut other);
            differs(&format!("prices {at}"), &Experiment { pricing: &other, ..experiment.clone() });
        }

        let claims = claims_of_pipeline(source.pipeline().expect("a pipeline"));
        differs("claims", &Experiment { claims: &claims, ..experiment.clone() });
        let observed = [ObservedEffect::default()];
        differs("observed", &Experiment { observed: &observed, ..experiment.clone() });
        differs("seed", &Experiment { seed: Seed(1), ..experiment.clone() });
        differs("draws", &Experiment { draws: 3, ..experiment.clone() });
        differs("sets", &Experiment { sets: &[1], ..experiment.clone() });
        differs("limit", &Experiment { requests_a_minute: Some(9), ..experiment.clone() });
        let cache = CachePolicy::Perfect;
        differs("cache", &Experiment { cache, ..experiment.clone() });
    }
}
