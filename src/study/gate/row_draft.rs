//! One row: what its limit asks, how far chance goes there, and what follows.

use super::arrangement::{SampleArrangement, mean_over_strata};
use super::noise_bootstrap::LimitTest;
use super::{ComparisonDesign, ExactMean, FigureKey, FigureLimit, GateNote, GateRow, RowVerdict};
use crate::study::stats::bootstrap::ConfidenceInterval;
use crate::units::BASIS_POINTS;

/// Nothing is told of growth beyond this factor, up or down. Source: MODEL.md, "The gate".
const MOST_FOLD: f64 = 1_000.0;
/// Errors between a figure and its limit at which it is found four times of five: about 2.5 for
/// some rows together at 95 %, and 0.84. Source: MODEL.md, "The gate".
const DETECTABLE_ERRORS: f64 = 3.3;
/// No note asks for more samples than that. Source: MODEL.md, "The gate".
const MOST_SAMPLES: f64 = 1e6;

/// One thing that a limit asks of a row.
struct LimitCheck {
    /// Whether the point is beyond it, exactly.
    beyond: bool,
    /// Which test says how far chance goes; `None` where nothing is known of it.
    test: Option<usize>,
    /// The limit on the scale of the test.
    limit: f64,
    /// Whether more is beyond, or less.
    up: bool,
}

/// A row before the chance of its scope is known.
pub(super) struct RowDraft {
    row: GateRow,
    /// Growth first, then whatever else is limited.
    tests: Vec<LimitTest>,
    checks: Vec<LimitCheck>,
    /// Whether the place may not come or go.
    pub is_refused: bool,
}

/// Figures of both sides by stratum.
pub(super) type StratumFigures = [Vec<Vec<i128>>; 2];

impl RowDraft {
    /// From the figures of both sides and, where the limit asks for a part of it, of the whole.
    pub(crate) fn from_figures(
        by: &SampleArrangement,
        (key, limit): (&FigureKey, FigureLimit),
        (figures, whole): (StratumFigures, Option<StratumFigures>),
        knows: [bool; 2],
        told: bool,
    ) -> Self {
        let means = [mean_over_strata(&figures[0]), mean_over_strata(&figures[1])];
        let [old, new] = means;
        let row = GateRow {
            key: key.clone(),
            baseline: knows[0].then_some(old),
            candidate: knows[1].then_some(new),
            change: relative_change(old, new),
            interval: None,
            limit,
            verdict: RowVerdict::Unlimited,
        };
        let mut drafted = Self { row, tests: Vec::new(), checks: Vec::new(), is_refused: false };
        if limit == FigureLimit::default() {
            return drafted;
        }
        // One test of growth serves all limits on growth, relative or in amounts; bounds on the
        // level have a test each.
        let growth = LimitTest::growth_test(by, [&figures[0], &figures[1]], means);
        let test = growth.is_some().then_some(0);
        let log = growth.as_ref().is_some_and(|test| test.log);
        drafted.tests.extend(growth);
        // A place that came or went and is only noted has grown or fallen by all of it: its growth
        // is not held against the limit, its level still is.
        if !told {
            drafted.add_move_checks(limit, means, (test, log));
        }
        // Each bound is compared exactly, as sums over common counts; the test beside it only says
        // how far chance goes.
        let candidate = figures[1].concat();
        let count = i128::from(new.count);
        if let Some(most) = limit.at_most {
            let beyond = new.sum > most.saturating_mul(count);
            drafted.add_level_check(beyond, true, most as f64, (&candidate, None));
        }
        if let Some(least) = limit.at_least {
            let beyond = new.sum < least.saturating_mul(count);
            drafted.add_level_check(beyond, false, least as f64, (&candidate, None));
        }
        if let (Some(bp), Some(whole)) = (limit.at_least_bp, &whole) {
            let all = mean_over_strata(&whole[1]);
            let part = new.sum.saturating_mul(i128::from(all.count)).saturating_mul(TEN_THOUSAND);
            let least = all.sum.saturating_mul(count).saturating_mul(bp.into());
            let whole = whole[1].concat();
            let share = bp_as_share(bp);
            drafted.add_level_check(part < least, false, share, (&candidate, Some(&whole)));
        }
        drafted
    }

    /// A bound of the candidate's level, or of its part of a whole.
    fn add_level_check(
        &mut self,
        beyond: bool,
        up: bool,
        bound: f64,
        (figures, whole): (&[i128], Option<&[i128]>),
    ) {
        let found = LimitTest::level_test(figures, whole);
        // A test has a unit of its own; the bound is told in it.
        let unit = found.as_ref().map_or(1.0, |(_, unit)| *unit);
        let test = found.map(|(test, _)| {
            self.tests.push(test);
            self.tests.len() - 1
        });
        let limit = if unit > 0.0 { bound / unit } else { bound };
        self.checks.push(LimitCheck { beyond, test, limit, up });
    }

