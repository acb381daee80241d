//! The comparison: every toggle alone, last, and all of them together.

use super::claims::{Evidence, Verdict, judge};
use super::sides::{Saving, Side, Step, by_step};
use crate::intervene::{self, Params};
use crate::plan::{Patch, Plan, Subset};
use crate::price::{MissingPrice, Pricing};
use crate::reconstruct::{Figure, Reported};
use crate::recording::Recording;
use crate::scenario::Chosen;
use std::ops::RangeInclusive;

/// A published saving of one toggle or of several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedClaim {
    /// Its id: the toggle's for a claim on one toggle.
    pub id: String,
    /// The toggles that should save it.
    pub toggles: Vec<String>,
    /// The step it speaks of; empty for the whole pipeline.
    pub step: String,
    /// What falls: `read` or `calls`.
    pub metric: String,
    /// By how much, lowest and highest, as published.
    pub saving: RangeInclusive<i64>,
    /// The same with the rounding of its figures: what a verdict allows it.
    pub rounded: RangeInclusive<i64>,
    /// The same as a share of the baseline in ten-thousandths, where the source prints one.
    pub share_bp: Option<RangeInclusive<i64>>,
}

/// Every claim of a reported pipeline that names a number.
#[must_use]
pub fn published(reported: &Reported) -> Vec<PublishedClaim> {
    let mut claims = Vec::new();
    for claim in &reported.claims {
        if let Some((low, high)) = claim.bounds() {
            claims.push(PublishedClaim {
                id: claim.toggle.clone(),
                toggles: vec![claim.toggle.clone()],
                step: String::new(),
                metric: claim.metric.clone(),
                saving: low..=high,
                rounded: low - slack(low)..=high + slack(high),
                share_bp: None,
            });
        }
    }
    for combined in &reported.combined {
        let (from, to) = (&combined.from, &combined.to);
        let (low, high) = (from.low - to.high, from.high - to.low);
        claims.push(PublishedClaim {
            id: combined.id.clone(),
            toggles: combined.toggles.clone(),
            step: combined.step.clone(),
            metric: combined.metric.clone(),
            saving: low..=high,
            rounded: low - slack(to.high)..=high + slack(to.low),
            share_bp: combined.share.as_ref().map(|share: &Figure| share.low..=share.high),
        });
    }
    claims
}

/// An estimate is as fine as its last digit that is not zero: 200K may be 150K to 250K.
fn slack(estimate: i64) -> i64 {
    let mut unit = 1;
    while estimate != 0 && estimate % (unit * 10) == 0 {
        unit *= 10;
    }
    unit / 2
}

/// One toggle in a comparison.
#[derive(Clone, Debug)]
pub struct ToggleResult {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its parameters.
    pub params: Params,
    /// Places where it applies.
    pub found: u32,
    /// Tokens that it touches.
    pub touched: i64,
    /// What it saves on its own.
    pub alone: Saving,
    /// What it saves after all the others.
    pub last: Saving,
    /// What its best corner saves on its own, in the claim's metric.
    pub at_most: Option<i64>,
    /// What is claimed for it.
    pub claim: Option<PublishedClaim>,
    /// What is said about the claim, in tokens.
    pub verdict: Verdict,
    /// The same in dollars: the claimed tokens at their class's price against all that is saved.
    pub verdict_usd: Verdict,
    /// What to tell the reader.
    pub notes: Vec<String>,
}

/// A claim on several toggles in a comparison.
#[derive(Clone, Debug)]
pub struct CombinedResult {
    /// The claim.
    pub claim: PublishedClaim,
    /// What the replay saves in its metric.
    pub replayed: i64,
    /// What the replay has before, in its metric.
    pub baseline: i64,
    /// What the best corners save.
    pub at_most: i64,
    /// What is said about it, in the claim's metric.
    pub verdict: Verdict,
    /// The claimed share against the share of dollars saved, where a share is claimed.
    pub verdict_usd: Option<Verdict>,
}

/// A finished comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The plan that was replayed; bit k is toggle k.
    pub plan: Plan,
    /// Nothing toggled.
    pub baseline: Side,
    /// Everything toggled.
    pub variant: Side,
    /// Step by step, nothing toggled.
    pub baseline_steps: Vec<Step>,
    /// Step by step, everything toggled.
    pub variant_steps: Vec<Step>,
    /// Each toggle.
    pub toggles: Vec<ToggleResult>,
    /// All together.
    pub joint: Saving,
    /// What each toggle adds when they are switched on one after the other, in their order.
    pub stepwise: Vec<Saving>,
    /// Sum of the toggles alone minus the joint saving, in cache reads: what a plain sum of the
    /// list would count twice (negative where toggles help each other).
    pub overlap_read: i64,
    /// Claims on several toggles.
    pub combined: Vec<CombinedResult>,
}

