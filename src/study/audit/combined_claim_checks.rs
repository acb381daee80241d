//! Combined claims against the single ones, and against the totals.

use super::finding::{label, stated, stated_count};
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity, count, share, tokens};
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::reported_claims::CombinedClaim;
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// Checks every combined claim.
pub(super) fn check_combined_claims(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    for combined in &reported.combined {
        // Calls follow from the factors of the single claims, tokens from their savings.
        match combined.metric.as_str() {
            "calls" | "records" => findings.push(check_combined_calls(reported, combined)),
            _ => findings.extend(check_combined_sum(reported, combined)),
        }
    }
    findings.extend(check_combined_steps(reported));
    findings.extend(check_combined_share(reported));
}

/// What the single claims leave, against what the combined claim leaves.
fn check_combined_sum(
    reported: &ReportedPipeline,
    combined: &CombinedClaim,
) -> Option<AuditFinding> {
    // R1 and R2 are the calls of implement; R3 and R4 speak of other sizes as well.
    let toggles: &[String] =
        if combined.step == "implement" { combined.toggles.get(..2)? } else { &combined.toggles };
    let savings: Vec<i64> = toggles
        .iter()
        .filter_map(|toggle| Some(reported.claim_on_toggle(toggle)?.saving.as_ref()?.value()))
        .collect();
    let saved: i64 = savings.iter().sum();
    let left = combined.from.value() - saved;
    // A range means its ends; a single figure means whatever rounds to it.
    let to = &combined.to;
    let slack = if to.low == to.high { to.half_unit } else { 0 };
    let holds = (to.low - slack..=to.high + slack).contains(&left);
    let step = if combined.step.is_empty() { "all steps" } else { &combined.step };
    let which = match (toggles.first()?, toggles.last()?) {
        (first, last) if toggles.len() > 2 => format!("{first}-{last}"),
        (first, last) => format!("{first} + {last}"),
    };
    let mut figures = vec![label("step", step), label("which", &which)];
    figures.extend(savings.iter().map(|saving| tokens("savings", *saving)));
    figures.extend([
        tokens("saved", saved),
        stated("from", &combined.from),
        tokens("left", left),
        stated("to", to),
    ]);
    let severity = FindingSeverity::warning_unless(holds);
    let id = format!("combined-{}", combined.id);
    Some(AuditFinding::new(id, AuditCheck::CombinedSum, severity, figures))
}

/// Calls that single claims leave, against what the combined claim leaves.
fn check_combined_calls(reported: &ReportedPipeline, combined: &CombinedClaim) -> AuditFinding {
    let fewer: Vec<i64> = combined
        .toggles
        .iter()
        .filter_map(|toggle| {
            Some(reported.claim_on_toggle(toggle)?.factors.first()?.factor_value())
        })
        .collect();
    let left = combined.from.value() - fewer.iter().sum::<i64>();
    // Headlines are rounded, so that here too a tenth is forgiven.
    let holds = (left - combined.to.value()).abs() <= combined.to.value() / 10;
    let mut figures = vec![label("step", &combined.step)];
    figures.extend(combined.toggles.iter().map(|toggle| label("toggles", toggle)));
    figures.push(stated_count("from", &combined.from));
    figures.extend(fewer.iter().map(|fewer| count("fewer", *fewer)));
    figures.extend([count("left", left), stated_count("to", &combined.to)]);
    let severity = FindingSeverity::warning_unless(holds);
    let id = format!("combined-{}", combined.id);
    AuditFinding::new(id, AuditCheck::CombinedCalls, severity, figures)
}

/// What the combined claims of single steps leave of the whole.
fn check_combined_steps(reported: &ReportedPipeline) -> Option<AuditFinding> {
    // A combined claim without a step is about the whole.
    let (whole, parts): (Vec<&CombinedClaim>, Vec<&CombinedClaim>) = reported
        .combined
        .iter()
        .filter(|combined| combined.metric == "read")
        .partition(|combined| combined.step.is_empty());
    let whole = whole.first()?;
    let saved: i64 = parts.iter().map(|part| part.from.value() - part.to.value()).sum();
    let left = whole.from.value() - saved;
    let severity = FindingSeverity::warning_unless(whole.to.is_consistent_with(left));
    let figures = vec![stated("whole", &whole.from), tokens("left", left), stated("to", &whole.to)];
    let rows = parts.iter().map(|part| vec![stated("from", &part.from), stated("to", &part.to)]);
    let finding = AuditFinding::new("combined-steps", AuditCheck::CombinedSteps, severity, figures);
    Some(finding.with_rows(rows.collect::<Vec<Vec<FindingFigure>>>()))
}

/// The printed share of a combined claim.
fn check_combined_share(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let (combined, printed) =
        reported.combined.iter().find_map(|combined| Some((combined, combined.share.as_ref()?)))?;
    let from = combined.from.value();
    // The more is left, the less is saved: the high end of what is left gives the low share.
    let low = scale_by_ratio(from - combined.to.high, BASIS_POINTS, from);
    let high = scale_by_ratio(from - combined.to.low, BASIS_POINTS, from);
    // Both ends within half a unit of the last digit printed.
    let holds = (printed.low - low).abs() <= printed.half_unit
        && (printed.high - high).abs() <= printed.half_unit;
    let figures = vec![
        stated("to", &combined.to),
        stated("from", &combined.from),
        tokens("high_left", combined.to.high),
        share("low", low),
        tokens("low_left", combined.to.low),
        share("high", high),
        stated("printed", printed),
    ];
    let severity = FindingSeverity::warning_unless(holds);
    Some(AuditFinding::new("combined-share", AuditCheck::CombinedShare, severity, figures))
}
