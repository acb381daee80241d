//! One row: what its limit asks, how far chance goes there, and what follows.

use super::arrangement::{SampleArrangement, mean_over_strata};
use super::noise_bootstrap::LimitTest;
use super::{ComparisonDesign, ExactMean, FigureKey, FigureLimit, GateRow, RowVerdict};
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
    pub fn from_figures(
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
        let growth = LimitTest::growth_test(by, [&figures[0], &figures[1]], means);
        let test = growth.is_some().then_some(0);
        let log = growth.as_ref().is_some_and(|test| test.log);
        drafted.tests.extend(growth);
        if !told {
            drafted.add_move_checks(limit, means, (test, log));
        }
        let flat = |figures: &StratumFigures| -> Vec<i128> { figures[1].concat() };
        let mut level = |beyond: bool, least: f64, up: bool, of: Option<&StratumFigures>| {
            let found = LimitTest::level_test(&flat(&figures), of.map(flat).as_deref());
            let unit = found.as_ref().map_or(1.0, |(_, unit)| *unit);
            let test = found.map(|(test, _)| {
                drafted.tests.push(test);
                drafted.tests.len() - 1
            });
            let limit = if unit > 0.0 { least / unit } else { least };
            drafted.checks.push(LimitCheck { beyond, test, limit, up });
        };
        let times = |amount: i128| amount.saturating_mul(i128::from(new.count));
        if let Some(most) = limit.at_most {
            level(new.sum > times(most), most as f64, true, None);
        }
        if let Some(least) = limit.at_least {
            level(new.sum < times(least), least as f64, false, None);
        }
        if let (Some(bp), Some(whole)) = (limit.at_least_bp, &whole) {
            let all = mean_over_strata(&whole[1]);
            let part = new.sum.saturating_mul(i128::from(all.count)).saturating_mul(TEN_THOUSAND);
            let least = all.sum.saturating_mul(i128::from(new.count)).saturating_mul(bp.into());
            level(part < least, bp as f64 / BASIS_POINTS as f64, false, Some(whole));
        }
        drafted
    }

    /// Growth and fall.
    fn add_move_checks(
        &mut self,
        limit: FigureLimit,
        [old, new]: [ExactMean; 2],
        (test, log): (Option<usize>, bool),
    ) {
        let (b, c) = common_denominator(old, new);
        let size = b.saturating_abs();
        let is_beyond = |grown: i128, bp: i64| {
            grown.saturating_mul(TEN_THOUSAND) > size.saturating_mul(bp.into())
        };
        let scale = |change: f64| match log {
            true if change <= -1.0 => f64::NEG_INFINITY,
            true => change.ln_1p(),
            false => change,
        };
        let share = |bp: i64| bp as f64 / BASIS_POINTS as f64;
        if limit.grows_bp.is_some() || limit.grows_by.is_some() {
            let (bp, amount) = (limit.grows_bp.unwrap_or(0), limit.grows_by.unwrap_or(0));
            let amount = amount.saturating_mul(i128::from(old.count) * i128::from(new.count));
            let grown = c.saturating_sub(b);
            let beyond = grown > amount && is_beyond(grown, bp);
            let of = if b == 0 { c.saturating_abs() } else { size };
            let absolute = if of == 0 { 0.0 } else { amount as f64 / of as f64 };
            let relative = if b == 0 { 0.0 } else { share(bp) };
            self.checks.push(LimitCheck {
                beyond,
                test,
                limit: scale(relative.max(absolute)),
                up: true,
            });
        }
        if let Some(bp) = limit.falls_bp {
            let beyond = is_beyond(b.saturating_sub(c), bp);
            let least = if b == 0 { 0.0 } else { -share(bp) };
            self.checks.push(LimitCheck { beyond, test, limit: scale(least), up: false });
        }
    }

    /// Its tests, and on which side of each the limit lies.
    pub fn directed_tests(&self) -> impl Iterator<Item = (&LimitTest, i8)> {
        self.tests.iter().enumerate().map(|(at, test)| {
            let ups = self.checks.iter().filter(|check| check.test == Some(at));
            let (up, down) =
                ups.fold((false, false), |(up, down), check| (up || check.up, down || !check.up));
            (test, i8::from(up) - i8::from(down))
        })
    }

    /// What a check says where so many errors may be chance.
    fn check_verdict(&self, check: &LimitCheck, errors: f64) -> RowVerdict {
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
    pub fn into_row(mut self, errors: f64) -> GateRow {
        let worst = |all: RowVerdict, one: RowVerdict| match (all, one) {
            (RowVerdict::Beyond, _) | (_, RowVerdict::Beyond) => RowVerdict::Beyond,
            (RowVerdict::Unsure, _) | (_, RowVerdict::Unsure) => RowVerdict::Unsure,
            _ => RowVerdict::Within,
        };
        let said = self.checks.iter().map(|check| self.check_verdict(check, errors)).reduce(worst);
        self.row.verdict = if self.is_refused {
            RowVerdict::Beyond
        } else {
            said.unwrap_or(RowVerdict::Unlimited)
        };
        let growth = self.tests.first().filter(|_| self.row.change.is_some());
        self.row.interval = growth.map(|test| {
            let away = errors * test.error;
            let end = |at: f64| {
                let most = if test.log { MOST_FOLD.ln() } else { MOST_FOLD };
                let at = at.clamp(-most, most);
                if test.log { at.exp_m1() } else { at }
            };
            ConfidenceInterval { low: end(test.value - away), high: end(test.value + away) }
        });
        self.row
    }

    /// How many samples would say whether a growth that may be chance is one.
    pub fn samples_needed(&self, errors: f64, by: &SampleArrangement) -> Option<String> {
        let unsure = self
            .checks
            .iter()
            .find(|check| self.check_verdict(check, errors) == RowVerdict::Unsure)?;
        let test = &self.tests[unsure.test?];
        let gap = (test.value - unsure.limit).abs();
        let units = match by.design {
            ComparisonDesign::Paired => by.strata[0].len(),
            _ => by.strata.iter().flatten().map(Vec::len).sum::<usize>().div_ceil(2),
        } as f64;
        let needed =
            (units * (DETECTABLE_ERRORS * test.error / gap).powi(2)).ceil().max(units + 1.0);
        let FigureKey { scope, name, metric } = &self.row.key;
        let place = if name.is_empty() { scope.to_string() } else { format!("{scope} {name}") };
        let many = if needed > MOST_SAMPLES {
            "more than a million samples".to_owned()
        } else {
            format!("about {} samples", needed as i64)
        };
        Some(format!(
            "{place}, {metric}: beyond its limit, but chance alone may do as much; {many} a side \
             of this noise would tell"
        ))
    }
}

/// Ten-thousandths in a whole.
const TEN_THOUSAND: i128 = BASIS_POINTS as i128;

/// Two means as parts of one whole.
fn common_denominator(old: ExactMean, new: ExactMean) -> (i128, i128) {
    (old.sum.saturating_mul(i128::from(new.count)), new.sum.saturating_mul(i128::from(old.count)))
}

/// Growth as a part of the baseline; `None` of nothing.
fn relative_change(old: ExactMean, new: ExactMean) -> Option<f64> {
    let (b, c) = common_denominator(old, new);
    (b != 0).then(|| c.saturating_sub(b) as f64 / b.saturating_abs() as f64)
}
