//! The steps of a reported pipeline, fitted one after another and laid out in time.

use super::call_count::{Lens, saturate_u32};
use super::context_growth::{
    GrowthError, GrowthSolution, SolvedGrowths, solve_growth, solve_growth_once,
};
use super::record_sum::{self, MetSums};
use super::reported::ReportedPipeline;
use super::session_calls;
use super::session_script::{self, EventSelection, SessionScript};
use super::step_split::{CountedSteps, SessionPlan, split_step};
use crate::ids::NO_INDEX;
use crate::price::UNSTATED_MODEL;
use crate::recording::{CrashCounts, Recording, RecordingBuilder, Remainder, SpareMemory};
use crate::units::{Usage, scale_by_ratio};

/// A reported pipeline as calls, and how it became so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconstruction {
    /// The calls.
    pub recording: Recording,
    /// How each session was fitted, in the order of the recording.
    pub sessions: Vec<SessionFit>,
    /// What had to give way, in words.
    pub notes: Vec<String>,
}

/// How a session was fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFit {
    /// Its id.
    pub id: String,
    /// Its step.
    pub step: String,
    /// Calls as published, where they were.
    pub calls_published: Option<u32>,
    /// Calls under the lens.
    pub calls: u32,
    /// 5 % and 95 % of the weight of other counts.
    pub calls_range: (u32, u32),
    /// Every possible count with its weight (Q32).
    pub weights: Vec<(u32, i64)>,
    /// Exponent (Q32) of the whole growth, events included: the one that law L7 speaks of.
    /// `None` where no exponent meets the totals.
    pub exponent: Option<i64>,
    /// Exponent (Q32) of the growth beside the known events.
    pub smooth_exponent: i64,
    /// Mean read of a call: the context that it found.
    pub mean_context: i64,
    /// Context before the first call: what it reads.
    pub start: i64,
    /// Context cached at the end.
    pub end: i64,
    /// Summed reads.
    pub read: i64,
    /// Summed writes.
    pub write: i64,
}

/// A reported pipeline that cannot be made into calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconstructError {
    /// A figure that the model needs is neither stated nor assumed.
    #[error("{name}: neither `statements` nor `assumptions` hold `{figure}`")]
    Missing {
        /// The pipeline.
        name: String,
        /// The figure's id.
        figure: &'static str,
    },
    /// No start context, however small, lets the session meet its totals.
    #[error("step `{step}`, session {session}: {calls} calls cannot read {read} and write {write}")]
    Impossible {
        /// The step.
        step: String,
        /// The session.
        session: String,
        /// Its calls.
        calls: u32,
        /// Its reads.
        read: i64,
        /// Its writes.
        write: i64,
    },
    /// A call count was given for a session that does not exist.
    #[error("{name} has no session `{session}`")]
    UnknownSession {
        /// The pipeline.
        name: String,
        /// The session.
        session: String,
    },
}

/// Derives the calls of a reported pipeline.
///
/// # Errors
/// A missing start context, or totals that no growth meets.
pub fn reconstruct(
    reported: &ReportedPipeline,
    lens: Lens,
) -> Result<Reconstruction, ReconstructError> {
    let kept = &mut LayoutScratch::default();
    lay_out_sessions(reported, lens, &[], ExponentSearch::WholeGrowth, kept)
}

/// The same with the number of calls of some sessions given, for the band of a result. No session
/// tells the exponent of its whole growth.
///
/// # Errors
/// As [`reconstruct`], and a session that does not exist.
pub fn reconstruct_with_call_counts(
    reported: &ReportedPipeline,
    lens: Lens,
    given: &[(String, u32)],
) -> Result<Reconstruction, ReconstructError> {
    reconstruct_once_more(reported, lens, given, &mut LayoutScratch::default())
}

/// What one thread keeps from layout to layout. No layout depends on it.
#[derive(Debug, Default)]
pub(crate) struct LayoutScratch {
    growths: SolvedGrowths,
    counted: CountedSteps,
    sums: MetSums,
    /// A recording that nobody needs any more: the next one takes its memory.
    pub(crate) spare: SpareMemory,
}

/// The same, one time of many: what was solved before is not solved again.
///
/// # Errors
/// As [`reconstruct_with_call_counts`].
pub(crate) fn reconstruct_once_more(
    reported: &ReportedPipeline,
    lens: Lens,
    given: &[(String, u32)],
    kept: &mut LayoutScratch,
) -> Result<Reconstruction, ReconstructError> {
    lay_out_sessions(reported, lens, given, ExponentSearch::None, kept)
}

