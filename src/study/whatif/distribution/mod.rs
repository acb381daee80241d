//! How savings are spread over many sessions: each toggle alone, group by group.
//!
//! One plan serves the whole recording: every island is replayed once with nothing toggled, and
//! once for each toggle that touches it. A group is a session, or whatever else sessions are put
//! together by; its numbers are sums over its islands. Sessions that a toggle lets go on from each
//! other are one island: it belongs to the group of the first of them.
//!
//! Sums are those of the tally. Quantiles are nearest ranks, by polars (feature `tables`) or by
//! sorting; a test holds the one to the other.

#[cfg(feature = "tables")]
mod polars_quantiles;
mod sorted_quantiles;

use super::savings::{PipelineTotals, Saving};
use crate::plan::{Island, Plan};
use crate::recording::{Recording, Session, name_of_value};
use crate::replay::{self, ReplayOutcome};
use crate::units::{PicoUsd, ratio_bp};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What sessions are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionGrouping {
    /// Nothing: every session for itself.
    #[default]
    Session,
    /// The pipeline; a session of none stands for itself.
    Pipeline,
    /// The folder of the session's file.
    Folder,
    /// The step; a session of none stands for itself.
    Step,
}

impl SessionGrouping {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 4] = [
        (Self::Session, "session"),
        (Self::Pipeline, "pipeline"),
        (Self::Folder, "folder"),
        (Self::Step, "step"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of_value(&Self::NAMED, self)
    }

    /// What sessions of one group share; `None` where a session stands for itself.
    fn group_name(self, session: &Session) -> Option<&str> {
        let named = |name| Some(name).filter(|name: &&str| !name.is_empty());
        match self {
            Self::Session => None,
            Self::Pipeline => named(&session.pipeline),
            Self::Folder => Some(session.file.rsplit_once('/').map_or("", |(folder, _)| folder)),
            Self::Step => named(&session.step),
        }
    }
}

/// The middle, the ninetieth percentile and the highest of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DistributionPoints<T> {
    /// Half of the groups with a finding save as much or less.
    pub median: T,
    /// Nine in ten of them save as much or less.
    pub p90: T,
    /// The most that one of them saves.
    pub max: T,
    /// The middle over all groups, those without a finding as zeros.
    pub median_of_all: T,
}

impl<T> DistributionPoints<T> {
    /// The same points of something else.
    #[must_use]
    pub fn map<U>(self, with: impl Fn(T) -> U) -> DistributionPoints<U> {
        let Self { median, p90, max, median_of_all } = self;
        let (median, p90, max) = (with(median), with(p90), with(max));
        DistributionPoints { median, p90, max, median_of_all: with(median_of_all) }
    }
}

/// How the groups in which a toggle finds something are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavingDistribution {
    /// Cache reads saved.
    pub read: DistributionPoints<i64>,
    /// Money saved, hidden output included.
    pub cost: DistributionPoints<PicoUsd>,
    /// Cache reads saved, in basis points of the group's own.
    pub read_bp: DistributionPoints<i64>,
    /// Money saved, in basis points of the group's own.
    pub cost_bp: DistributionPoints<i64>,
}

/// One toggle, alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToggleDistribution {
    /// Groups in which it changes anything.
    pub found_in: usize,
    /// Groups in which it costs money instead.
    pub costs_in: usize,
    /// What it saves in all of them: the sum of the islands.
    pub saving: Saving,
    /// How that is spread; `None` where it finds nothing.
    pub distribution: Option<SavingDistribution>,
}

/// Every toggle over the groups of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupedSavings {
    /// What sessions were put together by.
    pub grouping: SessionGrouping,
    /// Groups that make calls.
    pub groups: usize,
    /// Sessions that count with the one that they may go on from.
    pub chained: usize,
    /// The toggles in the order of their bits.
    pub toggles: Vec<ToggleDistribution>,
}

/// One of each measure: reads, pico-dollars, and both in basis points of the group's own.
type FindingMeasures<T> = [T; 4];

/// The points of every measure of a toggle; `None` where it finds nothing.
type MeasurePoints = Option<FindingMeasures<DistributionPoints<i128>>>;

/// What one toggle saves in one group where it finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GroupFinding {
    toggle: usize,
    measures: FindingMeasures<i128>,
}

