//! The stage of a session: its tool calls, on which known events are laid one after another.
//!
//! An event takes the free calls nearest to its place; what finds no room is left out. Marks are
//! those that an importer sets on a real transcript.

use super::event::{Event, RunResult};
use super::published::Figure;
use super::reported::Reported;
use super::script::{Answer, BASH, EDIT, GREP, READ, Slot, TASK, count, mine};
use crate::recording::{BlockKind, BlockMarks, CallMarks};
use crate::units::{BASIS_POINTS, scaled};

/// Tool calls on which events are laid.
pub(super) struct Stage<'a> {
    reported: &'a Reported,
    session: &'a str,
    pub(super) slots: Vec<Slot>,
    files: u32,
}

impl<'a> Stage<'a> {
    /// So many tool calls of which nothing is known.
    pub(super) fn new(reported: &'a Reported, session: &'a str, calls: usize) -> Self {
        Self { reported, session, slots: vec![Slot::ordinary(); calls], files: 0 }
    }

    /// Lays all events of the session, those that need most room first.
    pub(super) fn lay_events(&mut self) {
        let (reported, session) = (self.reported, self.session);
        for lay in [Self::test_run, Self::edit_sites, Self::report, Self::file_reads] {
            mine(reported, session).for_each(|event| lay(self, event));
        }
    }

    fn new_file(&mut self) -> u32 {
        self.files += 1;
        self.files - 1
    }

    fn steps_from(&self, first: &str, step: &str) -> bool {
        let at = |name: &str| self.reported.steps.rows.iter().position(|row| row.step == name);
        matches!((at(first), at(step)), (Some(first), Some(step)) if step >= first)
    }

    /// The plan file, read first in every session from a step on.
    pub(super) fn plan(&mut self, step: &str) {
        for event in &self.reported.events {
            if let Event::PlanRead { from_step, chars, .. } = event
                && self.steps_from(from_step, step)
                && self.slots.len() > 2
            {
                let file = self.new_file();
                self.slots[0] = Slot::using(READ, BlockMarks::READ, Some(file));
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
        *slot = Slot::using(BASH, block, None);
        slot.marks = call;
        slot.result = chars.map(|chars| (answer(BlockKind::ToolResult, chars.value()), 1 + polls));
        slot.wait_ms = if polls == 0 { wait } else { 0 };
        for poll in &mut self.slots[at + 1..=at + polls] {
            *poll = Slot::using(BASH, BlockMarks::POLL, None);
            poll.marks = CallMarks::POLL;
            poll.wait_ms = wait / polls as i64;
        }
    }

    /// The call at a share of the calls beside the polls: those belong to one of the runs.
    fn beside_polls(&self, share_bp: i64) -> usize {
        let polls = |event: &Event| match event {
            Event::TestRun { polls, .. } => polls.as_ref().map_or(0, Figure::value),
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
        let aborted = |event: &&Event| match event {
            Event::TestRun { result, .. } => *result == RunResult::Aborted,
            _ => false,
        };
        let runs = self.reported.events.iter().filter(aborted).count() as i64;
        stated("aborted-runs-time") / runs.max(1)
    }

    fn edit_sites(&mut self, event: &Event) {
        let Event::EditSites { sites, calls_a_site, at, .. } = event else {
            return;
        };
        let all = self.slots.len();
        // Published in records: their share of the records is their share of the calls.
        let row = self.reported.session(self.session);
        let records = row.map_or(1, |row| row.calls.value());
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
                self.slots[at] = Slot::using(tool, marks, Some(file));
            }
        }
    }

    fn report(&mut self, event: &Event) {
        if let Event::Report { chars, at, .. } = event
            && let Some(at) = self.place(self.at(at.value()), 1)
        {
            self.slots[at] = Slot::using(TASK, BlockMarks::empty(), None);
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
                    self.slots[at] = Slot::using(READ, BlockMarks::READ, Some(file));
                }
            }
        }
    }
}

fn answer(kind: BlockKind, chars: i64) -> Answer {
    Answer { kind, chars: u64::try_from(chars).unwrap_or(0) }
}
