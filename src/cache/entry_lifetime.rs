//! Automatic caches: whether an entry outlives a wait is chance, and the chances are known.
//!
//! One number decides, the *luck* of a look, uniform over ten-thousandths: the entry is alive after
//! a wait whose chance of a hit is above it. Chances fall with the wait, so a luck is a lifetime.
//! What was recorded bounds the luck: a hit says that it was below the chance at that wait, a miss
//! that it was not. A what-if keeps the luck within these bounds, so that an untouched replay is
//! exact in every draw, and only looks after other waits can change.

use super::{CacheLookup, CacheRules, Policy};
use crate::kinds::CacheBreak;
use crate::models::{self, AUTOMATIC_LOOKUP_STEP};
use crate::units::{BASIS_POINTS, share_of};
use std::ops::Range;

/// Waits, in milliseconds, below which a [`HitCurve`] has one chance each.
pub(crate) const WAITS_BELOW_MS: [i64; 4] = [60_000, 300_000, 3_600_000, i64::MAX];

/// The first calls of a subagent that starts without a history: siblings start alike and at once,
/// and are spread over machines. Source: MODEL.md, "Automatic caches".
const YOUNG_CALLS: u32 = 10;

/// Chance of a hit of such a call within the first minute. Source: likewise.
const YOUNG_HITS_BP: i64 = 8_350;

/// Chances, in ten-thousandths, that an entry is alive after a wait below `WAITS_BELOW_MS`.
pub type HitCurve = [i64; 4];

/// The chances of a call's look: by its model, and by its place in a subagent's session.
#[must_use]
pub(crate) fn hit_curve(model: &str, is_subagent: bool, place: u32) -> HitCurve {
    let curve = models::facts_of_model(model).automatic_hits_bp;
    if is_subagent && place <= YOUNG_CALLS {
        // Chances fall with the wait, else a luck would be no lifetime.
        curve.map(|chance| chance.min(YOUNG_HITS_BP))
    } else {
        curve
    }
}

/// Of what was cached, in ten-thousandths: a read above this share is a hit, whatever is missing
/// of it. Source: MODEL.md, "Automatic caches".
const HIT_SHARE_BP: i64 = 5_000;

/// The luck of one look into an automatic cache, and what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryLifetime {
    /// Lucks that agree with what was recorded.
    pub from_bp: i64,
    /// The first one that does not.
    pub to_bp: i64,
    /// How long the entry lives, milliseconds.
    pub lives_ms: i64,
    /// By how much a hit read more than was cached.
    pub shift: i64,
    /// What a miss read, where one was recorded.
    pub read_on_miss: Option<i64>,
    /// The chances that it was drawn from.
    pub curve: HitCurve,
}

impl EntryLifetime {
    /// Of a look that nothing was recorded of.
    #[must_use]
    pub(crate) fn unrecorded(curve: HitCurve) -> Self {
        Self {
            from_bp: 0,
            to_bp: BASIS_POINTS,
            lives_ms: lifetime_of_draw_ms(&curve, BASIS_POINTS / 2),
            shift: 0,
            read_on_miss: None,
            curve,
        }
    }

    /// Of a recorded look that read so much; its median luck until another one is drawn. `kept` is
    /// the most that it could find: less than what was cached where a prompt dropped the end of it.
    #[must_use]
    pub(crate) fn from_recorded_read(
        lookup: &CacheLookup,
        kept: i64,
        read: i64,
        curve: HitCurve,
    ) -> Self {
        let unrecorded = Self::unrecorded(curve);
        let Some(prior) = lookup.prior else { return unrecorded };
        let cached = prior.cached.min(lookup.context);
        let kept = kept.min(cached);
        let chance = hit_chance_bp(&curve, prior.gap_ms);
        // A read of everything that was kept is a hit; so is one of most of it, unless it stops
        // at the static prefix, which other sessions keep warm whatever became of this entry.
        let part = read * BASIS_POINTS > kept * HIT_SHARE_BP;
        let luck = if read >= kept || part && read > lookup.static_prefix {
            // What a prompt dropped keeps its recorded size in a what-if, as a cut does.
            Self { to_bp: chance, shift: read - cached, ..unrecorded }
        } else {
            Self { from_bp: chance, read_on_miss: Some(read), ..unrecorded }
        };
        // The middle of what agrees stands until a draw picks another one.
        luck.with_draw(i64::midpoint(luck.from_bp, luck.to_bp))
    }

    /// The same with this luck.
    #[must_use]
    pub(crate) fn with_draw(self, luck_bp: i64) -> Self {
        Self { lives_ms: lifetime_of_draw_ms(&self.curve, luck_bp), ..self }
    }

    /// The lucks that agree with what was recorded.
    #[must_use]
    pub(crate) fn draw_range(&self) -> Range<i64> {
        self.from_bp..self.to_bp
    }