impl GroupFinding {
    fn new(toggle: usize, saving: &Saving, before: &PipelineTotals) -> Self {
        let (read, cost) = (saving.usage.read, saving.total_money());
        let read_bp = ratio_bp(read, before.usage.read);
        let cost_bp = cost.share_bp(before.total_money());
        Self { toggle, measures: [read.into(), cost.0, read_bp.into(), cost_bp.into()] }
    }
}

/// Spreads the toggles of a plan over groups of its sessions.
#[must_use]
pub fn distribute_savings(
    recording: &Recording,
    plan: &Plan,
    toggles: usize,
    each: SessionGrouping,
) -> GroupedSavings {
    let (of_island, groups) = group_islands(recording, plan, each);
    let replayed: Vec<(PipelineTotals, Vec<(usize, Saving)>)> =
        plan.islands.par_iter().map(|island| replay_toggles_alone(plan, island, toggles)).collect();
    let mut before = vec![PipelineTotals::default(); groups];
    let mut savings: BTreeMap<(usize, usize), Saving> = BTreeMap::new();
    for (&group, (side, found)) in of_island.iter().zip(&replayed) {
        before[group].calls += side.calls;
        before[group].usage += side.usage;
        before[group].cost.recorded += side.cost.recorded;
        before[group].cost.hidden += side.cost.hidden;
        for &(toggle, saving) in found {
            let sum = savings.entry((toggle, group)).or_default();
            *sum = *sum + saving;
        }
    }
    // Nothing can be found where nothing is called, whatever rules would hold there.
    savings.retain(|(_, group), _| before[*group].calls > 0);
    let found =
        savings.iter().map(|(key, saving)| GroupFinding::new(key.0, saving, &before[key.1]));
    let groups = before.iter().filter(|side| side.calls > 0).count();
    let distributions = distributions_by_toggle(&found.collect::<Vec<_>>(), toggles, groups);
    let toggles = distributions.into_iter().enumerate().map(|(toggle, distribution)| {
        let own = || savings.range((toggle, 0)..(toggle + 1, 0)).map(|(_, saving)| *saving);
        ToggleDistribution {
            found_in: own().count(),
            costs_in: own().filter(|saving| saving.total_money().0 < 0).count(),
            saving: own().sum(),
            distribution,
        }
    });
    let chained = plan.islands.iter().map(|island| recorded_session_count(plan, island) - 1).sum();
    GroupedSavings { grouping: each, groups, chained, toggles: toggles.collect() }
}

/// How many recorded sessions an island has.
fn recorded_session_count(plan: &Plan, island: &Island) -> usize {
    let sessions = island.sessions.start as usize..island.sessions.end as usize;
    // Those that a toggle would start stand right behind the session that starts them.
    let mut recorded: Vec<u32> = plan.sessions[sessions].iter().map(|one| one.session).collect();
    recorded.dedup();
    recorded.len()
}

/// The group of each island, and how many groups there are.
fn group_islands(recording: &Recording, plan: &Plan, each: SessionGrouping) -> (Vec<usize>, usize) {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups = 0;
    let mut new = || {
        groups += 1;
        groups - 1
    };
    let group = |island: &Island| {
        let first = plan.sessions[island.sessions.start as usize].session as usize;
        match each.group_name(&recording.sessions[first]) {
            Some(name) => *known.entry(name).or_insert_with(&mut new),
            None => new(),
        }
    };
    let of_island = plan.islands.iter().map(group).collect();
    (of_island, groups)
}

/// An island with nothing toggled, and what each toggle that touches it saves there alone.
fn replay_toggles_alone(
    plan: &Plan,
    island: &Island,
    toggles: usize,
) -> (PipelineTotals, Vec<(usize, Saving)>) {
    let before: ReplayOutcome = replay::replay_island(plan, island, 0);
    let touching = (0..toggles).filter(|toggle| island.touched_by >> toggle & 1 == 1);
    let saving = |toggle: usize| {
        let after = replay::replay_island(plan, island, 1 << toggle);
        (toggle, Saving::between_outcomes(plan, &before, &after))
    };
    (PipelineTotals::from_outcome(plan, &before), touching.map(saving).collect())
}

