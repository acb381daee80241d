//! The rows of two sides, and what follows of each.
//!
//! A point is compared with its limit in integers. Where several samples say how far chance goes,
//! a row fails only if its point is beyond the limit by more errors than chance makes in any row
//! of its scope (`chance`), once in so many builds as the budget has it.

use super::arrangement::SampleArrangement;
use super::budget::{GateBudget, UnmatchedAction};
use super::noise_bootstrap::{LimitTest, joint_chance_errors};
use super::place_coverage::{PlaceCoverage, apply_renames};
use super::row_draft::RowDraft;
use super::{ComparisonDesign, FigureKey, GateNote, GateRow, GateScope, GateSide};
use crate::seed::Seed;
use crate::units::BASIS_POINTS;
use std::collections::{BTreeMap, BTreeSet};

/// What the two sides come to.
#[derive(Clone, Debug, PartialEq)]
pub struct GateJudgement {
    /// How the samples were held against each other.
    pub design: ComparisonDesign,
    /// How likely no limited row of one scope fails by chance alone, 0 to 1. The low ends of their
    /// intervals hold together with it, and so do the high ends.
    pub confidence: f64,
    /// All rows, in the order of their keys.
    pub rows: Vec<GateRow>,
    /// What a reader should know.
    pub(crate) notes: Vec<GateNote>,
}

/// Holds a candidate against its baseline.
///
/// A place that a side does not know counts 0 in its samples. Where a limit is there and several
/// samples are, a row has an interval. One sample a side is judged by its figures alone.
#[must_use]
pub(crate) fn judge_candidate(
    baseline: &GateSide,
    candidate: &GateSide,
    budget: &GateBudget,
    seed: Seed,
) -> GateJudgement {
    let mut notes = Vec::new();
    // Renamed first: what follows compares names, of pipelines too.
    let baseline = &apply_renames(baseline, budget, &mut notes);
    // Paired, by strata or pooled: the noise of a row follows from how the samples of the two sides
    // belong together.
    let by = SampleArrangement::arrange_samples(baseline, candidate, &mut notes);
    let coverage = PlaceCoverage::new(baseline, candidate, budget);
    coverage.note_changes([baseline, candidate], &mut notes);
    let samples = [&baseline.samples[..], &candidate.samples[..]];
    // Every figure that any sample of either side has: one that came new or went away is a row too.
    // So is one that has a limit of its own and no figure: it is nothing on both sides, or is not
    // measured.
    let limited: Vec<FigureKey> = budget.limited_keys().collect();
    let figures = samples.iter().flat_map(|side| side.iter()).flat_map(|one| one.figures.keys());
    let keys: BTreeSet<&FigureKey> = figures.chain(&limited).collect();
    // The budget speaks in ten-thousandths; only from here on chance is reckoned in floats.
    let confidence = budget.confidence_bp as f64 / BASIS_POINTS as f64;
    // First all rows as drafts, then the verdicts: how far chance goes is asked of all limited rows
    // of a scope together, so that no row can be judged before all are known.
    let mut scopes: BTreeMap<GateScope, Vec<RowDraft>> = BTreeMap::new();
    let mut failed: BTreeSet<(GateScope, &str)> = BTreeSet::new();
    for key in keys {
        let limit = budget.limit_for(key);
        // A place that the budget refuses fails once, with its first row.
        let fails = coverage.is_refused(key) && failed.insert((key.scope, key.name.as_str()));
        // A place that is only noted has no growth to hold against a limit.
        let told = coverage.unmatched_action(key, &limit) == Some(UnmatchedAction::Note);
        // A least share is a share of the same metric of the whole run.
        let whole = (limit.at_least_bp.is_some()).then(|| {
            by.figures_of_sides(
                samples,
                &FigureKey { scope: GateScope::Total, name: String::new(), metric: key.metric },
            )
        });
        let mut drafted = RowDraft::from_figures(
            &by,
            (key, limit),
            (by.figures_of_sides(samples, key), whole),
            coverage.known_sides(key),
            told,
        );
        drafted.is_refused = fails;
        scopes.entry(key.scope).or_default().push(drafted);
    }
    let mut rows = Vec::new();
    for drafted in scopes.into_values() {
        // All limited rows of a scope share the draws, so that one chance is asked of them
        // together.
        let tests: Vec<(&LimitTest, i8)> =
            drafted.iter().flat_map(RowDraft::directed_tests).collect();
        let errors = joint_chance_errors(&tests, &by, (confidence, budget.draws), seed);
        // How many samples would have been needed hangs on the same errors, so it is asked before
        // the draft is used up.
        for one in drafted {
            notes.extend(one.samples_needed(errors, &by));
            rows.push(one.into_row(errors));
        }
    }
    GateJudgement { design: by.design, confidence, rows, notes }
}

