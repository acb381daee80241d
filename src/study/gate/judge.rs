//! The rows of two sides, and what follows of each.
//!
//! A point is compared with its limit in integers. Where several samples say how far chance goes,
//! a row fails only if its point is beyond the limit by more errors than chance makes in any row
//! of its scope (`chance`), once in so many builds as the budget has it.

use super::arrange::Arrangement;
use super::budget::{Budget, Coming};
use super::chance::{Test, together};
use super::places::{Coverage, renamed};
use super::row::Drafted;
use super::{Design, Key, Row, Scope, Side};
use crate::seed::Seed;
use crate::units::BASIS_POINTS;
use std::collections::{BTreeMap, BTreeSet};

/// What the two sides come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// How the samples were held against each other.
    pub design: Design,
    /// How likely no limited row of one scope fails by chance alone, 0 to 1. The low ends of their
    /// intervals hold together with it, and so do the high ends.
    pub confidence: f64,
    /// All rows, in the order of their keys.
    pub rows: Vec<Row>,
    /// What a reader should know, in sentences.
    pub notes: Vec<String>,
}

/// Holds a candidate against its baseline.
///
/// A place that a side does not know counts 0 in its samples. Where a limit is there and several
/// samples are, a row has an interval. One sample a side is judged by its figures alone.
#[must_use]
pub fn judge(baseline: &Side, candidate: &Side, budget: &Budget, seed: Seed) -> Judgement {
    let mut notes = Vec::new();
    let baseline = &renamed(baseline, budget, &mut notes);
    let by = Arrangement::of(baseline, candidate, &mut notes);
    let coverage = Coverage::of(baseline, candidate, budget);
    coverage.tell([baseline, candidate], &mut notes);
    let samples = [&baseline.samples, &candidate.samples];
    let keys: BTreeSet<&Key> =
        samples.iter().flat_map(|side| side.iter()).flat_map(|one| one.figures.keys()).collect();
    let figures = |key: &Key| [0, 1].map(|side| by.figures(side, samples[side], key));
    let confidence = budget.confidence_bp as f64 / BASIS_POINTS as f64;
    let mut scopes: BTreeMap<Scope, Vec<Drafted>> = BTreeMap::new();
    let mut failed: BTreeSet<(Scope, &str)> = BTreeSet::new();
    for key in keys {
        let limit = budget.limit(key);
        let fails = coverage.fails(key) && failed.insert((key.scope, key.name.as_str()));
        let told = coverage.comes(key, &limit) == Some(Coming::Note);
        let whole = (limit.at_least_bp.is_some()).then(|| {
            figures(&Key { scope: Scope::Total, name: String::new(), metric: key.metric })
        });
        let mut drafted =
            Drafted::of(&by, (key, limit), (figures(key), whole), coverage.knows(key), told);
        drafted.fails = fails;
        scopes.entry(key.scope).or_default().push(drafted);
    }
    let mut rows = Vec::new();
    for drafted in scopes.into_values() {
        let tests: Vec<(&Test, i8)> = drafted.iter().flat_map(Drafted::tests).collect();
        let errors = together(&tests, &by, (confidence, budget.draws), seed);
        for one in drafted {
            notes.extend(one.needs(errors, &by));
            rows.push(one.row(errors));
        }
    }
    Judgement { design: by.design, confidence, rows, notes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;
    use crate::study::draws::normal;
    use crate::study::gate::{Judged, Mean, Metric, Named, Sample};

    fn key(scope: Scope, name: &str, metric: Metric) -> Key {
        Key { scope, name: name.to_owned(), metric }
    }

    fn calls() -> Key {
        key(Scope::Total, "", Metric::Calls)
    }

    type Figures<'a> = &'a [(Key, i128)];

    /// A side of samples, each with its pipeline and some figures.
    fn side(samples: &[(&str, Figures<'_>)]) -> Side {
        let sample = |(pipeline, figures): &(&str, Figures<'_>)| Sample {
            name: (*pipeline).to_owned(),
            pipelines: vec![(*pipeline).to_owned()],
            figures: figures.iter().cloned().collect(),
        };
        let samples: Vec<Sample> = samples.iter().map(sample).collect();
        let named =
            Named { name: "side".to_owned(), samples: samples.len() as u32, digests: vec![] };
        Side { named, samples }
    }

    /// A side that has nothing but calls.
    fn of_calls(samples: &[(&str, i128)]) -> Side {
        let figures: Vec<_> = samples.iter().map(|(_, calls_)| [(calls(), *calls_)]).collect();
        let samples: Vec<_> =
            samples.iter().zip(&figures).map(|((name, _), one)| (*name, one.as_slice())).collect();
        side(&samples)
    }

    fn budget(limits: &str) -> Budget {
        let text = format!("schema = \"windtunnel.budget/1\"\ndraws = 2000\n{limits}");
        Budget::parse(&text).unwrap()
    }

    fn judged(old: &[(&str, i128)], new: &[(&str, i128)], limits: &str) -> (Design, Row) {
        let judgement = judge(&of_calls(old), &of_calls(new), &budget(limits), Seed(1));
        let row = judgement.rows.into_iter().find(|row| row.key == calls()).unwrap();
        (judgement.design, row)
    }

    fn check(old: &[(&str, i128)], new: &[(&str, i128)], limits: &str, want: Judged) {
        assert_eq!(judged(old, new, limits).1.judged, want, "{old:?} {new:?} {limits}");
    }

    #[test]
    fn one_sample_a_side_is_judged_to_the_unit() {
        let limits = "[limits.total]\ncalls = { grows = \"3 %\" }";
        check(&[("p", 100)], &[("p", 103)], limits, Judged::Within);
        check(&[("p", 100)], &[("p", 104)], limits, Judged::Beyond);
        check(&[("p", 100)], &[("p", 50)], limits, Judged::Within);
        for (other, count) in [("p", 0), ("q", 1)] {
            let told =
                judge(&of_calls(&[("p", 9)]), &of_calls(&[(other, 9)]), &budget(limits), Seed(1));
            let notes = told.notes.iter().filter(|note| note.contains("how far chance goes"));
            assert_eq!(notes.count(), count, "{other}: {:?}", told.notes);
        }
        check(&[("p", 0)], &[("p", 1)], limits, Judged::Beyond);
        check(&[("p", 0)], &[("p", 0)], limits, Judged::Within);
        let both = "[limits.total]\ncalls = { grows = \"3 %\", by = 5 }";
        check(&[("p", 100)], &[("p", 105)], both, Judged::Within);
        check(&[("p", 100)], &[("p", 106)], both, Judged::Beyond);
        check(&[("p", 1_000)], &[("p", 1_030)], both, Judged::Within);
        check(&[("p", 0)], &[("p", 5)], both, Judged::Within);
        check(&[("p", 0)], &[("p", 6)], both, Judged::Beyond);
        let still = "[limits]\nmoves = 0";
        let large = 1_000_000_000_000_000_000_i128;
        check(&[("p", large)], &[("p", large)], still, Judged::Within);
        check(&[("p", large)], &[("p", large + 1)], still, Judged::Beyond);
        check(&[("p", large)], &[("p", large - 1)], still, Judged::Beyond);
        check(&[("p", 7)], &[("p", 9)], "", Judged::Free);
        let ends = "[limits.total]\ncalls = { at_most = 10, at_least = 3 }";
        check(&[("p", 7)], &[("p", 10)], ends, Judged::Within);
        check(&[("p", 7)], &[("p", 11)], ends, Judged::Beyond);
        check(&[("p", 7)], &[("p", 2)], ends, Judged::Beyond);
        check(&[("p", i128::MAX)], &[("p", i128::MIN)], still, Judged::Beyond);
        let (design, row) = judged(&[("p", 100)], &[("q", 104)], limits);
        assert_eq!((design, row.change, row.interval), (Design::Single, Some(0.04), None));
    }

    #[test]
    fn samples_are_held_against_their_like() {
        let design = |old: &[(&str, i128)], new: &[(&str, i128)]| judged(old, new, "").0;
        let three = [("a", 1), ("b", 2), ("c", 3)];
        assert_eq!(design(&three, &three), Design::Paired);
        assert_eq!(design(&three[..2], &three[..2]), Design::Paired);
        assert_eq!(design(&three[..2], &three), Design::Pooled);
        let twice = [("a", 1), ("a", 2), ("b", 30), ("b", 40)];
        assert_eq!(design(&twice, &twice), Design::Stratified);
        assert_eq!(design(&three, &[("d", 1), ("e", 2), ("f", 3)]), Design::Pooled);
        assert_eq!(design(&[("a", 1)], &three), Design::Pooled);
        // Means over strata: (1 + 2) / 2 and 30, so (3 + 60) / 4.
        let (_, row) = judged(&[("a", 1), ("a", 2), ("b", 30), ("b", 30)], &twice, "");
        assert_eq!(row.baseline, Some(Mean { sum: 63, of: 4 }));
        let (design, row) = judged(&[("a", 1), ("a", 2), ("b", 30), ("c", 6)], &three, "");
        assert_eq!((design, row.baseline), (Design::Paired, Some(Mean { sum: 75, of: 6 })));
        let (old, new) = (of_calls(&three), of_calls(&[("b", 2), ("c", 3), ("a", 1), ("d", 9)]));
        let judgement = judge(&old, &new, &budget(""), Seed(1));
        assert_eq!(judgement.design, Design::Paired);
        assert_eq!(judgement.rows[0].candidate, Some(Mean { sum: 6, of: 3 }));
        assert!(judgement.notes[0].contains("left out of side"), "{:?}", judgement.notes);
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
        let seen = judge(&of("old", &tasks), &of("new", &grown), &limits, Seed(1));
        assert_eq!((seen.design, seen.rows[0].judged), (Design::Paired, Judged::Beyond));
        assert_eq!(seen.notes, ["samples are matched by their names"]);
        // Pipelines go before names, and one name for all is none.
        let seen = judge(&of("same", &tasks), &of("same", &grown), &limits, Seed(1));
        assert_eq!((seen.design, seen.notes.len()), (Design::Paired, 0));
        let runs = [("run", 100), ("run", 30), ("run", 900)];
        let seen = judge(&of("old", &runs), &of("new", &runs), &limits, Seed(1));
        assert_eq!((seen.design, seen.notes.len()), (Design::Pooled, 0));
        let seen = judge(&of("old", &tasks), &of("new", &grown[..4]), &limits, Seed(1));
        assert_eq!(seen.design, Design::Paired);
        assert_eq!(
            seen.notes[1],
            "left out of side, because the other side has nothing of that name: tidy"
        );
    }

    #[test]
    fn noise_is_told_from_growth() {
        let old = [("a", 100), ("b", 200), ("c", 300), ("d", 150), ("e", 250)];
        let times = |by: [i128; 5]| -> Vec<(&str, i128)> {
            old.iter().zip(by).map(|((name, calls), by)| (*name, calls * by / 100)).collect()
        };
        let limits = "[limits.total]\ncalls = { grows = \"0 %\" }";
        check(&old, &times([103, 104, 103, 104, 103]), limits, Judged::Beyond);
        check(&old, &times([153, 60, 103, 104, 133]), limits, Judged::Unsure);
        check(&old, &times([53, 60, 103, 104, 99]), limits, Judged::Within);
        check(&old, &times([110; 5]), limits, Judged::Beyond);
        check(&old, &old, limits, Judged::Within);
        let (_, row) = judged(&old, &times([110; 5]), limits);
        assert_eq!(row.interval.map(|all| (all.low * 1e6).round()), Some(100_000.0));
        let seen = judge(
            &of_calls(&old),
            &of_calls(&times([153, 60, 103, 104, 133])),
            &budget(limits),
            Seed(1),
        );
        assert!(seen.notes.iter().any(|note| note.contains("samples a side")), "{:?}", seen.notes);
        // The same figures without pairs: the noise between pipelines hides the growth.
        let others = ["v", "w", "x", "y", "z"];
        let unpaired: Vec<(&str, i128)> =
            times([103; 5]).iter().zip(others).map(|((_, calls), name)| (name, *calls)).collect();
        let (design, row) = judged(&old, &unpaired, limits);
        assert_eq!((design, row.judged), (Design::Pooled, Judged::Unsure));
        // One of five is no event.
        let nothing = [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0)];
        let once = [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 0)];
        check(&nothing, &once, limits, Judged::Unsure);
        check(&once, &nothing, "[limits.total]\ncalls = { moves = 0 }", Judged::Unsure);
        check(
            &nothing,
            &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)],
            limits,
            Judged::Beyond,
        );
        let most = "[limits.total]\ncalls = { at_most = 150 }";
        check(&old, &old, most, Judged::Unsure);
        check(&old, &times([300; 5]), most, Judged::Beyond);
        check(&old, &times([70; 5]), most, Judged::Within);
    }

    #[test]
    fn savings_are_parts_of_the_total() {
        let saving = |one: &str| key(Scope::Saving, one, Metric::Calls);
        let limits = "[limits.saving.all]\ncalls = { at_least = \"10 %\" }\n\
                      [limits.saving]\ncalls = { falls = \"0 %\" }";
        let one = |saved: i128| side(&[("p", &[(calls(), 1_000), (saving("all"), saved)])]);
        let said = |old: i128, new: i128, budget: &Budget| {
            let all = judge(&one(old), &one(new), budget, Seed(1));
            all.rows.iter().find(|row| row.key.scope == Scope::Saving).unwrap().judged
        };
        let budget = budget(limits);
        assert_eq!(said(100, 100, &budget), Judged::Within);
        assert_eq!(said(100, 99, &budget), Judged::Beyond);
        assert_eq!(said(500, 100, &budget), Judged::Within);
        let not_less = self::budget("[limits.saving]\ncalls = { falls = \"0 %\" }");
        assert_eq!(said(100, 99, &not_less), Judged::Beyond);
        assert_eq!(said(-100, -101, &not_less), Judged::Beyond);
        assert_eq!(said(-100, -99, &not_less), Judged::Within);
    }

    #[test]
    fn steps_come_go_and_change_their_names() {
        let step = |name: &str, metric| key(Scope::Step, name, metric);
        let of = |name: &str, calls_: i128| {
            side(&[(
                "p",
                &[
                    (calls(), calls_),
                    (step(name, Metric::Calls), calls_),
                    (step(name, Metric::Tokens), 10_000),
                ],
            )])
        };
        let limits = "[limits.step]\ncalls = { grows = \"10 %\" }\n";
        let seen = judge(&of("plan", 50), &of("make plan", 52), &budget(limits), Seed(1));
        assert!(seen.rows.iter().all(|row| row.judged != Judged::Beyond), "{:?}", seen.rows);
        let all = seen.notes.join("\n");
        for words in ["1 step gone: plan", "1 step new: make plan", "plan = \"make plan\" under"] {
            assert!(all.contains(words), "{words}: {all}");
        }
        let renamed = format!("{limits}[renamed]\nplan = \"make plan\"");
        let seen = judge(&of("plan", 50), &of("make plan", 56), &budget(&renamed), Seed(1));
        assert_eq!(seen.notes, Vec::<String>::new());
        let beyond: Vec<&Key> = seen
            .rows
            .iter()
            .filter(|row| row.judged == Judged::Beyond)
            .map(|row| &row.key)
            .collect();
        assert_eq!(beyond, [&step("make plan", Metric::Calls)]);
        let refused = budget("[new]\nstep = \"fail\"\n");
        let seen = judge(&of("plan", 50), &of("other", 5), &refused, Seed(1));
        let beyond = seen.rows.iter().filter(|row| row.judged == Judged::Beyond).count();
        assert_eq!(beyond, 1);
        assert!(!seen.notes.join("\n").contains("may only have"), "{:?}", seen.notes);
        let seen =
            judge(&of("plan", 50), &of("other", 50), &budget("[limits]\nmoves = 0"), Seed(1));
        let beyond = seen.rows.iter().filter(|row| row.judged == Judged::Beyond).count();
        assert_eq!(beyond, 4);
        let tool = |name: &str, added: i128| {
            let of = |metric| key(Scope::Tool, name, metric);
            side(&[("p", &[(of(Metric::Uses), 1), (of(Metric::Added), added)])])
        };
        for (added, renamed) in [(105, true), (900, false)] {
            let seen = judge(&tool("Ask", 100), &tool("Query", added), &budget(""), Seed(1));
            let all = seen.notes.join("\n");
            assert_eq!(all.contains("Ask may only have a new name, Query"), renamed, "{all}");
        }
        let wrong = budget("[renamed]\nplane = \"make plan\"");
        let seen = judge(&of("plan", 50), &of("plan", 50), &wrong, Seed(1));
        assert_eq!(seen.notes, ["renamed: the baseline has no step plane"]);
    }

    #[test]
    fn nothing_at_all_is_judged() {
        let empty = Side::default();
        let seen = judge(&empty, &empty, &Budget::default(), Seed(1));
        assert!(seen.rows.is_empty() && seen.design == Design::Single);
        let some = of_calls(&[("a", 1), ("b", 2)]);
        for (old, new) in [(&empty, &some), (&some, &empty)] {
            let seen = judge(old, new, &budget("[limits]\nmoves = 0"), Seed(1));
            assert_eq!(seen.rows.len(), 1);
        }
    }

    /// False alarms in a thousand, of comparisons in which nothing changes: four metrics, most of
    /// whose noise is common to all of them, `sd` of their logarithms.
    fn alarms(design: Design, n: usize, sd: f64) -> usize {
        const TIMES: u32 = 200;
        let metrics = [Metric::Calls, Metric::Tokens, Metric::Dollars, Metric::PeakContext];
        let alarm = |time: &u32| {
            let mut rng = Seed(6).stream("alarms", &time.to_le_bytes());
            let mut normal = move || normal(&mut rng) as f64 / ONE as f64;
            let sizes: Vec<f64> = (0..n).map(|_| 0.5 * normal()).collect();
            let mut draw = |name: &str| {
                let sample = |at: usize| {
                    let pipeline = match design {
                        Design::Paired => at.to_string(),
                        Design::Stratified => (at / 2).to_string(),
                        _ => format!("{name}{at}"),
                    };
                    let size = match design {
                        Design::Paired => sizes[at],
                        Design::Stratified => sizes[at / 2],
                        _ => 0.0,
                    };
                    let whole = 0.9 * normal();
                    let one = |metric: &Metric| {
                        let figure = (size + sd * (whole + 0.44 * normal())).exp() * 1e6;
                        (key(Scope::Total, "", *metric), figure as i128)
                    };
                    let figures = metrics.iter().map(one).collect();
                    Sample { name: pipeline.clone(), pipelines: vec![pipeline], figures }
                };
                Side { samples: (0..n).map(sample).collect(), ..Side::default() }
            };
            let (old, new) = (draw("a"), draw("b"));
            let mut budget = budget("[limits.total]\nmoves = 0");
            budget.draws = 300;
            let seen = judge(&old, &new, &budget, Seed(u64::from(*time)));
            assert_eq!(seen.design, design);
            seen.rows.iter().any(|row| row.judged == Judged::Beyond)
        };
        (0..TIMES).filter(alarm).count() * 1_000 / TIMES as usize
    }

    #[test]
    fn chance_fails_no_more_builds_than_the_budget_says() {
        for (design, n, sd) in [
            (Design::Paired, 3, 0.41),
            (Design::Paired, 5, 0.02),
            (Design::Paired, 10, 0.41),
            (Design::Pooled, 3, 0.41),
            (Design::Pooled, 5, 0.41),
            (Design::Pooled, 5, 1.19),
            (Design::Pooled, 10, 0.02),
            (Design::Stratified, 6, 0.41),
        ] {
            // 50 are asked for; of 200 comparisons the count is off by 15 (one deviation).
            let alarms = alarms(design, n, sd);
            assert!(alarms <= 95, "{design:?} {n} {sd}: {alarms} of 1000");
        }
    }
}
