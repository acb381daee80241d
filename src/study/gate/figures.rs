//! The figures of a sample: whole, pipelines and steps, tools, models, kinds of calls and blocks,
//! savings.

use super::{Key, Metric, Scope};
use crate::ids::ModelId;
use crate::plan::Plan;
use crate::recording::{BlockKind, BlockMarks, CallMarks, Recording, Remainder, Role, Session};
use crate::replay::{CallRow, Cost};
use crate::study::contexts::{Loss, loss};
use crate::study::headline::Headline;
use crate::study::limiter::in_the_last_minute;
use crate::study::sides::Saving;
use crate::study::steps::{owner, rows_of};
use crate::study::summary::{Group, carried, groups};
use std::collections::BTreeMap;

/// The name of what all toggles save together.
pub const JOINT: &str = "all";

/// Kinds of calls that explain a growth, by what is marked.
const MARKED: [(CallMarks, &str); 7] = [
    (CallMarks::NARRATION, "narration"),
    (CallMarks::THINKING_ONLY, "thinking-only"),
    (CallMarks::POLL, "polls"),
    (CallMarks::TEST_RUN, "test-runs"),
    (CallMarks::FULL_SUITE, "full-suites"),
    (CallMarks::ABORTED_RUN, "aborted-runs"),
    (CallMarks::EFFORT_SWITCH, "effort-switches"),
];
/// Calls that miss the cache while their context goes on.
const MISSES: &str = "cache-misses";
/// Calls whose context was compacted.
const COMPACTIONS: &str = "compactions";
/// Blocks that read again what the context still holds.
const REREADS: &str = "rereads";

/// Whether a pipeline has a name of its own, which the next recording of it will have too: a
/// transcript's is the id of its main thread.
pub(super) fn is_named(session: &Session) -> bool {
    !session.pipeline.is_empty() && session.pipeline != owner(session)
}

/// Figures on their way into a sample; zeros do not enter.
#[derive(Default)]
pub(super) struct Figures(pub BTreeMap<Key, i128>);

impl Figures {
    fn add(&mut self, scope: Scope, name: &str, metric: Metric, amount: i128) {
        if amount != 0 {
            let key = Key { scope, name: name.to_owned(), metric };
            *self.0.entry(key).or_default() += amount;
        }
    }

    fn place(&mut self, scope: Scope, name: &str, place: &Place) {
        let peak = in_the_last_minute(&place.starts_ms).into_iter().max().unwrap_or(0);
        let Saving { usage, hidden_output, .. } = place.used;
        let counts = [
            (Metric::Sessions, place.sessions),
            (Metric::Fresh, usage.fresh),
            (Metric::Write5m, usage.write_5m),
            (Metric::Write1h, usage.write_1h),
            (Metric::Output, usage.output + hidden_output),
            (Metric::PeakContext, place.peak_context),
            (Metric::RequestsAMinute, peak),
        ];
        for (metric, count) in counts {
            self.add(scope, name, metric, count.into());
        }
        self.add(scope, name, Metric::Read, usage.read.into());
        self.used(scope, name, &place.used);
    }

    /// Calls, tokens and money.
    fn used(&mut self, scope: Scope, name: &str, used: &Saving) {
        self.add(scope, name, Metric::Calls, used.calls.into());
        self.add(scope, name, Metric::Tokens, Headline::Tokens.of(used).into());
        self.add(scope, name, Metric::Dollars, used.money().0);
    }

    pub fn saving(&mut self, id: &str, saved: &Saving) {
        self.add(Scope::Saving, id, Metric::Read, saved.usage.read.into());
        self.used(Scope::Saving, id, saved);
        if id == JOINT {
            // Whoever asks that they save so much is to hear of nothing.
            for metric in [Metric::Calls, Metric::Read, Metric::Tokens, Metric::Dollars] {
                let key = Key { scope: Scope::Saving, name: id.to_owned(), metric };
                self.0.entry(key).or_default();
            }
        }
    }
}

/// What calls and bills of one place add up to.
#[derive(Clone, Debug, Default)]
struct Place {
    sessions: i64,
    used: Saving,
    peak_context: i64,
    starts_ms: Vec<i64>,
}

impl Place {
    fn call(&mut self, plan: &Plan, row: &CallRow) {
        self.used = self.used + Saving::of_call(plan, row);
        self.peak_context = self.peak_context.max(row.outcome.usage.context());
        self.starts_ms.push(row.outcome.start_ms);
    }

    fn bill(&mut self, rest: &Remainder, cost: Cost) {
        self.used = self.used + Saving { usage: rest.usage, cost, ..Saving::default() };
    }

    fn session(&mut self, session: &Session) {
        self.sessions += i64::from(session.role != Role::Subagent);
        if session.calls == 0 {
            self.used.calls += i64::from(session.told.calls.unwrap_or(0));
        }
    }
}

/// A replay and the bills beside it.
#[derive(Clone, Copy)]
pub(super) struct Paid<'a> {
    pub recording: &'a Recording,
    pub plan: &'a Plan,
    pub rows: &'a [CallRow],
    /// What is billed beyond the calls, and what it costs.
    pub rests: &'a [(&'a Remainder, Cost)],
    /// The step of each session.
    pub steps: &'a [Option<&'a str>],
    /// What each model of the recording is priced as.
    pub models: &'a [String],
}

