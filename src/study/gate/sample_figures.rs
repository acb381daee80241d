//! The figures of a sample: whole, pipelines and steps, tools, models, kinds of calls and blocks,
//! savings.

use super::{FigureKey, GateMetric, GateScope};
use crate::clock::turn_limiter::counts_in_last_minute;
use crate::ids::ModelId;
use crate::plan::Plan;
use crate::price::modifiers::NAMED;
use crate::recording::{
    BlockKind, BlockMarks, Call, CallMarks, Recording, Remainder, Role, Session,
};
use crate::replay::{ReplayCost, ReplayedCall};
use crate::study::inspect::call_contexts::{ContextLoss, loss_at_call};
use crate::study::inspect::order_parts::owner_session_id;
use crate::study::inspect::step_usage::row_names_by_session;
use crate::study::inspect::summary::{BlockGroup, group_blocks, re_reads_by_block};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::savings::Saving;
use std::collections::BTreeMap;

/// The name of what all toggles save together.
pub const JOINT_SAVING: &str = "all";

/// Kinds of calls that explain a growth, by what is marked.
const MARKED_KINDS: [(CallMarks, &str); 7] = [
    (CallMarks::NARRATION, "narration"),
    (CallMarks::THINKING_ONLY, "thinking-only"),
    (CallMarks::POLL, "polls"),
    (CallMarks::TEST_RUN, "test-runs"),
    (CallMarks::FULL_SUITE, "full-suites"),
    (CallMarks::ABORTED_RUN, "aborted-runs"),
    (CallMarks::EFFORT_SWITCH, "effort-switches"),
];
/// Calls that miss the cache while their context goes on.
const CACHE_MISSES: &str = "cache-misses";
/// Calls whose context was compacted.
const COMPACTIONS: &str = "compactions";
/// Searches that the provider bills each.
pub(super) const WEB_SEARCHES: &str = "web-searches";
/// Blocks that read again what the context still holds.
const REREADS: &str = "rereads";

/// Whether a pipeline has a name of its own, which the next recording of it will have too: a
/// transcript's is the id of its main thread.
pub(super) fn has_pipeline_name(session: &Session) -> bool {
    !session.pipeline.is_empty() && session.pipeline != owner_session_id(session)
}

/// Figures on their way into a sample; zeros do not enter.
#[derive(Default)]
pub(super) struct SampleFigures(pub BTreeMap<FigureKey, i128>);

impl SampleFigures {
    fn add_amount(&mut self, scope: GateScope, name: &str, metric: GateMetric, amount: i128) {
        if amount != 0 {
            let key = FigureKey { scope, name: name.to_owned(), metric };
            *self.0.entry(key).or_default() += amount;
        }
    }

    fn add_place(&mut self, scope: GateScope, name: &str, place: &PlaceTotals) {
        let peak = counts_in_last_minute(&place.starts_ms).into_iter().max().unwrap_or(0);
        let Saving { usage, hidden_output, .. } = place.used;
        // Output that the log does not show was used all the same.
        let counts = [
            (GateMetric::Sessions, place.sessions),
            (GateMetric::Fresh, usage.fresh),
            (GateMetric::Write5m, usage.write_5m),
            (GateMetric::Write1h, usage.write_1h),
            (GateMetric::Output, usage.output + hidden_output),
            (GateMetric::PeakContext, place.peak_context),
            (GateMetric::RequestsAMinute, peak),
        ];
        for (metric, count) in counts {
            self.add_amount(scope, name, metric, count.into());
        }
        self.add_amount(scope, name, GateMetric::Read, usage.read.into());
        self.add_usage(scope, name, &place.used);
    }

    /// Calls, tokens and money.
    fn add_usage(&mut self, scope: GateScope, name: &str, used: &Saving) {
        self.add_amount(scope, name, GateMetric::Calls, used.calls.into());
        self.add_amount(
            scope,
            name,
            GateMetric::Tokens,
            HeadlineMetric::Tokens.amount_in_saving(used).into(),
        );
        self.add_amount(scope, name, GateMetric::Dollars, used.total_money().0);
    }

    pub(crate) fn add_saving(&mut self, id: &str, saved: &Saving) {
        self.add_amount(GateScope::Saving, id, GateMetric::Read, saved.usage.read.into());
        self.add_usage(GateScope::Saving, id, saved);
        if id == JOINT_SAVING {
            // Whoever asks that they save so much is to hear of nothing.
            for metric in
                [GateMetric::Calls, GateMetric::Read, GateMetric::Tokens, GateMetric::Dollars]
            {
                let key = FigureKey { scope: GateScope::Saving, name: id.to_owned(), metric };
                self.0.entry(key).or_default();
            }
        }
    }
}

