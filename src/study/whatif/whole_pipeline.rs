//! The whole of a published pipeline before and after: what its summary holds, what it leaves out,
//! and what toggles change of both.
//!
//! The sessions are replayed, the orchestrator is laid out ([`super::other_orchestrator`]). The two
//! are told apart and added up as a band, because a claim on the summary is met by its sessions
//! alone. MODEL.md, "Orchestrators".

use super::experiment::Experiment;
use super::orchestrator_contexts::OrchestratorContexts;
use super::other_orchestrator::{OtherOrchestrator, study_other_orchestrator};
use super::other_orders::{ActingToggles, OtherOrderSaving, savings_on_other_orders};
use super::savings::Saving;
use super::uncertainty::Uncertainty;
use crate::reconstruct::Lens;
use crate::reconstruct::crash_records::ReportedCrashes;
use crate::reconstruct::whole_reads::{PartReads, RECORDS_A_CALL, WholePart, sum_of_parts};
use crate::recording::Recording;

/// A part of the whole on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSides {
    /// The part, nothing toggled.
    pub before: PartReads,
    /// Everything toggled: at the least, what is expected, and at the most, tokens; `None` where
    /// nothing is told.
    pub after: Option<[i64; 3]>,
}

/// Where crash records stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrashPlace {
    /// At no session: process numbers that were used again.
    UsedAgain,
    /// At the end of a session, by its id.
    EndOf(String),
    /// Groups of orphans that the source places at no session.
    Nowhere,
    /// All of them.
    All,
}

/// Crash records at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashRecords {
    /// The place.
    pub place: CrashPlace,
    /// When its session ends, milliseconds from the start of the first session; `None` where that
    /// is no session of the summary.
    pub ends_ms: Option<i64>,
    /// The records.
    pub records: i64,
    /// What is left of them where orphans end with their sessions.
    pub left: i64,
}

/// The whole of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholePipeline {
    /// Its parts, the sum last.
    pub parts: Vec<PartSides>,
    /// Calls of the orchestrator for all orders, the fewest and the most.
    pub orchestrator_calls: [i64; 2],
    /// What the orchestrator reads for all orders: as a sum over records, and over calls.
    pub orchestrator_reads: [i64; 2],
    /// What-ifs of the orchestrator.
    pub orchestrator: OtherOrchestrator,
    /// What the toggles would yield on the orders that ran beside it.
    pub other_orders: Vec<OtherOrderSaving>,
    /// Crash records by where they stand, their sum last; empty where none are told.
    pub crashes: Vec<CrashRecords>,
}

/// Adds the whole up; `None` where nothing is told of the hours and their orchestrator.
#[must_use]
pub fn whole_of_pipeline(
    experiment: &Experiment<'_>,
    toggles: ActingToggles<'_>,
    (joint, uncertainty): (&Saving, Option<&Uncertainty>),
) -> Option<WholePipeline> {
    let (reported, recording) = (experiment.published_pipeline()?, experiment.base_recording());
    let parts = reported.whole_by_part();
    let orchestrator = reported.orchestrator.as_ref().filter(|_| !parts.is_empty())?;
    // Figures that no growth meets tell nothing of another orchestrator.
    let contexts = OrchestratorContexts::from_reported(reported);
    let other = contexts.map(|contexts| study_other_orchestrator(experiment, &contexts));
    let other = other.unwrap_or_default();
    // Most draws say what the sessions save; without draws it is the one figure.
    let saved = uncertainty.map_or([joint.usage.read; 3], |uncertainty| {
        let band = uncertainty.joint.read;
        [band.p90, joint.usage.read, band.p10]
    });
    Some(WholePipeline {
        parts: both_sides(parts, saved, &other),
        orchestrator_calls: [RECORDS_A_CALL[2], 100].map(|records| orchestrator.calls_at(records)),
        orchestrator_reads: [Lens::Message, Lens::Record]
            .map(|lens| orchestrator.reads_of_calls(lens)),
        orchestrator: other,
        other_orders: savings_on_other_orders(reported, recording, toggles),
        crashes: reported.crashes.as_ref().map_or_else(Vec::new, |it| crash_records(it, recording)),
    })
}

/// Crash records by where they stand. They made no call: no token moves with them.
fn crash_records(crashes: &ReportedCrashes, recording: &Recording) -> Vec<CrashRecords> {
    let starts = recording.calls.iter().map(|call| call.start_ms).min().unwrap_or(0);
    let reused = crashes.pid_reuse.value();
    let mut rows = vec![CrashRecords {
        place: CrashPlace::UsedAgain,
        ends_ms: None,
        records: reused,
        left: reused,
    }];
    // A group has three processes.
    let mut unplaced = crashes.orphans.value();
    for cluster in &crashes.clusters {
        let records = 3 * cluster.groups.value();
        unplaced -= records;
        let session = recording.sessions.iter().find(|session| session.id == cluster.session);
        // The records stand where the session ends that left them.
        let last = session.and_then(|session| recording.calls[session.call_range()].last());
        rows.push(CrashRecords {
            place: CrashPlace::EndOf(cluster.session.clone()),
            ends_ms: last.map(|call| call.end_ms - starts),
            records,
            left: 0,
        });
    }
    rows.push(CrashRecords {
        place: CrashPlace::Nowhere,
        ends_ms: None,
        records: unplaced,
        left: 0,
    });
    let records = rows.iter().map(|row| row.records).sum();
    let left = rows.iter().map(|row| row.left).sum();
    rows.push(CrashRecords { place: CrashPlace::All, ends_ms: None, records, left });
    rows
}

/// The parts before and after; `saved` of the sessions, the most first.
fn both_sides(parts: Vec<PartReads>, saved: [i64; 3], other: &OtherOrchestrator) -> Vec<PartSides> {
    let mut sides: Vec<PartSides> = Vec::with_capacity(parts.len());
    for before in parts {
        let after = match before.part {
            WholePart::Summary => {
                before.reads.map(|reads| [0, 1, 2].map(|at| reads[at] - saved[at]))
            }
            WholePart::Orchestrator => other.own_after.or(before.reads),
            // What stands beside the summary and is no orchestrator is touched by no toggle.
            WholePart::LeftOut(_) | WholePart::Subagents(_) => before.reads,
            WholePart::Whole => Some(sum_of_parts(sides.iter().map(|part| part.after))),
        };
        sides.push(PartSides { before, after });
    }
    sides
}
