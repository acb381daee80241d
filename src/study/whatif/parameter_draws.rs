//! Draws of parameters, call counts and the luck of automatic caches.
//!
//! A parameter is one unknown for all sessions: its draws are keyed by (seed, toggle, parameter).
//! A call count belongs to a session, and so does the luck of its calls: they are keyed by (seed,
//! session). Draw k of the one never depends on the other, so that adding a toggle or a session
//! shifts nobody's luck, and the same luck meets every subset of toggles. Integers and fixed point
//! throughout: the same bytes on every machine.

use super::first_question::OpenFact;
use crate::fixed_point::{self, ONE};
use crate::intervene::{ParamRange, RangeShape, ToggleParams};
use crate::plan::Plan;
use crate::recording::Recording;
use crate::scenario::ChosenToggle;
use crate::seed::Seed;
use crate::study::stats::random_draws::{draw_below, draw_pert, draw_triangular, draw_weighted};
use rand::Rng;
use rand_chacha::ChaCha12Rng;

/// All draws of all parameters of some toggles.
#[derive(Clone, Debug)]
pub struct ParameterDraws {
    /// By toggle and parameter, in the order of the card: draw after draw.
    values: Vec<Vec<Vec<i64>>>,
    /// By toggle and draw: the key by which places take part.
    keys: Vec<Vec<u64>>,
}

impl ParameterDraws {
    /// Draws everything `count` times.
    #[must_use]
    pub fn draw_for_toggles(chosen: &[ChosenToggle], seed: Seed, count: u32) -> Self {
        let mut values = Vec::with_capacity(chosen.len());
        for one in chosen {
            let params = one.toggle.card().params.iter().zip(&one.ranges);
            let draws = params.map(|(spec, range)| {
                // A stream a parameter: another toggle in the comparison shifts no draw of this
                // one, and draw k is the same in every command.
                let mut rng = seed.random_stream(one.id(), spec.key.as_bytes());
                (0..count).map(|_| draw_from_range(range, &mut rng)).collect()
            });
            values.push(draws.collect());
        }
        let key = |one: &ChosenToggle, k| seed.draw_key(one.id(), k);
        let keys = chosen.iter().map(|one| (0..count).map(|k| key(one, k)).collect()).collect();
        Self { values, keys }
    }

    /// Everything that differs from draw to draw.
    #[must_use]
    pub(crate) fn open_facts(&self, chosen: &[ChosenToggle]) -> Vec<OpenFact> {
        let mut facts = Vec::new();
        for (one, values) in chosen.iter().zip(&self.values) {
            let specs = one.toggle.card().params.iter().zip(&one.ranges).zip(values);
            for ((spec, _), values) in specs.filter(|((_, range), _)| range.low < range.high) {
                let name = format!("{} {} ({})", one.id(), spec.key, spec.what);
                facts.push(OpenFact { name, values: values.clone() });
            }
        }
        facts
    }

    /// The parameters of toggle `index` in draw `k`.
    #[must_use]
    pub fn params_in_draw(&self, chosen: &[ChosenToggle], index: usize, k: u32) -> ToggleParams {
        let values = self.values[index].iter().enumerate();
        let params = chosen[index].params.clone();
        values.fold(params.in_draw(self.keys[index][k as usize]), |params, (at, draws)| {
            params.with_value(at, draws[k as usize])
        })
    }
}

/// Gives the looks of a plan into automatic caches the luck of draw `k`: keyed by (seed, session),
/// one draw a look, so that the same luck meets every subset of toggles.
pub fn draw_cache_luck(seed: Seed, recording: &Recording, plan: &mut Plan, k: u32) {
    let mut of: Option<(u32, ChaCha12Rng)> = None;
    plan.draw_luck(|session, lucks| {
        // Looks come session by session, so that one stream at a time is open.
        if of.as_ref().is_none_or(|(last, _)| *last != session) {
            let id = recording.sessions[session as usize].id.as_bytes();
            of =
                Some((session, seed.random_stream("cache luck", &[id, &k.to_le_bytes()].concat())));
        }
        let share = of.as_mut().map_or(0, |(_, rng)| draw_below(lucks.end - lucks.start, rng));
        lucks.start + share
    });
}