/// What calls and bills of one place add up to.
#[derive(Clone, Debug, Default)]
struct PlaceTotals {
    sessions: i64,
    used: Saving,
    peak_context: i64,
    starts_ms: Vec<i64>,
}

impl PlaceTotals {
    fn add_call(&mut self, plan: &Plan, row: &ReplayedCall) {
        self.used = self.used + Saving::from_call(plan, row);
        self.peak_context = self.peak_context.max(row.outcome.usage.context_tokens());
        self.starts_ms.push(row.outcome.start_ms);
    }

    fn add_remainder(&mut self, rest: &Remainder, cost: ReplayCost) {
        self.used = self.used + Saving { usage: rest.usage, cost, ..Saving::default() };
    }

    fn add_session(&mut self, session: &Session) {
        // Subagents belong to the session that spawned them, as step tables count.
        self.sessions += i64::from(session.role != Role::Subagent);
        if session.calls == 0 {
            self.used.calls += i64::from(session.harness_totals.calls.unwrap_or(0));
        }
    }
}

/// A replay and the bills beside it.
#[derive(Clone, Copy)]
pub(super) struct PricedReplay<'a> {
    pub recording: &'a Recording,
    pub plan: &'a Plan,
    pub rows: &'a [ReplayedCall],
    /// What is billed beyond the calls, and what it costs.
    pub remainders: &'a [(&'a Remainder, ReplayCost)],
    /// The step of each session.
    pub steps: &'a [Option<&'a str>],
    /// What each model of the recording is priced as.
    pub models: &'a [String],
}

impl<'a> PricedReplay<'a> {
    /// The session of a call, by number.
    fn session_of_call(&self, row: &ReplayedCall) -> usize {
        self.recording.calls[self.plan.call_of[row.row as usize] as usize].session as usize
    }

    /// The whole, its pipelines and its steps.
    pub(crate) fn add_places(&self, figures: &mut SampleFigures) {
        let mut places: BTreeMap<(GateScope, &str), PlaceTotals> = BTreeMap::new();
        for row in self.rows {
            for place in self.places_of_session(self.session_of_call(row)) {
                places.entry(place).or_default().add_call(self.plan, row);
            }
        }
        for (rest, cost) in self.remainders {
            for place in self.places_of_session(rest.session as usize) {
                places.entry(place).or_default().add_remainder(rest, *cost);
            }
        }
        // Sessions without calls count as well: a ledger may tell of calls that nobody recorded.
        for (index, session) in self.recording.sessions.iter().enumerate() {
            for place in self.places_of_session(index) {
                places.entry(place).or_default().add_session(session);
            }
        }
        for ((scope, name), mut place) in places {
            // Calls of several sessions come session by session; a minute needs them in time.
            place.starts_ms.sort_unstable();
            figures.add_place(scope, name, &place);
        }
    }

