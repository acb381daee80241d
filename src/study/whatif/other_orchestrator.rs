//! Another orchestrator: what toggles save of the reads of one that only totals tell of.
//!
//! Its calls are in no recording, so that no replay meets them; [`super::orchestrator_contexts`]
//! lays them out. Several toggles are laid on one context together, never summed, over every
//! corner of their parameters. None of this is in any sum of the sessions: there these toggles are
//! null players, without a patch for the lattice, and take no part in the search for the best set.
//! MODEL.md, "Orchestrators".

use super::experiment::Experiment;
use super::orchestrator_contexts::{OrchestratorContexts, SavedReads};
use crate::intervene::{self, ToggleParams};
use crate::plan::DispatchChange;
use crate::recording::Recording;
use crate::scenario::ChosenToggle;

/// What toggles save of an orchestrator's reads for all orders, together and never summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrchestratorSaving {
    /// The toggles, by their ids.
    pub toggles: Vec<&'static str>,
    /// What they change, at the low and at the high ends of their parameters.
    pub change: [DispatchChange; 2],
    /// Whether one of them waits for a number: its ends are bounds.
    pub is_bound: bool,
    /// The least and the most, tokens.
    pub saved: [i64; 2],
    /// What is expected, by the chances of what is open; `None` of a bound.
    pub expected: Option<i64>,
    /// The least and the most as shares of its reads, ten-thousandths.
    pub share_bp: [i64; 2],
}

/// A toggle that changes the orchestrator, and what it changes wherever its parameters lie.
struct DispatchToggle {
    id: &'static str,
    awaits_parameter: bool,
    /// By a value of its first parameter, in order: all changes with that value, and their mean.
    by_value: Vec<(Vec<DispatchChange>, DispatchChange)>,
    /// At the means of all parameters.
    mean: DispatchChange,
}

impl DispatchToggle {
    /// `None` of a toggle that has nothing to do with a told orchestrator.
    fn from_chosen(chosen: &ChosenToggle, recording: &Recording) -> Option<Self> {
        let change =
            |params: &ToggleParams| chosen.toggle.build_patch(recording, params).dispatching;
        let mean = change(&chosen.params)?;
        let corners = chosen.range_corners();
        let first = chosen
            .ranges
            .first()
            .map_or(vec![None], |range| range.distinct_ends().into_iter().map(Some).collect());
        let by_value = first.into_iter().map(|value| {
            // Without a parameter there is one corner, that of no value.
            let corners = corners.iter().filter(|params| {
                value.is_none() || params.iter().next().map(|(_, value)| value) == value
            });
            let changes = corners.filter_map(change).collect();
            let mean = value.map_or(mean, |value| {
                change(&chosen.params.with_value(0, value)).unwrap_or_default()
            });
            (changes, mean)
        });
        let by_value = by_value.collect();
        Some(Self { id: chosen.id(), awaits_parameter: chosen.awaits_parameter(), by_value, mean })
    }

    fn all_changes(&self) -> Vec<DispatchChange> {
        self.by_value.iter().flat_map(|(changes, _)| changes).copied().collect()
    }
}

/// Another orchestrator under the toggles of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherOrchestrator {
    /// Whether the experiment has chosen them; else they stand as their cards have them.
    pub is_chosen: bool,
    /// Toggles alone, value by value of what they are told first, then the first few together.
    pub rows: Vec<OrchestratorSaving>,
    /// All together that wait for no number; `None` where that is one toggle or none.
    pub together: Option<OrchestratorSaving>,
    /// What is read at the pipeline's door with all that were chosen: at the least, expected, at
    /// the most; `None` where none was.
    pub own_after: Option<[i64; 3]>,
}

impl OtherOrchestrator {
    /// The least and the most that a toggle saves alone.
    #[must_use]
    pub fn saved_alone(&self, id: &str) -> Option<[i64; 2]> {
        let rows = self.rows.iter().filter(|row| row.toggles == [id]);
        let ends = rows.map(|row| row.saved);
        ends.reduce(|all, row| [all[0].min(row[0]), all[1].max(row[1])])
    }
}