    /// Growth and fall.
    fn add_move_checks(
        &mut self,
        limit: FigureLimit,
        [old, new]: [ExactMean; 2],
        (test, log): (Option<usize>, bool),
    ) {
        // Means of unlike counts, over one denominator, so that they compare as integers.
        let (b, c) = common_denominator(old, new);
        let size = b.saturating_abs();
        if limit.grows_bp.is_some() || limit.grows_by.is_some() {
            let (bp, amount) = (limit.grows_bp.unwrap_or(0), limit.grows_by.unwrap_or(0));
            let denominator = i128::from(old.count) * i128::from(new.count);
            let amount = amount.saturating_mul(denominator);
            // Whether it is beyond is asked in integers; floats serve the question of chance alone.
            let beyond = limit.forbids_growth([b, c], denominator);
            let of = if b == 0 { c.saturating_abs() } else { size };
            let absolute = if of == 0 { 0.0 } else { amount as f64 / of as f64 };
            // A share of nothing allows nothing.
            let relative = if b == 0 { 0.0 } else { bp_as_share(bp) };
            let limit = change_on_scale(relative.max(absolute), log);
            self.checks.push(LimitCheck { beyond, test, limit, up: true });
        }
        if let Some(bp) = limit.falls_bp {
            let beyond = limit.forbids_fall([b, c]);
            let least = if b == 0 { 0.0 } else { -bp_as_share(bp) };
            let limit = change_on_scale(least, log);
            self.checks.push(LimitCheck { beyond, test, limit, up: false });
        }
    }

    /// Its tests, and on which side of each the limit lies.
    pub(crate) fn directed_tests(&self) -> impl Iterator<Item = (&LimitTest, i8)> {
        self.tests.iter().enumerate().map(|(at, test)| {
            let ups = self.checks.iter().filter(|check| check.test == Some(at));
            let (up, down) =
                ups.fold((false, false), |(up, down), check| (up || check.up, down || !check.up));
            (test, i8::from(up) - i8::from(down))
        })
    }

    /// What a check says where so many errors may be chance.
    fn check_verdict(&self, check: &LimitCheck, errors: f64) -> RowVerdict {
        // Without a test, or with an error of zero, the figure is exact.
        let sure = check.test.is_none_or(|at| {
            let test = &self.tests[at];
            let away = errors * test.error;
            test.error == 0.0
                || if check.up {
                    test.value - away > check.limit
                } else {
                    test.value + away < check.limit
                }
        });
        match (check.beyond, sure) {
            (false, _) => RowVerdict::Within,
            (true, false) => RowVerdict::Unsure,
            (true, true) => RowVerdict::Beyond,
        }
    }

    /// The row where so many errors may be chance.
    pub(crate) fn into_row(mut self, errors: f64) -> GateRow {
        let verdicts = self.checks.iter().map(|check| self.check_verdict(check, errors));
        // The worst of its checks; verdicts stand in that order.
        let worst = verdicts.min_by_key(|verdict| *verdict as u8);
        self.row.verdict = if self.is_refused {
            RowVerdict::Beyond
        } else {
            worst.unwrap_or(RowVerdict::Unlimited)
        };
        // The first test is that of growth; its interval is told back as a part of the baseline.
        let growth = self.tests.first().filter(|_| self.row.change.is_some());
        self.row.interval = growth.map(|test| {
            let away = errors * test.error;
            let most = if test.log { MOST_FOLD.ln() } else { MOST_FOLD };
            let [low, high] = [test.value - away, test.value + away].map(|end| {
                let end = end.clamp(-most, most);
                if test.log { end.exp_m1() } else { end }
            });
            ConfidenceInterval { low, high }
        });
        self.row
    }

    /// How many samples would say whether a growth that may be chance is one.
    pub(crate) fn samples_needed(&self, errors: f64, by: &SampleArrangement) -> Option<GateNote> {
        let unsure = self
            .checks
            .iter()
            .find(|check| self.check_verdict(check, errors) == RowVerdict::Unsure)?;
        let test = &self.tests[unsure.test?];
        let gap = (test.value - unsure.limit).abs();
        // Errors shrink with the root of the samples, so that these grow with the square of how
        // much closer the test has to look.
        let units = match by.design {
            ComparisonDesign::Paired => by.strata[0].len(),
            _ => by.strata.iter().flatten().map(Vec::len).sum::<usize>().div_ceil(2),
        } as f64;
        let needed =
            (units * (DETECTABLE_ERRORS * test.error / gap).powi(2)).ceil().max(units + 1.0);
        let samples = (needed <= MOST_SAMPLES).then_some(needed as i64);
        Some(GateNote::MoreSamplesNeeded { key: self.row.key.clone(), samples })
    }
}

/// Ten-thousandths in a whole.
const TEN_THOUSAND: i128 = BASIS_POINTS as i128;

fn bp_as_share(bp: i64) -> f64 {
    bp as f64 / BASIS_POINTS as f64
}

/// A growth on the scale of its test: a part of the baseline, or the logarithm of a factor.
fn change_on_scale(change: f64, log: bool) -> f64 {
    match log {
        true if change <= -1.0 => f64::NEG_INFINITY,
        true => change.ln_1p(),
        false => change,
    }
}

/// Two means as parts of one whole.
fn common_denominator(old: ExactMean, new: ExactMean) -> (i128, i128) {
    (old.sum.saturating_mul(i128::from(new.count)), new.sum.saturating_mul(i128::from(old.count)))
}

/// Growth as a part of the baseline; `None` of nothing.
fn relative_change(old: ExactMean, new: ExactMean) -> Option<f64> {
    let (b, c) = common_denominator(old, new);
    (b != 0).then(|| c.saturating_sub(b) as f64 / b.saturating_abs() as f64)
}
