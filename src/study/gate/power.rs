//! What a gate can find: how large a growth must be to be told from noise.
//!
//! Recordings are made of sessions that were recorded, drawn with replacement, compared in one of
//! three ways, and judged with the intervals of the gate, one row alone, at a limit of 0. How often
//! a growth is found, of [`COMPARISONS`] comparisons each, is its power. The same input and seed
//! give the same figures.

use super::arrangement::{SampleArrangement, mean_over_strata};
use super::noise_bootstrap::{BootstrapDraws, LimitTest};
use super::{ComparisonDesign, FigureKey, GateMetric, GateSample, GateScope};
use crate::fixed_point::ONE;
use crate::seed::Seed;
use crate::study::progress::{ProgressListener, WorkMeter};
use crate::study::stats::random_draws::{draw_below, draw_normal};
use crate::units::BASIS_POINTS;
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

/// Comparisons for each figure: a power of 80 % is off by 2.8 points (one deviation).
/// Source: MODEL.md, "The gate".
pub const COMPARISONS: u32 = 200;
/// Draws of the bootstrap in each of them. Source: MODEL.md, "The gate".
const DRAWS: u32 = 300;
/// A growth counts as found from this share of the comparisons on. Source: MODEL.md, "The gate".
pub const FOUND_SHARE: f64 = 0.8;
/// Recordings a side. Source: MODEL.md, "The gate".
pub const RECORDINGS: [usize; 6] = [2, 3, 5, 10, 20, 50];
/// Sessions of a recording. Source: MODEL.md, "The gate".
pub const SESSIONS: [usize; 8] = [1, 10, 30, 100, 300, 1_000, 3_000, 10_000];
/// Growths, ten-thousandths. Source: MODEL.md, "The gate".
pub const GROWTHS_BP: [i64; 9] = [50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000];
/// Sums of more sessions than that are drawn as normal ones. Source: MODEL.md, "The gate".
const MOST_ADDED_SESSIONS: usize = 300;
/// Standard deviation of the logarithm of the calls of one task that is given to an agent again.
/// Source: MODEL.md, "The gate".
pub const REPEAT_DEVIATION: f64 = 0.41;

crate::kinds::named_values! {
    /// How the recordings of both sides are related.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum SideRelation {
        /// The same sessions on both sides; in the candidate each call is followed by another one
        /// with a chance of the growth: what a change of the orchestration does to what was
        /// recorded.
        Replayed = "same sessions",
        /// The same tasks on both sides, done again by an agent.
        Again = "same tasks",
        /// Other tasks.
        Fresh = "any tasks",
    }
}

/// How often a growth is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectionRate {
    /// How both sides are related.
    pub how: SideRelation,
    /// Sessions of a recording.
    pub sessions: usize,
    /// Recordings a side.
    pub recordings: usize,
    /// The growth, ten-thousandths.
    pub growth_bp: i64,
    /// In this share of the comparisons it is found, 0 to 1.
    pub share: f64,
}

/// How much sessions differ in one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SessionNoise {
    /// The metric.
    pub metric: GateMetric,
    /// Sessions that have it.
    pub sessions: usize,
    /// Standard deviation of the logarithms of all of them.
    pub spread: f64,
    /// The same within their recordings; `None` where each has one session at most.
    pub within: Option<f64>,
}

/// What the gate can find of one metric in recordings of such sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerTable {
    /// What it was worked out from.
    pub noise: SessionNoise,
    /// By relation of the sides, sessions of a recording, recordings and growth, in this order.
    pub rates: Vec<DetectionRate>,
}

impl PowerTable {
    /// The smallest of the growths that is found, and every larger one with it.
    #[must_use]
    pub(crate) fn smallest_found(
        &self,
        how: SideRelation,
        sessions: usize,
        recordings: usize,
    ) -> Option<i64> {
        let same_kind =
            self.rates.iter().rev().filter(|one| {
                (one.how, one.sessions, one.recordings) == (how, sessions, recordings)
            });
        // From the largest growth down: beyond the first that is not found nothing counts.
        same_kind.take_while(|one| one.share >= FOUND_SHARE).last().map(|one| one.growth_bp)
    }