/// Whether the exponent of a session's whole growth is looked for, which calls do not need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExponentSearch {
    WholeGrowth,
    None,
}

fn lay_out_sessions(
    reported: &ReportedPipeline,
    lens: Lens,
    given: &[(String, u32)],
    search: ExponentSearch,
    LayoutScratch { growths, counted, sums, spare }: &mut LayoutScratch,
) -> Result<Reconstruction, ReconstructError> {
    let Some(start) = reported.stated_or_assumed("start-context") else {
        let name = reported.name.clone();
        return Err(ReconstructError::Missing { name, figure: "start-context" });
    };
    let start = start.value();
    let (mut plans, mut split_notes) = split_steps(reported, lens, start, given, counted);
    let open = record_sum::counts_meeting_sum(reported, lens, &plans, sums);
    if !open.is_empty() {
        let likeliest = open.iter().map(|(id, count)| (id.clone(), count.calls));
        let known: Vec<(String, u32)> = given.iter().cloned().chain(likeliest).collect();
        (plans, split_notes) = split_steps(reported, lens, start, &known, counted);
    }
    let mut builder = RecordingBuilder::in_memory_of(spare, &reported.name, "reported");
    let (mut sessions, mut notes) = (Vec::new(), Vec::new());
    let mut clock_ms = reported.day.start_ms();
    let parallel = reported.assumed_value("parallel-step").unwrap_or_default();
    for ((row, plans), told) in reported.steps.rows.iter().zip(plans).zip(split_notes) {
        notes.extend(told);
        let mut ends = Vec::new();
        for (index, mut plan) in plans.into_iter().enumerate() {
            // Sessions of a step follow each other but in the one that ran them side by side; the
            // next step starts when all of them are over.
            plan.totals.begin_ms = match ends.last() {
                Some(&end) if row.step != parallel => end,
                _ => clock_ms,
            };
            ends.push(plan.totals.begin_ms + plan.totals.time_ms);
            // Law L7 was measured on whole growth, so its exponent is solved for without known
            // events; that no exponent meets the totals in this way is told, and is no error yet.
            let whole = match search {
                ExponentSearch::WholeGrowth => exponent_without_events(&plan),
                ExponentSearch::None => None,
            };
            let (fitted, script, solved) =
                fit_session((reported, lens), plan, index, growths, &mut notes)?;
            let raw = session_calls::build_session(
                &fitted.totals,
                &script,
                &solved.smooth_growth,
                builder.spare_lists(),
            );
            builder.push_session(raw);
            let mut fit = session_fit(fitted, solved.exponent);
            fit.exponent = whole;
            sessions.push(fit);
        }
        clock_ms = ends.into_iter().max().unwrap_or(clock_ms);
    }
    // What was taken as given above is open all the same.
    for (id, count) in open {
        if let Some(fit) = sessions.iter_mut().find(|fit| fit.id == id) {
            (fit.calls_range, fit.weights) = ((count.low, count.high), count.weights);
        }
    }
    // A count for a session that is not there would be lost in silence.
    let unknown = given.iter().find(|(id, _)| sessions.iter().all(|fit| fit.id != *id));
    if let Some((session, _)) = unknown {
        return Err(ReconstructError::UnknownSession {
            name: reported.name.clone(),
            session: session.clone(),
        });
    }
    push_orchestrator_and_crashes(reported, lens, &mut builder);
    Ok(Reconstruction { recording: builder.finish_sparing(spare), sessions, notes })
}

/// The sessions of each step, and what had to give way there.
fn split_steps(
    reported: &ReportedPipeline,
    lens: Lens,
    start: i64,
    known: &[(String, u32)],
    counted: &mut CountedSteps,
) -> (Vec<Vec<SessionPlan>>, Vec<Vec<String>>) {
    let steps = reported.steps.rows.iter().map(|row| {
        let mut notes = Vec::new();
        (split_step(reported, row, lens, start, known, (counted, &mut notes)), notes)
    });
    steps.unzip()
}

