//! The script of a session: what each of its calls does, as far as events are known.
//!
//! Events are laid on tool calls first, the same way under both lenses, and carry the marks that
//! an importer would set, so that a toggle finds them by one code path. The lenses part on prose
//! only: under the message lens it stands beside a tool use (law L2), under the record lens each
//! piece of prose or thinking is a call of its own, put before the tool call that it announces.

use super::event::{Event, RunResult};
use super::lens::Lens;
use super::published::Figure;
use super::reported::Reported;
use crate::recording::estimate::{self, Tokenizer};
use crate::recording::{BlockKind, BlockMarks, CallMarks};
use crate::units::{BASIS_POINTS, scaled};

/// The tools that a script names; the first stands for every tool that no text names.
pub const TOOLS: [&str; 6] = ["unstated", "Read", "Edit", "Grep", "Bash", "Task"];
const UNSTATED: u16 = 0;
const READ: u16 = 1;
const EDIT: u16 = 2;
const GREP: u16 = 3;
const BASH: u16 = 4;
const TASK: u16 = 5;

/// What a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// A tool use alone.
    Tool,
    /// Prose and a tool use.
    ProseAndTool,
    /// Thinking and a tool use.
    ThinkingAndTool,
    /// Thinking, prose and a tool use.
    AllThree,
    /// Prose alone.
    Prose,
    /// Thinking alone.
    Thinking,
}

impl Speech {
    /// Whether a tool is used.
    #[must_use]
    pub fn uses_tool(self) -> bool {
        !matches!(self, Self::Prose | Self::Thinking)
    }
}

/// An event's tokens that enter the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What it is.
    pub kind: BlockKind,
    /// Characters as published.
    pub chars: u64,
    /// Tokens by the fitted rates.
    pub tokens: i64,
    /// The call whose tool use it answers.
    pub answers: usize,
}

/// One call of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index into [`TOOLS`].
    pub tool: u16,
    /// What it says.
    pub speech: Speech,
    /// Marks of the call.
    pub marks: CallMarks,
    /// Marks of its tool input and of the result.
    pub block_marks: BlockMarks,
    /// The file that the tool use concerns.
    pub file: Option<u32>,
    /// The result of its tool use, where its size is known, and how many calls later it enters.
    pub result: Option<(Answer, usize)>,
    /// How long its tool runs, milliseconds, where known.
    pub wait_ms: i64,
}

/// A tool result of known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub kind: BlockKind,
    /// Characters.
    pub chars: u64,
}

impl Slot {
    fn ordinary() -> Self {
        Self {
            tool: UNSTATED,
            speech: Speech::Tool,
            marks: CallMarks::empty(),
            block_marks: BlockMarks::empty(),
            file: None,
            result: None,
            wait_ms: 0,
        }
    }

    fn tool(tool: u16, block_marks: BlockMarks, file: Option<u32>) -> Self {
        Self { tool, block_marks, file, ..Self::ordinary() }
    }

    fn is_free(&self) -> bool {
        *self == Self::ordinary()
    }

    /// The result of known size as it enters, if it does.
    fn arrival(&self, answers: usize) -> Option<(Arrival, usize)> {
        let (result, delay) = self.result?;
        let tool = TOOLS[usize::from(self.tool)];
        let arrival = Arrival {
            kind: result.kind,
            chars: result.chars,
            tokens: estimate::tokens(Tokenizer::Other, result.kind, tool, result.chars),
            answers,
        };
        Some((arrival, answers + delay))
    }
}

/// Which events a script may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All.
    All,
    /// All but the plan file.
    NoPlan,
    /// None that brings tokens of its own.
    NoSizes,
}

/// The calls of a session, and what enters the context with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The calls.
    pub slots: Vec<Slot>,
    /// Results of known size by the call that they enter with.
    pub arrivals: Vec<Vec<Arrival>>,
}

