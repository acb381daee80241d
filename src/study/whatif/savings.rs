//! What a pipeline costs on one side of a comparison, and the difference of two sides.

use crate::clock::turn_limiter::counts_in_last_minute;
use crate::fixed_point::ONE;
use crate::plan::{Chance, Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay::{self, ReplayCost, ReplayOutcome, ReplayedCall};
use crate::units::{PicoUsd, Usage, scale_by_ratio};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a pipeline costs under one subset of toggles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineTotals {
    /// Calls.
    pub calls: i64,
    /// Tokens by class.
    pub usage: Usage,
    /// Output that usage does not show (placeholder counts), estimated.
    pub hidden_output: i64,
    /// Money.
    pub cost: ReplayCost,
    /// The largest context of any call.
    pub peak_context: i64,
    /// Session time, summed over sessions, milliseconds.
    pub session_ms: i64,
    /// The most calls that start within one minute.
    pub peak_calls_a_minute: i64,
    /// Of the reads: what later compactions take back of what was saved.
    pub taken_back: i64,
}

impl PipelineTotals {
    /// Replays a plan under a subset.
    #[must_use]
    pub fn replay_with_peak(plan: &Plan, subset: ToggleSubset) -> Self {
        // The peak needs every start in order, which only the replay with calls has; sums alone do
        // not need it and are quicker without.
        let (rows, outcome) = replay::replay_calls_with_outcome(plan, subset);
        let peak_calls_a_minute = peak_calls_a_minute(plan, &rows);
        Self { peak_calls_a_minute, ..Self::from_outcome(plan, &outcome) }
    }

    /// The same without the peak of calls, where only totals are asked for.
    #[must_use]
    pub fn replay_totals(plan: &Plan, subset: ToggleSubset) -> Self {
        Self::from_outcome(plan, &replay::replay_plan(plan, subset))
    }

    /// Without the times of calls.
    pub(crate) fn from_outcome(plan: &Plan, outcome: &ReplayOutcome) -> Self {
        Self {
            calls: outcome.calls,
            usage: outcome.total_usage(),
            hidden_output: outcome.hidden_output(),
            cost: replay::tally_outcome(plan, outcome),
            peak_context: outcome.peak_context,
            session_ms: outcome.session_ms,
            // A peak is no sum over islands; only a replay of the whole plan knows it.
            peak_calls_a_minute: 0,
            taken_back: outcome.taken_back,
        }
    }
}

/// The most calls that start within any minute.
fn peak_calls_a_minute(plan: &Plan, rows: &[ReplayedCall]) -> i64 {
    let expected = replay::expected_rows(plan, rows);
    let mut starts: Vec<i64> = expected.iter().map(|row| row.outcome.start_ms).collect();
    starts.sort_unstable();
    counts_in_last_minute(&starts).into_iter().max().unwrap_or(0)
}

/// What a change saves: positive where tokens, calls, money or time fall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// Calls.
    pub calls: i64,
    /// Tokens by class.
    pub usage: Usage,
    /// Output that usage does not show.
    pub hidden_output: i64,
    /// Money.
    pub cost: ReplayCost,
    /// Session time, milliseconds.
    pub session_ms: i64,
    /// Of the reads: what compactions that come later take back; below zero where they do. The
    /// rest of the reads is saved directly.
    pub moved: i64,
}

impl Saving {
    /// Reads that are saved where every compaction stays in its place.
    #[must_use]
    pub fn direct_reads(&self) -> i64 {
        self.usage.read - self.moved
    }

    /// What a subset saves in a plan.
    pub(super) fn of_subset(plan: &Plan, subset: ToggleSubset) -> Self {
        let [before, after] = [0, subset].map(|subset| PipelineTotals::replay_totals(plan, subset));
        Self::between_totals(&before, &after)
    }

    /// What `after` saves against `before`.
    #[must_use]
    pub fn between_totals(before: &PipelineTotals, after: &PipelineTotals) -> Self {
        Self::from(before) - Self::from(after)
    }
}