/// What the toggles of an experiment save of its orchestrator; where none of them was chosen, what
/// all of them would save as their cards have them.
pub(crate) fn study_other_orchestrator(
    experiment: &Experiment<'_>,
    contexts: &OrchestratorContexts,
) -> OtherOrchestrator {
    let recording = experiment.base_recording();
    let of = |chosen: &ChosenToggle| DispatchToggle::from_chosen(chosen, recording);
    let mut toggles: Vec<DispatchToggle> =
        experiment.chosen.iter().chain(experiment.waiting).filter_map(of).collect();
    let is_chosen = !toggles.is_empty();
    if !is_chosen {
        let cards = intervene::ALL.iter().map(|toggle| ChosenToggle::from_card(toggle));
        toggles = cards.filter_map(|chosen| of(&chosen)).collect();
    }
    let mut rows: Vec<OrchestratorSaving> =
        toggles.iter().flat_map(|toggle| rows_of_values(contexts, &[], toggle)).collect();
    let joined: Vec<&DispatchToggle> =
        toggles.iter().filter(|toggle| !toggle.awaits_parameter).collect();
    // The first two together, then the first three, and so on.
    for (at, last) in joined.iter().enumerate().skip(1) {
        let with_before = rows_of_values(contexts, &joined[..at], last);
        // All of them with one value each are the sum row below.
        if at + 1 < joined.len() || with_before.len() > 1 {
            rows.extend(with_before);
        }
    }
    let (changes, mean) = combine_all(&joined);
    let together = (joined.len() > 1).then(|| {
        let ids = joined.iter().map(|toggle| toggle.id).collect();
        saving_row(contexts, ids, false, (&changes, mean))
    });
    let own_after = (is_chosen && !joined.is_empty()).then(|| contexts.own_reads(&changes, mean));
    OtherOrchestrator { is_chosen, rows, together, own_after }
}

/// One row for each value of a toggle's first parameter, together with others.
fn rows_of_values(
    contexts: &OrchestratorContexts,
    with: &[&DispatchToggle],
    last: &DispatchToggle,
) -> Vec<OrchestratorSaving> {
    let (before, mean_before) = combine_all(with);
    // A value at which nothing changes has no row.
    let values = last
        .by_value
        .iter()
        .filter(|(changes, _)| changes.iter().any(|change| *change != DispatchChange::default()));
    let rows = values.map(|(changes, mean)| {
        let ids = with.iter().chain([&last]).map(|toggle| toggle.id).collect();
        let changes = combine_lists(&before, changes);
        let mean = mean_before.combined_with(*mean);
        saving_row(contexts, ids, last.awaits_parameter, (&changes, mean))
    });
    rows.collect()
}

fn saving_row(
    contexts: &OrchestratorContexts,
    toggles: Vec<&'static str>,
    is_bound: bool,
    (changes, mean): (&[DispatchChange], DispatchChange),
) -> OrchestratorSaving {
    let SavedReads { saved, share_bp, expected } = contexts.saving_of(changes, mean);
    // Corners stand in order, so that the first has all low ends and the last all high ones.
    let change = [changes.first(), changes.last()].map(|end| end.copied().unwrap_or_default());
    let expected = (!is_bound).then_some(expected);
    OrchestratorSaving { toggles, change, is_bound, saved, expected, share_bp }
}

/// Every way in which toggles may lie together, and their means.
fn combine_all(toggles: &[&DispatchToggle]) -> (Vec<DispatchChange>, DispatchChange) {
    let nothing = DispatchChange::default();
    toggles.iter().fold((vec![nothing], nothing), |(changes, mean), toggle| {
        (combine_lists(&changes, &toggle.all_changes()), mean.combined_with(toggle.mean))
    })
}

fn combine_lists(some: &[DispatchChange], others: &[DispatchChange]) -> Vec<DispatchChange> {
    let pairs = some.iter().flat_map(|one| others.iter().map(|other| one.combined_with(*other)));
    pairs.collect()
}

