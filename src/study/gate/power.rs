//! What a gate can find: how large a growth must be to be told from noise.
//!
//! Recordings are made of sessions that were recorded, drawn with replacement, compared in one of
//! three ways, and judged with the intervals of the gate, one row alone, at a limit of 0. How often
//! a growth is found, of [`TIMES`] comparisons each, is its power. The same input and seed give the
//! same figures.

use super::arrange::{Arrangement, mean};
use super::chance::{Kept, Test};
use super::{Design, Key, Metric, Sample, Scope};
use crate::fixed::ONE;
use crate::seed::Seed;
use crate::study::draws::{below, normal};
use crate::units::BASIS_POINTS;
use rayon::prelude::*;

/// Comparisons for each figure: a power of 80 % is off by 2.8 points (one deviation).
/// Source: MODEL.md, "The gate".
pub const TIMES: u32 = 200;
/// Draws of the bootstrap in each of them. Source: MODEL.md, "The gate".
const DRAWS: u32 = 300;
/// A growth counts as found from this share of the comparisons on. Source: MODEL.md, "The gate".
pub const FOUND: f64 = 0.8;
/// Recordings a side. Source: MODEL.md, "The gate".
pub const RECORDINGS: [usize; 6] = [2, 3, 5, 10, 20, 50];
/// Sessions of a recording. Source: MODEL.md, "The gate".
pub const SESSIONS: [usize; 8] = [1, 10, 30, 100, 300, 1_000, 3_000, 10_000];
/// Growths, ten-thousandths. Source: MODEL.md, "The gate".
pub const GROWTHS_BP: [i64; 9] = [50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000];
/// Sums of more sessions than that are drawn as normal ones. Source: MODEL.md, "The gate".
const ADDED: usize = 300;
/// Standard deviation of the logarithm of the calls of one task that is given to an agent again.
/// Source: MODEL.md, "The gate".
pub const AGAIN: f64 = 0.41;

/// How the recordings of both sides are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The same sessions on both sides; in the candidate each call is followed by another one with
    /// a chance of the growth: what a change of the orchestration does to what was recorded.
    Replayed,
    /// The same tasks on both sides, done again by an agent.
    Again,
    /// Other tasks.
    Fresh,
}

impl How {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] = [
        (Self::Replayed, "same sessions"),
        (Self::Again, "same tasks"),
        (Self::Fresh, "any tasks"),
    ];
}

/// How often a growth is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// How both sides are related.
    pub how: How,
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
pub struct Noise {
    /// The metric.
    pub metric: Metric,
    /// Sessions that have it.
    pub sessions: usize,
    /// Standard deviation of the logarithms of all of them.
    pub spread: f64,
    /// The same within their recordings; `None` where each has one session at most.
    pub within: Option<f64>,
}

/// What the gate can find of one metric in recordings of such sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// What it was worked out from.
    pub noise: Noise,
    /// By relation of the sides, sessions of a recording, recordings and growth, in this order.
    pub found: Vec<Found>,
}

impl Power {
    /// The smallest of the growths that is found, and every larger one with it.
    #[must_use]
    pub fn smallest(&self, how: How, sessions: usize, recordings: usize) -> Option<i64> {
        let of =
            self.found.iter().rev().filter(|one| {
                (one.how, one.sessions, one.recordings) == (how, sessions, recordings)
            });
        of.take_while(|one| one.share >= FOUND).last().map(|one| one.growth_bp)
    }

    /// The share of the comparisons of one kind in which a growth is found.
    #[must_use]
    pub fn share(
        &self,
        how: How,
        sessions: usize,
        recordings: usize,
        growth_bp: i64,
    ) -> Option<f64> {
        let asked = (how, sessions, recordings, growth_bp);
        let of = |one: &Found| (one.how, one.sessions, one.recordings, one.growth_bp);
        self.found.iter().find(|one| of(one) == asked).map(|one| one.share)
    }
}

