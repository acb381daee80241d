//! Crash records: their sums, where they stand, and what their processes look like.

use super::finding::{label, stated_count};
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity, count};
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::event::ReportedEvent;

/// Crash records are reused process numbers and orphans; orphans come in triplets.
pub(super) fn check_crash_records(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let crashes = reported.crashes.as_ref()?;
    let (reuse, orphans) = (crashes.pid_reuse.value(), crashes.orphans.value());
    let triplets = crashes.triplets.value();
    // Numbers of records are exact: nothing is forgiven.
    let holds = reuse + orphans == crashes.records.value() && 3 * triplets == orphans;
    let figures = vec![
        count("reuse", reuse),
        count("orphans", orphans),
        stated_count("records", &crashes.records),
        count("sum", reuse + orphans),
        count("triplets", triplets),
        count("tripled", 3 * triplets),
    ];
    let severity = FindingSeverity::warning_unless(holds);
    Some(AuditFinding::new("crash-records", AuditCheck::CrashRecords, severity, figures))
}

/// Groups of orphans that the source places at sessions, which it says had the most subagents,
/// against all groups and against the subagents that it tells of.
pub(super) fn check_crash_clusters(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let crashes = reported.crashes.as_ref()?;
    let most = crashes.clusters.iter().max_by_key(|cluster| cluster.groups.value())?;
    let placed: i64 = crashes.clusters.iter().map(|cluster| cluster.groups.value()).sum();
    // A subagent is told by its report.
    let reports = reported.events.iter().filter_map(|event| match event {
        ReportedEvent::Report { session, .. } => Some(session.as_str()),
        _ => None,
    });
    let (here, elsewhere): (Vec<&str>, Vec<&str>) =
        reports.partition(|id| crashes.clusters.iter().any(|cluster| cluster.session == *id));
    let told_at_most = here.iter().filter(|id| **id == most.session).count();
    let mut figures: Vec<FindingFigure> =
        crashes.clusters.iter().map(|cluster| stated_count("groups", &cluster.groups)).collect();
    figures.extend([
        count("placed", placed),
        stated_count("triplets", &crashes.triplets),
        count("left", crashes.triplets.value() - placed),
        label("session", &most.session),
        count("told_at_most", told_at_most),
        count("here", here.len()),
        count("elsewhere", elsewhere.len()),
    ]);
    // All groups are placed, and no session without one is told to have had more subagents.
    let holds = placed == crashes.triplets.value() && elsewhere.len() <= here.len();
    let severity = FindingSeverity::warning_unless(holds);
    Some(AuditFinding::new("crash-clusters", AuditCheck::CrashClusters, severity, figures))
}

/// What the processes look like, which a trace of them could be searched for. They made no call:
/// nothing here has tokens.
pub(super) fn check_crash_fingerprints(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let crashes = reported.crashes.as_ref()?;
    let seen = crashes.seen.as_ref()?;
    let in_group = crashes.fingerprints.iter().filter(|one| one.in_group).count() as i64;
    let each = crashes.triplets.value() * in_group;
    // Milliseconds from one snapshot to the next: a shorter life may never be seen.
    let looks = seen.milliseconds.value() / seen.snapshots.value().max(1);
    let rows = crashes.fingerprints.iter().map(|one| {
        let mut row = vec![label("role", &one.role), stated_count("rss", &one.rss)];
        row.extend(one.files.as_ref().map(|files| stated_count("files", files)));
        row.extend(one.threads.as_ref().map(|threads| stated_count("threads", threads)));
        row
    });
    let figures = vec![
        stated_count("triplets", &crashes.triplets),
        count("in_group", in_group),
        count("each", each),
        stated_count("snapshots", &seen.snapshots),
        stated_count("milliseconds", &seen.milliseconds),
        count("looks", looks),
    ];
    let severity = FindingSeverity::warning_unless(each == crashes.orphans.value());
    let check = AuditCheck::CrashFingerprints;
    let finding = AuditFinding::new("crash-fingerprints", check, severity, figures);
    Some(finding.with_rows(rows.collect()))
}
