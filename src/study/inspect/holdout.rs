//! The held-out check: how well half a session tells the other half's summed cache reads.
//!
//! Of every session the later half of the calls is hidden. Known at prediction time are the billed
//! usage of the first half and its model, and of the second half one thing only: how many calls
//! follow. Hidden are its sizes, times, marks and compactions.
//!
//! * **Prediction.** Every further call finds what the call before cached (L3), and contexts go on
//!   growing by the *median* growth per call of the first half: growth comes in bursts that are
//!   rarer later on (L7), and the median does not see them. Beyond the compaction trigger of the
//!   window the context starts over (L5). A share of the calls finds its cache expired.
//! * **Low edge.** The same, or the same at the *mean* growth where that meets a compaction: the
//!   smaller, times `exp(-low / sqrt(calls))`. Losses are single events, so that their share of a
//!   sum spreads as one over the root of the number of calls.
//! * **High edge.** Mean growth, nothing lost, no compaction but that of the largest window; or the
//!   prediction, if that is larger; times `exp(high)`.
//!
//! [`HoldoutRates`] holds what was fitted, and MODEL.md, "Held out", on what. No chance and no
//! clock.

use crate::cache;
use crate::models::{self, TRIGGERS, Tokenizer};
use crate::recording::{Basis, CacheTier, Call, ContextRestart, Recording, Session};
use std::cmp::Ordering;

/// Sessions of fewer calls are left out: three growths are the least that has a median.
pub const FEWEST_CALLS: u32 = 8;

/// Context after a compaction, tokens. Source: MODEL.md, "Laws" L5, 2026-11.
const RESTARTED: i64 = 53_000;

/// Where Codex compacts, tokens: its windows are its own. Source: MODEL.md, "Held out".
const CODEX_TRIGGER: i64 = 228_000;

/// Context after a compaction of Codex, tokens. Source: likewise.
const CODEX_RESTARTED: i64 = 23_000;

/// Share of calls of the five-minute tier that come after it expired. Source: MODEL.md, "Held
/// out", refitted 2026-11-29.
const LOST_5M: f64 = 0.030;

/// The same for the one-hour tier. Source: likewise, 13 of 4,283 gaps.
const LOST_1H: f64 = 0.003;

/// Share of calls that an automatic cache does not know any more. Source: likewise.
const LOST_AUTOMATIC: f64 = 0.057;

/// Low edge of the band. Source: MODEL.md, "Held out", 10th percentile, n = 119, rounded outwards,
/// 2026-11-20.
const LOW: f64 = 0.43;

/// High edge of the band. Source: likewise, 90th percentile.
const HIGH: f64 = 0.043;

/// What was fitted on real sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldoutRates {
    /// Share of calls that find the five-minute tier expired, 0 to 1.
    pub lost_5m: f64,
    /// Share of calls that find the one-hour tier expired, 0 to 1.
    pub lost_1h: f64,
    /// Share of calls that an automatic cache does not know any more, 0 to 1.
    pub lost_automatic: f64,
    /// How far the low edge lies below its path: natural logarithm, for a single hidden call.
    pub low: f64,
    /// How far the high edge lies above its path: natural logarithm.
    pub high: f64,
}

impl HoldoutRates {
    /// The rates that are used. Source: MODEL.md, "Held out".
    pub const FITTED: Self = Self {
        lost_5m: LOST_5M,
        lost_1h: LOST_1H,
        lost_automatic: LOST_AUTOMATIC,
        low: LOW,
        high: HIGH,
    };
}

/// Everything that a prediction may look at.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldoutInputs {
    /// What the last known call left in the cache, tokens.
    cached: i64,
    /// Growth of the context from call to call, restarts left out, tokens, smallest first.
    growth: Vec<i64>,
    /// Largest context so far, tokens.
    top: i64,
    /// The tier that was last written to.
    tier: CacheTier,
    /// The model is of a family that has the large window only.
    harness_window: i64,
    /// The model is one of Codex, which compacts by its own rule.
    is_codex: bool,
    /// How many calls follow.
    hidden: u32,
}

