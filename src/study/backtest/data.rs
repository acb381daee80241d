//! The two sides: pipelines on a line of time, or in two windows.

use super::NotLooked;
use super::era::{self, Era, Rollout};
use super::look::Placed;
use super::sample::Member;
use super::table::Pipeline;
use std::collections::BTreeSet;

/// Where the two sides come from.
#[derive(Clone, Debug)]
enum Sides {
    /// Pipelines on a line of time, and rollouts on it.
    Dates(Vec<Pipeline>, Vec<Era>),
    /// Those of one window and of another.
    Windows(Vec<Pipeline>, Vec<Pipeline>),
}

/// What is known of when pipelines started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// Pipelines of which nobody wrote it down: each is taken to have started as long before its
    /// end as the longest one that is known took.
    pub unknown: u32,
    /// How long that is, milliseconds; `None` where no start is known, and ends decide alone.
    pub longest_ms: Option<i64>,
}

/// Pipelines before and after.
#[derive(Clone, Debug)]
pub struct Data {
    sides: Sides,
    starts: Starts,
    /// Pipelines that are in both windows.
    twice: u32,
}

impl Data {
    /// Pipelines on a line of time, and rollouts on it.
    ///
    /// # Errors
    /// No pipelines.
    pub fn dates(mut all: Vec<Pipeline>, rollouts: &[Rollout]) -> Result<Self, NotLooked> {
        non_empty(&all, "the table")?;
        let starts = earliest_starts(&mut [&mut all]);
        let eras = era::eras(rollouts, &all);
        Ok(Self { sides: Sides::Dates(all, eras), starts, twice: 0 })
    }

    /// Those of one window and of another. What is in both is in neither.
    ///
    /// # Errors
    /// No pipelines in one of them, or none that is not in the other.
    pub fn windows(mut before: Vec<Pipeline>, mut after: Vec<Pipeline>) -> Result<Self, NotLooked> {
        non_empty(&before, "the first window")?;
        non_empty(&after, "the second window")?;
        let names = |of: &[Pipeline]| of.iter().map(|one| one.name.clone()).collect();
        let (first, second): (BTreeSet<String>, BTreeSet<String>) = (names(&before), names(&after));
        before.retain(|one| !second.contains(&one.name));
        after.retain(|one| !first.contains(&one.name));
        for (window, side) in [("first", &before), ("second", &after)] {
            if side.is_empty() {
                return Err(NotLooked::Same(window));
            }
        }
        let starts = earliest_starts(&mut [&mut before, &mut after]);
        let twice = first.intersection(&second).count() as u32;
        Ok(Self { sides: Sides::Windows(before, after), starts, twice })
    }

    /// The rollouts, those that cannot be told apart together; one without a date for two windows.
    #[must_use]
    pub fn eras(&self) -> Vec<Era> {
        match &self.sides {
            Sides::Dates(_, eras) => eras.clone(),
            Sides::Windows(..) => {
                vec![Era { rollouts: vec![Rollout::default()], ..Era::default() }]
            }
        }
    }

    /// All pipelines.
    pub(super) fn all(&self) -> Vec<&Pipeline> {
        match &self.sides {
            Sides::Dates(all, _) => all.iter().collect(),
            Sides::Windows(before, after) => before.iter().chain(after).collect(),
        }
    }

    /// Pipelines with the stretches that they lie in, as far as they are in a window.
    pub(super) fn placed(&self, window_ms: i64) -> Placed<'_> {
        let mut placed = Placed::default();
        match &self.sides {
            Sides::Dates(all, eras) => {
                for pipeline in all {
                    match era::stretch(pipeline, eras, window_ms) {
                        Ok(Some(stretch)) => placed.members.push(Member { stretch, pipeline }),
                        Ok(None) => placed.outside += 1,
                        Err(left) => *placed.left.entry(left).or_default() += 1,
                    }
                }
            }
            Sides::Windows(before, after) => {
                let of = |side, stretch| {
                    let side: &[Pipeline] = side;
                    side.iter().map(move |pipeline| Member { stretch, pipeline })
                };
                placed.members = of(before, 0).chain(of(after, 1)).collect();
            }
        }
        placed
    }

    /// Whether two windows were given rather than dates.
    pub(super) fn has_windows(&self) -> bool {
        matches!(self.sides, Sides::Windows(..))
    }

    /// Pipelines that are in both windows.
    pub(super) fn twice(&self) -> u32 {
        self.twice
    }

    /// What is known of when pipelines started.
    pub(super) fn starts(&self) -> Starts {
        self.starts
    }
}

fn non_empty(pipelines: &[Pipeline], place: &'static str) -> Result<(), NotLooked> {
    if pipelines.is_empty() { Err(NotLooked::Empty(place)) } else { Ok(()) }
}

/// Gives pipelines without a start the earliest one that they can have.
fn earliest_starts(sides: &mut [&mut Vec<Pipeline>]) -> Starts {
    let all = || sides.iter().flat_map(|side| side.iter());
    let longest_ms = all().filter_map(|one| Some(one.end_ms? - one.start_ms?)).max();
    let unknown = all().filter(|one| one.start_ms.is_none()).count() as u32;
    let unstarted = |one: &&mut Pipeline| one.start_ms.is_none();
    for one in sides.iter_mut().flat_map(|side| side.iter_mut()).filter(unstarted) {
        one.start_ms = one.end_ms.map(|end| end - longest_ms.unwrap_or(0));
    }
    Starts { unknown, longest_ms }
}
