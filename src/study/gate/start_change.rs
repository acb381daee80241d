//! What a changed start costs: system prompt, project files, skills, agents and tools of two
//! folders, replayed on recorded sessions without a new run.
//!
//! Sizes are estimates from characters, so that the difference is a band. Given a size, the rest is
//! a replay: the start of every session grows or shrinks by the difference ([`Patch`]), and reads,
//! writes and compactions follow.

use super::budget::GateBudget;
use super::{DefectKind, FigureKey, FigureLimit, GateMetric, GateOutcome, GateScope, RowVerdict};
use crate::kinds::{Role, named_values};
use crate::models::Tokenizer;
use crate::plan::{Patch, Plan};
use crate::price::{MissingPrice, Pricing, UNSTATED_MODEL};
use crate::recording::estimate::estimate_start_band;
use crate::recording::{BlockKind, Recording, Session};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::savings::PipelineTotals;
use std::collections::BTreeMap;

named_values! {
    /// A part of what a session starts with.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum StartPart {
        /// In full, in main threads.
        SystemPrompt = "system prompt",
        /// `CLAUDE.md`, what it imports, and rules: in full, in every session.
        Memory = "CLAUDE.md",
        /// Names and descriptions, in main threads.
        Skills = "skills",
        /// Names and descriptions, in main threads.
        Agents = "agents",
        /// Schemas in full, in every session.
        Tools = "tools",
    }
}

/// How much of one part there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartSize {
    /// Files, skills, agents or tools.
    pub items: u32,
    /// Characters of them that a session starts with.
    pub chars: u64,
}

/// The parts of a start.
pub type StartSizes = BTreeMap<StartPart, StartSize>;

/// Tokens at the lowest, the usual and the highest rate.
pub type TokenBand = [i64; 3];

/// The starts of two folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartChange {
    /// As it is.
    pub before: StartSizes,
    /// As it would be.
    pub after: StartSizes,
}

impl StartChange {
    /// A part on both sides.
    #[must_use]
    pub fn part(&self, part: StartPart) -> [StartSize; 2] {
        [&self.before, &self.after].map(|side| side.get(&part).copied().unwrap_or_default())
    }

    /// Whether a part is on either side.
    #[must_use]
    pub fn has_part(&self, part: StartPart) -> bool {
        self.before.contains_key(&part) || self.after.contains_key(&part)
    }

    /// The estimated change of a part, the least first.
    #[must_use]
    pub fn part_change(&self, part: StartPart, tokenizer: Tokenizer) -> TokenBand {
        // The difference is estimated, and not both sides: what they share has no error.
        let [before, after] = self.part(part);
        let [low, middle, high] =
            estimate_start_band(tokenizer, after.chars.abs_diff(before.chars));
        // What shrinks does so by most at the highest rate.
        if after.chars < before.chars { [-high, -middle, -low] } else { [low, middle, high] }
    }

    /// The estimated change of the start of a session.
    #[must_use]
    pub fn start_change(&self, role: Role, tokenizer: Tokenizer) -> TokenBand {
        let parts = StartPart::NAMED.iter().map(|(part, _)| *part);
        // A subagent has a prompt of its own, and starts with memory and tools alone.
        let entering = parts.filter(|part| {
            role != Role::Subagent || matches!(part, StartPart::Memory | StartPart::Tools)
        });
        entering
            .map(|part| self.part_change(part, tokenizer))
            .fold([0; 3], |sum, part| [sum[0] + part[0], sum[1] + part[1], sum[2] + part[2]])
    }
}

/// One figure of a pipeline with either start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartFigure {
    /// What is counted; money in pico-dollars.
    pub metric: GateMetric,
    /// As recorded.
    pub before: i128,
    /// With the other start, at the least, the usual and the largest size.
    pub after: [i128; 3],
    /// What may be.
    pub limit: FigureLimit,
    /// What is said of it.
    pub verdict: RowVerdict,
}

/// What the other start costs in a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCost {
    /// The pipeline, or the recording where its sessions name none.
    pub name: String,
    /// Sessions that were replayed with the other start.
    pub sessions: u32,
    /// Sessions whose start nobody saw: they stay as they are.
    pub unseen: u32,
    /// Its figures, dollars first where there are any.
    pub figures: Vec<StartFigure>,
}

/// A gate on the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartGate {
    /// The two starts.
    pub change: StartChange,
    /// The model whose tokens sizes are told in: that of the most calls.
    pub model: String,
    /// The pipelines.
    pub costs: Vec<StartCost>,
}