impl Script {
    /// Tokens that known events bring, call by call.
    #[must_use]
    pub fn entering(&self) -> Vec<i64> {
        let tokens = |arrivals: &Vec<Arrival>| arrivals.iter().map(|a| a.tokens).sum();
        self.arrivals.iter().map(tokens).collect()
    }
}

/// Writes the script of one session with `calls` calls.
#[must_use]
pub fn write(
    reported: &Reported,
    lens: Lens,
    session: &str,
    step: &str,
    calls: usize,
    keep: Keep,
) -> Script {
    let speech = Prose::of(reported, session, lens, calls);
    let mut stage = Stage {
        reported,
        session,
        slots: vec![Slot::ordinary(); calls - speech.own_calls],
        files: 0,
    };
    if keep == Keep::All {
        stage.plan(step);
    }
    let published = reported.session(session).map_or(1, |row| row.calls.value());
    // Sites are published in records: their share of the records is their share of the calls.
    let records = published.max(1);
    for event in mine(reported, session) {
        stage.test_run(event);
    }
    for event in mine(reported, session) {
        stage.edit_sites(event, records);
    }
    for event in mine(reported, session) {
        stage.report(event);
    }
    for event in mine(reported, session) {
        stage.file_reads(event);
    }
    let mut slots = speech.spoken(stage.slots, lens);
    if keep == Keep::NoSizes {
        slots.iter_mut().for_each(|slot| slot.result = None);
    }
    let mut arrivals = vec![Vec::new(); slots.len()];
    let known: Vec<_> =
        slots.iter().enumerate().filter_map(|(at, slot)| slot.arrival(at)).collect();
    for (arrival, at) in known {
        match arrivals.get_mut(at) {
            Some(here) => here.push(arrival),
            // Nothing follows that could carry it.
            None => slots[arrival.answers].result = None,
        }
    }
    Script { slots, arrivals }
}

fn mine<'a>(reported: &'a Reported, session: &'a str) -> impl Iterator<Item = &'a Event> {
    let events = reported.events.iter();
    events.filter(move |event| event.session() == Some(session))
}

/// Whether item `k` is one of `some` spread evenly over `all`.
fn evenly(k: usize, some: usize, all: usize) -> bool {
    (k + 1) * some / all > k * some / all
}

/// Prose and thinking of a session.
#[derive(Clone, Copy, Debug, Default)]
struct Prose {
    /// Pieces of prose.
    texts: usize,
    /// Pieces of thinking.
    thoughts: usize,
    /// Tool calls that directly follow one.
    before_tool: usize,
    /// Calls that hold nothing else.
    own_calls: usize,
}

impl Prose {
    fn of(reported: &Reported, session: &str, lens: Lens, calls: usize) -> Self {
        for event in mine(reported, session) {
            if let Event::Narration { text_only, thinking_only, before_tool, .. } = event {
                let (texts, thoughts) = (count(text_only.value()), count(thinking_only.value()));
                let own_calls = if lens == Lens::Record { texts + thoughts } else { 0 };
                let fits = own_calls < calls / 2;
                return Self {
                    texts,
                    thoughts,
                    before_tool: count(before_tool.value()).min(texts + thoughts),
                    own_calls: if fits { own_calls } else { 0 },
                };
            }
        }
        Self::default()
    }