#[cfg(test)]
mod tests {
    use super::super::{PlaceChange, SampleMatchKey};
    use super::*;
    use crate::fixed_point::ONE;
    use crate::study::gate::{ExactMean, GateMetric, GateSample, RowVerdict, SideSummary};
    use crate::study::stats::random_draws::draw_normal;

    fn key(scope: GateScope, name: &str, metric: GateMetric) -> FigureKey {
        FigureKey { scope, name: name.to_owned(), metric }
    }

    fn calls() -> FigureKey {
        key(GateScope::Total, "", GateMetric::Calls)
    }

    type Figures<'a> = &'a [(FigureKey, i128)];

    /// A side of samples, each with its pipeline and some figures.
    fn side(samples: &[(&str, Figures<'_>)]) -> GateSide {
        let sample = |(pipeline, figures): &(&str, Figures<'_>)| GateSample {
            name: (*pipeline).to_owned(),
            pipelines: vec![(*pipeline).to_owned()],
            figures: figures.iter().cloned().collect(),
        };
        let samples: Vec<GateSample> = samples.iter().map(sample).collect();
        let (name, count) = ("side".to_owned(), samples.len() as u32);
        let named = SideSummary { name, samples: count, ..SideSummary::default() };
        GateSide { summary: named, samples }
    }

    /// A side that has nothing but calls.
    fn of_calls(samples: &[(&str, i128)]) -> GateSide {
        let figures: Vec<_> = samples.iter().map(|(_, calls_)| [(calls(), *calls_)]).collect();
        let samples: Vec<_> =
            samples.iter().zip(&figures).map(|((name, _), one)| (*name, one.as_slice())).collect();
        side(&samples)
    }

    fn budget(limits: &str) -> GateBudget {
        let text =
            format!("schema = \"windtunnel.budget/1\"\ndefaults = false\ndraws = 2000\n{limits}");
        GateBudget::parse(&text).unwrap()
    }

    fn judged(
        old: &[(&str, i128)],
        new: &[(&str, i128)],
        limits: &str,
    ) -> (ComparisonDesign, GateRow) {
        let judgement = judge_candidate(&of_calls(old), &of_calls(new), &budget(limits), Seed(1));
        let row = judgement.rows.into_iter().find(|row| row.key == calls()).unwrap();
        (judgement.design, row)
    }

    fn check(old: &[(&str, i128)], new: &[(&str, i128)], limits: &str, want: RowVerdict) {
        assert_eq!(judged(old, new, limits).1.verdict, want, "{old:?} {new:?} {limits}");
    }

    #[test]
    fn one_sample_a_side_is_judged_to_the_unit() {
        let limits = "[limits.total]\ncalls = { grows = \"3 %\" }";
        check(&[("p", 100)], &[("p", 103)], limits, RowVerdict::Within);
        check(&[("p", 100)], &[("p", 104)], limits, RowVerdict::Beyond);
        check(&[("p", 100)], &[("p", 50)], limits, RowVerdict::Within);
        for (other, count) in [("p", 0), ("q", 1)] {
            let told = judge_candidate(
                &of_calls(&[("p", 9)]),
                &of_calls(&[(other, 9)]),
                &budget(limits),
                Seed(1),
            );
            let notes = told.notes.iter().filter(|note| **note == GateNote::UnknownChance);
            assert_eq!(notes.count(), count, "{other}: {:?}", told.notes);
        }
        check(&[("p", 0)], &[("p", 1)], limits, RowVerdict::Beyond);
        check(&[("p", 0)], &[("p", 0)], limits, RowVerdict::Within);
        let both = "[limits.total]\ncalls = { grows = \"3 %\", by = 5 }";
        check(&[("p", 100)], &[("p", 105)], both, RowVerdict::Within);
        check(&[("p", 100)], &[("p", 106)], both, RowVerdict::Beyond);
        check(&[("p", 1_000)], &[("p", 1_030)], both, RowVerdict::Within);
        check(&[("p", 0)], &[("p", 5)], both, RowVerdict::Within);
        check(&[("p", 0)], &[("p", 6)], both, RowVerdict::Beyond);
        let still = "[limits]\nmoves = 0";
        let large = 1_000_000_000_000_000_000_i128;
        check(&[("p", large)], &[("p", large)], still, RowVerdict::Within);
        check(&[("p", large)], &[("p", large + 1)], still, RowVerdict::Beyond);
        check(&[("p", large)], &[("p", large - 1)], still, RowVerdict::Beyond);
        check(&[("p", 7)], &[("p", 9)], "", RowVerdict::Unlimited);
        let ends = "[limits.total]\ncalls = { at_most = 10, at_least = 3 }";
        check(&[("p", 7)], &[("p", 10)], ends, RowVerdict::Within);
        check(&[("p", 7)], &[("p", 11)], ends, RowVerdict::Beyond);
        check(&[("p", 7)], &[("p", 2)], ends, RowVerdict::Beyond);
        check(&[("p", i128::MAX)], &[("p", i128::MIN)], still, RowVerdict::Beyond);
        let (design, row) = judged(&[("p", 100)], &[("q", 104)], limits);
        assert_eq!(
            (design, row.change, row.interval),
            (ComparisonDesign::Single, Some(0.04), None)
        );
    }

    #[test]
    fn samples_are_held_against_their_like() {
        let design = |old: &[(&str, i128)], new: &[(&str, i128)]| judged(old, new, "").0;
        let three = [("a", 1), ("b", 2), ("c", 3)];
        assert_eq!(design(&three, &three), ComparisonDesign::Paired);
        assert_eq!(design(&three[..2], &three[..2]), ComparisonDesign::Paired);
        assert_eq!(design(&three[..2], &three), ComparisonDesign::Pooled);
        let twice = [("a", 1), ("a", 2), ("b", 30), ("b", 40)];
        assert_eq!(design(&twice, &twice), ComparisonDesign::Stratified);
        assert_eq!(design(&three, &[("d", 1), ("e", 2), ("f", 3)]), ComparisonDesign::Pooled);
        assert_eq!(design(&[("a", 1)], &three), ComparisonDesign::Pooled);
        // Means over strata: (1 + 2) / 2 and 30, so (3 + 60) / 4.
        let (_, row) = judged(&[("a", 1), ("a", 2), ("b", 30), ("b", 30)], &twice, "");
        assert_eq!(row.baseline, Some(ExactMean { sum: 63, count: 4 }));
        let (design, row) = judged(&[("a", 1), ("a", 2), ("b", 30), ("c", 6)], &three, "");
        assert_eq!(
            (design, row.baseline),
            (ComparisonDesign::Paired, Some(ExactMean { sum: 75, count: 6 }))
        );
        let (old, new) = (of_calls(&three), of_calls(&[("b", 2), ("c", 3), ("a", 1), ("d", 9)]));
        let judgement = judge_candidate(&old, &new, &budget(""), Seed(1));
        assert_eq!(judgement.design, ComparisonDesign::Paired);
        assert_eq!(judgement.rows[0].candidate, Some(ExactMean { sum: 6, count: 3 }));
        let (matched_by, samples) = (SampleMatchKey::Pipelines, vec!["d".to_owned()]);
        let note = GateNote::Unmatched { side: "side".to_owned(), matched_by, samples };
        assert_eq!(judgement.notes[0], note);
    }

    #[test]
    fn samples_without_common_pipelines_are_matched_by_name() {
        let of = |run: &str, samples: &[(&str, i128)]| {
            let mut side = of_calls(samples);
            for (at, sample) in side.samples.iter_mut().enumerate() {
                sample.pipelines = vec![format!("{run} {at}")];
            }
            side
        };
        let tasks = [("add", 100), ("fix", 30), ("port", 900), ("test", 45), ("tidy", 60)];
        let grown = tasks.map(|(name, calls)| (name, calls * 12 / 10));
        let limits = budget("[limits.total]\ncalls = { grows = \"5 %\" }");
        let seen = judge_candidate(&of("old", &tasks), &of("new", &grown), &limits, Seed(1));
        assert_eq!(
            (seen.design, seen.rows[0].verdict),
            (ComparisonDesign::Paired, RowVerdict::Beyond)
        );
        assert_eq!(seen.notes, [GateNote::MatchedByName]);
        // Pipelines go before names, and one name for all is none.
        let seen = judge_candidate(&of("same", &tasks), &of("same", &grown), &limits, Seed(1));
        assert_eq!((seen.design, seen.notes.len()), (ComparisonDesign::Paired, 0));
        let runs = [("run", 100), ("run", 30), ("run", 900)];
        let seen = judge_candidate(&of("old", &runs), &of("new", &runs), &limits, Seed(1));
        assert_eq!((seen.design, seen.notes.len()), (ComparisonDesign::Pooled, 0));
        let seen = judge_candidate(&of("old", &tasks), &of("new", &grown[..4]), &limits, Seed(1));
        assert_eq!(seen.design, ComparisonDesign::Paired);
        assert_eq!(
            seen.notes[1],
            GateNote::Unmatched {
                side: "side".to_owned(),
                matched_by: SampleMatchKey::Name,
                samples: vec!["tidy".to_owned()],
            }
        );
    }

    #[test]
    fn noise_is_told_from_growth() {
        let old = [("a", 100), ("b", 200), ("c", 300), ("d", 150), ("e", 250)];
        let times = |by: [i128; 5]| -> Vec<(&str, i128)> {
            old.iter().zip(by).map(|((name, calls), by)| (*name, calls * by / 100)).collect()
        };
        let limits = "[limits.total]\ncalls = { grows = \"0 %\" }";
        check(&old, &times([103, 104, 103, 104, 103]), limits, RowVerdict::Beyond);
        check(&old, &times([153, 60, 103, 104, 133]), limits, RowVerdict::Unsure);
        check(&old, &times([53, 60, 103, 104, 99]), limits, RowVerdict::Within);
        check(&old, &times([110; 5]), limits, RowVerdict::Beyond);
        check(&old, &old, limits, RowVerdict::Within);
        let (_, row) = judged(&old, &times([110; 5]), limits);
        assert_eq!(row.interval.map(|all| (all.low * 1e6).round()), Some(100_000.0));
        let seen = judge_candidate(
            &of_calls(&old),
            &of_calls(&times([153, 60, 103, 104, 133])),
            &budget(limits),
            Seed(1),
        );
        let is_needed = |note: &GateNote| matches!(note, GateNote::MoreSamplesNeeded { .. });
        assert!(seen.notes.iter().any(is_needed), "{:?}", seen.notes);
        // The same figures without pairs: the noise between pipelines hides the growth.
        let others = ["v", "w", "x", "y", "z"];
        let unpaired: Vec<(&str, i128)> =
            times([103; 5]).iter().zip(others).map(|((_, calls), name)| (name, *calls)).collect();
        let (design, row) = judged(&old, &unpaired, limits);
        assert_eq!((design, row.verdict), (ComparisonDesign::Pooled, RowVerdict::Unsure));
        // One of five is no event.
        let nothing = [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0)];
        let once = [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 0)];
        check(&nothing, &once, limits, RowVerdict::Unsure);
        check(&once, &nothing, "[limits.total]\ncalls = { moves = 0 }", RowVerdict::Unsure);
        check(
            &nothing,
            &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)],
            limits,
            RowVerdict::Beyond,
        );
        let most = "[limits.total]\ncalls = { at_most = 150 }";
        check(&old, &old, most, RowVerdict::Unsure);
        check(&old, &times([300; 5]), most, RowVerdict::Beyond);
        check(&old, &times([70; 5]), most, RowVerdict::Within);
    }

    #[test]
    fn savings_are_parts_of_the_total() {
        let saving = |one: &str| key(GateScope::Saving, one, GateMetric::Calls);
        let limits = "[limits.saving.all]\ncalls = { at_least = \"10 %\" }\n\
                      [limits.saving]\ncalls = { falls = \"0 %\" }";
        let one = |saved: i128| side(&[("p", &[(calls(), 1_000), (saving("all"), saved)])]);
        let said = |old: i128, new: i128, budget: &GateBudget| {
            let all = judge_candidate(&one(old), &one(new), budget, Seed(1));
            all.rows.iter().find(|row| row.key.scope == GateScope::Saving).unwrap().verdict
        };
        let budget = budget(limits);
        assert_eq!(said(100, 100, &budget), RowVerdict::Within);
        assert_eq!(said(100, 99, &budget), RowVerdict::Beyond);
        assert_eq!(said(500, 100, &budget), RowVerdict::Within);
        let not_less = self::budget("[limits.saving]\ncalls = { falls = \"0 %\" }");
        assert_eq!(said(100, 99, &not_less), RowVerdict::Beyond);
        assert_eq!(said(-100, -101, &not_less), RowVerdict::Beyond);
        assert_eq!(said(-100, -99, &not_less), RowVerdict::Within);
    }

    #[test]
    fn steps_come_go_and_change_their_names() {
        let step = |name: &str, metric| key(GateScope::Step, name, metric);
        let of = |name: &str, calls_: i128| {
            side(&[(
                "p",
                &[
                    (calls(), calls_),
                    (step(name, GateMetric::Calls), calls_),
                    (step(name, GateMetric::Tokens), 10_000),
                ],
            )])
        };
        let limits = "[limits.step]\ncalls = { grows = \"10 %\" }\n";
        let seen = judge_candidate(&of("plan", 50), &of("make plan", 52), &budget(limits), Seed(1));
        assert!(seen.rows.iter().all(|row| row.verdict != RowVerdict::Beyond), "{:?}", seen.rows);
        let scope = GateScope::Step;
        let changed = |name: &str, change| GateNote::PlacesChanged {
            scope,
            names: vec![name.to_owned()],
            change,
            is_refused: false,
        };
        let (old, new) = ("plan".to_owned(), "make plan".to_owned());
        let renamed = GateNote::PossibleRename { scope, old, new };
        let (gone, came) = (PlaceChange::Gone, PlaceChange::New);
        assert_eq!(seen.notes, [changed("plan", gone), changed("make plan", came), renamed]);
        let renamed = format!("{limits}[renamed]\nplan = \"make plan\"");
        let seen =
            judge_candidate(&of("plan", 50), &of("make plan", 56), &budget(&renamed), Seed(1));
        assert_eq!(seen.notes, Vec::<GateNote>::new());
        let beyond: Vec<&FigureKey> = seen
            .rows
            .iter()
            .filter(|row| row.verdict == RowVerdict::Beyond)
            .map(|row| &row.key)
            .collect();
        assert_eq!(beyond, [&step("make plan", GateMetric::Calls)]);
        let refused = budget("[new]\nstep = \"fail\"\n");
        let seen = judge_candidate(&of("plan", 50), &of("other", 5), &refused, Seed(1));
        let beyond = seen.rows.iter().filter(|row| row.verdict == RowVerdict::Beyond).count();
        assert_eq!(beyond, 1);
        let is_rename = |note: &GateNote| matches!(note, GateNote::PossibleRename { .. });
        assert!(!seen.notes.iter().any(is_rename), "{:?}", seen.notes);
        let seen = judge_candidate(
            &of("plan", 50),
            &of("other", 50),
            &budget("[limits]\nmoves = 0"),
            Seed(1),
        );
        let beyond = seen.rows.iter().filter(|row| row.verdict == RowVerdict::Beyond).count();
        assert_eq!(beyond, 4);
        let tool = |name: &str, added: i128| {
            let of = |metric| key(GateScope::Tool, name, metric);
            side(&[("p", &[(of(GateMetric::Uses), 1), (of(GateMetric::Added), added)])])
        };
        for (added, renamed) in [(105, true), (900, false)] {
            let seen =
                judge_candidate(&tool("Ask", 100), &tool("Query", added), &budget(""), Seed(1));
            assert_eq!(seen.notes.iter().any(is_rename), renamed, "{:?}", seen.notes);
        }
        let wrong = budget("[renamed]\nplane = \"make plan\"");
        let seen = judge_candidate(&of("plan", 50), &of("plan", 50), &wrong, Seed(1));
        assert_eq!(
            seen.notes,
            [GateNote::UnknownRename { scope: GateScope::Step, name: "plane".to_owned() }]
        );
    }

    #[test]
    fn nothing_at_all_is_judged() {
        let empty = GateSide::default();
        let seen = judge_candidate(&empty, &empty, &GateBudget::default(), Seed(1));
        // The whole of nothing is nothing, and that has not grown.
        let is_quiet = |verdict| matches!(verdict, RowVerdict::Within | RowVerdict::Unlimited);
        assert!(seen.rows.iter().all(|row| is_quiet(row.verdict)));
        assert_eq!(seen.design, ComparisonDesign::Single);
        let some = of_calls(&[("a", 1), ("b", 2)]);
        for (old, new) in [(&empty, &some), (&some, &empty)] {
            let seen = judge_candidate(old, new, &budget("[limits]\nmoves = 0"), Seed(1));
            assert_eq!(seen.rows.len(), 1);
        }
    }

    /// False alarms in a thousand, of comparisons in which nothing changes: four metrics, most of
    /// whose noise is common to all of them, `sd` of their logarithms.
    fn alarms(design: ComparisonDesign, n: usize, sd: f64) -> usize {
        const TIMES: u32 = 200;
        let metrics =
            [GateMetric::Calls, GateMetric::Tokens, GateMetric::Dollars, GateMetric::PeakContext];
        let alarm = |time: &u32| {
            let mut rng = Seed(6).random_stream("alarms", &time.to_le_bytes());
            let mut normal = move || draw_normal(&mut rng) as f64 / ONE as f64;
            let sizes: Vec<f64> = (0..n).map(|_| 0.5 * normal()).collect();
            let mut draw = |name: &str| {
                let sample = |at: usize| {
                    let pipeline = match design {
                        ComparisonDesign::Paired => at.to_string(),
                        ComparisonDesign::Stratified => (at / 2).to_string(),
                        _ => format!("{name}{at}"),
                    };
                    let size = match design {
                        ComparisonDesign::Paired => sizes[at],
                        ComparisonDesign::Stratified => sizes[at / 2],
                        _ => 0.0,
                    };
                    let whole = 0.9 * normal();
                    let one = |metric: &GateMetric| {
                        let figure = (size + sd * (whole + 0.44 * normal())).exp() * 1e6;
                        (key(GateScope::Total, "", *metric), figure as i128)
                    };
                    let figures = metrics.iter().map(one).collect();
                    GateSample { name: pipeline.clone(), pipelines: vec![pipeline], figures }
                };
                GateSide { samples: (0..n).map(sample).collect(), ..GateSide::default() }
            };
            let (old, new) = (draw("a"), draw("b"));
            let mut budget = budget("[limits.total]\nmoves = 0");
            budget.draws = 300;
            let seen = judge_candidate(&old, &new, &budget, Seed(u64::from(*time)));
            assert_eq!(seen.design, design);
            seen.rows.iter().any(|row| row.verdict == RowVerdict::Beyond)
        };
        (0..TIMES).filter(alarm).count() * 1_000 / TIMES as usize
    }

    #[test]
    fn chance_fails_no_more_builds_than_the_budget_says() {
        for (design, n, sd) in [
            (ComparisonDesign::Paired, 3, 0.41),
            (ComparisonDesign::Paired, 5, 0.02),
            (ComparisonDesign::Paired, 10, 0.41),
            (ComparisonDesign::Pooled, 3, 0.41),
            (ComparisonDesign::Pooled, 5, 0.41),
            (ComparisonDesign::Pooled, 5, 1.19),
            (ComparisonDesign::Pooled, 10, 0.02),
            (ComparisonDesign::Stratified, 6, 0.41),
        ] {
            // 50 are asked for; of 200 comparisons the count is off by 15 (one deviation).
            let alarms = alarms(design, n, sd);
            assert!(alarms <= 95, "{design:?} {n} {sd}: {alarms} of 1000");
        }
    }
}