impl From<&PipelineTotals> for Saving {
    /// What a side saves against nothing at all: itself.
    fn from(side: &PipelineTotals) -> Self {
        Self {
            calls: side.calls,
            usage: side.usage,
            hidden_output: side.hidden_output,
            cost: side.cost,
            session_ms: side.session_ms,
            moved: side.taken_back,
        }
    }
}

impl Saving {
    /// What one call costs, its session's time aside.
    pub(crate) fn from_call(plan: &Plan, row: &ReplayedCall) -> Self {
        Self {
            calls: Chance::whole_number(row.chance.parts()),
            usage: row.outcome.usage + row.taken_back,
            hidden_output: row.outcome.hidden,
            cost: replay::tally_call(plan, row),
            session_ms: 0,
            moved: row.taken_back.read,
        }
    }

    /// What one outcome saves against another of the same plan.
    #[must_use]
    pub fn between_outcomes(plan: &Plan, before: &ReplayOutcome, after: &ReplayOutcome) -> Self {
        Self::between_totals(
            &PipelineTotals::from_outcome(plan, before),
            &PipelineTotals::from_outcome(plan, after),
        )
    }
}

impl PipelineTotals {
    /// All money, hidden output included.
    #[must_use]
    pub fn total_money(&self) -> PicoUsd {
        self.cost.recorded + self.cost.hidden
    }
}

impl Saving {
    /// All money, hidden output included.
    #[must_use]
    pub fn total_money(&self) -> PicoUsd {
        self.cost.recorded + self.cost.hidden
    }
}

impl Saving {
    /// The same so many times, exactly.
    #[must_use]
    pub(crate) fn repeated(&self, times: i64) -> Self {
        if times == 1 { *self } else { self.scaled_by_q32(times * ONE) }
    }

    /// The same times a factor in 2^-32, each figure rounded half up.
    #[must_use]
    pub(crate) fn scaled_by_q32(&self, factor: i64) -> Self {
        let scale = |amount: i64| scale_by_ratio(amount, factor, ONE);
        let scale_money =
            |amount: PicoUsd| PicoUsd((amount.0 * i128::from(factor) + i128::from(ONE / 2)) >> 32);
        let Usage { fresh, read, write_5m, write_1h, output } = self.usage;
        Self {
            calls: scale(self.calls),
            usage: Usage {
                fresh: scale(fresh),
                read: scale(read),
                write_5m: scale(write_5m),
                write_1h: scale(write_1h),
                output: scale(output),
            },
            hidden_output: scale(self.hidden_output),
            cost: ReplayCost {
                recorded: scale_money(self.cost.recorded),
                hidden: scale_money(self.cost.hidden),
            },
            session_ms: scale(self.session_ms),
            moved: scale(self.moved),
        }
    }
}

impl std::ops::Sub for Saving {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            calls: self.calls - other.calls,
            usage: self.usage - other.usage,
            hidden_output: self.hidden_output - other.hidden_output,
            cost: ReplayCost {
                recorded: self.cost.recorded - other.cost.recorded,
                hidden: self.cost.hidden - other.cost.hidden,
            },
            session_ms: self.session_ms - other.session_ms,
            moved: self.moved - other.moved,
        }
    }
}

impl std::ops::Add for Saving {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            usage: self.usage + other.usage,
            hidden_output: self.hidden_output + other.hidden_output,
            cost: ReplayCost {
                recorded: self.cost.recorded + other.cost.recorded,
                hidden: self.cost.hidden + other.cost.hidden,
            },
            session_ms: self.session_ms + other.session_ms,
            moved: self.moved + other.moved,
        }
    }
}

impl std::iter::Sum for Saving {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), std::ops::Add::add)
    }
}

/// What a subset saves in the sessions of one step, or in all of them where none is named. Of one
/// step calls and tokens are told, not money.
#[must_use]
pub fn saving_in_step(
    recording: &Recording,
    plan: &Plan,
    subset: ToggleSubset,
    step: &str,
) -> Saving {
    Saving::between_totals(
        &totals_in_step(recording, plan, 0, step),
        &totals_in_step(recording, plan, subset, step),
    )
}

