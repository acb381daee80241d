//! Published savings: what a source says that toggles save, alone or together.

use super::sides::Saving;
use crate::reconstruct::{Figure, Reported};
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

impl PublishedClaim {
    /// A saving in the claim's metric.
    #[must_use]
    pub fn of(&self, saving: &Saving) -> i64 {
        if self.metric == "calls" { saving.calls } else { saving.usage.read }
    }
}