    /// Adds prose and thinking to the tool calls, in the way of the lens.
    fn spoken(self, tools: Vec<Slot>, lens: Lens) -> Vec<Slot> {
        let all = tools.len();
        if self.texts + self.thoughts == 0 {
            return tools;
        }
        if lens == Lens::Message || self.own_calls == 0 {
            let mut tools = tools;
            for (k, slot) in tools.iter_mut().enumerate() {
                let (text, thought) = (self.texts.min(all), self.thoughts.min(all));
                slot.speech = match (evenly(k, text, all), evenly(k, thought, all)) {
                    (true, true) => Speech::AllThree,
                    (true, false) => Speech::ProseAndTool,
                    (false, true) => Speech::ThinkingAndTool,
                    (false, false) => Speech::Tool,
                };
            }
            return tools;
        }
        // Before each of `before_tool` tool calls stands prose, thinking, or thinking then prose.
        let groups = self.before_tool.min(all).max(1);
        let mut left = (self.thoughts, self.texts);
        let mut slots = Vec::with_capacity(all + self.own_calls);
        let mut group = 0;
        for (k, slot) in tools.into_iter().enumerate() {
            if evenly(k, groups, all) {
                let thoughts = if evenly(group, self.thoughts.min(groups), groups) { 1 } else { 0 };
                // The last groups with thinking go without prose where prose runs out.
                let texts = usize::from(left.1 >= groups - group || thoughts == 0).min(left.1);
                group += 1;
                let last = group == groups;
                let thoughts = if last { left.0 } else { thoughts.min(left.0) };
                let texts = if last { left.1 } else { texts };
                left = (left.0 - thoughts, left.1 - texts);
                slots.extend(std::iter::repeat_n(silent(Speech::Thinking), thoughts));
                slots.extend(std::iter::repeat_n(silent(Speech::Prose), texts));
            }
            slots.push(slot);
        }
        slots
    }
}

/// A call without a tool use.
fn silent(speech: Speech) -> Slot {
    let marks =
        if speech == Speech::Thinking { CallMarks::THINKING_ONLY } else { CallMarks::NARRATION };
    Slot { speech, marks, ..Slot::ordinary() }
}

/// Tool calls on which events are laid.
struct Stage<'a> {
    reported: &'a Reported,
    session: &'a str,
    slots: Vec<Slot>,
    files: u32,
}