/// One step under a subset, without money; the whole pipeline where no step is named.
pub(crate) fn totals_in_step(
    recording: &Recording,
    plan: &Plan,
    subset: ToggleSubset,
    step: &str,
) -> PipelineTotals {
    // Without a step all sessions count, and with them money and time.
    if step.is_empty() {
        return PipelineTotals::replay_totals(plan, subset);
    }
    let mut side = PipelineTotals::default();
    let mut call_parts = 0;
    // Names are compared once a session and not for every row.
    let of_step: Vec<bool> =
        recording.sessions.iter().map(|session| session.step == step).collect();
    let is_of_step = |session: u32| of_step[session as usize];
    // Islands without a session of the step have nothing to tell of it.
    let islands = plan.islands.iter().filter(|island| {
        plan.sessions_of_island(island).iter().any(|planned| is_of_step(planned.session))
    });
    for row in islands.flat_map(|island| replay::replay_island_calls(plan, island, subset)) {
        let call = &recording.calls[plan.call_of[row.row as usize] as usize];
        if is_of_step(call.session) {
            call_parts += row.chance.parts();
            side.usage += row.outcome.usage + row.taken_back;
            side.taken_back += row.taken_back.read;
            side.hidden_output += row.outcome.hidden;
        }
    }
    side.calls = Chance::whole_number(call_parts);
    side
}

/// One step of a pipeline (or one session where no step is known).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTotals {
    /// Its name.
    pub name: String,
    /// Sessions.
    pub sessions: i64,
    /// Calls.
    pub calls: i64,
    /// Tokens by class.
    pub usage: Usage,
    /// Money by class, output that usage does not show in it, fees for searches not.
    pub cost_by_class: [PicoUsd; 5],
    /// Session time, milliseconds.
    pub session_ms: i64,
}

impl StepTotals {
    /// All money of the tokens.
    #[must_use]
    pub fn token_money(&self) -> PicoUsd {
        self.cost_by_class.iter().copied().sum()
    }
}

/// A replay step by step, in the order in which the steps first appear.
#[must_use]
pub fn totals_by_step(recording: &Recording, plan: &Plan, subset: ToggleSubset) -> Vec<StepTotals> {
    let mut steps: Vec<StepTotals> = Vec::new();
    let mut number_of_step: BTreeMap<&str, usize> = BTreeMap::new();
    let mut step_of_session: Vec<usize> = Vec::with_capacity(recording.sessions.len());
    for session in &recording.sessions {
        // A session of no step is a step of its own.
        let name = if session.step.is_empty() { &session.id } else { &session.step };
        let number = *number_of_step.entry(name).or_insert(steps.len());
        if number == steps.len() {
            steps.push(StepTotals {
                name: name.clone(),
                sessions: 0,
                calls: 0,
                usage: Usage::default(),
                cost_by_class: [PicoUsd(0); 5],
                session_ms: 0,
            });
        }
        steps[number].sessions += 1;
        step_of_session.push(number);
    }
    // Rows come in the order of the plan's sessions: each session takes its own off the front.
    let mut rows = replay::replay_calls(plan, subset).into_iter().peekable();
    for planned in &plan.sessions {
        let Some(last) = plan.runs[..planned.runs.end as usize].last() else { continue };
        let step = &mut steps[step_of_session[planned.session as usize]];
        let (mut span, mut call_parts): (Option<(i64, i64)>, i64) = (None, 0);
        while let Some(row) = rows.next_if(|row| (row.row as usize) < last.row_range().end) {
            call_parts += row.chance.parts();
            step.usage += row.outcome.usage + row.taken_back;
            let costs = replay::tally_call_by_class(plan, &row);
            for (sum, cost) in step.cost_by_class.iter_mut().zip(costs) {
                *sum += cost;
            }
            if rows.peek().is_some_and(|next| next.row == row.row) {
                // Made before the call of its row: kept a cache warm, or compacted.
                continue;
            }
            let start = row.outcome.start_ms;
            let end = start + plan.duration_ms[row.row as usize];
            span = Some((span.map_or(start, |(from, _)| from), end));
        }
        // Rounded by session, as the replay rounds.
        step.calls += Chance::whole_number(call_parts);
        let (from, to) = span.unwrap_or_default();
        step.session_ms += to - from;
    }
    steps
}
