//! Draws as lines of JSON, so that several machines can make them: one line is one draw of one part
//! of the recording.
//!
//! A line names its experiment by a digest of everything that draws depend on, and its part by that
//! of the part: no draw is taken for one of another experiment, and no session counts twice.

use super::draw_outcome::DrawOutcome;
use super::draw_setup::{DrawSetup, finish_draws};
use super::draw_sums::DrawSums;
use super::experiment::Experiment;
use super::experiment_parts::{WHAT_DIFFERS, cut_experiment, experiment_digest, recording_name};
use super::quoted_sets::{DrawnPart, QuotedSets};
use crate::price::MissingPrice;
use crate::recording::hex_prefix;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;

/// One draw of a part, with the digest of its experiment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DrawLine {
    experiment: String,
    part: DrawnPart,
    draw: u32,
    /// Of all the others.
    digest: String,
    sums: Box<RawValue>,
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
    #[error("draw {draw} is missing{part}; there are {there} of {wanted}")]
    Missing {
        /// The first that is missing.
        draw: usize,
        /// Of which part, if there are several.
        part: String,
        /// How many there are, of all parts.
        there: usize,
        /// How many there should be.
        wanted: usize,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDrawLine {
    /// It cannot be read.
    #[error("not a draw: {0}")]
    Broken(String),
    /// It is not as it was written.
    #[error("draw {0} was changed since it was made")]
    Changed(u32),
    /// Figures are missing that its experiment asks for.
    #[error("draw {0} is not whole")]
    InPart(u32),
    /// It is of another experiment.
    #[error("draw {0} is of another experiment: {what}", what = WHAT_DIFFERS)]
    OtherExperiment(u32),
    /// The recording is not cut so.
    #[error("draw {0} is of sessions that are none of the {1} parts of this recording")]
    OtherPart(u32, usize),
    /// Lines of two cuts.
    #[error("draw {draw} is of one of {met} parts, and that of the first line of one of {wanted}")]
    OtherCut {
        /// The draw.
        draw: u32,
        /// How many parts its recording was cut into.
        met: usize,
        /// How many the others are of.
        wanted: usize,
    },
    /// The same draw came out in two ways.
    #[error("draw {0} is not what it is in line {1}")]
    Unlike(u32, usize),
}

/// Makes some draws of an experiment, those that it has, as lines; its recording is the part of the
/// whole that `told` found.
///
/// # Errors
/// A model without a price.
pub(crate) fn write_draws(
    experiment: &Experiment<'_>,
    (told, part): (&QuotedSets, &DrawnPart),
    draws: Range<u32>,
) -> Result<Vec<u8>, MissingPrice> {
    let draws = draws.start..draws.end.min(experiment.draws);
    let setup = DrawSetup::prepare(experiment, told.lattices.clone())?;
    let sums = setup.replay_draws(draws.clone())?;
    let lines = draws.zip(&sums);
    let lines = lines.map(|(draw, sums)| DrawLine::new(&told.experiment, part, draw, sums));
    let lines = lines.map(|line| serde_json::to_string(&line).expect("words are JSON") + "\n");
    Ok(lines.collect::<String>().into_bytes())
}

impl DrawLine {
    fn new(experiment: &str, part: &DrawnPart, draw: u32, sums: &DrawSums) -> Self {
        let sums = serde_json::value::to_raw_value(sums).expect("integers and names are JSON");
        let (experiment, part) = (experiment.to_owned(), part.clone());
        let line = Self { experiment, part, draw, digest: String::new(), sums };
        Self { digest: line.content_digest(), ..line }
    }

    fn content_digest(&self) -> String {
        let Self { experiment, part, draw, digest: _, sums } = self;
        let content = format!("{:?}", (experiment, part, draw, sums.get()));
        hex_prefix(&Sha256::digest(content), 16)
    }
}

impl MadeDraws {
    /// The draws of an experiment from their lines, which stand in any order; a line may be there
    /// several times, where it is the same.
    ///
    /// # Errors
    /// A line that is none of its draws; a draw that is missing.
    pub(crate) fn from_lines(text: &[u8], experiment: &Experiment<'_>) -> Result<Self, BadDraws> {
        let mut met = MetLines::of_experiment(experiment);
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if !line.trim_ascii().is_empty() {
                met.take_line(line, at + 1).map_err(|fault| BadDraws::Line(at + 1, fault))?;
            }
        }
        met.finish().map(Self)
    }

    /// The draws in their order.
    pub(super) fn outcomes(&self) -> &[DrawOutcome] {
        &self.0
    }
}

