//! The stage of a session: its tool calls, on which known events are laid one after another.
//!
//! An event takes the free calls nearest to its place; what finds no room is left out. Marks are
//! those that an importer sets on a real transcript.

use super::call_tally::CallTally;
use super::event::{ReportedEvent, TestRunResult};
use super::figure::Figure;
use super::reported::ReportedPipeline;
use super::script_call::{BASH, EDIT, GREP, KnownResult, READ, ScriptCall, TASK, capped_count};
use crate::recording::{BlockKind, BlockMarks, CallMarks};
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// Tool calls on which events are laid.
pub(super) struct EventPlacement<'a> {
    reported: &'a ReportedPipeline,
    session: &'a str,
    pub(super) calls: Vec<ScriptCall>,
    files: u32,
}

impl<'a> EventPlacement<'a> {
    /// So many tool calls of which nothing is known.
    pub(super) fn new(reported: &'a ReportedPipeline, session: &'a str, calls: usize) -> Self {
        Self { reported, session, calls: vec![ScriptCall::unknown_tool_call(); calls], files: 0 }
    }

    /// Lays all events of the session, those that need most room first.
    pub(super) fn place_events(&mut self) {
        let (reported, session) = (self.reported, self.session);
        // The widest first, while there is room: runs of tests with their polls and stretches of
        // edits need neighbouring places, a single read fits anywhere.
        for lay in [
            Self::place_test_run,
            Self::place_edit_sites,
            Self::place_report,
            Self::place_file_reads,
        ] {
            reported.events_of_session(session).for_each(|event| lay(self, event));
        }
    }

    fn next_file(&mut self) -> u32 {
        self.files += 1;
        self.files - 1
    }

    fn is_step_from(&self, first: &str, step: &str) -> bool {
        let rows = &self.reported.steps.rows;
        let [first, step] = [first, step].map(|name| rows.iter().position(|row| row.step == name));
        first.is_some() && step >= first
    }

    /// The plan file, read first in every session from a step on.
    pub(super) fn place_plan_read(&mut self, step: &str) {
        for event in &self.reported.events {
            if let ReportedEvent::PlanRead { from_step, chars, .. } = event
                && self.is_step_from(from_step, step)
                && self.calls.len() > 2
            {
                let file = self.next_file();
                let result = KnownResult::of_size(BlockKind::ToolResult, chars.value());
                self.calls[0] = ScriptCall {
                    result: Some((result, 1)),
                    ..ScriptCall::known_tool_call(READ, BlockMarks::READ, Some(file))
                };
            }
        }
    }

    /// The place nearest to `wanted` where `width` calls are free; the last call stays free.
    fn free_place_near(&self, wanted: usize, width: usize) -> Option<usize> {
        // Outwards from the wanted place, the later of two equally near ones first.
        (0..self.calls.len())
            .flat_map(|off| [wanted.checked_add(off), wanted.checked_sub(off)])
            .flatten()
            .find(|&at| self.has_room_at(at, width))
    }

    /// Whether `width` calls from `at` on are free, and a call stands behind them.
    fn has_room_at(&self, at: usize, width: usize) -> bool {
        let range = self.calls.get(at..at + width);
        // Never the last call: what it asked for would have no call to enter.
        at + width < self.calls.len()
            && range.is_some_and(|calls| calls.iter().all(ScriptCall::is_free))
    }

    fn place_test_run(&mut self, event: &ReportedEvent) {
        let ReportedEvent::TestRun { result: ended, chars, at, polls, passes_alone, .. } = event
        else {
            return;
        };
        let polls = capped_count(polls.as_ref().map_or(0, |polls| self.calls_of_tally(polls, 1)));
        let Some(at) = self.free_place_near(self.place_beside_polls(at.value()), 1 + polls) else {
            return;
        };
        // All runs that the sources tell of are runs of the whole suite.
        let mut call = CallMarks::TEST_RUN | CallMarks::FULL_SUITE;
        let mut block = BlockMarks::TEST_RUN | BlockMarks::FULL_SUITE;
        if *ended == TestRunResult::Aborted {
            call |= CallMarks::ABORTED_RUN;
            block |= BlockMarks::ABORTED_RUN | BlockMarks::ERROR;
        }
        call.set(CallMarks::PASSES_ALONE, *passes_alone);
        let chars = chars.as_ref().map(|chars| chars.figure.clone());
        let chars = chars.or_else(|| self.reported.stated_or_assumed("aborted-output-chars"));
        // The wait is what the pass later holds against cache lifetimes.
        let wait = self.wait_of_run_ms(*ended);
        // The output is there when the last poll has seen the end; the polls wait in its place.
        self.calls[at] = ScriptCall {
            marks: call,
            result: chars.map(|chars| {
                (KnownResult::of_size(BlockKind::ToolResult, chars.value()), 1 + polls)
            }),
            wait_ms: wait / (1 + polls as i64),
            // The published time of aborted runs is what they cost, their calls included, and while
            // a run is polled the polls are part of its time: no run takes longer than a run does.
            wait_holds_call: polls > 0 || *ended == TestRunResult::Aborted,
            ..ScriptCall::known_tool_call(BASH, block, None)
        };
        for poll in &mut self.calls[at + 1..=at + polls] {
            *poll = ScriptCall::known_tool_call(BASH, BlockMarks::POLL, None);
            poll.marks = CallMarks::POLL;
            poll.wait_ms = wait / (1 + polls as i64);
            poll.wait_holds_call = true;
        }
    }

