//! One row: what its limit asks, how far chance goes there, and what follows.

use super::arrange::{Arrangement, mean};
use super::chance::Test;
use super::{Design, Judged, Key, Limit, Mean, Row};
use crate::study::resample::Interval;
use crate::units::BASIS_POINTS;

/// Nothing is told of growth beyond this factor, up or down. Source: MODEL.md, "The gate".
const MOST_FOLD: f64 = 1_000.0;
/// Errors between a figure and its limit at which it is found four times of five: about 2.5 for
/// some rows together at 95 %, and 0.84. Source: MODEL.md, "The gate".
const TOLD_APART: f64 = 3.3;
/// No note asks for more samples than that. Source: MODEL.md, "The gate".
const MOST_SAMPLES: f64 = 1e6;

/// One thing that a limit asks of a row.
struct Check {
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
pub(super) struct Drafted {
    row: Row,
    /// Growth first, then whatever else is limited.
    tests: Vec<Test>,
    checks: Vec<Check>,
    /// Whether the place may not come or go.
    pub fails: bool,
}

/// Figures of both sides by stratum.
pub(super) type Figures = [Vec<Vec<i128>>; 2];

impl Drafted {
    /// From the figures of both sides and, where the limit asks for a part of it, of the whole.
    pub fn of(
        by: &Arrangement,
        (key, limit): (&Key, Limit),
        (figures, whole): (Figures, Option<Figures>),
        knows: [bool; 2],
        told: bool,
    ) -> Self {
        let means = [mean(&figures[0]), mean(&figures[1])];
        let [old, new] = means;
        let row = Row {
            key: key.clone(),
            baseline: knows[0].then_some(old),
            candidate: knows[1].then_some(new),
            change: change(old, new),
            interval: None,
            limit,
            judged: Judged::Free,
        };
        let mut drafted = Self { row, tests: Vec::new(), checks: Vec::new(), fails: false };
        if limit == Limit::default() {
            return drafted;
        }
        let growth = Test::growth(by, [&figures[0], &figures[1]], means);
        let test = growth.is_some().then_some(0);
        let log = growth.as_ref().is_some_and(|test| test.log);
        drafted.tests.extend(growth);
        if !told {
            drafted.moves(limit, means, (test, log));
        }
        let flat = |figures: &Figures| -> Vec<i128> { figures[1].concat() };
        let mut level = |beyond: bool, least: f64, up: bool, of: Option<&Figures>| {
            let found = Test::level(&flat(&figures), of.map(flat).as_deref());
            let unit = found.as_ref().map_or(1.0, |(_, unit)| *unit);
            let test = found.map(|(test, _)| {
                drafted.tests.push(test);
                drafted.tests.len() - 1
            });
            let limit = if unit > 0.0 { least / unit } else { least };
            drafted.checks.push(Check { beyond, test, limit, up });
        };
        let times = |amount: i128| amount.saturating_mul(i128::from(new.of));
        if let Some(most) = limit.at_most {
            level(new.sum > times(most), most as f64, true, None);
        }
        if let Some(least) = limit.at_least {
            level(new.sum < times(least), least as f64, false, None);
        }
        if let (Some(bp), Some(whole)) = (limit.at_least_bp, &whole) {
            let all = mean(&whole[1]);
            let part = new.sum.saturating_mul(i128::from(all.of)).saturating_mul(TEN_THOUSAND);
            let least = all.sum.saturating_mul(i128::from(new.of)).saturating_mul(bp.into());
            level(part < least, bp as f64 / BASIS_POINTS as f64, false, Some(whole));
        }
        drafted
    }

    /// Growth and fall.
    fn moves(&mut self, limit: Limit, [old, new]: [Mean; 2], (test, log): (Option<usize>, bool)) {
        let (b, c) = common(old, new);
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
            let amount = amount.saturating_mul(i128::from(old.of) * i128::from(new.of));
            let grown = c.saturating_sub(b);
            let beyond = grown > amount && is_beyond(grown, bp);
            let of = if b == 0 { c.saturating_abs() } else { size };
            let absolute = if of == 0 { 0.0 } else { amount as f64 / of as f64 };
            let relative = if b == 0 { 0.0 } else { share(bp) };
            self.checks.push(Check {
                beyond,
                test,
                limit: scale(relative.max(absolute)),
                up: true,
            });
        }
        if let Some(bp) = limit.falls_bp {
            let beyond = is_beyond(b.saturating_sub(c), bp);
            let least = if b == 0 { 0.0 } else { -share(bp) };
            self.checks.push(Check { beyond, test, limit: scale(least), up: false });
        }
    }

    /// Its tests, and on which side of each the limit lies.
    pub fn tests(&self) -> impl Iterator<Item = (&Test, i8)> {
        self.tests.iter().enumerate().map(|(at, test)| {
            let ups = self.checks.iter().filter(|check| check.test == Some(at));
            let (up, down) =
                ups.fold((false, false), |(up, down), check| (up || check.up, down || !check.up));
            (test, i8::from(up) - i8::from(down))
        })
    }

    /// What a check says where so many errors may be chance.
    fn judged(&self, check: &Check, errors: f64) -> Judged {
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
            (false, _) => Judged::Within,
            (true, false) => Judged::Unsure,
            (true, true) => Judged::Beyond,
        }
    }

    /// The row where so many errors may be chance.
    pub fn row(mut self, errors: f64) -> Row {
        let worst = |all: Judged, one: Judged| match (all, one) {
            (Judged::Beyond, _) | (_, Judged::Beyond) => Judged::Beyond,
            (Judged::Unsure, _) | (_, Judged::Unsure) => Judged::Unsure,
            _ => Judged::Within,
        };
        let said = self.checks.iter().map(|check| self.judged(check, errors)).reduce(worst);
        self.row.judged = if self.fails { Judged::Beyond } else { said.unwrap_or(Judged::Free) };
        let growth = self.tests.first().filter(|_| self.row.change.is_some());
        self.row.interval = growth.map(|test| {
            let away = errors * test.error;
            let end = |at: f64| {
                let most = if test.log { MOST_FOLD.ln() } else { MOST_FOLD };
                let at = at.clamp(-most, most);
                if test.log { at.exp_m1() } else { at }
            };
            Interval { low: end(test.value - away), high: end(test.value + away) }
        });
        self.row
    }

    /// How many samples would say whether a growth that may be chance is one.
    pub fn needs(&self, errors: f64, by: &Arrangement) -> Option<String> {
        let unsure =
            self.checks.iter().find(|check| self.judged(check, errors) == Judged::Unsure)?;
        let test = &self.tests[unsure.test?];
        let gap = (test.value - unsure.limit).abs();
        let units = match by.design {
            Design::Paired => by.strata[0].len(),
            _ => by.strata.iter().flatten().map(Vec::len).sum::<usize>().div_ceil(2),
        } as f64;
        let needed = (units * (TOLD_APART * test.error / gap).powi(2)).ceil().max(units + 1.0);
        let Key { scope, name, metric } = &self.row.key;
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
fn common(old: Mean, new: Mean) -> (i128, i128) {
    (old.sum.saturating_mul(i128::from(new.of)), new.sum.saturating_mul(i128::from(old.of)))
}

/// Growth as a part of the baseline; `None` of nothing.
fn change(old: Mean, new: Mean) -> Option<f64> {
    let (b, c) = common(old, new);
    (b != 0).then(|| c.saturating_sub(b) as f64 / b.saturating_abs() as f64)
}