/// Sums over sessions of a recording.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
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
pub fn noise(recordings: &[Vec<Sample>], metric: Metric) -> Option<Noise> {
    let groups: Vec<Vec<f64>> = sums(recordings, metric)
        .iter()
        .map(|group| group.iter().map(|one| one.whole.ln()).collect())
        .collect();
    let all = groups.concat();
    let sessions = all.len();
    Some(Noise { metric, sessions, spread: deviation(&[all])?, within: deviation(&groups) })
}

/// Works out what the gate can find of a metric. `recordings` are samples by session; sessions
/// without the metric take no part. `None` with fewer than two.
#[must_use]
pub fn power(
    recordings: &[Vec<Sample>],
    metric: Metric,
    confidence: f64,
    seed: Seed,
) -> Option<Power> {
    let noise = noise(recordings, metric)?;
    let pool = sums(recordings, metric).concat();
    let mut cells = Vec::new();
    for (how, _) in How::NAMED {
        for sessions in SESSIONS {
            cells.extend(RECORDINGS.map(|recordings| (how, sessions, recordings)));
        }
    }
    let one = |cell| found(&pool, cell, confidence, seed);
    let found: Vec<Vec<Found>> = cells.into_par_iter().map(one).collect();
    Some(Power { noise, found: found.concat() })
}

/// What each session of each recording has of a metric.
fn sums(recordings: &[Vec<Sample>], metric: Metric) -> Vec<Vec<Sums>> {
    let figure = |sample: &Sample, metric: Metric| {
        let key = Key { scope: Scope::Total, name: String::new(), metric };
        sample.figures.get(&key).copied().unwrap_or_default() as f64
    };
    let one = |sample: &Sample| {
        let (whole, calls) = (figure(sample, metric), figure(sample, Metric::Calls));
        let squares = whole * whole;
        Sums { whole, squares, by_calls: squares / calls.max(1.0) }
    };
    let group = |samples: &Vec<Sample>| -> Vec<Sums> {
        samples.iter().map(one).filter(|sums| sums.whole > 0.0).collect()
    };
    recordings.iter().map(group).collect()
}

/// How often each growth is found in one kind of comparison.
fn found(
    pool: &[Sums],
    (how, sessions, recordings): (How, usize, usize),
    confidence: f64,
    seed: Seed,
) -> Vec<Found> {
    let by = arrangement(how, recordings);
    let kept = Kept::of(&by, DRAWS, seed);
    let key = format!("{how:?} {sessions} {recordings}");
    let mut rng = seed.stream("power", key.as_bytes());
    let mut counts = [0_u32; GROWTHS_BP.len()];
    for _ in 0..TIMES {
        let drawn = compared(pool, (how, sessions, recordings), &mut rng);
        let test = |bp: i64| {
            let sides = drawn.grown(bp as f64 / BASIS_POINTS as f64);
            let means = [mean(&sides[0]), mean(&sides[1])];
            Test::growth(&by, [&sides[0], &sides[1]], means)
        };
        // A growth moves the estimate and scales its error, but leaves the shape of the noise,
        // which alone says how many errors chance makes.
        let errors = test(GROWTHS_BP[0]).map_or(0.0, |shape| kept.alone(&shape, confidence));
        for (count, bp) in counts.iter_mut().zip(GROWTHS_BP) {
            *count += u32::from(test(bp).is_some_and(|one| one.value > errors * one.error));
        }
    }
    let found = |(count, growth_bp): (u32, i64)| {
        let share = f64::from(count) / f64::from(TIMES);
        Found { how, sessions, recordings, growth_bp, share }
    };
    counts.into_iter().zip(GROWTHS_BP).map(found).collect()
}

/// A comparison before its growth: by recording both sides without noise of the growth, and what
/// that noise is.
struct Compared {
    how: How,
    old: Vec<f64>,
    new: Vec<f64>,
    /// By recording: standard deviation of the growth's noise at a growth of 1, and its luck.
    luck: Vec<(f64, f64)>,
}