    /// Tool calls that a published number of calls stands for, `times` of it together: a share of
    /// the records is the same share of the calls.
    fn calls_of_tally(&self, tally: &CallTally, times: i64) -> i64 {
        let row = self.reported.session_row(self.session);
        let calls = self.calls.len() as i64;
        let records = row.map_or(calls, |row| row.calls.value());
        self.reported.tally_in_calls(tally, times, (calls, records))
    }

    /// The call at a share of the calls beside the polls: those belong to one of the runs.
    fn place_beside_polls(&self, share_bp: i64) -> usize {
        let mut all = 0;
        for event in self.reported.events_of_session(self.session) {
            if let ReportedEvent::TestRun { polls: Some(polls), .. } = event {
                all += self.calls_of_tally(polls, 1);
            }
        }
        // The polls placed so far belong to earlier runs and are passed over.
        let placed = self.calls.iter().filter(|call| call.marks.contains(CallMarks::POLL)).count();
        let beside = (self.calls.len() as i64 - all).max(1);
        capped_count(scale_by_ratio(beside, share_bp, BASIS_POINTS)) + placed
    }

    /// The call at a share of all calls.
    fn place_at_share(&self, share_bp: i64) -> usize {
        capped_count(scale_by_ratio(self.calls.len() as i64, share_bp, BASIS_POINTS))
    }

    /// How long a run took; of aborted runs only the time of all of them together is stated.
    fn wait_of_run_ms(&self, ended: TestRunResult) -> i64 {
        if ended != TestRunResult::Aborted {
            return self.stated_ms("test-run-time");
        }
        // One published time for all aborted runs: each has an equal part of it.
        let runs = self.reported.events.iter().filter(|event| event.is_aborted_run()).count();
        self.stated_ms("aborted-runs-time") / (runs as i64).max(1)
    }

    fn stated_ms(&self, id: &str) -> i64 {
        self.reported.stated_figure(id).map_or(0, Figure::value)
    }

    fn place_edit_sites(&mut self, event: &ReportedEvent) {
        let ReportedEvent::EditSites { sites, calls_a_site, at, .. } = event else {
            return;
        };
        let sites = capped_count(sites.value()).max(1);
        let width = capped_count(self.calls_of_tally(calls_a_site, sites as i64));
        let middle = self.place_at_share(at.value());
        let Some(first) = self.free_place_near(middle.saturating_sub(width / 2), width) else {
            return;
        };
        // Read, edit, look, read again, mend, and mend once more where the share allows.
        let steps = [
            (READ, BlockMarks::READ),
            (EDIT, BlockMarks::EDIT),
            (GREP, BlockMarks::SEARCH),
            (READ, BlockMarks::READ | BlockMarks::SEEN_BEFORE),
            (EDIT, BlockMarks::EDIT),
        ];
        for site in 0..sites {
            // Each site is a file of its own, and has its part of the calls to the nearest whole.
            let file = self.next_file();
            let (from, to) = (site * width / sites, (site + 1) * width / sites);
            for (k, at) in (first + from..first + to).enumerate() {
                let (tool, marks) = steps[k.min(steps.len() - 1)];
                self.calls[at] = ScriptCall::known_tool_call(tool, marks, Some(file));
            }
        }
    }

    fn place_report(&mut self, event: &ReportedEvent) {
        if let ReportedEvent::Report { chars, at, .. } = event
            && let Some(at) = self.free_place_near(self.place_at_share(at.value()), 1)
        {
            self.calls[at] = ScriptCall {
                result: Some((KnownResult::of_size(BlockKind::Report, chars.value()), 1)),
                ..ScriptCall::known_tool_call(TASK, BlockMarks::empty(), None)
            };
        }
    }

    fn place_file_reads(&mut self, event: &ReportedEvent) {
        let mut events = self.reported.events_of_session(self.session);
        // The sites read the files that they edit: a source that counts these reads means them.
        if events.any(|event| matches!(event, ReportedEvent::EditSites { .. })) {
            return;
        }
        if let ReportedEvent::FileReads { times, .. } = event {
            let file = self.next_file();
            let times = times.value();
            for k in 0..times.min(self.calls.len() as i64) {
                // The middle of the k-th of `times` equal parts.
                let share = scale_by_ratio(2 * k + 1, BASIS_POINTS, 2 * times);
                if let Some(at) = self.free_place_near(self.place_at_share(share), 1) {
                    self.calls[at] =
                        ScriptCall::known_tool_call(READ, BlockMarks::READ, Some(file));
                }
            }
        }
    }
}