/// A prediction with its 80 % band, tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictionBand {
    /// One session in ten should lie below.
    pub low: f64,
    /// The prediction itself.
    pub mid: f64,
    /// One session in ten should lie above.
    pub high: f64,
}

impl PredictionBand {
    /// Where the truth lies to the band: below, in it or above.
    #[must_use]
    pub(crate) fn place_of(&self, read: f64) -> Ordering {
        if read < self.low {
            Ordering::Less
        } else if read > self.high {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }
}

/// One session with its later half hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldoutSession {
    /// What is known.
    pub known: HoldoutInputs,
    /// What is to be predicted: cache reads of the hidden calls, tokens, above 0.
    pub read: i64,
}

impl HoldoutInputs {
    /// What the first calls of a session tell, when `hidden` calls follow. Takes of a call only its
    /// usage and whether it restarts: hidden output and tiers before the first write are filled in
    /// by the importer from later calls.
    #[must_use]
    pub fn from_first_calls(first: &[Call], hidden: u32, model: &str) -> Self {
        // A context that starts over says nothing of how contexts grow.
        let pairs = first.windows(2).filter(|pair| pair[1].restart == ContextRestart::No);
        let mut growth: Vec<i64> = pairs
            .map(|pair| pair[1].usage.context_tokens() - pair[0].usage.context_tokens())
            .collect();
        growth.sort_unstable();
        let is_codex = models::facts_of_model(model).tokenizer == Tokenizer::Gpt;
        let written =
            first.iter().rev().map(|call| call.usage).find(|usage| usage.write_tokens() > 0);
        Self {
            cached: first.last().map_or(0, |call| {
                let usage = &call.usage;
                cache::cached_prefix_tokens(call.tier, usage.context_tokens(), usage.fresh)
            }),
            growth,
            top: first.iter().map(|call| call.usage.context_tokens()).max().unwrap_or(0),
            tier: match written {
                Some(usage) if usage.write_1h >= usage.write_5m => CacheTier::OneHour,
                // A cache that bills no writes shows its tier by that alone.
                None if is_codex => CacheTier::Automatic,
                _ => CacheTier::FiveMinutes,
            },
            harness_window: models::facts_of_model(model).harness_window,
            is_codex,
            hidden,
        }
    }

    /// The summed reads of the hidden calls, with the 80 % band.
    #[must_use]
    pub fn predict_reads(&self, rates: &HoldoutRates) -> PredictionBand {
        let (median, mean) = self.growth_rates();
        let (trigger, largest) = self.compaction_triggers();
        let kept = 1.0
            - match self.tier {
                CacheTier::OneHour => rates.lost_1h,
                CacheTier::Automatic => rates.lost_automatic,
                CacheTier::FiveMinutes | CacheTier::Uncached => rates.lost_5m,
            };
        // A call whose cache expired reads nothing: that share of the reads is lost.
        let mid = self.reads_along_path(median, trigger) * kept;
        let low = mid.min(self.reads_along_path(mean, trigger) * kept);
        let high = mid.max(self.reads_along_path(mean, largest));
        // Losses are single events: over more calls their share of the sum spreads less.
        let spread = rates.low / f64::from(self.hidden.max(1)).sqrt();
        PredictionBand { low: low * (-spread).exp(), mid, high: high * rates.high.exp() }
    }

    /// The input of the hidden calls that they do not read: what contexts grow by, and what they
    /// find expired.
    #[must_use]
    pub fn predict_fresh(&self, rates: &HoldoutRates) -> f64 {
        let (median, _) = self.growth_rates();
        let (trigger, _) = self.compaction_triggers();
        let lost = self.reads_along_path(median, trigger) - self.predict_reads(rates).mid;
        // Restarted contexts are written from the static prefix on, which the path does not know.
        lost + median * f64::from(self.hidden)
    }

