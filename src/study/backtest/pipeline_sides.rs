//! The two sides: pipelines on a line of time, or in two windows.

use super::BacktestError;
use super::backtest_sample::StretchMember;
use super::pipeline_figures::PipelineFigures;
use super::rollout_batches::{self, ExclusionReason, Rollout, RolloutBatch};
use std::collections::{BTreeMap, BTreeSet};

/// Where the two sides come from.
#[derive(Clone, Debug)]
enum PipelineSides {
    /// Pipelines on a line of time, and rollouts on it.
    Dates(Vec<PipelineFigures>, Vec<RolloutBatch>),
    /// Those of one window and of another.
    Windows(Vec<PipelineFigures>, Vec<PipelineFigures>),
}

/// What is known of when pipelines started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartCoverage {
    /// Pipelines of which nobody wrote it down: each is taken to have started as long before its
    /// end as the longest one that is known took.
    pub unknown: u32,
    /// How long that is, milliseconds; `None` where no start is known, and ends decide alone.
    pub longest_ms: Option<i64>,
}

/// Pipelines before and after.
#[derive(Clone, Debug)]
pub struct BacktestData {
    sides: PipelineSides,
    starts: StartCoverage,
    /// Pipelines that are in both windows.
    in_both_windows: u32,
}

/// Pipelines with the stretches that they lie in.
#[derive(Clone, Debug, Default)]
pub(super) struct PipelinePlacement<'a> {
    /// Those that lie in one.
    pub members: Vec<StretchMember<'a>>,
    /// How many are too far from every rollout.
    pub outside: u32,
    /// How many lie on no side, by reason.
    pub excluded: BTreeMap<ExclusionReason, u32>,
}

impl BacktestData {
    /// Pipelines on a line of time, and rollouts on it.
    ///
    /// # Errors
    /// No pipelines.
    pub(crate) fn from_dates(
        mut all: Vec<PipelineFigures>,
        rollouts: &[Rollout],
    ) -> Result<Self, BacktestError> {
        require_pipelines(&all, "the table")?;
        // Starts first: which rollouts can be told apart depends on them.
        let starts = fill_earliest_starts(&mut [&mut all]);
        let eras = rollout_batches::batch_rollouts(rollouts, &all);
        Ok(Self { sides: PipelineSides::Dates(all, eras), starts, in_both_windows: 0 })
    }

    /// Those of one window and of another. What is in both is in neither.
    ///
    /// # Errors
    /// No pipelines in one of them, or none that is not in the other.
    pub(crate) fn from_windows(
        mut before: Vec<PipelineFigures>,
        mut after: Vec<PipelineFigures>,
    ) -> Result<Self, BacktestError> {
        require_pipelines(&before, "the first window")?;
        require_pipelines(&after, "the second window")?;
        // Both sets of names before anything is taken out: what is in both has to leave both.
        let [first, second] = [&before, &after]
            .map(|side| -> BTreeSet<String> { side.iter().map(|one| one.name.clone()).collect() });
        before.retain(|one| !second.contains(&one.name));
        after.retain(|one| !first.contains(&one.name));
        for (window, side) in [("first", &before), ("second", &after)] {
            if side.is_empty() {
                return Err(BacktestError::SamePipelines(window));
            }
        }
        let starts = fill_earliest_starts(&mut [&mut before, &mut after]);
        let twice = first.intersection(&second).count() as u32;
        Ok(Self { sides: PipelineSides::Windows(before, after), starts, in_both_windows: twice })
    }

    /// The rollouts, those that cannot be told apart together; one without a date for two windows.
    #[must_use]
    pub(crate) fn rollout_batches(&self) -> Vec<RolloutBatch> {
        match &self.sides {
            PipelineSides::Dates(_, eras) => eras.clone(),
            PipelineSides::Windows(..) => {
                // Two windows are the stretches around one rollout, whose date nobody needs.
                vec![RolloutBatch { rollouts: vec![Rollout::default()], ..RolloutBatch::default() }]
            }
        }
    }

    /// All pipelines.
    pub(super) fn all_pipelines(&self) -> Vec<&PipelineFigures> {
        match &self.sides {
            PipelineSides::Dates(all, _) => all.iter().collect(),
            PipelineSides::Windows(before, after) => before.iter().chain(after).collect(),
        }
    }

    /// Pipelines with the stretches that they lie in, as far as they are in a window.
    pub(super) fn place_pipelines(&self, window_ms: i64) -> PipelinePlacement<'_> {
        let mut placed = PipelinePlacement::default();
        match &self.sides {
            PipelineSides::Dates(all, eras) => {
                for pipeline in all {
                    match rollout_batches::stretch_of_pipeline(pipeline, eras, window_ms) {
                        Ok(Some(stretch)) => {
                            placed.members.push(StretchMember { stretch, pipeline });
                        }
                        Ok(None) => placed.outside += 1,
                        Err(left) => *placed.excluded.entry(left).or_default() += 1,
                    }
                }
            }
            // Two windows are two stretches, and whoever chose them decided that all in them count.
            PipelineSides::Windows(before, after) => {
                for (stretch, side) in [before, after].into_iter().enumerate() {
                    let members = side.iter();
                    placed
                        .members
                        .extend(members.map(|pipeline| StretchMember { stretch, pipeline }));
                }
            }
        }
        placed
    }

    /// Whether two windows were given rather than dates.
    pub(super) fn has_windows(&self) -> bool {
        matches!(self.sides, PipelineSides::Windows(..))
    }

    /// Pipelines that are in both windows.
    pub(super) fn count_in_both_windows(&self) -> u32 {
        self.in_both_windows
    }

    /// What is known of when pipelines started.
    pub(super) fn start_coverage(&self) -> StartCoverage {
        self.starts
    }
}

fn require_pipelines(
    pipelines: &[PipelineFigures],
    place: &'static str,
) -> Result<(), BacktestError> {
    if pipelines.is_empty() { Err(BacktestError::NoPipelines(place)) } else { Ok(()) }
}

/// Gives pipelines without a start the earliest one that they can have.
fn fill_earliest_starts(sides: &mut [&mut Vec<PipelineFigures>]) -> StartCoverage {
    let known = sides.iter().flat_map(|side| side.iter());
    // Over both windows: how long a pipeline can take does not depend on the side.
    let longest_ms = known.filter_map(|one| Some(one.end_ms? - one.start_ms?)).max();
    let mut unknown = 0;
    for one in sides.iter_mut().flat_map(|side| side.iter_mut()) {
        if one.start_ms.is_none() {
            unknown += 1;
            // It may have taken as long as the longest known one; earlier it cannot have begun.
            one.start_ms = one.end_ms.map(|end| end - longest_ms.unwrap_or(0));
        }
    }
    StartCoverage { unknown, longest_ms }
}