impl<'a> Paid<'a> {
    /// The session of a call, by number.
    fn session_of(&self, row: &CallRow) -> usize {
        self.recording.calls[self.plan.call_of[row.row as usize] as usize].session as usize
    }

    /// The whole, its pipelines and its steps.
    pub fn places(&self, figures: &mut Figures) {
        let mut places: BTreeMap<(Scope, &str), Place> = BTreeMap::new();
        for row in self.rows {
            for place in self.places_of(self.session_of(row)) {
                places.entry(place).or_default().call(self.plan, row);
            }
        }
        for (rest, cost) in self.rests {
            for place in self.places_of(rest.session as usize) {
                places.entry(place).or_default().bill(rest, *cost);
            }
        }
        for (index, session) in self.recording.sessions.iter().enumerate() {
            for place in self.places_of(index) {
                places.entry(place).or_default().session(session);
            }
        }
        for ((scope, name), mut place) in places {
            place.starts_ms.sort_unstable();
            figures.place(scope, name, &place);
        }
    }

    /// The models: calls, tokens and money.
    pub fn by_model(&self, figures: &mut Figures) {
        let mut models: BTreeMap<&str, Place> = BTreeMap::new();
        let name = |id: ModelId| self.models[usize::from(id)].as_str();
        for row in self.rows {
            let call = &self.recording.calls[self.plan.call_of[row.row as usize] as usize];
            models.entry(name(call.model)).or_default().call(self.plan, row);
        }
        for (rest, cost) in self.rests {
            models.entry(name(rest.model)).or_default().bill(rest, *cost);
        }
        for (name, place) in models {
            figures.used(Scope::Model, name, &place.used);
        }
    }

    /// Where a session counts; what belongs to no session counts for the whole only.
    fn places_of(&self, session: usize) -> impl Iterator<Item = (Scope, &'a str)> + use<'a> {
        let pipeline = self.recording.sessions.get(session).filter(|session| is_named(session));
        let pipeline = pipeline.map(|session| (Scope::Pipeline, session.pipeline.as_str()));
        let step = self.steps.get(session).copied().flatten().map(|step| (Scope::Step, step));
        [Some((Scope::Total, "")), pipeline, step].into_iter().flatten()
    }

    /// Kinds of calls: of the whole how many and what they use, of a step how many.
    pub fn calls_by_kind(&self, figures: &mut Figures) {
        let mut before: Option<&CallRow> = None;
        for row in self.rows {
            let call = &self.recording.calls[self.plan.call_of[row.row as usize] as usize];
            let same = before.filter(|one| self.session_of(one) == call.session as usize);
            let loss = loss(same, row);
            let kinds = [(loss == Loss::Missed, MISSES), (loss == Loss::Compacted, COMPACTIONS)];
            let marked = MARKED.map(|(mark, name)| (call.marks.contains(mark), name));
            for (_, name) in marked.into_iter().chain(kinds).filter(|(is, _)| *is) {
                let tokens = Headline::Tokens.of(&Saving::of_call(self.plan, row));
                figures.add(Scope::Cause, name, Metric::Calls, 1);
                figures.add(Scope::Cause, name, Metric::Tokens, tokens.into());
                if let Some(step) = self.steps[call.session as usize] {
                    figures.add(Scope::Cause, &within(step, name), Metric::Calls, 1);
                }
            }
            before = Some(row);
        }
    }
}

/// The name of a cause within a step.
pub(super) fn within(step: &str, cause: &str) -> String {
    format!("{step}/{cause}")
}

/// The step of each session; `None` for one of no step.
pub(super) fn steps(recording: &Recording) -> Vec<Option<&str>> {
    let named = |step: &str| !step.is_empty();
    rows_of(recording).into_iter().map(|step| Some(step).filter(|step| named(step))).collect()
}

/// Tools and kinds of blocks: how many, their tokens, and what they cost in re-reads; of a step
/// the tokens alone.
pub(super) fn blocks(recording: &Recording, steps: &[Option<&str>], figures: &mut Figures) {
    let (kinds, tools) = groups(recording);
    let kinds = kinds.iter().map(|(kind, group)| (Scope::Cause, kind.name(), group));
    let tools = tools.iter().map(|(tool, group)| (Scope::Tool, tool.as_str(), group));
    let rereads =
        recording.blocks.iter().zip(carried(recording)).filter(|(block, _)| {
            block.marks.contains(BlockMarks::REREAD) && !block.kind.is_output()
        });
    let mut reread = Group::default();
    rereads.for_each(|(block, carried)| reread.add(block.tokens, carried));
    for (scope, name, group) in kinds.chain(tools).chain([(Scope::Cause, REREADS, &reread)]) {
        figures.add(scope, name, Metric::Uses, group.blocks.into());
        figures.add(scope, name, Metric::Added, group.tokens.into());
        figures.add(scope, name, Metric::Carried, group.carried.into());
    }
    for block in recording.blocks.iter().filter(|block| block.kind != BlockKind::System) {
        if let Some(step) = steps[recording.calls[block.call as usize].session as usize] {
            let name = within(step, block.kind.name());
            figures.add(Scope::Cause, &name, Metric::Added, block.tokens.into());
        }
    }
}