    /// What a model is priced as.
    fn priced_model(&self, id: ModelId) -> &'a str {
        &self.models[usize::from(id)]
    }

    /// The models: calls, tokens and money.
    pub(crate) fn add_models(&self, figures: &mut SampleFigures) {
        let mut models: BTreeMap<&str, PlaceTotals> = BTreeMap::new();
        for row in self.rows {
            let call = &self.recording.calls[self.plan.call_of[row.row as usize] as usize];
            models.entry(self.priced_model(call.model)).or_default().add_call(self.plan, row);
        }
        // What was billed beyond the calls was billed to a model, too.
        for (rest, cost) in self.remainders {
            models.entry(self.priced_model(rest.model)).or_default().add_remainder(rest, *cost);
        }
        for (name, place) in models {
            figures.add_usage(GateScope::Model, name, &place.used);
        }
    }

    /// Where a session counts; what belongs to no session counts for the whole only.
    fn places_of_session(
        &self,
        session: usize,
    ) -> impl Iterator<Item = (GateScope, &'a str)> + use<'a> {
        let pipeline =
            self.recording.sessions.get(session).filter(|session| has_pipeline_name(session));
        let pipeline = pipeline.map(|session| (GateScope::Pipeline, session.pipeline.as_str()));
        let step = self.steps.get(session).copied().flatten().map(|step| (GateScope::Step, step));
        [Some((GateScope::Total, "")), pipeline, step].into_iter().flatten()
    }

    /// Kinds of calls: of the whole how many and what they use, of a step how many.
    pub(crate) fn add_calls_by_kind(&self, figures: &mut SampleFigures) {
        let mut before: Option<&ReplayedCall> = None;
        for row in self.rows {
            let call = &self.recording.calls[self.plan.call_of[row.row as usize] as usize];
            let same = before.filter(|one| self.session_of_call(one) == call.session as usize);
            // Rows are in the order of the plan, session by session: the row before is the call
            // before only within one session.
            let loss = loss_at_call(same, row);
            let kinds = [
                (matches!(loss, ContextLoss::Missed(_)), CACHE_MISSES),
                (loss == ContextLoss::Compacted, COMPACTIONS),
            ];
            let marked = MARKED_KINDS.map(|(mark, name)| (call.marks.contains(mark), name));
            // Conditions that change a price explain dollars that no token explains.
            let told = NAMED.map(|(name, it)| (call.facts.modifiers.contains(it), name));
            self.add_web_searches(call, figures);
            let all = marked.into_iter().chain(kinds).chain(told);
            for (_, name) in all.filter(|(is, _)| *is) {
                let tokens =
                    HeadlineMetric::Tokens.amount_in_saving(&Saving::from_call(self.plan, row));
                figures.add_amount(GateScope::Cause, name, GateMetric::Calls, 1);
                figures.add_amount(GateScope::Cause, name, GateMetric::Tokens, tokens.into());
                if let Some(step) = self.steps[call.session as usize] {
                    figures.add_amount(
                        GateScope::Cause,
                        &cause_within_step(step, name),
                        GateMetric::Calls,
                        1,
                    );
                }
            }
            before = Some(row);
        }
    }

    fn add_web_searches(&self, call: &Call, figures: &mut SampleFigures) {
        let searches = i128::from(call.facts.web_searches);
        let step = self.steps[call.session as usize];
        let within = step.map(|step| cause_within_step(step, WEB_SEARCHES));
        for name in [Some(WEB_SEARCHES), within.as_deref()].into_iter().flatten() {
            figures.add_amount(GateScope::Cause, name, GateMetric::Uses, searches);
        }
    }
}

/// The name of a cause within a step.
pub(super) fn cause_within_step(step: &str, cause: &str) -> String {
    format!("{step}/{cause}")
}

/// The step of each session; `None` for one of no step.
pub(super) fn session_steps(recording: &Recording) -> Vec<Option<&str>> {
    row_names_by_session(recording)
        .into_iter()
        .map(|step| Some(step).filter(|step| !step.is_empty()))
        .collect()
}

/// Tools and kinds of blocks: how many, their tokens, and what they cost in re-reads; of a step
/// the tokens alone.
pub(super) fn add_blocks(
    recording: &Recording,
    steps: &[Option<&str>],
    figures: &mut SampleFigures,
) {
    let (kinds, tools) = group_blocks(recording);
    let kinds = kinds.iter().map(|(kind, group)| (GateScope::Cause, kind.name(), group));
    let tools = tools.iter().map(|(tool, group)| (GateScope::Tool, tool.as_str(), group));
    let rereads =
        recording.blocks.iter().zip(re_reads_by_block(recording)).filter(|(block, _)| {
            block.marks.contains(BlockMarks::REREAD) && !block.kind.is_output()
        });
    // Blocks that were read before are a cause of their own, across all kinds and tools.
    let mut reread = BlockGroup::default();
    rereads.for_each(|(block, carried)| reread.add_block(block.tokens, carried));
    for (scope, name, group) in kinds.chain(tools).chain([(GateScope::Cause, REREADS, &reread)]) {
        figures.add_amount(scope, name, GateMetric::Uses, group.blocks.into());
        figures.add_amount(scope, name, GateMetric::Added, group.tokens.into());
        figures.add_amount(scope, name, GateMetric::Carried, group.re_read_tokens.into());
    }
    // The system part is no cause of a step: it stands before its work.
    for block in recording.blocks.iter().filter(|block| block.kind != BlockKind::System) {
        if let Some(step) = steps[recording.calls[block.call as usize].session as usize] {
            let name = cause_within_step(step, block.kind.name());
            figures.add_amount(GateScope::Cause, &name, GateMetric::Added, block.tokens.into());
        }
    }
}