/// The lines of an experiment that were read so far.
struct MetLines<'a> {
    experiment: &'a Experiment<'a>,
    key: String,
    /// The parts by their digests; none before the first line.
    parts: BTreeMap<String, usize>,
    /// Where the lines of each draw stand and their digests, part by part.
    places: Vec<Vec<Option<(usize, String)>>>,
    /// What those of each draw add up to.
    sums: Vec<Option<DrawSums>>,
}

impl<'a> MetLines<'a> {
    fn of_experiment(experiment: &'a Experiment<'a>) -> Self {
        let key = experiment_digest(experiment, &recording_name(experiment));
        let draws = experiment.draws as usize;
        let places = vec![Vec::new(); draws];
        Self { experiment, key, parts: BTreeMap::new(), places, sums: vec![None; draws] }
    }

    /// Adds a line to its draw.
    fn take_line(&mut self, line: &[u8], number: usize) -> Result<(), BadDrawLine> {
        // What another version holds in a draw is not read: whose it is says more.
        let line: DrawLine = serde_json::from_slice(line).map_err(broken)?;
        let draw = line.draw;
        if line.experiment != self.key {
            return Err(BadDrawLine::OtherExperiment(draw));
        }
        if line.digest != line.content_digest() {
            return Err(BadDrawLine::Changed(draw));
        }
        let part = self.find_part(&line)?;
        let sums: DrawSums = serde_json::from_str(line.sums.get()).map_err(broken)?;
        let at = draw as usize;
        if at >= self.sums.len() || !sums.is_whole(self.experiment) {
            return Err(BadDrawLine::InPart(draw));
        }
        let places = &mut self.places[at];
        places.resize(self.parts.len(), None);
        match &places[part] {
            Some((earlier, digest)) if *digest != line.digest => {
                return Err(BadDrawLine::Unlike(draw, *earlier));
            }
            Some(_) => return Ok(()),
            None => places[part] = Some((number, line.digest)),
        }
        match &mut self.sums[at] {
            Some(all) if all.is_like(&sums) => all.add(&sums),
            Some(_) => return Err(BadDrawLine::InPart(draw)),
            none => *none = Some(sums),
        }
        Ok(())
    }

    /// Which part a line is of; the first line says how many there are.
    fn find_part(&mut self, line: &DrawLine) -> Result<usize, BadDrawLine> {
        let DrawnPart { digest, of } = &line.part;
        if self.parts.is_empty() {
            let digests = cut_experiment(self.experiment, *of).digests;
            self.parts = digests.into_iter().zip(0..).collect();
        } else if *of != self.parts.len() {
            let (draw, met, wanted) = (line.draw, *of, self.parts.len());
            return Err(BadDrawLine::OtherCut { draw, met, wanted });
        }
        let part = self.parts.get(digest).copied();
        part.ok_or(BadDrawLine::OtherPart(line.draw, self.parts.len()))
    }

    /// All draws, each with the error of a difference.
    fn finish(self) -> Result<Vec<DrawOutcome>, BadDraws> {
        // Without any line nothing is known of parts.
        let parts = self.parts.len().max(1);
        let there = self.places.iter().flatten().flatten().count();
        let wanted = parts * self.sums.len();
        for (draw, places) in self.places.iter().enumerate() {
            let missing = (0..parts).find(|part| places.get(*part).is_none_or(Option::is_none));
            if let Some(part) = missing {
                let part =
                    if parts == 1 { String::new() } else { format!(" in part {}", part + 1) };
                return Err(BadDraws::Missing { draw, part, there, wanted });
            }
        }
        // Every lattice has the same sets, and the first draws have one.
        let first = self.sums.first().and_then(Option::as_ref);
        for (draw, sums) in (0..).zip(&self.sums) {
            if !sums.iter().zip(first).all(|(sums, first)| first.is_like(sums)) {
                let line = self.places[draw].iter().flatten().next().map_or(0, |(line, _)| *line);
                return Err(BadDraws::Line(line, BadDrawLine::InPart(draw as u32)));
            }
        }
        Ok(finish_draws(self.experiment, self.sums.into_iter().flatten().collect()))
    }
}

