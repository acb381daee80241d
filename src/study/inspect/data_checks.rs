//! The audit of a recording: what a reader of its transcripts would get wrong.

use crate::recording::{CallMarks, Recording, Shock};
use crate::study::audit::{AuditFinding, FindingSeverity, number_words};
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// What there is to know about the data before its numbers are believed.
#[must_use]
pub fn check_recording_data(recording: &Recording) -> Vec<AuditFinding> {
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

fn data_finding(
    id: &str,
    severity: FindingSeverity,
    text: String,
    arithmetic: String,
) -> AuditFinding {
    AuditFinding { id: id.to_owned(), severity, text, arithmetic }
}

/// A sum over records instead of calls counts one response several times (L1).
fn records_summed_as_calls(recording: &Recording) -> Option<AuditFinding> {
    let counted = recording.total_usage().read;
    let naive: i64 =
        recording.calls.iter().map(|call| call.usage.read * i64::from(call.records)).sum();
    (counted > 0 && naive > counted).then(|| {
        data_finding(
            "records-are-not-calls",
            FindingSeverity::Warning,
            "summing usage over transcript records counts calls several times".to_owned(),
            format!(
                "{} read tokens over records against {} over calls: x{}",
                number_words::format_tokens(naive),
                number_words::format_tokens(counted),
                number_words::format_quotient(naive, counted)
            ),
        )
    })
}

/// Output that usage does not show.
fn output_placeholders(recording: &Recording) -> Option<AuditFinding> {
    let marked = |marks: CallMarks| marks.contains(CallMarks::PLACEHOLDER);
    let calls = recording.calls.iter().filter(|call| marked(call.marks));
    let (count, hidden) =
        calls.fold((0_i64, 0), |(n, sum), call| (n + 1, sum + call.output_hidden));
    (count > 0).then(|| {
        data_finding(
            "output-placeholders",
            FindingSeverity::Warning,
            "recorded output counts are streaming placeholders; the rest is estimated".to_owned(),
            format!(
                "{count} of {} calls; {} output tokens recorded, about {} more produced",
                recording.calls.len(),
                number_words::format_tokens(recording.total_usage().output),
                number_words::format_tokens(hidden)
            ),
        )
    })
}

/// Reads that the cache law does not explain.
fn unexplained_reads(recording: &Recording) -> Option<AuditFinding> {
    let mut lost = 0;
    let mut count = 0;
    for call in &recording.calls {
        match call.shock {
            Shock::None => {}
            Shock::EvictedTo(_) => {
                count += 1;
                lost += call.usage.context_tokens() - call.usage.fresh - call.usage.read;
            }
            Shock::Shift(_) | Shock::Survived(_) | Shock::SurvivedTo(_) => count += 1,
        }
    }
    (count > 0).then(|| {
        data_finding(
            "cache-shocks",
            FindingSeverity::Info,
            "the cache law does not explain some reads; replays keep them as they were".to_owned(),
            format!(
                "{count} of {} calls; {} tokens written again after unexplained losses",
                recording.calls.len(),
                number_words::format_tokens(lost)
            ),
        )
    })
}

/// Growth that no recorded text explains.
fn unattributed_growth(recording: &Recording) -> Option<AuditFinding> {
    use crate::recording::BlockKind;
    let of = |kind: BlockKind| -> i64 {
        recording.blocks.iter().filter(|b| b.kind == kind).map(|b| b.tokens).sum()
    };
    let hidden = of(BlockKind::Unattributed);
    let all: i64 = recording.blocks.iter().map(|block| block.tokens).sum();
    (hidden > 0).then(|| {
        data_finding(
            "unattributed-growth",
            FindingSeverity::Info,
            "contexts grew by text that the transcript does not hold".to_owned(),
            format!(
                "{} of {} block tokens, {}",
                number_words::format_tokens(hidden),
                number_words::format_tokens(all),
                number_words::format_percent(scale_by_ratio(hidden, BASIS_POINTS, all.max(1)))
            ),
        )
    })
}