impl Compared {
    /// The figures of both sides, by stratum.
    fn grown(&self, growth: f64) -> [Vec<Vec<i128>>; 2] {
        let new = self.new.iter().zip(&self.luck).map(|(new, (deviation, luck))| {
            let noise = deviation * (growth * (1.0 - growth).max(0.0)).sqrt() * luck;
            new * (1.0 + growth) + noise.max(-new * growth)
        });
        // Thousandths, so that a sum of small sessions is not rounded to nothing.
        let exact = |figure: f64| (figure * 1e3).round().max(1.0) as i128;
        let sides = [self.old.iter().copied().map(exact).collect(), new.map(exact).collect()];
        sides.map(|side: Vec<i128>| match self.how {
            How::Fresh => vec![side],
            _ => side.into_iter().map(|one| vec![one]).collect(),
        })
    }
}

/// Draws the recordings of one comparison.
fn compared(
    pool: &[Sums],
    (how, sessions, recordings): (How, usize, usize),
    rng: &mut impl rand::Rng,
) -> Compared {
    let mut made = Compared { how, old: vec![], new: vec![], luck: vec![] };
    for _ in 0..recordings {
        let sums = recording(pool, sessions, rng);
        // A sum of lognormal ones is taken for lognormal (Fenton 1960); of one it is.
        let apart = (AGAIN * AGAIN).exp_m1() * sums.squares / (sums.whole * sums.whole);
        let width = apart.ln_1p().sqrt();
        let mut again = || sums.whole * (width * standard(rng)).exp();
        let (old, new, deviation) = match how {
            How::Replayed => (sums.whole, sums.whole, sums.by_calls.sqrt()),
            How::Again => (again(), again(), 0.0),
            How::Fresh => (sums.whole, recording(pool, sessions, rng).whole, 0.0),
        };
        made.old.push(old);
        made.new.push(new);
        made.luck.push((deviation, standard(rng)));
    }
    made
}

/// Sums over so many sessions, drawn with replacement.
fn recording(pool: &[Sums], sessions: usize, rng: &mut impl rand::Rng) -> Sums {
    let drawn = sessions.min(ADDED);
    let mut sums = Sums::default();
    for _ in 0..drawn {
        let one = pool[below(pool.len() as i64, rng) as usize];
        sums.whole += one.whole;
        sums.squares += one.squares;
        sums.by_calls += one.by_calls;
    }
    if sessions > drawn {
        let (n, count) = (pool.len() as f64, sessions as f64);
        let mean = |of: fn(&Sums) -> f64| pool.iter().map(of).sum::<f64>() / n;
        let (whole, squares) = (mean(|one| one.whole), mean(|one| one.squares));
        let width = (squares - whole * whole).max(0.0).sqrt() * count.sqrt();
        sums = Sums {
            whole: (whole * count + width * standard(rng)).max(whole),
            squares: squares * count,
            by_calls: mean(|one| one.by_calls) * count,
        };
    }
    sums
}

/// About normal, mean 0 and deviation 1.
fn standard(rng: &mut impl rand::Rng) -> f64 {
    normal(rng) as f64 / ONE as f64
}

/// So many recordings on either side.
fn arrangement(how: How, n: usize) -> Arrangement {
    let (design, side) = match how {
        How::Fresh => (Design::Pooled, vec![(0..n).collect()]),
        How::Replayed | How::Again => (Design::Paired, (0..n).map(|at| vec![at]).collect()),
    };
    Arrangement { design, strata: [side.clone(), side] }
}