    /// The read of a look after whatever wait it now has.
    #[inline]
    #[must_use]
    pub fn read_tokens<P: Policy>(&self, policy: &P, lookup: &CacheLookup) -> i64 {
        // A call may start before the one before it is over: no wait.
        let gap_ms = lookup.prior.map_or(0, |prior| prior.gap_ms.max(0));
        // A known event breaks the cache however long the entry lives, and a bound knows no chance.
        let read = if !P::HAS_SHOCKS || lookup.cache_break != CacheBreak::No {
            policy.read_tokens(lookup)
        } else if gap_ms < self.lives_ms {
            policy.read_tokens_if_alive(lookup) + self.shift
        } else {
            self.read_on_miss.unwrap_or(lookup.warm_prefix)
        };
        read.clamp(0, lookup.context)
    }
}

/// Of an answer that an automatic cache keeps so many of the last tokens are not found.
/// Source: MODEL.md, "Automatic caches".
const ANSWER_SHORT: i64 = 52;

/// Where hits of a session may end on an automatic cache: at steps, the first of which its first
/// read shows. A replay keeps what was recorded beyond; this is for looks of which nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HitGrid {
    step: i64,
    offset: i64,
    keeps_answer: bool,
}

impl HitGrid {
    /// After a call of this model, in a session whose first call read so much.
    #[must_use]
    pub fn of_call(rules: CacheRules, model: &str, first_read: i64) -> Self {
        if rules.keeps_answer {
            return Self { step: AUTOMATIC_LOOKUP_STEP, offset: 0, keeps_answer: true };
        }
        let step = models::facts_of_model(model).hit_step;
        Self { step, offset: first_read % step, keeps_answer: false }
    }

    /// What a hit finds of a call that sent `context` and produced `answer`.
    #[must_use]
    pub fn found_tokens(&self, context: i64, answer: i64) -> i64 {
        let end = if self.keeps_answer { context + answer - ANSWER_SHORT } else { context };
        (end - (end - self.offset).rem_euclid(self.step)).max(0)
    }
}

/// What a look into an automatic cache reads on average, where nothing was recorded of it; `None`
/// where it looks up nothing or a known event broke the cache.
#[must_use]
pub(crate) fn expected_read(lookup: &CacheLookup, curve: &HitCurve) -> Option<i64> {
    let prior = lookup.prior.filter(|_| lookup.cache_break == CacheBreak::No)?;
    let [alive, lost] = [prior.cached, lookup.warm_prefix].map(|at| at.min(lookup.context));
    Some(lost + share_of(alive - lost, hit_chance_bp(curve, prior.gap_ms)))
}

/// The chance of a hit after a wait, ten-thousandths.
#[must_use]
pub(crate) fn hit_chance_bp(curve: &HitCurve, gap_ms: i64) -> i64 {
    let at = WAITS_BELOW_MS.iter().position(|below_ms| gap_ms < *below_ms);
    at.map_or(0, |at| curve[at])
}

/// How long an entry lives for a look with this luck.
fn lifetime_of_draw_ms(curve: &HitCurve, luck_bp: i64) -> i64 {
    let alive = curve.iter().take_while(|chance| luck_bp < **chance).count();
    alive.checked_sub(1).map_or(0, |last| WAITS_BELOW_MS[last])
}

#[cfg(test)]
mod tests {
    use super::super::{
        CachedPrefix, none::NeverHitPolicy, perfect::PerfectPolicy, ttl::TtlPolicy,
    };
    use super::*;
    use crate::kinds::CacheTier;
    use crate::models::AUTOMATIC_HITS_BP as COMMON;

    fn lookup(gap_ms: i64) -> CacheLookup {
        CacheLookup {
            prior: Some(CachedPrefix {
                cached: 80_000,
                gap_ms,
                tier: CacheTier::Automatic,
                answer: 0,
            }),
            context: 82_000,
            static_prefix: 16_000,
            warm_prefix: 12_000,
            cache_break: CacheBreak::No,
            rules: CacheRules::UNKNOWN,
        }
    }

    #[test]
    fn chances_fall_and_a_luck_is_a_lifetime() {
        for (model, is_subagent) in models::MODELS
            .iter()
            .flat_map(|row| [(row.starts_with, false), (row.starts_with, true)])
        {
            for place in [1, YOUNG_CALLS, YOUNG_CALLS + 1] {
                let curve = hit_curve(model, is_subagent, place);
                assert!(curve.is_sorted_by(|a, b| a >= b), "{model} {curve:?}");
            }
        }
        for luck_bp in (0..BASIS_POINTS).step_by(7) {
            for gap_ms in [0, 59_999, 60_000, 299_999, 300_000, 3_599_999, 3_600_000, 90_000_000] {
                let alive = gap_ms < lifetime_of_draw_ms(&COMMON, luck_bp);
                assert_eq!(alive, luck_bp < hit_chance_bp(&COMMON, gap_ms), "{luck_bp} {gap_ms}");
            }
        }
        assert_eq!(
            EntryLifetime::unrecorded(COMMON).lives_ms,
            CacheTier::Automatic.ttl_ms(),
            "the median lifetime"
        );
    }

