//! How savings are spread over many sessions: each toggle alone, group by group.
//!
//! One plan serves the whole recording: every island is replayed once with nothing toggled, and
//! once for each toggle that touches it. A group is a session, or whatever else sessions are put
//! together by; its numbers are sums over its islands. Sessions that a toggle lets go on from each
//! other are one island: it belongs to the group of the first of them.
//!
//! Sums are those of the tally, quantiles are nearest ranks.

use super::marginal_savings::replay_toggles_alone;
use super::savings::{PipelineTotals, Saving};
use crate::kinds::named_values;
use crate::plan::{Island, Plan};
use crate::recording::{Recording, Session};
use crate::study::stats::quantile::CredibleBand;
use crate::units::{PicoUsd, ratio_bp};
use rayon::prelude::*;
use std::collections::BTreeMap;

named_values! {
    /// What sessions are put together by.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum SessionGrouping {
        /// Every session for itself.
        #[default]
        Session = "session",
        /// The pipeline: a main thread with its subagents.
        Pipeline = "pipeline",
        /// The folder of the transcript.
        Folder = "folder",
        /// The step.
        Step = "step",
    }
}

impl SessionGrouping {
    /// What sessions of one group share; `None` where a session stands for itself, as one of no
    /// pipeline or of no step does.
    fn group_name(self, session: &Session) -> Option<&str> {
        let name = match self {
            // Every session is a group, whatever its name.
            Self::Session => "",
            Self::Pipeline => &session.pipeline,
            // No folder is a folder too: that of all files that stand in none.
            Self::Folder => {
                return Some(session.file.rsplit_once('/').map_or("", |(folder, _)| folder));
            }
            Self::Step => &session.step,
        };
        (!name.is_empty()).then_some(name)
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

impl DistributionPoints<i128> {
    /// The points of what is saved in the groups with a finding, of so many groups in all.
    fn from_findings(findings: &[i128], groups: usize) -> Self {
        // Groups without a finding save nothing, and count as that.
        let without = groups.saturating_sub(findings.len());
        let with_zeros = findings.iter().copied().chain(std::iter::repeat_n(0, without));
        let CredibleBand { p50, p90, .. } = CredibleBand::from_values(findings.iter().copied());
        Self {
            median: p50,
            p90,
            max: findings.iter().copied().max().unwrap_or_default(),
            median_of_all: CredibleBand::from_values(with_zeros).p50,
        }
    }

    fn to_counts(self) -> DistributionPoints<i64> {
        self.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
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

impl SavingDistribution {
    /// How the savings of one toggle are spread, from each group where it finds something: what it
    /// saves there, and the group with nothing toggled. `None` where it finds nothing.
    fn from_findings(findings: &[(Saving, PipelineTotals)], groups: usize) -> Option<Self> {
        if findings.is_empty() {
            return None;
        }
        let mut measures = [(); 4].map(|()| Vec::with_capacity(findings.len()));
        for (saving, before) in findings {
            let (read, cost) = (saving.usage.read, saving.total_money());
            measures[0].push(read.into());
            measures[1].push(cost.0);
            measures[2].push(ratio_bp(read, before.usage.read).into());
            measures[3].push(cost.share_bp(before.total_money()).into());
        }
        let [read, cost, read_bp, cost_bp] =
            measures.map(|values| DistributionPoints::from_findings(&values, groups));
        Some(Self {
            read: read.to_counts(),
            cost: cost.map(PicoUsd),
            read_bp: read_bp.to_counts(),
            cost_bp: cost_bp.to_counts(),
        })
    }
}

/// Spreads the toggles of a plan over groups of its sessions.
#[must_use]
pub fn distribute_savings(
    recording: &Recording,
    plan: &Plan,
    toggles: usize,
    grouping: SessionGrouping,
) -> GroupedSavings {
    let (group_of_island, groups) = group_islands(recording, plan, grouping);
    let replayed: Vec<(PipelineTotals, Vec<(usize, Saving)>)> =
        plan.islands.par_iter().map(|island| replay_toggles_alone(plan, island, toggles)).collect();
    let mut before = vec![PipelineTotals::default(); groups];
    let mut savings: BTreeMap<(usize, usize), Saving> = BTreeMap::new();
    for (&group, (island, alone)) in group_of_island.iter().zip(&replayed) {
        // Peaks and times of a group are asked by nobody: only what its shares are of is summed.
        before[group].calls += island.calls;
        before[group].usage += island.usage;
        before[group].cost.recorded += island.cost.recorded;
        before[group].cost.hidden += island.cost.hidden;
        for &(toggle, saving) in alone {
            let sum = savings.entry((toggle, group)).or_default();
            *sum = *sum + saving;
        }
    }
    // Nothing can be found where nothing is called, whatever rules would hold there.
    savings.retain(|(_, group), _| before[*group].calls > 0);
    let groups = before.iter().filter(|totals| totals.calls > 0).count();
    let toggles = (0..toggles).map(|toggle| {
        let findings: Vec<(Saving, PipelineTotals)> = savings
            .range((toggle, 0)..(toggle + 1, 0))
            .map(|((_, group), saving)| (*saving, before[*group]))
            .collect();
        ToggleDistribution {
            found_in: findings.len(),
            costs_in: findings.iter().filter(|(saving, _)| saving.total_money().0 < 0).count(),
            saving: findings.iter().map(|(saving, _)| *saving).sum(),
            distribution: SavingDistribution::from_findings(&findings, groups),
        }
    });
    let toggles = toggles.collect();
    // Sessions of one island go on from each other and cannot be told apart.
    let chained = plan.islands.iter().map(|island| recorded_session_count(plan, island) - 1).sum();
    GroupedSavings { grouping, groups, chained, toggles }
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
fn group_islands(
    recording: &Recording,
    plan: &Plan,
    grouping: SessionGrouping,
) -> (Vec<usize>, usize) {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut group_of_island = Vec::with_capacity(plan.islands.len());
    let mut groups = 0;
    for island in &plan.islands {
        // An island belongs where its first session does.
        let first = plan.sessions[island.sessions.start as usize].session as usize;
        let group = match grouping.group_name(&recording.sessions[first]) {
            Some(name) => *known.entry(name).or_insert(groups),
            None => groups,
        };
        // A group has the next number exactly where this island is the first one of it.
        groups = groups.max(group + 1);
        group_of_island.push(group);
    }
    (group_of_island, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::{self, ToggleParams};
    use crate::plan::{Patch, ResumedSession};
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::replay;

    fn order() -> Recording {
        let reported = builtin_pipeline("order-774").expect("built in");
        reconstruct(&reported, Lens::Message).expect("fits").recording
    }

    fn patches(recording: &Recording) -> Vec<Patch> {
        let patch = |one: &&intervene::Intervention| {
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
        let points = DistributionPoints { median: 20, p90: 30, max: 30, median_of_all: 10 };
        assert_eq!(DistributionPoints::from_findings(&[10, 30, 20], 5), points);
        let points = DistributionPoints { median: -20, p90: -10, max: -10, median_of_all: -10 };
        assert_eq!(DistributionPoints::from_findings(&[-10, -30, -20], 5), points);
        // What a float cannot hold is exact all the same.
        let odd = (1 << f64::MANTISSA_DIGITS) + 1;
        assert_eq!(DistributionPoints::from_findings(&[odd], 1).max, odd);
    }
}
