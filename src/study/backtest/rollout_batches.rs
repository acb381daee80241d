//! Rollouts on the line of time: which can be told apart, and on which side a pipeline lies.

use super::first_occurrences;
use super::pipeline_figures::PipelineFigures;

/// Fewer pipelines than this make no side: ten an estimated level, a usual rule of thumb. Source:
/// MODEL.md, "Look back".
pub const FEWEST_PIPELINES: u32 = 10;

/// A rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollout {
    /// What it is called; empty for its date.
    pub name: String,
    /// When it was out, milliseconds since the epoch.
    pub at_ms: i64,
    /// The toggles that it switched on.
    pub toggles: Vec<String>,
    /// What somebody predicts for it: after divided by before.
    pub predicted: Option<f64>,
}

/// One rollout, or several that too few pipelines lie between to tell them apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutBatch {
    /// Its rollouts in the order of time.
    pub rollouts: Vec<Rollout>,
    /// Pipelines that end before it are before.
    pub from_ms: i64,
    /// Pipelines that start at it or later are after.
    pub to_ms: i64,
    /// Of each rollout but the first: pipelines wholly between it and the one before.
    pub between: Vec<u32>,
}

impl RolloutBatch {
    /// What was rolled out, in words.
    #[must_use]
    pub fn name(&self) -> String {
        let names = self.rollouts.iter().map(|rollout| rollout.name.as_str());
        names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" + ")
    }

    /// The toggles that were switched on, each once, in order.
    #[must_use]
    pub(crate) fn toggle_ids(&self) -> Vec<String> {
        first_occurrences(self.rollouts.iter().flat_map(|rollout| rollout.toggles.iter().cloned()))
    }

    /// What somebody predicts for all of them together; `None` unless all have a figure.
    #[must_use]
    pub(crate) fn predicted_ratio(&self) -> Option<f64> {
        // One rollout after the other: their ratios multiply, and one without leaves all unknown.
        self.rollouts.iter().map(|rollout| rollout.predicted).product()
    }
}

crate::kinds::named_values! {
    /// Why a pipeline takes no part.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum ExclusionReason {
        /// It started before a rollout, or may have, and ended after it.
        StraddlesRollout = "started before a rollout, or may have, and ended after it",
        /// Nobody knows when it ended.
        UnknownEnd = "end unknown",
        /// It is in both windows.
        InBothWindows = "in both windows",
        /// The metric is unknown or zero: it has no logarithm.
        NoValue = "metric unknown or zero",
        /// Lines changed are unknown or zero.
        NoLines = "changed lines unknown or zero",
        /// The number of sessions is unknown or zero.
        NoSessions = "number of sessions unknown or zero",
    }
}

/// Joins rollouts with fewer than [`FEWEST_PIPELINES`] pipelines between them; in the order of
/// time.
#[must_use]
pub(crate) fn batch_rollouts(
    rollouts: &[Rollout],
    pipelines: &[PipelineFigures],
) -> Vec<RolloutBatch> {
    let mut sorted = rollouts.to_vec();
    // By time, and by name at the same time, so that the order of a file decides nothing.
    sorted.sort_by(|a, b| (a.at_ms, &a.name).cmp(&(b.at_ms, &b.name)));
    let mut eras: Vec<RolloutBatch> = Vec::new();
    for rollout in sorted {
        let at_ms = rollout.at_ms;
        if let Some(last) = eras.last_mut() {
            // Only pipelines wholly between two rollouts tell the one from the other.
            let between = pipelines.iter().filter(|one| {
                one.start_ms.is_some_and(|start| start >= last.to_ms)
                    && one.end_ms.is_some_and(|end| end < at_ms)
            });
            let count = between.count() as u32;
            if count < FEWEST_PIPELINES {
                last.rollouts.push(rollout);
                // It ends with its last rollout: what started before that may have seen only a
                // part.
                last.to_ms = at_ms;
                last.between.push(count);
                continue;
            }
        }
        let between = Vec::new();
        eras.push(RolloutBatch { rollouts: vec![rollout], from_ms: at_ms, to_ms: at_ms, between });
    }
    eras
}