/// Compares a recording with and without the chosen toggles.
///
/// # Errors
/// A model without a price.
pub fn compare(
    recording: &Recording,
    chosen: &[Chosen],
    pricing: &Pricing,
    claims: &[PublishedClaim],
) -> Result<Comparison, MissingPrice> {
    let patches: Vec<Patch> = chosen.iter().map(|c| c.toggle.patch(recording, &c.params)).collect();
    let plan = Plan::compile(recording, &patches, pricing)?;
    let all = subset_of_first(patches.len());
    let baseline = Side::replay(&plan, 0);
    let variant = Side::replay(&plan, all);
    let joint = Saving::between(&baseline, &variant);
    let lab = Lab { recording, chosen, patches: &patches, plan: &plan, pricing, baseline };
    let mut toggles = Vec::with_capacity(chosen.len());
    for index in 0..chosen.len() {
        let without = Side::totals(&plan, all & !(1 << index));
        let last = Saving::between(&without, &variant);
        toggles.push(lab.toggle(index, last, claims)?);
    }
    let on_the_way: Vec<Side> =
        (0..=chosen.len()).map(|n| Side::totals(&plan, subset_of_first(n))).collect();
    let stepwise = on_the_way.windows(2).map(|pair| Saving::between(&pair[0], &pair[1])).collect();
    let alone: i64 = toggles.iter().map(|toggle| toggle.alone.usage.read).sum();
    let mut combined = Vec::new();
    for claim in claims.iter().filter(|claim| claim.toggles.len() > 1) {
        combined.extend(lab.combined(claim)?);
    }
    Ok(Comparison {
        baseline_steps: by_step(recording, &plan, 0),
        variant_steps: by_step(recording, &plan, all),
        baseline,
        variant,
        toggles,
        joint,
        stepwise,
        overlap_read: alone - joint.usage.read,
        combined,
        plan,
    })
}

/// The subset of the first `n` toggles.
#[must_use]
pub fn subset_of_first(n: usize) -> Subset {
    if n >= 64 { Subset::MAX } else { (1 << n) - 1 }
}

/// Everything a comparison works with.
struct Lab<'a> {
    recording: &'a Recording,
    chosen: &'a [Chosen],
    patches: &'a [Patch],
    plan: &'a Plan,
    pricing: &'a Pricing,
    baseline: Side,
}

