//! Which calls stand for those that are expected.

use super::ReplayedCall;
use crate::plan::{Chance, Plan};

/// As many calls of each session as are expected, spread over those that may be made: where calls
/// are counted or drawn one by one, they are as many as the sum says. The calls stand in the order
/// of the plan, all or those of an island, as [`super::replay_calls`] gives them.
#[must_use]
pub fn expected_rows<'a>(plan: &Plan, calls: &'a [ReplayedCall]) -> Vec<&'a ReplayedCall> {
    let mut calls = calls.iter().peekable();
    let mut expected = Vec::with_capacity(calls.len());
    for planned in &plan.sessions {
        let Some(last) = plan.runs[..planned.runs.end as usize].last() else { continue };
        let mut parts = 0;
        while let Some(call) = calls.next_if(|it| (it.row as usize) < last.row_range().end) {
            // A call counts where the rounded sum of chances grows by one.
            let before = Chance::whole_number(parts);
            parts += call.chance.parts();
            if Chance::whole_number(parts) > before {
                expected.push(call);
            }
        }
    }
    expected
}