    /// The share of the comparisons of one kind in which a growth is found.
    #[must_use]
    pub(crate) fn share_found(
        &self,
        how: SideRelation,
        sessions: usize,
        recordings: usize,
        growth_bp: i64,
    ) -> Option<f64> {
        let asked = (how, sessions, recordings, growth_bp);
        self.rates
            .iter()
            .find(|one| (one.how, one.sessions, one.recordings, one.growth_bp) == asked)
            .map(|one| one.share)
    }
}

/// Sums over sessions of a recording.
#[derive(Clone, Copy, Debug, Default)]
struct SessionSums {
    /// Of the metric.
    whole: f64,
    /// Of its squares.
    squares: f64,
    /// Of its squares, each by the calls of the session.
    by_calls: f64,
}

/// How much sessions differ in a metric. `recordings` are samples by session; sessions without the
/// metric take no part. `None` with fewer than two.
#[must_use]
pub(crate) fn measure_noise(
    recordings: &[Vec<GateSample>],
    metric: GateMetric,
) -> Option<SessionNoise> {
    let groups: Vec<Vec<f64>> = session_sums(recordings, metric)
        .iter()
        .map(|group| group.iter().map(|one| one.whole.ln()).collect())
        .collect();
    // Of all sessions together, and within recordings, whose sessions are more alike.
    let all = groups.concat();
    let sessions = all.len();
    Some(SessionNoise {
        metric,
        sessions,
        spread: pooled_deviation(&[all])?,
        within: pooled_deviation(&groups),
    })
}

/// Works out what the gate can find of a metric. `recordings` are samples by session; sessions
/// without the metric take no part. `None` with fewer than two.
#[must_use]
pub(crate) fn compute_power(
    recordings: &[Vec<GateSample>],
    metric: GateMetric,
    (confidence, seed): (f64, Seed),
    progress: ProgressListener<'_>,
) -> Option<PowerTable> {
    let noise = measure_noise(recordings, metric)?;
    // Simulated recordings draw their sessions from all measured ones together, with replacement.
    let pool = session_sums(recordings, metric).concat();
    let mut cells = Vec::new();
    for (how, _) in SideRelation::NAMED {
        for sessions in SESSIONS {
            cells.extend(RECORDINGS.map(|recordings| (how, sessions, recordings)));
        }
    }
    let meter = WorkMeter::new(progress, cells.len() as u64);
    let found: Vec<Vec<DetectionRate>> = cells
        // Each cell draws from its own stream, so that threads decide nothing.
        .into_par_iter()
        .map(|cell| {
            let rates = detection_rates(&pool, cell, confidence, seed);
            meter.add(1);
            rates
        })
        .collect();
    Some(PowerTable { noise, rates: found.concat() })
}

/// What each session of each recording has of a metric.
fn session_sums(recordings: &[Vec<GateSample>], metric: GateMetric) -> Vec<Vec<SessionSums>> {
    recordings
        .iter()
        .map(|sessions| {
            let sums = sessions.iter().map(|session| sums_of_session(session, metric));
            // Sessions without the metric have no logarithm.
            sums.filter(|sums| sums.whole > 0.0).collect()
        })
        .collect()
}

fn sums_of_session(session: &GateSample, metric: GateMetric) -> SessionSums {
    let [whole, calls] = [metric, GateMetric::Calls].map(|metric| {
        let key = FigureKey { scope: GateScope::Total, name: String::new(), metric };
        session.figures.get(&key).copied().unwrap_or_default() as f64
    });
    let squares = whole * whole;
    SessionSums { whole, squares, by_calls: squares / calls.max(1.0) }
}

