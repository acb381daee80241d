//! What to find out first: the open fact that, once known, would change most of what is said.
//!
//! From the draws that were made anyway. A fact is whatever is drawn once a draw: a parameter, a
//! call count, an unknown. Its values are parted into quarters. First it is asked what knowing the
//! quarter is worth to the choice of what to build (the expected value of partial perfect
//! information); then in how many draws a verdict would be another one; then by how much the band
//! of all together would be narrower. A fact counts only where it beats shufflings of its values:
//! by chance alone any parting of the draws is worth something.

use super::published_claims::PublishedClaim;
use super::verdict::{ClaimEvidence, judge_claim};
use crate::seed::Seed;
use crate::study::stats::quantile::{CredibleBand, quantile_of_sorted};
use crate::study::stats::random_draws::draw_below;
use crate::units::{BASIS_POINTS, saturate_to_i64, scale_by_ratio};

/// Shufflings that a fact has to beat.
const SHUFFLINGS: u64 = 20;
/// Parts of the draws by a fact's values.
const PARTS: usize = 4;
/// Fewer draws than these say nothing of a quarter.
const FEWEST_DRAWS: usize = 100;

/// Something open, with its value in each draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFact {
    /// What it is, in words.
    pub name: String,
    /// Its values, draw after draw.
    pub values: Vec<i64>,
}

/// What knowing a fact would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnowledgeEffect {
    /// The choice of what to build with so many points of work: more is saved on average, in the
    /// figure that sets are ranked by (millionths of a dollar, or tokens).
    Order {
        /// Points of work.
        effort: u32,
        /// What is saved more.
        gain: i64,
    },
    /// The verdict on a claim.
    Verdict {
        /// The claim's id.
        claim: String,
        /// In how many of the draws, in ten-thousandths.
        share_bp: i64,
    },
    /// The band of all together, which is narrower by so much, in ten-thousandths.
    Band(i64),
}

/// The open fact to find out first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstQuestion {
    /// What is open.
    pub fact: String,
    /// What knowing it would change.
    pub effect: KnowledgeEffect,
}

/// What the draws say, as far as knowing a fact may change it.
#[derive(Debug)]
pub struct DrawnResults<'a> {
    /// Points of work up to which one may stop.
    pub effort: u32,
    /// What each set of toggles of no more effort saves, by draw; draws without a lattice are
    /// missing at the end.
    pub sets: Vec<Vec<i64>>,
    /// The claims.
    pub claims: Vec<DrawnClaim<'a>>,
    /// What all toggles together save, by draw.
    pub joint: Vec<i64>,
}

/// What the draws say of a claim.
#[derive(Debug)]
pub struct DrawnClaim<'a> {
    /// The claim.
    pub claim: &'a PublishedClaim,
    /// The most that is possible in any draw.
    pub bound: i64,
    /// What is saved of it, by draw.
    pub saved: Vec<i64>,
}

/// The fact to find out first; `None` where knowing none of them changes anything.
#[must_use]
pub fn find_first_question(
    facts: &[OpenFact],
    results: &DrawnResults<'_>,
    seed: Seed,
) -> Option<FirstQuestion> {
    if results.joint.len() < FEWEST_DRAWS {
        return None;
    }
    let most_of = |score: &dyn Fn(&[usize]) -> i64| {
        let scored = facts.iter().filter_map(|fact| {
            let amount = score_beyond_chance(fact, score, seed)?;
            Some((amount, fact))
        });
        // Of equal ones the first in the list.
        scored.reduce(|most, next| if next.0 > most.0 { next } else { most })
    };
    // What changes the decision goes before what changes a verdict, and that before a band.
    if results.sets.len() >= FEWEST_DRAWS
        && let Some((gain, fact)) = most_of(&|parts| results.gain_of_choice(parts))
    {
        let effect = KnowledgeEffect::Order { effort: results.effort, gain };
        return Some(FirstQuestion { fact: fact.name.clone(), effect });
    }
    let mut verdict: Option<(i64, FirstQuestion)> = None;
    for (at, DrawnClaim { claim, .. }) in results.claims.iter().enumerate() {
        let Some((share_bp, fact)) = most_of(&|parts| results.share_of_other_verdicts(at, parts))
        else {
            continue;
        };
        if verdict.as_ref().is_none_or(|(most, _)| share_bp > *most) {
            let effect = KnowledgeEffect::Verdict { claim: claim.id.clone(), share_bp };
            verdict = Some((share_bp, FirstQuestion { fact: fact.name.clone(), effect }));
        }
    }
    verdict.map(|(_, question)| question).or_else(|| {
        let (narrower_bp, fact) = most_of(&|parts| results.narrowing_of_band(parts))?;
        let effect = KnowledgeEffect::Band(narrower_bp);
        Some(FirstQuestion { fact: fact.name.clone(), effect })
    })
}