/// The distribution of each toggle's findings.
fn distributions_by_toggle(
    found: &[GroupFinding],
    toggles: usize,
    groups: usize,
) -> Vec<Option<SavingDistribution>> {
    let points = points_by_toggle(found, toggles, groups).into_iter();
    let tokens =
        |points: DistributionPoints<i128>| points.map(|it| i64::try_from(it).unwrap_or(i64::MAX));
    let distribution = |[read, cost, read_bp, cost_bp]: FindingMeasures<
        DistributionPoints<i128>,
    >| SavingDistribution {
        read: tokens(read),
        cost: cost.map(PicoUsd),
        read_bp: tokens(read_bp),
        cost_bp: tokens(cost_bp),
    };
    points.map(|points| points.map(distribution)).collect()
}

#[cfg(feature = "tables")]
fn points_by_toggle(found: &[GroupFinding], toggles: usize, groups: usize) -> Vec<MeasurePoints> {
    // The quantiles of polars are floats: what they cannot hold is left to the plain way.
    let fits = |value: &i128| value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS;
    if !found.iter().flat_map(|one| &one.measures).all(fits) {
        return sorted_quantiles::points_by_sorting(found, toggles, groups);
    }
    polars_quantiles::points_by_polars(found, toggles, groups).expect("own columns can be grouped")
}