/// One value of a range.
#[must_use]
pub fn draw_from_range(range: &ParamRange, rng: &mut impl Rng) -> i64 {
    let ParamRange { low, mode, high, shape, .. } = *range;
    // No width, nothing to draw.
    if low >= high {
        return mode;
    }
    match shape {
        RangeShape::Fixed => mode,
        RangeShape::Uniform => low + draw_below(high - low + 1, rng),
        RangeShape::Triangular => low + draw_triangular(high - low, mode - low, rng),
        RangeShape::TwoPoint | RangeShape::Weighted => {
            draw_weighted(&range.weighted_answers(), rng).unwrap_or(mode)
        }
        // In Q32, rounded half up, so that every machine draws the same values.
        RangeShape::Pert => {
            let width = high - low;
            let share = draw_pert(fixed_point::ratio_q32(mode - low, width), rng);
            // Half of the unit is added, so that the draw is rounded and not cut.
            low + ((i128::from(share) * i128::from(width) + i128::from(ONE / 2)) >> 32) as i64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene;

    fn sample(range: ParamRange) -> Vec<i64> {
        let mut rng = Seed(774).random_stream("test", b"range");
        let mut values: Vec<i64> = (0..20_000).map(|_| draw_from_range(&range, &mut rng)).collect();
        values.sort_unstable();
        values
    }

    /// Mean and median of 20,000 draws within a hundredth of the range.
    fn check(shape: RangeShape, (low, mode, high): (i64, i64, i64), mean: i64, median: i64) {
        let values = sample(ParamRange::spread_between((low, mode, high), shape));
        assert!((low..=high).contains(&values[0]) && values[values.len() - 1] <= high);
        let met = values.iter().sum::<i64>() / values.len() as i64;
        let slack = (high - low) / 100 + 1;
        assert!((met - mean).abs() <= slack, "{shape:?} mean {met}, not {mean}");
        let met = values[values.len() / 2];
        assert!((met - median).abs() <= slack, "{shape:?} median {met}, not {median}");
    }

    #[test]
    fn shapes_have_their_means_and_medians() {
        check(RangeShape::Fixed, (0, 40, 100), 40, 40);
        check(RangeShape::Uniform, (0, 40, 10_000), 5_000, 5_000);
        // Mean (low + mode + high) / 3; median at the root of half the area.
        check(RangeShape::Triangular, (0, 0, 10_000), 3_333, 2_929);
        check(RangeShape::Triangular, (0, 10_000, 10_000), 6_667, 7_071);
        check(RangeShape::Triangular, (1_000, 5_000, 9_000), 5_000, 5_000);
        // Mean (low + 4 mode + high) / 6; beta(1, 5) has its median at 1 - 2^(-1/5).
        check(RangeShape::Pert, (0, 0, 10_000), 1_667, 1_294);
        check(RangeShape::Pert, (0, 10_000, 10_000), 8_333, 8_706);
        check(RangeShape::Pert, (0, 5_000, 10_000), 5_000, 5_000);
        check(RangeShape::Pert, (100, 100, 100), 100, 100);
        check(RangeShape::TwoPoint, (0, 2_500, 10_000), 2_500, 0);
        check(RangeShape::TwoPoint, (0, 7_500, 10_000), 7_500, 10_000);
        let values = sample(ParamRange::spread_between((3, 4, 9), RangeShape::TwoPoint));
        assert!(values.iter().all(|value| [3, 9].contains(value)), "nothing between");
        let values = sample(ParamRange::weighted_from(2, &[60, 25, 15]).expect("weights"));
        for (answer, weight) in [(2, 60), (3, 25), (4, 15)] {
            let share = values.iter().filter(|value| **value == answer).count() / 200;
            assert!(share.abs_diff(weight) <= 1, "{answer}: {share} %");
        }
    }

    #[test]
    fn another_toggle_leaves_the_draws_alone() {
        let chosen = |ids: &[&str]| -> Vec<ChosenToggle> {
            ids.iter()
                .map(|id| ChosenToggle::from_card(intervene::find_by_id(id).unwrap()))
                .collect()
        };
        let (few, many) = (chosen(&["R4"]), chosen(&["R3", "R4", "R6"]));
        let (a, b) = (
            ParameterDraws::draw_for_toggles(&few, Seed(1), 50),
            ParameterDraws::draw_for_toggles(&many, Seed(1), 80),
        );
        for k in 0..50 {
            assert_eq!(a.params_in_draw(&few, 0, k), b.params_in_draw(&many, 1, k));
        }
        assert_ne!(a.params_in_draw(&few, 0, 0), a.params_in_draw(&few, 0, 1));
    }
}