/// The least and the most that one toggle saves of a told orchestrator, wherever its parameters
/// lie; `None` where it has nothing to do with one.
pub(crate) fn bound_of_orchestrator(
    experiment: &Experiment<'_>,
    chosen: &ChosenToggle,
) -> Option<[i64; 2]> {
    // Most recordings have no published orchestrator, and no toggle has to be asked.
    let contexts = OrchestratorContexts::from_reported(experiment.published_pipeline()?)?;
    let toggle = DispatchToggle::from_chosen(chosen, experiment.base_recording())?;
    Some(contexts.saving_of(&toggle.all_changes(), toggle.mean).saved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::ParamRange;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};

    /// A toggle with these parameters and nothing open.
    fn chosen(id: &str, params: &[(&str, i64)]) -> ChosenToggle {
        let mut chosen = ChosenToggle::from_card(intervene::find_by_id(id).expect("a toggle"));
        for (key, value) in params {
            let at = chosen.toggle.card().params.iter().position(|spec| spec.key == *key);
            assert!(chosen.params.set_value(key, *value), "{id}.{key}");
            chosen.ranges[at.expect("a parameter")] = ParamRange::fixed_at(*value);
        }
        chosen.unset.clear();
        chosen
    }

    /// What toggles save together of `C(j) = 10 + j` K, one call a dispatch, two orders of two
    /// dispatches, two of four calls shared.
    fn saved(toggles: &[(&str, &[(&str, i64)])]) -> i64 {
        let reported = builtin_pipeline("order-774").expect("built in");
        // A recording with a told orchestrator: that is all that the toggles look for.
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        let toggles: Vec<DispatchToggle> = toggles
            .iter()
            .map(|(id, params)| {
                DispatchToggle::from_chosen(&chosen(id, params), &recording).expect("found")
            })
            .collect();
        let contexts =
            OrchestratorContexts::for_tests(&[11_000, 12_000, 13_000, 14_000], (2, 2), 2);
        let (changes, mean) = combine_all(&toggles.iter().collect::<Vec<_>>());
        let row = saving_row(&contexts, Vec::new(), false, (&changes, mean));
        assert_eq!(row.saved, [row.expected.expect("a figure"); 2], "nothing is open");
        row.saved[0]
    }

    #[test]
    fn toggles_by_hand_alone_and_together() {
        // 50 K are read: 11 + 12 + 13 + 14.
        let fresh: &[(&str, i64)] = &[("after", 1), ("handoff", 500)];
        assert_eq!(saved(&[("T1", &[])]), 4_000, "twice 11 + 12 are 46");
        assert_eq!(saved(&[("T2", fresh)]), 4_500, "4 x 11 + 3 x 0.5 are 45.5");
        assert_eq!(saved(&[("T3", &[("less", 400)])]), 2_400, "six pairs of 0.4");
        assert_eq!(saved(&[("T4", &[("share", 10_000)])]), 25_000, "2 of 4 calls");
        assert_eq!(saved(&[("T4", &[("share", 5_000)])]), 12_500);
        // Two orders, each fresh after one: only the second of each is told anything, 4 x 11 + 2 x
        // 0.5 are 45.
        assert_eq!(saved(&[("T1", &[]), ("T2", fresh)]), 5_000);
        // Two orders: one pair each. 46 - 2 x 0.4 are 45.2.
        assert_eq!(saved(&[("T1", &[]), ("T3", &[("less", 400)])]), 4_800);
        // Half of what is left: 45.2 / 2 are 22.6.
        let all: [(&str, &[(&str, i64)]); 3] =
            [("T1", &[]), ("T3", &[("less", 400)]), ("T4", &[("share", 10_000)])];
        assert_eq!(saved(&all), 27_400);
        // Never and nothing change nothing.
        assert_eq!(saved(&[("T2", &[("after", 0), ("handoff", 500)])]), 0);
        assert_eq!(saved(&[("T4", &[("share", 0)])]), 0);
    }

    #[test]
    fn a_recording_without_a_told_orchestrator_has_nothing_to_find() {
        let reported = builtin_pipeline("order-775").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        for id in ["T1", "T2", "T3", "T4"] {
            let chosen = chosen(id, &[]);
            assert!(DispatchToggle::from_chosen(&chosen, &recording).is_none(), "{id}");
            let patch = chosen.toggle.build_patch(&recording, &chosen.params);
            assert_eq!((patch.found_places, patch.notes.len()), (0, 0), "{id}");
        }
    }
}
