//! The audit of a recording: what a reader of its transcripts would get wrong.

use crate::recording::{BlockKind, CallMarks, Recording, Shock};
use crate::study::audit::{AuditCheck, AuditFinding, FindingSeverity};
use crate::study::audit::{count, decimal, share, tokens};
use crate::units::{ratio_bp, scale_by_ratio};

/// What there is to know about the data before its numbers are believed.
#[must_use]
pub(crate) fn check_recording_data(recording: &Recording) -> Vec<AuditFinding> {
    [
        records_summed_as_calls(recording),
        output_placeholders(recording),
        unexplained_reads(recording),
        unattributed_growth(recording),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A sum over records instead of calls counts one response several times (L1).
fn records_summed_as_calls(recording: &Recording) -> Option<AuditFinding> {
    let counted = recording.total_usage().read;
    let naive: i64 =
        recording.calls.iter().map(|call| call.usage.read * i64::from(call.records)).sum();
    let figures = vec![
        tokens("naive", naive),
        tokens("counted", counted),
        decimal("factor", scale_by_ratio(naive, 100, counted), 2),
    ];
    let (check, severity) = (AuditCheck::RecordsAsCalls, FindingSeverity::Warning);
    (counted > 0 && naive > counted)
        .then(|| AuditFinding::new("records-are-not-calls", check, severity, figures))
}

/// Output that usage does not show.
fn output_placeholders(recording: &Recording) -> Option<AuditFinding> {
    let marked: Vec<i64> = recording
        .calls
        .iter()
        .filter(|call| call.marks.contains(CallMarks::PLACEHOLDER))
        .map(|call| call.output_hidden)
        .collect();
    let figures = vec![
        count("placeholders", marked.len()),
        count("calls", recording.calls.len()),
        tokens("recorded", recording.total_usage().output),
        tokens("hidden", marked.iter().sum()),
    ];
    let (check, severity) = (AuditCheck::OutputPlaceholders, FindingSeverity::Warning);
    (!marked.is_empty()).then(|| AuditFinding::new("output-placeholders", check, severity, figures))
}

/// Reads that the cache law does not explain.
fn unexplained_reads(recording: &Recording) -> Option<AuditFinding> {
    let (mut lost, mut unexplained) = (0, 0);
    for call in &recording.calls {
        match call.shock {
            Shock::None => {}
            Shock::EvictedTo(_) => {
                unexplained += 1;
                // What is neither fresh nor read was written again.
                lost += call.usage.context_tokens() - call.usage.fresh - call.usage.read;
            }
            Shock::Shift(_) | Shock::Survived(_) | Shock::SurvivedTo(_) => unexplained += 1,
        }
    }
    let figures = vec![
        count("unexplained", unexplained),
        count("calls", recording.calls.len()),
        tokens("lost", lost),
    ];
    let (check, severity) = (AuditCheck::UnexplainedReads, FindingSeverity::Info);
    (unexplained > 0).then(|| AuditFinding::new("cache-shocks", check, severity, figures))
}

/// Growth that no recorded text explains.
fn unattributed_growth(recording: &Recording) -> Option<AuditFinding> {
    let all: i64 = recording.blocks.iter().map(|block| block.tokens).sum();
    let unattributed =
        recording.blocks.iter().filter(|block| block.kind == BlockKind::Unattributed);
    let hidden: i64 = unattributed.map(|block| block.tokens).sum();
    let figures = vec![
        tokens("hidden", hidden),
        tokens("all", all),
        share("part", ratio_bp(hidden, all.max(1))),
    ];
    let (check, severity) = (AuditCheck::UnattributedGrowth, FindingSeverity::Info);
    (hidden > 0).then(|| AuditFinding::new("unattributed-growth", check, severity, figures))
}