/// How often each growth is found in one kind of comparison.
fn detection_rates(
    pool: &[SessionSums],
    (how, sessions, recordings): (SideRelation, usize, usize),
    confidence: f64,
    seed: Seed,
) -> Vec<DetectionRate> {
    let by = arrangement_for(how, recordings);
    let kept = BootstrapDraws::draw_for(&by, DRAWS, seed);
    let key = format!("{how:?} {sessions} {recordings}");
    // A stream of its own for each kind of comparison: adding one moves no other.
    let mut rng = seed.random_stream("power", key.as_bytes());
    // One drawn comparison serves all growths, so that the curve rises without the noise of new
    // draws.
    let mut counts = [0_u32; GROWTHS_BP.len()];
    for _ in 0..COMPARISONS {
        let drawn = draw_comparison(pool, (how, sessions, recordings), &mut rng);
        // A growth moves the estimate and scales its error, but leaves the shape of the noise,
        // which alone says how many errors chance makes.
        let errors = drawn
            .test_growth(&by, GROWTHS_BP[0])
            .map_or(0.0, |shape| kept.single_chance_errors(&shape, confidence));
        for (count, bp) in counts.iter_mut().zip(GROWTHS_BP) {
            let test = drawn.test_growth(&by, bp);
            *count += u32::from(test.is_some_and(|test| test.value > errors * test.error));
        }
    }
    counts
        .into_iter()
        .zip(GROWTHS_BP)
        .map(|(count, growth_bp)| {
            let share = f64::from(count) / f64::from(COMPARISONS);
            DetectionRate { how, sessions, recordings, growth_bp, share }
        })
        .collect()
}

/// A comparison before its growth: by recording both sides without noise of the growth, and what
/// that noise is.
struct SimulatedComparison {
    how: SideRelation,
    old: Vec<f64>,
    new: Vec<f64>,
    /// By recording: standard deviation of the growth's noise at a growth of 1, and its luck.
    luck: Vec<(f64, f64)>,
}

impl SimulatedComparison {
    /// The gate's test of a growth, ten-thousandths.
    fn test_growth(&self, by: &SampleArrangement, growth_bp: i64) -> Option<LimitTest> {
        let sides = self.with_growth(growth_bp as f64 / BASIS_POINTS as f64);
        let means = [mean_over_strata(&sides[0]), mean_over_strata(&sides[1])];
        LimitTest::growth_test(by, [&sides[0], &sides[1]], means)
    }

    /// The figures of both sides, by stratum.
    fn with_growth(&self, growth: f64) -> [Vec<Vec<i128>>; 2] {
        // Each call is followed by another one or not: the noise of a binomial count.
        let new = self.new.iter().zip(&self.luck).map(|(new, (deviation, luck))| {
            let noise = deviation * (growth * (1.0 - growth).max(0.0)).sqrt() * luck;
            new * (1.0 + growth) + noise.max(-new * growth)
        });
        let old = self.old.iter().copied();
        let sides = [old.map(to_thousandths).collect(), new.map(to_thousandths).collect()];
        sides.map(|side: Vec<i128>| match self.how {
            SideRelation::Fresh => vec![side],
            _ => side.into_iter().map(|one| vec![one]).collect(),
        })
    }
}

/// Thousandths, so that a sum of small sessions is not rounded to nothing.
fn to_thousandths(figure: f64) -> i128 {
    (figure * 1e3).round().max(1.0) as i128
}

/// Draws the recordings of one comparison.
fn draw_comparison(
    pool: &[SessionSums],
    (how, sessions, recordings): (SideRelation, usize, usize),
    rng: &mut ChaCha12Rng,
) -> SimulatedComparison {
    let mut made = SimulatedComparison { how, old: vec![], new: vec![], luck: vec![] };
    for _ in 0..recordings {
        let sums = draw_recording(pool, sessions, rng);
        // A sum of lognormal ones is taken for lognormal (Fenton 1960); of one it is.
        let apart = (REPEAT_DEVIATION * REPEAT_DEVIATION).exp_m1() * sums.squares
            / (sums.whole * sums.whole);
        let width = apart.ln_1p().sqrt();
        let (old, new, deviation) = match how {
            // The same sessions replayed differ by nothing but the growth itself.
            SideRelation::Replayed => (sums.whole, sums.whole, sums.by_calls.sqrt()),
            SideRelation::Again => {
                let [old, new] =
                    [(); 2].map(|()| sums.whole * (width * standard_normal(rng)).exp());
                (old, new, 0.0)
            }
            SideRelation::Fresh => (sums.whole, draw_recording(pool, sessions, rng).whole, 0.0),
        };
        made.old.push(old);
        made.new.push(new);
        // Drawn for every kind of sides, so that all of them use the stream alike.
        made.luck.push((deviation, standard_normal(rng)));
    }
    made
}

