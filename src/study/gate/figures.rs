//! The figures of a sample: whole, pipelines and steps, tools, models, kinds of calls and blocks,
//! savings.

use super::{Key, Metric, Scope};
use crate::ids::ModelId;
use crate::plan::Plan;
use crate::recording::{BlockKind, BlockMarks, CallMarks, Recording, Remainder, Role, Session};
use crate::replay::{self, CallRow, Onset};
use crate::study::limiter::in_the_last_minute;
use crate::study::steps::{owner, rows_of};
use crate::study::summary::carried;
use crate::units::Usage;
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
/// Calls that read at most the static prefix although the call before had cached more.
const COLD: &str = "cold-calls";
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
        let starts = &place.starts_ms;
        let peak = in_the_last_minute(starts).into_iter().max().unwrap_or(0);
        let usage = place.usage;
        let counts = [
            (Metric::Sessions, place.sessions),
            (Metric::Calls, place.calls),
            (Metric::Fresh, usage.fresh),
            (Metric::Read, usage.read),
            (Metric::Write5m, usage.write_5m),
            (Metric::Write1h, usage.write_1h),
            (Metric::Output, usage.output),
            (Metric::Tokens, place.tokens()),
            (Metric::PeakContext, place.peak_context),
            (Metric::RequestsAMinute, peak),
        ];
        for (metric, count) in counts {
            self.add(scope, name, metric, count.into());
        }
        self.add(scope, name, Metric::Dollars, place.pico_usd);
    }

    pub fn saving(&mut self, id: &str, before: &Place, after: &Place) {
        let counts = [
            (Metric::Calls, before.calls - after.calls),
            (Metric::Read, before.usage.read - after.usage.read),
            (Metric::Tokens, before.tokens() - after.tokens()),
        ];
        for (metric, count) in counts {
            self.add(Scope::Saving, id, metric, count.into());
        }
        self.add(Scope::Saving, id, Metric::Dollars, before.pico_usd - after.pico_usd);
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
pub(super) struct Place {
    sessions: i64,
    calls: i64,
    /// Output with what placeholders hide.
    usage: Usage,
    pico_usd: i128,
    peak_context: i64,
    starts_ms: Vec<i64>,
}

impl Place {
    fn call(&mut self, plan: &Plan, row: &CallRow) {
        let cost = replay::tally_call(plan, row);
        self.calls += 1;
        self.usage += shown(row);
        self.pico_usd += (cost.recorded + cost.hidden).0;
        self.peak_context = self.peak_context.max(row.outcome.usage.context());
        self.starts_ms.push(row.outcome.start_ms);
    }

    fn tokens(&self) -> i64 {
        self.usage.context() + self.usage.output
    }

    fn bill(&mut self, rest: &Remainder, pico_usd: i128) {
        self.usage += rest.usage;
        self.pico_usd += pico_usd;
    }

    fn session(&mut self, session: &Session) {
        self.sessions += i64::from(session.role != Role::Subagent);
        if session.calls == 0 {
            self.calls += i64::from(session.told.calls.unwrap_or(0));
        }
    }
}

/// The usage of a call with all of its output.
fn shown(row: &CallRow) -> Usage {
    let usage = row.outcome.usage;
    Usage { output: usage.output + row.outcome.hidden, ..usage }
}

/// A replay and the bills beside it.
#[derive(Clone, Copy)]
pub(super) struct Paid<'a> {
    pub recording: &'a Recording,
    pub plan: &'a Plan,
    pub rows: &'a [CallRow],
    /// What is billed beyond the calls, with its price in pico-dollars.
    pub rests: &'a [(&'a Remainder, i128)],
    /// The step of each session.
    pub steps: &'a [Option<&'a str>],
    /// What each model of the recording is priced as.
    pub models: &'a [String],
}

impl<'a> Paid<'a> {
    pub fn total(&self) -> Place {
        let mut total = Place::default();
        self.rows.iter().for_each(|row| total.call(self.plan, row));
        self.rests.iter().for_each(|(rest, pico_usd)| total.bill(rest, *pico_usd));
        total
    }

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
        for (rest, pico_usd) in self.rests {
            for place in self.places_of(rest.session as usize) {
                places.entry(place).or_default().bill(rest, *pico_usd);
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
        for (rest, pico_usd) in self.rests {
            models.entry(name(rest.model)).or_default().bill(rest, *pico_usd);
        }
        for (name, place) in models {
            figures.add(Scope::Model, name, Metric::Calls, place.calls.into());
            figures.add(Scope::Model, name, Metric::Tokens, place.tokens().into());
            figures.add(Scope::Model, name, Metric::Dollars, place.pico_usd);
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
            let session = &self.recording.sessions[call.session as usize];
            let same = before.filter(|one| self.session_of(one) == call.session as usize);
            let lost = same.is_some_and(|one| one.left > session.static_prefix);
            let is_cold = lost
                && row.onset == Onset::GoesOn
                && row.outcome.usage.read <= session.static_prefix;
            let kinds = [(is_cold, COLD), (row.onset == Onset::Compacted, COMPACTIONS)];
            let marked = MARKED.map(|(mark, name)| (call.marks.contains(mark), name));
            for (_, name) in marked.into_iter().chain(kinds).filter(|(is, _)| *is) {
                let usage = shown(row);
                let tokens = i128::from(usage.context() + usage.output);
                figures.add(Scope::Cause, name, Metric::Calls, 1);
                figures.add(Scope::Cause, name, Metric::Tokens, tokens);
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
    for (block, carried) in recording.blocks.iter().zip(carried(recording)) {
        let session = recording.calls[block.call as usize].session;
        let tool = recording.tool(block.tool);
        let reread = block.marks.contains(BlockMarks::REREAD);
        let own = [
            Some((Scope::Cause, block.kind.name())),
            Some((Scope::Cause, REREADS)).filter(|_| reread && !block.kind.is_output()),
            Some((Scope::Tool, tool)).filter(|_| !block.kind.is_output() && !tool.is_empty()),
        ];
        for (scope, name) in own.into_iter().flatten() {
            figures.add(scope, name, Metric::Uses, 1);
            figures.add(scope, name, Metric::Added, block.tokens.into());
            figures.add(scope, name, Metric::Carried, carried.into());
        }
        if let Some(step) = steps[session as usize]
            && block.kind != BlockKind::System
        {
            let name = within(step, block.kind.name());
            figures.add(Scope::Cause, &name, Metric::Added, block.tokens.into());
        }
    }
}