#[cfg(not(feature = "tables"))]
fn points_by_toggle(found: &[GroupFinding], toggles: usize, groups: usize) -> Vec<MeasurePoints> {
    sorted_quantiles::points_by_sorting(found, toggles, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::{self, ToggleParams};
    use crate::plan::{Patch, ResumedSession};
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};

    fn order() -> Recording {
        let reported = builtin_pipeline("order-774").expect("built in");
        reconstruct(&reported, Lens::Message).expect("fits").recording
    }

    fn patches(recording: &Recording) -> Vec<Patch> {
        let patch = |one: &&dyn intervene::Intervention| {
            one.build_patch(recording, &ToggleParams::modes_of_card(one.card()))
        };
        intervene::ALL.iter().map(patch).collect()
    }

    fn plan(recording: &Recording, patches: &[Patch]) -> Plan {
        Plan::compile(recording, patches, &Pricing::embedded()).expect("prices")
    }

    #[test]
    fn groups_add_up_to_the_whole() {
        let recording = order();
        let patches = patches(&recording);
        let plan = plan(&recording, &patches);
        let before = PipelineTotals::replay_totals(&plan, 0);
        for (each, _) in SessionGrouping::NAMED {
            let spread = distribute_savings(&recording, &plan, patches.len(), each);
            for (toggle, one) in spread.toggles.iter().enumerate() {
                let alone = Saving::between_totals(
                    &before,
                    &PipelineTotals::replay_totals(&plan, 1 << toggle),
                );
                assert_eq!(one.saving, alone, "{each:?} {toggle}");
                assert_eq!(one.distribution.is_some(), one.found_in > 0);
                assert!(one.found_in <= spread.groups && one.costs_in <= one.found_in);
            }
            assert_eq!(spread.chained, 0);
        }
        let sessions =
            distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Session);
        assert_eq!(sessions.groups, recording.sessions.len());
        assert_eq!(
            distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Folder).groups,
            1
        );
        let mut steps: Vec<&str> = recording.sessions.iter().map(|one| &*one.step).collect();
        steps.sort_unstable();
        steps.dedup();
        assert_eq!(
            distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Step).groups,
            steps.len()
        );
    }

    #[test]
    fn nothing_is_saved_where_nothing_is_found() {
        let recording = order();
        let patches = patches(&recording);
        let plan = plan(&recording, &patches);
        for island in &plan.islands {
            let before = replay::replay_island(&plan, island, 0);
            for toggle in (0..patches.len()).filter(|at| island.touched_by >> at & 1 == 0) {
                assert_eq!(replay::replay_island(&plan, island, 1 << toggle), before, "{toggle}");
            }
        }
        let spread = distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Session);
        for (patch, one) in patches.iter().zip(&spread.toggles) {
            assert!(patch.found_places > 0 || one.saving == Saving::default(), "{patch:?}");
            assert!(!patch.is_empty() || one.found_in == 0);
        }
    }

    #[test]
    fn sessions_that_go_on_from_each_other_are_one() {
        let recording = order();
        let ends: Vec<i64> = recording
            .sessions
            .iter()
            .map(|session| recording.calls[session.call_range()].iter().map(|it| it.end_ms).max())
            .map(Option::unwrap_or_default)
            .collect();
        let starts =
            |at: usize| recording.calls[recording.sessions[at].call_range().start].start_ms;
        let all = 0..recording.sessions.len();
        let mut pairs =
            all.clone().flat_map(|from| all.clone().map(move |session| (from, session)));
        let (from, session) =
            pairs.find(|&(from, session)| ends[from] < starts(session)).expect("one after another");
        let resumed = vec![ResumedSession { session: session as u32, from: from as u32 }];
        let patch = Patch { found_places: 1, resumed_sessions: resumed, ..Patch::default() };
        let plan = plan(&recording, &[patch]);
        let spread = distribute_savings(&recording, &plan, 1, SessionGrouping::Session);
        assert_eq!((spread.chained, spread.groups), (1, recording.sessions.len() - 1));
        assert_eq!(spread.toggles[0].found_in, 1);
        let alone = Saving::between_totals(
            &PipelineTotals::replay_totals(&plan, 0),
            &PipelineTotals::replay_totals(&plan, 1),
        );
        assert_eq!(spread.toggles[0].saving, alone);
    }

    #[test]
    fn quantiles_by_hand() {
        let found: Vec<GroupFinding> = [10, 30, 20]
            .map(|value| GroupFinding { toggle: 1, measures: [value, -value, 0, 2 * value] })
            .to_vec();
        let points = points_by_toggle(&found, 2, 5);
        assert_eq!(points[0], None);
        let [read, cost, ..] = points[1].expect("found");
        assert_eq!(read, DistributionPoints { median: 20, p90: 30, max: 30, median_of_all: 10 });
        assert_eq!(
            cost,
            DistributionPoints { median: -20, p90: -10, max: -10, median_of_all: -10 }
        );
    }

    #[cfg(feature = "tables")]
    #[test]
    fn polars_and_the_plain_way_agree() {
        let (mut state, groups) = (1_u64, 200);
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for findings in [0, 1, 2, 9, 10, 11, 199, 200] {
            let mut found: Vec<GroupFinding> = Vec::new();
            for _ in 0..findings {
                let measures = [(); 4].map(|()| i128::from(next(1_000)) - 500);
                found.push(GroupFinding { toggle: 0, measures });
                found.push(GroupFinding { toggle: 2, measures: measures.map(|it| it << 40) });
            }
            let table = polars_quantiles::points_by_polars(&found, 3, groups).expect("grouped");
            assert_eq!(table, sorted_quantiles::points_by_sorting(&found, 3, groups), "{findings}");
        }
        // What a float cannot hold is exact all the same.
        let odd = (1 << f64::MANTISSA_DIGITS) + 1;
        let found = [GroupFinding { toggle: 0, measures: [odd; 4] }];
        assert_eq!(points_by_toggle(&found, 1, 1)[0].map(|it| it[0].max), Some(odd));
    }

    #[cfg(feature = "tables")]
    #[test]
    fn the_sums_of_polars_are_those_of_the_tally() {
        let recording = order();
        let patches = patches(&recording);
        let plan = plan(&recording, &patches);
        let mut found = Vec::new();
        let mut want = Vec::new();
        for (toggle, one) in
            distribute_savings(&recording, &plan, patches.len(), SessionGrouping::Session)
                .toggles
                .iter()
                .enumerate()
        {
            for island in &plan.islands {
                let (before, own) = replay_toggles_alone(&plan, island, patches.len());
                let own = own.iter().filter(|(other, _)| *other == toggle);
                found.extend(own.map(|(_, saving)| GroupFinding::new(toggle, saving, &before)));
            }
            if one.found_in > 0 {
                let cost = i64::try_from(one.saving.total_money().0).expect("not that dear");
                want.push((toggle as u32, one.saving.usage.read, cost));
            }
        }
        assert!(want.len() > 3, "{want:?}");
        assert_eq!(polars_quantiles::sums_by_toggle(&found).expect("grouped"), want);
    }
}