/// Sums over so many sessions, drawn with replacement.
fn draw_recording(pool: &[SessionSums], sessions: usize, rng: &mut ChaCha12Rng) -> SessionSums {
    let mut sums = SessionSums::default();
    if sessions > MOST_ADDED_SESSIONS {
        // Passed over, as the stream has them: two words a session.
        let words = 2 * MOST_ADDED_SESSIONS as u128;
        rng.set_word_pos(rng.get_word_pos() + words);
        // The sum of so many is as good as normal, and drawing every session would take long.
        let count = sessions as f64;
        let (whole, squares) =
            (mean_in_pool(pool, |one| one.whole), mean_in_pool(pool, |one| one.squares));
        let width = (squares - whole * whole).max(0.0).sqrt() * count.sqrt();
        sums = SessionSums {
            whole: (whole * count + width * standard_normal(rng)).max(whole),
            squares: squares * count,
            by_calls: mean_in_pool(pool, |one| one.by_calls) * count,
        };
        return sums;
    }
    for _ in 0..sessions {
        let one = pool[draw_below(pool.len() as i64, rng) as usize];
        sums.whole += one.whole;
        sums.squares += one.squares;
        sums.by_calls += one.by_calls;
    }
    sums
}

fn mean_in_pool(pool: &[SessionSums], figure: fn(&SessionSums) -> f64) -> f64 {
    pool.iter().map(figure).sum::<f64>() / pool.len() as f64
}

/// About normal, mean 0 and deviation 1.
fn standard_normal(rng: &mut impl rand::Rng) -> f64 {
    draw_normal(rng) as f64 / ONE as f64
}

/// So many recordings on either side.
fn arrangement_for(how: SideRelation, n: usize) -> SampleArrangement {
    let (design, side) = match how {
        SideRelation::Fresh => (ComparisonDesign::Pooled, vec![(0..n).collect()]),
        SideRelation::Replayed | SideRelation::Again => {
            (ComparisonDesign::Paired, (0..n).map(|at| vec![at]).collect())
        }
    };
    SampleArrangement { design, strata: [side.clone(), side] }
}