/// Every line is a text of its own: what the reader says of lines would be misread.
fn broken(error: serde_json::Error) -> BadDrawLine {
    let told = error.to_string();
    BadDrawLine::Broken(told.split(" at line ").next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::experiment_parts::tests::{acting_toggles, many_sessions, source, toggles};
    use super::super::published_claims::claims_of_pipeline;
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::RecordingSource;
    use crate::scenario::Scenario;

    fn told(experiment: &Experiment<'_>, most: usize) -> QuotedSets {
        let cut = cut_experiment(experiment, most);
        QuotedSets::of_experiment(experiment, &cut).expect("prices")
    }

    /// Some draws of a part, or of the whole.
    fn lines(experiment: &Experiment<'_>, told: &QuotedSets, draws: Range<u32>) -> Vec<u8> {
        let part = told.find_part(experiment).expect("a part");
        write_draws(experiment, (told, &part), draws).expect("prices")
    }

    #[test]
    fn ranges_of_any_size_are_the_whole() {
        let (source, toggles, pricing) = (source(), toggles(["R1", "R4"]), Pricing::embedded());
        let scenario = Scenario { draws: Some(64), ..Scenario::all_toggles() };
        let claims = claims_of_pipeline(source.pipeline().expect("a pipeline"));
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let experiment = Experiment { claims: &claims, sets: &[1, 3], ..experiment };
        let told = told(&experiment, 1);
        let setup = DrawSetup::prepare(&experiment, told.lattices.clone()).expect("prices");
        let outcomes = setup.replay_all().expect("prices");
        let whole = lines(&experiment, &told, 0..64);
        for parts in [2, 7, 64_u32] {
            let count = 64_u32.div_ceil(parts);
            let ranges = (0..parts).map(|at| at * count..(at + 1) * count);
            let made: Vec<_> = ranges.map(|range| lines(&experiment, &told, range)).collect();
            assert!(made.concat() == whole, "{parts} parts");
            let turned: Vec<_> = made.into_iter().rev().collect();
            let read = MadeDraws::from_lines(&turned.concat(), &experiment).expect("all draws");
            assert!(read.outcomes() == outcomes, "{parts} parts read again");
        }
    }

    /// An experiment on many sessions, and the same on each of so many parts.
    fn with_parts(
        counts: &[usize],
        mut check: impl FnMut(&Experiment<'_>, &QuotedSets, &[Experiment<'_>]),
    ) {
        let source = RecordingSource::Recorded(many_sessions());
        let acting = acting_toggles().into_iter().filter(|one| !one.toggle.counts_all_places());
        let toggles = acting.partition(|one| !one.awaits_parameter());
        let (scenario, pricing) = (Scenario::all_toggles(), Pricing::embedded());
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let experiment = Experiment { sets: &[1, 0xff], draws: 3, ..experiment };
        for &most in counts {
            let cut = cut_experiment(&experiment, most);
            let part = |at| RecordingSource::Recorded(cut.part(experiment.base_recording(), at));
            let sources: Vec<RecordingSource> = (0..cut.digests.len()).map(part).collect();
            let parts = sources.iter().map(|source| Experiment { source, ..experiment.clone() });
            check(&experiment, &told(&experiment, most), &parts.collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_of_the_recording_add_up_to_the_whole() {
        let mut outcomes: Option<Vec<DrawOutcome>> = None;
        let mut met = Vec::new();
        with_parts(&[1, 2, 7, 64], |experiment, told, parts| {
            let mut told = told_again(told);
            // One draw without shares, so that both ways are gone.
            told.lattices.count = 2;
            let want = outcomes.get_or_insert_with(|| {
                let setup = DrawSetup::prepare(experiment, told.lattices.clone()).expect("prices");
                setup.replay_all().expect("prices")
            });
            let candidates = want.iter().map(|outcome| outcome.sets.len());
            assert!(want[0].before.0 > 0 && candidates.eq([64, 64, 0]));
            let ranges = |part| [1..3, 0..1].map(|draws| lines(part, &told, draws));
            let made: Vec<_> = parts.iter().rev().flat_map(ranges).collect();
            let read = MadeDraws::from_lines(&made.concat(), experiment).expect("all draws");
            assert!(read.outcomes() == want, "{} parts", parts.len());
            met.push(parts.len());
        });
        assert_eq!(met, [1, 2, 7, 64]);
    }

    fn told_again(told: &QuotedSets) -> QuotedSets {
        QuotedSets::from_json(&told.to_json()).expect("as it was told")
    }

    #[test]
    fn lines_of_parts_that_are_not_the_recording_are_refused() {
        with_parts(&[7], |experiment, sets, parts| {
            let mut sets = told_again(sets);
            sets.lattices.count = 0;
            let all: Vec<Vec<u8>> = parts.iter().map(|part| lines(part, &sets, 0..3)).collect();
            let said = |lines: &[&[u8]]| {
                MadeDraws::from_lines(&lines.concat(), experiment).map_or_else(
                    |error| error.to_string(),
                    |made| format!("{} draws", made.outcomes().len()),
                )
            };
            let of = |count: usize| all[..count].iter().map(Vec::as_slice).collect::<Vec<_>>();
            // A part that was made twice does no harm.
            assert_eq!(said(&[of(7), of(1)].concat()), "3 draws");
            assert_eq!(said(&of(6)), "draw 0 is missing in part 7; there are 18 of 21");
            let whole = lines(experiment, &sets, 0..3);
            let others =
                "line 4: draw 0 is of one of 1 parts, and that of the first line of one of";
            assert_eq!(said(&[of(1)[0], &whole]), format!("{others} 7"));
            assert_eq!(said(&[&whole]), "3 draws");
            let cut_otherwise = told(experiment, 2);
            with_parts(&[2], |_, _, halves| {
                let half = lines(&halves[0], &cut_otherwise, 0..1);
                let others = "line 1: draw 0 is of sessions that are none of the 7 parts";
                let lied = altered(&half, |line| line.part.of = 7);
                assert!(said(&[&lied]).starts_with(others), "{}", said(&[&lied]));
            });
            let bare = |from: &str, to: &str| {
                String::from_utf8(all[0].clone()).expect("text").replacen(from, to, 1).into_bytes()
            };
            let changed = "line 1: draw 0 was changed since it was made";
            assert_eq!(said(&[&bare("\"met\":true", "\"met\":false")]), changed);
            let unlike = altered(&all[0], |line| {
                let sums = line.sums.get().replacen("true", "false", 1);
                line.sums = RawValue::from_string(sums).expect("JSON");
            });
            assert_eq!(said(&[&all[0], &unlike]), "line 4: draw 0 is not what it is in line 1");
            let beyond = altered(&all[0], |line| line.draw = 4);
            assert_eq!(said(&[&beyond]), "line 1: draw 4 is not whole");
            let short = altered(&all[0], |line| {
                let mut sums: DrawSums = serde_json::from_str(line.sums.get()).expect("sums");
                sums.asked.pop();
                line.sums = serde_json::value::to_raw_value(&sums).expect("JSON");
            });
            assert_eq!(said(&[&short]), "line 1: draw 0 is not whole");
        });
    }

    /// The first line with something else in it, as its program would have written it.
    fn altered(lines: &[u8], change: impl FnOnce(&mut DrawLine)) -> Vec<u8> {
        let first = lines.split(|byte| *byte == b'\n').next().expect("a line");
        let mut line: DrawLine = serde_json::from_slice(first).expect("a draw");
        change(&mut line);
        line.digest = line.content_digest();
        serde_json::to_vec(&line).expect("JSON")
    }
}