    /// Median and mean growth per call, never below zero.
    fn growth_rates(&self) -> (f64, f64) {
        let n = self.growth.len();
        if n == 0 {
            return (0.0, 0.0);
        }
        // Sorted already; of an even count both in the middle.
        let median = (self.growth[(n - 1) / 2] + self.growth[n / 2]) as f64 / 2.0;
        let mean = self.growth.iter().sum::<i64>() as f64 / n as f64;
        (median.max(0.0), mean.max(0.0))
    }

    /// Contexts beyond which the harness compacts: in the smallest window that may be this one,
    /// and in the largest. Beyond every known window nothing is known to compact.
    fn compaction_triggers(&self) -> (f64, f64) {
        if self.is_codex {
            let beyond = self.top > CODEX_TRIGGER;
            let trigger = if beyond { f64::INFINITY } else { CODEX_TRIGGER as f64 };
            return (trigger, trigger);
        }
        let possible = TRIGGERS.iter().filter(|(_, window)| *window >= self.harness_window);
        let mut left = possible.map(|(trigger, _)| *trigger).filter(|at| *at >= self.top);
        let smallest = left.next();
        let largest = left.next_back().or(smallest);
        // Without a trigger nothing compacts: a context never gets there.
        let [smallest, largest] =
            [smallest, largest].map(|at| at.map_or(f64::INFINITY, |at| at as f64));
        (smallest, largest)
    }

    /// What the hidden calls read if each finds the context of the call before, and contexts grow
    /// by so many tokens a call and start over beyond the trigger.
    fn reads_along_path(&self, growth: f64, trigger: f64) -> f64 {
        let (mut sum, mut cached) = (0.0, self.cached as f64);
        let restarted = if self.is_codex { CODEX_RESTARTED } else { RESTARTED };
        for _ in 0..self.hidden {
            // Each call reads what the one before left.
            sum += cached;
            cached += growth;
            if cached > trigger {
                cached = restarted as f64;
            }
        }
        sum
    }
}