/// What a fact scores, where that is more than nothing and than any shuffling of its values.
fn score_beyond_chance(
    fact: &OpenFact,
    score: &dyn Fn(&[usize]) -> i64,
    seed: Seed,
) -> Option<i64> {
    let mut parts = parts_by_value(&fact.values);
    let amount = score(&parts);
    if amount <= 0 {
        return None;
    }
    let mut rng = seed.random_stream("shuffled fact", fact.name.as_bytes());
    // A shuffled fact knows nothing. What it scores all the same is chance.
    for _ in 0..SHUFFLINGS {
        // Fisher and Yates: from the end on, each place swaps with one at or before it.
        for last in (1..parts.len()).rev() {
            parts.swap(last, draw_below(last as i64 + 1, &mut rng) as usize);
        }
        if score(&parts) >= amount {
            return None;
        }
    }
    Some(amount)
}

/// The quarter of each draw by the value of a fact; equal values share one.
fn parts_by_value(values: &[i64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let cuts = (1..PARTS).filter_map(|at| quantile_of_sorted(&sorted, at as f64 / PARTS as f64));
    let cuts: Vec<i64> = cuts.collect();
    values.iter().map(|value| cuts.iter().filter(|cut| value > cut).count()).collect()
}

/// The values of each part.
fn values_by_part(values: &[i64], parts: &[usize]) -> Vec<Vec<i64>> {
    let mut by_part = vec![Vec::new(); PARTS];
    for (value, &part) in values.iter().zip(parts) {
        by_part[part].push(*value);
    }
    by_part.retain(|values| !values.is_empty());
    by_part
}

fn band_width(values: &[i64]) -> i64 {
    let band = CredibleBand::from_values(values.iter().copied());
    band.p90 - band.p10
}

impl DrawnResults<'_> {
    /// How much more is saved on average where each part builds what is best in it.
    fn gain_of_choice(&self, parts: &[usize]) -> i64 {
        let count = self.sets.first().map_or(0, Vec::len);
        let mut sums = vec![vec![0_i128; count]; PARTS];
        for (saved, &part) in self.sets.iter().zip(parts) {
            for (sum, &amount) in sums[part].iter_mut().zip(saved) {
                *sum += i128::from(amount);
            }
        }
        // Without the fact one set is built in all parts.
        let whole: Vec<i128> =
            (0..count).map(|at| sums.iter().map(|part| part[at]).sum()).collect();
        // With it each part builds the one that saves most there.
        let informed: i128 = sums.iter().filter_map(|sums| sums.iter().max()).sum();
        let best_of_whole = whole.iter().max().copied().unwrap_or_default();
        let gain = (informed - best_of_whole) / (self.sets.len().max(1) as i128);
        saturate_to_i64(gain)
    }

    /// The share of draws whose part would be judged in another way, in ten-thousandths.
    fn share_of_other_verdicts(&self, claim: usize, parts: &[usize]) -> i64 {
        let DrawnClaim { claim, bound, saved } = &self.claims[claim];
        let judge = |saved: &[i64]| {
            let band = CredibleBand::from_values(saved.iter().copied());
            judge_claim(&ClaimEvidence::for_claim(claim, &(band.p10..=band.p90), *bound))
        };
        let usual = judge(saved);
        let others = values_by_part(saved, parts);
        // Parts whose own band would be judged in another way than the whole.
        let others = others.iter().filter(|saved| judge(saved) != usual);
        let draws: usize = others.map(Vec::len).sum();
        scale_by_ratio(draws as i64, BASIS_POINTS, saved.len().max(1) as i64)
    }

    /// By how much the band of all together is narrower within the parts, in ten-thousandths.
    fn narrowing_of_band(&self, parts: &[usize]) -> i64 {
        let all = band_width(&self.joint);
        // Widths of the parts, each by how many draws are in it.
        let within: i128 = values_by_part(&self.joint, parts)
            .iter()
            .map(|values| i128::from(band_width(values)) * values.len() as i128)
            .sum();
        let within = i64::try_from(within / self.joint.len().max(1) as i128).unwrap_or(all);
        if all > 0 { scale_by_ratio(all - within, BASIS_POINTS, all) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: i64 = 400;

    /// A fact of four values, and one that has nothing to do with anything.
    fn facts() -> [OpenFact; 2] {
        let noise = |at: i64| (at * 7_919 + 13) % 401;
        [
            OpenFact { name: "noise".to_owned(), values: (0..DRAWS).map(noise).collect() },
            OpenFact { name: "cause".to_owned(), values: (0..DRAWS).map(|at| at % 4).collect() },
        ]
    }

    fn claim() -> PublishedClaim {
        PublishedClaim {
            id: "claim".to_owned(),
            toggles: vec!["T".to_owned()],
            step: String::new(),
            metric: "read".to_owned(),
            saving: 100..=100,
            rounded: 95..=105,
            share_bp: None,
            is_direction: false,
        }
    }

    fn find(results: &DrawnResults<'_>) -> Option<FirstQuestion> {
        find_first_question(&facts(), results, Seed(1))
    }

    fn check(results: &DrawnResults<'_>, effect: KnowledgeEffect) {
        assert_eq!(find(results), Some(FirstQuestion { fact: "cause".to_owned(), effect }));
    }

    #[test]
    fn a_fact_that_turns_the_choice_comes_first() {
        // One set saves 100 always, the other 160 in a quarter of the draws and 60 else: knowing
        // the quarter is worth 15.
        let sets = (0..DRAWS).map(|at| vec![100, if at % 4 == 0 { 160 } else { 60 }]).collect();
        let results = DrawnResults {
            effort: 3,
            sets,
            claims: Vec::new(),
            joint: (0..DRAWS).map(|at| at % 4).collect(),
        };
        check(&results, KnowledgeEffect::Order { effort: 3, gain: 15 });
    }

    #[test]
    fn then_one_that_turns_a_verdict_and_then_one_that_narrows_the_band() {
        let claim = claim();
        // 100 in three quarters of the draws, 40 in the last one: too low a band there.
        let saved: Vec<i64> =
            (0..DRAWS).map(|at| if at % 4 == 3 { 40 } else { 90 + at % 20 }).collect();
        let mut results = DrawnResults {
            effort: 3,
            sets: vec![vec![5, 4]; DRAWS as usize],
            claims: vec![DrawnClaim { claim: &claim, bound: 110, saved }],
            joint: (0..DRAWS).map(|at| 1_000 * (at % 4) + at % 7).collect(),
        };
        let share_bp = 2_500;
        check(&results, KnowledgeEffect::Verdict { claim: "claim".to_owned(), share_bp });
        results.claims.clear();
        let question = find(&results).expect("a fact");
        assert_eq!(question.fact, "cause");
        assert!(matches!(question.effect, KnowledgeEffect::Band(bp) if bp > 9_900), "{question:?}");
    }

    #[test]
    fn chance_is_no_answer() {
        let joint = (0..DRAWS).map(|at| (at * 104_729) % 997).collect();
        let sets = vec![vec![1, 2]; DRAWS as usize];
        let results = DrawnResults { effort: 1, sets, claims: Vec::new(), joint };
        assert_eq!(find(&results), None);
        let few = DrawnResults { joint: vec![0; 50], ..results };
        assert_eq!(find(&few), None);
    }
}