impl StartGate {
    /// How the sizes are counted.
    #[must_use]
    pub fn tokenizer(&self) -> Tokenizer {
        Tokenizer::of_model(&self.model)
    }

    /// Whether the change may pass. A figure that could be judged and is beyond its limit decides.
    #[must_use]
    pub fn outcome(&self) -> GateOutcome {
        let figures = self.costs.iter().flat_map(|cost| &cost.figures);
        let mut verdicts = figures.map(|figure| figure.verdict);
        if verdicts.clone().any(|verdict| verdict == RowVerdict::Beyond) {
            GateOutcome::Refused
        } else if verdicts.any(|verdict| verdict == RowVerdict::Unjudged) {
            GateOutcome::NotJudged
        } else {
            GateOutcome::Passes
        }
    }
}

/// The model of the most calls of some recordings.
#[must_use]
pub fn usual_model<'a>(recordings: impl Iterator<Item = &'a Recording>, assumed: &str) -> String {
    let mut calls: BTreeMap<&str, u32> = BTreeMap::new();
    for recording in recordings {
        for call in &recording.calls {
            *calls.entry(recording.model_name(call.model)).or_default() += 1;
        }
    }
    // Of equal counts the last by name, so that the order of recordings does not matter.
    let usual = calls.into_iter().max_by_key(|(_, count)| *count).map_or("", |(model, _)| model);
    named_model(usual, assumed).to_owned()
}

/// A model, or what stands for one that nobody named.
fn named_model<'a>(model: &'a str, assumed: &'a str) -> &'a str {
    if model == UNSTATED_MODEL || model.is_empty() { assumed } else { model }
}

/// Replays a recording with the other start, pipeline by pipeline.
///
/// # Errors
/// A model without a price that a patch names.
pub fn cost_of_start(
    recording: &Recording,
    change: &StartChange,
    pricing: &Pricing,
    (budget, has_dollars): (&GateBudget, bool),
) -> Result<Vec<StartCost>, MissingPrice> {
    // Transcripts of one project name no pipelines: they are judged as one.
    let is_named = recording.sessions.iter().any(|session| !session.pipeline.is_empty());
    let parts = if is_named {
        recording.split_by_name(|session| &session.pipeline)
    } else {
        vec![(String::new(), recording.clone())]
    };
    let parts = parts.into_iter().filter(|(_, part)| !part.calls.is_empty());
    parts
        .map(|(name, part)| {
            let mut cost = cost_of_pipeline(&part, change, pricing, (budget, has_dollars))?;
            cost.name = if name.is_empty() { recording.name.clone() } else { name };
            Ok(cost)
        })
        .collect()
}

fn cost_of_pipeline(
    recording: &Recording,
    change: &StartChange,
    pricing: &Pricing,
    (budget, has_dollars): (&GateBudget, bool),
) -> Result<StartCost, MissingPrice> {
    // Least, usual and largest size, a toggle each: one plan replays all three.
    let mut patches = [Patch::default(), Patch::default(), Patch::default()];
    let (mut seen, mut unseen) = (0, 0);
    for (index, session) in recording.sessions.iter().enumerate() {
        let Some(first) = session.call_range().next() else { continue };
        if !has_start(recording, first) {
            unseen += 1;
            continue;
        }
        seen += 1;
        let more = start_change_of(recording, session, first, (change, pricing));
        for (patch, more) in patches.iter_mut().zip(more) {
            if more != 0 {
                // A patch takes tokens off a start: more of them is a negative amount.
                patch.leaner_sessions.push((index as u32, -more));
            }
        }
    }
    let plan = Plan::compile(recording, &patches, pricing)?;
    let is_priced = plan.prices.iter().all(|row| !row.is_unpriced);
    let before = PipelineTotals::replay_totals(&plan, 0);
    let after = [0, 1, 2].map(|at| PipelineTotals::replay_totals(&plan, 1 << at));
    let metrics =
        [GateMetric::Dollars, GateMetric::Tokens, GateMetric::Read, GateMetric::PeakContext];
    let metrics = metrics.into_iter().filter(|it| has_dollars || *it != GateMetric::Dollars);
    let figures = metrics.map(|metric| {
        let key = FigureKey { scope: GateScope::Total, name: String::new(), metric };
        let limit = budget.limit_for(&key);
        let [old, low, middle, high] =
            [&before, &after[0], &after[1], &after[2]].map(|totals| figure_of(metric, totals));
        // Dollars of a model without a price are unknown, unless the budget lets that pass.
        let is_known = metric != GateMetric::Dollars
            || is_priced
            || budget.allowed_defects(DefectKind::Unpriced) > 0;
        let is_broken = |new| breaks_limit(&limit, old, new);
        let verdict = match () {
            () if limit == FigureLimit::default() => RowVerdict::Unlimited,
            () if !is_known => RowVerdict::Unjudged,
            // The usual size decides; where only an end of the band is beyond, nobody can be sure.
            () if is_broken(middle) => RowVerdict::Beyond,
            () if is_broken(low) || is_broken(high) => RowVerdict::Unsure,
            () => RowVerdict::Within,
        };
        StartFigure { metric, before: old, after: [low, middle, high], limit, verdict }
    });
    let figures = figures.collect();
    Ok(StartCost { name: String::new(), sessions: seen, unseen, figures })
}