/// The standard deviation within groups; `None` where no group has two.
fn deviation(groups: &[Vec<f64>]) -> Option<f64> {
    let squares = |group: &Vec<f64>| {
        let mean = group.iter().sum::<f64>() / group.len().max(1) as f64;
        group.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>()
    };
    let freedom: usize = groups.iter().map(|group| group.len().saturating_sub(1)).sum();
    let all: f64 = groups.iter().map(squares).sum();
    (freedom > 0).then(|| (all / freedom as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(metric: Metric) -> Key {
        Key { scope: Scope::Total, name: String::new(), metric }
    }

    fn sessions(calls: &[i128]) -> Vec<Sample> {
        let one = |calls: &i128| Sample {
            figures: [(total(Metric::Calls), *calls), (total(Metric::Tokens), calls * 1_000)]
                .into(),
            ..Sample::default()
        };
        calls.iter().map(one).collect()
    }

    /// Sessions about as those of real repositories are: the deviation of their logarithms is 1.
    fn many() -> Vec<Sample> {
        let mut rng = Seed(1).stream("test", b"sessions");
        let calls: Vec<i128> =
            (0..150).map(|_| (50.0 * standard(&mut rng).exp()).ceil() as i128).collect();
        sessions(&calls)
    }

    fn share(how: How, sessions: usize, recordings: usize, growth_bp: i64) -> f64 {
        let pool = sums(&[many()], Metric::Calls).concat();
        let found = found(&pool, (how, sessions, recordings), 0.95, Seed(774));
        found.iter().find(|one| one.growth_bp == growth_bp).unwrap().share
    }

    #[test]
    fn noise_is_that_of_the_logarithms() {
        let recordings = [sessions(&[10, 1_000]), sessions(&[7, 0, 700])];
        let seen = noise(&recordings, Metric::Calls).unwrap();
        assert_eq!((seen.metric, seen.sessions), (Metric::Calls, 4));
        // Within each pair ln 100 apart: the root of 2 (ln 10)^2 / 1.
        assert!((seen.within.unwrap() - 10_f64.ln() * 2_f64.sqrt()).abs() < 1e-9, "{seen:?}");
        // All: two pairs whose middles are ln (10 / 7) apart.
        let all = (4.0 * 10_f64.ln().powi(2) + (10.0 / 7.0_f64).ln().powi(2)) / 3.0;
        assert!((seen.spread - all.sqrt()).abs() < 1e-9, "{seen:?}");
        assert_eq!(noise(&recordings, Metric::Dollars), None);
        assert_eq!(noise(&[sessions(&[10])], Metric::Calls), None);
        let apart = noise(&[sessions(&[10]), sessions(&[20])], Metric::Calls).unwrap();
        assert_eq!(apart.within, None);
    }

    #[test]
    fn three_per_cent_are_found_where_sessions_are_the_same_and_nowhere_else() {
        assert!(share(How::Replayed, 30, 5, 300) >= 0.95);
        assert!(share(How::Again, 30, 5, 300) <= 0.2);
        assert!(share(How::Fresh, 30, 5, 300) <= 0.2);
        assert!(share(How::Fresh, 10_000, 5, 300) >= FOUND);
        assert!(share(How::Fresh, 1, 5, 50) <= 0.1);
    }

    #[test]
    fn the_smallest_growth_is_found_and_all_larger_ones() {
        let found = |growth_bp, share| Found {
            how: How::Fresh,
            sessions: 10,
            recordings: 5,
            growth_bp,
            share,
        };
        let noise = noise(&[many()], Metric::Calls).unwrap();
        let all = [found(100, 0.81), found(200, 0.79), found(300, 0.8), found(500, 1.0)];
        let mut power = Power { noise, found: all.to_vec() };
        assert_eq!(power.smallest(How::Fresh, 10, 5), Some(300));
        assert_eq!(power.smallest(How::Fresh, 10, 3), None);
        assert_eq!(power.share(How::Fresh, 10, 5, 200), Some(0.79));
        assert_eq!(power.share(How::Fresh, 10, 5, 50), None);
        power.found[3].share = 0.5;
        assert_eq!(power.smallest(How::Fresh, 10, 5), None);
    }

    #[test]
    fn sums_of_many_sessions_are_as_those_of_few() {
        let pool = sums(&[many()], Metric::Tokens).concat();
        let mut rng = Seed(3).stream("test", b"sums");
        let (mut near, mut far) = (0.0, 0.0);
        for _ in 0..200 {
            near += recording(&pool, ADDED, &mut rng).whole / ADDED as f64 / 200.0;
            far += recording(&pool, 10 * ADDED, &mut rng).whole / ADDED as f64 / 2_000.0;
        }
        assert!((near / far - 1.0).abs() < 0.03, "{near} {far}");
    }
}
