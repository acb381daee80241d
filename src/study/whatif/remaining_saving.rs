//! What is left of a toggle's saving once the others are on, and who takes the rest.

use super::headline::HeadlineMetric;
use super::marginal_savings::savings_shared_by_pairs;
use super::shapley::Attribution;
use crate::plan::Plan;
use crate::units::{BASIS_POINTS, ratio_bp};

/// A toggle that saves this part of what it saves alone after all the others adds to them, in
/// ten-thousandths.
const ADDS_BP: i64 = 8_000;
/// One that saves less than this part does not.
const PARTLY_BP: i64 = 2_000;
/// The part of what is lost that makes one other toggle its only cause.
const ONE_TAKER_BP: i64 = 8_000;
/// Takers that are named.
const MOST_TAKERS: usize = 2;

/// What is left of a saving with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemainingSaving {
    /// At least four fifths.
    Adds,
    /// A part; the other toggle takes most of the rest.
    PartlyWith(Vec<&'static str>),
    /// Less than a fifth: one other toggle saves the same.
    InsteadOf(&'static str),
    /// Less than a fifth: several others take it, the first ones most.
    NothingLeftAfter(Vec<&'static str>),
}

impl RemainingSaving {
    /// The words for it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Adds => "adds".to_owned(),
            Self::PartlyWith(takers) => format!("partly with {}", taker_words(takers)),
            Self::InsteadOf(taker) => format!("instead of {taker}"),
            Self::NothingLeftAfter(takers) => {
                format!("nothing left after {}", taker_words(takers))
            }
        }
    }
}

fn taker_words(takers: &[&str]) -> String {
    // Three toggles together may take what no two of them do.
    if takers.is_empty() { "the others".to_owned() } else { takers.join(" and ") }
}

/// What is left of a saving `alone` where `last` remains after all others, each of which takes
/// something of it by itself; `None` where the toggle saves nothing alone.
fn remaining_saving(
    alone: i64,
    last: i64,
    mut taken: Vec<(&'static str, i64)>,
) -> Option<RemainingSaving> {
    // Also what saves nothing alone and something with others adds to them.
    let left_bp = if alone > 0 { ratio_bp(last, alone) } else { BASIS_POINTS };
    if left_bp >= ADDS_BP {
        return (alone.max(last) > 0).then_some(RemainingSaving::Adds);
    }
    let lost = alone - last;
    taken.retain(|(_, amount)| *amount > 0);
    // Stable: of equal ones the first in the list.
    taken.sort_by_key(|(_, amount)| -amount);
    if left_bp >= PARTLY_BP {
        let takers = taken.iter().take(1).map(|(id, _)| *id);
        return Some(RemainingSaving::PartlyWith(takers.collect()));
    }
    Some(match taken[..] {
        [(taker, amount), ..] if ratio_bp(amount, lost) >= ONE_TAKER_BP => {
            RemainingSaving::InsteadOf(taker)
        }
        _ => {
            let takers = taken.iter().take(MOST_TAKERS).map(|(id, _)| *id);
            RemainingSaving::NothingLeftAfter(takers.collect())
        }
    })
}

/// What is left of each toggle with all the others.
#[must_use]
pub fn remaining_savings(
    plan: &Plan,
    ids: &[&'static str],
    attribution: &Attribution,
    headline: HeadlineMetric,
) -> Vec<Option<RemainingSaving>> {
    let shared = savings_shared_by_pairs(plan, ids.len());
    let amounts = attribution.alone.iter().zip(&attribution.last).enumerate();
    amounts
        .map(|(at, (alone, last))| {
            let taken = ids.iter().enumerate().filter(|(other, _)| *other != at);
            let taken = taken.map(|(other, id)| {
                // Pairs are kept with the smaller index first.
                let pair = (at.min(other), at.max(other));
                let saving = shared.get(&pair).copied().unwrap_or_default();
                (*id, headline.amount_in_saving(&saving))
            });
            let (alone, last) = (headline.amount_in_saving(alone), headline.amount_in_saving(last));
            remaining_saving(alone, last, taken.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(alone: i64, last: i64, taken: &[(&'static str, i64)], words: Option<&str>) {
        let left = remaining_saving(alone, last, taken.to_vec());
        assert_eq!(left.map(|it| it.words()).as_deref(), words, "{alone} {last} {taken:?}");
    }

    #[test]
    fn each_word_begins_where_it_should() {
        check(1_000, 1_200, &[("A", -200)], Some("adds"));
        check(1_000, 800, &[("A", 200)], Some("adds"));
        check(1_000, 799, &[("A", 100), ("B", 101)], Some("partly with B"));
        check(1_000, 200, &[("A", 800)], Some("partly with A"));
        check(1_000, 199, &[("A", 641), ("B", 160)], Some("instead of A"));
        check(1_000, 199, &[("A", 600), ("B", 100)], Some("nothing left after A and B"));
        check(1_000, -50, &[("B", 300), ("A", 300), ("C", 2)], Some("nothing left after B and A"));
        check(1_000, 0, &[], Some("nothing left after the others"));
        check(0, 10, &[], Some("adds"));
        check(0, 0, &[], None);
        check(-10, -20, &[], None);
    }
}