impl HoldoutSession {
    /// Hides the later half of a session, the smaller one of an odd number. None for a session of
    /// too few calls ([`FEWEST_CALLS`]), for one whose hidden calls read nothing (an error has no
    /// share of zero), and for one that was not billed: a reconstruction follows the law of growth
    /// that is tested here.
    #[must_use]
    pub fn hide_later_half(recording: &Recording, session: &Session) -> Option<Self> {
        // An error as a share needs something read; a growth law cannot be tested on what it made.
        if session.calls < FEWEST_CALLS || session.usage_basis != Basis::Billed {
            return None;
        }
        let calls = &recording.calls[session.call_range()];
        let hidden = session.calls / 2;
        let (first, later) = calls.split_at(calls.len() - hidden as usize);
        let read = later.iter().map(|call| call.usage.read).sum();
        let model = first.last().map_or("", |call| recording.model_name(call.model));
        (read > 0)
            .then(|| Self { known: HoldoutInputs::from_first_calls(first, hidden, model), read })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{CacheBreak, CallFacts, CallMarks, Role, Shock};
    use crate::study::inspect::holdout_scores::measure_holdout;
    use crate::units::Usage;

    const OLD: &str = "claude-opus-4-5-20251101";
    const NEW: &str = "claude-fable-5";
    /// Round numbers: a tenth is lost, and a low edge of half over four calls.
    const ROUND: HoldoutRates = HoldoutRates {
        lost_5m: 0.1,
        lost_1h: 0.0,
        lost_automatic: 0.0,
        low: 2.0 * std::f64::consts::LN_2,
        high: 0.0,
    };

    fn call(context: i64, read: i64) -> Call {
        Call {
            session: 0,
            model: 0,
            start_ms: 0,
            end_ms: 0,
            touched_ms: 0,
            records: 1,
            usage: Usage { read, write_5m: context - read, ..Usage::default() },
            output_hidden: 0,
            tier: CacheTier::FiveMinutes,
            marks: CallMarks::empty(),
            facts: CallFacts::default(),
            restart: ContextRestart::No,
            cut: 0,
            cache_break: CacheBreak::No,
            shock: Shock::None,
            first_block: 0,
            blocks: 0,
        }
    }

    fn calls(thousands: &[i64]) -> Vec<Call> {
        thousands.iter().map(|context| call(context * 1_000, 0)).collect()
    }

    /// A recording of one session that reads `read` in every call.
    fn recording(contexts: &[i64], read: i64, usage_basis: Basis) -> Recording {
        let session = Session {
            id: String::new(),
            file: "folder/file".to_owned(),
            pipeline: String::new(),
            step: String::new(),
            version: String::new(),
            role: Role::Main,
            first_call: 0,
            calls: contexts.len() as u32,
            records: 0,
            static_prefix: 0,
            warm_prefix: 0,
            usage_basis,
            blocks_basis: Basis::Estimated,
            times_basis: Basis::Billed,
            source: String::new(),
            harness_totals: crate::recording::HarnessTotals::default(),
        };
        Recording {
            models: vec![OLD.to_owned()],
            sessions: vec![session],
            calls: contexts.iter().map(|context| call(context * 1_000, read)).collect(),
            ..Recording::default()
        }
    }

    /// First contexts in thousands, four calls hidden: low, prediction and high in thousands.
    fn check(model: &str, first: &[i64], expect: (f64, f64, f64)) {
        let PredictionBand { low, mid, high } =
            HoldoutInputs::from_first_calls(&calls(first), 4, model).predict_reads(&ROUND);
        for (got, want) in [(low, expect.0), (mid, expect.1), (high, expect.2)] {
            assert!((got / 1_000.0 - want).abs() < 1e-9, "{model} {first:?}: {got} {want}");
        }
    }

    #[test]
    fn bands_computed_by_hand() {
        // Growths 1, 1, 4: median 1, mean 2. Median: 26 + 27 + 28 + 29 = 110, a tenth lost: 99.
        // Low: half of it. High: 26 + 28 + 30 + 32.
        check(OLD, &[20, 21, 22, 26], (49.5, 99.0, 116.0));
        // 166 + 167, then 168 is beyond the trigger of 167: + 53 + 54 = 440, 396 kept. Mean growth
        // meets it at once: 166 + 53 + 55 + 57 = 331, 297.9 kept, half is low. High: no compaction.
        check(OLD, &[160, 161, 162, 166], (148.95, 396.0, 676.0));
        // The new family has the large window only: 166 + 167 + 168 + 169 = 670, 603 kept.
        check(NEW, &[160, 161, 162, 166], (301.5, 603.0, 676.0));
        // A context that is beyond the small window has the large one.
        check(OLD, &[168, 169, 170], (4.0 * 171.5 * 0.45, 4.0 * 171.5 * 0.9, 4.0 * 171.5));
        // Beyond every known window nothing compacts.
        check(OLD, &[999, 999], (4.0 * 999.0 * 0.45, 4.0 * 999.0 * 0.9, 4.0 * 999.0));
        // Contexts that shrink are not predicted to shrink on.
        check(OLD, &[30, 25, 20], (36.0, 72.0, 80.0));
        check(OLD, &[20], (36.0, 72.0, 80.0));
        check(OLD, &[], (0.0, 0.0, 0.0));
    }

    #[test]
    fn restarts_are_no_growth_and_fresh_tokens_are_not_cached() {
        let mut first = calls(&[20, 21, 10, 11]);
        first[2].restart = ContextRestart::Fresh;
        first[3].usage.fresh = 500;
        first[3].usage.write_5m -= 500;
        let known = HoldoutInputs::from_first_calls(&first, 4, OLD);
        assert_eq!((known.growth, known.cached), (vec![1_000, 1_000], 10_500));
    }

    #[test]
    fn the_tier_is_that_of_the_last_write() {
        let mut first = calls(&[20, 21, 22]);
        assert_eq!(HoldoutInputs::from_first_calls(&first, 1, OLD).tier, CacheTier::FiveMinutes);
        first[2].usage = Usage { read: 21_000, write_1h: 1_000, ..Usage::default() };
        assert_eq!(HoldoutInputs::from_first_calls(&first, 1, OLD).tier, CacheTier::OneHour);
        first.push(call(22_000, 22_000));
        assert_eq!(HoldoutInputs::from_first_calls(&first, 1, OLD).tier, CacheTier::OneHour);
    }

    #[test]
    fn nothing_is_looked_at_that_later_calls_fill_in() {
        let first = calls(&[20, 21, 22, 26]);
        let mut other = first.clone();
        for call in &mut other {
            call.output_hidden = 9_999;
            call.tier = CacheTier::OneHour;
            call.end_ms = 9_999;
            call.touched_ms = 9_999;
            call.cache_break = CacheBreak::ToZero;
            call.shock = Shock::Shift(-9_999);
            call.marks = CallMarks::all();
        }
        assert_eq!(
            HoldoutInputs::from_first_calls(&first, 4, OLD),
            HoldoutInputs::from_first_calls(&other, 4, OLD)
        );
    }

    #[test]
    fn the_later_half_is_hidden_and_the_rest_is_counted() {
        let nine = [20, 21, 22, 23, 24, 25, 26, 27, 28];
        let held = |recording: &Recording| {
            HoldoutSession::hide_later_half(recording, &recording.sessions[0])
        };
        let full = held(&recording(&nine, 5_000, Basis::Billed)).unwrap();
        assert_eq!((full.read, full.known.hidden), (20_000, 4));
        assert_eq!(full.known.cached, 24_000);
        let mut later = recording(&nine, 5_000, Basis::Billed);
        later.calls[5..].iter_mut().for_each(|call| *call = self::call(900_000, 1));
        assert_eq!(held(&later).unwrap().known, full.known);
        let left_out = [
            recording(&nine[..7], 5_000, Basis::Billed),
            recording(&nine, 0, Basis::Billed),
            recording(&nine, 5_000, Basis::Reconstructed),
        ];
        for recording in &left_out {
            assert_eq!(held(recording), None);
            let all = &measure_holdout(recording, &ROUND)[0];
            assert_eq!((all.sessions, all.left_out, all.figures), (0, 1, None));
        }
    }

    #[test]
    fn groups_sum_up() {
        let mut two = recording(&[20, 20, 20, 20, 20, 20, 20, 20], 16_000, Basis::Billed);
        let mut second = two.sessions[0].clone();
        second.first_call = 8;
        second.file = "other/file".to_owned();
        two.sessions.push(second);
        two.calls.extend(calls(&[20; 8]));
        two.calls[12..].iter_mut().for_each(|call| call.usage.read = 2_000);
        let told = measure_holdout(&two, &ROUND);
        let names: Vec<&str> = told.iter().map(|one| one.group.as_str()).collect();
        assert_eq!(names, ["all sessions", "20 calls or more", "folder", "other"]);
        // 72 of 80 thousand predicted, 36 to 80 the band; 64 are read, and 8.
        let of = |at: usize| told[at].figures.expect("figures");
        assert_eq!((of(2).coverage, of(3).coverage, of(0).coverage), (1.0, 0.0, 0.5));
        assert!((of(2).error.median - 0.125).abs() < 1e-9, "{:?}", of(2));
        assert!((of(0).width - 44.0 / 72.0).abs() < 1e-9, "{:?}", of(0));
        assert_eq!(told[1].figures, None);
    }
}