/// The stretch between rollouts that a pipeline lies in, from 0; `Ok(None)` where it is further
/// than `window_ms` from all of them.
///
/// # Errors
/// Why it lies in none.
pub(crate) fn stretch_of_pipeline(
    one: &PipelineFigures,
    eras: &[RolloutBatch],
    window_ms: i64,
) -> Result<Option<usize>, ExclusionReason> {
    let end = one.end_ms.ok_or(ExclusionReason::UnknownEnd)?;
    // The stretch is decided by the end; the start only says whether a pipeline is whole in it.
    let after = eras.iter().take_while(|era| era.from_ms <= end).count();
    // Without a window it is `i64::MAX`, which must not overflow.
    let follows = after > 0 && end <= eras[after - 1].to_ms.saturating_add(window_ms);
    let leads = after < eras.len() && end >= eras[after].from_ms.saturating_sub(window_ms);
    // Asked first: what lies too far away takes no part, whole or not.
    if !follows && !leads {
        return Ok(None);
    }
    // Before the first rollout there is nothing that a pipeline could have started before.
    if after == 0 || one.start_ms.is_some_and(|start| start >= eras[after - 1].to_ms) {
        Ok(Some(after))
    } else {
        Err(ExclusionReason::StraddlesRollout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(start_ms: i64, end_ms: i64) -> PipelineFigures {
        PipelineFigures {
            start_ms: Some(start_ms),
            end_ms: Some(end_ms),
            ..PipelineFigures::default()
        }
    }

    fn rollout(at_ms: i64) -> Rollout {
        Rollout { at_ms, ..Rollout::default() }
    }

    #[test]
    fn rollouts_with_little_between_them_are_one() {
        let many: Vec<PipelineFigures> = (0..10).map(|at| pipeline(101 + at, 120 + at)).collect();
        let told = |rollouts: &[i64], pipelines: &[PipelineFigures]| -> Vec<(i64, i64)> {
            let rollouts: Vec<Rollout> = rollouts.iter().map(|at| rollout(*at)).collect();
            batch_rollouts(&rollouts, pipelines)
                .iter()
                .map(|era| (era.from_ms, era.to_ms))
                .collect()
        };
        assert_eq!(told(&[200, 100], &many), [(100, 100), (200, 200)]);
        assert_eq!(told(&[100, 200], &many[..9]), [(100, 200)]);
        // The last one ends after the second rollout.
        assert_eq!(told(&[100, 129], &many), [(100, 129)]);
        assert_eq!(told(&[100, 101, 300], &many), [(100, 101), (300, 300)]);
        assert_eq!(told(&[100, 104, 300], &many), [(100, 300)]);
    }

    #[test]
    fn a_pipeline_lies_on_one_side_or_takes_no_part() {
        let eras = [
            RolloutBatch { from_ms: 100, to_ms: 110, ..RolloutBatch::default() },
            RolloutBatch { from_ms: 300, to_ms: 300, ..RolloutBatch::default() },
        ];
        let check = |start, end, expect| {
            assert_eq!(
                stretch_of_pipeline(&pipeline(start, end), &eras, 50),
                expect,
                "{start} to {end}"
            );
        };
        check(90, 99, Ok(Some(0)));
        check(90, 100, Err(ExclusionReason::StraddlesRollout));
        check(105, 120, Err(ExclusionReason::StraddlesRollout));
        check(110, 120, Ok(Some(1)));
        check(40, 49, Ok(None));
        check(110, 200, Ok(None));
        check(110, 250, Ok(Some(1)));
        check(290, 300, Err(ExclusionReason::StraddlesRollout));
        check(300, 350, Ok(Some(2)));
        check(300, 351, Ok(None));
        let mut one = pipeline(0, 99);
        one.start_ms = None;
        assert_eq!(stretch_of_pipeline(&one, &eras, 50), Ok(Some(0)));
        one.end_ms = Some(120);
        assert_eq!(stretch_of_pipeline(&one, &eras, 50), Err(ExclusionReason::StraddlesRollout));
        one.end_ms = None;
        assert_eq!(stretch_of_pipeline(&one, &eras, 50), Err(ExclusionReason::UnknownEnd));
    }
}