impl Stage<'_> {
    fn new_file(&mut self) -> u32 {
        self.files += 1;
        self.files - 1
    }

    fn steps_from(&self, first: &str, step: &str) -> bool {
        let at = |name: &str| self.reported.steps.rows.iter().position(|row| row.step == name);
        matches!((at(first), at(step)), (Some(first), Some(step)) if step >= first)
    }

    fn plan(&mut self, step: &str) {
        for event in &self.reported.events {
            if let Event::PlanRead { from_step, chars, .. } = event
                && self.steps_from(from_step, step)
                && self.slots.len() > 2
            {
                let file = self.new_file();
                self.slots[0] = Slot::tool(READ, BlockMarks::READ, Some(file));
                self.slots[0].result = Some((answer(BlockKind::ToolResult, chars.value()), 1));
            }
        }
    }

    /// The place nearest to `wanted` where `width` calls are free; the last call stays free.
    fn place(&self, wanted: usize, width: usize) -> Option<usize> {
        let all = self.slots.len();
        let free = |at: usize| {
            let range = self.slots.get(at..at + width);
            at + width < all && range.is_some_and(|slots| slots.iter().all(Slot::is_free))
        };
        let near = |off: usize| [wanted.checked_add(off), wanted.checked_sub(off)];
        (0..all).flat_map(near).flatten().find(|&at| free(at))
    }

    fn test_run(&mut self, event: &Event) {
        let Event::TestRun { result: ended, chars, at, polls, .. } = event else {
            return;
        };
        let polls = count(polls.as_ref().map_or(0, Figure::value));
        let Some(at) = self.place(self.beside_polls(at.value()), 1 + polls) else {
            return;
        };
        let (mut call, mut block) = (CallMarks::TEST_RUN, BlockMarks::TEST_RUN);
        call |= CallMarks::FULL_SUITE;
        block |= BlockMarks::FULL_SUITE;
        if *ended == RunResult::Aborted {
            call |= CallMarks::ABORTED_RUN;
            block |= BlockMarks::ABORTED_RUN | BlockMarks::ERROR;
        }
        let chars = chars.clone().or_else(|| self.reported.figure("aborted-output-chars"));
        let wait = self.wait(*ended);
        let slot = &mut self.slots[at];
        *slot = Slot::tool(BASH, block, None);
        slot.marks = call;
        slot.result = chars.map(|chars| (answer(BlockKind::ToolResult, chars.value()), 1 + polls));
        slot.wait_ms = if polls == 0 { wait } else { 0 };
        for poll in &mut self.slots[at + 1..=at + polls] {
            *poll = Slot::tool(BASH, BlockMarks::POLL, None);
            poll.marks = CallMarks::POLL;
            poll.wait_ms = wait / polls as i64;
        }
    }

    /// The call at a share of the calls beside the polls: those belong to one of the runs.
    fn beside_polls(&self, share_bp: i64) -> usize {
        let polls = |event| match event {
            &Event::TestRun { ref polls, .. } => polls.as_ref().map_or(0, Figure::value),
            _ => 0,
        };
        let all: i64 = mine(self.reported, self.session).map(polls).sum();
        let is_poll = |slot: &&Slot| slot.marks.contains(CallMarks::POLL);
        let placed = self.slots.iter().filter(is_poll).count();
        let beside = (self.slots.len() as i64 - all).max(1);
        count(scaled(beside, share_bp, BASIS_POINTS)) + placed
    }

    /// The call at a share of all calls.
    fn at(&self, share_bp: i64) -> usize {
        count(scaled(self.slots.len() as i64, share_bp, BASIS_POINTS))
    }

    fn wait(&self, ended: RunResult) -> i64 {
        let stated = |id| self.reported.stated(id).map_or(0, Figure::value);
        if ended != RunResult::Aborted {
            return stated("test-run-time");
        }
        let aborted = |event: &&Event| matches!(event, Event::TestRun { result, .. } if *result == RunResult::Aborted);
        let runs = self.reported.events.iter().filter(aborted).count() as i64;
        stated("aborted-runs-time") / runs.max(1)
    }

    fn edit_sites(&mut self, event: &Event, records: i64) {
        let Event::EditSites { sites, calls_a_site, at, .. } = event else {
            return;
        };
        let all = self.slots.len();
        let sites = count(sites.value()).max(1);
        let wanted = scaled(sites as i64 * calls_a_site.value(), all as i64, records);
        let width = count(wanted);
        let middle = self.at(at.value());
        let Some(first) = self.place(middle.saturating_sub(width / 2), width) else {
            return;
        };
        // Read, edit, look, read again, mend, and mend once more where the share allows.
        let steps = [
            (READ, BlockMarks::READ),
            (EDIT, BlockMarks::EDIT),
            (GREP, BlockMarks::SEARCH),
            (READ, BlockMarks::READ),
            (EDIT, BlockMarks::EDIT),
        ];
        for site in 0..sites {
            let file = self.new_file();
            let (from, to) = (site * width / sites, (site + 1) * width / sites);
            for (k, at) in (first + from..first + to).enumerate() {
                let (tool, marks) = steps[k.min(steps.len() - 1)];
                self.slots[at] = Slot::tool(tool, marks, Some(file));
            }
        }
    }

    fn report(&mut self, event: &Event) {
        if let Event::Report { chars, at, .. } = event
            && let Some(at) = self.place(self.at(at.value()), 1)
        {
            self.slots[at] = Slot::tool(TASK, BlockMarks::empty(), None);
            self.slots[at].result = Some((answer(BlockKind::Report, chars.value()), 1));
        }
    }

    fn file_reads(&mut self, event: &Event) {
        if let Event::FileReads { times, .. } = event {
            let file = self.new_file();
            let times = times.value();
            for k in 0..times.min(self.slots.len() as i64) {
                // The middle of the k-th of `times` equal parts.
                let share = scaled(2 * k + 1, BASIS_POINTS, 2 * times);
                if let Some(at) = self.place(self.at(share), 1) {
                    self.slots[at] = Slot::tool(READ, BlockMarks::READ, Some(file));
                }
            }
        }
    }
}

/// A published count as a number of calls: no session has more than the cap.
fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0).min(100_000)
}

fn answer(kind: BlockKind, chars: i64) -> Answer {
    Answer { kind, chars: u64::try_from(chars).unwrap_or(0) }
}