/// What a source counts beside its sessions: the orchestrator and the crash records.
fn push_orchestrator_and_crashes(
    reported: &ReportedPipeline,
    lens: Lens,
    builder: &mut RecordingBuilder,
) {
    if let Some(orchestrator) = &reported.orchestrator {
        // Its share of the reads is all that is told: a remainder, which no toggle replays.
        let usage = Usage { read: orchestrator.attributed_reads(lens), ..Usage::default() };
        builder.push_remainder(NO_INDEX, UNSTATED_MODEL, usage, Remainder::ORCHESTRATOR);
    }
    if let Some(crashes) = &reported.crashes {
        let [records, pid_reuse, orphans] =
            [&crashes.records, &crashes.pid_reuse, &crashes.orphans]
                .map(|figure| saturate_u32(figure.value()));
        builder.set_crashes(CrashCounts { records, pid_reuse, orphans });
    }
}

/// The exponent of a session's growth where no event is known.
fn exponent_without_events(plan: &SessionPlan) -> Option<i64> {
    let nothing = vec![0; plan.count.calls as usize];
    solve_growth(&plan.growth_problem(&nothing)).ok().map(|solved| solved.exponent)
}

/// Solves a session's growth.
fn fit_session(
    (reported, lens): (&ReportedPipeline, Lens),
    mut plan: SessionPlan,
    index: usize,
    growths: &mut SolvedGrowths,
    notes: &mut Vec<String>,
) -> Result<(SessionPlan, SessionScript, GrowthSolution), ReconstructError> {
    match fit_fullest_script((reported, lens), &mut plan, growths, notes) {
        Some((script, solved)) => Ok((plan, script, solved)),
        None => Err(ReconstructError::Impossible {
            step: plan.totals.step,
            session: format!("{} (no. {})", plan.totals.id, index + 1),
            calls: plan.count.calls,
            read: plan.read,
            write: plan.write,
        }),
    }
}

/// How a session was fitted, where its growth beside the events has this exponent.
fn session_fit(plan: SessionPlan, smooth_exponent: i64) -> SessionFit {
    SessionFit {
        id: plan.totals.id,
        step: plan.totals.step,
        calls_published: plan.calls_published,
        calls: plan.count.calls,
        calls_range: (plan.count.low, plan.count.high),
        weights: plan.count.weights,
        exponent: None,
        smooth_exponent,
        mean_context: scale_by_ratio(plan.read, 1, i64::from(plan.count.calls)),
        start: plan.totals.start,
        end: plan.totals.start + plan.write,
        read: plan.read,
        write: plan.write,
    }
}

/// The fullest script whose growth can be solved; at last the start context gives way.
fn fit_fullest_script(
    (reported, lens): (&ReportedPipeline, Lens),
    plan: &mut SessionPlan,
    growths: &mut SolvedGrowths,
    notes: &mut Vec<String>,
) -> Option<(SessionScript, GrowthSolution)> {
    let calls = plan.count.calls as usize;
    let (id, step) = (plan.totals.id.clone(), plan.totals.step.clone());
    // What is known best is given up last: the plan file's size is the weakest of the events.
    for (keep, lost) in [
        (EventSelection::All, ""),
        (EventSelection::NoPlan, "the plan file does not fit its totals and is left out"),
        (EventSelection::NoSizes, "known event sizes do not fit its totals and are left out"),
    ] {
        let script = session_script::write_script(reported, lens, &id, &step, calls, keep);
        let entering = script.entering_tokens();
        if let Ok(solved) = solve_growth_once(&plan.growth_problem(&entering), growths) {
            if !lost.is_empty() {
                notes.push(format!("{step} {id}: {lost}"));
            }
            return Some((script, solved));
        }
    }
    // Reads, writes and calls are published, the start is assumed: it moves as little as it must.
    let keep = EventSelection::NoSizes;
    let script = session_script::write_script(reported, lens, &id, &step, calls, keep);
    let entering = script.entering_tokens();
    let (GrowthError::StartAtMost(start) | GrowthError::StartAtLeast(start)) =
        solve_growth(&plan.growth_problem(&entering)).err()?
    else {
        return None;
    };
    // No context starts below nothing: then no calls meet these totals.
    if start < 0 {
        return None;
    }
    notes.push(format!(
        "{step} {id}: {calls} calls cannot read {} and write {} tokens from a start of {}; \
         the start is taken as {start}",
        plan.read, plan.write, plan.totals.start,
    ));
    plan.totals.start = start;
    let solved = solve_growth(&plan.growth_problem(&entering)).ok()?;
    Some((script, solved))
}