/// Whether a session begins with a system part.
fn has_start(recording: &Recording, first: usize) -> bool {
    recording.blocks_of_call(first).iter().any(|block| block.kind == BlockKind::System)
}

/// The change of a session's start, in the tokens of its first model.
fn start_change_of(
    recording: &Recording,
    session: &Session,
    first: usize,
    (change, pricing): (&StartChange, &Pricing),
) -> TokenBand {
    let model = recording.model_name(recording.calls[first].model);
    let tokenizer = Tokenizer::of_model(named_model(model, &pricing.assumed_model));
    change.start_change(session.role, tokenizer)
}

fn figure_of(metric: GateMetric, totals: &PipelineTotals) -> i128 {
    match metric {
        GateMetric::Dollars => totals.total_money().0,
        GateMetric::Tokens => HeadlineMetric::Tokens.amount_in_totals(totals).into(),
        GateMetric::Read => HeadlineMetric::Reads.amount_in_totals(totals).into(),
        _ => totals.peak_context.into(),
    }
}

/// Whether a limit does not hold.
fn breaks_limit(limit: &FigureLimit, before: i128, after: i128) -> bool {
    limit.forbids_growth([before, after], 1)
        || limit.forbids_fall([before, after])
        || limit.at_most.is_some_and(|most| after > most)
        || limit.at_least.is_some_and(|least| after < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(parts: &[(StartPart, u64)]) -> StartSizes {
        parts.iter().map(|&(part, chars)| (part, StartSize { items: 1, chars })).collect()
    }

    #[test]
    fn a_change_is_a_band_and_turns_its_sign_with_its_sides() {
        let change = StartChange {
            before: sizes(&[(StartPart::Memory, 1_000), (StartPart::Skills, 5_000)]),
            after: sizes(&[(StartPart::Memory, 3_000), (StartPart::Skills, 4_000)]),
        };
        // 2,000 more characters at 250, 300 and 370 tokens a thousand, 1,000 less.
        let want = [500 - 370, 600 - 300, 740 - 250];
        assert_eq!(change.start_change(Role::Main, Tokenizer::Claude4), want);
        // Skills are not in the start of a subagent.
        let want = [500, 600, 740];
        assert_eq!(change.start_change(Role::Subagent, Tokenizer::Claude4), want);
        let swapped = StartChange { before: change.after.clone(), after: change.before.clone() };
        let want = [-490, -300, -130];
        assert_eq!(swapped.start_change(Role::Main, Tokenizer::Claude4), want);
        let same = StartChange { before: change.after.clone(), ..change };
        assert_eq!(same.start_change(Role::Main, Tokenizer::Claude47), [0; 3]);
    }

    #[test]
    fn a_limit_breaks_beyond_its_share_and_its_amount() {
        let grows =
            FigureLimit { grows_bp: Some(200), grows_by: Some(5), ..FigureLimit::default() };
        for (before, after, broken) in
            [(100, 105, false), (100, 106, true), (1_000, 1_020, false), (1_000, 1_021, true)]
        {
            assert_eq!(breaks_limit(&grows, before, after), broken, "{before} {after}");
        }
        let most = FigureLimit { at_most: Some(10), ..FigureLimit::default() };
        assert!(!breaks_limit(&most, 0, 10) && breaks_limit(&most, 0, 11));
        let still = FigureLimit { falls_bp: Some(0), ..FigureLimit::default() };
        assert!(breaks_limit(&still, 10, 9) && !breaks_limit(&still, 10, 11));
    }
}