    #[test]
    fn every_luck_that_agrees_reads_what_was_recorded() {
        for gap_ms in [-500, 0, 1_000, 100_000, 400_000, 4_000_000] {
            let lookup = lookup(gap_ms);
            for read in [0, 9_000, 16_000, 30_000, 50_000, 79_872, 80_000, 81_000] {
                let luck = EntryLifetime::from_recorded_read(&lookup, 80_000, read, COMMON);
                assert!(!luck.draw_range().is_empty());
                assert_eq!(
                    luck.read_tokens(&TtlPolicy, &lookup),
                    read,
                    "the median, {gap_ms} {read}"
                );
                for luck_bp in luck.draw_range().step_by(13) {
                    assert_eq!(
                        luck.with_draw(luck_bp).read_tokens(&TtlPolicy, &lookup),
                        read,
                        "{luck_bp} {read}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_average_is_that_of_all_lucks() {
        for gap_ms in [1_000, 100_000, 400_000, 4_000_000] {
            let lookup = lookup(gap_ms);
            let lucks = 0..BASIS_POINTS;
            let sum: i64 = lucks
                .map(|luck| {
                    EntryLifetime::unrecorded(COMMON)
                        .with_draw(luck)
                        .read_tokens(&TtlPolicy, &lookup)
                })
                .sum();
            assert_eq!(expected_read(&lookup, &COMMON), Some(sum / BASIS_POINTS), "{gap_ms}");
        }
    }

    #[test]
    fn another_wait_tries_the_luck() {
        let hit = EntryLifetime::from_recorded_read(&lookup(1_000), 80_000, 79_900, COMMON);
        // Of 977 hits after a second, 928 would have been one after two minutes as well.
        assert_eq!(hit.draw_range(), 0..9_770);
        assert_eq!(hit.with_draw(9_279).read_tokens(&TtlPolicy, &lookup(120_000)), 79_900);
        assert_eq!(hit.with_draw(9_280).read_tokens(&TtlPolicy, &lookup(120_000)), 12_000);
        let miss = EntryLifetime::from_recorded_read(&lookup(120_000), 80_000, 16_000, COMMON);
        assert_eq!(miss.draw_range(), 9_280..BASIS_POINTS);
        assert_eq!(miss.with_draw(9_769).read_tokens(&TtlPolicy, &lookup(1_000)), 80_000);
        assert_eq!(miss.with_draw(9_770).read_tokens(&TtlPolicy, &lookup(1_000)), 16_000);
    }

    #[test]
    fn bounds_and_breaks_know_no_luck() {
        let hit = EntryLifetime::from_recorded_read(&lookup(1_000), 80_000, 79_000, COMMON);
        assert_eq!(hit.read_tokens(&NeverHitPolicy, &lookup(1_000)), 0);
        assert_eq!(hit.read_tokens(&PerfectPolicy, &lookup(90_000_000)), 80_000);
        let broken = CacheLookup { cache_break: CacheBreak::ToStatic, ..lookup(1_000) };
        assert_eq!(hit.read_tokens(&TtlPolicy, &broken), 16_000);
    }

    #[test]
    fn what_a_prompt_dropped_is_no_miss() {
        let curve = hit_curve("gpt-5.4", false, 40);
        let dropped = EntryLifetime::from_recorded_read(&lookup(1_000), 27_000, 26_880, curve);
        assert_eq!(dropped.draw_range(), 0..curve[0], "a hit, a few steps short");
        assert_eq!(dropped.read_tokens(&TtlPolicy, &lookup(1_000)), 26_880);
        // Against all that was cached the same read would be a miss.
        let missed = EntryLifetime::from_recorded_read(&lookup(1_000), 80_000, 26_880, curve);
        assert_eq!(missed.draw_range(), curve[0]..BASIS_POINTS);
    }

    #[test]
    fn hits_end_at_the_steps_of_their_session() {
        // By hand: 26,640 = 384 + 51 x 512 + 144; 83,000 = 768 + 80 x 1,024 + 312.
        for (version, model, first_read, (context, answer), found) in [
            ("0.133.0", "gpt-5.5", 17_792, (26_640, 272), 26_496),
            ("0.139.0", "gpt-5.5", 1_536, (26_640, 272), 26_624),
            ("0.145.0", "gpt-5.6-sol", 768, (83_000, 0), 82_688),
            ("0.130.0", "gpt-5.4", 384, (300, 0), 0),
            // The answer less 52 tokens stands in the cache too: 10,000 + 700 - 52 = 83 x 128 + 24.
            ("0.118.0", "gpt-5.4", 3_456, (10_000, 700), 10_624),
            ("0.118.0", "gpt-5.4", 3_456, (10_000, 0), 9_856),
            ("", "gpt-5.3", 0, (10_000, 700), 9_984),
        ] {
            let grid = HitGrid::of_call(CacheRules::of_version(version), model, first_read);
            assert_eq!(grid.found_tokens(context, answer), found, "{version} {model}");
        }
    }

    #[test]
    fn young_subagents_hit_less_often() {
        let [young, old, main] =
            [(true, 10), (true, 11), (false, 1)].map(|(sub, at)| hit_curve("gpt-5.5", sub, at));
        assert_eq!((young[0], young[1] <= young[0]), (YOUNG_HITS_BP, true));
        assert_eq!(old, main);
        assert!(young[0] < old[0]);
    }
}
