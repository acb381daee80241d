//! Where contexts start over or are cleared by themselves: the places of one replay, to which
//! others are pinned.
//!
//! A threshold that is crossed a little later moves a compaction, at last past the end of the
//! recording, and what that is worth says nothing about the toggle. So the places are those that
//! rules of compaction and clearing give alone, and every other toggle is replayed on them.

use super::call_tokens::{CallSink, CallTokens};
use super::cycle_end::{CycleEnd, CycleEndKind};
use crate::plan::{Chance, Island, Plan, PlanRun};

/// The places of a replay of one island, and what its calls read.
#[derive(Clone, Debug)]
pub struct Schedule {
    first_row: usize,
    /// Tokens and number of the calls before each row, and before the end of the island.
    before: Vec<CallSums>,
    /// In the order of the rows.
    ends: Vec<CycleEnd>,
}

/// Sums over the calls of rows; rules' own calls are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CallSums {
    pub(super) reads: i64,
    pub(super) contexts: i64,
    pub(super) calls: i64,
}

impl CallSums {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            reads: self.reads + other.reads,
            contexts: self.contexts + other.contexts,
            calls: self.calls + other.calls,
        }
    }
}

impl Schedule {
    /// How the context ends before a row in this way, if it does.
    pub(super) fn end_at_row(&self, row: usize, kind: CycleEndKind) -> Option<&CycleEnd> {
        let first = self.ends.partition_point(|end| (end.row as usize) < row);
        let own = self.ends[first..].iter().take_while(|end| end.row as usize == row);
        own.into_iter().find(|end| end.kind == kind)
    }

    /// The first row from `row` on before which the context ends.
    pub(super) fn next_end(&self, row: usize) -> Option<usize> {
        let first = self.ends.partition_point(|end| (end.row as usize) < row);
        self.ends.get(first).map(|end| end.row as usize)
    }

    /// The calls of some rows.
    pub(super) fn sums_of_rows(&self, from: usize, to: usize) -> CallSums {
        // A session without calls has no rows, here or elsewhere.
        if from == to {
            return CallSums::default();
        }
        let [from, to] = [from, to].map(|row| &self.before[row - self.first_row]);
        CallSums {
            reads: to.reads - from.reads,
            contexts: to.contexts - from.contexts,
            calls: to.calls - from.calls,
        }
    }

    /// The call of a row.
    pub(super) fn sums_of_row(&self, row: usize) -> CallSums {
        self.sums_of_rows(row, row + 1)
    }
}

/// Writes a schedule down.
pub(super) struct ScheduleRecorder {
    first_row: usize,
    /// The call of each row; none where it makes none.
    calls: Vec<CallSums>,
    ends: Vec<CycleEnd>,
}

impl ScheduleRecorder {
    pub(super) fn new(plan: &Plan, island: &Island) -> Self {
        // The sessions of an island are neighbours in the plan, and so are their rows.
        let sessions = plan.sessions_of_island(island);
        let mut runs = sessions.iter().flat_map(|session| plan.runs_of_session(session));
        let first_row = runs.next().map_or(0, |run| run.first_row as usize);
        let calls = vec![CallSums::default(); plan.row_count_of_island(island)];
        Self { first_row, calls, ends: Vec::new() }
    }

    pub(super) fn into_schedule(self) -> Schedule {
        let mut sums = CallSums::default();
        let mut before = Vec::with_capacity(self.calls.len() + 1);
        before.push(sums);
        before.extend(self.calls.iter().map(|call| {
            sums = sums.plus(*call);
            sums
        }));
        Schedule { first_row: self.first_row, before, ends: self.ends }
    }
}

impl CallSink for ScheduleRecorder {
    /// A replay on the schedule compares prompts, which are counted in recorded tokens.
    const COUNTS_RECORDED_TOKENS: bool = true;

    fn begin_run(&mut self, _: &PlanRun) {}

    #[inline]
    fn add_call(&mut self, _: &PlanRun, row: usize, made: &CallTokens) {
        // Of several calls at one row the last is the row's own: rules make theirs before it.
        let (reads, contexts) = (made.read, made.context);
        self.calls[row - self.first_row] = CallSums { reads, contexts, calls: 1 };
    }

    fn add_uncertain_call(&mut self, _: &PlanRun, row: usize, made: &CallTokens, chance: Chance) {
        // A row that goes several ways may make its call in more than one of them.
        let call = &mut self.calls[row - self.first_row];
        call.reads += chance.of_amount(made.read);
        call.contexts += chance.of_amount(made.context);
        call.calls = 1;
    }

    fn end_session(&mut self, _: i64, _: i64) {}

    fn end_cycle(&mut self, end: CycleEnd) {
        // Told once for each way that a row may go: it ends there in all of them.
        let known =
            self.ends.last().is_some_and(|last| (last.row, last.kind) == (end.row, end.kind));
        if !known {
            self.ends.push(end);
        }
    }
}
