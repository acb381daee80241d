//! The pictures of a comparison, as plain numbers; the chart module draws them.

use crate::plan::Subset;
use crate::recording::Recording;
use crate::replay;
use crate::report::chart::{Growth, Line, Step, Unit, Waterfall};
use crate::study::compare::{Comparison, ToggleResult, subset_of_first};
use crate::study::headline::Headline;

/// The longest sessions that the growth chart shows.
const PANELS: usize = 12;

/// From the baseline through each toggle to the result, in cache reads.
#[must_use]
pub fn waterfall(name: &str, comparison: &Comparison, footer: Vec<String>) -> Waterfall {
    let steps = comparison.toggles.iter().zip(&comparison.stepwise);
    let headline = comparison.headline;
    let saves = |toggle: &ToggleResult| headline.of(&toggle.alone) != 0;
    let steps = steps.filter(|(toggle, _)| toggle.claim.is_some() || saves(toggle));
    let claimed_end = comparison.combined.iter().find(|c| c.claim.step.is_empty()).map(|whole| {
        let end = |saving: i64| i128::from(whole.baseline - saving);
        (end(*whole.claim.saving.end()), end(*whole.claim.saving.start()))
    });
    Waterfall {
        title: format!("{name}: {}, toggle by toggle", headline.words()),
        axis: match headline {
            Headline::Reads => "cache reads, tokens".to_owned(),
            Headline::Tokens => headline.words().to_owned(),
        },
        unit: Unit::Tokens,
        baseline: ("baseline".to_owned(), i128::from(headline.of_side(&comparison.baseline))),
        steps: steps
            .map(|(toggle, saving)| Step {
                label: format!("{} {}", toggle.id, toggle.title),
                saving: i128::from(headline.of(saving)),
                claimed: toggle.claim.as_ref().filter(|claim| !claim.is_direction).map(|claim| {
                    (i128::from(*claim.saving.start()), i128::from(*claim.saving.end()))
                }),
            })
            .collect(),
        result: "all together".to_owned(),
        claimed_end,
        footer,
    }
}

/// Context of every call of the longest sessions, before and after.
#[must_use]
pub fn growth(recording: &Recording, comparison: &Comparison, footer: Vec<String>) -> Growth {
    let plan = &comparison.plan;
    let all = subset_of_first(comparison.toggles.len());
    let contexts = |subset: Subset| {
        let mut by_session: Vec<Vec<i64>> = vec![Vec::new(); recording.sessions.len()];
        for row in replay::replay_rows(plan, subset) {
            let call = plan.call_of[row.row as usize] as usize;
            let session = recording.calls[call].session as usize;
            by_session[session].push(row.outcome.usage.context());
        }
        by_session
    };
    let (mut before, mut after) = (contexts(0), contexts(all));
    let mut order: Vec<usize> = (0..recording.sessions.len()).collect();
    let read = |at: &usize| -> i64 {
        recording.calls[recording.sessions[*at].range()].iter().map(|c| c.usage.read).sum()
    };
    order.sort_by_key(|at| (-read(at), *at));
    order.truncate(PANELS);
    let sessions = order.into_iter().map(|at| {
        let session = &recording.sessions[at];
        let id: String = session.id.chars().take(8).collect();
        let step =
            if session.step.is_empty() { String::new() } else { format!("{} ", session.step) };
        Line {
            label: format!("{step}{id}"),
            before: std::mem::take(&mut before[at]),
            after: std::mem::take(&mut after[at]),
        }
    });
    Growth {
        title: format!("{}: context of each call, before and after", recording.name),
        sessions: sessions.collect(),
        footer,
    }
}