/// The standard deviation within groups; `None` where no group has two.
fn pooled_deviation(groups: &[Vec<f64>]) -> Option<f64> {
    // Each group has spent one degree on its mean.
    let freedom: usize = groups.iter().map(|group| group.len().saturating_sub(1)).sum();
    let all: f64 = groups
        .iter()
        .map(|group| {
            let mean = group.iter().sum::<f64>() / group.len().max(1) as f64;
            group.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>()
        })
        .sum();
    (freedom > 0).then(|| (all / freedom as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    fn total(metric: GateMetric) -> FigureKey {
        FigureKey { scope: GateScope::Total, name: String::new(), metric }
    }

    fn sessions(calls: &[i128]) -> Vec<GateSample> {
        let one = |calls: &i128| GateSample {
            figures: [
                (total(GateMetric::Calls), *calls),
                (total(GateMetric::Tokens), calls * 1_000),
            ]
            .into(),
            ..GateSample::default()
        };
        calls.iter().map(one).collect()
    }

    /// Sessions about as those of real repositories are: the deviation of their logarithms is 1.
    fn many() -> Vec<GateSample> {
        let mut rng = Seed(1).random_stream("test", b"sessions");
        let calls: Vec<i128> =
            (0..150).map(|_| (50.0 * standard_normal(&mut rng).exp()).ceil() as i128).collect();
        sessions(&calls)
    }

    fn share(how: SideRelation, sessions: usize, recordings: usize, growth_bp: i64) -> f64 {
        let pool = session_sums(&[many()], GateMetric::Calls).concat();
        let found = detection_rates(&pool, (how, sessions, recordings), 0.95, Seed(774));
        found.iter().find(|one| one.growth_bp == growth_bp).unwrap().share
    }

    #[test]
    fn noise_is_that_of_the_logarithms() {
        let recordings = [sessions(&[10, 1_000]), sessions(&[7, 0, 700])];
        let seen = measure_noise(&recordings, GateMetric::Calls).unwrap();
        assert_eq!((seen.metric, seen.sessions), (GateMetric::Calls, 4));
        // Within each pair ln 100 apart: the root of 2 (ln 10)^2 / 1.
        assert!((seen.within.unwrap() - 10_f64.ln() * 2_f64.sqrt()).abs() < 1e-9, "{seen:?}");
        // All: two pairs whose middles are ln (10 / 7) apart.
        let all = (4.0 * 10_f64.ln().powi(2) + (10.0 / 7.0_f64).ln().powi(2)) / 3.0;
        assert!((seen.spread - all.sqrt()).abs() < 1e-9, "{seen:?}");
        assert_eq!(measure_noise(&recordings, GateMetric::Dollars), None);
        assert_eq!(measure_noise(&[sessions(&[10])], GateMetric::Calls), None);
        let apart = measure_noise(&[sessions(&[10]), sessions(&[20])], GateMetric::Calls).unwrap();
        assert_eq!(apart.within, None);
    }

    #[test]
    fn three_per_cent_are_found_where_sessions_are_the_same_and_nowhere_else() {
        assert!(share(SideRelation::Replayed, 30, 5, 300) >= 0.95);
        assert!(share(SideRelation::Again, 30, 5, 300) <= 0.2);
        assert!(share(SideRelation::Fresh, 30, 5, 300) <= 0.2);
        assert!(share(SideRelation::Fresh, 10_000, 5, 300) >= FOUND_SHARE);
        assert!(share(SideRelation::Fresh, 1, 5, 50) <= 0.1);
    }

    #[test]
    fn the_smallest_growth_is_found_and_all_larger_ones() {
        let found = |growth_bp, share| DetectionRate {
            how: SideRelation::Fresh,
            sessions: 10,
            recordings: 5,
            growth_bp,
            share,
        };
        let noise = measure_noise(&[many()], GateMetric::Calls).unwrap();
        let all = [found(100, 0.81), found(200, 0.79), found(300, 0.8), found(500, 1.0)];
        let mut power = PowerTable { noise, rates: all.to_vec() };
        assert_eq!(power.smallest_found(SideRelation::Fresh, 10, 5), Some(300));
        assert_eq!(power.smallest_found(SideRelation::Fresh, 10, 3), None);
        assert_eq!(power.share_found(SideRelation::Fresh, 10, 5, 200), Some(0.79));
        assert_eq!(power.share_found(SideRelation::Fresh, 10, 5, 50), None);
        power.rates[3].share = 0.5;
        assert_eq!(power.smallest_found(SideRelation::Fresh, 10, 5), None);
    }

    #[test]
    fn sums_of_many_sessions_are_as_those_of_few() {
        let pool = session_sums(&[many()], GateMetric::Tokens).concat();
        let mut rng = Seed(3).random_stream("test", b"sums");
        let (mut near, mut far) = (0.0, 0.0);
        for _ in 0..200 {
            near += draw_recording(&pool, MOST_ADDED_SESSIONS, &mut rng).whole
                / MOST_ADDED_SESSIONS as f64
                / 200.0;
            far += draw_recording(&pool, 10 * MOST_ADDED_SESSIONS, &mut rng).whole
                / MOST_ADDED_SESSIONS as f64
                / 2_000.0;
        }
        assert!((near / far - 1.0).abs() < 0.03, "{near} {far}");
    }

    #[test]
    fn sessions_that_are_passed_over_take_their_part_of_the_stream() {
        let pool = vec![SessionSums { whole: 1.0, ..SessionSums::default() }; 7];
        let [mut drawn, mut passed] = [(); 2].map(|()| Seed(1).random_stream("test", b"power"));
        draw_recording(&pool, MOST_ADDED_SESSIONS, &mut drawn);
        standard_normal(&mut drawn);
        draw_recording(&pool, MOST_ADDED_SESSIONS + 1, &mut passed);
        assert_eq!(drawn.get_word_pos(), passed.get_word_pos());
        assert_eq!(drawn.next_u64(), passed.next_u64());
    }
}
