//! Combined claims against the single ones, and against the totals.

use super::{AuditFinding, FindingSeverity, number_words};
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::reported::CombinedClaim;
use crate::units::{BASIS_POINTS, scale_by_ratio};

/// Checks every combined claim.
pub fn check_combined_claims(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    for combined in &reported.combined {
        match combined.metric.as_str() {
            "calls" => findings.push(check_combined_calls(reported, combined)),
            _ => findings.extend(check_combined_sum(reported, combined)),
        }
    }
    findings.extend(check_combined_steps(reported));
    findings.extend(check_combined_share(reported));
}

/// The savings of some toggles, one by one.
fn claimed_savings(reported: &ReportedPipeline, toggles: &[String]) -> Vec<i64> {
    let saving = |toggle: &String| Some(reported.claim_on_toggle(toggle)?.saving.as_ref()?.value());
    toggles.iter().filter_map(saving).collect()
}

/// What the single claims leave, against what the combined claim leaves.
fn check_combined_sum(
    reported: &ReportedPipeline,
    combined: &CombinedClaim,
) -> Option<AuditFinding> {
    // R1 and R2 are the calls of implement; R3 and R4 speak of other sizes as well.
    let toggles: &[String] =
        if combined.step == "implement" { combined.toggles.get(..2)? } else { &combined.toggles };
    let savings = claimed_savings(reported, toggles);
    let saved: i64 = savings.iter().sum();
    let left = combined.from.value() - saved;
    let name = if combined.step.is_empty() { "all steps" } else { &combined.step };
    // A range means its ends; a single figure means whatever rounds to it.
    let to = &combined.to;
    let slack = if to.low == to.high { to.half_unit } else { 0 };
    let (severity, verdict) = if (to.low - slack..=to.high + slack).contains(&left) {
        (FindingSeverity::Info, "as claimed")
    } else {
        (FindingSeverity::Warning, "not")
    };
    let which = match (toggles.first(), toggles.last()) {
        (Some(first), Some(last)) if toggles.len() > 2 => format!("{first}-{last}"),
        (Some(first), Some(last)) => format!("{first} + {last}"),
        _ => return None,
    };
    let text = format!(
        "{name}: {which} add up to {} and would leave {}, {verdict} {}",
        number_words::format_tokens(saved),
        number_words::format_tokens(left),
        combined.to.text
    );
    let sum = format!(
        "{} = {}; {} - {} = {}",
        number_words::format_token_sum(&savings),
        number_words::format_tokens(saved),
        combined.from.text,
        number_words::format_tokens(saved),
        number_words::format_tokens(left)
    );
    Some(AuditFinding::new(&format!("combined-{}", combined.id), severity, text, sum))
}

/// Calls that single claims leave, against what the combined claim leaves.
fn check_combined_calls(reported: &ReportedPipeline, combined: &CombinedClaim) -> AuditFinding {
    let fewer =
        |toggle: &String| Some(reported.claim_on_toggle(toggle)?.factors.first()?.factor_value());
    let fewer: Vec<i64> = combined.toggles.iter().filter_map(fewer).collect();
    let left = combined.from.value() - fewer.iter().sum::<i64>();
    let holds = (left - combined.to.value()).abs() <= combined.to.value() / 10;
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let text = format!(
        "{}: {} would leave {left} calls, not {}: the claims count some calls twice, or the \
         combined claim is too modest",
        combined.step,
        combined.toggles.join(" + "),
        combined.to.text
    );
    let parts: Vec<String> = fewer.iter().map(|fewer| format!(" - {fewer}")).collect();
    let sum = format!("{}{} = {left}", combined.from.text, parts.concat());
    AuditFinding::new(&format!("combined-{}", combined.id), severity, text, sum)
}

/// What the combined claims of single steps leave of the whole.
fn check_combined_steps(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let whole = reported.combined.iter().find(|c| c.step.is_empty() && c.metric == "read")?;
    let parts: Vec<&CombinedClaim> =
        reported.combined.iter().filter(|c| !c.step.is_empty() && c.metric == "read").collect();
    let saved = |c: &&CombinedClaim| c.from.value() - c.to.value();
    let left = whole.from.value() - parts.iter().map(saved).sum::<i64>();
    let holds = whole.to.is_consistent_with(left);
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let text = format!(
        "the combined claims of single steps leave {}, {} {}",
        number_words::format_tokens(left),
        if holds { "within" } else { "outside" },
        whole.to.text
    );
    let words: Vec<String> =
        parts.iter().map(|c| format!(" - ({} - {})", c.from.text, c.to.text)).collect();
    let sum =
        format!("{}{} = {}", whole.from.text, words.concat(), number_words::format_tokens(left));
    Some(AuditFinding::new("combined-steps", severity, text, sum))
}

/// The printed share of a combined claim.
fn check_combined_share(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let combined = reported.combined.iter().find(|combined| combined.share.is_some())?;
    let share = combined.share.as_ref()?;
    let from = combined.from.value();
    let saved = |to: i64| scale_by_ratio(from - to, BASIS_POINTS, from);
    let (low, high) = (saved(combined.to.high), saved(combined.to.low));
    let near = |printed: i64, met: i64| (printed - met).abs() <= share.half_unit;
    let holds = near(share.low, low) && near(share.high, high);
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let range = format!(
        "{}-{}",
        number_words::format_percent(low).trim_end_matches(" %"),
        number_words::format_percent(high)
    );
    let text = format!(
        "{} of {} is a saving of {range}, printed as {}",
        combined.to.text, combined.from.text, share.text
    );
    let sum = format!(
        "1 - {} / {} = {}; 1 - {} / {} = {}",
        number_words::format_tokens(combined.to.high),
        combined.from.text,
        number_words::format_percent(low),
        number_words::format_tokens(combined.to.low),
        combined.from.text,
        number_words::format_percent(high)
    );
    Some(AuditFinding::new("combined-share", severity, text, sum))
}