impl Lab<'_> {
    fn toggle(
        &self,
        index: usize,
        last: Saving,
        claims: &[PublishedClaim],
    ) -> Result<ToggleResult, MissingPrice> {
        let Chosen { toggle, params, .. } = &self.chosen[index];
        let patch = &self.patches[index];
        let card = toggle.card();
        let alone = Saving::between(&self.baseline, &Side::totals(self.plan, 1 << index));
        let claim = claims.iter().find(|claim| claim.toggles == [card.id]).cloned();
        let testable = claim.as_ref().filter(|_| patch.found > 0);
        let (mut verdict, mut verdict_usd, mut at_most) =
            (Verdict::NotTestable, Verdict::NotTestable, None);
        if let Some(claim) = testable {
            let best = self.best_corner(&[index], |saving| metric(&claim.metric, saving))?;
            let evidence = |claimed: RangeInclusive<i64>, of: &dyn Fn(&Saving) -> i64, most| {
                let (a, b) = (of(&alone), of(&last));
                Evidence { claimed, replayed: a.min(b)..=a.max(b), at_most: most }
            };
            let of = |saving: &Saving| metric(&claim.metric, saving);
            verdict = judge(&evidence(claim.rounded.clone(), &of, best.0));
            if let Some(worth) = self.worth(claim) {
                verdict_usd = judge(&evidence(worth, &micro_usd, best.1));
            }
            at_most = Some(best.0);
        }
        Ok(ToggleResult {
            id: card.id,
            title: card.title,
            params: params.clone(),
            found: patch.found,
            touched: intervene::tokens_touched(self.recording, patch),
            alone,
            last,
            at_most,
            claim,
            verdict,
            verdict_usd,
            notes: patch.notes.clone(),
        })
    }

    /// The claimed tokens at the price of cache reads, in millionths of a dollar.
    fn worth(&self, claim: &PublishedClaim) -> Option<RangeInclusive<i64>> {
        let [price] = &self.plan.prices[..] else {
            return None;
        };
        let at = |tokens: i64| tokens * price.base.read / 1_000_000;
        (claim.metric == "read").then(|| at(*claim.rounded.start())..=at(*claim.rounded.end()))
    }

    /// The most that these toggles could save, over all corners of their parameters: in a metric,
    /// and in millionths of a dollar. Each toggle's corners are tried with the others at theirs.
    fn best_corner(
        &self,
        indexes: &[usize],
        of: impl Fn(&Saving) -> i64,
    ) -> Result<(i64, i64), MissingPrice> {
        let mut best = (i64::MIN, i64::MIN);
        let corners: Vec<Vec<Patch>> = indexes
            .iter()
            .map(|&index| {
                let chosen = &self.chosen[index];
                let patch = |params: &Params| chosen.toggle.patch(self.recording, params);
                chosen.corners().iter().map(patch).collect()
            })
            .collect();
        // Toggles are improved one after the other until a whole round improves nothing.
        let mut picked: Vec<usize> = vec![0; corners.len()];
        let mut here = i64::MIN;
        loop {
            let before = here;
            for turn in 0..corners.len() {
                let kept = picked[turn];
                let mut friendliest = kept;
                for corner in 0..corners[turn].len() {
                    picked[turn] = corner;
                    let patches: Vec<Patch> =
                        corners.iter().zip(&picked).map(|(of, &at)| of[at].clone()).collect();
                    let plan = Plan::compile(self.recording, &patches, self.pricing)?;
                    let side = Side::totals(&plan, subset_of_first(patches.len()));
                    let saving = Saving::between(&self.baseline, &side);
                    best = (best.0.max(of(&saving)), best.1.max(micro_usd(&saving)));
                    if of(&saving) > here {
                        (here, friendliest) = (of(&saving), corner);
                    }
                }
                picked[turn] = friendliest;
            }
            if here == before || corners.len() < 2 {
                break;
            }
        }
        Ok(best)
    }

    /// Judges a claim on several toggles; `None` if one of them is not among the chosen ones.
    fn combined(&self, claim: &PublishedClaim) -> Result<Option<CombinedResult>, MissingPrice> {
        let index_of =
            |id: &String| self.chosen.iter().position(|c| c.toggle.card().id == id.as_str());
        let Some(indexes) = claim.toggles.iter().map(index_of).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let subset = indexes.iter().fold(0, |subset, index| subset | 1 << index);
        let before = self.in_metric(claim, 0, self.plan);
        let replayed = before - self.in_metric(claim, subset, self.plan);
        let at_most = self.best_of_step(claim, &indexes)?;
        let verdict = judge(&Evidence {
            claimed: claim.rounded.clone(),
            replayed: replayed..=replayed,
            at_most: at_most.0,
        });
        let verdict_usd = claim.share_bp.as_ref().map(|share| {
            let side = Side::totals(self.plan, subset);
            let saved = |micro: i64| share_bp(micro, micro_usd_of(&self.baseline));
            let saving = Saving::between(&self.baseline, &side);
            let met = saved(micro_usd(&saving));
            judge(&Evidence {
                claimed: share.clone(),
                replayed: met..=met,
                at_most: saved(at_most.1),
            })
        });
        let claim = claim.clone();
        Ok(Some(CombinedResult {
            claim,
            replayed,
            baseline: before,
            at_most: at_most.0,
            verdict,
            verdict_usd,
        }))
    }

    fn best_of_step(
        &self,
        claim: &PublishedClaim,
        indexes: &[usize],
    ) -> Result<(i64, i64), MissingPrice> {
        if claim.step.is_empty() {
            return self.best_corner(indexes, |saving| metric(&claim.metric, saving));
        }
        // A step's best is bounded by the best of the whole pipeline restricted to its sessions.
        let only = self.recording.of_step(&claim.step);
        let pricing = self.pricing;
        let chosen = self.chosen;
        let patches: Vec<Patch> = chosen.iter().map(|c| c.toggle.patch(&only, &c.params)).collect();
        let plan = Plan::compile(&only, &patches, pricing)?;
        let baseline = Side::totals(&plan, 0);
        let lab =
            Lab { recording: &only, chosen, patches: &patches, plan: &plan, pricing, baseline };
        lab.best_corner(indexes, |saving| metric(&claim.metric, saving))
    }

    fn in_metric(&self, claim: &PublishedClaim, subset: Subset, plan: &Plan) -> i64 {
        by_step(self.recording, plan, subset)
            .iter()
            .filter(|step| claim.step.is_empty() || step.name == claim.step)
            .map(|step| if claim.metric == "calls" { step.calls } else { step.usage.read })
            .sum()
    }
}

fn metric(name: &str, saving: &Saving) -> i64 {
    if name == "calls" { saving.calls } else { saving.usage.read }
}

fn micro_usd(saving: &Saving) -> i64 {
    to_micro(saving.cost.recorded.0 + saving.cost.hidden.0)
}

fn micro_usd_of(side: &Side) -> i64 {
    to_micro(side.cost.recorded.0 + side.cost.hidden.0)
}

fn to_micro(pico: i128) -> i64 {
    i64::try_from(pico / 1_000_000).unwrap_or(i64::MAX)
}

fn share_bp(part: i64, whole: i64) -> i64 {
    crate::units::scaled(part, crate::units::BASIS_POINTS, whole)
}
