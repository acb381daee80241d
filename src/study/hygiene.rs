//! The audit of a recording: what a reader of its transcripts would get wrong.

use super::audit::{Finding, Severity, say};
use crate::recording::{CallMarks, Recording, Shock};
use crate::units::{BASIS_POINTS, scaled};

/// What there is to know about the data before its numbers are believed.
#[must_use]
pub fn check(recording: &Recording) -> Vec<Finding> {
    [records(recording), placeholders(recording), shocks(recording), unattributed(recording)]
        .into_iter()
        .flatten()
        .collect()
}

fn finding(id: &str, severity: Severity, text: String, arithmetic: String) -> Finding {
    Finding { id: id.to_owned(), severity, text, arithmetic }
}

/// A sum over records instead of calls counts one response several times (L1).
fn records(recording: &Recording) -> Option<Finding> {
    let counted = recording.usage().read;
    let naive: i64 =
        recording.calls.iter().map(|call| call.usage.read * i64::from(call.records)).sum();
    (counted > 0 && naive > counted).then(|| {
        finding(
            "records-are-not-calls",
            Severity::Warning,
            "summing usage over transcript records counts calls several times".to_owned(),
            format!(
                "{} read tokens over records against {} over calls: x{}",
                say::tokens(naive),
                say::tokens(counted),
                say::quotient(naive, counted)
            ),
        )
    })
}

/// Output that usage does not show.
fn placeholders(recording: &Recording) -> Option<Finding> {
    let marked = |marks: CallMarks| marks.contains(CallMarks::PLACEHOLDER);
    let calls = recording.calls.iter().filter(|call| marked(call.marks));
    let (count, hidden) =
        calls.fold((0_i64, 0), |(n, sum), call| (n + 1, sum + call.output_hidden));
    (count > 0).then(|| {
        finding(
            "output-placeholders",
            Severity::Warning,
            "recorded output counts are streaming placeholders; the rest is estimated".to_owned(),
            format!(
                "{count} of {} calls; {} output tokens recorded, about {} more produced",
                recording.calls.len(),
                say::tokens(recording.usage().output),
                say::tokens(hidden)
            ),
        )
    })
}

/// Reads that the cache law does not explain.
fn shocks(recording: &Recording) -> Option<Finding> {
    let mut lost = 0;
    let mut count = 0;
    for call in &recording.calls {
        match call.shock {
            Shock::None => {}
            Shock::EvictedTo(_) => {
                count += 1;
                lost += call.usage.context() - call.usage.fresh - call.usage.read;
            }
            Shock::Shift(_) | Shock::Survived(_) | Shock::SurvivedTo(_) => count += 1,
        }
    }
    (count > 0).then(|| {
        finding(
            "cache-shocks",
            Severity::Info,
            "the cache law does not explain some reads; replays keep them as they were".to_owned(),
            format!(
                "{count} of {} calls; {} tokens written again after unexplained losses",
                recording.calls.len(),
                say::tokens(lost)
            ),
        )
    })
}

/// Growth that no recorded text explains.
fn unattributed(recording: &Recording) -> Option<Finding> {
    use crate::recording::BlockKind;
    let of = |kind: BlockKind| -> i64 {
        recording.blocks.iter().filter(|b| b.kind == kind).map(|b| b.tokens).sum()
    };
    let hidden = of(BlockKind::Unattributed);
    let all: i64 = recording.blocks.iter().map(|block| block.tokens).sum();
    (hidden > 0).then(|| {
        finding(
            "unattributed-growth",
            Severity::Info,
            "contexts grew by text that the transcript does not hold".to_owned(),
            format!(
                "{} of {} block tokens, {}",
                say::tokens(hidden),
                say::tokens(all),
                say::percent(scaled(hidden, BASIS_POINTS, all.max(1)))
            ),
        )
    })
}
